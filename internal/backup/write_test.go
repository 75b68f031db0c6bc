package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

func TestRows_come_back_from_a_backup_as_they_were(t *testing.T) {
	root := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		rows := anyRows.Draw(rt, "rows")
		n++
		p := place{root: filepath.Join(root, fmt.Sprint(n))}
		p.Backups = backupsIn(bucket.NewFolder(p.root, nil))
		want, counts, err := books.FingerprintOf(books.Sequence(rows))
		if err != nil {
			rt.Fatal(err)
		}
		r, err := p.Write(t.Context(), october, books.Sequence(rows))
		if err != nil || r.Fingerprint != want || r.Counts() != counts || r.Reused {
			rt.Fatalf("the receipt is %+v, %v; want fingerprint %s and %+v", r, err, want, counts)
		}
		m, back, err := p.Rows(t.Context(), Copy{Month: october, Number: 1, File: r.File})
		if err != nil || texts(back) != texts(rows) || m.Fingerprint != want {
			rt.Fatalf("came back as\n%s\nwant\n%s\n%v", texts(back), texts(rows), err)
		}
	})
}

func TestAn_empty_month_has_a_backup(t *testing.T) {
	p := newPlace(t)
	r := p.write(t, october, nil)
	if r.Counts() != (books.Counts{}) || string(p.get(t, r.File)) != strings.Join(header, ",")+"\n" {
		t.Errorf("the receipt is %+v, the file %q", r, p.get(t, r.File))
	}
	wantState(t, p, october, 1, true, OK)
}

func TestBackups_are_for_their_owner_only(t *testing.T) {
	p := newPlace(t)
	r := p.write(t, october, smallRows())
	for _, name := range []string{r.File, ManifestOf(r.File)} {
		info, err := os.Stat(p.path(name))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestNothing_is_ever_overwritten(t *testing.T) {
	p := newPlace(t)
	p.put(t, "2025_10/notes.txt", []byte("a person's"))
	for n := 1; n <= 4; n++ {
		before := snapshot(t, p.root)
		rows := []books.Row{&books.Payment{ID: books.ID(n), Date: day("2025-10-01"), ArtistID: 1}}
		r := p.write(t, october, rows)
		name := "2025_10/backup_2025_10"
		if n > 1 {
			name += fmt.Sprintf(".r%d", n)
		}
		if r.Copy != n || r.File != name+".csv" || r.Reused {
			t.Errorf("write %d gave %+v", n, r)
		}
		wantKept(t, p.root, before, name+".csv", name+".manifest.json")
	}
	before := snapshot(t, p.root)
	if r := p.write(t, september, smallRows()); r.File != "2025_09/backup_2025_09.csv" {
		t.Errorf("another month's copy is %s", r.File)
	}
	wantKept(t, p.root, before, "2025_09/backup_2025_09.csv", "2025_09/backup_2025_09.manifest.json")
}

// TestThe_next_copy_takes_the_next_number sets up what may be there already.
func TestThe_next_copy_takes_the_next_number(t *testing.T) {
	const csv, manifest = "2025_10/backup_2025_10.csv", "2025_10/backup_2025_10.manifest.json"
	for name, c := range map[string]struct {
		setUp func(place)
		want  int
	}{
		"v4's file":                   {func(p place) { p.put(t, csv, []byte("id,tipo\n")) }, 2},
		"v4's file of nothing":        {func(p place) { p.put(t, csv, nil) }, 2},
		"a killed backup":             {func(p place) { p.remove(t, csv) }, 2},
		"a file without its manifest": {func(p place) { p.remove(t, manifest) }, 2},
		"a corrupt file":              {func(p place) { p.put(t, csv, bytes.ToUpper(p.get(t, csv))) }, 2},
		"a corrupt manifest":          {func(p place) { p.put(t, manifest, bytes.ToUpper(p.get(t, manifest))) }, 2},
		"a cut off file":              {func(p place) { p.put(t, csv, p.get(t, csv)[:50]) }, 2},
		"a folder of that name": {func(p place) {
			p.remove(t, csv)
			p.remove(t, manifest)
			if err := os.MkdirAll(p.path(csv), 0o700); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"a killed backup of a high number": {func(p place) { p.put(t, "2025_10/backup_2025_10.r7.manifest.json", nil) }, 8},
		"v4's file of a high number":       {func(p place) { p.put(t, "2025_10/backup_2025_10.r41.csv", nil) }, 42},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			rows := smallRows()
			p.write(t, october, rows)
			c.setUp(p)
			if c.want > 2 {
				rows = rows[:1] // the first copy is whole, so it takes other rows to need another
			}
			before := snapshot(t, p.root)
			r := p.write(t, october, rows)
			if r.Copy != c.want || r.Reused {
				t.Errorf("gave %+v, want copy %d", r, c.want)
			}
			added := []string{r.File, ManifestOf(r.File)}
			if name == "a folder of that name" { // which no list of files shows
				added = append(added, "2025_10/backup_2025_10.manifest.json")
			}
			wantKept(t, p.root, before, added...)
			wantState(t, p, october, r.Copy, true, OK)
		})
	}
}

func (p place) remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(p.path(name)); err != nil {
		t.Fatal(err)
	}
}

func TestA_whole_copy_of_the_same_rows_is_used_again(t *testing.T) {
	p := newPlace(t)
	first := p.write(t, october, smallRows())
	before := snapshot(t, p.root)
	again := p.write(t, october, smallRows())
	if !again.Reused || again.Checksum != first.Checksum || again.Copy != 1 {
		t.Errorf("gave %+v after %+v", again, first)
	}
	wantKept(t, p.root, before)
	// After a kill the newest whole copy is the one before.
	p.put(t, "2025_10/backup_2025_10.r2.manifest.json", nil)
	before = snapshot(t, p.root)
	if again := p.write(t, october, smallRows()); !again.Reused || again.Copy != 1 {
		t.Errorf("gave %+v", again)
	}
	wantKept(t, p.root, before)
}

// What is recorded of a backup, its hash, is of the file that was written: a
// proof of another one, even with the same rows, is none.
func TestA_backup_that_is_exchanged_before_it_is_read_back_is_not_proved(t *testing.T) {
	p := newPlace(t)
	rows := []books.Row{&books.Payment{ID: 1, Date: day("2025-10-01"), ArtistID: 1, ClientName: books.Text{V: "Bia", Valid: true}}}
	other := []books.Row{&books.Payment{ID: 1, Date: day("2025-10-01"), ArtistID: 1, ClientName: books.Text{V: "Rui", Valid: true}}}
	p.Step = func(step string) {
		if step == "backup named" {
			m, err := p.manifest(t.Context(), october, 1)
			if err != nil {
				t.Fatal(err)
			}
			p.forge(t, Receipt{Manifest: m}, encodeCSV(other), nil)
		}
	}
	_, err := p.Write(t.Context(), october, books.Sequence(rows))
	wants(t, err, books.Integrity, "backup_corrupt")
	wantState(t, p, october, 1, false, OK) // the other one is a backup, too
}

func TestOnly_the_newest_copy_is_used_again(t *testing.T) {
	p := newPlace(t)
	p.write(t, october, smallRows())
	p.write(t, october, smallRows()[:1])
	if r := p.write(t, october, smallRows()); r.Reused || r.Copy != 3 {
		t.Errorf("gave %+v, want a new copy: the newest is the one that people look at", r)
	}
}

func TestTwo_writers_at_once_both_have_a_whole_backup(t *testing.T) {
	for _, same := range []bool{true, false} {
		t.Run(fmt.Sprintf("same rows %v", same), func(t *testing.T) {
			p := newPlace(t)
			const writers = 8
			receipts, errs := make([]Receipt, writers), make([]error, writers)
			rows := func(i int) []books.Row {
				if same {
					i = 0
				}
				return []books.Row{&books.Payment{ID: books.ID(i + 1), Date: day("2025-10-01"), ArtistID: 1, Note: books.TextOf(strings.Repeat("x", 400_000))}}
			}
			var all sync.WaitGroup
			for i := range writers {
				all.Go(func() {
					// Each with a bucket of its own, as processes have.
					b := backupsIn(bucket.NewFolder(p.root, nil))
					receipts[i], errs[i] = b.Write(t.Context(), october, books.Sequence(rows(i)))
				})
			}
			all.Wait()
			taken := map[int]int{}
			for i, r := range receipts {
				want, _, _ := books.FingerprintOf(books.Sequence(rows(i)))
				if errs[i] != nil || r.Fingerprint != want {
					t.Fatalf("writer %d: %+v, %v", i, r, errs[i])
				}
				if f := p.check(t, october, r.Copy, true); f.State != OK || f.Manifest.Fingerprint != want {
					t.Errorf("writer %d's copy is %+v", i, f)
				}
				if by, ok := taken[r.Copy]; ok && !r.Reused && !receipts[by].Reused {
					t.Errorf("writers %d and %d both wrote copy %d", by, i, r.Copy)
				}
				taken[r.Copy] = i
			}
			copies, err := p.Copies(t.Context(), october)
			if err != nil || !same && len(copies) != writers {
				t.Errorf("%d copies, %v", len(copies), err)
			}
			for _, c := range copies {
				wantState(t, p, october, c.Number, true, OK)
			}
			for name := range snapshot(t, p.root) {
				if strings.HasSuffix(name, ".tmp") {
					t.Errorf("%s was left", name)
				}
			}
		})
	}
}

func TestRows_that_cannot_be_read_make_no_backup(t *testing.T) {
	broken := books.Integrityf("broken_row", "pagamento 8 is broken")
	for at := range len(smallRows()) + 1 {
		p := newPlace(t)
		r, err := p.Write(t.Context(), october, failingAt(at, func() error { return broken }))
		if !errors.Is(err, broken) || r.SHA256 != "" {
			t.Errorf("row %d: gave %+v, %v", at, r, err)
		}
		if files := snapshot(t, p.root); len(files) > 0 {
			t.Errorf("row %d: left %v", at, files)
		}
	}
	p := newPlace(t)
	rows := smallRows()
	rows[0], rows[1] = rows[1], rows[0]
	_, err := p.Write(t.Context(), october, func(yield func(books.Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
	wants(t, err, books.Integrity, "rows_out_of_order")
	if files := snapshot(t, p.root); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}

// failingAt hands out smallRows and fails before the at-th.
func failingAt(at int, fail func() error) books.Rows {
	return func(yield func(books.Row, error) bool) {
		for i, row := range append(smallRows(), nil) {
			if i == at {
				if err := fail(); err != nil {
					yield(nil, err)
					return
				}
			}
			if row == nil || !yield(row, nil) {
				return
			}
		}
	}
}

func TestAn_interrupted_backup_leaves_nothing_that_counts_as_one(t *testing.T) {
	for at := range len(smallRows()) + 1 {
		p := newPlace(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := p.Write(ctx, october, failingAt(at, func() error { cancel(); return ctx.Err() }))
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnwritable) {
			t.Errorf("row %d: %v", at, err)
		}
		if files := snapshot(t, p.root); len(files) > 0 {
			t.Errorf("row %d: left %v", at, files)
		}
	}
	for step, left := range map[string]State{"backup staged": "", "manifest staged": "", "manifest written": Incomplete} {
		p := newPlace(t)
		ctx, cancel := context.WithCancel(t.Context())
		p.Step = func(name string) {
			if name == step {
				cancel()
			}
		}
		r, err := p.Write(ctx, october, books.Sequence(smallRows()))
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnwritable) || r.SHA256 != "" {
			t.Errorf("after %q: %+v, %v", step, r, err)
		}
		if left != "" {
			wantState(t, p, october, 1, false, left)
		} else if files := snapshot(t, p.root); len(files) > 0 {
			t.Errorf("after %q: left %v", step, files)
		}
		p.Step = nil
		if r := p.write(t, october, smallRows()); r.Reused {
			t.Errorf("after %q: the next backup is %+v", step, r)
		}
	}
}

func TestSteps_are_told_in_order(t *testing.T) {
	p := newPlace(t)
	var told []string
	p.Step = func(name string) { told = append(told, name) }
	p.write(t, october, smallRows())
	if got := strings.Join(told, ", "); got != "rows spooled, backup staged, manifest staged, manifest written, backup named, backup proved" {
		t.Errorf("told %s", got)
	}
}

func TestA_local_file_that_cannot_be_written_blames_its_own_folder(t *testing.T) {
	temp, beside := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, c := range []struct {
		folder    string
		cause     error
		says, not string
	}{
		{temp, syscall.ENOSPC, "free some space on the disk with " + temp + ", or set TMPDIR", "database"},
		{beside, syscall.ENOSPC, "free some space on the disk with " + beside, "TMPDIR"},
		{temp, syscall.EACCES, "let extrato write " + temp, "free"},
		{beside, syscall.EIO, "what the system says of the disk with " + beside, "free"},
	} {
		e := books.AsError(NoRoom(&fs.PathError{Op: "write", Path: filepath.Join(c.folder, "x.tmp"), Err: c.cause}))
		if e.Code != "no_space" || !strings.Contains(e.Message, c.folder) || !strings.Contains(e.Hint, c.says) || strings.Contains(e.Message+e.Hint, c.not) {
			t.Errorf("%s in %s: %q with the hint %q", c.cause, c.folder, e.Message, e.Hint)
		}
	}
}

package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

// wantState fails unless verification finds state, and unless Rows gives
// nothing of what is not whole.
func wantState(t *testing.T, p place, month books.Month, number int, known bool, state State) {
	t.Helper()
	f := p.check(t, month, number, known)
	if f.State != state {
		t.Errorf("found %q (%s), want %q", f.State, f.Reason, state)
	}
	if (f.Reason == "") != (state == OK) {
		t.Errorf("%s with the reason %q", f.State, f.Reason)
	}
	_, rows, err := p.Rows(t.Context(), Copy{Month: month, Number: number, File: fileName(month, number)})
	if (err == nil) != (state == OK) || err != nil && rows != nil {
		t.Errorf("%s, and Rows gives %d rows, %v", f.State, len(rows), err)
	}
}

// wantCorrupt puts a changed file in place, and the right one back.
func wantCorrupt(t *testing.T, p place, name string, changed []byte, what string) {
	t.Helper()
	right := p.get(t, name)
	if bytes.Equal(right, changed) {
		t.Fatalf("%s changes nothing", what)
	}
	p.put(t, name, changed)
	defer p.put(t, name, right)
	if f := p.check(t, october, 1, false); f.State != Corrupt {
		t.Errorf("%s is found %q (%s), want corrupt", what, f.State, f.Reason)
	}
}

func TestEvery_changed_byte_is_found(t *testing.T) {
	p := newPlace(t)
	r := p.write(t, october, smallRows())
	for _, name := range []string{r.File, ManifestOf(r.File)} {
		right := p.get(t, name)
		for i := range right {
			bit := []byte{0x01, 0x20, 0x80}[i%3] // another letter, the other case, no ASCII
			changed := bytes.Clone(right)
			changed[i] ^= bit
			wantCorrupt(t, p, name, changed, name+" with a changed byte")
		}
	}
	wantState(t, p, october, 1, false, OK)
}

func TestEvery_lost_tail_is_found(t *testing.T) {
	p := newPlace(t)
	r := p.write(t, october, smallRows())
	for _, name := range []string{r.File, ManifestOf(r.File)} {
		right := p.get(t, name)
		for i := range right {
			wantCorrupt(t, p, name, right[:i], name+" cut off")
			wantCorrupt(t, p, name, slices.Concat(right[:i], right[i+1:]), name+" without a byte")
		}
		wantCorrupt(t, p, name, append(bytes.Clone(right), '\n'), name+" with a line end more")
		wantCorrupt(t, p, name, append(bytes.Clone(right), 0), name+" with a zero more")
		wantCorrupt(t, p, name, make([]byte, len(right)), name+" full of zeros")
	}
	wantState(t, p, october, 1, false, OK)
}

func TestFiles_that_changed_places_are_found(t *testing.T) {
	p := newPlace(t)
	p.write(t, september, smallRows()[:1])
	p.write(t, october, smallRows())
	p.write(t, october, smallRows()[:2])
	csv := func(m books.Month, n int) string { return fileName(m, n) }
	manifest := func(m books.Month, n int) string { return ManifestOf(fileName(m, n)) }
	for _, swap := range [][2]string{
		{csv(october, 1), csv(october, 2)},
		{manifest(october, 1), manifest(october, 2)},
		{csv(october, 1), csv(september, 1)},
		{manifest(october, 1), manifest(september, 1)},
		{csv(october, 1), manifest(october, 1)},
	} {
		wantCorrupt(t, p, swap[0], p.get(t, swap[1]), swap[1]+" as "+swap[0])
	}
	for _, from := range []struct {
		month books.Month
		n     int
	}{{october, 2}, {september, 1}} {
		right, manifestRight := p.get(t, csv(october, 1)), p.get(t, manifest(october, 1))
		p.put(t, csv(october, 1), p.get(t, csv(from.month, from.n)))
		p.put(t, manifest(october, 1), p.get(t, manifest(from.month, from.n)))
		wantState(t, p, october, 1, false, Corrupt)
		p.put(t, csv(october, 1), right)
		p.put(t, manifest(october, 1), manifestRight)
	}
	wantState(t, p, october, 1, false, OK)
}

// forge puts another CSV in place and makes the manifest agree in size, hash
// and whatever else change does.
func (p place) forge(t *testing.T, r Receipt, csv []byte, change func(*Manifest)) {
	t.Helper()
	m := r.Manifest
	sum := sha256.Sum256(csv)
	m.SHA256, m.Size = hex.EncodeToString(sum[:]), int64(len(csv))
	if change != nil {
		change(&m)
	}
	p.put(t, r.File, csv)
	p.put(t, ManifestOf(r.File), manifestOf(t, m))
}

func TestRows_that_changed_are_found_behind_a_forged_hash(t *testing.T) {
	rows := fixedRows()
	edit := func(change func(*books.Payment)) []books.Row {
		other := slices.Clone(rows)
		payment := *rows[0].(*books.Payment)
		change(&payment)
		other[0] = &payment
		return other
	}
	for name, forged := range map[string][]books.Row{
		"the first row removed":  rows[1:],
		"a row removed":          slices.Delete(slices.Clone(rows), 4, 5),
		"the link removed":       slices.Delete(slices.Clone(rows), 7, 8),
		"a client removed":       slices.Delete(slices.Clone(rows), 8, 9),
		"all rows removed":       nil,
		"a row added":            slices.Insert(slices.Clone(rows), 3, books.Row(&books.Session{ID: 1, Date: day("2025-10-01"), ClientID: 3, ArtistID: 1})),
		"a row doubled":          slices.Insert(slices.Clone(rows), 1, rows[0]),
		"two rows exchanged":     {rows[1], rows[0], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7], rows[8], rows[9]},
		"two kinds exchanged":    slices.Concat(rows[3:4], rows[:3], rows[4:]),
		"an amount changed":      edit(func(p *books.Payment) { p.Amount++ }),
		"a day changed":          edit(func(p *books.Payment) { p.Date++ }),
		"an id changed":          edit(func(p *books.Payment) { p.ID = 6 }),
		"an empty text as NULL":  edit(func(p *books.Payment) { p.Note = books.Text{} }),
		"a link cut":             edit(func(p *books.Payment) { p.SessionID = books.Ref{} }),
		"an instant changed":     edit(func(p *books.Payment) { p.UpdatedAt.V++ }),
		"a letter in other case": edit(func(p *books.Payment) { p.Method = "pix" }),
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.forge(t, p.write(t, october, rows), encodeCSV(forged), nil)
			wantState(t, p, october, 1, true, Corrupt)
		})
	}
}

func TestA_manifest_that_lies_is_found_behind_its_checksum(t *testing.T) {
	rows := fixedRows()
	for name, lie := range map[string]func(*Manifest){
		"its month":       func(m *Manifest) { m.Month = september },
		"its number":      func(m *Manifest) { m.Copy = 2 },
		"its file":        func(m *Manifest) { m.File = fileName(october, 2) },
		"its hash":        func(m *Manifest) { m.SHA256 = strings.Repeat("0", 64) },
		"its size":        func(m *Manifest) { m.Size++ },
		"its fingerprint": func(m *Manifest) { m.Fingerprint[31] ^= 1 },
		"its format":      func(m *Manifest) { m.Format = 2 },
		"a count":         func(m *Manifest) { m.Rows = map[string]int64{"pagamento": 3} },
		"a count of none": func(m *Manifest) { m.Rows = nil },
		"a sum":           func(m *Manifest) { m.Sums = map[string]books.Money{"pagamento": 1} },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.forge(t, p.write(t, october, rows), encodeCSV(rows), lie)
			wantState(t, p, october, 1, true, Corrupt)
		})
	}
	p := newPlace(t)
	p.forge(t, p.write(t, october, rows), encodeCSV(rows), nil) // the forger is no fault by itself
	wantState(t, p, october, 1, true, OK)
}

func TestStates_of_what_is_there(t *testing.T) {
	const whole, empty, nothing, folder = "whole", "empty", "nothing", "a folder"
	for _, c := range []struct {
		csv, manifest  string
		unknown, known State
	}{
		{whole, whole, OK, OK},
		{nothing, whole, Incomplete, Missing},
		{folder, whole, Incomplete, Missing},
		{whole, nothing, Legacy, Corrupt},
		{whole, folder, Legacy, Corrupt},
		{empty, nothing, Legacy, Corrupt},
		{empty, whole, Corrupt, Corrupt},
		{whole, empty, Corrupt, Corrupt},
		{empty, empty, Corrupt, Corrupt},
		{nothing, empty, Incomplete, Missing},
	} {
		t.Run("csv "+c.csv+", manifest "+c.manifest, func(t *testing.T) {
			p := newPlace(t)
			r := p.write(t, october, smallRows())
			for name, what := range map[string]string{r.File: c.csv, ManifestOf(r.File): c.manifest} {
				if what == whole {
					continue
				}
				if err := os.Remove(p.path(name)); err != nil {
					t.Fatal(err)
				}
				switch what {
				case empty:
					p.put(t, name, nil)
				case folder:
					if err := os.Mkdir(p.path(name), 0o700); err != nil {
						t.Fatal(err)
					}
				}
			}
			before := snapshot(t, p.root)
			wantState(t, p, october, 1, false, c.unknown)
			wantState(t, p, october, 1, true, c.known)
			wantKept(t, p.root, before)
		})
	}
}

func TestWhat_the_database_knows_and_nothing_is_there_is_missing(t *testing.T) {
	p := newPlace(t)
	f, err := p.Check(t.Context(), Copy{Month: october, Number: 1, File: fileName(october, 1)}, true)
	if err != nil || f.State != Missing {
		t.Errorf("found %+v, %v", f, err)
	}
	// It vanishes after it was listed.
	f, err = p.Check(t.Context(), Copy{Month: october, Number: 1, File: fileName(october, 1), HasFile: true, Manifest: true}, true)
	if err != nil || f.State != Missing {
		t.Errorf("found %+v, %v", f, err)
	}
	_, rows, err := p.Rows(t.Context(), Copy{Month: october, Number: 1, File: fileName(october, 1)})
	wants(t, err, books.NotFound, "no_backup")
	if rows != nil {
		t.Errorf("rows out of nothing: %s", texts(rows))
	}
}

func TestOnly_the_names_of_backups_are_copies(t *testing.T) {
	p := newPlace(t)
	p.write(t, october, smallRows())
	for _, name := range []string{
		"2025_10/notes.csv", "2025_10/backup_2025_09.csv", "2025_10/backup_2025_10.csv.bak", "2025_10/backup_2025_10.csv.manifest.json",
		"2025_10/backup_2025_10.r1.csv", "2025_10/backup_2025_10.r02.csv", "2025_10/backup_2025_10.r0.csv", "2025_10/backup_2025_10.r-2.csv",
		"2025_10/backup_2025_10.r+2.csv", "2025_10/backup_2025_10.r2x.csv", "2025_10/backup_2025_10.r.csv", "2025_10/backup_2025_10.r99999999999999999999.csv",
		"2025_10/backup_2025_10.r10001.csv", "2025_10/Backup_2025_10.r2.csv", "2025_10/backup_2025_10.r2.CSV", "2025_10/.backup_2025_10.csv.123.tmp",
		"2025_10/backup_2025_10", "2025_10/backup_2025_10.r2", "2025_10/backup_2025_10.json",
	} {
		p.put(t, name, []byte("a person's"))
	}
	copies, err := p.Copies(t.Context(), october)
	if err != nil || len(copies) != 1 || copies[0].Number != 1 {
		t.Errorf("found %+v, %v", copies, err)
	}
	if r := p.write(t, october, smallRows()[:1]); r.Copy != 2 {
		t.Errorf("the next copy is %d", r.Copy)
	}
}

func TestParse_file_takes_only_the_names_that_list_shows(t *testing.T) {
	for name, want := range map[string]Copy{
		"2025_10/backup_2025_10.csv":       {Month: october, Number: 1, File: "2025_10/backup_2025_10.csv"},
		"2025_10/backup_2025_10.r2.csv":    {Month: october, Number: 2, File: "2025_10/backup_2025_10.r2.csv"},
		"2025_10/backup_2025_10.r9999.csv": {Month: october, Number: 9999, File: "2025_10/backup_2025_10.r9999.csv"},
	} {
		if got, err := ParseFile(name); err != nil || got != want {
			t.Errorf("%s is %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{
		"", "/", ".", "..", "2025_10", "2025_10/", "/2025_10/backup_2025_10.csv", "./2025_10/backup_2025_10.csv", "../2025_10/backup_2025_10.csv",
		"2025_10/../../etc/passwd", "2025_10/../2025_10/backup_2025_10.csv", "2025_10//backup_2025_10.csv", "2025_10/backup_2025_09.csv",
		"2025_10/backup_2025_10.manifest.json", "2025_10/backup_2025_10.csv/", "2025_10/backup_2025_10.csv/x", "2025_10/backup_2025_10.csv\x00",
		"2025_10/backup_2025_10.csv\n", " 2025_10/backup_2025_10.csv", "2025_13/backup_2025_13.csv", "2025_00/backup_2025_00.csv", "1999_12/backup_1999_12.csv",
		"2025_1/backup_2025_1.csv", "2025-10/backup_2025-10.csv", "25_10/backup_25_10.csv", "２０２５_10/backup_２０２５_10.csv", "2025_10/backup_2025_10.r1.csv",
		"2025_10/backup_2025_10.r0.csv", "2025_10/backup_2025_10.r02.csv", "2025_10/backup_2025_10.r-2.csv", "2025_10/backup_2025_10.r10001.csv",
		"2025_10/backup_2025_10.r2.r3.csv", "2025_10\\backup_2025_10.csv", "C:\\backup_2025_10.csv", "file:///2025_10/backup_2025_10.csv",
		strings.Repeat("2025_10/", 100_000),
	} {
		got, err := ParseFile(name)
		wants(t, err, books.Invalid, "invalid_file")
		if got != (Copy{}) {
			t.Errorf("%.80q gave %+v", name, got)
		}
	}
}

func TestRows_are_only_those_that_were_proved(t *testing.T) {
	p := newPlace(t)
	r := p.write(t, october, smallRows())
	reads := 0
	p.Bucket = &faulty{Bucket: p.Bucket, alter: func(name string, content []byte) []byte {
		if name == r.File {
			reads++
			if reads > 1 { // whoever reads twice gets other rows
				return encodeCSV(smallRows()[:1])
			}
		}
		return content
	}}
	_, rows, err := p.Rows(t.Context(), Copy{Month: october, Number: 1, File: r.File})
	if err != nil || texts(rows) != texts(smallRows()) {
		t.Errorf("gave\n%s\n%v", texts(rows), err)
	}
}

func TestA_check_that_cannot_be_made_is_an_error_and_no_verdict(t *testing.T) {
	p := newPlace(t)
	r := p.write(t, october, smallRows())
	whole := p.Bucket
	for call := 1; call <= 3; call++ {
		n := 0
		p.Bucket = &faulty{Bucket: whole, fail: func(what string) error {
			if what == "read" {
				if n++; n == call {
					return errors.New("connection lost")
				}
			}
			return nil
		}}
		f, err := p.Check(t.Context(), Copy{Month: october, Number: 1, File: r.File, HasFile: true, Manifest: true}, true)
		if err == nil || f.State != "" {
			t.Errorf("read %d fails: found %+v, %v", call, f, err)
		}
	}
	p.Bucket = bucket.NewFolder(p.root, nil)
	wantState(t, p, october, 1, true, OK)
}

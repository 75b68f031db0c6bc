package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"extrato/internal/books"
)

// TestA_bucket_that_fails lets every call that a backup makes fail, one after the
// other, on an empty place and beside an earlier copy.
func TestA_bucket_that_fails(t *testing.T) {
	broken := &fs.PathError{Op: "test", Path: "x", Err: syscall.EIO}
	for _, earlier := range [][]books.Row{nil, smallRows()[:1]} {
		t.Run(fmt.Sprintf("earlier copy %v", earlier != nil), func(t *testing.T) {
			for at := 1; ; at++ {
				p := newPlace(t)
				if earlier != nil {
					p.write(t, october, earlier)
				}
				before := snapshot(t, p.root)
				whole, n, failed := p.Bucket, 0, ""
				p.Bucket = &faulty{Bucket: whole, fail: func(call string) error {
					if n++; n == at {
						failed = call
						return broken
					}
					return nil
				}}
				r, err := p.Write(t.Context(), october, books.Sequence(smallRows()))
				p.Bucket = whole
				if failed == "" {
					if err != nil || at < 10 {
						t.Errorf("%d calls, %v", at-1, err)
					}
					return
				}
				if err == nil && r.Reused {
					t.Fatalf("call %d (%s) fails: reused a copy of other rows", at, failed)
				}
				// Looking at the earlier copy may fail: then there is a new one.
				if err == nil && (earlier == nil || failed != "open" && failed != "read") || err != nil && r.SHA256 != "" {
					t.Errorf("call %d (%s) fails: gave %+v, %v", at, failed, r, err)
				}
				for name, hash := range snapshot(t, p.root) {
					if old, ok := before[name]; ok && old != hash || strings.HasSuffix(name, ".tmp") {
						t.Errorf("call %d (%s) fails: %s changed or was left", at, failed, name)
					}
				}
				if again := p.write(t, october, smallRows()); again.SHA256 == "" {
					t.Errorf("call %d (%s) failed: the next backup is %+v", at, failed, again)
				}
			}
		})
	}
}

func TestA_bucket_that_lies(t *testing.T) {
	tail := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:max(len(b)-n, 0)] } }
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte {
			b[at%len(b)] ^= 1
			return b
		}
	}
	lies := map[string]func([]byte) []byte{
		"nothing":   func([]byte) []byte { return nil },
		"twice":     func(b []byte) []byte { return append(b, b...) },
		"zeros":     func(b []byte) []byte { return make([]byte, len(b)) },
		"more":      func(b []byte) []byte { return append(b, 'x') },
		"no byte 1": tail(1), "no last line": tail(60), "no half": tail(400),
	}
	for at := 0; at < 700; at += 53 {
		lies[fmt.Sprintf("byte %d flipped", at)] = flip(at)
	}
	for _, ending := range []string{".csv", ".manifest.json"} {
		for name, lie := range lies {
			t.Run(name+" of "+ending, func(t *testing.T) {
				p := newPlace(t)
				p.Bucket = &faulty{Bucket: p.Bucket, alter: func(name string, content []byte) []byte {
					if strings.HasSuffix(name, ending) {
						return lie(content)
					}
					return content
				}}
				r, err := p.Write(t.Context(), october, books.Sequence(smallRows()))
				wants(t, err, books.Integrity, "backup_corrupt")
				if r.SHA256 != "" || r.Reused {
					t.Errorf("gave the receipt %+v", r)
				}
			})
		}
	}
}

func TestA_backup_that_vanishes_is_no_backup(t *testing.T) {
	for _, ending := range []string{".csv", ".manifest.json"} {
		p := newPlace(t)
		p.Step = func(name string) {
			if name == "backup named" {
				p.remove(t, "2025_10/backup_2025_10"+ending)
			}
		}
		r, err := p.Write(t.Context(), october, books.Sequence(smallRows()))
		wants(t, err, books.Integrity, "backup_corrupt")
		if r.SHA256 != "" {
			t.Errorf("gave the receipt %+v", r)
		}
	}
}

func TestA_backup_that_was_replaced_is_no_backup(t *testing.T) {
	p := newPlace(t)
	other := newPlace(t)
	other.write(t, october, smallRows()[:1])
	p.Step = func(name string) {
		if name == "backup named" { // by one that is whole in itself
			for _, name := range []string{fileName(october, 1), ManifestOf(fileName(october, 1))} {
				p.put(t, name, other.get(t, name))
			}
		}
	}
	r, err := p.Write(t.Context(), october, books.Sequence(smallRows()))
	wants(t, err, books.Integrity, "backup_corrupt")
	if r.SHA256 != "" {
		t.Errorf("gave the receipt %+v", r)
	}
}

func TestA_place_that_cannot_be_written_is_refused_with_a_hint(t *testing.T) {
	for cause, hint := range map[error]string{
		syscall.ENOSPC:    "free some space",
		syscall.EDQUOT:    "free some space",
		syscall.EROFS:     "read-only",
		syscall.ENOENT:    "mounted",
		syscall.ENOTCONN:  "mounted",
		syscall.ESTALE:    "mounted",
		syscall.EACCES:    "EXTRATO_BACKUPS",
		syscall.ENOTDIR:   "a file stands where the folder should be",
		syscall.EIO:       "the disk with the backups fails",
		syscall.EINVAL:    "on a local disk",
		syscall.ENOTSUP:   "on a local disk",
		fs.ErrPermission:  "EXTRATO_BACKUPS",
		errors.New("odd"): "EXTRATO_BACKUPS",
	} {
		for _, call := range []string{"stage", "list", "write", "commit"} {
			p := newPlace(t)
			p.Bucket = &faulty{Bucket: p.Bucket, fail: func(c string) error {
				if c == call {
					return fmt.Errorf("%s: %w", c, cause)
				}
				return nil
			}}
			r, err := p.Write(t.Context(), october, books.Sequence(smallRows()))
			wants(t, err, books.Refused, "backup_unwritable")
			if !errors.Is(err, ErrUnwritable) || !errors.Is(err, cause) || r.SHA256 != "" {
				t.Errorf("%s of %s: gave %+v, %v", cause, call, r, err)
			}
			if e := books.AsError(err); !strings.Contains(e.Hint, hint) || !strings.Contains(e.Hint, "untouched") {
				t.Errorf("%s: the hint is %q, want something about %q", cause, e.Hint, hint)
			}
			if files := snapshot(t, p.root); len(files) > 0 {
				t.Errorf("%s of %s left %v", cause, call, files)
			}
		}
	}
}

func TestA_folder_that_is_a_file_is_refused(t *testing.T) {
	p := newPlace(t)
	if err := os.WriteFile(p.root, []byte("a person's"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, filepath.Dir(p.root))
	_, err := p.Write(t.Context(), october, books.Sequence(smallRows()))
	wants(t, err, books.Refused, "backup_unwritable")
	if !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("answers %v", err)
	}
	wantKept(t, filepath.Dir(p.root), before)
}

//go:build linux

package faultdisk_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"extrato/internal/faultdisk"
)

// disk mounts a disk with one durable file.
func disk(t *testing.T) (*faultdisk.Disk, string) {
	t.Helper()
	if err := faultdisk.Available(); err != nil {
		t.Skip("NO FAULTS ON THE DISK: ", err)
	}
	from, at := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(from, "old"), []byte("before"), 0o600))
	d, err := faultdisk.New(from)
	must(t, err)
	must(t, d.Mount(at))
	t.Cleanup(func() { must(t, d.Unmount()) })
	return d, at
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// saved are the files of a disk with their contents.
func saved(t *testing.T, d *faultdisk.Disk, lost func() bool) map[string]string {
	t.Helper()
	dir, files := t.TempDir(), map[string]string{}
	must(t, d.Save(dir, lost))
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		files[e.Name()] = string(text)
	}
	return files
}

func all() bool { return true }

func TestA_power_cut_takes_what_was_not_synced(t *testing.T) {
	d, at := disk(t)
	sync := func(path string) {
		f, err := os.Open(path)
		must(t, err)
		must(t, f.Sync())
		must(t, f.Close())
	}
	expect := func(what string, lost func() bool, want map[string]string) {
		t.Helper()
		if got := saved(t, d, lost); !maps.Equal(got, want) {
			t.Errorf("%s: %v is left, want %v", what, got, want)
		}
	}
	must(t, os.WriteFile(filepath.Join(at, "new"), []byte("text"), 0o600))
	expect("nothing synced", all, map[string]string{"old": "before"})
	expect("nothing lost", nil, map[string]string{"old": "before", "new": "text"})
	sync(filepath.Join(at, "new"))
	expect("the file synced, not its name", all, map[string]string{"old": "before"})
	sync(at)
	expect("both synced", all, map[string]string{"old": "before", "new": "text"})
	must(t, os.Rename(filepath.Join(at, "new"), filepath.Join(at, "old")))
	must(t, os.WriteFile(filepath.Join(at, "old"), []byte("x"), 0o600))
	expect("a rename not synced", all, map[string]string{"old": "before", "new": "text"})
	expect("a rename kept", nil, map[string]string{"old": "x"})
}

func TestA_fault_strikes_the_call_that_it_is_for(t *testing.T) {
	d, at := disk(t)
	path := filepath.Join(at, "new")
	strike := func(kind string, f faultdisk.Fault) {
		d.Strike(func(op faultdisk.Op) faultdisk.Fault {
			if op.Kind == kind && op.Path == "new" {
				return f
			}
			return faultdisk.Fault{}
		})
	}
	for _, c := range []struct {
		kind  string
		fault faultdisk.Fault
		want  error
		left  string
	}{
		{faultdisk.Create, faultdisk.Fault{Errno: syscall.EDQUOT}, syscall.EDQUOT, "none"},
		{faultdisk.Write, faultdisk.Fault{Errno: syscall.ENOSPC}, syscall.ENOSPC, ""},
		{faultdisk.Write, faultdisk.Fault{Errno: syscall.EIO, Torn: true}, syscall.EIO, "te"},
		{faultdisk.Write, faultdisk.Fault{Flip: true}, nil, "te|t"},
		{faultdisk.Sync, faultdisk.Fault{Errno: syscall.EIO}, syscall.EIO, "text"},
		{faultdisk.Sync, faultdisk.Fault{}, nil, "text"},
	} {
		strike(c.kind, c.fault)
		err := write(path)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s %+v: %v, want %v", c.kind, c.fault, err, c.want)
		}
		got, there := saved(t, d, nil)["new"]
		if !there {
			got = "none"
		}
		if got != c.left {
			t.Errorf("%s %+v: %q is left, want %q", c.kind, c.fault, got, c.left)
		}
	}
	strike(faultdisk.Sync, faultdisk.Fault{Lie: true})
	must(t, write(path))
	if got := saved(t, d, all)["new"]; strings.HasPrefix(got, "text") {
		t.Errorf("a lie makes %q durable", got)
	}
	if got := resynced(t, d, at); got != "" {
		t.Errorf("a sync after a failed one makes %q durable", got)
	}
	cut := false
	strike(faultdisk.Write, faultdisk.Fault{Cut: func() { cut = true }})
	if err := write(path); !cut || !errors.Is(err, syscall.EIO) {
		t.Errorf("cut: %v, %v", cut, err)
	}
	if err := os.Mkdir(filepath.Join(at, "later"), 0o700); !errors.Is(err, syscall.EIO) {
		t.Errorf("after the cut: %v", err)
	}
}

func write(path string) error {
	_ = os.Remove(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("text")
	return errors.Join(err, f.Sync(), f.Close())
}

// resynced is what a power cut leaves of a file whose first sync failed and
// whose second did not.
func resynced(t *testing.T, d *faultdisk.Disk, at string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(at, "twice"))
	must(t, err)
	_, err = f.WriteString("text")
	must(t, err)
	d.Strike(func(op faultdisk.Op) faultdisk.Fault {
		if op.Kind == faultdisk.Sync {
			return faultdisk.Fault{Errno: syscall.EIO}
		}
		return faultdisk.Fault{}
	})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("the first sync: %v", err)
	}
	d.Strike(func(faultdisk.Op) faultdisk.Fault { return faultdisk.Fault{} })
	must(t, errors.Join(f.Sync(), f.Close()))
	dir, err := os.Open(at)
	must(t, err)
	must(t, errors.Join(dir.Sync(), dir.Close()))
	left, there := saved(t, d, all)["twice"]
	if !there {
		t.Error("a synced name is lost")
	}
	return left
}

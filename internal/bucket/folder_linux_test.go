package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"extrato/internal/bucket"
	"extrato/internal/bucket/buckettest"
)

// failing runs fn on a thread on which the kernel answers the system call with
// an error: as a file system without hard links does, or a broken disk.
func failing(t *testing.T, call uintptr, answer unix.Errno, fn func()) {
	t.Helper()
	filtered := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread ends with this goroutine
		err := filter(call, answer)
		filtered <- err
		if err == nil {
			fn()
		}
	}()
	err := <-filtered
	<-done
	if err != nil {
		lacks(t, "no seccomp filters: "+err.Error())
	}
}

func filter(call uintptr, answer unix.Errno) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: uint32(call)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(answer)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	whole := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&whole)), 0, 0)
}

// lacks skips a test that this machine cannot run, and fails it in CI.
func lacks(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	fmt.Fprintf(os.Stderr, "\n*** %s IS SKIPPED: %s ***\n\n", t.Name(), what)
	t.Skip(what)
}

// tmpfs mounts a file system of this size and returns its folder.
func tmpfs(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		lacks(t, "only root can mount a small disk: "+err.Error())
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// withoutLinks is a bucket whose file system has no hard links.
type withoutLinks struct {
	t *testing.T
	bucket.Bucket
}

type stagedWithoutLinks struct {
	t *testing.T
	bucket.Staged
}

func (b withoutLinks) Stage(ctx context.Context, near string) (bucket.Staged, error) {
	s, err := b.Bucket.Stage(ctx, near)
	return stagedWithoutLinks{b.t, s}, err
}

func (s stagedWithoutLinks) Commit(ctx context.Context, name string) (err error) {
	failing(s.t, unix.SYS_LINKAT, unix.EPERM, func() { err = s.Staged.Commit(ctx, name) })
	return err
}

func (s stagedWithoutLinks) Discard() {
	if s.Staged != nil {
		s.Staged.Discard()
	}
}

func TestFolder_without_hard_links(t *testing.T) {
	failing(t, unix.SYS_LINKAT, unix.EPERM, func() {}) // skips here, if it must
	buckettest.Run(t, func() bucket.Bucket {
		return withoutLinks{t, bucket.NewFolder(filepath.Join(t.TempDir(), "backups"), nil)}
	})
}

func TestFolder_without_hard_links_says_so(t *testing.T) {
	for _, answer := range []unix.Errno{unix.EPERM, unix.EOPNOTSUPP, unix.ENOSYS, unix.EMLINK} {
		t.Run(answer.Error(), func(t *testing.T) {
			root := t.TempDir()
			var said []string
			b := bucket.NewFolder(root, func(s string) { said = append(said, s) })
			failing(t, unix.SYS_LINKAT, answer, func() {
				if err := commit(t, b, name, "first"); err != nil {
					t.Error(err)
				}
				if err := commit(t, b, name, "second"); !errors.Is(err, bucket.ErrExists) {
					t.Errorf("the second commit answers %v, want ErrExists", err)
				}
			})
			if len(said) == 0 || !strings.Contains(said[0], "no hard links") {
				t.Errorf("a person was told %q", said)
			}
			if got := read(t, b, name); got != "first" {
				t.Errorf("the file holds %q", got)
			}
			wantTree(t, root, "drwxr-xr-x .", "drwx------ 2025_10", "-rw------- "+name)
		})
	}
}

func TestFolder_on_a_broken_disk_is_an_error(t *testing.T) {
	root := t.TempDir()
	b := bucket.NewFolder(root, nil)
	failing(t, unix.SYS_LINKAT, unix.EIO, func() {
		if err := commit(t, b, name, "a"); !errors.Is(err, unix.EIO) {
			t.Errorf("commit answers %v, want EIO", err)
		}
	})
	wantTree(t, root, "drwxr-xr-x .", "drwx------ 2025_10")
}

func TestFolder_never_syncs_a_file_again_that_failed_once(t *testing.T) {
	root := t.TempDir()
	s, err := bucket.NewFolder(root, nil).Stage(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	if _, err := io.WriteString(s, "a"); err != nil {
		t.Fatal(err)
	}
	failing(t, unix.SYS_FSYNC, unix.EIO, func() {
		if err := s.Commit(t.Context(), name); !errors.Is(err, unix.EIO) {
			t.Errorf("commit answers %v, want EIO", err)
		}
	})
	// The disk is well again, but what the kernel dropped is lost.
	if err := s.Commit(t.Context(), name); !errors.Is(err, unix.EIO) {
		t.Errorf("the second commit answers %v, want EIO still", err)
	}
	s.Discard()
	wantTree(t, root, "drwxr-xr-x .", "drwx------ 2025_10")
}

func TestFolder_on_a_full_disk(t *testing.T) {
	root := tmpfs(t, "size=1m")
	b := bucket.NewFolder(root, nil)
	if err := commit(t, b, name, "small"); err != nil {
		t.Fatal(err)
	}
	before := tree(t, root)
	if err := commit(t, b, "2025_10/large.csv", strings.Repeat("x", 3<<20)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("an object larger than the disk: %v, want ENOSPC", err)
	}
	wantTree(t, root, before...)
	if err := commit(t, b, "2025_10/next.csv", "next"); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	if got := read(t, b, name); got != "small" {
		t.Errorf("the earlier object reads %q", got)
	}
}

func TestFolder_on_a_read_only_disk(t *testing.T) {
	root := tmpfs(t, "size=1m,ro")
	b := bucket.NewFolder(filepath.Join(root, "backups"), nil)
	if err := commit(t, b, name, "a"); !errors.Is(err, unix.EROFS) {
		t.Errorf("commit answers %v, want EROFS", err)
	}
	if names, err := b.List(t.Context(), "2025_10"); err != nil || len(names) > 0 {
		t.Errorf("the folder lists %q, %v", names, err)
	}
}

func TestFolder_takes_only_files_for_objects(t *testing.T) {
	root := t.TempDir()
	b := bucket.NewFolder(root, nil)
	if err := os.MkdirAll(filepath.Join(root, "2025_10", "folder.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(root, "2025_10", "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2025_10/folder.csv", "2025_10/pipe.csv"} {
		if r, err := b.Open(t.Context(), name); !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("%s answers %v, %v", name, r, err)
		}
	}
	if names, err := b.List(t.Context(), "2025_10"); err != nil || len(names) > 0 {
		t.Errorf("the folder lists %q, %v", names, err)
	}
}

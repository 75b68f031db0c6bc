// Package buckettest is the test suite for every bucket.Bucket.
package buckettest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"extrato/internal/bucket"
)

// Run tests the promises of package bucket. empty returns a new, empty Bucket
// at each call.
func Run(t *testing.T, empty func() bucket.Bucket) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, bucket.Bucket)
	}{
		{"an object has no name before it is committed", unnamedBefore},
		{"an object that was committed is read back byte for byte", readsEveryByte},
		{"an object of 50 MB is read back byte for byte", readsLargeObject},
		{"an object of no bytes is an object", keepsEmptyObject},
		{"a name is given once and the first object stays", givesNameOnce},
		{"an object whose name was taken is committed under another", committedUnderAnother},
		{"of 16 committers of one name exactly one wins", oneWins},
		{"what is not there does not exist", nothingThere},
		{"a list is sorted and holds one folder alone", listsOneFolder},
		{"a discarded object leaves nothing", discardLeavesNothing},
		{"a probe leaves nothing", probeLeavesNothing},
		{"discarding after a commit keeps the object", discardAfterCommit},
		{"a committed object is not committed again", notCommittedAgain},
		{"names outside the bucket are refused", refusesNamesOutside},
		{"an interrupted caller commits nothing", refusesInterrupted},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, empty()) })
	}
}

const folder = "2025_10"

func stage(t *testing.T, b bucket.Bucket, near, content string) bucket.Staged {
	t.Helper()
	s, err := b.Stage(t.Context(), near)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(s, content); err != nil {
		t.Fatal(err)
	}
	return s
}

func commit(t *testing.T, b bucket.Bucket, name, content string) {
	t.Helper()
	if err := stage(t, b, name, content).Commit(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, b bucket.Bucket, name string) string {
	t.Helper()
	r, err := b.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("open %s: %v", name, err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return string(content)
}

func list(t *testing.T, b bucket.Bucket) []string {
	t.Helper()
	names, err := b.List(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func wantList(t *testing.T, b bucket.Bucket, want ...string) {
	t.Helper()
	if got := list(t, b); !slices.Equal(got, want) {
		t.Errorf("the folder lists %q, want %q", got, want)
	}
}

func unnamedBefore(t *testing.T, b bucket.Bucket) {
	s := stage(t, b, folder+"/a.csv", strings.Repeat("x", 3<<20))
	defer s.Discard()
	wantList(t, b)
	if _, err := b.Open(t.Context(), folder+"/a.csv"); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("open answers %v, want ErrNotExist", err)
	}
}

func readsEveryByte(t *testing.T, b bucket.Bucket) {
	var all []byte
	for i := range 1 << 16 {
		all = append(all, byte(i), byte(i>>8))
	}
	commit(t, b, folder+"/a.csv", string(all))
	if read(t, b, folder+"/a.csv") != string(all) {
		t.Error("other bytes came back")
	}
}

func readsLargeObject(t *testing.T, b bucket.Bucket) {
	const size, chunk = 50 << 20, 64<<10 - 7
	source := rand.NewChaCha8([32]byte{1})
	s, err := b.Stage(t.Context(), folder+"/large.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	written := sha256.New()
	if err := copyChunks(io.MultiWriter(s, written), source, size, chunk); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), folder+"/large.csv"); err != nil {
		t.Fatal(err)
	}
	r, err := b.Open(t.Context(), folder+"/large.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	back := sha256.New()
	n, err := io.Copy(back, r)
	if err != nil || n != size || !sameSum(written, back) {
		t.Errorf("%d of %d bytes came back (%v), the same: %v", n, size, err, sameSum(written, back))
	}
}

func sameSum(a, b hash.Hash) bool { return bytes.Equal(a.Sum(nil), b.Sum(nil)) }

func copyChunks(to io.Writer, from io.Reader, size, chunk int) error {
	buf := make([]byte, chunk)
	for size > 0 {
		n, err := io.ReadFull(from, buf[:min(chunk, size)])
		if err != nil {
			return err
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return err
		}
		size -= n
	}
	return nil
}

func keepsEmptyObject(t *testing.T, b bucket.Bucket) {
	commit(t, b, folder+"/a.csv", "")
	wantList(t, b, folder+"/a.csv")
	if got := read(t, b, folder+"/a.csv"); got != "" {
		t.Errorf("%q came back", got)
	}
}

func givesNameOnce(t *testing.T, b bucket.Bucket) {
	commit(t, b, folder+"/a.csv", "first")
	second := stage(t, b, folder+"/a.csv", "second")
	defer second.Discard()
	if err := second.Commit(t.Context(), folder+"/a.csv"); !errors.Is(err, bucket.ErrExists) {
		t.Errorf("the second commit answers %v, want ErrExists", err)
	}
	if got := read(t, b, folder+"/a.csv"); got != "first" {
		t.Errorf("the first object reads %q", got)
	}
	wantList(t, b, folder+"/a.csv")
}

func committedUnderAnother(t *testing.T, b bucket.Bucket) {
	commit(t, b, folder+"/a.csv", "first")
	commit(t, b, folder+"/a.r2.csv", "second")
	third := stage(t, b, folder+"/a.csv", "third")
	defer third.Discard()
	for _, taken := range []string{"/a.csv", "/a.r2.csv"} {
		if err := third.Commit(t.Context(), folder+taken); !errors.Is(err, bucket.ErrExists) {
			t.Fatalf("commit as %s answers %v, want ErrExists", taken, err)
		}
	}
	if err := third.Commit(t.Context(), folder+"/a.r3.csv"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"/a.csv": "first", "/a.r2.csv": "second", "/a.r3.csv": "third"} {
		if got := read(t, b, folder+name); got != want {
			t.Errorf("%s reads %q, want %q", name, got, want)
		}
	}
}

func oneWins(t *testing.T, b bucket.Bucket) {
	const committers = 16
	name := folder + "/a.csv"
	content := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("x", 100_000+i)) }
	results := make([]error, committers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range committers {
		s := stage(t, b, name, content(i))
		all.Go(func() {
			defer s.Discard()
			<-start
			results[i] = s.Commit(context.WithoutCancel(t.Context()), name)
		})
	}
	close(start)
	all.Wait()
	winner := oneWinner(t, results)
	if read(t, b, name) != content(winner) {
		t.Error("the object is not the winner's")
	}
	wantList(t, b, name)
}

func nothingThere(t *testing.T, b bucket.Bucket) {
	if folders, err := b.Folders(t.Context()); err != nil || len(folders) > 0 {
		t.Errorf("an empty bucket has the folders %q, %v", folders, err)
	}
	for range 2 { // in an empty bucket, and in an existing folder
		if _, err := b.Open(t.Context(), folder+"/a.csv"); !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("open answers %v, want ErrNotExist", err)
		}
		commit(t, b, fmt.Sprintf("%s/b%d.csv", folder, len(list(t, b))), "b")
	}
	names, err := b.List(t.Context(), "2025_11")
	if err != nil || len(names) > 0 {
		t.Errorf("a folder that is not there lists %q, %v", names, err)
	}
}

func listsOneFolder(t *testing.T, b bucket.Bucket) {
	names := []string{"/c.csv", "/a.r2.csv", "/a.csv", "/a.manifest.json", "/B.csv"}
	for _, n := range names {
		commit(t, b, folder+n, n)
	}
	commit(t, b, "2025_11/a.csv", "another folder's")
	commit(t, b, folder+"/below/a.csv", "a folder below")
	defer stage(t, b, folder+"/d.csv", "staged").Discard()
	wantList(t, b, folder+"/B.csv", folder+"/a.csv", folder+"/a.manifest.json", folder+"/a.r2.csv", folder+"/c.csv")
	folders, err := b.Folders(t.Context())
	if err != nil || !slices.Equal(folders, []string{folder, "2025_11"}) {
		t.Errorf("the folders are %q, %v", folders, err)
	}
}

func discardLeavesNothing(t *testing.T, b bucket.Bucket) {
	s := stage(t, b, folder+"/a.csv", strings.Repeat("x", 3<<20))
	s.Discard()
	s.Discard()
	wantList(t, b)
	if err := s.Commit(t.Context(), folder+"/a.csv"); err == nil {
		t.Error("what was discarded was committed")
	}
	wantList(t, b)
}

func probeLeavesNothing(t *testing.T, b bucket.Bucket) {
	if err := b.Probe(t.Context(), folder+"/a"); err != nil {
		t.Fatal(err)
	}
	if folders, err := b.Folders(t.Context()); err != nil || len(folders) != 0 {
		t.Errorf("a probe left %v, %v", folders, err)
	}
	if err := b.Probe(t.Context(), "../a"); err == nil {
		t.Error("a place outside was probed")
	}
}

func discardAfterCommit(t *testing.T, b bucket.Bucket) {
	s := stage(t, b, folder+"/a.csv", "a")
	if err := s.Commit(t.Context(), folder+"/a.csv"); err != nil {
		t.Fatal(err)
	}
	s.Discard()
	if got := read(t, b, folder+"/a.csv"); got != "a" {
		t.Errorf("the object reads %q", got)
	}
}

func notCommittedAgain(t *testing.T, b bucket.Bucket) {
	s := stage(t, b, folder+"/a.csv", "a")
	defer s.Discard()
	if err := s.Commit(t.Context(), folder+"/a.csv"); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), folder+"/b.csv"); err == nil {
		t.Error("one object got two names")
	}
	wantList(t, b, folder+"/a.csv")
}

func refusesNamesOutside(t *testing.T, b bucket.Bucket) {
	s := stage(t, b, folder+"/a.csv", "a")
	defer s.Discard()
	for _, name := range []string{"../x", "/x", "a/../../x", "..", "", "2025_10/../../x"} {
		if err := s.Commit(t.Context(), name); err == nil || errors.Is(err, bucket.ErrExists) {
			t.Errorf("commit as %q answers %v", name, err)
		}
		if other, err := b.Stage(t.Context(), name); err == nil {
			other.Discard()
			t.Errorf("stage near %q was not refused", name)
		}
		if r, err := b.Open(t.Context(), name); err == nil {
			r.Close()
			t.Errorf("open %q was not refused", name)
		}
		if _, err := b.List(t.Context(), name); err == nil {
			t.Errorf("list %q was not refused", name)
		}
	}
	wantList(t, b)
}

func refusesInterrupted(t *testing.T, b bucket.Bucket) {
	s := stage(t, b, folder+"/a.csv", "a")
	defer s.Discard()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Commit(ctx, folder+"/a.csv"); !errors.Is(err, context.Canceled) {
		t.Errorf("commit answers %v, want context.Canceled", err)
	}
	if other, err := b.Stage(ctx, folder+"/a.csv"); !errors.Is(err, context.Canceled) {
		t.Errorf("stage answers %v, want context.Canceled", err)
		if err == nil {
			other.Discard()
		}
	}
	wantList(t, b)
}

// oneWinner returns the only one without an error; all others must have found the
// name taken.
func oneWinner(t *testing.T, results []error) int {
	t.Helper()
	winner := -1
	for i, err := range results {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("%d and %d both won", winner, i)
		case !errors.Is(err, bucket.ErrExists):
			t.Errorf("%d: %v, want ErrExists", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	return winner
}

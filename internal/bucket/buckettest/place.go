package buckettest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/bucket"
)

// RunPlace tests the promises of bucket.Place. empty returns a new, empty Place
// at each call.
func RunPlace(t *testing.T, empty func(t *testing.T) bucket.Place) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, bucket.Place)
	}{
		{"an object is read back byte for byte, by name and version", placeReadsBack},
		{"an object of no bytes is an object", placeKeepsEmpty},
		{"the same bytes under the same name are success", placeTakesSameAgain},
		{"other bytes under a name are refused and the first stay", placeNeverOverwrites},
		{"of 8 putters of one name exactly one wins", placeOneWins},
		{"a content that is not as announced is refused", placeRefusesChanged},
		{"what is not there does not exist", placeNothingThere},
		{"a list is sorted and holds one folder alone", placeListsOneFolder},
		{"names outside the place are refused", placeRefusesOutside},
		{"an interrupted caller puts nothing", placeRefusesInterrupted},
		{"a probe leaves no object in a list", placeProbe},
		{"retaining what is there succeeds", placeRetains},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, empty(t)) })
	}
}

// Put puts a text as its callers do.
func Put(ctx context.Context, p bucket.Place, name, content string) (string, error) {
	return p.Put(ctx, name, strings.NewReader(content), int64(len(content)), sha256.Sum256([]byte(content)), time.Time{})
}

func mustPut(t *testing.T, p bucket.Place, name, content string) string {
	t.Helper()
	version, err := Put(t.Context(), p, name, content)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func wantContent(t *testing.T, p bucket.Place, name, version, want string) {
	t.Helper()
	for _, open := range []func() (io.ReadCloser, error){
		func() (io.ReadCloser, error) { return p.Open(t.Context(), name) },
		func() (io.ReadCloser, error) { return p.OpenVersion(t.Context(), name, version) },
	} {
		r, err := open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || string(got) != want {
			t.Errorf("%s holds %d bytes (%v), want %d others", name, len(got), err, len(want))
		}
	}
}

func placeReadsBack(t *testing.T, p bucket.Place) {
	var all []byte
	for i := range 1 << 20 {
		all = append(all, byte(i), byte(i>>8))
	}
	for _, name := range []string{folder + "/a.csv", "deep/er/ção ñ+&=?.csv", "root.json"} {
		wantContent(t, p, name, mustPut(t, p, name, string(all)), string(all))
	}
}

func placeKeepsEmpty(t *testing.T, p bucket.Place) {
	wantContent(t, p, folder+"/a.csv", mustPut(t, p, folder+"/a.csv", ""), "")
}

func placeTakesSameAgain(t *testing.T, p bucket.Place) {
	first := mustPut(t, p, folder+"/a.csv", "first")
	if again := mustPut(t, p, folder+"/a.csv", "first"); again != first {
		t.Errorf("the version is %q the second time, was %q", again, first)
	}
	wantContent(t, p, folder+"/a.csv", first, "first")
}

func placeNeverOverwrites(t *testing.T, p bucket.Place) {
	version := mustPut(t, p, folder+"/a.csv", "first")
	for _, other := range []string{"other", "", "first and more"} {
		if _, err := Put(t.Context(), p, folder+"/a.csv", other); !errors.Is(err, bucket.ErrExists) {
			t.Errorf("put %q answers %v, want ErrExists", other, err)
		}
	}
	wantContent(t, p, folder+"/a.csv", version, "first")
}

func placeOneWins(t *testing.T, p bucket.Place) {
	content := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("x", 100_000)) }
	results := make([]error, 8)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			<-start
			_, results[i] = Put(context.WithoutCancel(t.Context()), p, folder+"/a.csv", content(i))
		})
	}
	close(start)
	all.Wait()
	winner := oneWinner(t, results)
	wantContent(t, p, folder+"/a.csv", "", content(winner))
}

func placeRefusesChanged(t *testing.T, p bucket.Place) {
	right := sha256.Sum256([]byte("content"))
	for _, wrong := range []struct {
		content string
		size    int64
		sum     [sha256.Size]byte
	}{{"contend", 7, right}, {"content", 8, right}, {"content", 6, right}, {"content", 7, [sha256.Size]byte{1}}} {
		_, err := p.Put(t.Context(), folder+"/a.csv", strings.NewReader(wrong.content), wrong.size, wrong.sum, time.Time{})
		if err == nil || errors.Is(err, bucket.ErrExists) {
			t.Errorf("%v is taken: %v", wrong, err)
		}
	}
	if names, err := p.List(t.Context(), folder); err != nil || len(names) > 0 {
		t.Errorf("the folder lists %q, %v", names, err)
	}
	// Content that was read before is sent from its start.
	r := bytes.NewReader([]byte("content"))
	_, _ = r.ReadByte()
	version, err := p.Put(t.Context(), folder+"/a.csv", r, 7, right, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, p, folder+"/a.csv", version, "content")
}

func placeNothingThere(t *testing.T, p bucket.Place) {
	for range 2 { // in an empty place, and beside an object
		_, err := p.Open(t.Context(), folder+"/a.csv")
		_, err2 := p.OpenVersion(t.Context(), folder+"/a.csv", "no-such-version")
		if !errors.Is(err, bucket.ErrNotExist) || !errors.Is(err2, bucket.ErrNotExist) || errors.Is(err, bucket.ErrHidden) || errors.Is(err2, bucket.ErrHidden) {
			t.Errorf("open answers %v and %v, want ErrNotExist", err, err2)
		}
		mustPut(t, p, folder+"/a.csv.more", "b")
	}
	names, err := p.List(t.Context(), "2025_11")
	if err != nil || len(names) > 0 {
		t.Errorf("a folder that is not there lists %q, %v", names, err)
	}
}

func placeListsOneFolder(t *testing.T, p bucket.Place) {
	for _, n := range []string{"/c.csv", "/a.r2.csv", "/a.csv", "/B.csv", "/below/a.csv"} {
		mustPut(t, p, folder+n, n)
	}
	mustPut(t, p, folder+"x/a.csv", "a folder of nearly the same name")
	mustPut(t, p, "root.json", "no folder")
	for _, as := range []string{folder, folder + "/", "./" + folder} {
		names, err := p.List(t.Context(), as)
		if err != nil || len(names) != 4 || !slices.IsSorted(names) {
			t.Errorf("the folder %s lists %q, %v", as, names, err)
		}
	}
	if names, err := p.List(t.Context(), "."); err != nil || !slices.Equal(names, []string{"root.json"}) {
		t.Errorf("the root lists %q, %v", names, err)
	}
	if folders, err := p.Folders(t.Context()); err != nil || !slices.Equal(folders, []string{folder, folder + "x"}) {
		t.Errorf("the folders are %q, %v", folders, err)
	}
}

func placeRefusesOutside(t *testing.T, p bucket.Place) {
	for _, name := range []string{"../x", "/x", "a/../../x", "..", ""} {
		if _, err := Put(t.Context(), p, name, "a"); err == nil || errors.Is(err, bucket.ErrExists) {
			t.Errorf("put %q answers %v", name, err)
		}
		if r, err := p.Open(t.Context(), name); err == nil {
			r.Close()
			t.Errorf("open %q was not refused", name)
		}
		if _, err := p.List(t.Context(), name); err == nil {
			t.Errorf("list %q was not refused", name)
		}
	}
}

func placeRefusesInterrupted(t *testing.T, p bucket.Place) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Put(ctx, p, folder+"/a.csv", "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("put answers %v, want context.Canceled", err)
	}
	if names, err := p.List(t.Context(), folder); err != nil || len(names) > 0 {
		t.Errorf("the folder lists %q, %v", names, err)
	}
}

func placeProbe(t *testing.T, p bucket.Place) {
	for range 2 {
		if err := p.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	names, err := p.List(t.Context(), ".")
	folders, err2 := p.Folders(t.Context())
	if errors.Join(err, err2) != nil || len(names)+len(folders) > 0 {
		t.Errorf("a probe left %q %q, %v %v", names, folders, err, err2)
	}
}

func placeRetains(t *testing.T, p bucket.Place) {
	version := mustPut(t, p, folder+"/a.csv", "a")
	if err := p.Retain(t.Context(), folder+"/a.csv", version, time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	wantContent(t, p, folder+"/a.csv", version, "a")
}

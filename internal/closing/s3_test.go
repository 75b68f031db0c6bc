package closing_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/bucket/s3test"
	"extrato/internal/closing"
	"extrato/internal/places"
)

// distant is a bucket in a real S3 server behind a faulty line.
type distant struct {
	*s3test.Front
	server *s3test.Server
	bucket string
	place  *faultyPlace
}

// distant gives the studio a place in S3 that took its probe.
func (s *studio) distant(t *testing.T, server *s3test.Server) *distant {
	t.Helper()
	d := &distant{s3test.Proxy(t, server), server, server.NewBucket(t), nil}
	place, err := bucket.OpenPlace(d.Setting(d.bucket, "studio"), nil)
	if err != nil {
		t.Fatal(err)
	}
	d.place = &faultyPlace{Place: place}
	s.Places = &places.Places{
		Local: s.Backups.Bucket, All: []bucket.Place{d.place}, Store: s.DB.Store, Now: s.Now, Log: s.Log, SpoolDir: t.TempDir(),
	}
	if err := s.Places.Ready(t.Context(), d.place); err != nil {
		t.Fatal(err)
	}
	return d
}

// notInShort leaves a test with a server of its own out of the quick loop.
func notInShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts an S3 server")
	}
}

// round brings the backups to the place once.
func (s *studio) round(t *testing.T, d *distant) error {
	t.Helper()
	_, err := s.Places.Run(t.Context(), d.place, places.Options{})
	return err
}

// inPlace returns the state of October's backup in the place.
func (s *studio) inPlace(t *testing.T) string {
	t.Helper()
	m, _, err := s.Month(t.Context(), october)
	if err != nil || len(m.Places) != 1 {
		t.Fatalf("the places are %+v, %v", m.Places, err)
	}
	return m.Places[0].State
}

// wantOnce fails the test unless each object of a month's folder is in the bucket
// in exactly one version, with the same bytes.
func (s *studio) wantOnce(t *testing.T, d *distant, month books.Month) {
	t.Helper()
	folder := strings.Replace(month.String(), "-", "_", 1)
	files, err := os.ReadDir(filepath.Join(s.Folder, folder))
	if err != nil || len(files) != 2 {
		t.Fatalf("the folder holds %v, %v", files, err)
	}
	for _, file := range files {
		key := "studio/" + folder + "/" + file.Name()
		if all := d.server.Versions(t, d.bucket, key); len(all) != 1 {
			t.Errorf("%s has %d versions", key, len(all))
			continue
		}
		want, err := os.ReadFile(filepath.Join(s.Folder, folder, file.Name()))
		if err != nil || d.server.Read(t, d.bucket, key) != string(want) {
			t.Errorf("%s holds other bytes, %v", key, err)
		}
	}
}

// s3Faults are faults of the line or the store.
var s3Faults = []struct {
	name   string
	make   func(*distant)
	copied bool // the copy is proved all the same
}{
	{"is cut", func(d *distant) { d.Cut() }, false},
	{"is slow", func(d *distant) { d.Slow("200") }, true},
	{"gets requests twice", func(d *distant) { d.Repeat(2) }, true},
	{"loses an answer", func(d *distant) { d.LoseAnswers(1) }, true},
	{"loses all answers", func(d *distant) { d.LoseAnswers(3) }, false},
	{"has a fault", func(d *distant) { d.Refuse(3) }, false},
}

// breakAtPut makes a fault before the next put is sent.
func (d *distant) breakAtPut(fault func(*distant)) {
	var once sync.Once
	d.place.fault = func() error {
		once.Do(func() { fault(d) })
		return nil
	}
}

func TestA_close_beside_a_faulty_S3(t *testing.T) {
	notInShort(t)
	server := s3test.Start(t)
	for _, f := range s3Faults {
		t.Run(f.name, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				s.people(t)
				s.payment(t, 1, "2025-09-10", "450.00")
				s.payment(t, 2, "2025-10-10", "450.00")
				d := s.distant(t, server)
				s.closesRequired(t, d, f.make, f.copied)
				s.closesLocally(t, d, f.make, f.copied)
			})
		})
	}
}

// closesRequired closes September, whose copy has to be proved in S3 first: the
// close is refused, with nothing changed, until it is.
func (s *studio) closesRequired(t *testing.T, d *distant, fault func(*distant), copied bool) {
	t.Helper()
	s.Places.RequireAll = true
	d.breakAtPut(fault)
	before := s.dump(t)
	_, err := s.Close(t.Context(), september, closing.Options{}, "test")
	if copied && err != nil {
		t.Fatal(err)
	}
	if !copied {
		if !errors.Is(err, places.ErrIncomplete) || books.AsError(err).Kind.ExitCode() != 3 {
			t.Fatalf("the close answers %v", err)
		}
		wantSame(t, "a refused close changed something", before, s.dump(t))
		d.Mend()
		s.close(t, september, false)
	}
	d.Mend()
	s.wantOnce(t, d, september)
}

// closesLocally closes October on its local proof. The copy follows when the line
// is back.
func (s *studio) closesLocally(t *testing.T, d *distant, fault func(*distant), copied bool) {
	t.Helper()
	s.Places.RequireAll = false
	d.breakAtPut(fault)
	s.close(t, october, false)
	s.wantWhole(t)
	if got := s.inPlace(t); got != places.Pending {
		t.Errorf("before its copy it is %s there", got)
	}
	if err := s.round(t, d); (err == nil) != copied {
		t.Errorf("the round ends with %v", err)
	}
	if got := s.inPlace(t); (got == places.OK) != copied || !copied && got != places.Pending {
		t.Errorf("after the round it is %s there", got)
	}
	d.Mend()
	if err := s.round(t, d); err != nil {
		t.Fatal(err)
	}
	if got := s.inPlace(t); got != places.OK {
		t.Errorf("in the end it is %s there", got)
	}
	s.wantOnce(t, d, october)
}

func TestA_close_that_needs_S3_waits_for_a_slow_line_no_longer_than_its_timeout(t *testing.T) {
	notInShort(t)
	server := s3test.Start(t)
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		d := s.distant(t, server)
		s.Places.RequireAll, s.Places.Timeout = true, 100*time.Millisecond
		d.Slow("400")
		before := s.dump(t)
		if _, err := s.Close(t.Context(), october, closing.Options{}, "test"); !errors.Is(err, places.ErrIncomplete) {
			t.Fatalf("the close answers %v", err)
		}
		wantSame(t, "a refused close changed something", before, s.dump(t))
	})
}

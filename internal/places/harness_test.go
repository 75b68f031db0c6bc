package places_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/bucket"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/places"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// studio is a backup folder with places beside it, and a clock that tests set.
type studio struct {
	*places.Places
	db     *storetest.DB
	Folder string
	clock  atomic.Int64
}

func (s *studio) now() time.Time { return time.UnixMicro(s.clock.Load()).In(storetest.Zone) }

func (s *studio) later(d time.Duration) { s.clock.Add(d.Microseconds()) }

// both runs a test on each database, with a backup folder of three objects.
func both(t *testing.T, test func(*testing.T, *studio)) {
	t.Helper()
	s := &studio{}
	s.clock.Store(time.Date(2025, time.November, 2, 12, 0, 0, 0, storetest.Zone).UnixMicro())
	storetest.Both(t, s.now, func(t *testing.T, db *storetest.DB) { test(t, s.on(t, db)) })
}

// on sets the studio up on a database.
func (s *studio) on(t *testing.T, db *storetest.DB) *studio {
	t.Helper()
	s.db, s.Folder = db, filepath.Join(t.TempDir(), "backups")
	s.Places = &places.Places{
		Local: bucket.NewFolder(s.Folder, nil), Store: db.Store, Now: s.now, Log: logtest.Quiet(t), SpoolDir: t.TempDir(),
	}
	s.write(t, "2025_10/backup_2025_10.csv", "type,id\n")
	s.write(t, "2025_10/backup_2025_10.manifest.json", `{"sha256":"`+sha("type,id\n")+`"}`)
	s.write(t, "registro/000001.json", "{}")
	return s
}

// process returns the same places in another process.
func (s *studio) process() *places.Places {
	return &places.Places{Local: s.Local, All: s.All, Recipients: s.Recipients, Store: s.Store, Now: s.now, Log: s.Log, SpoolDir: s.SpoolDir}
}

// folder adds a folder as a place and returns its path.
func (s *studio) folder(t *testing.T) string {
	t.Helper()
	path := t.TempDir()
	s.All = append(s.All, bucket.NewFolderPlace(path, nil))
	return path
}

func (s *studio) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(s.Folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a round and fails the test on an error.
func (s *studio) run(t *testing.T, place bucket.Place, o places.Options) places.Round {
	t.Helper()
	round, err := s.Run(t.Context(), place, o)
	if err != nil {
		t.Fatalf("round to %s: %v", place, err)
	}
	return round
}

// states returns the states of all recorded copies in a place, by object.
func (s *studio) states(t *testing.T, place bucket.Place) string {
	t.Helper()
	var all []string
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		records, err := tx.ObjectCopies(context.Background(), place.String())
		for _, r := range records {
			all = append(all, filepath.Base(r.Object)+" "+r.State)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, ", ")
}

func (s *studio) wantStates(t *testing.T, place bucket.Place, want string) {
	t.Helper()
	if got := s.states(t, place); got != want {
		t.Errorf("the copies in %s are %s\nwant %s", place, got, want)
	}
}

const allOK = "backup_2025_10.csv ok, backup_2025_10.manifest.json ok, 000001.json ok"

// faulty is a place with faults.
type faulty struct {
	bucket.Place
	put  func(name string) error // before a put; may be nil
	open func(name string) error // before a read; may be nil
}

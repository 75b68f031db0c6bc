package places_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/places"
)

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (f *faulty) Put(ctx context.Context, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte, until time.Time) (string, error) {
	if f.put != nil {
		if err := f.put(name); err != nil {
			return "", err
		}
	}
	return f.Place.Put(ctx, name, content, size, sum, until)
}

func (f *faulty) OpenVersion(ctx context.Context, name, version string) (io.ReadCloser, error) {
	if f.open != nil {
		if err := f.open(name); err != nil {
			return nil, err
		}
	}
	return f.Place.OpenVersion(ctx, name, version)
}

func TestA_round_brings_every_object_to_a_place_and_proves_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		s.write(t, ".hidden", "somebody's")
		s.write(t, ".trash/x", "somebody's")
		round := s.run(t, s.All[0], places.Options{})
		if round.Proved != 3 || len(round.Tried) != 3 || round.Tried[0].Object != "2025_10/backup_2025_10.manifest.json" {
			t.Errorf("the round is %+v", round)
		}
		s.wantStates(t, s.All[0], allOK)
		for _, name := range []string{"2025_10/backup_2025_10.csv", "2025_10/backup_2025_10.manifest.json", "registro/000001.json"} {
			want, _ := os.ReadFile(filepath.Join(s.Folder, name))
			if got, err := os.ReadFile(filepath.Join(path, name)); err != nil || string(got) != string(want) {
				t.Errorf("%s holds %q, %v", name, got, err)
			}
		}
		if _, err := os.Stat(filepath.Join(path, ".hidden")); err == nil {
			t.Error("a hidden file was copied")
		}
		// Nothing is left to do, here and in another process.
		if again, err := s.process().Run(t.Context(), s.All[0], places.Options{}); err != nil || len(again.Tried) != 0 || again.Proved != 3 {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

func TestA_new_place_in_the_setting_gets_everything(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.folder(t)
		s.run(t, s.All[0], places.Options{})
		s.folder(t)
		s.run(t, s.All[1], places.Options{})
		s.wantStates(t, s.All[1], allOK)
	})
}

func TestA_place_that_fails_is_given_up_soon_and_its_objects_stay_pending(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.folder(t)
		for _, n := range []string{"a", "b", "c", "d"} {
			s.write(t, "estudio/"+n, n)
		}
		puts := 0
		down := &faulty{Place: s.All[0], put: func(string) error { puts++; return errors.New("the line is cut") }}
		round, err := s.Run(t.Context(), down, places.Options{})
		if err == nil || books.AsError(err).Kind != books.Refused || puts != 3 || round.Proved != 0 {
			t.Errorf("%d puts, %+v, %v", puts, round, err)
		}
		if got := s.states(t, down); strings.Contains(got, "ok") || strings.Count(got, "pending") != 7 {
			t.Errorf("the copies are %s", got)
		}
		if got := s.run(t, s.All[0], places.Options{}); got.Proved != 7 {
			t.Errorf("afterwards: %+v", got)
		}
	})
}

func TestOne_object_that_cannot_be_copied_does_not_hold_up_the_others(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		bad := &faulty{Place: s.All[0], put: func(name string) error {
			if strings.HasSuffix(name, "manifest.json") {
				return errors.New("no")
			}
			return nil
		}}
		if _, err := s.Run(t.Context(), bad, places.Options{}); err == nil {
			t.Error("the failure is not reported")
		}
		// A file without its manifest would look like v4's.
		s.wantStates(t, bad, "backup_2025_10.csv pending, backup_2025_10.manifest.json pending, 000001.json ok")
		if _, err := os.Stat(filepath.Join(path, "2025_10/backup_2025_10.csv")); err == nil {
			t.Error("the file was copied without its manifest")
		}
	})
}

func TestA_damaged_local_object_is_not_copied(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		s.write(t, "2025_10/backup_2025_10.csv", "type,iD\n")
		_, err := s.Run(t.Context(), s.All[0], places.Options{})
		if err == nil || books.AsError(err).Kind != books.Integrity {
			t.Errorf("the round ends with %v", err)
		}
		s.wantStates(t, s.All[0], "backup_2025_10.csv pending, backup_2025_10.manifest.json ok, 000001.json ok")
		if _, err := os.Stat(filepath.Join(path, "2025_10/backup_2025_10.csv")); err == nil {
			t.Error("damaged bytes were copied")
		}
	})
}

func TestWhat_stands_in_a_place_is_never_overwritten(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		name := filepath.Join(path, "registro", "000001.json")
		_ = os.MkdirAll(filepath.Dir(name), 0o700)
		if err := os.WriteFile(name, []byte("another studio's"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.run(t, s.All[0], places.Options{})
		s.wantStates(t, s.All[0], "backup_2025_10.csv ok, backup_2025_10.manifest.json ok, 000001.json corrupt")
		if got, _ := os.ReadFile(name); string(got) != "another studio's" {
			t.Errorf("it holds %q now", got)
		}
		if again := s.run(t, s.All[0], places.Options{}); len(again.Tried) != 0 {
			t.Errorf("it is tried again at once: %+v", again)
		}
		// Its owner moves it away; the next look but one hour makes the copy.
		_ = os.Remove(name)
		s.later(time.Hour)
		s.run(t, s.All[0], places.Options{})
		s.wantStates(t, s.All[0], allOK)
	})
}

func TestCheck_finds_altered_and_missing_copies(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		place := s.All[0]
		if _, err := s.Check(t.Context(), place, "registro/000001.json"); err == nil || books.AsError(err).Kind != books.NotFound {
			t.Errorf("a check before the copy answers %v", err)
		}
		s.run(t, place, places.Options{})
		s.later(time.Hour)
		rec, err := s.Check(t.Context(), place, "registro/000001.json")
		if err != nil || rec.State != places.OK || rec.CheckedAt.V != books.InstantOf(s.now()) || rec.Since == rec.CheckedAt.V {
			t.Errorf("a good copy is found %+v, %v", rec, err)
		}
		name := filepath.Join(path, "registro", "000001.json")
		_ = os.WriteFile(name, []byte("[]"), 0o600)
		if rec, err = s.Check(t.Context(), place, "registro/000001.json"); err != nil || rec.State != places.Corrupt || rec.Since != books.InstantOf(s.now()) {
			t.Errorf("an altered copy is found %+v, %v", rec, err)
		}
		s.wantStates(t, place, "backup_2025_10.csv ok, backup_2025_10.manifest.json ok, 000001.json corrupt")
		_ = os.Remove(name)
		if rec, err = s.Check(t.Context(), place, "registro/000001.json"); err != nil || rec.State != places.Missing {
			t.Errorf("a removed copy is found %+v, %v", rec, err)
		}
		// The next round makes it again, and says so.
		if round := s.run(t, place, places.Options{}); !slices.Equal(round.Lost, []string{"registro/000001.json"}) {
			t.Errorf("the round is %+v", round)
		}
		s.wantStates(t, place, allOK)
	})
}

func TestA_place_that_cannot_be_asked_changes_no_record(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.folder(t)
		s.run(t, s.All[0], places.Options{})
		cut := &faulty{Place: s.All[0], open: func(string) error { return errors.New("the line is cut") }}
		if _, err := s.Check(t.Context(), cut, "registro/000001.json"); err == nil {
			t.Error("the check succeeds")
		}
		s.wantStates(t, s.All[0], allOK)
	})
}

func TestAn_empty_place_that_held_copies_is_refused(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		s.run(t, s.All[0], places.Options{})
		if err := os.RemoveAll(path); err != nil { // as if its disk were not mounted
			t.Fatal(err)
		}
		s.write(t, "registro/000002.json", "{}")
		_, err := s.Run(t.Context(), s.All[0], places.Options{})
		if e := books.AsError(err); e == nil || e.Code != "place_empty" || e.Kind != books.Refused {
			t.Errorf("the round ends with %v", err)
		}
		if _, err = s.Check(t.Context(), s.All[0], "registro/000001.json"); err == nil || books.AsError(err).Code != "place_empty" {
			t.Errorf("the check ends with %v", err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("the folder was made")
		}
		s.wantStates(t, s.All[0], allOK+", 000002.json pending")
		if round := s.run(t, s.All[0], places.Options{All: true, NewPlace: true}); round.Proved != 4 {
			t.Errorf("a new place gets %+v", round)
		}
		if err := errors.Join(os.RemoveAll(path), os.Remove(filepath.Join(s.Folder, "registro", "000002.json"))); err != nil {
			t.Fatal(err)
		}
		s.run(t, s.All[0], places.Options{All: true, NewPlace: true})
		s.wantStates(t, s.All[0], allOK) // nothing is expected there that is gone here too
		s.write(t, "registro/000002.json", "{}")
		s.run(t, s.All[0], places.Options{})
		// On a place that is not empty, the confirmation changes nothing.
		if round := s.run(t, s.All[0], places.Options{All: true, NewPlace: true}); round.Proved != 4 || len(round.Tried) != 0 {
			t.Errorf("again: %+v", round)
		}
	})
}

func TestA_hanging_place_is_waited_for_no_longer_than_its_limit(t *testing.T) {
	places.SetHangTimeout(t, 50*time.Millisecond)
	both(t, func(t *testing.T, s *studio) {
		s.folder(t)
		release := make(chan struct{})
		var puts atomic.Int64
		hangs := &faulty{Place: s.All[0], put: func(string) error { puts.Add(1); <-release; return nil }}
		if _, err := s.Run(t.Context(), hangs, places.Options{}); err == nil || books.AsError(err).Code != "place_unreachable" {
			t.Errorf("the round ends with %v", err)
		}
		// While the call hangs, no other one is begun.
		if _, err := s.Run(t.Context(), hangs, places.Options{}); err == nil || books.AsError(err).Code != "place_unreachable" {
			t.Errorf("the next round ends with %v", err)
		}
		if puts.Load() != 1 {
			t.Errorf("%d calls hang", puts.Load())
		}
		close(release)
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if _, err := s.Run(t.Context(), hangs, places.Options{}); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		s.wantStates(t, s.All[0], allOK)
	})
}

func TestWhat_was_thinned_before_it_was_copied_is_forgotten(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.folder(t)
		down := &faulty{Place: s.All[0], put: func(string) error { return errors.New("down") }}
		_, _ = s.Run(t.Context(), down, places.Options{})
		_ = os.Remove(filepath.Join(s.Folder, "registro", "000001.json"))
		s.run(t, s.All[0], places.Options{})
		s.wantStates(t, s.All[0], "backup_2025_10.csv ok, backup_2025_10.manifest.json ok")
	})
}

func TestParse_refuses_places_that_are_no_other_places(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "backups")
	_ = os.Mkdir(folder, 0o700)
	link := filepath.Join(root, "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]string{
		{folder}, {folder + "/"}, {filepath.Join(folder, "copies", "deep")}, {link}, {filepath.Join(link, "x")}, {root + "/other/../backups"},
		{root + "/a", root + "/a/"}, {"http://x/y"}, {"s3://UPPER"},
	} {
		if _, err := places.Parse(bad, folder, nil); err == nil || books.AsError(err).Code != "place_setting" || books.AsError(err).Hint == "" {
			t.Errorf("%q answers %v", bad, err)
		}
	}
	all, err := places.Parse([]string{root + "/backups2", root, "s3://studio-backups/x"}, folder, nil)
	if err != nil || len(all) != 3 {
		t.Errorf("good places answer %v, %v", all, err)
	}
	if entries, _ := os.ReadDir(root); len(entries) != 2 {
		t.Errorf("parsing left %v", entries)
	}
}

var _ bucket.Place = (*faulty)(nil)

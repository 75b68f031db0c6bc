package places_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/places"
	"extrato/internal/store"
)

const day = 24 * time.Hour

func TestA_copy_altered_or_removed_after_its_proof_is_found(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		s.run(t, s.All[0], places.Options{})
		if err := os.WriteFile(filepath.Join(path, "2025_10/backup_2025_10.csv"), []byte("altered"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(path, "registro/000001.json")); err != nil {
			t.Fatal(err)
		}
		s.later(31 * day)
		round := s.run(t, s.All[0], places.Options{})
		s.wantStates(t, s.All[0], "backup_2025_10.csv corrupt, backup_2025_10.manifest.json ok, 000001.json ok")
		if !slices.Equal(round.Lost, []string{"registro/000001.json"}) || round.Copied != 1 || round.Proved != 2 {
			t.Errorf("the round is %+v", round)
		}
		if text, err := os.ReadFile(filepath.Join(path, "registro/000001.json")); err != nil || string(text) != "{}" {
			t.Errorf("the copy that was gone holds %q, %v", text, err)
		}
	})
}

func TestWho_asks_for_all_copies_learns_of_a_lost_one_before_it_is_made_again(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		s.run(t, s.All[0], places.Options{})
		name := filepath.Join(path, "registro/000001.json")
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if round := s.run(t, s.All[0], places.Options{All: true}); len(round.Tried) != 0 {
			t.Errorf("without --check %d copies are read", len(round.Tried))
		}
		round := s.run(t, s.All[0], places.Options{All: true, Again: true})
		if len(round.Tried) != 3 || round.Checked != 3 || round.Copied != 0 || len(round.Lost) != 0 {
			t.Errorf("the round is %+v", round)
		}
		s.wantStates(t, s.All[0], "backup_2025_10.csv ok, backup_2025_10.manifest.json ok, 000001.json missing")
		if round = s.run(t, s.All[0], places.Options{All: true}); !slices.Equal(round.Lost, []string{"registro/000001.json"}) {
			t.Errorf("the next round is %+v", round)
		}
		s.wantStates(t, s.All[0], allOK)
	})
}

// many adds objects until there are n, and returns a place that notes what is
// read of them.
func (s *studio) many(t *testing.T, n int) (place *faulty, reads *[]string) {
	t.Helper()
	for i := range n - 3 {
		s.write(t, fmt.Sprintf("registro/%06d.json", i+2), "{}")
	}
	s.folder(t)
	reads = &[]string{}
	place = &faulty{Place: s.All[0], open: func(name string) error { *reads = append(*reads, name); return nil }}
	s.run(t, place, places.Options{})
	*reads = nil
	return place, reads
}

func TestEvery_copy_is_read_again_within_30_days_a_share_each_day(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		const n, step = 60, 6 * time.Hour
		place, reads := s.many(t, n)
		lastRead, since := map[string]time.Time{}, s.now()
		for now := since; now.Sub(since) < 70*day; now = s.now() {
			before := len(*reads)
			for range 4 { // rounds are more frequent than the clock's steps
				s.run(t, place, places.Options{})
			}
			if read := len(*reads) - before; read > 1 {
				t.Fatalf("%d copies are read at once", read)
			}
			for _, name := range (*reads)[before:] {
				lastRead[name] = now
			}
			s.later(step)
			for _, rec := range s.records(t, place) {
				if age := s.now().Sub(rec.CheckedAt.V.Time()); age > places.ReadAgain+step {
					t.Fatalf("%s was checked %s ago", rec.Object, age)
				}
			}
		}
		if len(lastRead) != n || len(*reads) < 2*n || len(*reads) > 70*2+1 {
			t.Errorf("%d reads of %d copies in 70 days", len(*reads), len(lastRead))
		}
		if again := (*reads)[n : 2*n]; !slices.Equal((*reads)[:n], again) {
			t.Error("they are not read in the order of their checks")
		}
	})
}

func (s *studio) records(t *testing.T, place bucket.Place) (all []store.ObjectCopy) {
	t.Helper()
	err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
		all, err = tx.ObjectCopies(t.Context(), place.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOverdue_checks_are_made_up_for_and_new_objects_go_first(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		place, reads := s.many(t, 25)
		s.later(100 * day)
		s.write(t, "registro/999999.json", "{}")
		var rounds []int
		for range 5 {
			round := s.run(t, place, places.Options{})
			rounds = append(rounds, round.Copied, round.Checked)
		}
		if want := []int{1, 10, 0, 10, 0, 5, 0, 0, 0, 0}; !slices.Equal(rounds, want) {
			t.Errorf("copied and checked %v, want %v", rounds, want)
		}
		if (*reads)[0] != "registro/999999.json" {
			t.Errorf("%s is read first", (*reads)[0])
		}
		s.later(100 * day)
		if round := s.run(t, place, places.Options{All: true}); round.Checked != 26 {
			t.Errorf("the command reads %d", round.Checked)
		}
	})
}

func TestChecks_by_a_clock_that_ran_ahead_do_not_count(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.later(400 * day)
		place, reads := s.many(t, 3)
		s.later(-400 * day)
		s.run(t, place, places.Options{})
		if s.run(t, place, places.Options{}); len(*reads) != 3 {
			t.Errorf("%d copies are read", len(*reads))
		}
	})
}

// locking is a place with locks of 35 days that may refuse to extend them.
type locking struct {
	*faulty
	refuses bool
	until   map[string]time.Time
}

func (l *locking) Locks() time.Duration { return 35 * day }

func (l *locking) Retain(_ context.Context, name, _ string, until time.Time) error {
	if l.refuses {
		return errors.New("AccessDenied")
	}
	l.until[name] = until
	return nil
}

func TestLocks_are_extended_by_the_check(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		bare, reads := s.many(t, 3)
		place := &locking{bare, true, map[string]time.Time{}}
		s.later(30 * day)
		round, err := s.Run(t.Context(), place, places.Options{})
		if e := books.AsError(err); e == nil || e.Code != "place_refused" || len(round.Tried) != 3 {
			t.Errorf("a refusal answers %+v, %v", round, err)
		}
		s.wantStates(t, place, allOK) // their bytes are whole
		overview := s.overview(t, place)
		if overview.Unlocked != 3 || !strings.Contains(overview.Refusal, "lock was not extended") {
			t.Errorf("the place is %+v", overview)
		}
		s.run(t, place, places.Options{}) // not at once again
		if len(*reads) != 3 {
			t.Errorf("%d reads", len(*reads))
		}
		place.refuses = false
		s.later(day)
		s.run(t, place, places.Options{})
		if got, want := place.until["registro/000001.json"], s.now().Add(35*day); len(place.until) != 3 || !got.Equal(want) {
			t.Errorf("locked until %v, want %s", place.until, want)
		}
		if overview = s.overview(t, place); overview.Unlocked != 0 {
			t.Errorf("the place is %+v", overview)
		}
	})
}

func TestOnly_whole_copies_of_what_is_kept_are_locked_longer(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.write(t, "inteiro/20251101T000000Z.sqlite", "old")
		s.write(t, "inteiro/20251102T000000Z.sqlite", "new")
		bare, _ := s.many(t, 3)
		place := &locking{bare, false, map[string]time.Time{}}
		if err := os.WriteFile(filepath.Join(place.String(), "registro/000001.json"), []byte("altered"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(s.Folder, "inteiro/20251101T000000Z.sqlite")); err != nil {
			t.Fatal(err)
		}
		s.later(31 * day)
		s.run(t, place, places.Options{})
		want := []string{"2025_10/backup_2025_10.csv", "2025_10/backup_2025_10.manifest.json", "inteiro/20251102T000000Z.sqlite"}
		if got := slices.Sorted(maps.Keys(place.until)); !slices.Equal(got, want) {
			t.Errorf("locked are %q, want %q", got, want)
		}
	})
}

func TestOld_copies_of_the_running_month_removed_by_a_rule_of_the_bucket_are_no_finding(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		for _, name := range []string{"inteiro/20251101T000000Z.sqlite", "estudio/20251101T000000Z.abc.json.gz", "inteiro/20251102T000000Z.sqlite"} {
			s.write(t, name, "copy")
		}
		place, _ := s.many(t, 3)
		for _, folder := range []string{s.Folder, place.String()} {
			if err := errors.Join(os.RemoveAll(filepath.Join(folder, "estudio")), os.Remove(filepath.Join(folder, "inteiro/20251101T000000Z.sqlite"))); err != nil {
				t.Fatal(err)
			}
		}
		s.later(31 * day)
		if round := s.run(t, place, places.Options{}); round.Checked != 4 || len(round.Lost) != 0 {
			t.Errorf("the round is %+v", round)
		}
		s.wantStates(t, place, "backup_2025_10.csv ok, backup_2025_10.manifest.json ok, 20251102T000000Z.sqlite ok, 000001.json ok")
	})
}

func (s *studio) overview(t *testing.T, place bucket.Place) (o places.Overview) {
	t.Helper()
	err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
		o, err = s.Overview(t.Context(), tx, place.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestA_bad_copy_of_an_object_gone_here_stays_a_finding_until_it_is_mended(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		s.folder(t)
		s.run(t, s.All[0], places.Options{})
		name := filepath.Join(path, "registro/000001.json")
		if err := errors.Join(os.Remove(filepath.Join(s.Folder, "registro/000001.json")), os.Rename(name, name+".away")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s.later(31 * day)
			s.run(t, s.All[0], places.Options{})
			s.wantStates(t, s.All[0], "backup_2025_10.csv ok, backup_2025_10.manifest.json ok, 000001.json missing")
		}
		bad := s.records(t, s.All[0])[2]
		if holders, err := s.Holders(t.Context(), bad); err != nil || len(holders) != 0 {
			t.Errorf("it is said to be in %q, %v", holders, err)
		}
		if err := os.Rename(name+".away", name); err != nil {
			t.Fatal(err)
		}
		s.later(time.Hour)
		s.run(t, s.All[0], places.Options{})
		s.wantStates(t, s.All[0], allOK)
		s.run(t, s.All[1], places.Options{})
		bad = s.records(t, s.All[0])[0]
		if holders, err := s.Holders(t.Context(), bad); err != nil || !slices.Equal(holders, []string{s.Folder, s.All[1].String()}) {
			t.Errorf("it is said to be in %q, %v", holders, err)
		}
	})
}

func TestA_file_does_not_follow_a_manifest_that_is_bad_there(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		manifest := filepath.Join(path, "2025_10/backup_2025_10.manifest.json")
		_ = os.Mkdir(filepath.Dir(manifest), 0o700)
		if err := os.WriteFile(manifest, []byte("another studio's"), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			s.run(t, s.All[0], places.Options{})
		}
		s.wantStates(t, s.All[0], "backup_2025_10.csv pending, backup_2025_10.manifest.json corrupt, 000001.json ok")
	})
}

package closing_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/places"
	"extrato/internal/store"
)

// elsewhere gives the studio one place for copies and returns its folder.
func (s *studio) elsewhere(t *testing.T) (folder string, copyAll func()) {
	t.Helper()
	folder = t.TempDir()
	s.Places = &places.Places{
		Local: s.Backups.Bucket, All: []bucket.Place{bucket.NewFolderPlace(folder, nil)},
		Store: s.DB.Store, Now: s.Now, Log: s.Log, SpoolDir: t.TempDir(),
	}
	return folder, func() {
		t.Helper()
		if _, err := s.Places.Run(t.Context(), s.Places.All[0], places.Options{All: true}); err != nil {
			t.Fatal(err)
		}
	}
}

// wantDrillAt drills October where the job would, and asserts the place and the
// reason.
func (s *studio) wantDrillAt(t *testing.T, place, result, reason string) {
	t.Helper()
	d, err := s.Drill(t.Context(), october, nil)
	if err != nil || d.Result != result || d.Place != place || !strings.Contains(d.Reason, reason) || (reason == "") != (d.Reason == "") {
		t.Errorf("%+v, %v, want %s at %s: %s", d, err, result, place, reason)
	}
}

func TestDrill_reads_the_copy_farthest_away_once_it_is_proved(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		far, copyAll := s.elsewhere(t)
		s.wantDrillAt(t, s.Folder, store.DrillEqual, "since the copy in "+far+" is pending")
		copyAll()
		s.wantDrillAt(t, far, store.DrillEqual, "")

		// Damaged there since: the local copy holds every row.
		file := filepath.Join(far, filepath.FromSlash(firstCopy))
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := errorsJoin(os.Chmod(file, 0o600), os.WriteFile(file, append([]byte("x"), whole...), 0o600)); err != nil {
			t.Fatal(err)
		}
		s.wantDrillAt(t, far, store.DrillDifferent, firstCopy+" in "+s.Folder+" still holds every row")
		if _, err := s.Places.Check(t.Context(), s.Places.All[0], firstCopy); err != nil {
			t.Fatal(err)
		}
		s.wantDrillAt(t, s.Folder, store.DrillEqual, "is corrupt") // found by the check already
	})
}

func TestDrill_opens_encrypted_copies_only_with_their_key(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		far, copyAll := s.elsewhere(t)
		recipients, identities := encryption(t)
		s.Places.Recipients = recipients
		copyAll()
		s.wantDrillAt(t, s.Folder, store.DrillEqual, "the copy in "+far+" is encrypted; extrato drill --identity FILE opens that one")
		opened := &backup.Backups{Bucket: bucket.ReadOnly(identities.Decrypting(s.Places.All[0]))}
		if d, err := s.Drill(t.Context(), october, opened); err != nil || d.Result != store.DrillEqual || d.Place != far {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// encryption returns two recipients, and the identity of one.
func encryption(t *testing.T) (*bucket.Recipients, *bucket.Identities) {
	t.Helper()
	var public []string
	file := filepath.Join(t.TempDir(), "key.txt")
	for range 2 {
		key, err := age.GenerateX25519Identity()
		if err == nil {
			err = os.WriteFile(file, []byte(key.String()+"\n"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		public = append(public, key.Recipient().String())
	}
	recipients, err := bucket.ParseRecipients(strings.Join(public, ","))
	if err != nil {
		t.Fatal(err)
	}
	identities, err := bucket.ReadIdentities(file)
	if err != nil {
		t.Fatal(err)
	}
	return recipients, identities
}

// A finding keeps its month due, wherever it was made, until a later drill there
// is right.
func TestDrills_are_due_at_their_place(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		due := func(all bool, want ...books.Month) {
			t.Helper()
			got, err := s.DrillsDue(t.Context(), all)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("due are %v, %v, want %v", got, err, want)
			}
		}
		due(false, october)
		s.wantDrillAt(t, s.Folder, store.DrillEqual, "")
		due(false)
		due(true, october)
		far, copyAll := s.elsewhere(t)
		due(false) // the copy there is to come
		copyAll()
		due(false, october)
		s.wantDrillAt(t, far, store.DrillEqual, "")
		due(false)
		s.Clock = s.Clock.AddDate(0, 0, 30)
		due(false, october)
		s.remove(t, firstCopy)
		if d, err := s.Drill(t.Context(), october, s.Backups); err != nil || d.Result != store.DrillDifferent {
			t.Fatalf("%+v, %v", d, err)
		}
		s.wantDrillAt(t, far, store.DrillEqual, "")
		due(false)
		s.Clock = s.Clock.AddDate(0, 0, 1)
		due(false, october)
		s.Places = nil
		due(false, october)
	})
}

func TestDrills_count_while_their_place_is_in_use_and_the_statement_rests_on_their_file(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		want := func(n int, since books.Instant) {
			t.Helper()
			err := s.DB.Store.Read(t.Context(), func(tx *store.Tx) error {
				c, err := tx.DrillCondition(t.Context(), s.DrillPlaces())
				if len(c.Drills) != n || c.Since != since {
					t.Errorf("%d drills count, since %s, want %d since %s", len(c.Drills), c.Since, n, since)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want(0, 0)
		s.fullOctober(t)
		s.close(t, october, false)
		closed := books.InstantOf(s.Clock)
		want(0, closed)
		far, copyAll := s.elsewhere(t)
		copyAll()
		s.Clock = s.Clock.AddDate(0, 0, 1)
		s.wantDrillAt(t, far, store.DrillEqual, "")
		want(1, books.InstantOf(s.Clock))
		s.Places = nil
		want(0, closed) // that place is no longer in use
		s.wantDrillAt(t, s.Folder, store.DrillEqual, "")
		want(1, books.InstantOf(s.Clock))
		s.Clock = s.Clock.AddDate(0, 0, 1)
		s.expense(t, 80, "2025-10-09", "1.00")
		s.close(t, october, true)
		want(0, books.InstantOf(s.Clock)) // the statement rests on another file
		s.Clock = s.Clock.AddDate(0, 0, 1)
		s.wantDrillAt(t, s.Folder, store.DrillEqual, "")
		s.reopen(t, october)
		want(1, books.InstantOf(s.Clock))
		s.Clock = s.Clock.AddDate(0, 0, 1)
		s.close(t, october, false)
		want(0, books.InstantOf(s.Clock)) // it may rest on the same file, which was drilled for another revision
	})
}

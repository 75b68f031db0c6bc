package closing_test

import (
	"os"
	"path/filepath"
	"testing"
)

// What closed, reopened or was restored after the newest copy of the live rows is
// followed from the entries of the chain.

func TestRebuild_follows_what_closed_after_the_copy_of_the_live_rows(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "INSERT INTO "+s.own("deposits")+" (payment, day, marked) VALUES (3, '2025-10-10', TRUE)")
		s.close(t, september, false)
		s.keptStudio(t)
		s.close(t, october, false)
		s.reopen(t, september)
		if _, err := s.keeper().Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := s.everything(t)
		for name, open := range databases {
			t.Run("into_"+name, func(t *testing.T) {
				wantEverything(t, want, s.rebuilt(t, open).everything(t))
			})
		}
	})
}

func TestRebuild_brings_nobody_back_who_was_deleted_before_a_revision(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.Exec(t, "INSERT INTO clients (id, name) VALUES (2, 'Caio')")
		s.payment(t, 1, "2025-10-03", "10.00")
		s.Exec(t, "UPDATE pagamentos SET cliente_id = 2 WHERE id = 1")
		s.close(t, october, false)
		s.Exec(t, "DELETE FROM clients WHERE id = 2")
		s.payment(t, 2, "2025-10-04", "20.00")
		s.keptStudio(t)
		s.close(t, october, true)
		s.kept(t)
		for _, name := range s.in(t, "estudio")[1:] { // the copy after the revision
			must(t, os.Remove(filepath.Join(s.Folder, name)))
		}
		want := s.everything(t)
		for name, open := range databases {
			t.Run("into_"+name, func(t *testing.T) {
				wantEverything(t, want, s.rebuilt(t, open).everything(t))
			})
		}
	})
}

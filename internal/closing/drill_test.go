package closing_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

func (s *studio) drill(t testing.TB, month books.Month) closing.Drilled {
	t.Helper()
	before := s.dump(t)
	d, err := s.Drill(t.Context(), month, s.Backups)
	if err != nil {
		t.Fatalf("drill %s: %v", month, err)
	}
	wantSame(t, "a drill changed the books", before, s.dump(t))
	if left, err := filepath.Glob(filepath.Join(s.SpoolDir, ".extrato-drill-*")); err != nil || len(left) > 0 {
		t.Errorf("the drill left %s behind (%v)", left, err)
	}
	return d
}

func (s *studio) wantDrill(t testing.TB, month books.Month, want string) closing.Drilled {
	t.Helper()
	d := s.drill(t, month)
	if d.Result != want {
		t.Fatalf("the drill of %s is %s (%s), want %s", month, d.Result, d.Reason, want)
	}
	return d
}

func TestDrill_gives_the_statement_again(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.wantDrill(t, october, store.DrillEqual)

		// Late rows, then a revision.
		s.payment(t, 21, "2025-10-30", "5.00")
		s.commission(t, 20, 21, "1.00", made)
		s.close(t, october, true)
		s.wantDrill(t, october, store.DrillEqual)

		// Another name since is nothing to the drill.
		s.Exec(t, "UPDATE clients SET name = 'Outra' WHERE id = 1")
		s.wantDrill(t, october, store.DrillEqual)
		if _, err := s.Reopen(t.Context(), october, "test", "test"); err != nil {
			t.Fatal(err)
		}
		s.wantDrill(t, october, store.DrillEqual)
		s.close(t, october, false)
		s.wantDrill(t, october, store.DrillEqual)
		if err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
			drills, err := tx.Drills(t.Context(), books.Month{})
			if len(drills) != 1 || drills[0].Result != "equal" || drills[0].Month != october {
				t.Errorf("recorded are %+v", drills)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// closesAgain drills October, and reports whether the drill reopened and closed it
// in the scratch database.
func (s *studio) closesAgain(t testing.TB) (again bool) {
	t.Helper()
	s.Step = func(step string) { again = again || step == "closed again in the scratch database" }
	defer func() { s.Step = nil }()
	s.wantDrill(t, october, store.DrillEqual)
	return again
}

func TestDrill_reopens_and_closes_a_month_standing_for_itself(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.linked(t, 1, 1, "2025-10-03", "450.00")
		s.commission(t, 1, 1, "270.00", made)
		s.commission(t, 2, 1, "90.00", made) // split between two artists
		s.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (2, 'Caio', 'artist', TRUE, FALSE)")
		s.Exec(t, "UPDATE comissoes SET artista_id = 2 WHERE id = 2")
		s.expense(t, 1, "2025-10-31", "10.00")
		s.close(t, october, false)
		if !s.closesAgain(t) {
			t.Error("the month stands for itself, but was not closed in the scratch database")
		}

		// Merged since: the statement names the client as it was closed.
		s.Exec(t, "INSERT INTO clients (id, name) VALUES (2, 'Bia Souza')")
		s.Exec(t, "INSERT INTO "+s.own("merged_clients")+" (client, into_client, merged_into, change) VALUES (1, 2, 2, 1)")
		s.Exec(t, "DELETE FROM clients WHERE id = 1")
		if !s.closesAgain(t) {
			t.Error("a merged client kept the month from being closed again")
		}
	})
}

// A session of two months, or one that stays, is decided by more than the month.
func TestDrill_closes_no_month_again_that_others_decide(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "100.00")
		s.payment(t, 2, "2025-11-01", "200.00")
		s.session(t, 1, "2025-10-20", "300.00", nil)
		s.pays(t, 1, 1)
		s.pays(t, 2, 1)
		s.close(t, october, false)
		if s.closesAgain(t) {
			t.Error("the month was closed again without the payment of November")
		}
	})
}

// A session that stays names its payment, and the payment does not name it.
func TestDrill_closes_no_month_again_with_a_link_of_a_session_that_stays(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "100.00")
		s.session(t, 1, "2025-11-20", "300.00", 1)
		s.close(t, october, false)
		if n := s.Int(t, "SELECT count(*) FROM sessoes"); n != 1 {
			t.Fatalf("%d sessions stay", n)
		}
		if s.closesAgain(t) {
			t.Error("the month was closed again without the session")
		}
	})
}

// A place that hangs is a failed drill, and the next one does not wait for it.
func TestDrill_of_a_place_that_hangs_fails(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.close(t, october, false)
		closing.SetDrillTimeout(t, 20*time.Millisecond)
		s.hang(t)
		for range 2 {
			if d := s.wantDrill(t, october, store.DrillFailed); !strings.Contains(d.Reason, "does not answer in time") || d.Next == "" {
				t.Errorf("%+v", d)
			}
		}
	})
}

func TestDrill_answers_months_without_a_statement_of_ours(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-11-01", "10.00")
		_, err := s.Drill(t.Context(), november, s.Backups)
		if e := books.AsError(err); e == nil || e.Kind != books.NotFound || e.Code != "no_statement" {
			t.Errorf("an open month gives %v", err)
		}
		s.v4Statement(t, september)
		s.close(t, october, false) // empty
		s.wantDrill(t, october, store.DrillEqual)
		_, err = s.Drill(t.Context(), september, nil)
		if e := books.AsError(err); e == nil || e.Kind != books.Refused || e.Code != "statement_of_v4" {
			t.Errorf("a statement of v4's gives %v", err)
		}
		if months, err := s.DrillMonths(t.Context()); err != nil || len(months) != 1 || months[0] != october {
			t.Errorf("%v can be drilled, %v", months, err)
		}
	})
}

func TestDrill_of_a_month_closed_without_a_backup(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.RequireBackup = false
		s.put(t, "2025_10", "in the way")
		s.close(t, october, false)
		if d := s.wantDrill(t, october, store.DrillFailed); d.Next != "extrato backup create 2025-10" {
			t.Errorf("next is %q", d.Next)
		}
		s.remove(t, "2025_10")
		if _, err := s.CreateBackup(t.Context(), october, "test"); err != nil {
			t.Fatal(err)
		}
		s.wantDrill(t, october, store.DrillEqual)
	})
}

// TestDrill_names_what_is_gone is beside the flipped bits of drill_bits_test.go.
func TestDrill_names_what_is_gone(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		for _, file := range []string{firstManifest, firstCopy} {
			s.remove(t, file)
			d := s.wantDrill(t, october, store.DrillDifferent)
			if d.File != firstCopy || !strings.Contains(d.Reason, "the statement of 2025-10 in the database still holds every row") || !strings.Contains(d.Next, "extrato backup create 2025-10") {
				t.Errorf("without %s: %+v", file, d)
			}
		}
	})
}

// A copy exchanged with its manifest is whole, but of other rows.
func TestDrill_names_an_exchanged_copy(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		kept := map[string]string{}
		for _, file := range []string{firstCopy, firstManifest} {
			text, err := os.ReadFile(filepath.Join(s.Folder, filepath.FromSlash(file)))
			if err != nil {
				t.Fatal(err)
			}
			kept[file] = string(text)
		}
		if _, err := s.Reopen(t.Context(), october, "test", "test"); err != nil {
			t.Fatal(err)
		}
		s.Exec(t, "UPDATE gastos SET valor = 1 WHERE id = 2")
		for file := range kept {
			s.remove(t, file)
		}
		s.NewPlace = true
		s.Clock = s.Clock.AddDate(0, 0, 1)
		receipt, err := s.CreateBackup(t.Context(), october, "test")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{receipt.File, strings.TrimSuffix(receipt.File, ".csv") + ".manifest.json"} {
			text, err := os.ReadFile(filepath.Join(s.Folder, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			target := firstCopy
			if strings.HasSuffix(name, ".json") {
				target = firstManifest
			}
			s.put(t, target, string(text))
		}
		s.wantDrill(t, october, store.DrillDifferent)
	})
}

// A session that stays is in the backup alone, for its identity: another one gives
// the same statement, but is not what was written.
func TestDrill_names_a_copy_exchanged_beside_the_statements_rows(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		csv, manifest := filepath.Join(s.Folder, filepath.FromSlash(firstCopy)), filepath.Join(s.Folder, filepath.FromSlash(firstManifest))
		lines := strings.SplitAfter(read(t, csv), "\n")
		i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "sessao_viva,") })
		if i < 0 {
			t.Fatal("no session stays")
		}
		before := sha256.Sum256([]byte(strings.Join(lines, "")))
		lines[i] = strings.Replace(lines[i], "2025-10-10", "2025-10-11", 1)
		after := sha256.Sum256([]byte(strings.Join(lines, "")))
		if before == after {
			t.Fatalf("nothing to change in %q", lines[i])
		}
		s.put(t, firstCopy, strings.Join(lines, ""))
		s.put(t, firstManifest, reseal(strings.Replace(read(t, manifest), hex.EncodeToString(before[:]), hex.EncodeToString(after[:]), 1)))
		if d := s.wantDrill(t, october, store.DrillDifferent); !strings.HasPrefix(d.Reason, "it is not the file that was recorded") {
			t.Errorf("%+v", d)
		}
	})
}

package closing_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/recovery"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// A database that is lost whole comes back from the folder of the backups: see
// package recovery.

func (s *studio) keeper() *recovery.Keeper {
	return &recovery.Keeper{Store: s.Store(), Backups: s.Backups, CheckPlace: s.CheckPlace, Now: s.Now, SpoolDir: s.SpoolDir}
}

// kept writes what is missing of the register, and a copy of the live rows.
func (s *studio) kept(t testing.TB) {
	t.Helper()
	if _, err := s.keeper().Keep(t.Context()); err != nil {
		t.Fatalf("keep the register: %v", err)
	}
	s.keptStudio(t)
}

func (s *studio) keptStudio(t testing.TB) string {
	t.Helper()
	name, err := s.keeper().KeepStudio(t.Context(), 0)
	if err != nil {
		t.Fatalf("copy the studio: %v", err)
	}
	return name
}

// source reads the folder. It is closed with the test.
func (s *studio) source(t testing.TB, o recovery.Options) *recovery.Source {
	t.Helper()
	from, err := recovery.Open(t.Context(), bucket.NewFolder(s.Folder, nil), o)
	if err != nil {
		t.Fatalf("open the folder: %v", err)
	}
	t.Cleanup(from.Close)
	return from
}

// rebuilt makes a new database of the folder alone, and a studio over it with
// a copy of the folder and the same clock.
func (s *studio) rebuilt(t testing.TB, open func(testing.TB, func() time.Time) *storetest.DB) *studio {
	t.Helper()
	db := open(t, s.Now)
	if _, err := s.source(t, recovery.Options{}).Rebuild(t.Context(), db.Store, "test"); err != nil {
		t.Fatalf("rebuild: %v", err)
	}
	again := &studio{DB: db, Folder: filepath.Join(t.TempDir(), "backups"), Clock: s.Clock}
	must(t, os.CopyFS(again.Folder, os.DirFS(s.Folder)))
	again.Closer = newCloser(t, db.Store, again.Folder, func() time.Time { return again.Clock })
	return again
}

// everything says what a studio is, alike on both databases.
func (s *studio) everything(t testing.TB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	say := func(what, format string, args ...any) { all[what] = append(all[what], fmt.Sprintf(format, args...)) }
	err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
		clear(all)
		ctx := context.Background()
		entries, err := tx.ChainEntries(ctx)
		for _, e := range entries {
			say("chain", "%+v", e)
		}
		must(t, err)
		must(t, tx.EachStatement(ctx, func(st books.Stored) error {
			at, err := tx.StatementStored(ctx, st.Month)
			say("statements", "%s %s %q", st.Month, at, st.Parts)
			return err
		}))
		revisions, err := tx.Revisions(ctx)
		must(t, err)
		for _, r := range revisions {
			month, err := books.ParseMonth(r.Month)
			must(t, err)
			st, err := tx.Revision(ctx, month, r.Revision)
			must(t, err)
			say("revisions", "%v %q", r, st.Parts)
		}
		sums, err := tx.ClosedSums(ctx, books.Month{Year: 2000, Month: 1}, books.Month{Year: 2100, Month: 12})
		must(t, err)
		for _, sum := range sums {
			say("sums", "%+v", sum)
		}
		resting, err := tx.PaymentsAtRest(ctx)
		must(t, err)
		say("at rest", "%v", resting)
		known, err := tx.Backups(ctx, books.Month{})
		must(t, err)
		for _, k := range known {
			k.VerifiedAt = 0
			say("backups", "%+v", k)
		}
		for _, table := range store.PortableTables() {
			must(t, tx.EachPortable(ctx, table, func(row []*string) error {
				words := []string{}
				for _, cell := range row {
					if cell == nil {
						words = append(words, "NULL")
					} else {
						words = append(words, fmt.Sprintf("%q", *cell))
					}
				}
				say(table.Name, "%s", strings.Join(words, " "))
				return nil
			}))
		}
		for _, kind := range []books.Kind{books.PaymentKind, books.SessionKind, books.CommissionKind, books.ExpenseKind} {
			for row, err := range tx.AllRecords(ctx, kind) {
				must(t, err)
				say(kind.Table(), "%s", books.AppendRowJSON(nil, row))
			}
		}
		return nil
	})
	must(t, err)
	slices.Sort(all["sums"])
	return all
}

// raw are the rows of our own tables as the database has them, all columns. Runs
// are numbered anew, and backups were read just now.
func (s *studio) raw(t testing.TB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range []string{
		"closings", "closing_details", "revisions", "deposits", "expense_categories", "payments_at_rest", "month_sums", "settings",
		"changes", "changed_rows", "artist_terms", "method_terms", "merged_clients", "staff", "answers",
	} {
		var columns []string
		for _, c := range s.columns(t, table) {
			columns = append(columns, fmt.Sprintf("coalesce(CAST(%q AS TEXT), '∅')", c))
		}
		all[table] = s.texts(t, "SELECT "+strings.Join(columns, " || '|' || ")+" FROM "+s.own(table)+" ORDER BY 1")
		if len(all[table]) == 0 {
			t.Errorf("%s is empty: nothing is compared", table)
		}
	}
	return all
}

// wantNoIDAgain wants each sequence as far as it was, or farther.
func wantNoIDAgain(t failing, was, is *studio) {
	t.Helper()
	read := func(s *studio) (last map[string]int64) {
		ctx := context.Background()
		err := s.Store().Read(ctx, func(tx *store.Tx) (err error) {
			last, err = tx.Sequences(ctx)
			return err
		})
		if err != nil {
			t.Errorf("read the sequences: %v", err)
		}
		return last
	}
	before, after := read(was), read(is)
	for table, last := range before {
		if after[table] < last && !slices.Contains([]string{"runs", "extratos", "extrato_run_logs"}, table) { // failed attempts do not come back
			t.Errorf("the next id of %s follows %d, and %d was given out", table, after[table], last)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// failing is a test, or a history.
type failing interface {
	Helper()
	Errorf(format string, args ...any)
}

func wantEverything(t failing, want, got map[string][]string) {
	t.Helper()
	for _, what := range slices.Sorted(mapKeys(want, got)) {
		w, g := strings.Join(want[what], "\n"), strings.Join(got[what], "\n")
		if w != g {
			t.Errorf("%s came back as\n%s\nand not as\n%s", what, g, w)
		}
	}
}

func mapKeys(maps ...map[string][]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, m := range maps {
			for k := range m {
				if !seen[k] && !yield(k) {
					return
				}
				seen[k] = true
			}
		}
	}
}

// databases opens each kind of database.
var databases = map[string]func(testing.TB, func() time.Time) *storetest.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres}

// ownRows adds a row to each of our own tables about people and live rows.
func (s *studio) ownRows(t testing.TB) {
	t.Helper()
	s.Exec(t, "INSERT INTO clients (id, name, jotform_submission_id) VALUES (2, 'Bia B.', 'form 2')")
	s.expense(t, 82, "2025-11-02", "9.90")
	s.commission(t, 5, 6, "60.00", "2025-11-01 15:00:00.000000") // one payment, two artists
	s.commission(t, 6, 6, "40.00", "2025-11-01 15:00:00.000000")
	for _, insert := range []string{
		"artist_terms (artist, from_day, percent) VALUES (1, '2025-01-01', 60), (1, '2025-10-15', 62.5)",
		"method_terms (method, from_day, percent, days) VALUES ('Pix', '2025-01-01', 0.99, 1)",
		"staff (user_id, reception, tattoos) VALUES (1, FALSE, TRUE)",
		"expense_categories (expense, category) VALUES (82, 'Material')",
		"deposits (payment, day, marked) VALUES (6, '2025-11-01', TRUE)",
		"changes (action, kind, row_id, actor, at) VALUES ('merge', 'cliente', 2, 'user 1', '2025-11-01T13:00:00.000000Z')",
		"merged_clients (client, into_client, merged_into, change) SELECT 2, 1, 1, max(id) FROM " + s.own("changes"),
		"changed_rows (change, kind, row_id, payment, before, after) SELECT max(id), 'cliente', 2, NULL, '{\"id\":2}', '{\"id\":2}' FROM " + s.own("changes"),
		"settings (name, value) VALUES ('studio', 'Agulha & Cia <x>')",
		"answers (actor, key, request, status, headers, body, at) VALUES ('user 1', 'k', 'r', 201, '{}', '{\"a\":\"é\"}', '2025-11-02T14:00:00.000000Z')",
		"changes (action, kind, row_id, actor, at) VALUES ('change', 'gasto', 3, 'user 1', '2025-11-01T12:00:00.000000Z')",
		"changed_rows (change, kind, row_id, payment, before, after) SELECT max(id), 'gasto', 3, NULL, '{\"id\":3}', NULL FROM " + s.own("changes"),
	} {
		table, rest, _ := strings.Cut(insert, " ")
		s.Exec(t, "INSERT INTO "+s.own(table)+" "+rest)
	}
	s.Exec(t, "UPDATE users SET google_id = 'g1', avatar_url = 'https://x', created_at = '2024-01-02 03:04:05.678901' WHERE id = 1")
}

func TestRebuild_brings_everything_back_on_and_across_both_databases(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		s.ownRows(t)
		s.Exec(t, "DELETE FROM gastos WHERE id = 3") // its number must not come again
		s.kept(t)
		want := s.everything(t)
		for name, open := range databases {
			t.Run("into_"+name, func(t *testing.T) {
				again := s.rebuilt(t, open)
				wantEverything(t, want, again.everything(t))
				if again.Store().Postgres() == s.Store().Postgres() {
					wantSame(t, "the tables differ", s.raw(t), again.raw(t))
				}
				wantNoIDAgain(t, s, again)
				again.wantWhole(t)
				if a, err := again.VerifyChain(t.Context()); err != nil || !a.OK {
					t.Errorf("the audit says %+v, %v", a, err)
				}
				opened := again.reopen(t, october)
				closed := again.close(t, october, false)
				if closed.Fingerprint != opened.Fingerprint {
					t.Errorf("October closes again as %s, it was %s", closed.Fingerprint, opened.Fingerprint)
				}
			})
		}
	})
}

func TestRebuild_refuses_a_database_with_rows_and_changes_nothing(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.kept(t)
		before := s.dump(t)
		e := s.refused(t, books.Refused, "not_empty", func() error {
			_, err := s.source(t, recovery.Options{}).Rebuild(t.Context(), s.Store(), "test")
			return err
		})
		if e != nil && !strings.Contains(e.Message, "rows in users") {
			t.Errorf("the refusal says %q", e.Message)
		}
		wantSame(t, "after the refusal", before, s.dump(t))
	})
}

func TestRebuild_twice_at_once_has_one_winner(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		s.kept(t)
		want := s.everything(t)
		open := databases["sqlite"]
		if s.Store().Postgres() {
			open = databases["postgres"]
		}
		again := &studio{DB: open(t, s.Now), Folder: s.Folder, Clock: s.Clock}
		ended := make(chan error, 2)
		for range 2 {
			from := s.source(t, recovery.Options{})
			go func() {
				_, err := from.Rebuild(context.Background(), again.DB.Store, "test")
				ended <- err
			}()
		}
		for n, err := range []error{<-ended, <-ended} {
			if e := books.AsError(err); n == 0 && e != nil || n == 1 && (e == nil || e.Code != "not_empty") {
				t.Errorf("the one that ended as number %d says %v", n+1, err)
			}
		}
		wantEverything(t, want, again.everything(t))
	})
}

// TestRebuild_names_every_damaged_and_missing_object changes each object in
// turn: a byte at the start, in the middle and at the end, and the whole of it.
func TestRebuild_names_every_damaged_and_missing_object(t *testing.T) {
	s := sqliteStudio(t)
	s.longHistory(t)
	s.kept(t)
	for file, text := range s.objects(t) {
		path, whole := filepath.Join(s.Folder, file), []byte(text)
		broken := map[string]func() error{"missing": func() error { return os.Remove(path) }}
		for _, at := range []int{0, 3, 8, len(whole) / 2, len(whole) - 1} {
			if at < len(whole) {
				broken[fmt.Sprintf("byte_%d", at)] = func() error {
					flipped := slices.Clone(whole)
					flipped[at] ^= 1
					return os.WriteFile(path, flipped, 0o600)
				}
			}
		}
		for how, damage := range broken {
			must(t, damage())
			s.wantNamed(t, file, how)
			must(t, os.WriteFile(path, whole, 0o600))
		}
	}
	if _, err := s.source(t, recovery.Options{}).Plan(); err != nil {
		t.Errorf("the whole folder: %v", err)
	}
}

// wantNamed wants a damaged file named: in an error, or in a note if it is not
// needed.
func (s *studio) wantNamed(t *testing.T, file, how string) {
	t.Helper()
	r, err := s.source(t, recovery.Options{}).Plan()
	said := strings.Join(r.Notes, "\n")
	if err != nil {
		said = books.AsError(err).Message
		if books.AsError(err).Kind != books.Integrity {
			t.Errorf("%s %s: %v, want an integrity error", file, how, err)
		}
	}
	name := strings.Replace(file, ".manifest.json", ".csv", 1)
	if how == "missing" && strings.HasPrefix(file, "estudio/") { // the only one: no name tells of it
		name = "no copy of the live rows"
	}
	if !strings.Contains(said, name) {
		t.Errorf("%s %s: it says %q", file, how, said)
	}
}

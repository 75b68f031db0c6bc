package closing_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store/storetest"
)

// TestInvariants_hold_in_random_histories is the five invariants of the design:
// whatever is inserted, edited, deleted, linked, backed up, corrupted, closed,
// forced, reopened and restored, in any order, every row is in exactly one
// place, leaves only when a backup on disk holds it, and comes back as it was;
// what the program does and refuses is what a plain model says.
//
// EXTRATO_CHECKS multiplies the number of histories; -rapid.seed repeats a run.
func TestInvariants_hold_in_random_histories(t *testing.T) {
	given := map[string]bool{} // on the command line; flag.Set would add to it
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	prints := fingerprints{of: map[string]books.Fingerprint{}, rows: map[books.Fingerprint]string{}}
	for name, open := range map[string]func(testing.TB, func() time.Time) *storetest.DB{
		"sqlite": storetest.SQLite, "postgres": storetest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			setRapid(t, given, map[string]int{"sqlite": 50, "postgres": 30}[name])
			clock := noon(2026, time.January, 2) // migrations note the time, too
			now := func() time.Time { return clock }
			db := open(t, now)
			t.Cleanup(func() { db.Store.Close(); db.SQL.Close() }) // kills have replaced them
			root, runs, came := t.TempDir(), 0, map[string]int{}
			try := func(rt *rapid.T) {
				runs++
				clock = noon(2026, time.January, 2)
				h := &history{DB: db, clock: &clock, prints: prints, came: came, t: rt, ctx: t.Context(), used: map[rowKey]bool{}}
				h.folder = filepath.Join(root, strconv.Itoa(runs))
				h.start(newCloser(t, db.Store, h.folder, now))
				h.restart = func(image string) {
					replaceDatabase(t, db, image, now)
					h.start(newCloser(t, db.Store, h.folder, now))
				}
				h.m = newModel(storetest.Zone, clock, "2025-10")
				h.reset()
				h.begin()
				rt.Repeat(h.actions())
				h.t = rt
				h.drillAll()
				h.everythingBack(t)
			}
			for end := time.Now().Add(longHistories(t)); ; setRapid(t, given, 50) {
				rapid.Check(t, try)
				if t.Failed() || !time.Now().Before(end) {
					break
				}
			}
			reportHistories(t, runs, came)
			t.Logf("%d histories, in which %s", runs, counted(came))
		})
	}
}

// setRapid sets how many histories are tried, unless the command line does, and
// names the seed.
func setRapid(t *testing.T, given map[string]bool, checks int) {
	if n, err := strconv.Atoi(os.Getenv("EXTRATO_CHECKS")); err == nil {
		checks *= n
	}
	if testing.Short() {
		checks /= 5
	}
	set := func(name, value string) {
		if given[name] {
			return
		}
		before := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Lookup(name).Value.Set(before) }) // it was its own
	}
	set("rapid.checks", strconv.Itoa(checks))
	set("rapid.steps", "40")
	set("rapid.seed", strconv.FormatUint(rand.Uint64()|1, 10))
	seed := flag.Lookup("rapid.seed").Value
	t.Logf("repeat with -rapid.seed=%s -rapid.checks=%s", seed, flag.Lookup("rapid.checks").Value)
}

// counted lists what actions came to, and how often.
func counted(came map[string]int) string {
	var list []string
	for _, what := range slices.Sorted(maps.Keys(came)) {
		list = append(list, fmt.Sprintf("%s %d ×", what, came[what]))
	}
	return strings.Join(list, ", ")
}

// fingerprints remembers which rows each fingerprint stood for, on whatever
// database: equal rows have equal ones, different rows different ones.
type fingerprints struct {
	of   map[string]books.Fingerprint
	rows map[books.Fingerprint]string
}

// history is one random history: a database, its backups, and the model.
type history struct {
	*storetest.DB
	c      *closing.Closer
	m      *model
	folder string
	clock  *time.Time
	prints fingerprints
	came   map[string]int // what actions came to, and how often
	// restart goes on with an image's database, and with a new closer.
	restart func(image string)
	killed  bool
	used    map[rowKey]bool // every row that ever was
	gone    []rowKey        // those that a person deleted
	t       *rapid.T
	ctx     context.Context
}

func (h *history) start(c *closing.Closer) {
	c.CloseFrom = october
	h.c = c
}

func (h *history) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// exec runs statements in one transaction, as a person or v4 would.
func (h *history) exec(statements ...statement) {
	h.t.Helper()
	tx, err := h.SQL.BeginTx(h.ctx, nil)
	h.must(err)
	defer tx.Rollback()
	for _, s := range statements {
		if _, err := tx.ExecContext(h.ctx, s.query, s.args...); err != nil {
			h.t.Fatalf("%s %v: %v", s.query, s.args, err)
		}
	}
	h.must(tx.Commit())
}

type statement struct {
	query string
	args  []any
}

// reset empties the database and lets ids begin anew. It has to get past the
// triggers that keep the chain.
func (h *history) reset() {
	var all []statement
	add := func(query string) { all = append(all, statement{query: query}) }
	emptied := []string{"comissoes", "pagamentos", "sessoes", "gastos", "extratos", "extrato_run_logs", "users", "clients",
		"closings", "closing_details", "revisions", "backups", "runs", "deposits", "payments_at_rest", "month_sums"}
	if h.Path == "" {
		add("SET LOCAL session_replication_role = replica")
		for _, table := range emptied {
			if slices.Contains(emptied[8:], table) {
				table = "extrato." + table
			}
			add("DELETE FROM " + table)
		}
		for _, table := range emptied[:8] {
			add("SELECT setval(pg_get_serial_sequence('" + table + "', 'id'), 1, false)")
		}
		h.exec(all...)
		return
	}
	add("PRAGMA defer_foreign_keys = ON")
	triggers := h.texts("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
	for _, trigger := range triggers {
		add("DROP TRIGGER " + trigger[0])
	}
	for _, table := range append(emptied, "sqlite_sequence") {
		add("DELETE FROM " + table)
	}
	for _, trigger := range triggers {
		add(trigger[1])
	}
	h.exec(all...)
}

// texts runs a query and returns its rows as text, NULL as "NULL".
func (h *history) texts(query string) [][]string {
	h.t.Helper()
	var all [][]string
	h.each(query, func(values []sql.NullString) {
		var row []string
		for _, v := range values {
			if !v.Valid {
				v.String = "NULL"
			}
			row = append(row, v.String)
		}
		all = append(all, row)
	})
	return all
}

func (h *history) each(query string, read func([]sql.NullString)) {
	h.t.Helper()
	rows, err := h.SQL.QueryContext(h.ctx, query)
	if err != nil {
		h.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	h.must(err)
	values, dest := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		h.must(rows.Scan(dest...))
		read(values)
	}
	h.must(rows.Err())
}

// What is drawn.

// What people do.

// What the program does.

// actions are all that can happen; what matters most is there more than once.
func (h *history) actions() map[string]func(*rapid.T) {
	all := map[string]func(){
		"add payment": func() { h.addPayment() }, "add session": func() { h.addSession() }, "add deposit": h.addDeposit,
		"add commission": h.addCommission, "add expense": h.addExpense, "add person": h.addPerson,
		"mark": h.mark, "edit": h.edit, "edit again": h.edit, "relink": h.relink, "remove": h.remove, "remove person": h.removePerson,
		"put back by hand": h.putBackByHand, "move the clock": h.moveClock,
		"back up": h.mayBeKilled(h.createBackup), "corrupt": h.corrupt, "repair": h.repair, "verify": h.verify, "verify all": h.verifyAll, "list": h.list,
		"close": h.mayBeKilled(h.close), "close over damage": h.closeOverDamage, "close due": h.closeDue, "reopen": h.mayBeKilled(h.reopen), "reopen another": h.reopen,
		"restore": h.mayBeKilled(h.restore), "lose all": h.loseAll,
		"": h.check,
	}
	actions := map[string]func(*rapid.T){}
	for name, do := range all {
		actions[name] = func(t *rapid.T) {
			h.t = t
			do()
		}
	}
	return actions
}

// What must always hold.

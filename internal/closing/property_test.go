package closing_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
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
	"extrato/internal/store"
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
			var clock time.Time
			now := func() time.Time { return clock }
			db := open(t, now)
			c := newCloser(t, db.Store, "", now)
			c.CloseFrom = october
			root, runs, came := t.TempDir(), 0, map[string]int{}
			rapid.Check(t, func(rt *rapid.T) {
				runs++
				clock = noon(2026, time.January, 2)
				h := &history{DB: db, c: c, clock: &clock, prints: prints, came: came, t: rt, ctx: t.Context(), used: map[rowKey]bool{}}
				h.folder = filepath.Join(root, strconv.Itoa(runs))
				c.Backups = newCloser(t, db.Store, h.folder, now).Backups
				h.m = newModel(storetest.Zone, clock, "2025-10")
				h.reset()
				h.begin()
				rt.Repeat(h.actions())
			})
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
	came   map[string]int  // what actions came to, and how often
	used   map[rowKey]bool // every row that ever was
	gone   []rowKey        // those that a person deleted
	t      *rapid.T
	ctx    context.Context
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
		"closings", "closing_details", "revisions", "backups", "runs", "deposits", "payments_at_rest"}
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

var (
	months  = []string{"2025-10", "2025-11", "2025-12", "2026-01"}
	amounts = []string{"0.00", "0.01", "0.10", "12.30", "16.66", "450.00", "99999999.99", "-5.00"}
	// nasty texts have hurt programs like this one before.
	nasty = []string{"", " ", "a;b,c", "linha\r\nlinha", "\n", "\t", `"`, `""`, `\`, `\"`, `\u0041`, "'", `=HYPERLINK("x")`, "-1", "@x",
		"João", "Joa\u0303o", "💉🐉", "\x1b[31m", "\x7f", "\u0085", "\u2028", "\ufeff", "\ufffd", "<b>&", "null", "NULL", "0.30"}
)

func (h *history) pick(label string, from []string) string {
	return rapid.SampledFrom(from).Draw(h.t, label)
}

func (h *history) chance(label string, oneIn int) bool {
	return rapid.IntRange(1, oneIn).Draw(h.t, label) == oneIn
}

func (h *history) month() string { return h.pick("month", months) }

// monthThat draws, more often than not, a month of a kind, if there is any.
func (h *history) monthThat(is func(string) bool) string {
	those := slices.DeleteFunc(slices.Clone(months), func(month string) bool { return !is(month) })
	if len(those) == 0 || h.chance("any month", 4) {
		those = months
	}
	return h.pick("month", those)
}

func (h *history) isClosed(month string) bool { return h.m.statements[month] != nil }

func (h *history) day() string {
	month := h.month()
	day := h.pick("day", []string{"01", "02", "15", "28", "last"})
	if day == "last" {
		first, err := time.Parse("2006-01", month)
		h.must(err)
		day = first.AddDate(0, 1, -1).Format("02")
	}
	return month + "-" + day
}

func (h *history) text() string {
	texts := nasty
	if h.Path != "" {
		texts = append(slices.Clone(nasty), "a\x00b")
	}
	return h.pick("text", texts) + h.pick("more", []string{"", "", "x", "\n"})
}

// instant is near a month's edge in the studio, or inside a month.
func (h *history) instant() string {
	first, err := time.ParseInLocation("2006-01", h.month(), h.m.zone)
	h.must(err)
	offset := rapid.SampledFrom([]time.Duration{-time.Microsecond, 0, 90 * time.Minute, -90 * time.Minute, 300 * time.Hour}).Draw(h.t, "offset")
	return first.Add(offset).UTC().Format(instantForm)
}

// made is when a row was made: in the past, with few exceptions.
func (h *history) made() string {
	if h.chance("in the future", 60) {
		return h.clock.Add(6 * time.Minute).UTC().Format(instantForm)
	}
	return h.pick("made", []string{"2025-10-01 12:00:00.000000", "2025-11-01 02:59:59.999999", "2025-10-28 14:52:58.123456"})
}

// optional sets a column now and then.
func (h *history) optional(f fields, column string, value func() string) {
	if h.chance("has "+column, 2) {
		f[column] = value()
	}
}

// one draws a live row of a table, or skips the action.
func (h *history) one(table string) rowKey {
	keys := h.m.live.of(table)
	if len(keys) == 0 {
		h.t.Skip("there is none")
	}
	return rapid.SampledFrom(keys).Draw(h.t, table)
}

func (h *history) id(table string) func() string {
	return func() string { return strconv.Itoa(h.one(table).id) }
}

// event is a calendar event that no live row of the table has.
func (h *history) event(f fields, table string) {
	if !h.chance("has event", 8) {
		return
	}
	event := h.pick("event", []string{"ev1", "ev2", "ev3"})
	for k, other := range h.m.live {
		if k.table == table && other["google_event_id"] == event {
			return
		}
	}
	f["google_event_id"] = event
}

// What people do.

// arg is a column's value as this database takes it.
func (h *history) arg(column, value string, ok bool) any {
	switch {
	case !ok:
		return nil
	case column == "id" || strings.HasSuffix(column, "_id") && column != "google_event_id" && column != "jotform_submission_id" || column == "created_by":
		n, err := strconv.Atoi(value)
		h.must(err)
		return n
	case h.Path == "" && strings.HasSuffix(column, "_at"):
		return value + "+00"
	}
	return value
}

// insert records a row; the database gives it a number that no row ever had.
func (h *history) insert(table string, f fields) rowKey {
	h.t.Helper()
	names, places, args := []string{}, []string{}, []any{}
	for _, c := range columns[table] {
		if v, ok := f[c]; ok || c == "created_at" { // NULL where the default would be another instant
			names = append(names, c)
			args = append(args, h.arg(c, v, ok))
			places = append(places, "$"+strconv.Itoa(len(args)))
		}
	}
	if table == artists {
		names, places = append(names, "active_flag", "unified_flow_enabled"), append(places, "TRUE", "FALSE")
	}
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) RETURNING id", table, strings.Join(names, ", "), strings.Join(places, ", "))
	var id int
	if err := h.SQL.QueryRowContext(h.ctx, query, args...).Scan(&id); err != nil {
		h.t.Fatalf("%s %q: %v", query, args, err)
	}
	k := rowKey{table, id}
	if _, byHand := f["id"]; h.used[k] && !byHand {
		h.t.Fatalf("%s %d got the number of an earlier row", table, id)
	}
	h.used[k] = true
	f["id"] = strconv.Itoa(id)
	h.m.live[k] = f
	return k
}

// update sets a column of a live row, to NULL without a value.
func (h *history) update(k rowKey, column string, value ...string) {
	v, ok := "", len(value) > 0
	if delete(h.m.live[k], column); ok {
		v = value[0]
		h.m.live[k][column] = v
	}
	h.exec(statement{fmt.Sprintf("UPDATE %s SET %s = $1 WHERE id = $2", k.table, column), []any{h.arg(column, v, ok), k.id}})
}

func (h *history) begin() {
	for i := range 2 {
		h.insert(artists, fields{"name": "Ana " + strconv.Itoa(i), "role": "artist", "email": fmt.Sprintf("ana%d@studio.test", i)})
		h.insert(clients, fields{"name": `=Bia "x"` + "\n", "created_at": "2025-01-01 00:00:00.000000"})
	}
	for range rapid.IntRange(0, 8).Draw(h.t, "rows at first") {
		rapid.SampledFrom([]func(){func() { h.addPayment() }, h.addDeposit, h.addCommission, h.addExpense}).Draw(h.t, "add")()
	}
}

func (h *history) addPayment() rowKey {
	f := fields{"data": h.day(), "valor": h.pick("amount", amounts), "forma_pagamento": h.pick("method", []string{"Pix", "Dinheiro", "Cartão;", ""}),
		"artista_id": h.id(artists)()}
	h.optional(f, "cliente_id", h.id(clients))
	h.optional(f, "observacoes", h.text)
	h.optional(f, "created_at", h.made)
	if len(h.m.live.of(sessions)) > 0 && h.chance("for a session", 3) {
		f["sessao_id"] = h.id(sessions)()
	}
	if h.chance("v4's own column", 8) {
		f["comissao"] = h.pick("amount", amounts)
	}
	h.event(f, payments)
	k := h.insert(payments, f)
	if h.chance("is a deposit", 3) {
		h.markDeposit(k, true)
	}
	return k
}

// markDeposit sets or takes away the mark of a deposit.
func (h *history) markDeposit(k rowKey, is bool) {
	h.must(h.Store.Write(h.ctx, func(tx *store.Tx) error { return markDeposit(h.ctx, tx, books.ID(k.id), books.Mark(is)) }))
	if delete(h.m.live[k], deposit); is {
		h.m.live[k][deposit] = "true"
	}
}

func (h *history) mark() {
	k := h.one(payments)
	h.markDeposit(k, h.m.live[k][deposit] != "true")
}

func (h *history) addSession() rowKey {
	f := fields{"data": h.day(), "valor": h.pick("amount", amounts), "cliente_id": h.id(clients)(), "artista_id": h.id(artists)(),
		"status": h.pick("status", []string{"active", "paid", "completed"})}
	h.optional(f, "observacoes", h.text)
	h.optional(f, "updated_at", h.instant)
	if h.Path != "" && h.chance("has an hour", 4) {
		f["hora"] = "14:30:00"
	}
	h.event(f, sessions)
	return h.insert(sessions, f)
}

// addDeposit is a session paid in parts, linked in one direction or both.
func (h *history) addDeposit() {
	s := h.addSession()
	var paid []rowKey
	for range rapid.IntRange(1, 2).Draw(h.t, "parts") {
		paid = append(paid, h.addPayment())
		if h.chance("payment names session", 2) {
			h.update(paid[len(paid)-1], "sessao_id", strconv.Itoa(s.id))
		}
	}
	if h.chance("session names payment", 2) {
		h.update(s, "payment_id", strconv.Itoa(rapid.SampledFrom(paid).Draw(h.t, "part").id))
	}
}

func (h *history) addCommission() {
	f := fields{"artista_id": h.id(artists)(), "percentual": h.pick("percent", []string{"0.01", "60.00", "33.33", "100.00"}),
		"valor": h.pick("amount", amounts)}
	h.optional(f, "observacoes", h.text)
	if !h.chance("has no instant", 6) {
		f["created_at"] = h.instant()
	}
	switch {
	case len(h.m.live.of(payments)) > 0 && h.chance("of a payment", 2):
		f["pagamento_id"] = h.id(payments)()
	case h.Path != "" && len(h.used) > 0 && h.chance("of a payment that is gone", 4):
		// v4's SQLite files have them; PostgreSQL's foreign key does not let them in.
		f["pagamento_id"] = strconv.Itoa(rapid.IntRange(1, 12).Draw(h.t, "payment"))
	}
	h.insert(commissions, f)
}

func (h *history) addExpense() {
	f := fields{"data": h.day(), "valor": h.pick("amount", amounts), "forma_pagamento": "Pix", "created_by": h.id(artists)()}
	h.optional(f, "descricao", h.text)
	h.optional(f, "created_at", h.made)
	h.insert(expenses, f)
}

func (h *history) addPerson() {
	if h.chance("artist", 2) {
		f := fields{"name": "Caio " + h.text(), "role": "artist"}
		if email := h.pick("email", []string{"ana0@studio.test", "ana1@studio.test"}); !h.taken("email", email) {
			f["email"] = email
		}
		h.insert(artists, f)
		return
	}
	f := fields{"name": h.text()}
	if form := h.pick("form", []string{"f1", "f2"}); !h.taken("jotform_submission_id", form) {
		f["jotform_submission_id"] = form
	}
	h.insert(clients, f)
}

func (h *history) taken(column, value string) bool {
	for _, f := range h.m.live {
		if f[column] == value {
			return true
		}
	}
	return false
}

func (h *history) edit() {
	k := h.one(h.pick("table", []string{payments, payments, sessions, commissions, expenses}))
	editable := map[string]func() string{"valor": func() string { return h.pick("amount", amounts) }, "artista_id": h.id(artists)}
	if k.table == expenses {
		editable = map[string]func() string{"valor": editable["valor"], "created_by": h.id(artists), "descricao": h.text, "data": h.day}
	} else {
		editable["observacoes"] = h.text
	}
	switch k.table {
	case payments:
		editable["data"], editable["forma_pagamento"], editable["updated_at"] = h.day, h.text, h.instant
		editable["cliente_id"] = h.id(clients)
	case sessions:
		editable["data"], editable["status"], editable["created_at"] = h.day, func() string { return h.pick("status", []string{"paid", "completed"}) }, h.made
	case commissions:
		editable["created_at"] = h.instant
	}
	column := h.pick("column", slices.Sorted(maps.Keys(editable)))
	h.update(k, column, editable[column]())
}

// relink sets or clears a link between a session and a payment.
func (h *history) relink() {
	from, column, to := payments, "sessao_id", sessions
	if h.chance("the session's", 2) {
		from, column, to = sessions, "payment_id", payments
	}
	k := h.one(from)
	if h.chance("clear", 3) {
		h.update(k, column)
		return
	}
	h.update(k, column, h.id(to)())
}

// remove deletes a row and what hangs on it.
func (h *history) remove() {
	k := h.one(h.pick("table", []string{payments, sessions, commissions, expenses}))
	id := strconv.Itoa(k.id)
	for _, l := range append(h.m.live.of(payments), append(h.m.live.of(sessions), h.m.live.of(commissions)...)...) {
		f := h.m.live[l]
		switch {
		case k.table == payments && l.table == sessions && f["payment_id"] == id:
			h.update(l, "payment_id")
		case k.table == sessions && l.table == payments && f["sessao_id"] == id:
			h.update(l, "sessao_id")
		case k.table == payments && l.table == commissions && f["pagamento_id"] == id:
			h.delete(l)
		}
	}
	h.delete(k)
}

func (h *history) removePerson() {
	k := h.one(h.pick("table", []string{clients, artists}))
	if len(h.m.live.of(k.table)) == 1 {
		h.t.Skip("somebody has to stay")
	}
	id := strconv.Itoa(k.id)
	for _, f := range h.m.live.movable() {
		if k.table == clients && f["cliente_id"] == id || k.table == artists && (f["artista_id"] == id || f["created_by"] == id) {
			h.t.Skip("has rows")
		}
	}
	h.delete(k)
}

func (h *history) delete(k rowKey) {
	h.exec(statement{fmt.Sprintf("DELETE FROM %s WHERE id = $1", k.table), []any{k.id}})
	delete(h.m.live, k)
	h.gone = append(h.gone, k)
}

// putBackByHand is somebody who puts a row of a statement back, with its number.
func (h *history) putBackByHand() {
	s := h.m.statements[h.month()]
	if s == nil || !h.chance("really", 4) {
		h.t.Skip("is open")
	}
	keys := s.rows.of(expenses)
	if len(keys) == 0 || h.m.live[keys[0]] != nil || h.m.live[ref(artists, s.rows[keys[0]]["created_by"])] == nil {
		h.t.Skip("there is none")
	}
	h.insert(expenses, maps.Clone(s.rows[keys[0]]))
}

func (h *history) moveClock() {
	*h.clock = rapid.SampledFrom([]time.Time{
		noon(2025, time.October, 20), noon(2025, time.November, 2), noon(2025, time.December, 2), noon(2026, time.January, 2),
		time.Date(2026, time.January, 1, 1, 59, 59, 0, storetest.Zone), time.Date(2026, time.January, 1, 2, 0, 0, 0, storetest.Zone),
		time.Date(2026, time.January, 31, 23, 59, 59, 0, storetest.Zone), noon(2026, time.February, 2), noon(2026, time.March, 2),
	}).Draw(h.t, "clock")
	h.m.clock = *h.clock
}

// What the program does.

func (h *history) books(month string) books.Month {
	m, err := books.ParseMonth(month)
	h.must(err)
	return m
}

// expect fails the history unless err has one of the codes; without codes,
// unless there is no error.
func (h *history) expect(what string, err error, codes ...string) {
	h.t.Helper()
	code := ""
	if e := books.AsError(err); e != nil {
		code = e.Code
	}
	if len(codes) == 0 {
		codes = []string{""}
	}
	verb, _, _ := strings.Cut(what, " ")
	h.came[strings.TrimSpace(verb+" "+code)]++
	if !slices.Contains(codes, code) {
		h.t.Fatalf("%s: error %q (%v), want one of %q", what, code, err, codes)
	}
}

// writes predicts the backup that a close or `backup create` makes. unbacked
// allows a close to go on without one.
func (h *history) writes(month string, unbacked bool) (c *filed, isNew bool, rows rowSet, code string) {
	rows, code = h.m.whole(month)
	switch {
	case h.m.unmounted() && !unbacked:
		return nil, false, nil, "backup_unwritable"
	case code != "":
		return nil, false, nil, code
	case h.m.unmounted():
		return nil, false, rows, ""
	}
	c, isNew = h.m.backUp(month, rows)
	return c, isNew, rows, ""
}

// filedOnDisk reads a copy's file as anybody would and holds it against what the
// model says was written.
func (h *history) filedOnDisk(month string, c *filed, file string) {
	h.t.Helper()
	if want := fileOf(month, c.number); file != want {
		h.t.Fatalf("the backup is %s, want %s", file, want)
	}
	text, err := os.ReadFile(filepath.Join(h.folder, file))
	h.must(err)
	got, err := parseBackup(text)
	h.must(err)
	if got.text() != c.rows.text() {
		h.t.Fatalf("%s holds\n%s\nwant\n%s", file, got.text(), c.rows.text())
	}
	if got.deposits() != c.rows.deposits() {
		h.t.Fatalf("%s marks %s, want %s", file, got.deposits(), c.rows.deposits())
	}
	c.csvBytes = text
	c.manifestBytes, err = os.ReadFile(filepath.Join(h.folder, manifestOf(file)))
	h.must(err)
}

// printed holds a fingerprint against all that were seen.
func (h *history) printed(rows rowSet, f books.Fingerprint) {
	h.t.Helper()
	text := rows.movable().text()
	if before, ok := h.prints.of[text]; ok && before != f {
		h.t.Fatalf("the fingerprint of these rows was %s and is %s:\n%s", before, f, text)
	}
	if before, ok := h.prints.rows[f]; ok && before != text {
		h.t.Fatalf("the fingerprint %s stands for\n%s\nand for\n%s", f, before, text)
	}
	h.prints.of[text], h.prints.rows[f] = f, text
}

func (h *history) createBackup() { h.backUp(h.month()) }

func (h *history) backUp(month string) {
	c, isNew, rows, code := h.writes(month, false)
	receipt, err := h.c.CreateBackup(h.ctx, h.books(month), "test")
	if h.expect("backup "+month, err, code); err != nil {
		return
	}
	if receipt.Reused == isNew {
		h.t.Fatalf("backup %s: reused %v", month, receipt.Reused)
	}
	h.filedOnDisk(month, c, receipt.File)
	h.printed(rows, receipt.Fingerprint)
}

func (h *history) close() {
	force := h.chance("force", 3)
	month := h.monthThat(func(month string) bool { return h.isClosed(month) == force })
	h.closeMonth(month, force)
}

// closeOverDamage closes a month whose backup is damaged just before.
func (h *history) closeOverDamage() {
	month := h.monthThat(func(month string) bool { return !h.isClosed(month) })
	h.backUp(month)
	copies := h.m.copies[month]
	if len(copies) == 0 {
		return
	}
	h.damage(month, copies[len(copies)-1])
	h.closeMonth(month, h.chance("force", 3))
}

func (h *history) closeMonth(month string, force bool) {
	h.c.RequireBackup = !h.chance("needs no backup", 6)
	defer func() { h.c.RequireBackup = true }()
	if h.chance("meanwhile", 3) && h.m.statements[month] == nil {
		h.meanwhile(month)
		r, err := h.c.Close(h.ctx, h.books(month), closing.Options{Force: force}, "test")
		h.c.Step = nil
		h.closed(month, force, r, err)
		return
	}
	preview, previewErr := h.c.Preview(h.ctx, h.books(month), force)
	r, err := h.c.Close(h.ctx, h.books(month), closing.Options{Force: force}, "test")
	done := h.closed(month, force, r, err)
	if preview.Fingerprint != r.Fingerprint && r.Revision > 0 {
		h.t.Fatalf("previewed %+v (%v), closed %+v", preview, previewErr, r)
	}
	if done != (preview.Outcome == closing.WouldClose || preview.Outcome == closing.WouldRevise) && previewErr == nil {
		h.t.Fatalf("previewed %s, came to %+v, %v", preview.Outcome, r, err)
	}
}

// meanwhile lets somebody change a payment after the backup was made and before
// the transaction begins.
func (h *history) meanwhile(month string) {
	h.c.Step = func(step string) {
		if step != "backed up" {
			return
		}
		h.c.Step = nil
		if c, isNew, _, _ := h.writes(month, !h.c.RequireBackup); isNew {
			h.filedOnDisk(month, c, fileOf(month, c.number))
		}
		payments := h.m.live.of(payments)
		if len(payments) == 0 {
			return
		}
		k := rapid.SampledFrom(payments).Draw(h.t, "changed meanwhile")
		if h.chance("its date", 2) {
			h.update(k, "data", h.day())
		} else {
			h.update(k, "valor", h.pick("amount", amounts))
		}
		h.came["changed meanwhile"]++
	}
}

// closed holds what a close answered against the model, and reports whether it closed.
func (h *history) closed(month string, force bool, r closing.Result, err error) bool {
	h.t.Helper()
	if code := h.m.closeCode(month, force); code != "" {
		h.expect("close "+month, err, code)
		if code == "already_closed" {
			h.answered(month, r, closing.AlreadyClosed)
		}
		return false
	}
	late := h.m.statements[month] != nil
	if late && h.m.monthRows(month).count() == 0 {
		h.expect("close "+month, err)
		h.answered(month, r, closing.AlreadyClosed)
		return false
	}
	c, _, rows, code := h.writes(month, !h.c.RequireBackup)
	if h.expect("close "+month, err, code); err != nil {
		return false
	}
	file := ""
	if c != nil {
		h.filedOnDisk(month, c, r.Backup.File)
		file = r.Backup.File
	}
	h.m.freeze(month, rows, file)
	h.came[string(r.Outcome)]++
	h.answered(month, r, map[bool]closing.Outcome{false: closing.Closed, true: closing.Revised}[late])
	if r.Chain.Seq != int64(len(h.m.chain)) {
		h.t.Fatalf("close %s is entry %d of %d", month, r.Chain.Seq, len(h.m.chain))
	}
	return true
}

// answered holds a result against the statement that there is now.
func (h *history) answered(month string, r closing.Result, outcome closing.Outcome) {
	h.t.Helper()
	rows := h.m.statements[month].rows
	if r.Outcome != outcome || r.Revision != h.m.revision[month] || r.Backup.File != h.m.statements[month].file || r.Counts.Total() != int64(rows.count()) {
		h.t.Fatalf("close %s answers %+v, want %s of revision %d with %d rows", month, r, outcome, h.m.revision[month], rows.count())
	}
	h.printed(rows, r.Fingerprint)
	sums := map[string]int64{}
	for k, f := range rows {
		if v, ok := f["valor"]; ok {
			n, err := strconv.ParseInt(strings.Replace(v, ".", "", 1), 10, 64)
			h.must(err)
			sums[k.table] += n
		}
	}
	var totals map[string]json.RawMessage
	h.must(json.Unmarshal(r.Totals, &totals))
	for name, want := range map[string]int64{"receita_total": sums[payments], "comissoes_total": sums[commissions],
		"despesas_total": sums[expenses], "receita_liquida": sums[payments] - sums[commissions] - sums[expenses]} {
		if got := strings.Replace(string(totals[name]), ".", "", 1); strings.TrimLeft(got, "-0") != strings.TrimLeft(strconv.FormatInt(want, 10), "-0") {
			h.t.Fatalf("close %s: %s is %s, want %d centavos", month, name, totals[name], want)
		}
	}
	var open []books.Month
	listed := h.m.listed()
	for _, at := range append([]string{"2025-09"}, months...) { // 2025-09 may have a commission
		state := h.m.state(at)
		if at < month && (state == "due" || state == "held" || state == "open" && listed[at]) {
			open = append(open, h.books(at))
		}
	}
	if !slices.Equal(open, r.EarlierOpen) {
		h.t.Fatalf("close %s: still open %v, want %v", month, r.EarlierOpen, open)
	}
}

func (h *history) closeDue() {
	due := h.m.due()
	row, err := h.c.CloseDue(h.ctx, "schedule")
	h.must(err)
	for i, month := range due {
		if i < len(row.Closed) {
			h.closed(month, false, row.Closed[i], nil)
			continue
		}
		if h.closed(month, false, closing.Result{}, row.Err) || row.Failed != h.books(month) || len(row.Waiting) != len(due)-i-1 {
			h.t.Fatalf("due %v came to %+v", due, row)
		}
		return
	}
	if row.Err != nil || len(row.Closed) != len(due) {
		h.t.Fatalf("due %v came to %+v", due, row)
	}
}

func (h *history) reopen() {
	month := h.monthThat(h.isClosed)
	before, codes := h.m.statements[month], h.m.reopenCodes(month)
	r, err := h.c.Reopen(h.ctx, h.books(month), "test", "test")
	if h.expect("reopen "+month, err, codes...); err != nil {
		return
	}
	if kept := h.m.reopen(month); kept != len(r.Notes) {
		h.t.Fatalf("reopen %s: %d links were kept, notes %q", month, kept, r.Notes)
	}
	h.printed(before.rows, r.Fingerprint)
}

func (h *history) restore() {
	month, number := h.month(), 0
	if copies := h.m.copies[month]; len(copies) > 0 && h.chance("that copy", 3) {
		number = rapid.IntRange(1, len(copies)).Draw(h.t, "copy")
	}
	h.restoreMonth(month, number)
}

// loseAll loses every live row and restores what the backups hold, in any order,
// once or twice.
func (h *history) loseAll() {
	if !h.chance("really", 3) {
		h.t.Skip("not now")
	}
	for _, month := range months {
		if h.chance("backed up before", 2) {
			h.backUp(month)
		}
	}
	for _, query := range []string{"UPDATE sessoes SET payment_id = NULL", "DELETE FROM comissoes", "DELETE FROM pagamentos", "DELETE FROM sessoes", "DELETE FROM gastos"} {
		h.exec(statement{query: query})
	}
	for k := range h.m.live.movable() {
		delete(h.m.live, k)
		h.gone = append(h.gone, k)
	}
	for _, month := range append(rapid.Permutation(months).Draw(h.t, "order"), h.month()) {
		h.restoreMonth(month, 0)
	}
}

// restoreMonth restores the copy of that number; 0 is the newest.
func (h *history) restoreMonth(month string, number int) {
	file := ""
	if number != 0 {
		file = fileOf(month, number)
	}
	c, code := h.m.toRestore(month, number)
	var missing rowSet
	var paid map[rowKey]string
	codes := []string{code}
	if code == "" {
		missing, paid, codes = h.m.restoration(c)
	}
	preview, err := h.c.Restore(h.ctx, h.books(month), file, true, "test")
	h.expect("restore "+month+" as a dry run", err, codes...)
	r, err := h.c.Restore(h.ctx, h.books(month), file, false, "test")
	if h.expect("restore "+month, err, codes...); err != nil {
		return
	}
	if r.Missing.Total() != int64(missing.count()) || preview.Missing != r.Missing {
		h.t.Fatalf("restore %s put %+v back, would %+v, want %d rows", month, r.Missing, preview.Missing, missing.count())
	}
	if r.Links != len(missing.of(links))+len(paid) || preview.Links != r.Links {
		h.t.Fatalf("restore %s set %d links, would %d, want %d", month, r.Links, preview.Links, len(missing.of(links))+len(paid))
	}
	for k, session := range paid {
		h.m.live[k]["sessao_id"] = session
		h.came["restore set a payment's link"]++
	}
	for k := range missing {
		if k.table == sessions && c.rows[k] == nil {
			h.came["restore took a session from another copy"]++
		}
		if k.table == payments && missing[k]["sessao_id"] != c.rows[k]["sessao_id"] {
			h.came["restore left a payment's link out"]++
		}
	}
	if len(missing)+len(paid) > 0 {
		h.m.putBack(missing)
		h.m.chain = append(h.m.chain, chained{"restored", month, h.m.revision[month]})
	}
}

// corrupt damages a copy.
func (h *history) corrupt() {
	month, c := h.aCopy()
	h.damage(month, c)
}

// damage changes, cuts or removes one of a copy's two files, or loses both.
func (h *history) damage(month string, c *filed) {
	file := fileOf(month, c.number)
	there, same, original := &c.csv, &c.csvSame, c.csvBytes
	if h.chance("manifest", 2) {
		file, there, same, original = manifestOf(file), &c.manifest, &c.manifestSame, c.manifestBytes
	}
	path := filepath.Join(h.folder, file)
	switch damage := h.pick("damage", []string{"flip", "cut", "remove", "lose"}); {
	case damage == "lose": // the copy is gone, and its name stays its own
		for _, name := range []string{fileOf(month, c.number), manifestOf(fileOf(month, c.number))} {
			if err := os.Remove(filepath.Join(h.folder, name)); !errors.Is(err, fs.ErrNotExist) {
				h.must(err)
			}
		}
		c.csv, c.manifest = false, false
	case !*there: // twice is not worse
	case damage == "remove":
		h.must(os.Remove(path))
		*there = false
	case damage == "cut":
		h.must(os.WriteFile(path, original[:rapid.IntRange(0, len(original)-1).Draw(h.t, "length")], 0o600))
		*same = false
	default:
		text := slices.Clone(original)
		text[rapid.IntRange(0, len(text)-1).Draw(h.t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(h.t, "bits"))
		h.must(os.WriteFile(path, text, 0o600))
		*same = false
	}
}

// repair brings a copy back as it was, as a second disk would.
func (h *history) repair() {
	month, c := h.aCopy()
	if c.whole() {
		h.t.Skip("is whole")
	}
	file := fileOf(month, c.number)
	h.must(os.WriteFile(filepath.Join(h.folder, file), c.csvBytes, 0o600))
	h.must(os.WriteFile(filepath.Join(h.folder, manifestOf(file)), c.manifestBytes, 0o600))
	c.csv, c.manifest, c.csvSame, c.manifestSame = true, true, true, true
}

func (h *history) aCopy() (string, *filed) {
	var all []string
	for month, copies := range h.m.copies {
		for _, c := range copies {
			all = append(all, month+" "+strconv.Itoa(c.number))
		}
	}
	if len(all) == 0 {
		h.t.Skip("no backup")
	}
	slices.Sort(all)
	month, number, _ := strings.Cut(h.pick("copy", all), " ")
	n, err := strconv.Atoi(number)
	h.must(err)
	return month, h.m.copies[month][n-1]
}

func (h *history) verify() {
	month := h.month()
	want := h.m.verified(month)
	found, err := h.c.VerifyBackups(h.ctx, h.books(month), "")
	h.expect("verify "+month, err)
	got := map[string]string{}
	for _, v := range found {
		got[v.File] = string(v.State)
	}
	if !maps.Equal(got, want) {
		h.t.Fatalf("backups of %s are %v, want %v", month, got, want)
	}
}

// verifyAll looks at every month that has a backup, whether it has rows or not.
func (h *history) verifyAll() {
	want := map[string]string{}
	for month := range h.m.copies {
		maps.Copy(want, h.m.verified(month))
	}
	found, err := h.c.VerifyBackups(h.ctx, books.Month{}, "")
	h.expect("verify", err)
	got := map[string]string{}
	for _, v := range found {
		got[v.File] = string(v.State)
	}
	if !maps.Equal(got, want) {
		h.t.Fatalf("all backups are %v, want %v", got, want)
	}
}

func (h *history) list() {
	infos, err := h.c.Months(h.ctx)
	h.must(err)
	var got, want []string
	for _, i := range infos {
		got = append(got, fmt.Sprintf("%s %s %d %d %d", i.Month, i.State, i.Revision, i.Counts.Total(), i.Late.Total()))
	}
	for _, month := range h.m.months() {
		rows, late := h.m.monthRows(month).count(), 0
		if s := h.m.statements[month]; s != nil {
			rows, late = s.rows.count(), rows
		}
		want = append(want, fmt.Sprintf("%s %s %d %d %d", month, h.m.state(month), h.m.revision[month], rows, late))
	}
	if !slices.Equal(got, want) {
		h.t.Fatalf("months are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// actions are all that can happen; what matters most is there more than once.
func (h *history) actions() map[string]func(*rapid.T) {
	all := map[string]func(){
		"add payment": func() { h.addPayment() }, "add session": func() { h.addSession() }, "add deposit": h.addDeposit,
		"add commission": h.addCommission, "add expense": h.addExpense, "add person": h.addPerson,
		"mark": h.mark, "edit": h.edit, "edit again": h.edit, "relink": h.relink, "remove": h.remove, "remove person": h.removePerson,
		"put back by hand": h.putBackByHand, "move the clock": h.moveClock,
		"back up": h.createBackup, "corrupt": h.corrupt, "repair": h.repair, "verify": h.verify, "verify all": h.verifyAll, "list": h.list,
		"close": h.close, "close over damage": h.closeOverDamage, "close due": h.closeDue, "reopen": h.reopen, "reopen another": h.reopen, "restore": h.restore, "lose all": h.loseAll,
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

// check holds everything that is stored against the model.
func (h *history) check() {
	live := h.liveRows()
	if got, want := live.text(), h.m.live.text(); got != want {
		h.t.Fatalf("live rows are\n%s\nwant\n%s", got, want)
	}
	if got, want := live.deposits(), h.m.live.deposits(); got != want {
		h.t.Fatalf("live deposits are %s, want %s", got, want)
	}
	stored := h.storedRows()
	for month, s := range h.m.statements {
		if got, want := stored[month].movable().text(), s.rows.movable().text(); got != want {
			h.t.Fatalf("the statement of %s holds\n%s\nwant\n%s", month, got, want)
		}
		if got, want := stored[month].deposits(), s.rows.deposits(); got != want {
			h.t.Fatalf("the statement of %s marks %s, want %s", month, got, want)
		}
	}
	if len(stored) != len(h.m.statements) {
		h.t.Fatalf("%d statements are stored, want %d", len(stored), len(h.m.statements))
	}
	h.onePlace(stored)
	audit, err := h.c.VerifyChain(h.ctx)
	if err != nil || !audit.OK || audit.Entries != int64(len(h.m.chain)) {
		h.t.Fatalf("the chain says %+v, %v, want %d entries", audit, err, len(h.m.chain))
	}
	for i, got := range h.texts("SELECT action, month, revision FROM " + h.own("closings") + " ORDER BY seq") {
		if e := h.m.chain[i]; got[0] != e.action || got[1] != e.month || got[2] != strconv.Itoa(e.revision) {
			h.t.Fatalf("entry %d is %v, want %+v", i+1, got, e)
		}
	}
}

func (h *history) own(table string) string {
	if h.Path == "" {
		return "extrato." + table
	}
	return table
}

// onePlace counts, without the model, in how many places each row is that ever
// was and that nobody deleted or put back by hand.
func (h *history) onePlace(stored map[string]rowSet) {
	places := map[rowKey]int{}
	for k := range h.liveRows().movable() {
		places[k]++
	}
	for _, rows := range stored {
		for k := range rows.without(links, clients, artists) {
			places[k]++
		}
	}
	for k := range h.used {
		gone := slices.Contains(h.gone, k)
		_, byHand := h.m.live[k]
		byHand = byHand && h.m.home(k) != ""
		if n := places[k]; k.table != clients && k.table != artists && n != 1 && !byHand && (n != 0 || !gone) {
			h.t.Fatalf("%s %d is in %d places", k.table, k.id, n)
		}
		delete(places, k)
	}
	if len(places) > 0 {
		h.t.Fatalf("nobody recorded %v", places)
	}
}

// liveRows reads the live tables.
func (h *history) liveRows() rowSet {
	rows := rowSet{}
	for _, table := range tables {
		if table == links {
			continue
		}
		var names, selected []string
		for _, c := range columns[table] {
			expression := "CAST(" + c + " AS TEXT)"
			switch {
			case c == "hora" && h.Path == "":
				expression = "NULL"
			case strings.HasSuffix(c, "_at") && h.Path == "":
				expression = "to_char(" + c + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
			case strings.HasSuffix(c, "_at"):
				expression = c
			}
			names, selected = append(names, c), append(selected, expression)
		}
		h.each("SELECT "+strings.Join(selected, ", ")+" FROM "+table, func(values []sql.NullString) {
			f := fields{}
			for i, v := range values {
				if v.Valid {
					f[names[i]] = normal(names[i], v.String)
				}
			}
			rows[ref(table, f["id"])] = f
		})
	}
	for _, marked := range h.texts("SELECT payment FROM " + h.own("deposits") + " WHERE marked") {
		if f := rows[ref(payments, marked[0])]; f != nil {
			f[deposit] = "true"
		}
	}
	return rows
}

// normal writes a value as the model does: amounts with two decimals, instants
// in one form.
func normal(column, value string) string {
	switch column {
	case "valor", "comissao", "percentual":
		whole, part, _ := strings.Cut(value, ".")
		return whole + "." + (part + "00")[:2]
	case "created_at", "updated_at":
		return strings.TrimSuffix(strings.Replace(value, "T", " ", 1), "Z")
	}
	return value
}

// storedRows reads the statements as v4 does: JSON inside a JSON string.
func (h *history) storedRows() map[string]rowSet {
	all := map[string]rowSet{}
	for _, s := range h.texts("SELECT ano, mes, CAST(pagamentos AS TEXT), CAST(sessoes AS TEXT), CAST(comissoes AS TEXT), CAST(gastos AS TEXT), CAST(totais AS TEXT) FROM extratos") {
		month, err := strconv.Atoi(s[1])
		h.must(err)
		rows := rowSet{}
		for i, table := range tables[:4] {
			var list []map[string]any
			h.decode(s[2+i], &list)
			h.addAll(rows, table, list)
		}
		var totals struct {
			Own map[string]any `json:"extrato"`
		}
		h.decode(s[6], &totals)
		for table, key := range map[string]string{links: "vinculos", clients: "clientes", artists: "artistas"} {
			h.addAll(rows, table, totals.Own[key])
		}
		all[fmt.Sprintf("%s-%02d", s[0], month)] = rows
	}
	return all
}

func (h *history) decode(text string, to any) {
	h.t.Helper()
	var inner string
	h.must(json.Unmarshal([]byte(text), &inner))
	d := json.NewDecoder(strings.NewReader(inner))
	d.UseNumber()
	h.must(d.Decode(to))
}

// addAll adds the rows of a JSON list.
func (h *history) addAll(rows rowSet, table string, list any) {
	objects, isObjects := list.([]map[string]any)
	if anything, ok := list.([]any); ok && !isObjects {
		for _, o := range anything {
			objects = append(objects, o.(map[string]any))
		}
	}
	for _, object := range objects {
		f := fields{}
		for _, c := range append([]string{deposit}, columns[table]...) {
			if v := object[c]; v != nil {
				f[c] = normal(c, fmt.Sprint(v))
			}
		}
		id := f["id"]
		if table == links {
			id = f["sessao_id"]
		}
		rows[ref(table, id)] = f
	}
}

// parseBackup reads a backup's CSV, as contract.md describes it: an unquoted
// empty field is NULL, "" the empty text.
func parseBackup(text []byte) (rowSet, error) {
	var records [][]*string
	var record []*string
	for i := 0; i < len(text); {
		var field []byte
		quoted := text[i] == '"'
		if quoted {
			for i++; i < len(text) && (text[i] != '"' || i+1 < len(text) && text[i+1] == '"'); i++ {
				if text[i] == '"' {
					i++
				}
				field = append(field, text[i])
			}
			i++
		} else {
			for ; i < len(text) && text[i] != ',' && text[i] != '\n'; i++ {
				field = append(field, text[i])
			}
		}
		value := string(field)
		if record = append(record, &value); !quoted && value == "" {
			record[len(record)-1] = nil
		}
		switch {
		case i >= len(text):
			return nil, fmt.Errorf("the last line does not end")
		case text[i] == '\n':
			records, record = append(records, record), nil
		case text[i] != ',':
			return nil, fmt.Errorf("byte %d is neither comma nor line end", i)
		case i+1 < len(text) && text[i+1] == '\n': // the last field is NULL
			records, record, i = append(records, append(record, nil)), nil, i+1
		}
		i++
	}
	rows := rowSet{}
	kinds := map[string]string{"pagamento": payments, "sessao": sessions, "comissao": commissions, "gasto": expenses, "vinculo": links,
		"cliente": clients, "artista": artists}
	for _, r := range records[1:] {
		if *r[0] == "sessao_viva" { // a copy of what stays: no row of the month
			continue
		}
		table, f := kinds[*r[0]], fields{}
		for i, v := range r {
			column := *records[0][i]
			switch {
			case table == clients && column == "cliente_name", table == artists && column == "artista_name":
				column = "name"
			}
			if v != nil && (column == deposit || slices.Contains(columns[table], column)) {
				f[column] = normal(column, *v)
			}
		}
		id := f["id"]
		if table == links {
			id = f["sessao_id"]
		}
		rows[ref(table, id)] = f
	}
	return rows, nil
}

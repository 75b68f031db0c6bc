package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// small is a database in few numbers: who is linked to whom, and when. Days
// are offsets from 1 October 2025, instants the text that is stored.
type small struct {
	payments    []smallPayment
	sessions    []smallSession
	resting     []smallResting // in deposits alone
	commissions []smallCommission
	expenses    []string // days
}

type smallPayment struct {
	day     string
	session int // 0 is none; ids count from 1
	deposit bool
	stale   bool // deposits takes it to be at rest, but somebody put it back
	amount  int
}

type smallSession struct {
	day     string
	payment int
	price   int
	status  string
}

type smallResting struct {
	session int
	deposit bool
	amount  int
}

type smallCommission struct {
	payment int // -1 is one that does not exist
	made    string
}

var edgeDays = []string{"2025-09-01", "2025-09-30", "2025-10-01", "2025-10-02", "2025-10-31", "2025-11-01", "2025-11-30", "2024-10-15"}

// Days as v4's SQLite files may hold them: they belong to no month. What
// begins with BLOB is stored as one.
var malformedDays = []string{"2025-10-1", "2025-10-32", "2025-10", "", "2025-10-05 00:00:00", "2025-1O-05", "BLOB 2025-10-05"}

// Instants that are none, in SQLite and in PostgreSQL.
var malformedInstants = map[bool][]string{
	true:  {"garbage", "2025-10-15", "2025-10-garbage", "2025-10-32 12:00:00", "now", "BLOB 2025-10"},
	false: {"infinity", "-infinity", "0044-03-15 12:00:00 BC", "12025-10-15 12:00:00"},
}

func drawSmall(t *rapid.T, sqlite bool) small {
	var s small
	nPayments, nSessions := rapid.IntRange(0, 7).Draw(t, "payments"), rapid.IntRange(0, 6).Draw(t, "sessions")
	day := func() string {
		if sqlite && rapid.IntRange(0, 9).Draw(t, "malformed") == 0 {
			return rapid.SampledFrom(malformedDays).Draw(t, "no day")
		}
		return rapid.SampledFrom(edgeDays).Draw(t, "day")
	}
	for range nPayments {
		s.payments = append(s.payments, smallPayment{day(), rapid.IntRange(0, nSessions).Draw(t, "session"),
			rapid.Bool().Draw(t, "deposit"), rapid.IntRange(0, 5).Draw(t, "stale") == 0, rapid.IntRange(-1, 4).Draw(t, "amount")})
	}
	statuses := []string{"paid", "paid", "active", "completed"}
	if sqlite { // and in older databases
		statuses = append(statuses, "NULL")
	}
	for range nSessions {
		s.sessions = append(s.sessions, smallSession{rapid.SampledFrom(edgeDays).Draw(t, "day"), rapid.IntRange(0, nPayments).Draw(t, "payment"),
			rapid.IntRange(0, 6).Draw(t, "price"), rapid.SampledFrom(statuses).Draw(t, "status")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "resting") {
		s.resting = append(s.resting, smallResting{rapid.IntRange(0, nSessions).Draw(t, "session"), rapid.Bool().Draw(t, "deposit"), rapid.IntRange(0, 3).Draw(t, "amount")})
	}
	for range rapid.IntRange(0, 6).Draw(t, "commissions") {
		least := 0
		if sqlite { // only there may a payment be gone
			least = -1
		}
		c := smallCommission{rapid.IntRange(least, nPayments).Draw(t, "payment"), drawInstant(t, sqlite)}
		if c.payment <= 0 && rapid.IntRange(0, 7).Draw(t, "no instant") == 0 { // one with a payment breaks that one's month
			c.made = rapid.SampledFrom(malformedInstants[sqlite]).Draw(t, "made")
		}
		s.commissions = append(s.commissions, c)
	}
	for range rapid.IntRange(0, 3).Draw(t, "expenses") {
		s.expenses = append(s.expenses, day())
	}
	return s
}

// drawInstant draws the text of an instant around the edges of a month.
func drawInstant(t *rapid.T, sqlite bool) string {
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		return ""
	}
	month := october.Add(rapid.IntRange(-1, 2).Draw(t, "month"))
	offset := rapid.SampledFrom([]time.Duration{-time.Hour, -time.Microsecond, 0, time.Microsecond, time.Second, 3 * time.Hour}).Draw(t, "offset")
	text := books.InstantOf(month.Start(storetest.Zone).Add(offset)).SQL().(string)
	if short, ok := strings.CutSuffix(text, ".000000"); ok && sqlite && rapid.Bool().Draw(t, "short") {
		return short // as people write it
	}
	return text
}

// madeSQL returns when a commission was made; PostgreSQL's instants have an
// offset.
func (c smallCommission) madeSQL(postgres bool) string {
	var at books.Instant
	switch {
	case c.made == "":
		return "NULL"
	case postgres && at.Parse([]byte(c.made)) == nil:
		return "'" + c.made + "+00'"
	}
	return "'" + c.made + "'"
}

// null returns an id as SQL, 0 as NULL.
func null(n int) string {
	if n == 0 {
		return "NULL"
	}
	return fmt.Sprint(n)
}

// put stores s, in one transaction.
func (s small) put(t testing.TB, db *storetest.DB) {
	t.Helper()
	var sql []string
	add := func(format string, args ...any) { sql = append(sql, fmt.Sprintf(format, args...)) }
	for _, table := range []string{"comissoes", "gastos", db.Own("deposits")} {
		add("DELETE FROM %s", table)
	}
	add("UPDATE sessoes SET payment_id = NULL")
	add("DELETE FROM pagamentos")
	add("DELETE FROM sessoes")
	for i, x := range s.sessions {
		add("INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status) VALUES (%d, '%s', %d.10, 1, 1, %s)", i+1, x.day, x.price, strings.ReplaceAll("'"+x.status+"'", "'NULL'", "NULL"))
	}
	for i, p := range s.payments {
		add("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id) VALUES (%d, '%s', %d.05, 'Pix', 1, %s)", i+1, p.day, p.amount, null(p.session))
		switch {
		case p.stale:
			add("INSERT INTO %s VALUES (%d, %s, '2025-08-01', 900, %t, '2025-08')", db.Own("deposits"), i+1, null(p.session), p.deposit)
		case p.deposit:
			add("INSERT INTO %s VALUES (%d, NULL, '2025-10-01', NULL, TRUE, NULL)", db.Own("deposits"), i+1)
		}
	}
	for i, r := range s.resting {
		add("INSERT INTO %s VALUES (%d, %s, '2025-08-01', %d.05, %t, '2025-08')", db.Own("deposits"), 1000+i, null(r.session), r.amount, r.deposit)
	}
	for i, x := range s.sessions {
		add("UPDATE sessoes SET payment_id = %s WHERE id = %d", null(x.payment), i+1)
	}
	for i, c := range s.commissions {
		payment := null(c.payment)
		if c.payment < 0 {
			payment = "777"
		}
		add("INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (%d, %s, 1, 60, 5, %s)", i+1, payment, c.madeSQL(db.Path == ""))
	}
	for i, day := range s.expenses {
		add("INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (%d, '%s', 3, 'Pix', 1)", i+1, day)
	}
	tx, err := db.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, q := range sql {
		q = asBlob.ReplaceAllString(q, "CAST('$1' AS BLOB)")
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

var asBlob = regexp.MustCompile(`'BLOB ([^']*)'`)

// in reports whether a day lies in month; what is no day lies in none.
func in(month books.Month, day string) bool {
	d, err := books.ParseDay(day)
	return err == nil && d.Month() == month
}

// belongs is the plain definition of what belongs to a month, row by row.
func (s small) belongs(month books.Month) map[string]bool {
	set := map[string]bool{}
	inMonth := func(id int) bool { return id > 0 && id <= len(s.payments) && in(month, s.payments[id-1].day) }
	made := func(c smallCommission) bool {
		var at books.Instant
		return c.made != "" && at.Parse([]byte(c.made)) == nil && books.MonthOf(at.Time().In(storetest.Zone)) == month
	}
	for i := range s.payments {
		if inMonth(i + 1) {
			set[fmt.Sprint("pagamento ", i+1)] = true
		}
	}
	for i, x := range s.sessions {
		var linked []int
		for j, p := range s.payments {
			if p.session == i+1 || x.payment == j+1 {
				linked = append(linked, j+1)
			}
		}
		inside := slices.ContainsFunc(linked, inMonth)
		outside := slices.ContainsFunc(linked, func(id int) bool { return !inMonth(id) })
		switch {
		case inside && !outside && !s.owing(i, linked, month):
			set[fmt.Sprint("sessao ", i+1)] = true
		case inMonth(x.payment): // it stays, and its payment leaves
			set[fmt.Sprint("vinculo ", i+1)] = true
		}
	}
	for i, c := range s.commissions {
		if inMonth(c.payment) || c.payment <= 0 && made(c) {
			set[fmt.Sprint("comissao ", i+1)] = true
		}
	}
	for i, day := range s.expenses {
		if in(month, day) {
			set[fmt.Sprint("gasto ", i+1)] = true
		}
	}
	return set
}

// owing reports whether session number i, which has these live payments, awaits
// more: it leaves with a later one.
func (s small) owing(i int, linked []int, month books.Month) bool {
	x := s.sessions[i]
	received, deposits := 0, true // in half dimes: 5 centavos
	for _, id := range linked {
		p := s.payments[id-1]
		received, deposits = received+20*p.amount+map[bool]int{false: 1, true: -1}[p.amount < 0], deposits && p.deposit
	}
	for _, r := range s.resting {
		if r.session == i+1 {
			received, deposits = received+20*r.amount+1, deposits && r.deposit
		}
	}
	day, err := books.ParseDay(x.day)
	after := err == nil && day.Month() != month && !day.Month().Before(month)
	return x.status != "completed" && received < 20*x.price+2 && (after || deposits)
}

// live are the rows of the tables, by name, and the links of the sessions.
func live(t testing.TB, tx *store.Tx) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	ids := make([]books.ID, 20)
	for i := range ids {
		ids[i] = books.ID(i + 1)
	}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		rows, err := tx.LiveByID(t.Context(), kind, ids)
		if err != nil {
			t.Fatal(err)
		}
		for id, row := range rows {
			name := fmt.Sprint(kind, " ", id)
			if s, ok := row.(*books.Session); ok && s.PaymentID.Valid {
				name += fmt.Sprint(" with ", s.PaymentID.V)
			}
			set[name] = true
		}
	}
	return set
}

func (s small) remaining(month books.Month) map[string]bool {
	set, gone := map[string]bool{}, s.belongs(month)
	for kind, n := range map[string]int{"pagamento": len(s.payments), "comissao": len(s.commissions), "gasto": len(s.expenses)} {
		for i := range n {
			if name := fmt.Sprint(kind, " ", i+1); !gone[name] {
				set[name] = true
			}
		}
	}
	for i, x := range s.sessions {
		if gone[fmt.Sprint("sessao ", i+1)] {
			continue
		}
		name := fmt.Sprint("sessao ", i+1)
		if x.payment > 0 && !gone[fmt.Sprint("vinculo ", i+1)] {
			name += fmt.Sprint(" with ", x.payment)
		}
		set[name] = true
	}
	return set
}

func (s small) malformed() bool {
	var at books.Instant
	return slices.ContainsFunc(s.payments, func(p smallPayment) bool { return slices.Contains(malformedDays, p.day) }) ||
		slices.ContainsFunc(s.sessions, func(x smallSession) bool { return slices.Contains(malformedDays, x.day) }) ||
		slices.ContainsFunc(s.commissions, func(c smallCommission) bool { return c.made != "" && at.Parse([]byte(c.made)) != nil }) ||
		slices.ContainsFunc(s.expenses, func(day string) bool { return slices.Contains(malformedDays, day) })
}

func names(set map[string]bool) string {
	var all []string
	for name := range set {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

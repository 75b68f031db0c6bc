package closing_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store/storetest"
)

// A scene is one month with rows of its own, so that many closes can be
// disturbed in one database. Its row n has the id base+n; the month after it
// holds no rows but the scene's.
type scene struct {
	base  int
	month books.Month
}

func (c scene) id(n int) int { return c.base + n }

func (c scene) day() string { return c.month.String() + "-10" }

func (c scene) nextDay() string { return c.month.Add(1).String() + "-05" }

func (c scene) sql(q string) string { return c.replacer().Replace(q) }

func (c scene) all(q ...string) (qs []string) {
	for _, s := range q {
		qs = append(qs, c.sql(s))
	}
	return qs
}

// replacer puts ids and days in for {1} to {9}, {day} and {next}.
func (c scene) replacer() *strings.Replacer {
	pairs := []string{"{day}", "'" + c.day() + "'", "{next}", "'" + c.nextDay() + "'", "{made}", "'" + made + "'"}
	for n := 1; n <= 9; n++ {
		pairs = append(pairs, fmt.Sprintf("{%d}", n), fmt.Sprint(c.id(n)))
	}
	return strings.NewReplacer(pairs...)
}

// set adds the scene's rows: payments 1 and 2 with their sessions and
// commissions, the deposit 3 and its balance 4 in the next month on session 3,
// the unpaid session 5, payment 6 of the next month, commission 3 without a
// payment, expense 1, and expense 2 of the next month.
func (s *studio) set(t testing.TB, c scene) {
	t.Helper()
	s.linked(t, c.id(1), c.id(1), c.day(), "450.00")
	s.linked(t, c.id(2), c.id(2), c.day(), "80.10")
	s.payment(t, c.id(3), c.day(), "100.00")
	s.session(t, c.id(3), c.day(), "300.00", c.id(3))
	s.pays(t, c.id(3), c.id(3))
	s.payment(t, c.id(4), c.nextDay(), "200.00")
	s.pays(t, c.id(4), c.id(3))
	s.session(t, c.id(5), c.day(), "60.00", nil)
	s.payment(t, c.id(6), c.nextDay(), "20.00")
	at := c.day() + " 15:00:00.000000"
	s.commission(t, c.id(1), c.id(1), "270.00", at)
	s.commission(t, c.id(2), c.id(2), "48.06", at)
	s.commission(t, c.id(3), nil, "5.00", at)
	s.expense(t, c.id(1), c.day(), "33.33")
	s.expense(t, c.id(2), c.nextDay(), "1.00")
}

// interferences are what another connection does, each in one transaction.
var interferences = []struct {
	name string
	do   []string
}{
	{"changes_an_amount", []string{"UPDATE pagamentos SET valor = 777 WHERE id = {1}"}},
	{"moves_a_payment_out_of_the_month", []string{"UPDATE pagamentos SET data = {next} WHERE id = {2}"}},
	{"moves_a_payment_into_the_month", []string{"UPDATE pagamentos SET data = {day} WHERE id = {6}"}},
	{"adds_a_payment", []string{`INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at)
		VALUES ({9}, {day}, 9, 'Pix', 1, {made})`}},
	{"deletes_a_payment", []string{"DELETE FROM comissoes WHERE id = {1}", "UPDATE sessoes SET payment_id = NULL WHERE id = {1}", "DELETE FROM pagamentos WHERE id = {1}"}},
	{"links_a_leaving_session_elsewhere", []string{"UPDATE sessoes SET payment_id = {6} WHERE id = {2}"}},
	{"links_a_session_to_a_leaving_payment", []string{"UPDATE sessoes SET payment_id = {2} WHERE id = {5}"}},
	{"adds_a_later_payment_for_a_leaving_session", []string{`INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, created_at)
		VALUES ({9}, {next}, 9, 'Pix', 1, {1}, {made})`}},
	{"adds_a_commission_to_a_leaving_payment", []string{`INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at)
		VALUES ({9}, {1}, 1, 1, 4.5, {made})`}},
	{"changes_and_deletes_commissions", []string{"UPDATE comissoes SET valor = 1 WHERE id = {1}", "DELETE FROM comissoes WHERE id = {3}"}},
	{"moves_an_expense_out_of_the_month", []string{"UPDATE gastos SET data = {next} WHERE id = {1}"}},
	{"updates_rows_in_an_order_that_crosses_the_close", []string{"UPDATE gastos SET valor = 3 WHERE id = {1}",
		"UPDATE sessoes SET valor = 3 WHERE id = {2}", "UPDATE pagamentos SET valor = 3 WHERE id = {1}", "UPDATE comissoes SET valor = 3 WHERE id = {2}"}},
	{"links_the_session_that_stays_anew", []string{"UPDATE sessoes SET payment_id = {4} WHERE id = {3}"}},
	{"deletes_the_balance_that_keeps_a_session", []string{"DELETE FROM pagamentos WHERE id = {4}"}},
}

// steps are the steps that one close and its backup report, in order.
func (s *studio) steps(t testing.TB, month books.Month) []string {
	t.Helper()
	var steps []string
	s.onStep(func(step string) { steps = append(steps, step) })
	defer s.onStep(nil)
	s.close(t, month, false)
	return steps
}

// onStep hears the steps of closer and backups alike, one at a time. The copy of
// an interrupted close may still be at work, so backups get one function for good.
func (s *studio) onStep(heard func(string)) {
	var one sync.Mutex
	hear := func(step string) {
		one.Lock()
		defer one.Unlock()
		if heard != nil {
			heard(step)
		}
	}
	s.Step = hear
	s.heard.Store(&hear)
	if s.Backups.Step == nil {
		s.Backups.Step = func(step string) { (*s.heard.Load())(step) }
	}
}

func TestClose_loses_and_doubles_nothing_whatever_another_connection_does_at_any_step(t *testing.T) {
	storetest.Concurrent(t)
	crowd := func(t *testing.T, s *studio) {
		s.people(t)
		s.Clock = noon(2090, time.January, 2)
		c := scene{base: 100, month: books.Month{Year: 2000, Month: time.January}}
		s.set(t, c)
		steps := s.steps(t, c.month)
		if len(steps) < 12 || !slices.Contains(steps, "rows read") || !slices.Contains(steps, "manifest written") {
			t.Fatalf("a close reports %v", steps)
		}
		for i, other := range interferences {
			for j, step := range steps {
				if testing.Short() && (i+j)%9 != 0 {
					continue // each interference and each step still has its turn
				}
				c = scene{base: c.base + 100, month: c.month.Add(2)}
				t.Run(other.name+"/"+strings.ReplaceAll(step, " ", "_"), func(t *testing.T) { s.disturb(t, c, step, c.all(other.do...)) })
			}
		}
		s.wantWhole(t)
	}
	both(t, crowd)
	t.Run("postgres_without_foreign_keys", func(t *testing.T) {
		s := postgresStudio(t)
		s.dropForeignKeys(t)
		crowd(t, s)
	})
}

// postgresStudio is an empty studio on PostgreSQL alone.
func postgresStudio(t *testing.T) *studio {
	t.Helper()
	s := &studio{Clock: noon(2025, time.November, 2), Folder: t.TempDir()}
	now := func() time.Time { return s.Clock }
	s.DB = storetest.Postgres(t, now)
	s.Closer = newCloser(t, s.DB.Store, s.Folder, now)
	return s
}

// dropForeignKeys makes the database like one of the older v4 ones, and lets
// the program see it.
func (s *studio) dropForeignKeys(t testing.TB) {
	t.Helper()
	for _, key := range s.texts(t, `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
		WHERE contype = 'f' AND confrelid IN ('pagamentos'::regclass, 'sessoes'::regclass)`) {
		s.Exec(t, key)
	}
	if err := s.Store().Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// world is every row of a scene, wherever it is, by its name.
type world map[string]books.Row

// disturb closes a scene's month while another connection does something at
// one of its steps, and checks that afterwards every row is in one place with
// its newest committed values.
func (s *studio) disturb(t *testing.T, c scene, step string, do []string) {
	s.set(t, c)
	before := liveRows(t, s.SQL, c)
	after := s.rehearse(t, c, do)
	other := s.meanwhile(t, step, do)
	r, err := s.Close(t.Context(), c.month, closing.Options{}, "test")
	s.onStep(nil)
	if err != nil {
		t.Fatalf("the close failed: %v", err)
	}
	if r.Outcome != closing.Closed {
		t.Errorf("the close is %s", r.Outcome)
	}
	want := before
	if other.happened(t) {
		want = after
	}
	wantWorld(t, want, s.world(t, c))
	s.wantNothingDangling(t, c)
}

// another is what a writer beside the program is doing.
type another struct {
	done    chan error
	changed []int64
}

// meanwhile starts statements in a connection and goroutine of their own when
// the step is first reached, and gives them a moment: they may have to wait
// for the close.
func (s *studio) meanwhile(t *testing.T, step string, do []string) *another {
	other := &another{done: make(chan error, 1)}
	started := false
	s.onStep(func(reached string) {
		if started || reached != step {
			return
		}
		started = true
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			var err error
			other.changed, err = inOwnTx(t, s.SQL, do)
			other.done <- err
		}()
		select {
		case <-finished:
		case <-time.After(60 * time.Millisecond):
		}
	})
	return other
}

// happened waits for the writer and reports whether it changed the books. An
// error must be an honest one: that the row is gone, or that it was in the way.
func (o *another) happened(t *testing.T) bool {
	t.Helper()
	if err := eventually(t, o.done); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && slices.Contains([]string{"23503", "40P01"}, pg.Code) || strings.Contains(err.Error(), "FOREIGN KEY constraint failed") {
			return false
		}
		t.Errorf("the other writer failed with %v", err)
		return false
	}
	zero := slices.Contains(o.changed, 0)
	if zero && slices.Max(o.changed) > 0 {
		t.Errorf("the other writer changed half of its rows: %v", o.changed)
	}
	return !zero
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// rehearse returns the scene's rows as they would be after the statements.
func (s *studio) rehearse(t *testing.T, c scene, do []string) world {
	t.Helper()
	tx, err := s.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, q := range do {
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return liveRows(t, tx, c)
}

// liveRows reads a scene's rows past the program.
func liveRows(t *testing.T, q querier, c scene) world {
	t.Helper()
	found := world{}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		var columns []string
		for _, name := range kind.Columns() {
			if name == "hora" { // PostgreSQL has none
				columns = append(columns, "CAST(NULL AS TEXT)")
				continue
			}
			columns = append(columns, "CAST("+name+" AS TEXT)")
		}
		rows, err := q.QueryContext(t.Context(), fmt.Sprintf("SELECT %s FROM %s WHERE id BETWEEN %d AND %d",
			strings.Join(columns, ", "), kind.Table(), c.id(0), c.id(99)))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			row := scanText(t, rows, kind)
			found[books.Describe(row)] = row
		}
		if err := errorsJoin(rows.Err(), rows.Close()); err != nil { //nolint:sqlclosecheck // t.Fatal above ends the test, and its database with it
			t.Fatal(err)
		}
	}
	return found
}

func scanText(t *testing.T, rows *sql.Rows, kind books.Kind) books.Row {
	t.Helper()
	row := kind.New()
	values := row.AppendValues(nil)
	texts, dest := make([]sql.NullString, len(values)), make([]any, len(values))
	for i := range texts {
		dest[i] = &texts[i]
	}
	if err := rows.Scan(dest...); err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		raw := []byte(text.String)
		if !text.Valid {
			raw = nil
		}
		if err := values[i].Parse(raw); err != nil {
			t.Fatalf("%s: %v", kind.Columns()[i], err)
		}
	}
	return row
}

// world returns a scene's rows, live and in its month's statement, with the
// link that a session lost to the statement given back unless it has a newer
// one. A row in both places fails the test.
func (s *studio) world(t *testing.T, c scene) world {
	t.Helper()
	all := liveRows(t, s.SQL, c)
	for _, row := range s.statement(t, c.month).Rows {
		name := books.Describe(row)
		switch {
		case row.Kind() > books.LinkKind:
		case row.Kind() == books.LinkKind:
			link := row.(*books.Link)
			session, ok := all[fmt.Sprintf("sessao %d", link.SessionID)].(*books.Session)
			if !ok {
				t.Errorf("the statement holds the link of session %d, which is not live", link.SessionID)
			} else if !session.PaymentID.Valid {
				session.PaymentID = books.RefTo(link.PaymentID)
			}
		case all[name] != nil:
			t.Errorf("%s is live and in the statement", name)
		default:
			all[name] = row
		}
	}
	return all
}

func wantWorld(t *testing.T, want, got world) {
	t.Helper()
	for name, row := range want {
		if got[name] == nil {
			t.Errorf("%s is lost", name)
		} else if !books.Equal(row, got[name]) {
			t.Errorf("%s is %s, want %s", name, books.AppendRowJSON(nil, got[name]), books.AppendRowJSON(nil, row))
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s came from nowhere", name)
		}
	}
}

// wantNothingDangling asserts that links lead to live rows, where the database
// has keys for that, and that every commission's payment is somewhere.
func (s *studio) wantNothingDangling(t *testing.T, c scene) {
	t.Helper()
	if !s.hasKeys(t) {
		return
	}
	n := s.Int(t, `SELECT (SELECT count(*) FROM sessoes s WHERE s.payment_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pagamentos p WHERE p.id = s.payment_id))
		+ (SELECT count(*) FROM pagamentos p WHERE p.sessao_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sessoes s WHERE s.id = p.sessao_id))`)
	if n != 0 {
		t.Errorf("%d links lead nowhere", n)
	}
	all := s.world(t, c)
	for name, row := range all {
		if r, ok := row.(*books.Commission); ok && r.PaymentID.Valid && all[fmt.Sprintf("pagamento %d", r.PaymentID.V)] == nil {
			t.Errorf("the payment of %s is nowhere", name)
		}
	}
}

func (s *studio) hasKeys(t *testing.T) bool {
	t.Helper()
	return !s.Store().Postgres() || s.Int(t, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'sessoes'::regclass") > 0
}

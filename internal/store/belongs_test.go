package store_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

// put stores s, in one transaction.
func (s small) put(t testing.TB, db *storetest.DB) {
	t.Helper()
	var sql []string
	add := func(format string, args ...any) { sql = append(sql, fmt.Sprintf(format, args...)) }
	null := func(n int) string {
		if n == 0 {
			return "NULL"
		}
		return fmt.Sprint(n)
	}
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
		made := "NULL"
		if c.made != "" {
			made = "'" + c.made + "'"
			var at books.Instant
			if db.Path == "" && at.Parse([]byte(c.made)) == nil {
				made = "'" + c.made + "+00'"
			}
		}
		payment := null(c.payment)
		if c.payment < 0 {
			payment = "777"
		}
		add("INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (%d, %s, 1, 60, 5, %s)", i+1, payment, made)
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

var errBack = errors.New("rolled back on purpose")

func TestWhat_belongs_to_a_month_is_what_the_plain_definition_says(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		rapid.Check(t, func(rt *rapid.T) {
			s := drawSmall(rt, db.Path != "")
			s.put(t, db)
			withRows := map[books.Month]bool{}
			for _, month := range []books.Month{october.Add(-12), october.Add(-2), october.Add(-1), october, october.Add(1), october.Add(2)} {
				want := s.belongs(month)
				listed := false
				for name := range want {
					listed = listed || strings.HasPrefix(name, "pagamento") || strings.HasPrefix(name, "gasto") || strings.HasPrefix(name, "comissao")
				}
				if listed {
					withRows[month] = true
				}
				var counts books.Counts
				err := db.Store.Write(t.Context(), func(tx *store.Tx) error {
					got := map[string]bool{}
					counts = books.Counts{}
					rows, err := books.Collect(tx.MonthRows(t.Context(), month))
					if err != nil {
						return err
					}
					for _, row := range rows {
						if row.Kind() <= books.LinkKind {
							got[books.Describe(row)] = true
							counts.Add(row.Kind())
						}
					}
					if names(got) != names(want) {
						return fmt.Errorf("%s holds\n%s\nwant\n%s", month, names(got), names(want))
					}
					counted, err := tx.CountMonth(t.Context(), month)
					counted.Links = counts.Links
					if err != nil || counted != counts {
						return fmt.Errorf("%s counts %+v, its rows %+v: %w", month, counted, counts, err)
					}
					removed, err := storetest.Remove(t.Context(), tx, month)
					if err != nil || removed != counts {
						return fmt.Errorf("%s removed %+v, its rows were %+v: %w", month, removed, counts, err)
					}
					if s.malformed() {
						return errBack // such rows cannot be looked at
					}
					if left := live(t, tx); !slices.Equal(strings.Split(names(left), ", "), strings.Split(names(s.remaining(month)), ", ")) {
						return fmt.Errorf("after %s there remain\n%s\nwant\n%s", month, names(left), names(s.remaining(month)))
					}
					return errBack
				})
				if !errors.Is(err, errBack) {
					rt.Fatalf("%+v\n%v", s, err)
				}
			}
			var months []books.Month
			readMonths := func(tx *store.Tx) (err error) {
				months, err = tx.MonthsWithRows(t.Context())
				return err
			}
			if err := db.Store.Read(t.Context(), readMonths); err != nil {
				rt.Fatal(err)
			}
			if len(months) != len(withRows) || !slices.IsSortedFunc(months, func(a, b books.Month) int { return strings.Compare(a.String(), b.String()) }) {
				rt.Fatalf("months with rows are %v, want %v", months, withRows)
			}
			for _, m := range months {
				if !withRows[m] {
					rt.Fatalf("months with rows are %v, want %v", months, withRows)
				}
			}
		})
	})
}

func TestA_removed_month_commits(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		s := small{
			payments:    []smallPayment{{day: "2025-10-01", session: 1}, {day: "2025-11-01", session: 2}, {day: "2025-10-31"}},
			sessions:    []smallSession{{"2025-09-28", 1, 0, "paid"}, {"2025-10-02", 3, 0, "paid"}, {"2025-10-02", 0, 0, "active"}},
			commissions: []smallCommission{{1, ""}, {2, "2025-10-05 00:00:00"}, {0, "2025-10-01 03:00:00.000000"}},
			expenses:    []string{"2025-10-31", "2025-09-30"},
		}
		s.put(t, db)
		write(t, db.Store, func(tx *store.Tx) error {
			_, err := storetest.Remove(t.Context(), tx, october)
			return err
		})
		read(t, db.Store, func(tx *store.Tx) error {
			if got, want := names(live(t, tx)), "comissao 2, gasto 2, pagamento 2, sessao 2, sessao 3"; got != want {
				t.Errorf("there remain %s, want %s", got, want)
			}
			return nil
		})
		if n := db.Int(t, "SELECT count(*) FROM sessoes WHERE payment_id IS NOT NULL"); n != 0 {
			t.Errorf("%d sessions are linked to what is gone", n)
		}
	})
}

// fits cuts a text to what v4's column holds; PostgreSQL takes no zero byte.
func fits(t *rapid.T, limit int) string {
	nasty := []string{"", " ", "a;b,c", "linha\r\nlinha", "\r", "\t", `"`, `\`, `\N`, `\.`, "'", "=1+1", "João", "Joa\u0303o", "💉", "\x01\x1b", "\x7f", "\u2028", "\ufeff", "\ufffd", "NULL", "0.30", "1e5", "007", "2025-10-01", strings.Repeat("ã", 255)}
	text := rapid.OneOf(rapid.SampledFrom(nasty), rapid.String()).Filter(utf8.ValidString).Draw(t, "text")
	text = strings.ReplaceAll(text, "\x00", "")
	if letters := []rune(text); len(letters) > limit {
		text = string(letters[:limit])
	}
	return text
}

// drawStored gives every column anything that both databases hold.
func drawStored(t *rapid.T, row books.Row, made *int) {
	limits := map[string]int{"forma_pagamento": 50, "status": 20, "google_event_id": 100, "observacoes": 255, "descricao": 255}
	columns := row.Kind().Columns()
	for i, v := range row.AppendValues(nil) {
		if i == 0 || slices.Contains([]string{"cliente_id", "artista_id", "created_by", "payment_id", "sessao_id", "pagamento_id", "data", "hora"}, columns[i]) {
			continue
		}
		if v.Parse(nil) == nil && columns[i] != "status" && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
			continue
		}
		var text string
		switch v.(type) {
		case *books.Money, *books.NullMoney:
			text = books.Money(rapid.Int64Range(-99_999_999_99, 99_999_999_99).Draw(t, "money")).String()
		case *books.Percent:
			text = books.Percent(rapid.Int64Range(-999_99, 999_99).Draw(t, "percent")).String()
		case *books.NullInstant:
			text = books.Instant(rapid.Int64Range(0, 4_000_000_000_000_000).Draw(t, "instant")).String()
		default:
			text = fits(t, limits[columns[i]])
			if columns[i] == "google_event_id" { // unique
				*made++
				text = fmt.Sprint(*made, "-", text)[:min(len(fmt.Sprint(*made, "-", text)), 90)]
				text = strings.ToValidUTF8(text, "")
			}
		}
		if err := v.Parse([]byte(text)); err != nil {
			t.Fatalf("%s: %v", columns[i], err)
		}
	}
}

func TestRows_come_back_from_the_database_as_they_were(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		made := 0
		rapid.Check(t, func(rt *rapid.T) {
			id := func(label string) books.ID { return books.ID(rapid.Int64Range(1, 1<<31-1).Draw(rt, label)) }
			p, s, c, e := &books.Payment{ID: id("p"), Date: 2025_10_01}, &books.Session{ID: id("s"), Date: 2025_09_15}, &books.Commission{ID: id("c")}, &books.Expense{ID: id("e"), Date: 2025_10_31}
			rows := []books.Row{p, s, c, e}
			for _, row := range rows {
				drawStored(rt, row, &made)
			}
			p.ArtistID, s.ArtistID, s.ClientID, c.ArtistID, e.CreatedBy = 1, 2, 3, 2, 3
			c.PaymentID = books.RefTo(p.ID)
			switch rapid.IntRange(0, 3).Draw(rt, "link") {
			case 0:
				p.SessionID = books.RefTo(s.ID)
			case 1:
				s.PaymentID = books.RefTo(p.ID)
			case 2:
				p.SessionID, s.PaymentID = books.RefTo(s.ID), books.RefTo(p.ID)
			case 3:
				rows = slices.Delete(rows, 1, 2) // a session without a payment belongs to no month
			}
			if rapid.Bool().Draw(rt, "client") {
				p.ClientID = books.RefTo(1)
			}
			want, wantCounts, err := books.FingerprintOf(books.Sequence(rows))
			if err != nil {
				rt.Fatal(err)
			}
			err = db.Store.Write(t.Context(), func(tx *store.Tx) error {
				kept, err := tx.InsertRows(t.Context(), rows)
				if err != nil || len(kept) > 0 {
					return fmt.Errorf("insert: %v, %w", kept, err)
				}
				back, err := books.Collect(tx.MonthRows(t.Context(), october))
				if err != nil {
					return err
				}
				for i, row := range rows {
					if !books.Equal(row, back[i]) {
						return fmt.Errorf("came back as\n%s\nwant\n%s", books.AppendRowJSON(nil, back[i]), books.AppendRowJSON(nil, row))
					}
				}
				got, counts, err := books.FingerprintOf(books.Sequence(back))
				if err != nil || got != want || counts != wantCounts {
					return fmt.Errorf("fingerprint %s of %+v, want %s of %+v: %w", got, counts, want, wantCounts, err)
				}
				if back[0].(*books.Payment).ArtistName != books.TextOf("Artist 1") {
					return fmt.Errorf("the artist is called %q", back[0].(*books.Payment).ArtistName.V)
				}
				return errBack
			})
			if !errors.Is(err, errBack) {
				rt.Fatal(err)
			}
		})
	})
}

func TestA_row_that_cannot_be_kept_exactly_ends_the_month_with_its_name(t *testing.T) {
	db := storetest.SQLite(t, now) // PostgreSQL's types refuse such rows themselves
	people(t, db)
	for what, column := range map[string][2]string{
		"parts of a cent":        {"valor", "16.665"},
		"text that is not UTF-8": {"observacoes", "CAST(x'ff41' AS TEXT)"},
		"an odd instant":         {"created_at", "'yesterday'"},
		"a number as text":       {"valor", "'abc'"},
	} {
		db.Exec(t, "DELETE FROM pagamentos")
		write(t, db.Store, insert(t.Context(), payment(17, "2025-10-03")))
		db.Exec(t, "PRAGMA ignore_check_constraints = ON")
		db.Exec(t, "UPDATE pagamentos SET "+column[0]+" = "+column[1])
		err := db.Store.Read(t.Context(), func(tx *store.Tx) error {
			_, err := books.Collect(tx.MonthRows(t.Context(), october))
			return err
		})
		wants(t, err, books.Integrity, "broken_row")
		if err == nil || !strings.Contains(err.Error(), "pagamento 17") || !strings.Contains(err.Error(), column[0]) {
			t.Errorf("%s: the error does not name the row: %v", what, err)
		}
	}
}

func TestIds_are_never_used_twice(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		next := func() int64 {
			return db.Int(t, "INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id) VALUES ('2025-10-01', 1, 'Pix', 1) RETURNING id")
		}
		raise := func(id books.ID) {
			write(t, db.Store, func(tx *store.Tx) error {
				return tx.RaiseSequences(t.Context(), map[books.Kind]books.ID{books.PaymentKind: id})
			})
		}
		first := next()
		db.Exec(t, "DELETE FROM pagamentos")
		if again := next(); again <= first {
			t.Errorf("id %d came again after %d was deleted", again, first)
		}
		raise(500) // as a statement holds it
		if id := next(); id != 501 {
			t.Errorf("the next id is %d, want 501", id)
		}
		raise(3)
		raise(0)
		if id := next(); id != 502 {
			t.Errorf("the next id is %d, want 502: a sequence went back", id)
		}
		db.Exec(t, "DELETE FROM pagamentos")
		write(t, db.Store, insert(t.Context(), payment(900, "2025-10-03"))) // with its own id
		raise(0)
		if id := next(); id != 901 {
			t.Errorf("the next id is %d, want 901: a live row has 900", id)
		}
		raise(1<<31 - 1)
		if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO gastos (data, valor, forma_pagamento, created_by) VALUES ('2025-10-01', 1, 'Pix', 1)"); err != nil {
			t.Errorf("another table's ids: %v", err)
		}
	})
}

func TestSequences_of_a_new_database_can_be_raised(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		write(t, db.Store, func(tx *store.Tx) error { return tx.RaiseSequences(t.Context(), nil) })
		people(t, db)
		ids := map[books.Kind]books.ID{}
		for kind := range books.KindCount {
			ids[kind] = 41
		}
		write(t, db.Store, func(tx *store.Tx) error { return tx.RaiseSequences(t.Context(), ids) })
		for table, columns := range map[string]string{
			"clients":   "(name) VALUES ('x')",
			"users":     "(name, role, active_flag, unified_flow_enabled) VALUES ('x', 'artist', TRUE, FALSE)",
			"sessoes":   "(data, valor, cliente_id, artista_id, status) VALUES ('2025-10-01', 1, 1, 1, 'active')",
			"gastos":    "(data, valor, forma_pagamento, created_by) VALUES ('2025-10-01', 1, 'Pix', 1)",
			"comissoes": "(artista_id, percentual, valor) VALUES (1, 1, 1)",
		} {
			if id := db.Int(t, "INSERT INTO "+table+" "+columns+" RETURNING id"); id != 42 {
				t.Errorf("the next id of %s is %d, want 42", table, id)
			}
		}
	})
}

func TestInserted_links_never_replace_newer_ones(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		small{
			payments: []smallPayment{{day: "2025-10-01"}, {day: "2025-11-01"}},
			sessions: []smallSession{{day: "2025-10-01"}, {day: "2025-10-01", payment: 2}, {day: "2025-10-01", payment: 1}},
		}.put(t, db)
		var kept []*books.Link
		write(t, db.Store, func(tx *store.Tx) (err error) {
			kept, err = tx.InsertRows(t.Context(), []books.Row{
				&books.Link{SessionID: 1, PaymentID: 1}, // free
				&books.Link{SessionID: 2, PaymentID: 1}, // has another
				&books.Link{SessionID: 3, PaymentID: 1}, // has this one
				&books.Link{SessionID: 9, PaymentID: 1}, // is gone
			})
			return err
		})
		if len(kept) != 2 || kept[0].SessionID != 2 || kept[1].SessionID != 9 {
			t.Errorf("left alone: %+v, want sessions 2 and 9", kept)
		}
		for id, want := range map[int]int64{1: 1, 2: 2, 3: 1} {
			if got := db.Int(t, "SELECT payment_id FROM sessoes WHERE id = $1", id); got != want {
				t.Errorf("session %d points to %d, want %d", id, got, want)
			}
		}
	})
}

func TestRows_that_cannot_Go_back_change_nothing(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		write(t, db.Store, insert(t.Context(), payment(1, "2025-10-03")))
		lost := payment(3, "2025-10-03")
		lost.ArtistID = 99
		timed := &books.Session{ID: 5, Date: 2025_10_01, ClientID: 1, ArtistID: 1, Time: books.TextOf("14:30:00"), Status: books.TextOf("paid")}
		cases := map[string][]books.Row{
			"an id that is taken":     {payment(2, "2025-10-03"), payment(1, "2025-10-03")},
			"an artist who is gone":   {payment(2, "2025-10-03"), lost},
			"a session that is twice": {timed, timed},
		}
		if db.Path == "" {
			cases["a time that has no column"] = []books.Row{payment(2, "2025-10-03"), timed}
		}
		for name, rows := range cases {
			if err := db.Store.Write(t.Context(), insert(t.Context(), rows...)); err == nil {
				t.Errorf("%s: no error", name)
			}
			if n := db.Int(t, "SELECT (SELECT count(*) FROM pagamentos) + (SELECT count(*) FROM sessoes)"); n != 1 {
				t.Errorf("%s: %d rows are live", name, n)
			}
		}
		if db.Path == "" {
			wants(t, db.Store.Write(t.Context(), insert(t.Context(), timed)), books.Refused, "unknown_column")
		}
		if _, err := db.SQL.ExecContext(context.Background(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
}

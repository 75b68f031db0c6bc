package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// The payments that a commission of these tests may name. There are so many of
// October that its list of commissions is a busy one.
const (
	octoberPayments = 1001 // live, from 1 on
	novemberPayment = 2000 // live
	restingPayment  = 3000 // in the statement of August
	lostPayment     = 4000
)

// writtenCommission is a commission as it is stored: what it names, and the SQL and
// the text of its created_at; an empty text is NULL.
type writtenCommission struct {
	payment int // 0 is none
	sql     string
	made    string
}

// month is the plain computation of where it belongs; zero is nowhere.
func (c writtenCommission) month() books.Month {
	switch c.payment {
	case octoberPayments:
		return october
	case novemberPayment:
		return october.Add(1)
	case restingPayment:
		return october.Add(-2)
	}
	at, ok := c.at()
	if !ok {
		return books.Month{}
	}
	return books.MonthOf(at.Time().In(storetest.Zone))
}

func (c writtenCommission) at() (at books.Instant, ok bool) {
	return at, c.made != "" && at.Parse([]byte(c.made)) == nil
}

// zoneMonths are months whose edges are worth a look: of summer times, at the
// ends of what is a month, around the year's end.
var zoneMonths = []string{"2000-01", "2000-02", "2000-03", "2017-10", "2017-11", "2018-02", "2018-03", "2018-11", "2018-12", "2019-02", "2019-03",
	"2024-02", "2024-03", "2025-01", "2025-10", "2025-11", "2025-12", "2026-01", "2100-12"}

// drawMade draws a created_at, most of them around the edge of a month.
func drawMade(t *rapid.T, sqlite bool) (sql, text string) {
	month, err := books.ParseMonth(rapid.SampledFrom(zoneMonths).Draw(t, "month"))
	if err != nil {
		t.Fatal(err)
	}
	offset := time.Duration(rapid.Int64Range(-40*24, 40*24).Draw(t, "hours")) * time.Hour
	if rapid.Bool().Draw(t, "at the edge") {
		offset = rapid.SampledFrom([]time.Duration{-3 * time.Hour, -time.Hour, -time.Second, -time.Microsecond, 0, time.Microsecond, time.Second, time.Hour, 3 * time.Hour}).Draw(t, "offset")
	}
	edge := month.Start(storetest.Zone)
	if rapid.Bool().Draw(t, "its end") {
		edge = month.End(storetest.Zone)
	}
	text = books.InstantOf(edge.Add(offset)).SQL().(string)
	quoted := func() string { return "'" + text + "'" }
	how := rapid.IntRange(0, 11).Draw(t, "form")
	if !sqlite {
		switch how {
		case 0:
			return "NULL", ""
		case 1, 2, 3:
			text = rapid.SampledFrom([]string{"infinity", "-infinity", "0044-03-15 12:00:00 BC", "2025-10-15 12:00:00+00 BC", "12025-10-15 12:00:00+00"}).Draw(t, "no instant")
			return quoted(), text
		}
		text += rapid.SampledFrom([]string{"+00", "-03:00", "+05:30", "+14:00"}).Draw(t, "zone")
		return quoted(), text
	}
	switch how {
	case 0:
		return "NULL", ""
	case 1:
		text = text[:10] + "T" + text[11:]
	case 2:
		text = text[:19]
	case 3: // parts of a second of any length, 7 digits being too many
		text = text[:20] + strings.Repeat("0", rapid.IntRange(0, 7).Draw(t, "digits"))
	case 4:
		text += rapid.SampledFrom([]string{"Z", "+00", "-03:00", "-03", "+0530", "+01:02:03", "+59:59:59", "-59:00", "+", "+1", "z", " "}).Draw(t, "zone")
	case 5: // such as 31 September, 24 o'clock, month 13
		at := rapid.IntRange(0, len(text)-1).Draw(t, "place")
		text = text[:at] + rapid.SampledFrom([]string{"0", "1", "2", "3", "4", "6", "9", " ", "-", ".", "é"}).Draw(t, "letter") + text[at+1:]
	case 6:
		text = rapid.SampledFrom([]string{month.String() + "-ontem", month.String(), month.First().String(), "", "ontem", "now", "0044-03-15 12:00:00.000000", "-2025-10-15 12:00:00.00000"}).Draw(t, "no instant")
		if text == "" {
			return "''", "''" // no instant, and not NULL
		}
	case 7:
		return "CAST('" + text + "' AS BLOB)", text
	case 8:
		return "'" + text + "' || char(0) || 'x'", text + "\x00x"
	}
	return quoted(), text
}

func TestThe_months_of_commissions_are_those_of_a_plain_reckoning(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		sqlite := db.Path != ""
		people(t, db)
		var payments []books.Row
		for id := int64(1); id <= octoberPayments; id++ {
			payments = append(payments, payment(id, "2025-10-03"))
		}
		write(t, db.Store, insert(t.Context(), append(payments, payment(novemberPayment, "2025-11-30"))...))
		db.Exec(t, fmt.Sprintf(`INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (8, 2025,
			'"[{\"id\": %d, \"artista_name\": \"Ana\", \"valor\": 10.0}]"', '"[]"', '"[]"', '"[]"', '"{\"receita_total\": 10.0}"')`, restingPayment))
		if _, err := db.Store.AdoptStatements(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		if !sqlite { // as where somebody dropped it
			db.Exec(t, "ALTER TABLE comissoes DROP CONSTRAINT comissoes_pagamento_id_fkey")
		}
		rapid.Check(t, func(rt *rapid.T) {
			var all []writtenCommission
			want := map[books.Month][]books.ID{}
			for range rapid.IntRange(1, 12).Draw(rt, "commissions") {
				c := writtenCommission{payment: rapid.SampledFrom([]int{0, 0, 0, 0, octoberPayments, novemberPayment, restingPayment, lostPayment}).Draw(rt, "payment")}
				c.sql, c.made = drawMade(rt, sqlite)
				if _, ok := c.at(); !ok && c.payment != 0 && c.payment != lostPayment {
					c.sql, c.made = "NULL", "" // it would break the month of its payment
				}
				all = append(all, c)
				want[c.month()] = append(want[c.month()], books.ID(len(all)))
			}
			query := "INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES "
			for i, c := range all {
				query += fmt.Sprintf("%.*s(%d, nullif(%d, 0), 1, 60, 5, %s)", min(i, 1), ",", i+1, c.payment, c.sql)
			}
			db.Exec(t, "DELETE FROM comissoes")
			db.Exec(t, query)
			err := db.Store.Read(t.Context(), func(tx *store.Tx) error { return wantComputed(t, tx, all, want) })
			if err != nil {
				rt.Fatalf("%+v\n%v", all, err)
			}
		})
	})
}

// wantMonth fails unless all ways of reading a month find these commissions.
func wantMonth(t *testing.T, tx *store.Tx, m books.Month, all books.Counts, want []books.ID) error {
	t.Helper()
	count, err := tx.CountMonth(t.Context(), m)
	if n := int64(len(want)); err != nil || count.Commissions != n || all.Commissions != n {
		return fmt.Errorf("%s counts %d, with all months %d, want %d: %w", m, count.Commissions, all.Commissions, n, err)
	}
	var got, listed []books.ID
	for row, err := range tx.MonthRows(t.Context(), m) {
		if err != nil {
			return err
		}
		if row.Kind() == books.CommissionKind {
			got = append(got, row.Key())
		}
	}
	rows, _, err := tx.ListRecords(t.Context(), store.Wanted{Kind: books.CommissionKind, Month: m, Limit: 100})
	for _, row := range rows {
		listed = append(listed, row.Key())
	}
	slices.Sort(listed)
	if err != nil || !slices.Equal(got, want) || !slices.Equal(listed, want) {
		return fmt.Errorf("%s holds %v and lists %v, want %v: %w", m, got, listed, want, err)
	}
	return nil
}

// wantComputed fails unless all that is asked of months by commissions is answered
// as was computed.
func wantComputed(t *testing.T, tx *store.Tx, all []writtenCommission, want map[books.Month][]books.ID) error {
	months := map[books.Month]bool{october: true, october.Add(1): true}
	ask := map[books.Month]bool{}
	var monthless []string
	for m, ids := range want {
		if m.Valid() {
			months[m], ask[m.Add(-1)], ask[m], ask[m.Add(1)] = true, true, true, true
			continue
		}
		for _, id := range ids {
			monthless = append(monthless, fmt.Sprintf("comissao %d", id))
		}
	}
	counts, err := tx.CountMonths(t.Context())
	if err != nil {
		return err
	}
	for m := range counts {
		ask[m] = true
	}
	for m := range ask {
		if !m.Valid() {
			continue
		}
		if err := wantMonth(t, tx, m, counts[m], want[m]); err != nil {
			return err
		}
	}
	withRows, err := tx.MonthsWithRows(t.Context())
	byName := func(a, b books.Month) int { return strings.Compare(a.String(), b.String()) }
	if wanted := slices.SortedFunc(maps.Keys(months), byName); err != nil || !slices.Equal(withRows, wanted) {
		return fmt.Errorf("months with rows are %v, want %v: %w", withRows, wanted, err)
	}
	troubles, err := tx.MonthlessRows(t.Context(), 100)
	var found []string
	for _, trouble := range troubles {
		found = append(found, trouble.Row)
	}
	slices.Sort(monthless)
	slices.Sort(found)
	if err != nil || !slices.Equal(found, monthless) {
		return fmt.Errorf("monthless are %v, want %v: %w", found, monthless, err)
	}
	listed, err := tx.ListedCommissions(t.Context())
	for _, id := range listed {
		c := all[id-1]
		if at, ok := c.at(); c.payment == 0 && ok && c.sql == "'"+at.SQL().(string)+"'" {
			return fmt.Errorf("%+v is handed over by its id", c)
		}
	}
	return err
}

func TestCommissions_without_a_payment_are_none_the_more_statements(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		count := func(want int64) int64 {
			before := db.Store.Statements()
			read(t, db.Store, func(tx *store.Tx) error {
				rows, err := books.Collect(tx.MonthRows(t.Context(), october))
				if err != nil {
					return err
				}
				counts, err := tx.CountMonth(t.Context(), october)
				if n := int64(len(rows)); counts.Commissions != want || n != min(want, 1)+want { // and the artist
					t.Errorf("%d rows, %d commissions, want %d", n, counts.Commissions, want)
				}
				return err
			})
			return db.Store.Statements() - before
		}
		none := count(0)
		for range 3 {
			for month, day := range []string{"2025-09-15", "2025-10-15", "2025-11-15"} {
				made := "'" + day + " 12:00:00.00000' || (i % 7)"
				if db.Path == "" {
					made = "CAST(" + made + " AS TIMESTAMPTZ)"
				}
				db.Exec(t, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
					INSERT INTO comissoes (artista_id, percentual, valor, created_at) SELECT 1, 50, %d, %s FROM n`, month+1, made))
			}
		}
		if many := count(300); many != none {
			t.Errorf("%d statements for 900 commissions, %d for none", many, none)
		}
		read(t, db.Store, func(tx *store.Tx) error {
			listed, err := tx.ListedCommissions(t.Context())
			if len(listed) > 0 {
				t.Errorf("%d commissions are handed over by their ids", len(listed))
			}
			return err
		})
	})
}

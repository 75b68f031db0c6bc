package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

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

func TestRows_that_cannot_go_back_change_nothing(t *testing.T) {
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

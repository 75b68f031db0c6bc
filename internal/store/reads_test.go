package store_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// wantCounted fails unless what is computed for all months at once is what is
// computed for each by itself.
func wantCounted(ctx context.Context, tx *store.Tx, months ...books.Month) error {
	all, err := tx.CountMonths(ctx)
	if err != nil {
		return err
	}
	for m := range all {
		months = append(months, m)
	}
	for _, m := range months {
		one, err := tx.CountMonth(ctx, m)
		if err != nil {
			return err
		}
		if all[m] != one {
			return fmt.Errorf("%s has %+v, and with all months together %+v", m, one, all[m])
		}
		if _, ok := all[m]; ok && one == (books.Counts{}) {
			return fmt.Errorf("%s has no rows and is listed", m)
		}
		totals, err := tx.MonthTotals(ctx, m)
		if err != nil {
			return err
		}
		tally := books.NewTally()
		for row, err := range tx.MonthRows(ctx, m) {
			if err != nil {
				return err
			}
			tally.Add(row)
		}
		if byRow, bySums := tally.Totals().JSON(), totals.JSON(); !bytes.Equal(byRow, bySums) {
			return fmt.Errorf("the totals of %s are by row\n%s\nand by sums\n%s", m, byRow, bySums)
		}
	}
	return nil
}

func TestAll_months_counted_at_once_are_each_month_counted(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		months := []books.Month{october.Add(-12), october.Add(-2), october.Add(-1), october, october.Add(1), october.Add(2)}
		rapid.Check(t, func(rt *rapid.T) {
			s := drawSmall(rt, db.Path != "")
			s.put(t, db)
			err := db.Store.Read(t.Context(), func(tx *store.Tx) error { return wantCounted(t.Context(), tx, months...) })
			if err != nil {
				rt.Fatalf("%+v\n%v", s, err)
			}
		})
	})
}

func TestTotals_by_sums_are_those_by_row(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		db.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (4, 'Artist 1', 'artist', TRUE, FALSE)") // of the same name
		for i, amount := range []string{"0.10", "0.10", "0.10", "16.67", "99999999.99", "-5.00", "0.00", "450"} {
			id, day, method := i+1, fmt.Sprintf("2025-10-%02d", i+1), []string{"Pix", "pix", "Dinheiro", ""}[i%4]
			db.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (%d, '%s', %s, '%s', %d)", id, day, amount, method, 1+i%4))
			db.Exec(t, fmt.Sprintf("INSERT INTO comissoes (pagamento_id, artista_id, percentual, valor) VALUES (%d, %d, 50, %s)", id, 1+(i+1)%4, amount))
			db.Exec(t, fmt.Sprintf("INSERT INTO gastos (data, valor, forma_pagamento, created_by) VALUES ('%s', %s, '%s', 1)", day, amount, method))
		}
		read(t, db.Store, func(tx *store.Tx) error { return wantCounted(t.Context(), tx, october) })
	})
}

func TestCounts_are_those_of_the_books_after_every_change(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		s := open(t, db.URL)
		count := func() (n int64) {
			t.Helper()
			err := s.Read(t.Context(), func(tx *store.Tx) error {
				all, err := tx.CountMonths(t.Context())
				n = all[october].Payments
				if err == nil {
					err = wantCounted(t.Context(), tx, october)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return n
		}
		add := "INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id) VALUES ('%s', 20, 'Pix', 1)"
		step := func(name string, want int64, change func()) {
			t.Helper()
			count()
			change()
			if got := count(); got != want {
				t.Errorf("%s: %d payments, want %d", name, got, want)
			}
		}
		sql := func(query string) func() { return func() { db.Exec(t, query) } }
		inside := func(query string) func() {
			return func() {
				write(t, s, func(tx *store.Tx) error {
					_, err := tx.SQL().ExecContext(t.Context(), query)
					return err
				})
			}
		}
		step("another program adds", 1, sql(fmt.Sprintf(add, "2025-10-03")))
		step("this one adds", 2, inside(fmt.Sprintf(add, "2025-10-04")))
		step("another store adds", 3, func() {
			write(t, db.Store, func(tx *store.Tx) error {
				_, err := tx.SQL().ExecContext(t.Context(), fmt.Sprintf(add, "2025-10-05"))
				return err
			})
		})
		step("another program moves one away", 2, sql("UPDATE pagamentos SET data = '2025-11-01' WHERE data = '2025-10-03'"))
		step("this one moves it back", 3, inside("UPDATE pagamentos SET data = '2025-10-03' WHERE data = '2025-11-01'"))
		step("one goes and one comes", 2, func() {
			db.Exec(t, "DELETE FROM pagamentos WHERE data = '2025-10-03'")
			db.Exec(t, fmt.Sprintf(add, "2025-11-03"))
		})
		step("one is deleted", 1, sql("DELETE FROM pagamentos WHERE data = '2025-10-04'"))
		step("an amount changes", 1, sql("UPDATE pagamentos SET valor = 21"))
		step("an artist is called otherwise", 1, sql("UPDATE users SET name = 'Nova' WHERE id = 1"))
		tx, err := db.SQL.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		for _, query := range []string{"SAVEPOINT a", fmt.Sprintf(add, "2025-10-06"), "RELEASE SAVEPOINT a"} {
			if _, err := tx.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		step("what was not committed when it was counted", 2, func() {
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func TestCounts_are_those_of_their_snapshot_while_others_write(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		s := open(t, db.URL)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var writers, readers sync.WaitGroup
		for w := range 3 {
			writers.Go(func() {
				for i := range 25 {
					id := int64(1 + w*100 + i)
					day := []string{"2025-10-05", "2025-11-05"}[i%2]
					if w == 0 {
						db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES ($1, $2, 20, 'Pix', 1)", id, day)
						continue
					}
					err := s.Write(t.Context(), func(tx *store.Tx) error {
						if i%3 == 2 {
							return tx.RemoveRecord(t.Context(), books.PaymentKind, books.ID(id-1))
						}
						return insert(t.Context(), payment(id, day))(tx)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 3 {
			readers.Go(func() {
				for ctx.Err() == nil {
					err := s.Read(t.Context(), func(tx *store.Tx) error { return wantCounted(t.Context(), tx, october, october.Add(1)) })
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		writers.Wait()
		stop()
		readers.Wait()
	})
}

// pages reads a list in parts and returns its ids.
func pages(ctx context.Context, tx *store.Tx, w store.Wanted) (ids []books.ID, err error) {
	for {
		rows, more, err := tx.ListRecords(ctx, w)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			ids = append(ids, row.Key())
		}
		if more == (store.Position{}) {
			return ids, nil
		}
		if len(rows) != w.Limit {
			return nil, fmt.Errorf("a part of %d rows with more behind it, want %d", len(rows), w.Limit)
		}
		w.After = more
	}
}

func TestLists_go_on_in_order_whatever_they_are_filtered_by(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		type row struct {
			id     books.ID
			artist int
			day    string
			made   string
		}
		byOrder := func(a, b row) int {
			return cmp.Or(cmp.Compare(b.day, a.day), cmp.Compare(b.made, a.made), cmp.Compare(b.id, a.id))
		}
		rapid.Check(t, func(rt *rapid.T) {
			sql := []string{"DELETE FROM pagamentos", "DELETE FROM sessoes"}
			var rows []row
			for i := range rapid.IntRange(0, 12).Draw(rt, "rows") {
				r := row{
					books.ID(i + 1), rapid.IntRange(1, 3).Draw(rt, "artist"), rapid.SampledFrom(edgeDays).Draw(rt, "day"),
					rapid.SampledFrom([]string{"", "2025-10-01 12:00:00.000000", "2025-10-01 12:00:00.000001", "2025-11-02 00:00:00.000000"}).Draw(rt, "made"),
				}
				made := "NULL"
				if r.made != "" {
					made = "'" + r.made + "'"
					if db.Path == "" {
						made = "'" + r.made + "+00'"
					}
				}
				rows = append(rows, r)
				sql = append(sql,
					fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES (%d, '%s', 1, 'Pix', %d, %s)", r.id, r.day, r.artist, made),
					fmt.Sprintf("INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES (%d, '%s', 1, 1, %d, 'active', %s)", r.id, r.day, r.artist, made))
			}
			write(t, db.Store, func(tx *store.Tx) error {
				for _, query := range sql {
					if _, err := tx.SQL().ExecContext(t.Context(), query); err != nil {
						return err
					}
				}
				return nil
			})
			w := store.Wanted{Limit: rapid.IntRange(1, 5).Draw(rt, "limit"), Kind: rapid.SampledFrom([]books.Kind{books.PaymentKind, books.SessionKind}).Draw(rt, "kind")}
			if rapid.Bool().Draw(rt, "by month") {
				w.Month = october
			}
			w.Artist = books.ID(rapid.IntRange(0, 3).Draw(rt, "by artist"))
			w.From = rapid.SampledFrom([]books.Day{0, 20251001, 20251031}).Draw(rt, "from")
			w.To = rapid.SampledFrom([]books.Day{0, 20251001, 20251031}).Draw(rt, "to")
			var want []books.ID
			slices.SortFunc(rows, byOrder)
			for _, r := range rows {
				if w.From != 0 && r.day < w.From.String() || w.To != 0 && r.day > w.To.String() {
					continue
				}
				if (w.Month.IsZero() || in(w.Month, r.day)) && (w.Artist == 0 || int(w.Artist) == r.artist) {
					want = append(want, r.id)
				}
			}
			read(t, db.Store, func(tx *store.Tx) error {
				got, err := pages(t.Context(), tx, w)
				if err == nil && !slices.Equal(got, want) {
					rt.Errorf("%+v: %v, want %v", w, got, want)
				}
				return err
			})
		})
	})
}

func TestCommissions_of_a_busy_month_are_those_that_belong_to_it(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		fill := func(query string) {
			db.Exec(t, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2400) "+query)
		}
		day := "CASE i % 4 WHEN 0 THEN '2025-09-30' WHEN 1 THEN '2025-11-01' ELSE '2025-10-15' END"
		made := "'2025-10-15 12:00:00.00000' || (i % 7)"
		if db.Path == "" {
			day, made = "CAST("+day+" AS DATE)", "CAST("+made+" AS TIMESTAMPTZ)"
		}
		fill("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) SELECT i, " + day + ", 1, 'Pix', 1 + i % 3 FROM n")
		fill("INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) SELECT i, CASE WHEN i % 5 > 0 THEN i END, 1 + i % 3, 50, 1, " + made + " FROM n")
		newer := "'2025-11-01 12:00:00.000000'" // and of another month: there is nothing at the list's beginning
		if db.Path == "" {
			newer = "CAST(" + newer + " AS TIMESTAMPTZ)"
		}
		fill("INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) SELECT 10000 + i, i, 1 + i % 3, 50, 1, " + newer + " FROM n WHERE i % 4 = 1")
		if db.Path != "" { // a commission whose payment is gone belongs where it was made
			db.Exec(t, "INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (5000, 5000, 1, 50, 1, '2025-10-15 12:00:00.000003')")
		}
		for _, month := range []books.Month{october.Add(-1), october, october.Add(2)} {
			for _, artist := range []books.ID{0, 2, 9} {
				read(t, db.Store, func(tx *store.Tx) error {
					belong := map[books.ID]bool{}
					for row, err := range tx.MonthRows(t.Context(), month) {
						if err != nil {
							return err
						}
						if c, ok := row.(*books.Commission); ok && (artist == 0 || c.ArtistID == artist) {
							belong[c.ID] = true
						}
					}
					all, err := pages(t.Context(), tx, store.Wanted{Kind: books.CommissionKind, Limit: 200})
					if err != nil {
						return err
					}
					all = slices.DeleteFunc(all, func(id books.ID) bool { return !belong[id] })
					got, err := pages(t.Context(), tx, store.Wanted{Kind: books.CommissionKind, Limit: 60, Month: month, Artist: artist})
					if err == nil && (!slices.Equal(got, all) || len(got) != len(belong)) {
						t.Errorf("%s, artist %d: %d commissions in parts, want %d", month, artist, len(got), len(belong))
					}
					return err
				})
			}
		}
	})
}

func TestA_slow_transaction_that_lost_holds_the_books_at_the_next_try(t *testing.T) {
	storetest.Concurrent(t)
	at := clock
	db := storetest.Postgres(t, func() time.Time { return at }) // SQLite lets nobody else write meanwhile
	people(t, db)
	write(t, db.Store, func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "n", "0") })
	for _, c := range []struct {
		takes time.Duration
		tries int
	}{{500 * time.Millisecond, 5}, {501 * time.Millisecond, 2}} {
		tries := 0
		err := db.Store.Write(t.Context(), func(tx *store.Tx) error {
			tries++
			if _, err := tx.Setting(t.Context(), "n"); err != nil {
				return err
			}
			at = at.Add(c.takes)
			if locked := db.Int(t, "SELECT count(*) FROM pg_locks WHERE relation = 'pagamentos'::regclass AND mode = 'ShareRowExclusiveLock'"); locked > 0 {
				return tx.SetSetting(t.Context(), "n", "mine")
			}
			db.Exec(t, "UPDATE extrato.settings SET value = $1 WHERE name = 'n'", fmt.Sprint(tries))
			return tx.SetSetting(t.Context(), "n", "mine")
		})
		if err != nil || tries != c.tries {
			t.Errorf("a transaction that takes %s ran %d times, want %d: %v", c.takes, tries, c.tries, err)
		}
	}
}

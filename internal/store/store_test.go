package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestTwo_stores_on_one_SQLite_file_both_write(t *testing.T) {
	storetest.Concurrent(t)
	db := storetest.SQLite(t, now)
	people(t, db)
	var all sync.WaitGroup
	for i := range 3 {
		s := open(t, db.URL)
		all.Go(func() {
			for n := range 20 {
				if err := s.Write(t.Context(), insert(t.Context(), payment(int64(i*20+n+1), "2025-10-03"))); err != nil {
					t.Errorf("store %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
	if n := db.Int(t, "SELECT count(*) FROM pagamentos"); n != 60 {
		t.Errorf("%d payments after 60 writes", n)
	}
}

func TestA_server_that_does_not_answer_is_said_without_a_secret(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := refused.Addr().String()
	refused.Close()
	for what, url := range map[string]string{
		"down":         "postgres://ana:s3cret@" + down + "/studio?sslmode=disable",
		"unknown host": "postgres://ana:s3cret@no-such-host.invalid/studio",
		"sqlalchemy":   "postgresql+psycopg2://ana:s3cret@" + down + "/studio?connect_timeout=2",
	} {
		_, err := tryOpen(t, url, false)
		wants(t, err, books.Internal, "database_unreachable")
		if e := books.AsError(err); e == nil || e.Hint == "" || strings.Contains(fmt.Sprintf("%v %+v", err, e), "s3cret") {
			t.Errorf("%s: %+v lacks a hint or tells a secret", what, e)
		}
	}
}

func TestA_wrong_password_or_database_is_said_without_a_secret(t *testing.T) {
	cluster := pgtest.Start(t)
	s, err := tryOpen(t, strings.Replace(cluster.URL(), "/postgres?", "/no_such?", 1), false)
	wants(t, err, books.NotFound, "no_database")
	if s != nil || err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("a database that is not there: %v", err)
	}
	_, err = tryOpen(t, strings.Replace(cluster.URL(), "postgres@", "nobody:s3cret@", 1), false)
	wants(t, err, books.Refused, "login_refused")
	if err == nil || strings.Contains(fmt.Sprintf("%+v", err), "s3cret") || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a user who is not there: %v", err)
	}
	s, err = tryOpen(t, cluster.URL(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	cluster.Stop(t)
	for range 6 { // every connection of the pool has to find out
		err = s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "x", "y") })
		wants(t, err, books.Internal, "database_unreachable")
	}
	_, err = s.LockMonth(t.Context(), october, nil)
	wants(t, err, books.Internal, "database_unreachable")
	cluster.Start(t)
	wantWritable(t, s)
	if got := setting(t, s, "x"); got != "" {
		t.Errorf("a write that failed stored %q", got)
	}
}

func TestStatements_of_every_shape_of_v4s_are_read(t *testing.T) {
	payments := `[{"id": 7, "data": "2025-10-03", "cliente_name": "João", "artista_name": "Ana", "valor": 450.0, "forma_pagamento": "Pix", "observacoes": null, "sessao_id": null, "sessao_data": null}]`
	quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
	both(t, func(t *testing.T, db *storetest.DB) {
		types := []string{"json"}
		if db.Path == "" {
			types = append(types, "jsonb") // of some older databases
		}
		for _, kind := range types {
			if kind == "jsonb" {
				for _, c := range []string{"pagamentos", "sessoes", "comissoes", "gastos", "totais"} {
					db.Exec(t, "ALTER TABLE extratos ALTER COLUMN "+c+" TYPE jsonb")
				}
			}
			for name, shape := range map[string]struct {
				payments, expenses any
				rows               int
			}{
				"a string":         {quoted(payments), quoted("[]"), 1},
				"a native list":    {payments, "[]", 1},
				"no expenses":      {quoted(payments), nil, 1},
				"null expenses":    {quoted(payments), "null", 1},
				"a string of null": {quoted(payments), `"null"`, 1},
				"nested twice":     {quoted(strings.ReplaceAll(quoted(payments), `\`, `\\`)), "[]", 1},
				"an empty list":    {quoted("[]"), quoted("[]"), 0},
				"missing keys":     {`[{"id": 7}]`, "[]", 1},
			} {
				t.Run(kind+" "+name, func(t *testing.T) {
					db.Tamper(t, "DELETE FROM extratos")
					db.Exec(t, "INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (10, 2025, $1, '[]', '\"[]\"', $2, '{\"saldo\": 1.5}')", shape.payments, shape.expenses)
					read(t, db.Store, func(tx *store.Tx) error {
						s, err := tx.Statement(t.Context(), october)
						if err != nil {
							return err
						}
						rows, err := books.Collect(s.Rows())
						if err != nil || len(rows) != shape.rows || s.Ours() {
							t.Errorf("reads %d rows, ours %v, %v", len(rows), s.Ours(), err)
						}
						if len(rows) == 1 && (rows[0].Key() != 7 || name != "missing keys" && rows[0].(*books.Payment).Amount != 45000) {
							t.Errorf("reads %+v", rows[0])
						}
						if months, err := tx.ClosedMonths(t.Context()); err != nil || len(months) != 1 || months[0] != october {
							t.Errorf("closed months are %v, %v", months, err)
						}
						_, err = tx.Statement(t.Context(), october.Add(1))
						wants(t, err, books.NotFound, "not_closed")
						return nil
					})
				})
			}
			db.Tamper(t, "DELETE FROM extratos")
			roundTripStatement(t, db)
		}
	})
}

// spoolOf is a statement of these rows as the close writes it.
func spoolOf(t *testing.T, rows ...books.Row) (store.Spool, books.Header) {
	t.Helper()
	var text bytes.Buffer
	w := books.NewStatementWriter(&text, october, 1)
	for _, row := range rows {
		if err := w.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	header, ends, err := w.Finish(books.Salt{1})
	if err != nil {
		t.Fatal(err)
	}
	return store.Spool{Data: bytes.NewReader(text.Bytes()), Ends: ends, Lengths: w.Lengths(), Payments: w.Payments()}, header
}

// roundTripStatement stores one of ours, moves it to the revisions, and is refused a second.
func roundTripStatement(t *testing.T, db *storetest.DB) {
	t.Helper()
	nasty := payment(7, "2025-10-03")
	nasty.Note = books.TextOf("\"a\\\\\" \r\n\t💉 \x01 =1")
	spool, header := spoolOf(t, nasty, &books.Link{SessionID: 3, PaymentID: 7})
	at := books.InstantOf(clock)
	check := func(get func(*store.Tx) (books.Stored, error)) {
		t.Helper()
		read(t, db.Store, func(tx *store.Tx) error {
			s, err := get(tx)
			if err != nil {
				return err
			}
			got, _, err := books.FingerprintOf(s.Rows())
			if err != nil || got != header.Fingerprint || !s.Ours() {
				t.Errorf("reads back with %s, want %s, %v", got, header.Fingerprint, err)
			}
			return nil
		})
	}
	store1 := func(tx *store.Tx) error {
		seal, err := tx.InsertStatement(t.Context(), october, spool, at)
		if err != nil {
			return err
		}
		if s, err := tx.Statement(t.Context(), october); err != nil || s.Seal() != seal {
			t.Errorf("it is stored under the seal %s, not %s, %v", s.Seal(), seal, err)
		}
		return nil
	}
	write(t, db.Store, store1)
	check(func(tx *store.Tx) (books.Stored, error) { return tx.Statement(t.Context(), october) })
	if err := db.Store.Write(t.Context(), store1); !errors.Is(err, books.ErrClosed) {
		t.Errorf("a second statement: %v, want ErrClosed", err)
	}
	db.Tamper(t, "DELETE FROM "+map[bool]string{true: "extrato.", false: ""}[db.Path == ""]+"revisions")
	write(t, db.Store, func(tx *store.Tx) error { return tx.MoveToRevisions(t.Context(), october, 1, at) })
	check(func(tx *store.Tx) (books.Stored, error) { return tx.Revision(t.Context(), october, 1) })
	err := db.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.MoveToRevisions(t.Context(), october, 2, at) })
	wants(t, err, books.NotFound, "not_closed")
	read(t, db.Store, func(tx *store.Tx) error {
		_, err := tx.Revision(t.Context(), october, 2)
		wants(t, err, books.NotFound, "no_revision")
		return nil
	})
}

func TestA_late_commission_of_a_closed_payment_belongs_to_that_statement(t *testing.T) {
	db := storetest.SQLite(t, now) // PostgreSQL's foreign key allows none
	people(t, db)
	spool, _ := spoolOf(t, payment(777, "2025-10-03"))
	write(t, db.Store, func(tx *store.Tx) error {
		_, err := tx.InsertStatement(t.Context(), october, spool, books.InstantOf(clock))
		return err
	})
	small{commissions: []smallCommission{{-1, "2025-11-05 12:00:00.000000"}}}.put(t, db)
	read(t, db.Store, func(tx *store.Tx) error {
		for month, want := range map[books.Month]int64{october: 1, october.Add(1): 0} {
			if c, err := tx.CountMonth(t.Context(), month); err != nil || c.Commissions != want {
				t.Errorf("%s has %+v, want %d commissions, %v", month, c, want, err)
			}
		}
		months, err := tx.MonthsWithRows(t.Context())
		if len(months) != 1 || months[0] != october {
			t.Errorf("months with rows are %v", months)
		}
		return err
	})
}

func TestBackups_runs_and_settings_are_kept(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		at := books.InstantOf(clock)
		b := store.Backup{File: "2025_10/backup_2025_10.csv", Month: october, Copy: 1, SHA256: strings.Repeat("a", 64), Size: 1 << 40, State: "ok", CreatedAt: at, VerifiedAt: at}
		b.Fingerprint[0] = 7
		other := b
		other.File, other.Month = "2025_11/backup_2025_11.csv", october.Add(1)
		found := b
		found.State, found.Reason, found.VerifiedAt = "corrupt", "a byte changed", at+1
		write(t, db.Store, func(tx *store.Tx) error {
			return errors.Join(tx.SaveBackup(t.Context(), other), tx.SaveBackup(t.Context(), b), tx.SaveBackup(t.Context(), found))
		})
		read(t, db.Store, func(tx *store.Tx) error {
			of, err1 := tx.Backups(t.Context(), october)
			all, err2 := tx.Backups(t.Context(), books.Month{})
			if len(of) != 1 || of[0] != found || len(all) != 2 || all[0] != found || all[1] != other {
				t.Errorf("known are %+v and %+v", of, all)
			}
			return errors.Join(err1, err2)
		})
		long := strings.Repeat("ã", 600)
		for i := range 10 { // the tenth failure too
			write(t, db.Store, func(tx *store.Tx) error {
				return tx.AddRun(t.Context(), store.Run{Action: "close", Month: october, By: "test", Started: at, Finished: at + books.Instant(i), Result: "failed", Code: "busy", Message: long, CorrelationID: fmt.Sprint(i)})
			})
		}
		read(t, db.Store, func(tx *store.Tx) error {
			runs, err := tx.Runs(t.Context(), store.WantedRuns{Month: october, Limit: 100})
			if len(runs) != 10 || runs[0].CorrelationID != "9" || runs[9].CorrelationID != "0" || runs[0].Message != long || runs[0].Started != at || runs[0].By != "test" {
				t.Errorf("%d runs, newest %+v", len(runs), runs[0])
			}
			if few, err := tx.Runs(t.Context(), store.WantedRuns{Limit: 3}); err != nil || len(few) != 3 {
				t.Errorf("%d of three runs, %v", len(few), err)
			}
			return err
		})
		if n := db.Int(t, "SELECT count(*) FROM extrato_run_logs WHERE status = 'error' AND mes = 10 AND length(message) = 500"); n != 1 {
			t.Errorf("v4's log has %d lines", n)
		}
		for _, value := range []string{"a", "", "it's \"b\"\r\n💉"} {
			write(t, db.Store, func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "name", value) })
			if got := setting(t, db.Store, "name"); got != value {
				t.Errorf("the setting is %q, want %q", got, value)
			}
		}
	})
}

func TestA_row_from_the_future_is_named(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		limit := books.InstantOf(clock)
		future := func() (name string) {
			read(t, db.Store, func(tx *store.Tx) (err error) {
				name, err = tx.FutureRow(t.Context(), limit)
				return err
			})
			return name
		}
		p := payment(7, "2025-10-03")
		p.CreatedAt = books.At(clock)
		write(t, db.Store, insert(t.Context(), p, payment(8, "2030-01-01"))) // its day may lie ahead
		if got := future(); got != "" {
			t.Errorf("named %q", got)
		}
		e := &books.Expense{ID: 3, Date: 2025_10_01, CreatedBy: 1, Method: "Pix", CreatedAt: books.At(clock.Add(time.Microsecond))}
		write(t, db.Store, insert(t.Context(), e))
		if got := future(); got != "gasto 3" {
			t.Errorf("named %q, want the expense", got)
		}
	})
}

func TestA_column_that_nobody_knows_refuses_the_month_that_uses_it(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		write(t, db.Store, insert(t.Context(), payment(7, "2025-10-03"), payment(8, "2025-11-03")))
		check := func(month books.Month) error {
			return db.Store.Read(t.Context(), func(tx *store.Tx) error { return tx.CheckColumns(t.Context(), month) })
		}
		db.Exec(t, `ALTER TABLE pagamentos ADD COLUMN "gor ""jeta" TEXT`)
		if err := check(october); err != nil {
			t.Errorf("an empty column: %v", err)
		}
		db.Exec(t, `UPDATE pagamentos SET "gor ""jeta" = '' WHERE id = 7`)
		err := check(october)
		wants(t, err, books.Refused, "unknown_column")
		if err == nil || !strings.Contains(err.Error(), "pagamento 7") || !strings.Contains(err.Error(), `pagamentos.gor "jeta`) {
			t.Errorf("the error names neither row nor column: %v", err)
		}
		if err := check(october.Add(1)); err != nil {
			t.Errorf("another month: %v", err)
		}
	})
}

func TestStatements_are_counted(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		count := func() int64 {
			before := db.Store.Statements()
			read(t, db.Store, func(tx *store.Tx) error {
				_, err := books.Collect(tx.MonthRows(t.Context(), october))
				return err
			})
			return db.Store.Statements() - before
		}
		none := count()
		var rows []books.Row
		for id := range int64(500) {
			rows = append(rows, payment(id+1, "2025-10-03"))
		}
		write(t, db.Store, insert(t.Context(), rows...))
		if many := count(); many != none || many == 0 {
			t.Errorf("%d statements for 500 rows, %d for none", many, none)
		}
	})
}

// lacking skips a test that this machine cannot run, and fails it in CI.
func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" && runtime.GOOS == "linux" {
		t.Fatal(what)
	}
	fmt.Fprintf(os.Stderr, "\n*** %s IS SKIPPED: %s ***\n\n", t.Name(), what)
	t.Skip(what)
}

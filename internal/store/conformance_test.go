package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// The conformance suite: what package store promises, on both databases.

func init() {
	if url := os.Getenv("EXTRATO_TEST_HOLDS_LOCK_OF"); url != "" {
		holdLock(url)
	}
}

var october = books.Month{Year: 2025, Month: time.October}

var clock = time.Date(2025, time.November, 2, 12, 0, 0, 0, storetest.Zone)

func now() time.Time { return clock }

func both(t *testing.T, test func(*testing.T, *storetest.DB)) {
	t.Helper()
	storetest.Both(t, now, test)
}

// open opens the database again, as another process does.
func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Zone: storetest.Zone, Now: now}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func people(t *testing.T, db *storetest.DB) {
	t.Helper()
	for id := 1; id <= 3; id++ {
		db.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES ($1, $2, 'artist', TRUE, FALSE)", id, fmt.Sprint("Artist ", id))
		db.Exec(t, "INSERT INTO clients (id, name) VALUES ($1, $2)", id, fmt.Sprint("Client ", id))
	}
}

func payment(id int64, day string) *books.Payment {
	return &books.Payment{ID: books.ID(id), Date: parseDay(day), Amount: 1230, Method: "Pix", ArtistID: 1}
}

func parseDay(s string) books.Day {
	d, err := books.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

func write(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func insert(ctx context.Context, rows ...books.Row) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := tx.InsertRows(ctx, rows)
		return err
	}
}

func setting(t *testing.T, s *store.Store, name string) (value string) {
	t.Helper()
	read(t, s, func(tx *store.Tx) (err error) {
		value, err = tx.Setting(t.Context(), name)
		return err
	})
	return value
}

// wants fails the test unless err is an Error of this kind and code.
func wants(t testing.TB, err error, kind books.ErrorKind, code string) {
	t.Helper()
	var e *books.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("got error %v (%#v), want kind %s, code %s", err, e, kind, code)
	}
}

// wantWritable fails unless another Write is through within seconds.
func wantWritable(t *testing.T, s *store.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	value := fmt.Sprint(time.Now().UnixNano())
	if err := s.Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, "probe", value) }); err != nil {
		t.Fatalf("the next write: %v", err)
	}
	if got := setting(t, s, "probe"); got != value {
		t.Fatalf("the next write stored %q, want %q", got, value)
	}
}

func TestWrites_of_many_happen_as_if_one_after_the_other(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		const stores, writes = 4, 8
		var runs atomic.Int64
		var all sync.WaitGroup
		for i := range stores {
			s := open(t, db.URL)
			all.Go(func() {
				for n := range writes {
					err := s.Write(t.Context(), func(tx *store.Tx) error {
						runs.Add(1)
						if err := insert(t.Context(), payment(int64(i*writes+n+1), "2025-10-03"))(tx); err != nil {
							return err
						}
						_, err := tx.AppendEntry(t.Context(), books.ChainEntry{Action: books.Closed, Month: october, Totals: "{}"})
						return err
					})
					if err != nil {
						t.Errorf("store %d, write %d: %v", i, n, err)
					}
				}
			})
		}
		all.Wait()
		if n := db.Int(t, "SELECT count(*) FROM pagamentos"); n != stores*writes {
			t.Errorf("%d payments after %d writes that ran %d times", n, stores*writes, runs.Load())
		}
		read(t, db.Store, func(tx *store.Tx) error {
			chain, err := tx.ChainEntries(t.Context())
			var last books.ChainEntry
			for _, c := range chain {
				if !c.Follows(last) {
					t.Errorf("entry %d does not follow %d", c.Seq, last.Seq)
				}
				last = c
			}
			if len(chain) != stores*writes {
				t.Errorf("%d entries in the chain", len(chain))
			}
			return err
		})
		if db.Path == "" && runs.Load() == stores*writes {
			t.Log("no write had to run twice: PostgreSQL found no conflict this time")
		}
	})
}

func TestWrite_gives_up_after_five_tries_and_the_last_holds_the_books(t *testing.T) {
	storetest.Concurrent(t)
	db := storetest.Postgres(t, now) // SQLite lets nobody else write meanwhile
	people(t, db)
	write(t, db.Store, func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "n", "0") })
	outside := func() error {
		conn, err := db.SQL.Conn(t.Context())
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.ExecContext(t.Context(), "SET lock_timeout = '200ms'"); err != nil {
			return err
		}
		_, err = conn.ExecContext(t.Context(), "INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id) VALUES ('2025-10-01', 1, 'Pix', 1)")
		return err
	}
	tries := 0
	err := db.Store.Write(t.Context(), func(tx *store.Tx) error {
		tries++
		if _, err := tx.Setting(t.Context(), "n"); err != nil {
			return err
		}
		db.Exec(t, "UPDATE extrato.settings SET value = $1 WHERE name = 'n'", fmt.Sprint(tries))
		switch err := outside(); {
		case tries < 5 && err != nil:
			t.Errorf("try %d keeps other writers out: %v", tries, err)
		case tries == 5 && (err == nil || !strings.Contains(err.Error(), "55P03")):
			t.Errorf("the last try lets other writers in: %v", err)
		}
		if db.Int(t, "SELECT count(*) FROM pagamentos") != int64(min(tries, 4)) {
			t.Errorf("try %d: others read something else", tries)
		}
		if err := tx.SetSetting(t.Context(), "mine", "x"); err != nil {
			return err
		}
		return tx.SetSetting(t.Context(), "n", "mine")
	})
	wants(t, err, books.Conflict, "busy")
	if tries != 5 || setting(t, db.Store, "n") != "5" || setting(t, db.Store, "mine") != "" {
		t.Errorf("%d tries left n = %q, mine = %q", tries, setting(t, db.Store, "n"), setting(t, db.Store, "mine"))
	}
	wantWritable(t, db.Store)
}

func TestRead_sees_one_moment_and_cannot_write(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		write(t, db.Store, insert(t.Context(), payment(1, "2025-10-03")))
		count := func(tx *store.Tx) int64 {
			c, err := tx.CountMonth(t.Context(), october)
			if err != nil {
				t.Fatal(err)
			}
			return c.Payments
		}
		read(t, db.Store, func(tx *store.Tx) error {
			if n := count(tx); n != 1 {
				t.Errorf("%d payments", n)
			}
			db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (2, '2025-10-04', 1, 'Pix', 1)")
			db.Exec(t, "UPDATE pagamentos SET valor = 7 WHERE id = 1")
			rows, err := books.Collect(tx.MonthRows(t.Context(), october))
			if n := count(tx); n != 1 || len(rows) == 0 || rows[0].(*books.Payment).Amount != 1230 {
				t.Errorf("the reader sees what was committed since: %d payments, %v", n, rows)
			}
			return err
		})
		read(t, db.Store, func(tx *store.Tx) error {
			if n := count(tx); n != 2 {
				t.Errorf("the next reader sees %d payments", n)
			}
			return nil
		})
		for name, change := range map[string]func(*store.Tx) error{
			"insert": insert(t.Context(), payment(9, "2025-10-03")),
			"set":    func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "x", "y") },
			"remove": func(tx *store.Tx) error { _, err := storetest.Remove(t.Context(), tx, october); return err },
		} {
			wants(t, db.Store.Read(t.Context(), change), books.Refused, "database_unwritable")
			if n := db.Int(t, "SELECT count(*) FROM pagamentos"); n != 2 || setting(t, db.Store, "x") != "" {
				t.Errorf("%s inside a read left %d payments", name, n)
			}
		}
	})
}

func TestA_transaction_that_ends_badly_leaves_nothing(t *testing.T) {
	storetest.Concurrent(t)
	broken := errors.New("broken")
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		begin := func(tx *store.Tx) error {
			if err := insert(context.Background(), payment(1, "2025-10-03"))(tx); err != nil {
				return err
			}
			return tx.SetSetting(context.Background(), "x", "y")
		}
		for name, end := range map[string]func(context.Context, context.CancelFunc, *store.Tx) error{
			"error":  func(context.Context, context.CancelFunc, *store.Tx) error { return broken },
			"panic":  func(context.Context, context.CancelFunc, *store.Tx) error { panic(broken) },
			"goexit": func(context.Context, context.CancelFunc, *store.Tx) error { runtime.Goexit(); return nil },
			"cancelled before a query": func(ctx context.Context, cancel context.CancelFunc, tx *store.Tx) error {
				cancel()
				return tx.SetSetting(ctx, "x", "z")
			},
			"cancelled before the commit": func(_ context.Context, cancel context.CancelFunc, _ *store.Tx) error {
				cancel()
				return nil
			},
			"a commit that the database refuses": func(ctx context.Context, _ context.CancelFunc, tx *store.Tx) error {
				if _, err := storetest.Remove(ctx, tx, october.Add(-1)); err != nil { // defers SQLite's foreign keys
					return err
				}
				nobody := payment(2, "2025-10-03")
				nobody.ArtistID = 99
				return insert(ctx, nobody)(tx)
			},
		} {
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan error, 1)
				go func() {
					err := errors.New("the goroutine ended")
					defer func() {
						if r := recover(); r != nil {
							err = r.(error)
						}
						done <- err
					}()
					err = db.Store.Write(ctx, func(tx *store.Tx) error {
						if err := begin(tx); err != nil {
							return err
						}
						return end(ctx, cancel, tx)
					})
				}()
				if err := <-done; err == nil {
					t.Error("no error")
				}
				wantWritable(t, db.Store)
				if n := db.Int(t, "SELECT count(*) FROM pagamentos"); n != 0 || setting(t, db.Store, "x") != "" {
					t.Errorf("%d payments and x = %q are left", n, setting(t, db.Store, "x"))
				}
			})
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Store.Write(ctx, begin); !errors.Is(err, context.Canceled) {
			t.Errorf("a write that was cancelled before: %v", err)
		}
		wantWritable(t, db.Store)
		if db.Path == "" {
			if n := db.Int(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"); n != 0 {
				t.Errorf("%d transactions are still open", n)
			}
		}
	})
}

func TestA_read_that_ends_badly_leaves_nothing(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		for range 20 { // more than there are connections
			if err := db.Store.Read(t.Context(), func(*store.Tx) error { return errors.New("broken") }); err == nil {
				t.Fatal("no error")
			}
			func() {
				defer func() { _ = recover() }()
				_ = db.Store.Read(t.Context(), func(*store.Tx) error { panic("broken") })
			}()
		}
		if got := setting(t, db.Store, store.CloseFrom); got != "2025-11" {
			t.Errorf("the next read gives %q", got)
		}
	})
}

package store

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"extrato/internal/books"
)

//go:embed migrations
var migrations embed.FS

func (s *Store) versionTable() string {
	if s.dialect.postgres {
		return ownSchema + ".goose_db_version"
	}
	return "goose_db_version"
}

func (s *Store) latestVersion() (int64, error) {
	p, err := s.provider()
	if err != nil {
		return 0, err
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version, nil
}

func (s *Store) provider() (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	options := []goose.ProviderOption{goose.WithTableName(s.versionTable()), goose.WithDisableGlobalRegistry(true)}
	if s.dialect.postgres {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.write, files, options...)
}

// Ready brings a new database, or an older one of ours, to this version. It
// fails with an Error of kind Refused on a v4 database (a person takes it over
// with extrato migrate) and on one of a later version.
func (s *Store) Ready(ctx context.Context) error {
	condition, err := s.Condition(ctx)
	if err != nil {
		return err
	}
	switch condition {
	case Current:
		if err := s.CheckTables(ctx); err != nil {
			return err
		}
		if whole, err := s.checkKeys(ctx); err != nil || whole {
			return err
		}
	case V4:
		if s.dialect.postgres {
			return books.Refusedf("v4_database", "this is a v4 database that extrato has not taken over").
				WithHint("make a dump of it, then run: extrato migrate")
		}
		return s.refuseV4File()
	}
	_, err = s.Migrate(ctx)
	return err
}

// Migration is the report of Migrate.
type Migration struct {
	Applied []string      `json:"applied"` // migrations
	Added   []string      `json:"added"`   // keys, indexes and guards
	Adopted []books.Month `json:"adopted"` // v4's statements, in the chain from now on
	Notes   []string      `json:"notes"`   // notes for a person
}

// Migrate brings the database to this version: a new one, an older one of
// ours, or v4's on PostgreSQL, in place and while v4 runs. It only ever adds.
// It fails with an Error of kind Refused on v4's SQLite file and on a database
// of a later version, and Conflict if v4 held its tables all the time.
func (s *Store) Migrate(ctx context.Context) (Migration, error) {
	done := Migration{Applied: []string{}, Added: []string{}, Adopted: []books.Month{}, Notes: []string{}}
	condition, err := s.Condition(ctx)
	if err != nil {
		return done, err
	}
	if condition == Newer {
		return done, books.Refusedf("newer_database", "the database was made by a newer version of extrato").
			WithHint("install that version; this one would not understand everything in it")
	}
	if condition == V4 && !s.dialect.postgres {
		return done, s.refuseV4File()
	}
	if condition == V4 {
		if err := s.CheckV4(ctx); err != nil {
			return done, err
		}
	}
	err = s.alone(ctx, func() error {
		// V4's tables count as taken over once they have the keys.
		if condition == V4 {
			if err := s.addIndexes(ctx, &done); err != nil {
				return err
			}
		}
		applied, err := s.applyWithRetries(ctx)
		done.Applied = append(done.Applied, applied...)
		if err != nil {
			return err
		}
		if err := s.CheckTables(ctx); err != nil {
			return err
		}
		return s.addKeys(ctx, &done)
	})
	if err == nil {
		err = s.addGuards(ctx, &done)
	}
	if err != nil {
		return done, err
	}
	if err := s.firstSettings(ctx, condition); err != nil {
		return done, err
	}
	adopted, err := s.AdoptStatements(ctx, "migrate")
	done.Adopted = append(done.Adopted, adopted...)
	return done, err
}

// firstSettings keeps what is known only now, and makes the first key.
func (s *Store) firstSettings(ctx context.Context, condition Condition) error {
	return s.Write(ctx, func(t *Tx) error {
		if condition == V4 {
			if err := t.SetSetting(ctx, TakenOver, books.InstantOf(s.now()).String()); err != nil {
				return err
			}
		}
		if err := t.makeFirstKey(ctx); err != nil {
			return err
		}
		from, err := t.Setting(ctx, CloseFrom)
		if err != nil || from != "" {
			return err
		}
		return t.SetSetting(ctx, CloseFrom, books.MonthOf(s.now().In(s.zone)).String())
	})
}

// lockNotAvailable is PostgreSQL's code for a lock not obtained within two
// seconds; lockTries is the number of tries.
const (
	lockNotAvailable = "55P03"
	lockTries        = 10
)

func tablesLocked(err error) error {
	return books.Conflictf("tables_locked", "somebody held the tables for %d tries of two seconds", lockTries).
		WithHint("nothing was lost; run extrato migrate again when v4 is quiet").Because(err)
}

// alone runs fn while no other process migrates this database. SQLite's file
// has one writer anyway.
func (s *Store) alone(ctx context.Context, fn func() error) error {
	if !s.dialect.postgres {
		return fn()
	}
	// A connection of its own, as for a month's lock. It takes the lock along
	// when it goes, even if the caller was interrupted.
	s.statements.Add(1)
	conn, err := pgx.ConnectConfig(ctx, s.lockConfig)
	if err != nil {
		return s.dialect.explain(err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) // the connection is closed even on an error
	for {
		// Waiting inside PostgreSQL would hold a snapshot, and the other
		// process's CREATE INDEX CONCURRENTLY would wait for it.
		var mine bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, 0)", advisoryNamespace).Scan(&mine)
		if err != nil {
			return s.dialect.explain(err)
		}
		if mine {
			return fn()
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// applyWithRetries runs the migrations. On PostgreSQL it waits for locks of v4
// two seconds at a time, so v4 never queues behind us for longer.
func (s *Store) applyWithRetries(ctx context.Context) ([]string, error) {
	for try := 1; ; try++ {
		applied, err := s.apply(ctx)
		if err == nil || sqlState(err) != lockNotAvailable {
			return applied, s.dialect.explain(err)
		}
		if try == lockTries {
			return applied, tablesLocked(err)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return applied, ctx.Err()
		}
	}
}

func (s *Store) apply(ctx context.Context) ([]string, error) {
	if s.dialect.postgres {
		if _, err := s.write.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+ownSchema); err != nil && sqlState(err) != "23505" {
			return nil, err
		}
	}
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		err = partial.Err
	}
	var applied []string
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, err
}

// sqlState returns PostgreSQL's code of an error, or "".
func sqlState(err error) string {
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		return pg.SQLState()
	}
	return ""
}

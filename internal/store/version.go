package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"extrato/internal/books"
)

// StatementVersion identifies a month's stored statement: as long as it stays
// the same, nobody but this process changed the statement. It is "" if that is
// not known now, or there is none.
//
// In PostgreSQL every change of a row makes another version of it. In SQLite the
// version is the whole file's: any commit of another connection than our writer
// makes another one.
func (t *Tx) StatementVersion(ctx context.Context, month books.Month) (version string, err error) {
	if !t.s.dialect.postgres {
		return t.s.outsideVersion(ctx)
	}
	err = t.one(ctx, "SELECT CAST(xmin AS TEXT) || ' ' || CAST(ctid AS TEXT) || ' ' || CAST(tableoid AS TEXT) FROM extratos WHERE mes = $1 AND ano = $2",
		[]any{int(month.Month), month.Year}, &version)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return version, err
}

// writerTimeout is how long a reader waits for SQLite's writer: reading again is
// faster than waiting for a close.
const writerTimeout = 5 * time.Millisecond

// outsideVersion is SQLite's data version as our writer sees it: the writer's own
// commits leave it alone.
func (s *Store) outsideVersion(ctx context.Context) (string, error) {
	short, cancel := context.WithTimeout(ctx, writerTimeout)
	defer cancel()
	conn, err := s.write.Conn(short)
	if err != nil {
		return "", ctx.Err() // without one, the writer is busy, and nothing is known
	}
	defer conn.Close()
	var version int64
	s.statements.Add(1)
	if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
		return "", err
	}
	writer := "" // another connection counts anew
	err = conn.Raw(func(driver any) error {
		writer = fmt.Sprintf("%p", driver)
		return nil
	})
	return fmt.Sprint(version, " ", writer), err
}

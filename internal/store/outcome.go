package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"extrato/internal/books"
)

// ErrCommitUnknown means: the connection was lost during COMMIT, and the
// outcome could not be found out.
var ErrCommitUnknown = errors.New("the answer to a commit was lost")

// errUndone means: an unanswered commit did not happen, so the transaction may
// be tried again.
var errUndone = errors.New("the connection was lost before the commit")

// outcomeTimeout limits the search for a transaction's outcome: a database may
// take that long to start again.
var outcomeTimeout = 10 * time.Second

// number returns PostgreSQL's number of the transaction, for outcome. It is
// NULL if the transaction wrote nothing, and on SQLite, where no connection can
// be lost.
func (t *Tx) number(ctx context.Context) (n sql.NullInt64, err error) {
	if t.s.dialect.postgres {
		err = t.one(ctx, "SELECT txid_current_if_assigned()", nil, &n)
	}
	return n, err
}

// outcome finds out whether the transaction of this number was committed, after
// its connection was lost at COMMIT: nil if it was, errUndone if it was not, an
// Error around ErrCommitUnknown if there is no answer in time. An interruption
// does not end the search.
func (s *Store) outcome(ctx context.Context, number sql.NullInt64, lost error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeTimeout)
	defer cancel()
	if s.dialect.postgres && !number.Valid {
		return nil // it wrote nothing
	}
	for number.Valid && ctx.Err() == nil {
		var status sql.NullString
		s.statements.Add(1)
		err := s.read.QueryRowContext(ctx, "SELECT txid_status($1)", number.Int64).Scan(&status)
		switch {
		case err == nil && status.String == "committed":
			return nil
		case err == nil && status.String == "aborted":
			return fmt.Errorf("%w: %w", errUndone, lost)
		}
		pause := time.NewTimer(50 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
	if !s.dialect.postgres {
		return (&books.Error{Kind: books.Internal, Code: "outcome_unknown", Message: "the disk with the database failed during the commit: the change may be saved or not"}).
			WithHint("see what the system says of that disk; check whether the change was saved before you repeat it").Because(lost)
	}
	return (&books.Error{Kind: books.Internal, Code: "outcome_unknown", Message: "the connection to the database was lost during the commit: the change may be saved or not"}).
		WithHint("check whether the change was saved before you repeat it").Because(lost)
}

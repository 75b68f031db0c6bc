package closing

import (
	"context"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Statement is a month's statement with its chain entry.
type Statement struct {
	Header books.Header
	Rows   []books.Row
	Entry  books.ChainEntry
	Wrong  error // the difference from the closed statement; set by Unverified alone
}

// ArtistName returns the name of an artist in month's statement: "" in one of
// ours, since its rows have ids, and for an unknown artist. A statement of v4's
// has names only: it fails with an Error of kind Refused if rows with the name
// may belong to someone else, because another user has it too, or the artist
// was recorded after the month.
func ArtistName(ctx context.Context, tx *store.Tx, stored books.Stored, artist books.ID) (string, error) {
	if stored.Ours() || artist == 0 {
		return "", nil
	}
	found, err := tx.LiveByID(ctx, books.ArtistKind, []books.ID{artist})
	if err != nil || found[artist] == nil {
		return "", err
	}
	who := found[artist].(*books.Artist)
	users, err := tx.Users(ctx)
	if err != nil {
		return "", err
	}
	same := 0
	for _, u := range users {
		if u.Name == string(who.Name) {
			same++
		}
	}
	why := ""
	switch {
	case same > 1:
		why = fmt.Sprintf("%d people have the name of artist %d", same, artist)
	case who.CreatedAt.Valid && !who.CreatedAt.V.Time().Before(stored.Month.End(tx.Zone())):
		why = fmt.Sprintf("artist %d was recorded after %s, so the name in it may be somebody else's", artist, stored.Month)
	}
	if why == "" {
		return string(who.Name), nil
	}
	for row, err := range stored.Rows() {
		if err != nil {
			return "", err
		}
		if books.OwnedBy(row, artist, string(who.Name)) {
			return "", books.Refusedf("artist_unclear", "the statement of %s is v4's and has no artists' ids, and %s", stored.Month, why).
				WithHint("look at the whole statement, and compare with v4's records")
		}
	}
	return "", nil
}

// ArtistName is the function ArtistName for a month.
func (c *Closer) ArtistName(ctx context.Context, month books.Month, artist books.ID) (name string, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		stored, err := tx.Statement(ctx, month)
		if err == nil {
			name, err = ArtistName(ctx, tx, stored, artist)
		}
		return err
	})
	return name, err
}

// Statement returns month's statement. It fails with books.ErrNotClosed, and
// with an Error of kind Integrity if the statement was changed.
func (c *Closer) Statement(ctx context.Context, month books.Month) (Statement, error) {
	var s Statement
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		stored, last, err := c.StoredStatement(ctx, tx, month)
		if err != nil {
			return err
		}
		s.Entry = last
		if s.Header, err = stored.Header(); err != nil {
			return err
		}
		s.Header.Counts = s.Entry.Counts
		s.Rows, err = books.Collect(stored.Rows())
		return err
	})
	return s, err
}

// Unverified returns month's stored statement, even a changed one. Then Wrong
// is the reason, totals and counts are those of the readable rows, and there is
// no fingerprint. It fails with books.ErrNotClosed, and with an Error of kind
// Integrity if nothing is stored.
func (c *Closer) Unverified(ctx context.Context, month books.Month) (Statement, error) {
	s, err := c.Statement(ctx, month)
	if books.AsError(err) == nil || books.AsError(err).Kind != books.Integrity {
		return s, err
	}
	wrong := err
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		s = Statement{Wrong: wrong}
		if s.Entry, err = tx.LastEntry(ctx, month); err != nil {
			return err
		}
		stored, err := tx.Statement(ctx, month)
		if err != nil {
			return errStatementMissing(s.Entry, month, err)
		}
		s.takeAll(stored)
		return nil
	})
	return s, err
}

// takeAll takes every readable row of a stored statement.
func (s *Statement) takeAll(stored books.Stored) {
	tally := books.NewTally()
	take := func(rows books.Rows) error {
		for row, err := range rows {
			if err != nil {
				return err
			}
			s.Rows = append(s.Rows, row)
			s.Header.Counts.Add(row.Kind())
			tally.Add(row)
		}
		return nil
	}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		if err := take(stored.List(kind)); err != nil {
			s.Wrong = books.AsError(s.Wrong).Because(err)
		}
	}
	if header, err := stored.Header(); err == nil {
		s.Header.Version, s.Header.Revision = header.Version, header.Revision
	}
	s.Header.Month, s.Header.Totals = stored.Month, tally.Totals()
}

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"extrato/internal/books"
)

// A close refuses rows that could not come back, before they leave.

// CheckReopenable refuses a month with a row that breaks a CHECK that is NOT
// VALID: the database applies such a rule to new rows alone.
func (t *Tx) CheckReopenable(ctx context.Context, month books.Month) error {
	if !t.s.dialect.postgres {
		return nil
	}
	type rule struct{ name, condition string }
	rules := map[books.Kind][]rule{}
	var tables []string
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		tables = append(tables, kind.Table())
	}
	err := t.list(ctx, `SELECT v.n, c.conname, pg_get_expr(c.conbin, c.conrelid)
		FROM json_array_elements_text(CAST($1 AS JSON)) WITH ORDINALITY AS v (name, n) JOIN pg_constraint c ON c.conrelid = to_regclass(v.name)
		WHERE c.contype = 'c' AND NOT c.convalidated ORDER BY v.n, c.conname`, []any{jsonTexts(tables)}, func(scan func(...any) error) error {
		var n int
		var r rule
		err := scan(&n, &r.name, &r.condition)
		kind := books.PaymentKind + books.Kind(n) - 1
		rules[kind] = append(rules[kind], r)
		return err
	})
	if err != nil {
		return err
	}
	if len(rules) == 0 {
		return nil
	}
	args, err := t.monthArgs(ctx, month)
	if err != nil {
		return err
	}
	for kind, of := range rules {
		ids := t.s.dialect.monthIDs(kind)
		for _, r := range of {
			err := t.list(ctx, fmt.Sprintf("SELECT id FROM %s WHERE (%s) IS FALSE AND id IN (%s) ORDER BY id LIMIT 1", kind.Table(), r.condition, ids), args.of(kind), func(scan func(...any) error) error {
				var id int64
				if err := scan(&id); err != nil {
					return err
				}
				return ErrNotReopenable(fmt.Sprintf("%s %d breaks the CHECK %s of %s, which is NOT VALID", kind, id, r.name, kind.Table()),
					"correct the row, or drop the CHECK")
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ErrNotReopenable refuses a close whose reopening would fail.
func ErrNotReopenable(why, remedy string) *books.Error {
	return books.Refusedf("cannot_come_back", "a reopening could not put the rows back: %s", why).
		WithHint("nothing was changed; %s, then try again", remedy)
}

// missingPerson is a client or artist named by a row, but not in the database.
type missingPerson struct {
	row  books.Row
	kind books.Kind
	id   books.ID
}

// missingPersonOf returns the first missing person of a row of MonthRows, or
// nil. The row has a copy of each existing person's name.
func missingPersonOf(row books.Row) *missingPerson {
	missing := func(kind books.Kind, id books.Ref, name books.Text) *missingPerson {
		if !id.Valid || name.Valid {
			return nil
		}
		return &missingPerson{row, kind, id.V}
	}
	switch r := row.(type) {
	case *books.Payment:
		if l := missing(books.ClientKind, r.ClientID, r.ClientName); l != nil {
			return l
		}
		return missing(books.ArtistKind, books.RefTo(r.ArtistID), r.ArtistName)
	case *books.Session:
		if l := missing(books.ClientKind, books.RefTo(r.ClientID), r.ClientName); l != nil {
			return l
		}
		return missing(books.ArtistKind, books.RefTo(r.ArtistID), r.ArtistName)
	case *books.Commission:
		return missing(books.ArtistKind, books.RefTo(r.ArtistID), r.ArtistName)
	case *books.Expense:
		return missing(books.ArtistKind, books.RefTo(r.CreatedBy), r.CreatorName)
	}
	return nil
}

// CheckPeople refuses rows with a missing client or artist if a foreign key
// would keep them from coming back.
func (t *Tx) CheckPeople(ctx context.Context, rows *Leaving) error {
	missing := rows.missing
	if missing == nil {
		return nil
	}
	if t.s.dialect.postgres {
		var keys int
		err := t.one(ctx, `SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass($1) AND confrelid = to_regclass($2)`,
			[]any{missing.row.Kind().Table(), missing.kind.Table()}, &keys)
		if err != nil || keys == 0 {
			return err
		}
	}
	return ErrNotReopenable(fmt.Sprintf("%s names %s %d, who does not exist", books.Describe(missing.row), missing.kind, missing.id),
		fmt.Sprintf("add that row of %s again under its id, or name another in the row", missing.kind.Table()))
}

// Rehearse runs fn in a savepoint and rolls it back. failed is fn's error; err
// means the transaction cannot go on.
func (t *Tx) Rehearse(ctx context.Context, fn func() error) (failed, err error) {
	begin := "SAVEPOINT rehearsal"
	if t.s.dialect.postgres { // find deferred constraints now
		begin += "; SET CONSTRAINTS ALL IMMEDIATE"
	}
	if failed = t.script(ctx, begin); failed == nil {
		failed = fn()
	}
	var pg *pgconn.PgError
	if ctx.Err() != nil || errors.As(failed, &pg) && strings.HasPrefix(pg.Code, "40") { // the whole transaction is lost
		return nil, failed
	}
	return failed, t.script(ctx, "ROLLBACK TO SAVEPOINT rehearsal; RELEASE SAVEPOINT rehearsal")
}

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"extrato/internal/books"
)

// Trigger is a trigger that may stop a delete, or change the values written.
type Trigger struct{ Name, Table string }

func (t Trigger) String() string { return t.Name + " on " + t.Table }

// Triggers returns the triggers of others on the books' tables, if they run
// BEFORE or INSTEAD OF an operation on a row.
func (t *Tx) Triggers(ctx context.Context) (found []Trigger, err error) {
	query := `SELECT m.name, m.tbl_name FROM json_each($1) wanted JOIN sqlite_schema m ON m.tbl_name = wanted.value
		WHERE m.type = 'trigger' ORDER BY wanted.key, m.name`
	if t.s.dialect.postgres {
		// 2 is BEFORE, 64 INSTEAD OF.
		query = `SELECT g.tgname, wanted.name FROM json_array_elements_text(CAST($1 AS JSON)) WITH ORDINALITY AS wanted (name, n)
			JOIN pg_trigger g ON g.tgrelid = to_regclass(wanted.name) AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 66 > 0
			ORDER BY wanted.n, g.tgname`
	}
	ours, err := t.s.guards()
	if err != nil {
		return nil, err
	}
	err = t.list(ctx, query, []any{jsonTexts(v4Tables[:len(v4Tables)-1])}, func(scan func(...any) error) error {
		found = append(found, Trigger{})
		last := &found[len(found)-1]
		return scan(&last.Name, &last.Table)
	})
	return slices.DeleteFunc(found, func(trigger Trigger) bool {
		return slices.ContainsFunc(ours, func(g guard) bool { return g.name == trigger.Name })
	}), err
}

// errRowsKept reports deleted rows kept by the database, and names the
// triggers.
func (t *Tx) errRowsKept(ctx context.Context, gone, wanted books.Counts) error {
	triggers, err := t.Triggers(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, trigger := range triggers {
		names = append(names, trigger.String())
	}
	who := "a trigger"
	if len(names) > 0 {
		who = "the trigger " + strings.Join(names, ", ")
	}
	return books.Refusedf("rows_kept", "the database kept rows of the month: %d were deleted where %d were read", gone.Total()+gone.Links, wanted.Total()+wanted.Links).
		WithHint("nothing was changed; look at %s: a close needs real deletes, so drop it (a soft delete would count these rows twice)", who)
}

// errReferenced explains a foreign key of a table outside the books onto rows
// to be deleted; nil if err is something else.
func errReferenced(err error) *books.Error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23503" || slices.Contains(v4Tables, pg.TableName) {
		return nil
	}
	return books.Refusedf("rows_referenced", "the table %s refers to a row that was to go", pg.TableName).
		WithHint(nothingChanged+"let its reference go along: make the foreign key %s ON DELETE SET NULL or CASCADE, or drop it", fmt.Sprintf("%q", pg.ConstraintName))
}

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"extrato/internal/books"
)

// scanRows runs a query of monthRows and fills the copies.
func (t *Tx) scanRows(ctx context.Context, kind books.Kind, people *people, query string, args ...any) books.Rows {
	return func(yield func(books.Row, error) bool) {
		var client books.Ref
		copies := func(row books.Row, values []books.Value) []books.Value {
			switch r := row.(type) {
			case *books.Payment:
				values = append(values, &r.SessionDate, &r.Deposit)
			case *books.Commission:
				values = append(values, &client, &r.PaymentAmount, &r.PaymentDate)
			case *books.Expense:
				values = append(values, &r.Category)
			}
			return values
		}
		for row, err := range t.scan(ctx, kind, copies, query, args...) {
			if err == nil {
				people.name(row, client)
				err = people.broken
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// scanPlain runs a query for the table's own columns of one kind's rows.
func (t *Tx) scanPlain(ctx context.Context, kind books.Kind, query string, args ...any) books.Rows {
	return t.scan(ctx, kind, func(_ books.Row, values []books.Value) []books.Value { return values }, query, args...)
}

// scan runs a query and reads a row's own columns, then the ones added by more.
// An error of kind Integrity comes with its row, as far as it was read; a
// caller who goes on gets the rows behind it.
func (t *Tx) scan(ctx context.Context, kind books.Kind, more func(books.Row, []books.Value) []books.Value, query string, args ...any) books.Rows {
	return func(yield func(books.Row, error) bool) {
		rows, err := t.query(ctx, query, args...)
		if err != nil {
			yield(nil, t.s.dialect.explain(err))
			return
		}
		defer rows.Close()
		var values []books.Value
		var columns []column
		var dest []any
		for rows.Next() {
			row := kind.New()
			values = more(row, row.AppendValues(values[:0]))
			if columns == nil {
				columns, dest = make([]column, len(values)), make([]any, len(values))
				for i := range columns {
					dest[i] = &columns[i]
				}
			}
			for i, v := range values {
				columns[i].value = v
			}
			if err := rows.Scan(dest...); err != nil {
				if ctx.Err() != nil { // the row is not to blame
					yield(nil, ctx.Err())
					return
				}
				if !yield(row, brokenRow(row, err)) {
					return
				}
				continue
			}
			t.handedOut = true
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, t.s.dialect.explain(err))
		}
	}
}

func brokenRow(row books.Row, err error) error {
	var index int
	var column string
	_, _ = fmt.Sscanf(err.Error(), "sql: Scan error on column index %d, name %q", &index, &column)
	cause := errors.Unwrap(err)
	if cause == nil {
		cause = err
	}
	return books.Integrityf("broken_row", "%s has a value that cannot be kept exactly in column %q: %s", holder(row, index, column), column, cause).
		WithHint("correct that row in the database; nothing was changed")
}

// holder names the row holding a column's value in a query for row: the row's
// own columns are followed by those of referenced rows.
func holder(row books.Row, index int, column string) string {
	if index < len(row.Kind().Columns()) {
		return books.Describe(row)
	}
	switch r := row.(type) {
	case *books.Payment:
		if column == "data" {
			return fmt.Sprintf("%s %d", books.SessionKind, r.SessionID.V)
		}
	case *books.Commission:
		if column == "data" || column == "valor" {
			return fmt.Sprintf("%s %d", books.PaymentKind, r.PaymentID.V)
		}
	}
	return books.Describe(row)
}

// people holds the names of all clients and artists, and notes the referenced
// ones. Their whole rows are read at the end, for these alone: of thousands of
// clients a month sees a few.
type people struct {
	clients, artists names
	broken           error // the first one referenced
}

// names are those of one kind, by id.
type names struct {
	of         map[books.ID]books.String
	referred   map[books.ID]bool
	unreadable map[books.ID]error
}

func (t *Tx) readPeople(ctx context.Context) (*people, error) {
	p := &people{}
	var err error
	if p.clients, err = t.readNames(ctx, books.ClientKind); err == nil {
		p.artists, err = t.readNames(ctx, books.ArtistKind)
	}
	return p, err
}

func (t *Tx) readNames(ctx context.Context, kind books.Kind) (names, error) {
	n := names{map[books.ID]books.String{}, map[books.ID]bool{}, map[books.ID]error{}}
	row := kind.New()
	values := row.AppendValues(nil)
	id, name := column{value: values[0]}, column{value: values[slices.Index(kind.Columns(), "name")]}
	err := t.list(ctx, "SELECT id, name FROM "+kind.Table(), nil, func(scan func(...any) error) error {
		err := scan(&id, &name)
		switch {
		case err == nil:
			n.of[row.Key()] = nameOf(row)
		case ctx.Err() != nil: // the row is not to blame
			return ctx.Err()
		default: // it matters only if referenced
			n.unreadable[row.Key()] = brokenRow(row, err)
		}
		return nil
	})
	return n, t.s.dialect.explain(err)
}

func nameOf(row books.Row) books.String {
	if a, ok := row.(*books.Artist); ok {
		return a.Name
	}
	return row.(*books.Client).Name
}

// isBroken reports whether err is about one unreadable row.
func isBroken(err error) bool {
	var e *books.Error
	return errors.As(err, &e) && e.Code == "broken_row"
}

// name fills a row's copies of names, and notes the named. client is the client
// of a commission's payment.
func (p *people) name(row books.Row, client books.Ref) {
	switch r := row.(type) {
	case *books.Payment:
		r.ClientName, r.ArtistName = p.client(r.ClientID), p.artist(r.ArtistID)
	case *books.Session:
		r.ClientName, r.ArtistName = p.client(books.RefTo(r.ClientID)), p.artist(r.ArtistID)
	case *books.Commission:
		if name, ok := p.clients.of[client.V]; ok && client.Valid {
			r.ClientName = books.Text{V: name, Valid: true}
		}
		r.ArtistName = p.artist(r.ArtistID)
	case *books.Expense:
		r.CreatorName = p.artist(r.CreatedBy)
	}
}

func (p *people) client(id books.Ref) books.Text {
	if !id.Valid {
		return books.Text{}
	}
	return p.refer(p.clients, id.V)
}

func (p *people) artist(id books.ID) books.Text { return p.refer(p.artists, id) }

func (p *people) refer(n names, id books.ID) books.Text {
	name, ok := n.of[id]
	if !ok {
		p.broken = cmp.Or(p.broken, n.unreadable[id])
		return books.Text{}
	}
	n.referred[id] = true
	return books.Text{V: name, Valid: true}
}

// used returns the named clients and artists, in order.
func (t *Tx) used(ctx context.Context, p *people) (rows []books.Row, err error) {
	for _, kind := range []books.Kind{books.ClientKind, books.ArtistKind} {
		n := p.clients
		if kind == books.ArtistKind {
			n = p.artists
		}
		query := "SELECT " + strings.Join(t.s.selectColumns(kind, true), ", ") + " FROM " + kind.Table() + " r WHERE r.id IN (" + t.s.dialect.idList("$1") + ") ORDER BY r.id"
		for row, err := range t.scanPlain(ctx, kind, query, jsonIDs(slices.Collect(maps.Keys(n.referred)))) {
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

// people holds all clients and artists, and notes the referenced ones.
type people struct {
	clients  map[books.ID]*books.Client
	artists  map[books.ID]*books.Artist
	referred [2]map[books.ID]bool

	unreadable map[books.Kind]map[books.ID]error
	broken     error // the first one referenced
}

func (t *Tx) readPeople(ctx context.Context) (*people, error) {
	p := &people{clients: map[books.ID]*books.Client{}, artists: map[books.ID]*books.Artist{}}
	p.referred = [2]map[books.ID]bool{{}, {}}
	p.unreadable = map[books.Kind]map[books.ID]error{books.ClientKind: {}, books.ArtistKind: {}}
	for _, kind := range []books.Kind{books.ClientKind, books.ArtistKind} {
		for row, err := range t.scanPlain(ctx, kind, t.s.tableQuery(kind, true)) {
			if isBroken(err) { // it matters only if referenced
				p.unreadable[kind][row.Key()] = err
				continue
			}
			if err != nil {
				return nil, err
			}
			switch r := row.(type) {
			case *books.Client:
				p.clients[r.ID] = r
			case *books.Artist:
				p.artists[r.ID] = r
			}
		}
	}
	return p, nil
}

// isBroken reports whether err is about one unreadable row.
func isBroken(err error) bool {
	var e *books.Error
	return errors.As(err, &e) && e.Code == "broken_row"
}

// tableQuery returns the query for all rows of a table.
func (s *Store) tableQuery(kind books.Kind, hasTime bool) string {
	return "SELECT " + strings.Join(s.selectColumns(kind, hasTime), ", ") + " FROM " + kind.Table() + " r ORDER BY r.id"
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
		if client.Valid && p.clients[client.V] != nil {
			r.ClientName = books.Text{V: p.clients[client.V].Name, Valid: true}
		}
		r.ArtistName = p.artist(r.ArtistID)
	case *books.Expense:
		r.CreatorName = p.artist(r.CreatedBy)
	}
}

func (p *people) client(id books.Ref) books.Text {
	c := p.clients[id.V]
	if !id.Valid || c == nil {
		p.broken = cmp.Or(p.broken, p.unreadable[books.ClientKind][id.V])
		return books.Text{}
	}
	p.referred[0][id.V] = true
	return books.Text{V: c.Name, Valid: true}
}

func (p *people) artist(id books.ID) books.Text {
	a := p.artists[id]
	if a == nil {
		p.broken = cmp.Or(p.broken, p.unreadable[books.ArtistKind][id])
		return books.Text{}
	}
	p.referred[1][id] = true
	return books.Text{V: a.Name, Valid: true}
}

// used returns the named clients and artists, in order.
func (p *people) used() []books.Row {
	var rows []books.Row
	for id := range p.referred[0] {
		rows = append(rows, p.clients[id])
	}
	for id := range p.referred[1] {
		rows = append(rows, p.artists[id])
	}
	slices.SortFunc(rows, books.Compare)
	return rows
}

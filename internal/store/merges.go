package store

import (
	"context"
	"slices"

	"extrato/internal/books"
)

// Merge is a client merged into another one.
type Merge struct {
	Client, Into books.ID // as a person chose them
	Stays        books.ID // the client shown instead: Into, or the one it was merged into later
	Change       int64    // the change by which it was merged
}

// MergeAction is the action of a changeset giving a merged client's rows to the
// client Into.
const MergeAction = "merge"

// joinMerge joins m, the merge of the client in a column. A merge into a client
// deleted since counts for nothing: v4 knows no merges.
func joinMerge(column string) string {
	return " LEFT JOIN merged_clients m ON m.client = " + column + " AND EXISTS (SELECT 1 FROM clients stays WHERE stays.id = m.merged_into)"
}

// Merges returns all merges, by client.
func (t *Tx) Merges(ctx context.Context) (list []Merge, err error) {
	err = t.list(ctx, `SELECT m.client, m.into_client, m.merged_into, m.change FROM merged_clients m
		WHERE EXISTS (SELECT 1 FROM clients stays WHERE stays.id = m.merged_into) ORDER BY m.client`, nil, func(scan func(...any) error) error {
		var m Merge
		err := scan(&m.Client, &m.Into, &m.Stays, &m.Change)
		list = append(list, m)
		return err
	})
	return list, err
}

// MergeOf returns the merge of a client; ok is false if there is none.
func (t *Tx) MergeOf(ctx context.Context, client books.ID) (m Merge, ok bool, err error) {
	list, err := t.Merges(ctx)
	i := slices.IndexFunc(list, func(m Merge) bool { return m.Client == client })
	if err != nil || i < 0 {
		return Merge{}, false, err
	}
	return list[i], true, nil
}

// Survivors returns the client shown instead of each merged one.
func (t *Tx) Survivors(ctx context.Context) (map[books.ID]books.ID, error) {
	list, err := t.Merges(ctx)
	stays := map[books.ID]books.ID{}
	for _, m := range list {
		stays[m.Client] = m.Stays
	}
	return stays, err
}

// AddMerge hides a client behind the client into, with all
// those merged into it before.
func (t *Tx) AddMerge(ctx context.Context, client, into books.ID, change int64) error {
	_, err := t.exec(ctx, "UPDATE merged_clients SET merged_into = $2 WHERE merged_into = $1", int64(client), int64(into))
	if err == nil {
		_, err = t.exec(ctx, "INSERT INTO merged_clients (client, into_client, merged_into, change) VALUES ($1, $2, $2, $3)", int64(client), int64(into), change)
	}
	return err
}

// ImportMerge merges a client whose rows were given away in another database.
func (t *Tx) ImportMerge(ctx context.Context, client, into books.ID, by books.Actor) error {
	change, err := t.AddChangeset(ctx, Changeset{Action: MergeAction, Kind: books.ClientKind, Row: client, By: by, At: books.InstantOf(t.s.now())})
	if err != nil {
		return err
	}
	return t.AddMerge(ctx, client, into, change)
}

// RemoveMerge shows a client again, for all those merged into it before.
func (t *Tx) RemoveMerge(ctx context.Context, client books.ID) error {
	if _, err := t.exec(ctx, "DELETE FROM merged_clients WHERE client = $1", int64(client)); err != nil {
		return err
	}
	list, err := t.Merges(ctx)
	if err != nil {
		return err
	}
	into := map[books.ID]books.ID{}
	for _, m := range list {
		into[m.Client] = m.Into
	}
	for _, m := range list {
		stays := m.Into
		for into[stays] != 0 {
			stays = into[stays]
		}
		if stays == m.Stays {
			continue
		}
		if _, err := t.exec(ctx, "UPDATE merged_clients SET merged_into = $2 WHERE client = $1", int64(m.Client), int64(stays)); err != nil {
			return err
		}
	}
	return nil
}

// ofClients are the kinds of rows with a client.
var ofClients = []books.Kind{books.PaymentKind, books.SessionKind}

// ClientRows are the live rows of a client, by id.
type ClientRows struct{ Payments, Sessions []books.ID }

// RowsOfClient returns the live rows with this very client.
func (t *Tx) RowsOfClient(ctx context.Context, client books.ID) (rows ClientRows, err error) {
	for _, kind := range ofClients {
		ids, err := t.ids(ctx, "SELECT r.id FROM "+kind.Table()+" r WHERE r.cliente_id = $1 ORDER BY r.id", int64(client))
		if err != nil {
			return rows, err
		}
		for _, id := range ids {
			rows.Add(kind, books.ID(id))
		}
	}
	return rows, nil
}

// Add adds a payment or a session.
func (r *ClientRows) Add(kind books.Kind, id books.ID) {
	if kind == books.PaymentKind {
		r.Payments = append(r.Payments, id)
	} else {
		r.Sessions = append(r.Sessions, id)
	}
}

// GiveToClient gives these rows of one client to another, and changes nothing
// else in them. Rows of others stay.
func (t *Tx) GiveToClient(ctx context.Context, rows ClientRows, from, to books.ID) error {
	for i, ids := range [][]books.ID{rows.Payments, rows.Sessions} {
		_, err := t.exec(ctx, "UPDATE "+ofClients[i].Table()+" SET cliente_id = $3 WHERE cliente_id = $2 AND id IN ("+t.s.dialect.idList("$1")+")",
			jsonIDs(ids), int64(from), int64(to))
		if err != nil {
			return err
		}
	}
	return nil
}

// MovedRows returns the rows given away by a client's merge, and those returned
// since: a reopening, a restore and an undo give them to the staying client as
// well.
func (t *Tx) MovedRows(ctx context.Context, m Merge) (rows []ChangedRow, err error) {
	list, err := t.changesets(ctx, "h.id >= $1 AND h.action = $2 AND h.kind = $3 AND h.row_id = $4", m.Change, MergeAction, books.ClientKind.String(), int64(m.Client))
	seen := map[ChangedRow]bool{}
	for _, c := range list {
		for _, r := range c.Rows {
			row := ChangedRow{Kind: r.Kind, ID: r.ID}
			if slices.Contains(ofClients, r.Kind) && !seen[row] {
				seen[row] = true
				rows = append(rows, r)
			}
		}
	}
	return rows, err
}

// ToSurvivors returns rows, those of merged clients given to the staying ones.
// moved are these, as they were and as they are.
func ToSurvivors(rows []books.Row, stays map[books.ID]books.ID) (given []books.Row, moved []ChangedRow) {
	if len(stays) == 0 {
		return rows, nil
	}
	given = slices.Clone(rows)
	for i, row := range rows {
		if to := stays[clientOf(row)]; to != 0 {
			given[i] = withClient(row, to)
			moved = append(moved, ChangedRow{Kind: row.Kind(), ID: row.Key(), Before: row, After: given[i]})
		}
	}
	return given, moved
}

// RecordMoved records, for MovedRows, the rows of merged clients now returned as
// rows of the staying ones: for each merge on the way there. It returns how
// many rows of each client came back.
func (t *Tx) RecordMoved(ctx context.Context, moved []ChangedRow, by books.Actor, at books.Instant) (map[books.ID]int, error) {
	if len(moved) == 0 {
		return nil, nil //nolint:nilnil // none of nobody
	}
	merges, err := t.Merges(ctx)
	if err != nil {
		return nil, err
	}
	into, of, counts := map[books.ID]books.ID{}, map[books.ID][]ChangedRow{}, map[books.ID]int{}
	for _, m := range merges {
		into[m.Client] = m.Into
	}
	for _, r := range moved {
		counts[clientOf(r.Before)]++
		for from := clientOf(r.Before); into[from] != 0; from = into[from] {
			of[from] = append(of[from], ChangedRow{Kind: r.Kind, ID: r.ID, Before: withClient(r.Before, from), After: withClient(r.Before, into[from])})
		}
	}
	for _, m := range merges {
		if of[m.Client] == nil {
			continue
		}
		if _, err := t.AddChangeset(ctx, Changeset{Action: MergeAction, Kind: books.ClientKind, Row: m.Client, By: by, At: at, Rows: of[m.Client]}); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// withClient returns a payment or a session as another client's.
func withClient(row books.Row, client books.ID) books.Row {
	switch r := row.(type) {
	case *books.Payment:
		given := *r
		given.ClientID = books.RefTo(client)
		return &given
	case *books.Session:
		given := *r
		given.ClientID = client
		return &given
	}
	return row
}

// clientOf returns the client of a payment or a session, 0 if there is none.
func clientOf(row books.Row) books.ID {
	switch r := row.(type) {
	case *books.Payment:
		return r.ClientID.V
	case *books.Session:
		return r.ClientID
	}
	return 0
}

// RestsIn returns the month of the statement with a payment or a session;
// ok is false if none does.
func (t *Tx) RestsIn(ctx context.Context, kind books.Kind, id books.ID) (month books.Month, ok bool, err error) {
	if kind == books.SessionKind {
		_, month, ok, err = t.SessionInStatement(ctx, id)
		return month, ok, err
	}
	return t.restsIn(ctx, id)
}

package closing

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Restoration is the report of a restore, done or planned.
type Restoration struct {
	Month   books.Month   `json:"month"`
	File    string        `json:"file"`
	Missing books.Counts  `json:"missing"` // rows put back
	Present books.Counts  `json:"present"` // rows live as in the backup
	Links   int           `json:"links"`   // links added to live rows
	Clients int           `json:"clients"`
	Artists int           `json:"artists"`
	Notes   []string      `json:"notes"`
	DryRun  bool          `json:"dry_run"`
	Rows    []RestoredRow `json:"rows"` // each row put back
	rows    []books.Row
	links   []*books.Link // those among Links in pagamentos
	from    backupRows
	linked  map[books.Kind]map[books.ID]books.Row // the linked sessions and payments, from backups
	moved   []store.ChangedRow                    // those of merged clients
	highest books.Highest                         // of the ids in statements and in the backup
}

// RestoredRow is a row to be put back.
type RestoredRow struct {
	Type string          `json:"type"`
	ID   books.ID        `json:"id"`
	Row  json.RawMessage `json:"row"` // as a statement holds it
}

// backupRows is the content of a copy.
type backupRows struct {
	backup.Manifest
	rows    []books.Row                 // without the copies of staying sessions
	staying map[books.ID]*books.Session // to identify the sessions that stayed
	notes   []string                    // notes on the copy for a person
}

// Back returns the rows put back, in order. A Link among them is set on a live
// session.
func (r Restoration) Back() []books.Row { return r.rows }

// Nothing reports whether there is nothing to put back.
func (r Restoration) Nothing() bool { return len(r.rows)+len(r.links) == 0 }

// Restore puts missing rows of a backup back to live, with ids and links. It
// never removes or overwrites a row. The copy is file or, if that is "", the
// first of copiesToTake. It fails with an Error of kind Refused, and changes
// nothing, if any row is live with other values or rests in a statement, or if
// the id of a client or artist now belongs to another person.
//
// A session paid in two months stays live when the first closes, so its backup
// holds the payment and only a copy of the session. If the session is not live
// either, it is taken from the backup it left with. Without such a backup, the
// payment comes back unlinked, and restoring again sets the link once that very
// session is there. So months can be restored in any order.
func (c *Closer) Restore(ctx context.Context, month books.Month, file string, dryRun bool, by books.Actor) (Restoration, error) {
	run := c.begin(ctx, "restore", month, by, "")
	from, err := c.readBackup(ctx, month, file)
	if err != nil {
		return Restoration{}, err
	}
	others, err := c.sessionsElsewhere(ctx, from)
	if err != nil {
		return Restoration{}, err
	}
	unlock, err := c.Store.LockMonth(ctx, month, c.waits)
	if err != nil {
		return Restoration{}, err
	}
	defer unlock()
	var r Restoration
	if dryRun {
		err = c.Store.Read(ctx, func(tx *store.Tx) error {
			r, err = difference(ctx, tx, from, others)
			return err
		})
		r.DryRun = true
		return r, err
	}
	err = c.Store.Write(ctx, func(tx *store.Tx) error {
		if r, err = difference(ctx, tx, from, others); err != nil || r.Nothing() {
			return err
		}
		return c.restore(ctx, tx, &r, run)
	})
	if err = sendAgain(err); err != nil {
		c.finish(ctx, run, "", err)
		return r, err
	}
	c.keep(ctx)
	return r, nil
}

// difference finds the missing rows, and refuses rows that cannot be put back.
func difference(ctx context.Context, tx *store.Tx, from backupRows, others map[books.ID]elsewhere) (Restoration, error) {
	r := Restoration{Month: from.Month, File: from.File, from: from, Notes: append([]string{}, from.notes...), Rows: []RestoredRow{}}
	resting, err := atRest(ctx, tx)
	if err != nil {
		return r, err
	}
	r.highest = resting.highest
	rows, err := r.withSessions(ctx, tx, others)
	if err != nil {
		return r, err
	}
	if rows, err = r.followMerges(ctx, tx, rows); err != nil {
		return r, err
	}
	r.noteLinked(rows, others)
	if err := r.compareAll(ctx, tx, rows, resting); err != nil {
		return r, err
	}
	if err := r.addLinks(ctx, tx, rows); err != nil {
		return r, err
	}
	if artists := idsOf(r.rows, books.ArtistKind); len(artists) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("artists who come back inactive, without a password: %s", listed(artists)))
	}
	if err := unsharedPeople(ctx, tx, r.rows); err != nil {
		return r, err
	}
	if err := eventsFree(ctx, tx, r.rows); err != nil {
		return r, err
	}
	if err := r.cutLinks(ctx, tx, resting); err != nil {
		return r, err
	}
	for _, row := range r.rows {
		r.Rows = append(r.Rows, RestoredRow{row.Kind().String(), row.Key(), books.AppendRowJSON(nil, row)})
	}
	return r, tx.CheckFits(ctx, r.rows)
}

// compareAll holds every row of the backup against the live one of its id. A
// client or artist may be as it is now, if it is the same person.
func (r *Restoration) compareAll(ctx context.Context, tx *store.Tx, rows []books.Row, resting resting) error {
	if err := samePeople(ctx, tx, rows); err != nil {
		return err
	}
	for kind := range books.KindCount {
		if kind.Table() == "" {
			continue
		}
		live, err := tx.LiveByID(ctx, kind, idsOf(rows, kind))
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Kind() != kind {
				continue
			}
			if home, ok := resting.home[kind][row.Key()]; ok {
				return &ReopenFirst{home, books.Refusedf("row_at_rest", "%s rests in the statement of %s", books.Describe(row), home).
					WithHint("reopen first: extrato reopen %s --reason …", home)}
			}
			if err := r.compare(row, live[row.Key()]); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare compares a row with the live one of its id. A link in only one of
// them is no conflict: closing and restoring a session's months takes links and
// gives them back, and changes nothing else in the row.
func (r *Restoration) compare(row, live books.Row) error {
	if live == nil {
		r.add(row)
		return nil
	}
	if row.Kind() > books.LinkKind { // samePeople has looked at it
		return nil
	}
	bare, link := unlinked(row)
	liveBare, liveLink := unlinked(live)
	if !books.Equal(bare, liveBare) || link.Valid && liveLink.Valid && link != liveLink {
		return differs(row, live)
	}
	r.Present.Add(row.Kind())
	switch {
	case !link.Valid || liveLink.Valid:
	case row.Kind() == books.PaymentKind:
		r.links = append(r.links, &books.Link{SessionID: link.V, PaymentID: row.Key()})
	default:
		r.rows = append(r.rows, &books.Link{SessionID: row.Key(), PaymentID: link.V})
	}
	return nil
}

// differs refuses a row whose id belongs to a different live row. If the two
// were made at different instants both are right: ids were given out again.
func differs(row, live books.Row) error {
	was, is := madeAt(row), madeAt(live)
	if was == is {
		return books.Refusedf("row_differs", "%s is live with other values than in the backup", books.Describe(row)).
			WithHint("nothing was changed; decide which of the two is right and delete the live row if it is the backup's")
	}
	return books.Refusedf("row_differs", "%s is another row than the live one of that id: the backup's was made %s, the live one %s", books.Describe(row), was, is).
		WithHint("nothing was changed, and both may be right: new rows were entered before every month was restored. Restore all months into a new database first; or begin with new ids above those in all backups (docs/operations.md, \"Restore all months first\")")
}

// madeAt says when a row was made.
func madeAt(row books.Row) string {
	var at books.NullInstant
	switch r := row.(type) {
	case *books.Payment:
		at = r.CreatedAt
	case *books.Session:
		at = r.CreatedAt
	case *books.Commission:
		at = r.CreatedAt
	case *books.Expense:
		at = r.CreatedAt
	}
	if !at.Valid {
		return "at no known time"
	}
	return at.V.String()
}

func (r *Restoration) add(row books.Row) {
	r.rows = append(r.rows, row)
	switch row.Kind() {
	case books.ClientKind:
		r.Clients++
	case books.ArtistKind:
		r.Artists++
	default:
		r.Missing.Add(row.Kind())
	}
}

func listed(ids []books.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprint(id)
	}
	return strings.Join(texts, ", ")
}

func (c *Closer) restore(ctx context.Context, tx *store.Tx, r *Restoration, run run) error {
	c.step("restore begun")
	kept, err := putBack(ctx, tx, r.rows)
	if err != nil {
		return err
	}
	if err := linkPayments(ctx, tx, r.links); err != nil {
		return err
	}
	c.step("rows put back")
	given, err := r.recordMoved(ctx, tx, run.by, books.InstantOf(c.Now()))
	if err != nil {
		return err
	}
	r.Notes = append(append(r.Notes, given...), keptLinks(kept)...) // never null in JSON
	if err := tx.RaiseSequences(ctx, r.highest); err != nil {
		return err
	}
	last, err := tx.LastEntry(ctx, r.Month)
	if err != nil {
		return err
	}
	_, err = tx.AppendEntry(ctx, books.ChainEntry{
		Action: books.Restored, Month: r.Month, Revision: last.Revision, At: books.InstantOf(c.Now()), By: run.by,
		CorrelationID: run.id, Fingerprint: r.from.Fingerprint, Counts: r.Missing, Totals: "{}",
		BackupFile: r.from.File, BackupSHA256: r.from.SHA256, Notes: r.Notes,
	})
	if err != nil {
		return err
	}
	c.step("chain grown")
	if err := tx.AddRun(ctx, run.record(c.Now(), string(books.Restored), nil)); err != nil {
		return err
	}
	c.step("run recorded")
	return nil
}

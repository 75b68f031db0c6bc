package closing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Restoration says what a restore puts back, or would.
type Restoration struct {
	Month    books.Month  `json:"month"`
	File     string       `json:"file"`
	Missing  books.Counts `json:"missing"` // rows that are put back
	Present  books.Counts `json:"present"` // rows that are live as in the backup
	Links    int          `json:"links"`   // links that live rows lack and get
	Clients  int          `json:"clients"`
	Artists  int          `json:"artists"`
	Notes    []string     `json:"notes"`
	DryRun   bool         `json:"dry_run"`
	rows     []books.Row
	links    []*books.Link           // those among Links that stand in pagamentos
	atRest   map[books.Kind]books.ID // the highest ids in statements
	manifest backup.Manifest
}

// Nothing reports whether there is nothing to put back.
func (r Restoration) Nothing() bool { return len(r.rows)+len(r.links) == 0 }

// Restore puts the rows of a backup that are missing back to live, ids and
// links included. It never removes or overwrites a row. The newest whole copy
// is used unless file names another. It fails with an Error of kind Refused, and
// changes nothing, if any row is live with other values or rests in a statement.
//
// A session that is paid in two months stays live when the first closes, so
// its backup holds the payment and not the session. Where the session is not
// live either, it is taken from whichever copy holds it; where none does, the
// payment comes back without its link, and restoring again sets it once the
// session is there. So months can be restored in any order.
func (c *Closer) Restore(ctx context.Context, month books.Month, file string, dryRun bool, by books.Actor) (Restoration, error) {
	run := c.begin(ctx, "restore", month, by, "")
	from, rows, err := c.readBackup(ctx, month, file)
	if err != nil {
		return Restoration{}, err
	}
	others, err := c.sessionsElsewhere(ctx, from, rows)
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
			r, err = difference(ctx, tx, from, rows, others)
			return err
		})
		r.DryRun = true
		return r, err
	}
	err = c.Store.Write(ctx, func(tx *store.Tx) error {
		if r, err = difference(ctx, tx, from, rows, others); err != nil || r.Nothing() {
			return err
		}
		return c.restore(ctx, tx, &r, run)
	})
	if err = sendAgain(err); err != nil {
		c.finish(ctx, run, "", err)
	}
	return r, err
}

func (c *Closer) readBackup(ctx context.Context, month books.Month, file string) (backup.Manifest, []books.Row, error) {
	if file != "" {
		target, err := backup.ParseFile(file)
		if err == nil && target.Month != month {
			err = books.Invalidf("invalid_file", "%s is not a backup of %s", file, month).WithHint("name the month of the file")
		}
		if err != nil {
			return backup.Manifest{}, nil, err
		}
		return c.readCopy(ctx, target)
	}
	copies, err := c.Backups.Copies(ctx, month)
	if err != nil {
		return backup.Manifest{}, nil, unreadablePlace(err)
	}
	for _, k := range slices.Backward(copies) {
		if k.HasFile && k.Manifest {
			return c.readCopy(ctx, k)
		}
	}
	return backup.Manifest{}, nil, books.NotFoundf("no_backup", "there is no backup of %s", month).
		WithHint("see which there are: extrato backup list")
}

// readCopy reads a copy whole. Where it is damaged, a new one would not hold
// the rows that are missing now: an earlier one may.
func (c *Closer) readCopy(ctx context.Context, k backup.Copy) (backup.Manifest, []books.Row, error) {
	manifest, rows, err := c.Backups.Rows(ctx, k)
	var e *books.Error
	if errors.As(err, &e) && e.Kind == books.Integrity {
		err = fmt.Errorf("%s: %w", k.File, e.WithHint("nothing was changed; keep the file; put its own copy from elsewhere in its place, or name an earlier one of extrato backup list: extrato backup restore %s --file FILE", k.Month))
	}
	return manifest, rows, err
}

// difference finds which rows are missing, and refuses what cannot be put back.
func difference(ctx context.Context, tx *store.Tx, from backup.Manifest, rows []books.Row, others map[books.ID]elsewhere) (Restoration, error) {
	r := Restoration{Month: from.Month, File: from.File, manifest: from, Notes: []string{}}
	resting, err := atRest(ctx, tx)
	if err != nil {
		return r, err
	}
	r.atRest = highestIDs(resting)
	if rows, err = r.withSessions(ctx, tx, rows, others); err != nil {
		return r, err
	}
	for kind := books.PaymentKind; kind < books.KindCount; kind++ {
		if kind == books.LinkKind {
			continue
		}
		live, err := tx.LiveByID(ctx, kind, idsOf(rows, kind))
		if err != nil {
			return r, err
		}
		for _, row := range rows {
			if row.Kind() != kind {
				continue
			}
			if home, ok := resting[kind][row.Key()]; ok {
				return r, books.Refusedf("row_at_rest", "%s rests in the statement of %s", books.Describe(row), home).
					WithHint("reopen first: extrato reopen %s --reason …", home)
			}
			if err := r.compare(row, live[row.Key()]); err != nil {
				return r, err
			}
		}
	}
	if err := r.addLinks(ctx, tx, rows); err != nil {
		return r, err
	}
	if artists := idsOf(r.rows, books.ArtistKind); len(artists) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("artists who come back inactive, without a password: %s", listed(artists)))
	}
	if err := eventsFree(ctx, tx, r.rows); err != nil {
		return r, err
	}
	if err := r.cutLinks(ctx, tx, resting); err != nil {
		return r, err
	}
	return r, tx.CheckFit(ctx, r.rows)
}

// compare holds a row against the live one of its id. A link that only one of
// them has is no conflict: closing and restoring the months that the session is
// paid in takes links and gives them back, and leaves the rest of the row alone.
func (r *Restoration) compare(row, live books.Row) error {
	if live == nil {
		r.add(row)
		return nil
	}
	if row.Kind() > books.LinkKind { // a client or artist is as it is now
		return nil
	}
	bare, link := unlinked(row)
	liveBare, liveLink := unlinked(live)
	if !books.Equal(bare, liveBare) || link.Valid && liveLink.Valid && link != liveLink {
		return books.Refusedf("row_differs", "%s is live with other values than in the backup", books.Describe(row)).
			WithHint("nothing was changed; decide which of the two is right and delete the live row if it is the backup's")
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

func highestIDs(resting map[books.Kind]map[books.ID]books.Month) map[books.Kind]books.ID {
	highest := map[books.Kind]books.ID{}
	for kind, ids := range resting {
		for id := range ids {
			highest[kind] = max(highest[kind], id)
		}
	}
	return highest
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
	r.Notes = append(r.Notes, keptLinks(kept)...)
	if err := tx.RaiseSequences(ctx, r.atRest); err != nil {
		return err
	}
	last, err := tx.LastClosing(ctx, r.Month)
	if err != nil {
		return err
	}
	_, err = tx.AppendClosing(ctx, books.Closing{
		Action: books.Restored, Month: r.Month, Revision: last.Revision, At: books.InstantOf(c.Now()), By: run.by,
		CorrelationID: run.id, Fingerprint: r.manifest.Fingerprint, Counts: r.Missing, Totals: "{}",
		BackupFile: r.manifest.File, BackupSHA256: r.manifest.SHA256, Notes: r.Notes,
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

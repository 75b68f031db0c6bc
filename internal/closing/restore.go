package closing

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	Clients  int          `json:"clients"`
	Artists  int          `json:"artists"`
	Notes    []string     `json:"notes"`
	DryRun   bool         `json:"dry_run"`
	rows     []books.Row
	atRest   map[books.Kind]books.ID // the highest ids in statements
	manifest backup.Manifest
}

// Restore puts the rows of a backup that are missing back to live, ids and
// links included. It never removes or overwrites a row. The newest whole copy
// is used unless file names another. It fails with an Error of kind Refused, and
// changes nothing, if any row is live with other values or rests in a statement.
func (c *Closer) Restore(ctx context.Context, month books.Month, file string, dryRun bool, by books.Actor) (Restoration, error) {
	run := c.begin(ctx, "restore", month, by, "")
	from, rows, err := c.readBackup(ctx, month, file)
	if err != nil {
		return Restoration{}, err
	}
	unlock, err := c.Store.LockMonth(ctx, month)
	if err != nil {
		return Restoration{}, err
	}
	defer unlock()
	var r Restoration
	if dryRun {
		err = c.Store.Read(ctx, func(tx *store.Tx) error {
			r, err = difference(ctx, tx, from, rows)
			return err
		})
		r.DryRun = true
		return r, err
	}
	err = c.Store.Write(ctx, func(tx *store.Tx) error {
		if r, err = difference(ctx, tx, from, rows); err != nil {
			return err
		}
		if r.Missing.Total() == 0 && len(r.rows) == 0 {
			return nil
		}
		return c.restore(ctx, tx, &r, run)
	})
	if errors.Is(err, store.ErrCommitUnknown) {
		_, err = c.lookUp(ctx, run, err)
	}
	if err != nil {
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
		return c.Backups.Rows(ctx, target)
	}
	copies, err := c.Backups.Copies(ctx, month)
	if err != nil {
		return backup.Manifest{}, nil, err
	}
	for _, k := range slices.Backward(copies) {
		if k.HasFile && k.Manifest {
			return c.Backups.Rows(ctx, k)
		}
	}
	return backup.Manifest{}, nil, books.NotFoundf("no_backup", "there is no backup of %s", month).
		WithHint("see which there are: extrato backup list")
}

// difference finds which rows are missing, and refuses what cannot be put back.
func difference(ctx context.Context, tx *store.Tx, from backup.Manifest, rows []books.Row) (Restoration, error) {
	r := Restoration{Month: from.Month, File: from.File, manifest: from, Notes: []string{}}
	resting, err := atRest(ctx, tx)
	if err != nil {
		return r, err
	}
	r.atRest = highestIDs(resting)
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
			switch there := live[row.Key()]; {
			case there == nil:
				r.add(row)
			case kind > books.LinkKind: // a client or artist is as it is now
			case books.Equal(there, row):
				r.Present.Add(kind)
			default:
				return r, books.Refusedf("row_differs", "%s is live with other values than in the backup", books.Describe(row)).
					WithHint("nothing was changed; decide which of the two is right and delete the live row if it is the backup's")
			}
		}
	}
	if err := r.addLinks(ctx, tx, rows); err != nil {
		return r, err
	}
	if err := eventsFree(ctx, tx, r.rows); err != nil {
		return r, err
	}
	return r, linksWhole(ctx, tx, from.Month, r.rows)
}

// addLinks adds the links that sessions lack, and notes those that a newer one
// keeps out.
func (r *Restoration) addLinks(ctx context.Context, tx *store.Tx, rows []books.Row) error {
	live, err := tx.LiveByID(ctx, books.SessionKind, idsOf(rows, books.LinkKind))
	if err != nil {
		return err
	}
	for _, row := range rows {
		link, ok := row.(*books.Link)
		if !ok {
			continue
		}
		session, there := live[link.SessionID].(*books.Session)
		switch {
		case !there || !session.PaymentID.Valid:
			r.rows = append(r.rows, row)
		case session.PaymentID.V != link.PaymentID:
			r.Notes = append(r.Notes, keptLinks([]*books.Link{link})...)
		}
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
		r.Notes = append(r.Notes, fmt.Sprintf("artist %d comes back inactive, without a password", row.Key()))
	default:
		r.Missing.Add(row.Kind())
	}
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

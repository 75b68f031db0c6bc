package closing

import (
	"context"
	"errors"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// copies are those that the tries of one close make of the month's rows.
type copies struct {
	c       *Closer
	month   books.Month
	before  backup.Before
	newest  *backup.Unproved   // of the rows of the latest try
	earlier []*backup.Unproved // of other rows
	without error              // why the month closes without one; nil: it does not
	waited  bool               // for the newest, while others could write
}

// A transaction waits for the proof of its backup as long as proofPatience, or
// as three times what the statement took to be stored: others must not wait to
// write because a disk or a network is slow. placePatience is how long the place
// may take while nobody waits.
var (
	proofPatience  = time.Second
	placePatience  = 30 * time.Second
	recordPatience = 10 * time.Second
)

// errProofSlow ends a transaction that would keep others waiting for a proof.
var errProofSlow = errors.New("the backup is still being written or read back")

// prepareCopies readies the place before others have to wait for it. The error
// says why no copy can be made although one must.
func (c *Closer) prepareCopies(ctx context.Context, month books.Month) (k *copies, err error) {
	k = &copies{c: c, month: month}
	if k.before, err = c.readyPlace(ctx, month); err != nil && k.forgives(err) {
		err = nil
	}
	return k, err
}

// forgives reports whether the month may close without a backup, because it
// need not have one and err says that none can be made; one that reads back
// wrong is never forgiven.
func (k *copies) forgives(err error) bool {
	if k.c.RequireBackup || !errors.Is(err, backup.ErrUnwritable) && !errors.Is(err, backup.ErrSlow) {
		return false
	}
	k.without = err
	k.c.Log.Warn("month closes without a backup", "month", k.month.String(), "cause", err.Error())
	return true
}

// start reads rows to their end, has a copy made of them and returns its salt.
// One of the same rows that an earlier try has made is taken again.
func (k *copies) start(ctx context.Context, rows books.Rows) (books.Salt, error) {
	made, err := k.c.Backups.Start(ctx, k.month, k.before, rows, k.newest)
	if err != nil {
		return books.Salt{}, err
	}
	if k.newest != nil && k.newest != made {
		k.earlier = append(k.earlier, k.newest)
	}
	k.newest = made
	return made.Salt, nil
}

// prove waits until the newest copy is proved and tells the database of it. It
// returns nil if the month closes without one, and errProofSlow if it should be
// waited for outside the transaction, unless that was done.
func (k *copies) prove(ctx context.Context, tx *store.Tx, patience time.Duration) (*backup.Receipt, error) {
	if k.without != nil {
		return nil, nil //nolint:nilnil // as said above
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	receipt, err := k.newest.Receipt(waiting)
	switch {
	case err == nil:
		return &receipt, k.c.recordBackup(ctx, tx, receipt.Manifest)
	case waiting.Err() != nil && ctx.Err() == nil && !k.waited:
		return nil, errProofSlow
	case waiting.Err() != nil && ctx.Err() == nil:
		err = backup.ErrSlow
	}
	if k.forgives(err) {
		return nil, nil //nolint:nilnil // as said above
	}
	return nil, err
}

// await waits for the newest copy while others can write.
func (k *copies) await(ctx context.Context) error {
	k.waited = true
	if _, err := k.newest.Await(ctx, placePatience); err != nil && !k.forgives(err) {
		return err
	}
	return nil
}

// record tells the database, after a close that came to err, of the copies that
// it does not know: they are there, whatever became of the close. One that reads
// back wrong is none.
func (k *copies) record(ctx context.Context, err error) {
	unknown := k.earlier
	if err != nil && k.newest != nil {
		unknown = append(unknown, k.newest)
	}
	waiting, cancel := context.WithTimeout(ctx, recordPatience)
	defer cancel()
	if errors.Is(err, backup.ErrSlow) {
		cancel() // it was waited for
	}
	for _, made := range unknown {
		receipt, err := made.Receipt(waiting)
		if err != nil && waiting.Err() != nil {
			continue // it was not finished
		}
		if err == nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordPatience)
			err = k.c.Store.Write(ctx, func(tx *store.Tx) error { return k.c.recordBackup(ctx, tx, receipt.Manifest) })
			cancel()
		}
		if err != nil {
			k.c.Log.Warn("backup not recorded", "month", k.month.String(), "cause", err.Error())
		}
	}
}

// drop breaks off what is still being made.
func (k *copies) drop() {
	for _, made := range append(k.earlier, k.newest) {
		if made != nil {
			made.Stop()
		}
	}
}

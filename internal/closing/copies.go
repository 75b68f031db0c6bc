package closing

import (
	"context"
	"errors"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// copies are the copies of the month's rows made by the tries of one close.
type copies struct {
	c       *Closer
	month   books.Month
	before  backup.Before
	newest  *backup.Unproved   // of the rows of the latest try
	earlier []*backup.Unproved // of other rows
	unready error              // why no copy can be made although one must
	without error              // why the month closes without one; nil: it does not
	waited  bool               // for the newest, while others could write
}

// A transaction waits for the proof of its backup for proofTimeout, or three
// times as long as storing the statement took: writers must not wait for a slow
// disk or network. placeTimeout limits the place while nobody waits.
var (
	proofTimeout  = time.Second
	placeTimeout  = 30 * time.Second
	recordTimeout = 10 * time.Second
)

// errProofSlow ends a transaction to let others write during a slow proof.
var errProofSlow = errors.New("the backup is still being written or read back")

// prepareCopies readies the place before others have to wait for it.
func (c *Closer) prepareCopies(ctx context.Context, month books.Month) *copies {
	k := &copies{c: c, month: month}
	var err error
	if k.before, err = c.readyPlace(ctx, month); err != nil && !k.allowsNoBackup(err) {
		k.unready = err
	}
	return k
}

// allowsNoBackup reports whether the month may close without a backup: the
// setting allows it and err means that none can be made. A copy with wrong
// content is never accepted.
func (k *copies) allowsNoBackup(err error) bool {
	if k.c.RequireBackup || !errors.Is(err, backup.ErrUnwritable) && !errors.Is(err, backup.ErrSlow) {
		return false
	}
	k.without = err
	k.c.Log.Warn("month closes without a backup", "month", k.month.String(), "cause", err.Error())
	return true
}

// start reads rows to their end, starts a copy of them and returns its salt. It
// takes an earlier try's copy of the same rows again.
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

// prove waits until the newest copy is proved, and records it. It returns nil
// if the month closes without one, and errProofSlow if the proof should be
// awaited outside the transaction, unless it was.
func (k *copies) prove(ctx context.Context, tx *store.Tx, timeout time.Duration) (*backup.Receipt, error) {
	if k.without != nil {
		return nil, nil //nolint:nilnil // as said above
	}
	waiting, cancel := context.WithTimeout(ctx, timeout)
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
	if k.allowsNoBackup(err) {
		return nil, nil //nolint:nilnil // as said above
	}
	return nil, err
}

// await waits for the newest copy while others can write.
func (k *copies) await(ctx context.Context) error {
	k.waited = true
	if _, err := k.newest.Await(ctx, placeTimeout); err != nil && !k.allowsNoBackup(err) {
		return err
	}
	return nil
}

// record records the unrecorded copies of a close that ended with err: they
// exist even if the close failed. A copy with wrong content is not recorded.
func (k *copies) record(ctx context.Context, err error) {
	unknown := k.earlier
	if err != nil && k.newest != nil {
		unknown = append(unknown, k.newest)
	}
	waiting, cancel := context.WithTimeout(ctx, recordTimeout)
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
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
			err = k.c.Store.Write(ctx, func(tx *store.Tx) error { return k.c.recordBackup(ctx, tx, receipt.Manifest) })
			cancel()
		}
		if err != nil {
			k.c.Log.Warn("backup not recorded", "month", k.month.String(), "cause", err.Error())
		}
	}
}

// drop cancels unfinished copies.
func (k *copies) drop() {
	for _, made := range append(k.earlier, k.newest) {
		if made != nil {
			made.Stop()
		}
	}
}

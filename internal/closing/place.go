package closing

import (
	"context"
	"errors"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// CheckBackups fails with an Error of kind Refused if a backup could not be
// written now: the place has none of the recorded backups, or cannot be
// written.
func (c *Closer) CheckBackups(ctx context.Context) error {
	if err := c.CheckPlace(ctx); err != nil {
		return err
	}
	staged, err := c.Backups.Bucket.Stage(ctx, "probe")
	if err != nil {
		return backup.ErrUnwritable.WithHint("check the folder in EXTRATO_BACKUPS").Because(err)
	}
	defer staged.Discard()
	if _, err := staged.Write([]byte("probe")); err != nil {
		return backup.ErrUnwritable.WithHint("check the folder in EXTRATO_BACKUPS and its disk").Because(err)
	}
	return nil
}

// checkPlace refuses a place with none of the recorded backups: a disk that is
// not mounted looks like an empty folder.
func (c *Closer) checkPlace(ctx context.Context, known []store.Backup) error {
	if len(known) == 0 || c.NewPlace {
		return nil
	}
	for _, k := range slices.Backward(known) {
		copies, err := c.Backups.Copies(ctx, k.Month)
		if err != nil {
			return backup.ErrUnwritable.WithHint("nothing was changed; check the folder in EXTRATO_BACKUPS").Because(err)
		}
		if slices.ContainsFunc(copies, func(found backup.Copy) bool { return found.File == k.File && found.HasFile }) {
			return nil
		}
	}
	return backup.ErrUnwritable.WithHint("nothing was changed; %s holds none of the %d backups that were made: mount the disk they are on, or copy them there; if they are lost for good, begin anew with extrato backup create MONTH --new-place",
		c.Backups.Bucket, len(known)).Because(errors.New("the place of the backups is not the one they were made in"))
}

// CheckPlace refuses a place with none of the recorded backups.
func (c *Closer) CheckPlace(ctx context.Context) error {
	known, err := c.knownBackups(ctx)
	if err != nil {
		return err
	}
	return c.checkPlace(ctx, known)
}

func (c *Closer) knownBackups(ctx context.Context) (known []store.Backup, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		known, err = tx.Backups(ctx, books.Month{})
		return err
	})
	return known, err
}

// readyPlace checks the place and makes month's folder, with several syncs. It
// returns the month's recorded copies.
func (c *Closer) readyPlace(ctx context.Context, month books.Month) (before backup.Before, err error) {
	known, err := c.knownBackups(ctx)
	if err != nil {
		return before, err
	}
	for _, k := range known {
		if k.Month == month {
			before.Taken = max(before.Taken, k.Copy)
		}
	}
	newest := make(chan backup.Manifest, 1)
	err = c.Backups.Within(ctx, placeTimeout, func() error {
		if err := c.checkPlace(ctx, known); err != nil {
			return err
		}
		m, err := c.Backups.Newest(ctx, month)
		if err != nil {
			return err
		}
		newest <- m
		return c.Backups.MakeFolder(ctx, month)
	})
	if err == nil {
		before.Newest = <-newest
	}
	return before, err
}

// unreadablePlace explains a failed list of the backups.
func unreadablePlace(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return books.Refusedf("backups_unreadable", "the backups cannot be listed").Because(err).
		WithHint("let extrato read the folder in EXTRATO_BACKUPS")
}

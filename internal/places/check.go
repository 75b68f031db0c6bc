package places

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"slices"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

const hiddenReason = "a delete marker or a later version lies over it"

// readBack reads every byte of a copy and returns its state. An error means
// that the place could not be asked.
func readBack(ctx context.Context, place bucket.Place, rec store.ObjectCopy) (state, reason string, err error) {
	in, err := place.OpenVersion(ctx, rec.Name, rec.Version)
	switch {
	case errors.Is(err, bucket.ErrHidden):
		return Hidden, hiddenReason, nil
	case errors.Is(err, bucket.ErrNotExist):
		return Missing, "it is gone", nil
	case err != nil:
		return "", "", err
	}
	defer in.Close()
	found, err := read(ctx, in, io.Discard)
	switch {
	case err != nil:
		return "", "", err
	case hex.EncodeToString(found.sum[:]) != rec.Stored:
		return Corrupt, "its bytes are not those that were put there", nil
	case rec.Name != rec.Object:
		return Encrypted, "", nil
	}
	return OK, "", nil
}

// ErrNoCopy means that there is no copy to check: none was made, or it was an old
// one of the running month, which are removed after some weeks.
var ErrNoCopy = &books.Error{Kind: books.NotFound, Code: "no_copy"}

// Check reads a copy back, every byte, and records the result. A whole copy of
// an object still in the backup folder gets its lock extended, where the place
// has locks; one that it refuses to extend is recorded, with the reason, and
// returned with the error. It returns the new record. Any other error means that
// the place or the folder could not be asked, or is ErrNoCopy.
func (p *Places) Check(ctx context.Context, place bucket.Place, object string) (store.ObjectCopy, error) {
	rec, err := p.recordOf(ctx, place, object)
	if err != nil {
		return rec, err
	}
	if rec.Name == "" {
		return rec, books.NotFoundf(ErrNoCopy.Code, "%s has no copy of %s yet", place, object).WithHint("make it: extrato backup copy")
	}
	here, err := p.kept(ctx, object)
	if err != nil {
		return rec, unreadFolder(err)
	}
	var state, reason string
	var unlocked error
	err = p.within(ctx, place, rec.Size, func(ctx context.Context) (err error) {
		state, reason, err = readBack(ctx, place, rec)
		if err == nil && state == Missing {
			err = notEmpty(ctx, place, 1)
		}
		if until := p.lockedUntil(place); err == nil && Proved(state) && !until.IsZero() && here {
			unlocked = unready(place, place.Retain(ctx, rec.Name, rec.Version, until))
		}
		return unready(place, err)
	})
	if err != nil {
		return rec, err
	}
	if state == Missing && backup.IsThinned(object) && !here {
		if err := p.forget(ctx, place, object); err != nil {
			return rec, err
		}
		return rec, books.NotFoundf(ErrNoCopy.Code, "%s no longer has %s: it was an old copy", place, object)
	}
	rec.State, rec.Reason = state, reason
	if unlocked != nil {
		rec.Reason = "its lock was not extended: " + books.AsError(unlocked).Message
	}
	rec, err = p.saveChecked(ctx, rec)
	return rec, cmp.Or(err, unlocked)
}

// saveChecked records the result of a check.
func (p *Places) saveChecked(ctx context.Context, rec store.ObjectCopy) (store.ObjectCopy, error) {
	now := books.InstantOf(p.Now())
	err := p.Store.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.ObjectCopy(ctx, rec.Place, rec.Object)
		if err != nil {
			return err
		}
		if known.Version != rec.Version || known.Stored != rec.Stored { // put anew meanwhile
			rec = known
			return nil
		}
		rec.Since, rec.CheckedAt = sinceOf(known, rec.State, now), books.NullInstant{V: now, Valid: true}
		return tx.SaveObjectCopy(ctx, rec)
	})
	return rec, err
}

// lockedUntil returns until when the place should lock an object put now; zero
// for a place without locks.
func (p *Places) lockedUntil(place bucket.Place) time.Time {
	if days := bucket.Locks(place); days > 0 {
		return p.Now().Add(days)
	}
	return time.Time{}
}

// kept reports whether the backup folder still has the object. Old copies of the
// running month are thinned, and must not be locked for ever.
func (p *Places) kept(ctx context.Context, object string) (bool, error) {
	names, err := p.Local.List(ctx, path.Dir(object))
	return slices.Contains(names, object), err
}

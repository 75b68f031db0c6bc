package places

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"slices"
	"time"

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

// Check reads a copy back, every byte, and records the result. A whole copy of
// an object still in the backup folder gets its lock extended, where the place
// has locks. It returns the new record; an error means that the place could not
// be asked, or that there is no copy to check (kind NotFound).
func (p *Places) Check(ctx context.Context, place bucket.Place, object string) (store.ObjectCopy, error) {
	rec, err := p.recordOf(ctx, place, object)
	if err != nil {
		return rec, err
	}
	if rec.Name == "" {
		return rec, books.NotFoundf("no_copy", "%s has no copy of %s yet", place, object).WithHint("make it: extrato backup copy")
	}
	var state, reason string
	err = p.within(ctx, place, rec.Size, func(ctx context.Context) (err error) {
		state, reason, err = readBack(ctx, place, rec)
		if err == nil && state == Missing {
			err = notEmpty(ctx, place, 1)
		}
		if until := p.lockedUntil(place); err == nil && Proved(state) && !until.IsZero() && p.kept(ctx, object) {
			err = place.Retain(ctx, rec.Name, rec.Version, until)
		}
		return unready(place, err)
	})
	if err != nil {
		return rec, err
	}
	rec.State, rec.Reason = state, reason
	return p.saveChecked(ctx, rec)
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
func (p *Places) kept(ctx context.Context, object string) bool {
	names, err := p.Local.List(ctx, path.Dir(object))
	return err == nil && slices.Contains(names, object)
}

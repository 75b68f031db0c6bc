package places

import (
	"cmp"
	"context"
	"sync"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// requireTimeout limits the wait of a close for one place, and askTimeout the
// wait of a preview.
const (
	requireTimeout = 5 * time.Minute
	askTimeout     = 10 * time.Second
)

// Required reports whether a close waits for every place.
func (p *Places) Required() bool { return p != nil && p.RequireAll && len(p.All) > 0 }

// Require brings a backup to every place at the same time, and reads it back
// there, even if it was proved before. It fails with ErrIncomplete if a place
// does not hold it in the end, or not in time.
func (p *Places) Require(ctx context.Context, file string) error {
	return p.each(ctx, cmp.Or(p.Timeout, requireTimeout), func(ctx context.Context, place bucket.Place) error {
		if err := p.Ready(ctx, place); err != nil {
			return err
		}
		for _, object := range []string{manifestOf(file), file} {
			rec, err := p.recordOf(ctx, place, object)
			if err == nil && rec.Name != "" {
				rec, err = p.Check(ctx, place, object)
			}
			if err == nil && !Proved(rec.State) {
				rec, err = p.copyOne(ctx, place, object)
			}
			if err == nil && !Proved(rec.State) {
				err = BadCopy(rec).WithHint("move away what stands there with the place's own tools, then try again")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// BadCopy is the Error about a copy not as it was put.
func BadCopy(rec store.ObjectCopy) *books.Error {
	return books.Integrityf("copy_"+rec.State, "%s in %s is %s: %s", rec.Object, rec.Place, rec.State, rec.Reason)
}

// AskAll fails as Require would, as far as can be known without copying.
func (p *Places) AskAll(ctx context.Context) error {
	return p.each(ctx, min(cmp.Or(p.Timeout, askTimeout), askTimeout), p.Ready)
}

// ErrIncomplete is the code of a close refused for want of a copy.
var ErrIncomplete = &books.Error{Kind: books.Refused, Code: "copies_incomplete"}

// each runs fn for every place at the same time, and returns the failure of the
// first place with one as ErrIncomplete.
func (p *Places) each(ctx context.Context, timeout time.Duration, fn func(context.Context, bucket.Place) error) error {
	failures := make([]error, len(p.All))
	var all sync.WaitGroup
	for i, place := range p.All {
		all.Go(func() {
			ctx, cancel := context.WithTimeoutCause(ctx, timeout, errSlow(place))
			defer cancel()
			if failures[i] = fn(ctx, place); failures[i] != nil && ctx.Err() != nil {
				failures[i] = context.Cause(ctx)
			}
		})
	}
	all.Wait()
	for i, err := range failures {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			cause := books.AsError(err)
			return books.Refusedf(ErrIncomplete.Code, "the backup has no proved copy in %s, and EXTRATO_BACKUPS_REQUIRE=all asks for one: %s", p.All[i], cause.Message).
				WithHint("the month is untouched; %s", cause.Hint)
		}
	}
	return nil
}

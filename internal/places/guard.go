package places

import (
	"context"
	"errors"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

// hangTimeout limits a call to a place, and slowest is the slowest line in
// bytes per second that a call is waited for. A hung share ignores contexts.
var (
	hangTimeout = 10 * time.Minute
	slowest     = int64(50_000)
)

func errSlow(place bucket.Place) *books.Error {
	return (&books.Error{Kind: books.Internal, Code: "place_unreachable", Message: place.String() + " does not answer in time"}).
		WithHint("it is tried again; if it lasts, see what is wrong with its disk, share or network")
}

// within runs fn, calls to a place about size bytes, and waits no longer than
// the slowest line would take, or the end of ctx. While an earlier call still
// hangs it fails at once.
func (p *Places) within(ctx context.Context, place bucket.Place, size int64, fn func(context.Context) error) error {
	if p.hangs(place, 0) > 0 {
		return errSlow(place)
	}
	slow := errSlow(place)
	ctx, cancel := context.WithTimeoutCause(ctx, hangTimeout+time.Duration(size/slowest)*time.Second, slow)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	select {
	case err := <-done:
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	case <-ctx.Done():
	}
	p.hangs(place, 1)
	go func() {
		<-done //nolint:errcheck // the caller was told that it hangs
		p.hangs(place, -1)
	}()
	return context.Cause(ctx)
}

// hangs returns how many calls to a place hang, after adding some.
func (p *Places) hangs(place bucket.Place, more int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stuck == nil {
		p.stuck = map[string]int{}
	}
	p.stuck[place.String()] += more
	return p.stuck[place.String()]
}

// Ready fails where nothing could be copied to a place now: it cannot be
// written, overwrites, or holds none of the copies that were made there.
func (p *Places) Ready(ctx context.Context, place bucket.Place) error {
	known, err := p.records(ctx, place)
	if err != nil {
		return err
	}
	proved := 0
	for _, rec := range known {
		if Proved(rec.State) {
			proved++
		}
	}
	return p.ready(ctx, place, proved, true)
}

// ready is Ready for a place with so many proved copies: a disk not mounted
// looks like an empty folder. It probes once in this process, or again.
func (p *Places) ready(ctx context.Context, place bucket.Place, proved int, again bool) error {
	return p.within(ctx, place, 0, func(ctx context.Context) error {
		if proved > 0 {
			if err := notEmpty(ctx, place, proved); err != nil {
				return err
			}
		}
		if !again && p.wasProbed(place) {
			return nil
		}
		if err := place.Probe(ctx); err != nil {
			return unready(place, err)
		}
		p.noteProbed(place)
		return nil
	})
}

func (p *Places) wasProbed(place bucket.Place) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.probed[place.String()]
}

func (p *Places) noteProbed(place bucket.Place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.probed == nil {
		p.probed = map[string]bool{}
	}
	p.probed[place.String()] = true
}

func notEmpty(ctx context.Context, place bucket.Place, proved int) error {
	empty, err := isEmpty(ctx, place)
	if err != nil || !empty {
		return unready(place, err)
	}
	return books.Refusedf("place_empty", "%s holds none of its %d copies", place, proved).
		WithHint("mount its disk, or correct EXTRATO_BACKUPS_COPY; if the copies there are lost for good: extrato backup copy --new-place")
}

func isEmpty(ctx context.Context, place bucket.Place) (bool, error) {
	folders, err := place.Folders(ctx)
	if err != nil || len(folders) > 0 {
		return false, err
	}
	names, err := place.List(ctx, ".")
	return len(names) == 0, err
}

func (p *Places) isEmpty(ctx context.Context, place bucket.Place) (empty bool, err error) {
	var found bool
	err = p.within(ctx, place, 0, func(ctx context.Context) (err error) {
		found, err = isEmpty(ctx, place)
		return unready(place, err)
	})
	return err == nil && found, err
}

// unready explains an error of a place; one of S3's explains itself.
func unready(place bucket.Place, err error) error {
	var known *books.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return books.Refusedf("place_refused", "%s cannot be used", place).
		WithHint("let extrato write and read there, see whether its disk is mounted and has room, then: extrato backup copy").Because(err)
}

package main

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recovery"
)

// keeper writes beside the backups what restore --all needs.
func keeper(closer *closing.Closer) *recovery.Keeper {
	k := &recovery.Keeper{
		Store: closer.Store, Backups: closer.Backups, CheckPlace: closer.CheckPlace, Now: closer.Now, SpoolDir: closer.SpoolDir,
	}
	if closer.Places != nil {
		k.Recipients = closer.Places.Recipients
	}
	return k
}

// keepEntries is Closer.Keep: a failure is a warning, and a job of extrato serve
// mends it.
func keepEntries(closer *closing.Closer) func(context.Context) {
	k := keeper(closer)
	return func(ctx context.Context) {
		if _, err := k.Keep(ctx); err != nil {
			warnKept(closer, err)
		}
	}
}

// warnKept warns after the command's own work: that nothing was changed, as a
// refused act says of itself, would be wrong by now.
func warnKept(closer *closing.Closer, err error) {
	e := books.AsError(err)
	hint := e.Hint
	if e.Kind != books.Integrity {
		hint = "what the command did is done and safe; see what is wrong with the folder in EXTRATO_BACKUPS or with the disk; extrato serve tries it again by itself"
	}
	closer.Log.Warn("not written beside the backups", "cause", e.Error(), "hint", hint)
}

// keepAfter makes a command write the entries of the chain that it made and, in
// the end, a copy of the live rows.
func (a *app) keepAfter(closer *closing.Closer) {
	entries, changed := keepEntries(closer), false
	closer.Keep = func(ctx context.Context) {
		changed = true
		entries(ctx)
	}
	a.closers = append(a.closers, func() {
		if !changed {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), time.Minute)
		defer cancel()
		keepStudio(ctx, closer)
	})
}

// keepNow writes everything that is missing, and a copy of the live rows.
func keepNow(ctx context.Context, closer *closing.Closer) {
	keepEntries(closer)(ctx)
	keepStudio(ctx, closer)
}

func keepStudio(ctx context.Context, closer *closing.Closer) {
	if _, err := keeper(closer).KeepStudio(ctx, 0); err != nil {
		warnKept(closer, err)
	}
}

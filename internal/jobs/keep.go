package jobs

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/recovery"
)

// keepEvery is the pause between two looks for what is missing beside the
// backups: entries of the chain, and a copy of the live rows.
var keepEvery = time.Minute

// Keep lets this process write at once what it just closed or reopened. Nobody
// waits: the folder of the backups may hang.
func (r *Runner) Keep() {
	select {
	case r.wake <- struct{}{}:
	default: // a look is due anyway
	}
}

// keep writes what is missing beside the backups, as long as ctx lasts. It is no
// job of River's: it writes nothing to the database, and each process may do
// it.
func (r *Runner) keep(ctx context.Context) {
	failing := ""
	for {
		err := r.keepOnce(ctx)
		switch {
		case ctx.Err() != nil: // told to stop
		case err == nil && failing != "":
			r.o.Log.Info("written beside the backups again")
			failing = ""
		case err != nil:
			if e := books.AsError(err); e.Error() != failing { // once for each cause
				failing = e.Error()
				r.o.Log.Error("not written beside the backups", "code", e.Code, "cause", failing, "hint", e.Hint)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-time.After(keepEvery):
		}
	}
}

func (r *Runner) keepOnce(ctx context.Context) error {
	kept, err := r.o.Keeper.Keep(ctx)
	if err != nil {
		return err
	}
	atLeast := recovery.StudioEvery
	if kept.Entries > 0 { // rows came or went: nothing has to be followed later
		atLeast = 0
		r.o.Log.Info("closings written beside the backups", "entries", kept.Entries)
	}
	_, err = r.o.Keeper.KeepStudio(ctx, atLeast)
	return err
}

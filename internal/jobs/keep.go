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
		case <-time.After(keepEvery):
		}
	}
}

func (r *Runner) keepOnce(ctx context.Context) error {
	kept, err := r.o.Keeper.Keep(ctx)
	if err != nil {
		return err
	}
	if kept.Entries > 0 {
		r.o.Log.Info("closings written beside the backups", "entries", kept.Entries)
	}
	_, err = r.o.Keeper.KeepStudio(ctx, recovery.StudioEvery)
	return err
}

package doctor

import (
	"context"

	"extrato/internal/recovery"
)

// everything looks for what a restore of the whole studio needs beside the
// backups, and reads it.
func (d *Doctor) everything(ctx context.Context, r *Report) {
	const name = "restore of everything"
	k := &recovery.Keeper{Store: d.Store, Backups: d.Backups, Now: d.Now}
	missing, err := k.Missing(ctx)
	if err != nil {
		r.failed(name, err)
		return
	}
	if len(missing) > 0 {
		r.say("register_missing", len(missing), missing[0])
		return
	}
	problems, err := k.Check(ctx)
	if err != nil {
		r.failed(name, err)
		return
	}
	if len(problems) > 0 {
		r.say("register_differs", len(problems), problems[0])
		return
	}
	at, err := k.NewestStudio(ctx)
	switch {
	case err != nil:
		r.failed(name, err)
	case at.IsZero():
		r.say("studio_none")
	default:
		r.say("studio", Moment(at.In(d.Store.Zone())))
	}
}

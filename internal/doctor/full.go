package doctor

import (
	"context"
	"errors"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// fullTooOld is the age at which a missing daily copy is no accident of the hour.
const fullTooOld = 26 * time.Hour

// fullCopy looks at the last copy of the whole database. It does not read it.
func (d *Doctor) fullCopy(ctx context.Context, r *Report) {
	const name = "whole copy"
	if err := d.Store.CheckDump(ctx); err != nil {
		if errors.Is(err, store.ErrNoDump) {
			e := books.AsError(err)
			r.say("full_unable", e.Message, e.Hint)
			return
		}
		r.failed(name, err)
		return
	}
	newest, err := d.Backups.NewestFull(ctx)
	if err != nil {
		r.failed(name, err)
		return
	}
	if newest.File == "" {
		r.say("full_none")
		return
	}
	at, err := newest.At()
	if err != nil {
		r.failed(name, err)
		return
	}
	when := Moment(at.Time().In(d.Store.Zone()))
	if d.Now().Sub(at.Time()) > fullTooOld {
		r.say("full_old", when)
		return
	}
	r.say("full", when)
}

package doctor

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/places"
	"extrato/internal/store"
)

// probeTimeout limits doctor's look at a place.
var probeTimeout = 30 * time.Second

// copies reports on each place of EXTRATO_BACKUPS_COPY: whether it can be used
// now, and the copies' states.
func (d *Doctor) copies(ctx context.Context, r *Report) {
	const name = "copies elsewhere"
	if d.Places == nil || len(d.Places.All) == 0 {
		return
	}
	var all []places.Overview
	err := d.Store.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = d.Places.Overviews(ctx, tx)
		return err
	})
	if err != nil {
		r.failed(name, err)
		return
	}
	for i, o := range all {
		probing, cancel := context.WithTimeout(ctx, probeTimeout)
		err := d.Places.Ready(probing, d.Places.All[i])
		cancel()
		switch since := o.Since.Time(); {
		case err != nil && ctx.Err() == nil:
			d.placeDown(r, o.Place, err)
		case o.Bad() > 0:
			r.say("copies_bad", o.Place, o.Bad(), o.Example.Object, o.Example.State)
		case o.Since != 0 && d.Now().Sub(since) >= places.Late:
			r.say("copies_late", o.Place, o.Counts[places.Pending], d.day(o.Since))
		case o.Since != 0:
			r.say("copies_pending", o.Place, o.Proved(), o.Counts[places.Pending])
		case o.Proved() == 0:
			r.say("copies_none", o.Place)
		default:
			r.say("copies", o.Place, o.Proved(), d.day(o.Checked))
		}
	}
}

func (d *Doctor) placeDown(r *Report, place string, err error) {
	e, code := books.AsError(err), "place_down"
	if d.Places.RequireAll {
		code = "place_down_required"
	}
	r.say(code, place, e.Message, e.Hint)
}

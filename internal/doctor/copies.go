package doctor

import (
	"context"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
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
			d.copiesBad(ctx, r, o)
		case o.Since != 0 && d.Now().Sub(since) >= places.Late:
			r.say("copies_late", o.Place, o.Counts[places.Pending], d.day(o.Since))
		case o.Since != 0:
			r.say("copies_pending", o.Place, o.Proved(), o.Counts[places.Pending])
		case o.Proved() == 0:
			r.say("copies_none", o.Place)
		case o.Unlocked > 0:
			r.say("copies_unlocked", o.Place, o.Unlocked, o.Refusal)
		case d.Now().Sub(o.Checked.Time()) >= places.Unread:
			r.say("copies_unread", o.Place, d.day(o.Checked))
		default:
			r.say("copies", o.Place, o.Proved(), d.day(o.Checked))
		}
		if bucket.InClear(d.Places.All[i]) {
			r.say("place_clear", o.Place)
		}
	}
}

// copiesBad names a bad copy, and what else holds its object.
func (d *Doctor) copiesBad(ctx context.Context, r *Report, o places.Overview) {
	holders, err := d.Places.Holders(ctx, o.Example)
	if err != nil || len(holders) == 0 {
		r.say("copies_lost", o.Place, o.Bad(), o.Example.Object, o.Example.State)
		return
	}
	r.say("copies_bad", o.Place, o.Bad(), o.Example.Object, o.Example.State, strings.Join(holders, ", "))
}

func (d *Doctor) placeDown(r *Report, place string, err error) {
	e, code := books.AsError(err), "place_down"
	if d.Places.RequireAll {
		code = "place_down_required"
	}
	r.say(code, place, e.Message, e.Hint)
}

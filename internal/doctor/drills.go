package doctor

import (
	"context"

	"extrato/internal/store"
)

// drills reports on the drills: backups restored into a scratch database.
func (d *Doctor) drills(ctx context.Context, r *Report) {
	var c store.DrillCondition
	err := d.Store.Read(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.DrillCondition(ctx, append([]string{d.Backups.Bucket.String()}, d.Places.Names()...))
		return err
	})
	wrong, failed := c.Months(store.DrillDifferent), c.Months(store.DrillFailed)
	switch {
	case err != nil:
		r.failed("drill", err)
	case len(wrong) > 0:
		r.say("drill_wrong", Months(wrong))
	case len(failed) > 0:
		r.say("drill_failed", Months(failed))
	case c.Since == 0:
		r.say("drill_unused")
	case c.Old(d.Now()):
		r.say("drill_old", d.day(c.Since))
	case len(c.Drills) == 0:
		r.say("drill_to_come")
	default:
		r.say("drill", len(c.Months(store.DrillEqual)), d.day(c.Since))
	}
}

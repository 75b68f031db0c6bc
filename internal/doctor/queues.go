package doctor

import (
	"context"
	"strings"

	"extrato/internal/store"
)

// queues looks for paused queues of jobs.
func (d *Doctor) queues(ctx context.Context, r *Report) {
	const name = "queues"
	var paused []string
	err := d.Store.Read(ctx, func(tx *store.Tx) (err error) {
		paused, err = tx.PausedQueues(ctx)
		return err
	})
	switch {
	case err != nil:
		r.failed(name, err)
	case len(paused) > 0:
		r.say("queues_paused", strings.Join(paused, ", "))
	default:
		r.say("queues")
	}
}

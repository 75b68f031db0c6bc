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
		r.warn(name, "extrato serve resumes them when it starts, and again every 20 seconds; if it runs, look in its log",
			"queues of jobs are paused (%s): months do not close by themselves, or nobody is notified", strings.Join(paused, ", "))
	default:
		r.ok(name, "no queue of jobs is paused")
	}
}

package jobs

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"extrato/internal/books"
	"extrato/internal/notify"
	"extrato/internal/proof"
	"extrato/internal/store"
)

// workers lists the kinds of jobs. Another kind is one more line.
func (r *Runner) workers() *river.Workers {
	workers := river.NewWorkers()
	river.AddWorker(workers, &closeWorker{r: r})
	river.AddWorker(workers, &notifyWorker{r: r})
	river.AddWorker(workers, &watchWorker{r: r})
	river.AddWorker(workers, &fullWorker{r: r})
	river.AddWorker(workers, &drillWorker{r: r})
	return workers
}

// Announce enqueues the announcement of a closing in its transaction: it is
// sent if and only if the closing happened. It is closing.Closer's Announce.
func (r *Runner) Announce(ctx context.Context, tx *store.Tx, c books.ChainEntry) error {
	return r.notify(ctx, tx, notify.Done(c))
}

// notify enqueues a message once for every place, so a failing place is tried
// again without the others.
func (r *Runner) notify(ctx context.Context, tx *store.Tx, m notify.Message) error {
	for _, place := range r.o.Notifier.Places() {
		if _, err := r.client.InsertTx(ctx, tx.SQL(), notification{Place: place, Message: m}, nil); err != nil {
			return err
		}
	}
	return nil
}

// notification is the job that sends one message to one place. It names the
// place without its URL.
type notification struct {
	Place   string         `json:"place"`
	Message notify.Message `json:"message"`
}

// Kind names the job.
func (notification) Kind() string { return "notify" }

// retryPauses are between the tries to send a message: a day in all.
var retryPauses = []time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// InsertOpts are River's.
func (notification) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: notifyQueue, MaxAttempts: len(retryPauses) + 1}
}

type notifyWorker struct {
	river.WorkerDefaults[notification]
	r *Runner
}

// NextRetry returns when to try again.
func (*notifyWorker) NextRetry(job *river.Job[notification]) time.Time {
	return time.Now().Add(retryPauses[min(job.Attempt, len(retryPauses))-1])
}

// Work sends the message. A process without the place in its settings leaves it
// to the others: this does not count as a try. After a day without a taker, the
// message is given up as loudly as after the last try.
func (w *notifyWorker) Work(ctx context.Context, job *river.Job[notification]) error {
	err := w.r.o.Notifier.Notify(ctx, job.Args.Place, w.r.withHead(ctx, job.Args.Message))
	if !errors.Is(err, notify.ErrUnknownPlace) {
		return err
	}
	age := time.Since(job.CreatedAt)
	if age > unknownFor {
		w.r.o.Log.Error("message not sent", "place", job.Args.Place, "title", job.Args.Message.Title,
			"cause", "no running server has this place in EXTRATO_NOTIFY; give all of them the same settings")
		return river.JobCancel(err)
	}
	if !strings.Contains(string(job.Metadata), `"snoozes"`) { // the first time
		w.r.o.Log.Warn("message left to another process", "place", job.Args.Place, "cause", err.Error())
	}
	return river.JobSnooze(min(max(age/4, unknownPause), 40*unknownPause))
}

// withHead adds the signed head of the chain as it is now. Without a head, the
// message goes all the same: doctor says what is wrong with the key.
func (r *Runner) withHead(ctx context.Context, m notify.Message) notify.Message {
	var l proof.Log
	err := r.o.Store.Read(ctx, func(tx *store.Tx) (err error) {
		l, err = tx.Log(ctx, store.NewestHead)
		return err
	})
	if err != nil {
		r.o.Log.Warn("message sent without the signed head", "cause", err.Error())
		return m
	}
	return m.WithHead(l.Checkpoint)
}

// unknownFor is how long a message waits for a process with its place, and
// unknownPause the first of the growing pauses between processes without it.
var (
	unknownFor   = 24 * time.Hour
	unknownPause = 15 * time.Second
)

// Package jobs runs the work without a caller, on River: closing due months,
// notifying people, watching the safety net.
//
// The schedule is level-triggered. Every process checks again and again for due
// months, and inserts a job to close them. The job checks again; the answer is
// in the tables, so any number of jobs in any number of processes close a month
// once, and a process that dies in the middle is replaced by another within
// half a minute.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"riverqueue.com/riverui"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/notify"
	"extrato/internal/recovery"
	"extrato/internal/store"
	"extrato/internal/tsa"
)

// Options are a Runner's parts and settings.
type Options struct {
	Store      *store.Store
	Closer     *closing.Closer
	Notifier   *notify.Notifier
	Heartbeat  *notify.Heartbeat
	Enabled    bool // ENABLE_MONTHLY_EXTRATO_JOB: whether months close by themselves
	Log        *slog.Logger
	Now        func() time.Time // in the studio's zone
	CheckEvery time.Duration    // the pause between checks for due months; 0: 20 s
	Keeper     *recovery.Keeper // writes what a restore of everything needs; nil: nobody does
	TSA        *tsa.Authority   // stamps the chain's head; nil: none
	FullEvery  time.Duration    // how often the whole database is copied if it changed; 0: never
	PollEvery  time.Duration    // how often River looks for jobs; 0: as the database deserves
}

// Runner runs the jobs of one process.
type Runner struct {
	o        Options
	client   *river.Client[*sql.Tx]
	pages    *riverui.Handler
	closing  atomic.Bool  // a due job of this process runs
	failures atomic.Int64 // failed closes since the last success
	asking   context.CancelFunc
	asked    sync.WaitGroup

	blindSince    time.Time // the first of the current failures to read the due months
	blindReported bool

	fullAsked time.Time // when this process last asked for a copy of the database

	wake chan struct{} // ends a pause of keep
}

// The time limits. A close of a million rows takes half a minute; River must
// not take a job for stuck before its own limit.
const (
	checkEvery    = 20 * time.Second
	notifyTimeout = 2 * time.Minute
	stuckAfter    = 3 * time.Minute  // after its process was killed; the closing has a longer limit of its own
	stopTimeout   = 15 * time.Minute // for a close past its limit to end
	sqlitePoll    = 5 * time.Second  // listening on SQLite is polling twenty times a second
	postgresPoll  = 10 * time.Second
)

// closeTimeout is how long a run may take, of however many months.
var closeTimeout = 30 * time.Minute

// New prepares River's tables and returns a Runner, not started.
func New(ctx context.Context, o Options) (*Runner, error) {
	if o.CheckEvery == 0 {
		o.CheckEvery = checkEvery
	}
	r := &Runner{o: o, wake: make(chan struct{}, 1)}
	var driver riverdriver.Driver[*sql.Tx]
	config := &river.Config{
		Schema: o.Store.OwnSchema(), Logger: slog.New(atLeastWarn{o.Log.Handler()}), ErrorHandler: &errorLogger{o.Log},
		JobTimeout: notifyTimeout, RescueStuckJobsAfter: stuckAfter, CompletedJobRetentionPeriod: 7 * 24 * time.Hour,
		Queues:  map[string]river.QueueConfig{notifyQueue: {MaxWorkers: 2}, drillQueue: {MaxWorkers: 1}},
		Workers: r.workers(),
	}
	if o.Enabled { // else none, not even other processes' jobs
		config.Queues[closeQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	if o.FullEvery > 0 {
		config.Queues[fullQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	if o.Store.Postgres() {
		driver, config.FetchPollInterval = riverdatabasesql.NewWithPgxListener(o.Store.DB(), o.Store.Pool()), postgresPoll
	} else {
		driver, config.FetchPollInterval, config.PollOnly = riversqlite.New(o.Store.DB()), sqlitePoll, true
	}
	if o.PollEvery > 0 {
		config.FetchPollInterval, config.FetchCooldown = o.PollEvery, o.PollEvery
	}
	if err := migrate(ctx, o.Store, driver); err != nil {
		return nil, err
	}
	var err error
	if r.client, err = river.NewClient(driver, config); err != nil {
		return nil, err
	}
	r.pages, err = riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(r.client, nil), Logger: config.Logger, Prefix: Prefix, JobListHideArgsByDefault: true,
	})
	return r, err
}

// migrate brings River's own tables to its version, one process at a time.
func migrate(ctx context.Context, s *store.Store, driver riverdriver.Driver[*sql.Tx]) error {
	return s.Alone(ctx, func() error {
		migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Schema: s.OwnSchema(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}

// Prefix is Handler's path.
const Prefix = "/river"

// Handler serves River's own page about the jobs, below Prefix, without any
// check of permissions.
func (r *Runner) Handler() http.Handler { return r.pages }

// Start starts the work. Running jobs are interrupted when ctx ends.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.pages.Start(ctx); err != nil {
		return err
	}
	if err := r.client.Start(ctx); err != nil {
		return err
	}
	if !r.o.Enabled {
		r.o.Log.Warn("months do not close by themselves", "setting", "ENABLE_MONTHLY_EXTRATO_JOB=false")
	}
	asking, stop := context.WithCancel(ctx)
	r.asking = stop
	r.asked.Go(func() { r.poll(asking) })
	if r.o.Closer.Places != nil {
		for _, place := range r.o.Closer.Places.All {
			r.asked.Go(func() { r.copyTo(asking, place) })
		}
	}
	if r.o.Keeper != nil {
		r.asked.Go(func() { r.keep(asking) })
	}
	return nil
}

// Stop takes no new jobs and waits for running ones. If ctx ends first, it
// interrupts them, so they roll back, and fails.
func (r *Runner) Stop(ctx context.Context) error {
	r.asking()
	err := r.client.Stop(ctx)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, r.client.StopAndCancel(ctx))
	}
	r.asked.Wait()
	return err
}

// Queued counts waiting and running jobs, by kind.
func (r *Runner) Queued(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	for _, kind := range []string{closeDue{}.Kind(), notification{}.Kind(), watch{}.Kind(), fullCopy{}.Kind(), drill{}.Kind()} {
		counts[kind] = 0
	}
	list, err := r.client.JobList(ctx, river.NewJobListParams().First(1000).States(rivertype.JobStateAvailable,
		rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled))
	if err != nil {
		return nil, err
	}
	for _, job := range list.Jobs {
		counts[job.Kind]++
	}
	return counts, nil
}

// atLeastWarn keeps River's own chatter out of the log.
type atLeastWarn struct{ slog.Handler }

func (h atLeastWarn) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// errorLogger logs a job's failure; River logs it at a level nobody reads.
type errorLogger struct{ log *slog.Logger }

// HandleError and HandlePanic are called by River.
func (l *errorLogger) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	level := slog.LevelWarn
	if job.Attempt >= job.MaxAttempts {
		level = slog.LevelError
	}
	e := books.AsError(err)
	values := []any{"kind", job.Kind, "attempt", job.Attempt, "of", job.MaxAttempts, "cause", e.Message}
	if e.Hint != "" {
		values = append(values, "hint", e.Hint)
	}
	l.log.Log(ctx, level, "job failed", values...)
	return nil
}

func (l *errorLogger) HandlePanic(ctx context.Context, job *rivertype.JobRow, problem any, trace string) *river.ErrorHandlerResult {
	l.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "problem", problem, "trace", trace)
	return nil
}

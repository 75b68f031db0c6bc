package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/places"
	"extrato/internal/store"
)

// Closes counts this process's closes and tries for /metrics.
type Closes struct {
	total   *prometheus.CounterVec
	seconds prometheus.Histogram
	rows    prometheus.Counter
}

// NewCloses returns counters at zero.
func NewCloses() *Closes {
	return &Closes{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "extrato_closes_total", Help: "Attempts to close a month, by what came of them.",
		}, []string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "extrato_close_seconds", Help: "How long closes took that made a statement.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300},
		}),
		rows: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "extrato_closed_rows_total", Help: "Rows that closes moved into statements.",
		}),
	}
}

// Observe counts one attempt; it is closing.Closer's Observe.
func (c *Closes) Observe(result closing.Result, err error) {
	outcome := string(result.Outcome)
	if err != nil && !errors.Is(err, books.ErrClosed) {
		outcome = "failed_" + string(books.AsError(err).Kind)
	}
	c.total.WithLabelValues(outcome).Inc()
	if err == nil && result.Outcome != closing.AlreadyClosed {
		c.seconds.Observe(result.Seconds)
		c.rows.Add(float64(result.Counts.Total()))
	}
}

// metrics serves Prometheus.
func (s *Server) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &state{s: s})
	if s.Closes != nil {
		registry.MustRegister(s.Closes.total, s.Closes.seconds, s.Closes.rows)
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

// state holds metrics read from the database.
type state struct {
	s    *Server
	lock sync.Mutex
	at   time.Time
	last []prometheus.Metric
}

// stateLasts is for how long an answer is given again, and stateTimeout how
// long the database may take.
const (
	stateLasts   = 10 * time.Second
	stateTimeout = 5 * time.Second
)

var (
	upDesc      = prometheus.NewDesc("extrato_database_up", "1 if the database answered.", nil, nil)
	monthsDesc  = prometheus.NewDesc("extrato_months", "Months by their state.", []string{"state"}, nil)
	lateDesc    = prometheus.NewDesc("extrato_late_rows", "Live rows that belong to months that are closed.", nil, nil)
	backupDesc  = prometheus.NewDesc("extrato_last_verified_backup_age_seconds", "Time since a backup was last read back and found whole.", nil, nil)
	drillDesc   = prometheus.NewDesc("extrato_last_drill_age_seconds", "Time since a backup was last restored in a drill or, before the first one, since the first closing.", nil, nil)
	drillsDesc  = prometheus.NewDesc("extrato_drilled_months", "Months by what the last drill of their backup came to.", []string{"result"}, nil)
	queueDesc   = prometheus.NewDesc("extrato_jobs_waiting", "Jobs that wait, by their kind.", []string{"kind"}, nil)
	copiesDesc  = prometheus.NewDesc("extrato_copies", "Copies of the backup folder's objects in other places, by place and state.", []string{"place", "state"}, nil)
	waitsDesc   = prometheus.NewDesc("extrato_copy_waits_seconds", "How long an object has been without a proved copy in the place; 0 if none is.", []string{"place"}, nil)
	closingDesc = prometheus.NewDesc("extrato_chain_entries", "Entries in the chain of closings.", nil, nil)
)

// Describe names the metrics.
func (m *state) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, monthsDesc, lateDesc, backupDesc, drillDesc, drillsDesc, queueDesc, closingDesc, copiesDesc, waitsDesc} {
		to <- d
	}
}

// Collect asks the database, at most once in stateLasts.
func (m *state) Collect(to chan<- prometheus.Metric) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.last == nil || m.s.Now().Sub(m.at).Abs() > stateLasts {
		ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
		defer cancel()
		found, err := m.ask(ctx)
		up := 1.0
		if err != nil {
			m.s.Log.Warn("metrics incomplete", "cause", err)
			up = 0
		}
		found = append(found, prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, up))
		m.last, m.at = found, m.s.Now()
	}
	for _, metric := range m.last {
		to <- metric
	}
}

func (m *state) ask(ctx context.Context) ([]prometheus.Metric, error) {
	var found []prometheus.Metric
	add := func(d *prometheus.Desc, value float64, labels ...string) {
		found = append(found, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...))
	}
	months, err := m.s.Closer.Months(ctx)
	if err != nil {
		return found, err
	}
	states, late := map[closing.State]int{closing.Open: 0, closing.Due: 0, closing.IsClosed: 0, closing.Late: 0, closing.Held: 0}, int64(0)
	for _, month := range months {
		states[month.State]++
		late += month.Late.Total()
	}
	for name, n := range states {
		add(monthsDesc, float64(n), string(name))
	}
	add(lateDesc, float64(late))
	err = m.s.Store.Read(ctx, func(tx *store.Tx) error {
		head, err := tx.Head(ctx)
		if err != nil {
			return err
		}
		add(closingDesc, float64(head.Seq))
		backups, err := tx.Backups(ctx, books.Month{})
		if err != nil {
			return err
		}
		var last books.Instant
		for _, b := range backups {
			if b.State == "ok" {
				last = max(last, b.VerifiedAt)
			}
		}
		if last != 0 {
			add(backupDesc, m.s.Now().Sub(last.Time()).Seconds())
		}
		return errors.Join(m.addCopies(ctx, tx, add), m.addDrills(ctx, tx, add))
	})
	if err != nil || m.s.Queued == nil {
		return found, err
	}
	waiting, err := m.s.Queued(ctx)
	for kind, n := range waiting {
		add(queueDesc, float64(n), kind)
	}
	return found, err
}

// addCopies adds the condition of each place of copies.
func (m *state) addCopies(ctx context.Context, tx *store.Tx, add func(*prometheus.Desc, float64, ...string)) error {
	all, err := m.s.Closer.Places.Overviews(ctx, tx)
	for _, o := range all {
		for _, state := range places.States() {
			add(copiesDesc, float64(o.Counts[state]), o.Place, state)
		}
		waits := 0.0
		if o.Since != 0 {
			waits = m.s.Now().Sub(o.Since.Time()).Seconds()
		}
		add(waitsDesc, waits, o.Place)
	}
	return err
}

func (m *state) addDrills(ctx context.Context, tx *store.Tx, add func(*prometheus.Desc, float64, ...string)) error {
	drills, err := tx.DrillCondition(ctx, m.s.Closer.DrillPlaces())
	for _, result := range []string{store.DrillEqual, store.DrillDifferent, store.DrillFailed} {
		add(drillsDesc, float64(len(drills.Months(result))), result)
	}
	if drills.Since != 0 {
		add(drillDesc, m.s.Now().Sub(drills.Since.Time()).Seconds())
	}
	return err
}

package closing

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Outcome is the outcome of a close.
type Outcome string

// The outcomes of a close, and of its preview.
const (
	Closed        Outcome = "closed"
	Revised       Outcome = "revised"
	AlreadyClosed Outcome = "already_closed"
	WouldClose    Outcome = "would_close"
	WouldRevise   Outcome = "would_revise"
)

func outcomeOf(c books.ChainEntry) Outcome {
	if c.Action == books.Revised {
		return Revised
	}
	return Closed
}

// Result is the answer of every trigger about a month's statement. Repeated
// calls get the same, except for Outcome, CorrelationID and Seconds.
type Result struct {
	Month         books.Month       `json:"month"`
	Outcome       Outcome           `json:"result"`
	Revision      int               `json:"revision"`
	Counts        books.Counts      `json:"counts"`
	Totals        json.RawMessage   `json:"totals"`
	Fingerprint   books.Fingerprint `json:"fingerprint,omitzero"` // not of a statement of v4's
	Backup        BackupRef         `json:"backup"`
	Chain         ChainRef          `json:"chain"`
	EarlierOpen   []books.Month     `json:"earlier_open"`
	Notes         []string          `json:"notes,omitempty"`
	CorrelationID string            `json:"correlation_id"`
	Seconds       float64           `json:"seconds"`
}

// BackupRef names a backup.
type BackupRef struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// ChainRef names an entry of the chain.
type ChainRef struct {
	Seq  int64             `json:"seq"`
	Hash books.Fingerprint `json:"hash"`
}

// resultOf describes a closing.
func resultOf(entry books.ChainEntry, outcome Outcome) Result {
	return Result{
		Month: entry.Month, Outcome: outcome, Revision: entry.Revision, Counts: entry.Counts,
		Totals: json.RawMessage(entry.Totals), Fingerprint: entry.Fingerprint,
		Backup: BackupRef{entry.BackupFile, entry.BackupSHA256}, Chain: ChainRef{entry.Seq, entry.Hash},
		EarlierOpen: []books.Month{}, Notes: entry.Remarks(),
	}
}

// with adds the earlier open months in open to r.
func (r Result) with(open Result) Result {
	r.EarlierOpen, r.Notes = open.EarlierOpen, append(slices.Clone(r.Notes), open.Notes...)
	return r
}

// withRun adds the run's id and duration to r, unless r has one.
func (c *Closer) withRun(r Result, run run) Result {
	if r.CorrelationID == "" {
		r.CorrelationID, r.Seconds = run.id, c.Now().Sub(run.started).Seconds()
	}
	return r
}

// answerTimeout limits the reads for the rest of an answer.
const answerTimeout = 10 * time.Second

// openBefore returns the earlier open months, for an answer about month. It
// reads them before the transaction, which need not know all months.
func (c *Closer) openBefore(ctx context.Context, month books.Month) Result {
	return c.nameOpen(ctx, Result{Month: month, EarlierOpen: []books.Month{}})
}

// nameOpen adds the earlier open months to a result. The act is done, so
// neither an interruption nor a failing database makes an error of it: a note
// stands in for the months.
func (c *Closer) nameOpen(ctx context.Context, r Result) Result {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		open, err := c.earlierOpen(ctx, tx, r.Month)
		if err == nil {
			r.EarlierOpen = open
		}
		return err
	})
	if err != nil {
		return c.openUnread(r, err)
	}
	return r
}

// openUnread notes that the earlier months could not be read.
func (c *Closer) openUnread(r Result, err error) Result {
	c.Log.Warn("earlier months not read", "month", r.Month.String(), "cause", err.Error())
	r.Notes = append(slices.Clone(r.Notes), "whether earlier months are still open could not be read: see extrato months")
	return r
}

// run is one attempt.
type run struct {
	id, action string
	month      books.Month
	by         books.Actor
	started    time.Time
	progress   func(Stage)
	at         *Stage // the stage entered last
}

// enter reports the start of a stage.
func (r run) enter(s Stage) {
	*r.at = s
	if r.progress != nil {
		r.progress(s)
	}
}

func (c *Closer) begin(ctx context.Context, action string, month books.Month, by books.Actor, id string) run {
	if id == "" {
		id = books.CorrelationID(ctx)
	}
	return run{id: id, action: action, month: month, by: by, started: c.Now(), at: new(Stage)}
}

func (r run) record(now time.Time, result string, err error) store.Run {
	record := store.Run{
		Action: r.action, Month: r.month, By: r.by, CorrelationID: r.id,
		Started: books.InstantOf(r.started), Finished: books.InstantOf(now), Result: result, Stage: int(*r.at),
	}
	if e := books.AsError(err); e != nil {
		record.Code, record.Message = e.Code, e.Error()
		if e.Code != books.ErrClosed.Code {
			record.Result = "failed"
		}
	}
	return record
}

// finish records an attempt that changed nothing. If even this fails, the
// original error is the one to report.
func (c *Closer) finish(ctx context.Context, r run, result string, cause error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := c.Store.Write(ctx, func(tx *store.Tx) error { return tx.AddRun(ctx, r.record(c.Now(), result, cause)) })
	if err != nil {
		c.Log.Warn("attempt not recorded", "month", r.month.String(), "correlation_id", r.id, "cause", err.Error())
	}
}

package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// tasksPage is the page /tarefas: work in progress, and every attempt.
type tasksPage struct {
	page
	Now    []link // running closes
	Queue  []string
	Paused string
	Key    string
	Filter *form
	Kinds  []group
	Runs   []runLine
	Start  string // address of the newest attempts; "": they are shown
	Next   string // address of those before
	Mends  bool   // the queues can be started again here
}

// runLine is one attempt, in words.
type runLine struct {
	What, When, By, Took string
	Tag                  stateTag
	Refused              *refusal // of a failed one
	ID, Path             string
}

// The filters of the list.
const (
	actionFilter = "tipo"
	failedFilter = "falhas"
)

// runActions are the acts with attempts of their own.
var runActions = []string{"close", "reopen", "backup", "restore"}

func (v *visit) tasksPage() error {
	q := v.r.URL.Query()
	f := &form{v: v, Values: q}
	p := tasksPage{page: v.page(v.t("nav runs"), "/tarefas"), Filter: f, Key: v.blankForm().Key}
	w := store.WantedRuns{Action: q.Get(actionFilter), Failed: q.Has(failedFilter), Limit: onPage + 1}
	kinds := []option{{Text: v.t("every kind")}}
	for _, a := range runActions {
		kinds = append(kinds, option{Value: a, Text: v.t("kind " + a)})
	}
	p.Kinds = []group{{Options: kinds}}
	status := http.StatusOK
	var err error
	if text := q.Get(monthFilter); text != "" {
		if w.Month, err = books.ParseMonth(text); err != nil {
			f.fault(monthFilter, v.t("not a month"))
			status, w.Limit = http.StatusUnprocessableEntity, 0
		}
	}
	if n, err := strconv.ParseInt(q.Get(beforeField), 10, 64); err == nil && n > 0 {
		w.Before = n
	}
	if err := v.fillRuns(&p, w, q); err != nil {
		return err
	}
	return v.show(status, "tasks.html", p)
}

// fillRuns reads the work in progress and the attempts.
func (v *visit) fillRuns(p *tasksPage, w store.WantedRuns, q url.Values) error {
	ctx := v.r.Context()
	var found []store.Run
	var paused []string
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if paused, err = tx.PausedQueues(ctx); err != nil {
			return err
		}
		found, err = tx.Runs(ctx, w)
		return err
	})
	if err != nil {
		return err
	}
	if len(paused) > 0 {
		p.Paused, p.Mends = v.t("queue paused"), v.Mends["queues"] != nil
	}
	for _, r := range v.closes.running() {
		p.Now = append(p.Now, link{closePath(r.Month) + "/" + r.ID, v.t("closing now", v.lang.month(r.Month))})
	}
	if v.Queued != nil {
		waiting, err := v.Queued(ctx)
		if err != nil {
			return err
		}
		for _, kind := range []string{"close_due_months", "notify", "watch", "drill"} {
			if n := waiting[kind]; n > 0 {
				p.Queue = append(p.Queue, v.some(int64(n), "queued "+kind))
			}
		}
	}
	q.Del(beforeField)
	if w.Before > 0 {
		p.Start = "/tarefas?" + q.Encode()
	}
	if len(found) > onPage {
		found = found[:onPage]
		q.Set(beforeField, strconv.FormatInt(found[onPage-1].ID, 10))
		p.Next = "/tarefas?" + q.Encode()
	}
	for _, r := range found {
		p.Runs = append(p.Runs, v.runLine(r))
	}
	return nil
}

// running returns the work in progress.
func (rs *runs[T]) running() (all []*run[T]) {
	rs.lock.Lock()
	defer rs.lock.Unlock()
	for _, r := range rs.all {
		if !r.over() {
			all = append(all, r)
		}
	}
	return all
}

// runResults are the words and classes of results.
var runResults = map[string]stateTag{
	"closed": {"run closed", "ok"}, "revised": {"run revised", "ok"}, "reopened": {"run reopened", "ok"}, "restored": {"run restored", "ok"},
	"already_closed": {"run already closed", ""}, "failed": {"run failed", "fail"},
}

func (v *visit) runLine(r store.Run) runLine {
	line := runLine{
		What: r.Action + " " + r.Month.String(), When: v.instant(r.Started), By: v.actor(r.By), Took: v.took(r.Finished.Time().Sub(r.Started.Time())),
		ID: r.CorrelationID, Path: "/tarefas/" + url.PathEscape(r.CorrelationID), Tag: stateTag{r.Result, ""},
	}
	if v.lang.has("attempt " + r.Action) {
		line.What = v.t("attempt "+r.Action, v.lang.month(r.Month))
	}
	if of, known := runResults[r.Result]; known {
		line.Tag = stateTag{v.t(of.Text), of.Class}
	}
	if r.Result == "failed" {
		line.Refused = v.failedAs(r)
	}
	return line
}

// failedAs explains a failed attempt. The words of an unexpected failure are for
// the log.
func (v *visit) failedAs(r store.Run) *refusal {
	kind := books.Refused
	if r.Code == "internal" {
		kind = books.Internal
	}
	return v.explain(r.Action+" ", &books.Error{Kind: kind, Code: r.Code, Message: r.Message}, r.Month, r.CorrelationID)
}

// took says how long something took: 0,4 s.
func (v *visit) took(d time.Duration) string {
	text := strconv.FormatFloat(max(d, 0).Seconds(), 'f', 1, 64) + " s"
	if v.lang == portuguese {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

// taskPage is the page of one attempt, step by step.
type taskPage struct {
	page
	Runs []taskLine
}

// taskLine is an attempt with its steps.
type taskLine struct {
	runLine
	Stages []stage
	Link   *link
}

// taskPage shows the attempts of one correlation id: those of one request, or of
// one run of the schedule.
func (v *visit) taskPage() error {
	ctx, id := v.r.Context(), v.r.PathValue("id")
	var found []store.Run
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Runs(ctx, store.WantedRuns{CorrelationID: id, Limit: onPage})
		return err
	})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errNoPage
	}
	p := taskPage{page: v.page(v.t("attempt"), "/tarefas")}
	for _, r := range found {
		line := taskLine{runLine: v.runLine(r), Stages: v.stagesOf(r)}
		if line.Refused == nil && r.Result != "" {
			line.Link = &link{historyPath(r.Month), v.t("see month", v.name(r.Month))}
		}
		p.Runs = append(p.Runs, line)
	}
	return v.show(http.StatusOK, "task.html", p)
}

// stagesOf returns the steps of a close: those done, and the one it failed at.
func (v *visit) stagesOf(r store.Run) (all []stage) {
	if r.Action != "close" || r.Result == "already_closed" {
		return nil
	}
	failed := r.Result == "failed"
	at := closing.Stage(r.Stage)
	all = append(all, stage{Name: v.t("stage checking"), Done: !failed || at > 0, Failed: failed && at == 0})
	for i, name := range stageNames {
		s := closing.Stage(i + 1)
		all = append(all, stage{Name: v.t(name), Done: !failed || s < at, Failed: failed && s == at})
	}
	return all
}

// startQueues starts paused queues of jobs again.
func (v *visit) startQueues() error {
	if err := v.mend(context.WithoutCancel(v.r.Context()), "queues"); err != nil {
		return err
	}
	v.say(flash{Text: v.t("queues started")})
	return v.to("/tarefas")
}

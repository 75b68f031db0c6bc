package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// task is something that waits for a person: a card on Início, and the worst of
// all as one line on the other pages.
type task struct {
	Tag         stateTag
	Title, Text string
	Link        link
	month       books.Month // that it is about; zero: none
}

// severity puts tasks in order, the worst first.
var severity = []string{"fail", "warn", ""}

func (t task) rank() int { return slices.Index(severity, t.Tag.Class) }

// oldMonths is how many open months from before the schedule have cards of their
// own.
const oldMonths = 2

// monthTasks finds what waits for a person among the months.
func (v *visit) monthTasks(all []closing.MonthInfo, causes map[books.Month]string) (tasks []task) {
	var old []task
	for _, m := range all {
		name := capital(v.name(m.Month))
		t := task{month: m.Month, Link: link{closePath(m.Month), v.t("check and close")}, Tag: stateTag{v.stateOf(m).Text, "warn"}}
		switch {
		case m.Backup == "corrupt" || m.Backup == "missing":
			t.Tag.Class, t.Title, t.Text = "fail", v.t("task backup", name), v.t("backup "+m.Backup)
			t.Link = link{statementPath(m.Month), v.t("see month", v.name(m.Month))}
		case m.State == closing.Late:
			t.Title, t.Text = v.t("task late", name, v.some(m.Late.Total(), "late count")), v.t("task late text")
		case m.State == closing.Held:
			t.Title, t.Text = v.t("task held", name), v.t("task held text")
		case m.State == closing.Due:
			t.Title, t.Text = v.t("task due", name), v.t("task due text")
			if words, known := refusals[causes[m.Month]]; known {
				t.Tag.Class, t.Text = "fail", v.t("refused "+words, name)+" "+v.t("refused "+words+" fix")
			}
		case !m.Month.EndedBy(v.Now()) || m.State != closing.Open || m.Counts.Total() == 0:
			continue
		case m.Month.Before(m.CloseFrom):
			t.Title, t.Text = v.t("task old", name), v.t("task old text")
			old = append(old, t)
			continue
		default:
			t.Tag = v.stateOf(m)
			t.Title, t.Text = v.t("task ended", name), v.t("task ended text", v.instant(books.InstantOf(m.DueAt)))
		}
		tasks = append(tasks, t)
	}
	if n := len(old); n > oldMonths {
		old = []task{{Tag: old[0].Tag, Title: v.some(int64(n), "old months"), Text: v.t("task old text"), Link: link{"/historico", v.t("nav history")}}}
	}
	tasks = append(tasks, old...)
	slices.SortStableFunc(tasks, func(a, b task) int { return cmp.Compare(a.rank(), b.rank()) })
	return tasks
}

// causes returns why months were not closed by themselves.
func causes(ctx context.Context, tx *store.Tx) (map[books.Month]string, error) {
	alarms, err := tx.Alarms(ctx)
	all := map[books.Month]string{}
	for _, a := range alarms {
		about, _, isClose := strings.Cut(strings.TrimPrefix(a.Subject, "month:"), "/")
		if m, err := books.ParseMonth(about); err == nil && isClose {
			all[m] = a.Cause
		}
	}
	return all, err
}

// allMonths returns what Closer.Months does. A page reads it once: for itself, and
// for the line of what waits.
func (v *visit) allMonths() (all []closing.MonthInfo, err error) {
	if v.months == nil {
		v.months, err = v.Closer.Months(v.r.Context())
	}
	return v.months, err
}

// info returns what is known of a month. One to come that has no rows is not
// there.
func (v *visit) info(month books.Month) (closing.MonthInfo, error) {
	all, err := v.allMonths()
	if err != nil {
		return closing.MonthInfo{}, err
	}
	if i := slices.IndexFunc(all, func(m closing.MonthInfo) bool { return m.Month == month }); i >= 0 {
		return all[i], nil
	}
	if books.MonthOf(v.Now()).Before(month) {
		return closing.MonthInfo{}, errNoPage
	}
	return closing.MonthInfo{Month: month, State: closing.Open}, nil
}

// readTasks returns what waits among the months, and all months.
func (v *visit) readTasks() ([]task, []closing.MonthInfo, error) {
	ctx := v.r.Context()
	all, err := v.allMonths()
	if err != nil {
		return nil, nil, err
	}
	var why map[books.Month]string
	err = v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		why, err = causes(ctx, tx)
		return err
	})
	return v.monthTasks(all, why), all, err
}

// waits finds the worst of what waits for the visitor. A page about a month says
// by itself what is with that one.
func (v *visit) waits(here string) *waits {
	if v.who == nil || here == "/" {
		return nil // the cards there say the same
	}
	if v.who.May(auth.Manage) {
		tasks, _, err := v.readTasks()
		if err != nil {
			return nil // a line less, the page has what it is about
		}
		for _, t := range tasks {
			mine := !t.month.IsZero() && strings.Contains(v.r.URL.Path, strings.TrimPrefix(historyPath(t.month), "/historico"))
			if t.Tag.Class != "" && !mine {
				return &waits{Text: t.Title, Link: t.Link}
			}
		}
	}
	return v.stepsLeft(here)
}

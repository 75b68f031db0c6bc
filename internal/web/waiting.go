package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/doctor"
	"extrato/internal/store"
)

// task is work waiting for a person: a card on Início, and the worst of all as
// one line on the other pages.
type task struct {
	Tag         stateTag
	Title, Text string
	Link        link
	month       books.Month // its subject; zero: none
}

// severity puts tasks in order, the worst first.
var severity = []string{"fail", "warn", ""}

func (t task) rank() int { return slices.Index(severity, t.Tag.Class) }

// oldMonths is the most cards for open months from before the schedule.
const oldMonths = 2

// monthTasks finds the tasks among the months.
func (v *visit) monthTasks(all []closing.MonthInfo, causes map[books.Month]string) (tasks []task) {
	var old []task
	for _, m := range all {
		name := capital(v.name(m.Month))
		t := task{month: m.Month, Link: link{closePath(m.Month), v.t("check and close")}, Tag: stateTag{v.stateOf(m).Text, "warn"}}
		switch {
		case m.Backup == "corrupt" || m.Backup == "missing":
			t.Tag.Class, t.Title, t.Text = "fail", v.t("task backup", name), v.t("backup "+m.Backup)
			t.Link = link{"/backups", v.t("see copies")}
		case m.State == closing.Late:
			t.Title, t.Text = v.t("task late", name, v.some(m.Late.Total(), "late count")), v.t("task late text")
		case m.State == closing.Held:
			t.Title, t.Text = v.t("task held", name), v.t("task held text")
		case m.State == closing.Due:
			t.Title, t.Text = v.t("task due", name), v.t("task due text")
			if words, known := refusals[causes[m.Month]]; known {
				t.Tag.Class, t.Text = "fail", v.t("refused "+words, name)+" "+v.t("refused "+words+" fix")
			}
		case !m.Month.EndedBy(v.Now()) || m.State != closing.Open || !m.WithRows:
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

// causes returns the codes of failed closes by the schedule.
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

// allMonths returns what Closer.MonthStates does. A page reads it once: for
// itself, and for the line on top.
func (v *visit) allMonths() (all []closing.MonthInfo, err error) {
	if v.months == nil {
		v.months, err = v.Closer.MonthStates(v.r.Context())
	}
	return v.months, err
}

// info describes a month. It fails with errNoPage for a later month without rows.
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

// readTasks returns all tasks, the worst first, and all months.
func (v *visit) readTasks() ([]task, []closing.MonthInfo, error) {
	ctx := v.r.Context()
	all, err := v.allMonths()
	if err != nil {
		return nil, nil, err
	}
	var why map[books.Month]string
	var paused []string
	err = v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if paused, err = tx.PausedQueues(ctx); err == nil {
			why, err = causes(ctx, tx)
		}
		return err
	})
	tasks := append(v.doctorTasks(len(paused) > 0), v.monthTasks(all, why)...)
	slices.SortStableFunc(tasks, func(a, b task) int { return cmp.Compare(a.rank(), b.rank()) })
	return tasks, all, err
}

// doctorTasks are the failures of doctor's last report, and paused queues of jobs.
// Damaged backups have tasks of their months.
func (v *visit) doctorTasks(paused bool) (tasks []task) {
	if paused {
		tasks = append(tasks, task{Tag: stateTag{v.t("doctor fail"), "fail"}, Title: v.t("task queues"), Text: v.t("task queues text"), Link: link{"/tarefas", v.t("see runs")}})
	}
	l := v.looked.Load()
	if l == nil || v.Now().Sub(l.At) > 2*lookValid {
		return tasks
	}
	var names []string
	for _, c := range l.Checks {
		if c.State == doctor.Fail && c.Code != "backups_bad" {
			names = append(names, v.doctorLine(c).Name)
		}
	}
	if len(names) > 0 {
		title := v.t("task doctor", strings.Join(slices.Compact(names), ", "))
		tasks = append(tasks, task{Tag: stateTag{v.t("doctor fail"), "fail"}, Title: title, Text: v.t("task doctor text"), Link: link{"/diagnostico", v.t("see doctor")}})
	}
	return tasks
}

// waits finds the visitor's worst task. Tasks solved on this very page are left
// out.
func (v *visit) waits(here string) *waits {
	if v.who == nil || here == "/" {
		return nil // it has cards
	}
	if v.who.May(auth.Manage) {
		tasks, _, err := v.readTasks()
		if err != nil {
			return nil // a line less
		}
		for _, t := range tasks {
			mine := t.Link.Path == here || !t.month.IsZero() && strings.Contains(v.r.URL.Path, strings.TrimPrefix(historyPath(t.month), "/historico"))
			if t.Tag.Class != "" && !mine {
				return &waits{Class: t.Tag.Class, Text: t.Title, Link: t.Link}
			}
		}
	}
	return v.stepsLeft(here)
}

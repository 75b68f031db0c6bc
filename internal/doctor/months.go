package doctor

import (
	"context"
	"errors"

	"extrato/internal/books"
	"extrato/internal/store"
)

// waiting is the database's knowledge of months other than plainly closed ones.
type waiting struct {
	from           books.Month
	old, held, due []books.Month
	later          []books.Month // than the running one
	late, lateV4   []books.Month // in statements of ours, and of v4's
}

// months names months waiting for a person, and those with late rows.
func (d *Doctor) months(ctx context.Context, r *Report) {
	if d.Config.Zone == nil || d.problem("EXTRATO_SCHEDULE") != "" || d.problem("EXTRATO_CLOSE_FROM") != "" {
		return // those have failed already, and without them there are no months
	}
	var w waiting
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		w, err = d.readMonths(ctx, tx)
		return err
	})
	if err != nil {
		r.failed("months", err)
		return
	}
	clean := true
	name := func(months []books.Month, code string, more ...any) {
		if len(months) > 0 {
			clean = false
			r.say(code, append([]any{Months(months)}, more...)...)
		}
	}
	name(w.due, "months_due")
	name(w.later, "months_later")
	name(w.held, "months_held")
	name(w.old, "months_old", w.from)
	if clean {
		r.say("months", w.from)
	}
	name(w.late, "late_rows")
	name(w.lateV4, "late_rows_v4")
	if len(w.late)+len(w.lateV4) == 0 {
		r.say("late_rows_none")
	}
}

func (d *Doctor) readMonths(ctx context.Context, tx *store.Tx) (waiting, error) {
	var w waiting
	latest, err1 := tx.LatestEntries(ctx)
	closed, err2 := tx.ClosedMonths(ctx)
	withRows, err3 := tx.MonthsWithRows(ctx)
	from, err4 := d.closeFrom(ctx, tx)
	schedule, err5 := books.ParseSchedule(d.Config.Schedule)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return w, err
	}
	w.from = from
	stored := map[books.Month]bool{}
	for _, m := range closed {
		stored[m] = true
	}
	now := d.Now().In(d.Config.Zone)
	isHeld := func(m books.Month) bool { return latest[m].Action == books.Reopened && !stored[m] }
	for m := range latest {
		if isHeld(m) {
			w.held = append(w.held, m)
		}
	}
	sortMonths(w.held)
	for _, m := range withRows {
		switch {
		case stored[m]:
			counts, err := tx.CountMonth(ctx, m)
			if err != nil {
				return w, err
			}
			switch last := latest[m]; {
			case counts.Total() == 0:
			case last.HasStatement() && last.Action != books.Adopted:
				w.late = append(w.late, m)
			default:
				w.lateV4 = append(w.lateV4, m)
			}
		case m.Before(from) && m.EndedBy(now) && !isHeld(m):
			w.old = append(w.old, m)
		case books.MonthOf(now).Before(m):
			w.later = append(w.later, m)
		}
	}
	for m := from; m.EndedBy(now); m = m.Add(1) {
		if !stored[m] && !isHeld(m) && !now.Before(schedule.DueAt(m, d.Config.Zone)) {
			w.due = append(w.due, m)
		}
	}
	return w, nil
}

// lastMonth reports on the month that ended last: its statement and its backup.
func (d *Doctor) lastMonth(ctx context.Context, r *Report) {
	const name = "last month"
	schedule, err := books.ParseSchedule(d.Config.Schedule)
	if d.Config.Zone == nil || err != nil || d.problem("EXTRATO_CLOSE_FROM") != "" {
		return // those have failed already
	}
	now := d.Now().In(d.Config.Zone)
	month := books.MonthOf(now).Add(-1)
	var last books.ChainEntry
	var from books.Month
	var stored bool
	var known []store.Backup
	err = d.Store.Read(ctx, func(tx *store.Tx) error {
		var err1, err2, err3 error
		last, stored, err1 = tx.MonthClosed(ctx, month)
		from, err2 = d.closeFrom(ctx, tx)
		known, err3 = tx.Backups(ctx, month)
		return errors.Join(err1, err2, err3)
	})
	due := schedule.DueAt(month, d.Config.Zone)
	switch {
	case err != nil:
		r.failed(name, err)
	case stored && last.HasStatement() && last.BackupFile == "":
		r.say("last_unbacked", month, last.Revision)
	case stored && last.HasStatement():
		r.say("last", month, last.Revision, foundAs(known, last.BackupFile), d.day(verifiedAt(known, last.BackupFile)))
	case stored:
		r.say("last_v4", month)
	case last.Action == books.Reopened:
		r.say("last_held", month)
	case month.Before(from):
		r.say("last_old", month, from)
	case now.Before(due):
		r.say("last_waits", month, Moment(due))
	default:
		r.say("last_overdue", month, Moment(due))
	}
}

func foundAs(known []store.Backup, file string) string {
	for _, k := range known {
		if k.File == file {
			return k.State
		}
	}
	return "by nobody"
}

func verifiedAt(known []store.Backup, file string) books.Instant {
	for _, k := range known {
		if k.File == file {
			return k.VerifiedAt
		}
	}
	return 0
}

func (d *Doctor) closeFrom(ctx context.Context, tx *store.Tx) (books.Month, error) {
	text := d.Config.CloseFrom
	if text == "" {
		var err error
		if text, err = tx.Setting(ctx, store.CloseFrom); err != nil {
			return books.Month{}, err
		}
	}
	if text == "" {
		return books.MonthOf(d.Now().In(d.Config.Zone)), nil
	}
	return books.ParseMonth(text)
}

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
	tell := func(months []books.Month, fix, what string) {
		if len(months) > 0 {
			clean = false
			r.warn("months", fix, "%s: %s", what, some(months))
		}
	}
	tell(w.due, "extrato close", "due, and not closed yet")
	tell(w.later, "correct their dates, or let them wait", "rows are dated after the running month")
	tell(w.held, "extrato close MONTH, when it is right", "reopened, and closed only by a person")
	tell(w.old, "extrato close MONTH, oldest first", "older than "+w.from.String()+", where the schedule begins, and closed only by a person")
	if clean {
		r.ok("months", "none waits for a person; the schedule closes from %s on", w.from)
	}
	if len(w.late) > 0 {
		r.warn("late rows", "extrato close MONTH --force makes the next revision", "rows were added to months that are closed: %s", some(w.late))
	}
	if len(w.lateV4) > 0 {
		r.warn("late rows", "move them to a month that is open, by their date, or delete those that the statement holds already",
			"rows stand beside statements of v4's, which cannot be revised: %s", some(w.lateV4))
	}
	if len(w.late)+len(w.lateV4) == 0 {
		r.ok("late rows", "none")
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
		r.ok(name, "%s has its statement (revision %d), without a backup of ours", month, last.Revision)
	case stored && last.HasStatement():
		r.ok(name, "%s has its statement (revision %d) and its backup, found %s on %s", month, last.Revision, foundAs(known, last.BackupFile), d.day(verifiedAt(known, last.BackupFile)))
	case stored:
		r.ok(name, "%s has a statement of v4's", month)
	case last.Action == books.Reopened:
		r.warn(name, "extrato close "+month.String()+", when it is right", "%s was reopened and has no statement", month)
	case month.Before(from):
		r.ok(name, "%s is older than %s, where the schedule begins", month, from)
	case now.Before(due):
		r.ok(name, "%s is due at %s", month, due.Format("2006-01-02 15:04"))
	default:
		r.warn(name, "extrato close "+month.String()+"; then look why serve did not", "%s has no statement, and was due at %s", month, due.Format("2006-01-02 15:04"))
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

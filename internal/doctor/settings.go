package doctor

import (
	"fmt"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/config"
	"extrato/internal/store"
)

// settings shows each value and where it came from, never a secret.
func (d *Doctor) settings(r *Report) {
	if problem := d.Config.Problems[config.File]; problem != "" {
		r.fail("setting file .env", "write one NAME=value on each line of .env", "%s", problem)
	}
	for _, v := range config.Variables {
		if v.Name == "TZ" {
			continue // timezone tells more
		}
		value := d.Config.Values[v.Name]
		name := "setting " + v.Name
		if problem := d.problem(v.Name); problem != "" {
			r.fail(name, "correct "+v.Name+where(value), "%s", strings.TrimPrefix(problem, v.Name+": "))
			continue
		}
		message := d.shown(v, value) + " (" + value.Source + ")"
		note := d.Config.Notes[v.Name]
		switch {
		case v.Name == "LOG_FORMAT" && note != "":
			r.warn(name, "write LOG_FORMAT=text or json, or remove it", "ignored: %s", note)
		case note != "":
			r.ok(name, "%s: %s", message, note)
		case v.Name == "EXTRATO_REQUIRE_BACKUP" && !d.Config.RequireBackup:
			r.warn(name, "set EXTRATO_REQUIRE_BACKUP=true", "%s: a month is closed even if its backup cannot be written, and the chain records it permanently", message)
		case v.Name == "ENABLE_MONTHLY_EXTRATO_JOB" && !d.Config.MonthlyJob:
			r.warn(name, "set ENABLE_MONTHLY_EXTRATO_JOB=true, or close every month with extrato close", "%s: months do not close by themselves", message)
		default:
			r.ok(name, "%s", message)
		}
	}
}

// problem returns a variable's fault, including forms checked by the books
// alone.
func (d *Doctor) problem(name string) string {
	value := d.Config.Values[name].Text
	var err error
	switch {
	case d.Config.Problems[name] != "":
		return d.Config.Problems[name]
	case name == "DATABASE_URL":
		if err = store.CheckURL(value); err != nil {
			e := books.AsError(err)
			return fmt.Sprintf("DATABASE_URL: %s; %s (its text is not shown: it may hold a password)", e.Message, e.Hint)
		}
	case name == "EXTRATO_SCHEDULE":
		_, err = books.ParseSchedule(value)
	case name == "EXTRATO_CLOSE_FROM" && value != "":
		_, err = books.ParseMonth(value)
	}
	if err != nil {
		return fmt.Sprintf("%s: %s", name, err)
	}
	return ""
}

func (d *Doctor) shown(v config.Variable, value config.Value) string {
	switch {
	case v.Name == "DATABASE_URL":
		return store.Place(value.Text)
	case v.Secret && value.Text != "":
		return "set, not shown"
	case v.Name == "EXTRATO_CLOSE_FROM" && value.Text == "":
		return "as the database says"
	case value.Text == "":
		return "not set"
	}
	return value.Text
}

func where(v config.Value) string {
	switch v.Source {
	case "flag":
		return " on the command line"
	case ".env":
		return " in the file .env"
	case "environment":
		return " in the environment"
	}
	return ""
}

func (d *Doctor) timezone(r *Report) {
	value := d.Config.Values["TZ"]
	if d.Config.Zone == nil {
		r.fail("timezone", "set TZ"+where(value)+" to a name such as America/Sao_Paulo", "%s", d.Config.Problems["TZ"])
		return
	}
	message := fmt.Sprintf("%s (%s): it is %s there", value.Text, value.Source, d.Now().In(d.Config.Zone).Format("2006-01-02 15:04, UTC-07:00"))
	if note := d.Config.Notes["TZ"]; note != "" {
		message += "; " + note
	}
	r.ok("timezone", "%s", message)
}

// v4Zone warns, before v4's rows are copied, that the zone decides their
// months.
func (d *Doctor) v4Zone(r *Report) {
	const name, both = "v4's zone", "v4's code and .env.example default to UTC, its compose file to America/Sao_Paulo"
	value := d.Config.Values["TZ"]
	switch {
	case d.Config.Zone == nil: // failed already
	case value.Source == "default":
		r.warn(name, "set TZ to the zone that v4 ran with, before migrate or import", "TZ is not set, so %s is used; %s", value.Text, both)
	default:
		r.ok(name, "%s; keep the zone that v4 ran with: %s", value.Text, both)
	}
}

// schedule names the next three due times.
func (d *Doctor) schedule(r *Report) {
	schedule, err := books.ParseSchedule(d.Config.Schedule)
	if err != nil || d.Config.Zone == nil {
		return // the setting has failed already
	}
	now := d.Now().In(d.Config.Zone)
	var next []string
	late := false
	for m := books.MonthOf(now).Add(-1); len(next) < 3; m = m.Add(1) {
		if due := schedule.DueAt(m, d.Config.Zone); due.After(now) {
			next = append(next, fmt.Sprintf("%s at %s", m, due.Format("2006-01-02 15:04")))
			late = late || !due.Before(m.End(d.Config.Zone).AddDate(0, 0, lastNetDay))
		}
	}
	found := "next due: " + strings.Join(next, ", ")
	if late {
		r.warn("schedule", fmt.Sprintf("set EXTRATO_SCHEDULE to a day up to the %dth, or let the safety net run on later days too", lastNetDay),
			"%s; the safety net, which comes on days 2 to 7, sees that a month later", found)
		return
	}
	r.ok("schedule", "%s", found)
}

// lastNetDay is the last due day still covered by the safety net, which comes
// until the day after.
const lastNetDay = 6

// clockTolerance is that of a close.
const clockTolerance = 5 * time.Minute

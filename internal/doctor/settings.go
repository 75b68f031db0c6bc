package doctor

import (
	"fmt"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/config"
	"extrato/internal/places"
	"extrato/internal/store"
)

// settings shows each value and where it came from, never a secret.
func (d *Doctor) settings(r *Report) {
	if problem := d.Config.Problems[config.File]; problem != "" {
		r.say("setting_file", problem)
	}
	for _, s := range d.Settings() {
		if s.Name == "TZ" {
			continue // timezone tells more
		}
		code := "setting"
		switch {
		case s.Problem != "":
			r.say("setting_wrong", s.Name, s.Problem, where(d.Config.Values[s.Name]))
			continue
		case s.Name == "LOG_FORMAT" && s.Note != "":
			code = "setting_ignored"
		case s.Note != "":
			code = "setting_noted"
		case s.Name == "EXTRATO_REQUIRE_BACKUP" && !d.Config.RequireBackup:
			code = "setting_unbacked"
		case s.Name == "ENABLE_MONTHLY_EXTRATO_JOB" && !d.Config.MonthlyJob:
			code = "setting_by_hand"
		}
		r.say(code, s.Name, s.Value, s.Source, s.Note)
	}
}

// Setting is a setting as people may see it: never a secret.
type Setting struct {
	Name    string
	Value   string // "set, not shown" stands for a secret
	Source  string // flag, environment, .env, default
	Secret  bool   // it is set, and not shown
	Unset   bool
	Problem string
	Note    string
}

// Settings lists all settings, with their sources.
func (d *Doctor) Settings() (all []Setting) {
	for _, v := range config.Variables {
		value := d.Config.Values[v.Name]
		s := Setting{
			Name: v.Name, Value: d.shown(v, value), Source: value.Source, Note: d.Config.Notes[v.Name],
			Problem: strings.TrimPrefix(d.problem(v.Name), v.Name+": "), Unset: value.Text == "",
		}
		s.Secret = v.Secret && !s.Unset && v.Name != "DATABASE_URL"
		all = append(all, s)
	}
	return all
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
	case name == "EXTRATO_BACKUPS_COPY":
		_, err = places.Parse(d.Config.Copies.Places, d.Config.Backups, nil)
	case name == "EXTRATO_BACKUPS_RECIPIENTS":
		_, err = bucket.ParseRecipients(value)
	case name == "EXTRATO_SCHEDULE":
		_, err = books.ParseSchedule(value)
	case name == "EXTRATO_CLOSE_FROM" && value != "":
		_, err = books.ParseMonth(value)
	}
	if err == nil {
		return ""
	}
	e := books.AsError(err)
	text := name + ": " + strings.TrimPrefix(e.Message, name+": ")
	if e.Code == "place_setting" {
		text += "; " + e.Hint
	}
	return text
}

func (d *Doctor) shown(v config.Variable, value config.Value) string {
	switch {
	case v.Name == "DATABASE_URL":
		return store.Place(value.Text)
	case v.Secret && value.Text != "", strings.HasPrefix(v.Name, "EXTRATO_BACKUPS_") && d.problem(v.Name) != "":
		return "set, not shown" // a key may stand there by mistake
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
		r.say("timezone_wrong", d.Config.Problems["TZ"], where(value))
		return
	}
	note := d.Config.Notes["TZ"]
	if note != "" {
		note = "; " + note
	}
	now := d.Now().In(d.Config.Zone)
	r.say("timezone", value.Text, value.Source, Moment(now), note, now.Format("UTC-07:00"))
}

// v4Zone warns, before v4's rows are copied, that the zone decides their
// months.
func (d *Doctor) v4Zone(r *Report) {
	value := d.Config.Values["TZ"]
	switch {
	case d.Config.Zone == nil: // failed already
	case value.Source == "default":
		r.say("v4_zone_unset", value.Text)
	default:
		r.say("v4_zone", value.Text)
	}
}

// schedule names the next three due times.
func (d *Doctor) schedule(r *Report) {
	schedule, err := books.ParseSchedule(d.Config.Schedule)
	if err != nil || d.Config.Zone == nil {
		return // the setting has failed already
	}
	now := d.Now().In(d.Config.Zone)
	var next []any // months and moments in turn
	late := false
	for m := books.MonthOf(now).Add(-1); len(next) < 6; m = m.Add(1) {
		if due := schedule.DueAt(m, d.Config.Zone); due.After(now) {
			next = append(next, m, Moment(due))
			late = late || !due.Before(m.End(d.Config.Zone).AddDate(0, 0, lastNetDay))
		}
	}
	if late {
		r.say("schedule_after_net", append(next, lastNetDay)...)
		return
	}
	r.say("schedule", next...)
}

// lastNetDay is the last due day still covered by the safety net, which comes
// until the day after.
const lastNetDay = 6

// clockTolerance is that of a close.
const clockTolerance = 5 * time.Minute

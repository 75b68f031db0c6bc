package books

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when a month becomes due after its end. It is a cron expression
// of five fields, read on the studio's wall clock.
type Schedule struct {
	expression string
	cron       cron.Schedule
}

// ParseSchedule reads a cron expression such as "0 2 1 * *". It fails with an
// Error of kind Invalid, also for an expression without any date.
func ParseSchedule(expression string) (Schedule, error) {
	bad := Invalidf("invalid_schedule", "%q is not a schedule", expression).
		WithHint("set EXTRATO_SCHEDULE to five cron fields, such as \"0 2 1 * *\" for 02:00 on day 1")
	if strings.Contains(expression, "=") { // robfig/cron's own TZ= prefix: the zone is the studio's, and "TZ=" alone panics
		return Schedule{}, bad
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(expression)
	if err != nil {
		return Schedule{}, bad.Because(err)
	}
	if parsed.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, bad
	}
	return Schedule{expression: expression, cron: parsed}, nil
}

func (s Schedule) String() string { return s.expression }

// DueAt returns the instant the month becomes due in zone: the schedule's
// first time after the month's end. Where clocks skip that time it is the next
// existing instant, where they repeat it the first of the two. It depends on
// its arguments alone.
func (s Schedule) DueAt(month Month, zone *time.Location) time.Time {
	next := month.Add(1)
	// The expression runs in UTC, without gaps: robfig/cron skips a
	// whole month where the time does not exist on its only day.
	after := time.Date(next.Year, next.Month, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second)
	wall := s.cron.Next(after)
	for wall.IsZero() { // robfig/cron looks five years ahead; 29 February can be eight away
		after = after.AddDate(4, 0, 0)
		wall = s.cron.Next(after)
	}
	return firstInstant(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), zone)
}

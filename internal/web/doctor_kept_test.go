package web_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/doctor"
	"extrato/internal/logtest"
	"extrato/internal/store/storetest"
	"extrato/internal/web"
)

// Programs get the report of the page, an hour old at most: a look reads every
// statement.
func TestDoctor_looks_once_for_people_and_programs(t *testing.T) {
	db := storetest.SQLite(t, time.Now)
	closer, _ := newCloser(t, db)
	var looks atomic.Int64
	var ahead atomic.Int64
	w := web.New(web.Options{
		Store: db.Store, Closer: closer, Log: logtest.Quiet(t), Now: func() time.Time { return nowInZone().Add(time.Duration(ahead.Load())) },
		Doctor: func(context.Context) doctor.Report {
			return doctor.Report{OK: true, Checks: []doctor.Check{{Name: fmt.Sprint(looks.Add(1))}}}
		},
	})
	reads := func(fresh bool, want string) {
		t.Helper()
		report, at, err := w.Diagnosis(t.Context(), fresh)
		if err != nil || len(report.Checks) != 1 || report.Checks[0].Name != want || at.IsZero() {
			t.Errorf("%+v of %s, %v, want look %s", report, at, err, want)
		}
	}
	reads(false, "1")
	reads(false, "1")
	reads(true, "2")
	reads(false, "2")
	ahead.Store(int64(61 * time.Minute))
	reads(false, "3")
}

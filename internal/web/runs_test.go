package web

import (
	"context"
	"errors"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// Two closes of two months are two runs; two of one month are one.
func TestRuns_belong_to_their_month(t *testing.T) {
	w := &Web{closes: newRuns[closing.Result](), restores: newRuns[closing.Restoration]()}
	october, november := books.Month{Year: 2025, Month: 10}, books.Month{Year: 2025, Month: 11}
	release := make(chan struct{})
	begin := func(id string, m books.Month, stage closing.Stage, err error) *run[closing.Result] {
		return w.closes.begin(&run[closing.Result]{ID: id, Month: m, Started: time.Now(), key: "k-" + id}, func(r *run[closing.Result]) (closing.Result, error) {
			r.enter(stage)
			r.enter(closing.Reading) // the transaction runs again
			<-release
			return closing.Result{Month: m, Revision: 1}, err
		})
	}
	waitFor := func(r *run[closing.Result], stage closing.Stage) {
		t.Helper()
		for r.at() != stage {
			time.Sleep(time.Millisecond)
		}
	}
	a, b := begin("a", october, closing.Verifying, nil), begin("b", november, closing.Copying, errors.New("no"))
	waitFor(a, closing.Verifying)
	waitFor(b, closing.Copying)
	if a == b || begin("c", october, closing.Removing, nil) != a || w.closes.find("a", november) != nil || w.closes.find("b", november) != b || w.closes.find("c", october) != nil {
		t.Error("the runs mix")
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.Finish(short); err == nil {
		t.Error("it finished while two closes were at work")
	}
	close(release)
	if err := w.Finish(t.Context()); err != nil || !a.over() || !b.over() || a.err != nil || b.err == nil {
		t.Errorf("%v, %v, %v", err, a.err, b.err)
	}
	// The second click of the form that closed the month is no news; another form's is.
	second := func(key string) bool {
		return sameClose(w.closes, &run[closing.Result]{ID: "d", Month: october, key: key, result: closing.Result{Revision: 1}})
	}
	if !second("k-a") || second("k-x") {
		t.Error("a second click is not told from another form")
	}
	// What ended long ago is forgotten.
	w.closes.begin(&run[closing.Result]{ID: "e", Month: october, Started: time.Now().Add(2 * keepRuns)}, func(*run[closing.Result]) (closing.Result, error) { panic("x") })
	if err := w.Finish(t.Context()); err != nil || w.closes.find("a", october) != nil || w.closes.find("e", october).err == nil {
		t.Error("an old run is kept, or a panic lost")
	}
}

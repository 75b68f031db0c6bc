package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// errAtWork goes with the header Retry-After.
var errAtWork = books.Conflictf("in_flight", "a request with this Idempotency-Key is still being done").
	WithHint("send it again in some seconds: it gets the same answer")

// The waits of a request whose key another process holds. After keyWait it is
// told to come again.
var (
	keyWait    = 10 * time.Second
	keyLook    = 200 * time.Millisecond
	renewEvery = store.ReservedFor / 4
)

const keyRetrySeconds = "5"

// acts is a close or a reopening: it has transactions of its own.
type acts struct {
	v       *v1
	month   books.Month
	do      func(context.Context) (closing.Result, error)
	out     made[outcome]
	by      books.Actor
	key     string
	request string
}

// onceOutside does what a POST about a month asks for, once for its key in
// however many processes: the key is reserved before, and the answer takes the
// reservation's place. Of a process that died in between, the chain says
// whether it had done it. Whoever asked may hang up; what was begun is finished
// all the same, unless the process is told to break it off.
func onceOutside(ctx context.Context, v *v1, month books.Month, key, request string, body any, do func(context.Context) (closing.Result, error)) (*made[outcome], error) {
	a := &acts{v: v, month: month, do: do, by: who(ctx).By, key: key}
	outliving, release := v.s.outlive(ctx)
	defer release()
	if key == "" {
		return a.outcome(do(outliving))
	}
	var err error
	if a.request, err = hashOf("POST /api/v1/months/"+month.String()+"/"+request, body); err != nil {
		return nil, err
	}
	leave, err := v.keys.take(ctx, string(a.by)+"\n"+key)
	if err != nil {
		return nil, err
	}
	defer leave()
	v.sweepAnswers(ctx)
	for deadline := time.Now().Add(keyWait); ; {
		found, err := a.reserve(ctx)
		switch {
		case err != nil && !errors.Is(err, store.ErrAnswered):
			return nil, err
		case found.Mine != nil && err == nil:
			return a.act(outliving, found)
		case found.Answer != nil:
			return a.again(*found.Answer)
		case time.Now().After(deadline):
			p := newProblem(ctx, http.StatusConflict, errAtWork)
			p.headers = http.Header{"Retry-After": {keyRetrySeconds}}
			return nil, p
		}
		select {
		case <-time.After(keyLook):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (a *acts) reserve(ctx context.Context) (found store.Reserved, err error) {
	mine := store.Reservation{Actor: a.by, Key: a.key, Request: a.request, Holder: rand.Text(), RunID: books.CorrelationID(ctx)}
	err = a.v.s.Store.Write(ctx, func(tx *store.Tx) error {
		found, err = tx.Reserve(ctx, mine)
		return err
	})
	return found, err
}

// again gives an answer that was given before.
func (a *acts) again(found store.Answer) (*made[outcome], error) {
	if found.Request != a.request {
		return nil, errKeyReused
	}
	a.out.restore(found)
	return &a.out, json.Unmarshal(found.Body, &a.out.Body)
}

// act does the work under a reservation.
func (a *acts) act(ctx context.Context, held store.Reserved) (*made[outcome], error) {
	stop := a.renew(ctx, *held.Mine)
	defer stop()
	out, err := a.finished(ctx, held.Left)
	if out == nil && err == nil {
		out, err = a.outcome(a.do(ctx))
		if err != nil { // the other was not dead, only slow
			if theirs, _ := a.finished(ctx, held.Left); theirs != nil {
				out, err = theirs, nil
			}
		}
	}
	stop()
	a.settle(ctx, *held.Mine, out, err)
	return out, err
}

// finished returns what one who left did, if it took effect.
func (a *acts) finished(ctx context.Context, left *store.Reservation) (*made[outcome], error) {
	if left == nil {
		return nil, nil //nolint:nilnil // nobody left anything
	}
	result, found, err := a.v.s.Closer.Finished(ctx, a.month, left.RunID, left.Head)
	if err != nil || !found {
		return nil, err
	}
	out, err := a.outcome(result, nil)
	if err == nil {
		out.Replayed = "true"
	}
	return out, err
}

func (a *acts) outcome(result closing.Result, err error) (*made[outcome], error) {
	if err != nil {
		return nil, err
	}
	out, err := outcomeOf(result)
	return &out, err
}

// settle puts the answer in the reservation's place, or gives the key back if
// nothing took effect. Where that is unknown, the next who comes looks.
func (a *acts) settle(ctx context.Context, mine store.Reservation, out *made[outcome], failed error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	e := books.AsError(failed)
	err := a.v.s.Store.Write(ctx, func(tx *store.Tx) error {
		switch {
		case failed != nil && e.Kind == books.Internal:
			return tx.Leave(ctx, mine)
		case failed != nil:
			return tx.Release(ctx, mine)
		}
		answer := out.stored()
		var err error
		if answer.Body, err = json.Marshal(out.Body); err != nil {
			return err
		}
		return tx.Answered(ctx, mine, *answer)
	})
	if err != nil && !errors.Is(err, store.ErrAnswered) {
		a.v.s.Log.Warn("answer not kept for its key", "cause", err.Error(), "correlation_id", mine.RunID)
	}
}

// renew says again and again that this request is alive, until stop is called.
func (a *acts) renew(ctx context.Context, mine store.Reservation) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-time.After(renewEvery):
			case <-ctx.Done():
				return
			}
			err := a.v.s.Store.Write(ctx, func(tx *store.Tx) error { return tx.Renew(ctx, mine) })
			if err != nil && ctx.Err() == nil {
				a.v.s.Log.Warn("reservation not renewed", "cause", err.Error(), "correlation_id", mine.RunID)
			}
		}
	}()
	return stop
}

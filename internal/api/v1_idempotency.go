package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// Keyed is the optional idempotency key of every POST.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"128" pattern:"^[!-~]+$" doc:"A name for this request, new for each request. A repetition within 24 hours gets the same answer and does nothing; it waits while the first one is in progress."`
}

// response is the answer to a POST.
type response[T any] struct {
	Status   int
	Location string `header:"Location" doc:"Where the new row is."`
	ETag     string `header:"ETag" doc:"For If-Match."`
	Replayed string `header:"Idempotency-Replayed" doc:"true if this answer was given before."`
	Body     T
}

var errKeyReused = books.Invalidf("idempotency_key_reused", "this Idempotency-Key was used for another request before").
	WithHint("use a new key for each request")

// answerTries is the number of looks for an answer saved meanwhile.
const answerTries = 3

// onceInTx runs a POST in one transaction with the answer saved under its key,
// so only one of several processes does the work. Only successes are saved: a
// refusal changed nothing, and the request may be repeated.
func onceInTx[T any](ctx context.Context, v *v1, key, request string, body any, do func(*store.Tx) (response[T], error)) (*response[T], error) {
	return keepAnswer(ctx, v, key, request, body, func(out *response[T], save func(*store.Tx) error) error {
		return v.s.Store.Write(ctx, func(tx *store.Tx) error {
			var err error
			if *out, err = do(tx); err != nil {
				return err
			}
			return save(tx)
		})
	})
}

// repeatable runs a POST that may as well be done twice, such as a
// verification, and then saves the answer under its key.
func repeatable[T any](ctx context.Context, v *v1, key, request string, body any, do func() (response[T], error)) (*response[T], error) {
	return keepAnswer(ctx, v, key, request, body, func(out *response[T], save func(*store.Tx) error) error {
		var err error
		if *out, err = do(); err != nil {
			return err
		}
		return v.s.Store.Write(ctx, save)
	})
}

func keepAnswer[T any](ctx context.Context, v *v1, key, request string, body any, do func(*response[T], func(*store.Tx) error) error) (*response[T], error) {
	var out response[T]
	err := v.answerOnce(ctx, key, request, body, &postRequest{
		answer: func() any { return &out.Body }, out: func() *store.Answer { return out.stored() }, again: func(a store.Answer) { out.restore(a) },
		do: func(save func(*store.Tx) error) error { return do(&out, save) },
	})
	return &out, err
}

// onMonth runs a POST about a month, and saves the answer in its transaction.
// The caller may hang up: the work is finished all the same, unless the process
// is interrupted.
func onMonth(ctx context.Context, v *v1, month books.Month, key, request string, body any, do func(context.Context, *closing.Answer) (closing.Result, error)) (*response[outcome], error) {
	ctx, release := v.s.outlive(ctx)
	defer release()
	return keepAnswer(ctx, v, key, "POST /api/v1/months/"+month.String()+"/"+request, body, func(out *response[outcome], save func(*store.Tx) error) error {
		var answer *closing.Answer
		if key != "" {
			answer = &closing.Answer{
				Given: func(ctx context.Context) (given bool, err error) {
					err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
						_, given, err = tx.FindAnswer(ctx, who(ctx).By, key)
						return err
					})
					return given, err
				},
				Save: func(_ context.Context, tx *store.Tx, r closing.Result) (err error) {
					if *out, err = outcomeOf(r); err != nil {
						return err
					}
					return save(tx)
				},
			}
		}
		r, err := do(ctx, answer)
		if err == nil {
			*out, err = outcomeOf(r)
		}
		return err
	})
}

func (m *response[T]) stored() *store.Answer {
	return &store.Answer{Status: m.Status, Headers: map[string]string{"Location": m.Location, "ETag": m.ETag}}
}

func (m *response[T]) restore(a store.Answer) {
	m.Status, m.Location, m.ETag, m.Replayed = a.Status, a.Headers["Location"], a.Headers["ETag"], "true"
}

// postRequest is a POST in progress, for any type of answer.
type postRequest struct {
	answer func() any                             // where the answer's body is
	out    func() *store.Answer                   // status and headers of the answer
	again  func(store.Answer)                     // sets them from a saved answer
	do     func(save func(*store.Tx) error) error // the work
}

func (v *v1) answerOnce(ctx context.Context, key, request string, body any, w *postRequest) error {
	if key == "" {
		return w.do(func(*store.Tx) error { return nil })
	}
	sum, err := hashOf(request, body)
	if err != nil {
		return err
	}
	by := who(ctx).By
	v.sweepAnswers(ctx)
	if found, err := v.replay(ctx, by, key, sum, w); found || err != nil {
		return err
	}
	for range answerTries {
		err := w.do(func(tx *store.Tx) error {
			a := w.out()
			a.Actor, a.Key, a.Request = by, key, sum
			var err error
			if a.Body, err = json.Marshal(w.answer()); err != nil {
				return err
			}
			return tx.SaveAnswer(ctx, *a)
		})
		if err == nil {
			return nil
		}
		// The refusal may come from the same request's success elsewhere.
		if found, given := v.replay(ctx, by, key, sum, w); found {
			return given
		}
		if !errors.Is(err, store.ErrAnswered) {
			return err
		}
	}
	return books.Conflictf("busy", "a request with this key is being answered").WithHint("try again")
}

// replay returns the saved answer of the key, if there is one.
func (v *v1) replay(ctx context.Context, by books.Actor, key, sum string, w *postRequest) (found bool, err error) {
	var a store.Answer
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		a, found, err = tx.FindAnswer(ctx, by, key)
		return err
	})
	switch {
	case err != nil || !found:
		return false, err
	case a.Request != sum:
		return true, errKeyReused
	}
	w.again(a)
	return true, json.Unmarshal(a.Body, w.answer())
}

func hashOf(request string, body any) (string, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(request + "\n" + string(text)))
	return hex.EncodeToString(sum[:]), nil
}

// sweeper remembers when old answers were forgotten.
type sweeper struct {
	lock sync.Mutex
	last time.Time
}

// sweepAnswers forgets old answers, once an hour.
func (v *v1) sweepAnswers(ctx context.Context) {
	now := v.s.Now()
	v.swept.lock.Lock()
	due := now.Sub(v.swept.last).Abs() > time.Hour
	if due {
		v.swept.last = now
	}
	v.swept.lock.Unlock()
	if !due {
		return
	}
	if err := v.s.Store.Write(ctx, func(tx *store.Tx) error { return tx.ForgetAnswers(ctx) }); err != nil {
		v.s.Log.Warn("old answers not forgotten", "cause", err.Error())
	}
}

// etagOf returns the strong tag of a document: it changes with every value
// in it.
func etagOf(document any) (string, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:16]) + `"`, nil
}

// Conditional is the condition of an edit: the tag seen by its author.
type Conditional struct {
	IfMatch string `header:"If-Match" maxLength:"400" doc:"The ETag of the row as it was read. Needed: without it the answer is 428, after somebody else's change 412." example:"\"9f86d081884c7d659a2feaa0c55ad015\""`
}

// tags returns the tags of a header. "*" would overwrite unseen changes, so it
// counts as none.
func tags(header string) []string {
	var list []string
	for _, tag := range strings.Split(header, ",") {
		if tag = strings.TrimSpace(tag); tag != "" && tag != "*" {
			list = append(list, tag)
		}
	}
	return list
}

// Read is the condition of a GET of one row.
type Read struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"400" doc:"An ETag: if the row still has it, the answer is 304 without a body."`
}

// one is a row, or 304 if the caller has it already.
type one[T any] struct {
	Status int
	ETag   string `header:"ETag" doc:"For If-Match and If-None-Match."`
	Body   T
}

func shownOne[T any](r Read, document T, tag string) *one[T] {
	for _, t := range strings.Split(r.IfNoneMatch, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return &one[T]{Status: http.StatusNotModified, ETag: tag}
		}
	}
	return &one[T]{Status: http.StatusOK, ETag: tag, Body: document}
}

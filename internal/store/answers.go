package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"extrato/internal/books"
)

// Answer is what a request got that may come a second time.
type Answer struct {
	Actor   books.Actor
	Key     string
	Request string // a hash of the request
	Status  int    // 0: it is still being done
	Headers map[string]string
	Body    []byte
}

// AnswersLast is how long an answer is remembered.
const AnswersLast = 24 * time.Hour

// ErrAnswered means that a request with the same key was answered meanwhile.
var ErrAnswered = errors.New("a request with this key was answered meanwhile")

// FindAnswer returns what actor's request with this key was answered, or that
// one is being done (Status 0); found is false if there was none, or too long ago.
func (t *Tx) FindAnswer(ctx context.Context, actor books.Actor, key string) (a Answer, found bool, err error) {
	a = Answer{Actor: actor, Key: key}
	var headers string
	err = t.one(ctx, "SELECT request, status, headers, body FROM answers WHERE actor = $1 AND key = $2 AND at > $3",
		[]any{string(actor), key, t.answersFrom()}, &a.Request, &a.Status, &headers, &a.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, false, nil
	}
	if err == nil {
		err = a.read(headers)
	}
	return a, err == nil, err
}

// read reads the headers of what was answered.
func (a *Answer) read(headers string) error {
	if a.Status == 0 {
		return nil
	}
	return json.Unmarshal([]byte(headers), &a.Headers)
}

// SaveAnswer remembers an answer. It fails with ErrAnswered if there is one by
// now. It looks at nothing but this key: transactions that save answers to
// other keys must not stand in each other's way.
func (t *Tx) SaveAnswer(ctx context.Context, a Answer) error {
	headers, err := json.Marshal(a.Headers)
	if err != nil {
		return err
	}
	saved, err := t.exec(ctx, `INSERT INTO answers (actor, key, request, status, headers, body, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (actor, key) DO UPDATE SET request = excluded.request, status = excluded.status, headers = excluded.headers,
			body = excluded.body, at = excluded.at WHERE answers.at <= $8`,
		string(a.Actor), a.Key, a.Request, a.Status, string(headers), a.Body, books.InstantOf(t.s.now()).String(), t.answersFrom())
	if err == nil && saved == 0 {
		return ErrAnswered
	}
	return err
}

// ForgetAnswers deletes the answers that are too old to be given again.
func (t *Tx) ForgetAnswers(ctx context.Context) error {
	_, err := t.exec(ctx, "DELETE FROM answers WHERE at <= $1", t.answersFrom())
	return err
}

// Reservation is a key that a request holds while it is being done, where the
// answer cannot be kept in the transaction of what it did.
type Reservation struct {
	Actor   books.Actor `json:"-"`
	Key     string      `json:"-"`
	Request string      `json:"-"`
	Holder  string      `json:"holder"` // who holds it: a text that nobody else has
	RunID   string      `json:"run"`    // the correlation id of what is done
	Head    int64       `json:"head"`   // the chain's last number before that
}

// Reserved is what Reserve found. At most one is set; none means that somebody
// else is at work on the same request.
type Reserved struct {
	Mine   *Reservation // the key is the caller's
	Left   *Reservation // with Mine: what somebody held who has not been heard of for ReservedFor
	Answer *Answer      // the request was answered, or another one came with this key (see Request)
}

// ReservedFor is how long a reservation holds that is not renewed. Those who
// hold one renew it more often; one whose process died ends by itself.
const ReservedFor = time.Minute

// Reserve takes a key for a request. What was left by somebody who died is
// handed over, since it may have taken effect. It fails with ErrAnswered if
// somebody else took the key at the same moment.
func (t *Tx) Reserve(ctx context.Context, r Reservation) (Reserved, error) {
	var a Answer
	var headers, at string
	err := t.one(ctx, "SELECT request, status, headers, body, at FROM answers WHERE actor = $1 AND key = $2",
		[]any{string(r.Actor), r.Key}, &a.Request, &a.Status, &headers, &a.Body, &at)
	none := errors.Is(err, sql.ErrNoRows)
	if err != nil && !none {
		return Reserved{}, err
	}
	stale := at <= t.reservedFrom() || at > t.clocksUpTo()
	if !none && at > t.answersFrom() && (a.Request != r.Request || a.Status != 0) {
		return Reserved{Answer: &a}, a.read(headers)
	}
	var left *Reservation
	if !none && a.Status == 0 && a.Request == r.Request {
		if !stale {
			return Reserved{}, nil
		}
		left = &Reservation{Actor: r.Actor, Key: r.Key, Request: r.Request}
		if err := json.Unmarshal([]byte(headers), left); err != nil {
			return Reserved{}, err
		}
	}
	head, err := t.Head(ctx)
	if err != nil {
		return Reserved{}, err
	}
	r.Head = head.Seq
	saved, err := t.exec(ctx, `INSERT INTO answers (actor, key, request, status, headers, body, at) VALUES ($1, $2, $3, 0, $4, $5, $6)
		ON CONFLICT (actor, key) DO UPDATE SET request = excluded.request, status = 0, headers = excluded.headers, body = excluded.body, at = excluded.at
			WHERE answers.at = $7`,
		string(r.Actor), r.Key, r.Request, r.held(), []byte{}, books.InstantOf(t.s.now()).String(), at)
	if err == nil && saved == 0 {
		err = ErrAnswered
	}
	return Reserved{Mine: &r, Left: left}, err
}

// Renew says that the holder is alive. It fails with ErrAnswered if the
// reservation is not theirs any more.
func (t *Tx) Renew(ctx context.Context, r Reservation) error {
	return t.ifHeld(ctx, r, "UPDATE answers SET at = $4 WHERE actor = $1 AND key = $2 AND status = 0 AND headers = $3", books.InstantOf(t.s.now()).String())
}

// Leave ends a reservation at once for the next who comes with its request,
// where it is unknown whether that took effect.
func (t *Tx) Leave(ctx context.Context, r Reservation) error {
	return t.ifHeld(ctx, r, "UPDATE answers SET at = $4 WHERE actor = $1 AND key = $2 AND status = 0 AND headers = $3", t.reservedFrom())
}

// Release gives a key back: what was asked for took no effect.
func (t *Tx) Release(ctx context.Context, r Reservation) error {
	return t.ifHeld(ctx, r, "DELETE FROM answers WHERE actor = $1 AND key = $2 AND status = 0 AND headers = $3")
}

// Answered keeps the answer in the place of its reservation. It fails with
// ErrAnswered if that is not the holder's any more.
func (t *Tx) Answered(ctx context.Context, r Reservation, a Answer) error {
	headers, err := json.Marshal(a.Headers)
	if err != nil {
		return err
	}
	return t.ifHeld(ctx, r, `UPDATE answers SET status = $4, headers = $5, body = $6, at = $7 WHERE actor = $1 AND key = $2 AND status = 0 AND headers = $3`,
		a.Status, string(headers), a.Body, books.InstantOf(t.s.now()).String())
}

func (t *Tx) ifHeld(ctx context.Context, r Reservation, query string, more ...any) error {
	changed, err := t.exec(ctx, query, append([]any{string(r.Actor), r.Key, r.held()}, more...)...)
	if err == nil && changed == 0 {
		err = ErrAnswered
	}
	return err
}

// held is how a reservation is kept, in the place of an answer's headers.
func (r Reservation) held() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // texts and a number
	}
	return string(text)
}

// clocksUpTo is how far other servers' clocks may run ahead. What was reserved
// later than that was reserved by a clock that has been corrected since.
func (t *Tx) clocksUpTo() string { return books.InstantOf(t.s.now().Add(5 * time.Minute)).String() }

func (t *Tx) reservedFrom() string { return books.InstantOf(t.s.now().Add(-ReservedFor)).String() }

func (t *Tx) answersFrom() string { return books.InstantOf(t.s.now().Add(-AnswersLast)).String() }

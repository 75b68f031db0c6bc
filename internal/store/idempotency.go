package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"extrato/internal/books"
)

// Answer is the saved answer to a request. The same request may come again.
type Answer struct {
	Actor   books.Actor
	Key     string
	Request string // a hash of the request
	Status  int
	Headers map[string]string
	Body    []byte
}

// AnswersLast is how long an answer is remembered.
const AnswersLast = 24 * time.Hour

// ErrAnswered means: another request with the same key was answered meanwhile.
var ErrAnswered = errors.New("a request with this key was answered meanwhile")

// FindAnswer returns the saved answer to actor's request with this key. found
// is false if there is none, or it is too old.
func (t *Tx) FindAnswer(ctx context.Context, actor books.Actor, key string) (a Answer, found bool, err error) {
	a = Answer{Actor: actor, Key: key}
	var headers string
	err = t.one(ctx, "SELECT request, status, headers, body FROM answers WHERE actor = $1 AND key = $2 AND at > $3",
		[]any{string(actor), key, t.answersFrom()}, &a.Request, &a.Status, &headers, &a.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(headers), &a.Headers)
	}
	return a, err == nil, err
}

// SaveAnswer saves an answer. It fails with ErrAnswered if the key has one by
// now. It reads no other key, so transactions with different keys do not
// conflict.
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

// ForgetAnswers deletes the answers older than AnswersLast.
func (t *Tx) ForgetAnswers(ctx context.Context) error {
	_, err := t.exec(ctx, "DELETE FROM answers WHERE at <= $1", t.answersFrom())
	return err
}

func (t *Tx) answersFrom() string { return books.InstantOf(t.s.now().Add(-AnswersLast)).String() }

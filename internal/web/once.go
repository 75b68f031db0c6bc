package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// done is a form's result: the next page, and the line for it.
type done struct {
	To    string `json:"to"`
	Flash flash  `json:"flash"`
	// Reveal names a secret to show once on the next page: see access.go.
	Reveal string `json:"reveal,omitempty"`
	// What describes it, if the same key comes with other values: R$ 350,00.
	What string `json:"what"`
}

// errKeyUsed means: the form's key was used for other values. The form asks
// whether this is another one.
var errKeyUsed = errors.New("the key of this form was used with other values")

// once does a form's work, in one transaction, and redirects the visitor. For
// any number of posts with one key, the work happens once; the others are
// redirected with the same line. Refusals use no key up. The same key with
// other values asks whether they are meant as well: errKeyUsed, with a new key.
func (v *visit) once(f *form, do func(context.Context, *store.Tx) (done, error)) error {
	ctx, key, request := v.r.Context(), "form:"+f.Key, v.hash(f)
	var d done
	again := func(tx *store.Tx) (bool, error) {
		found, there, err := tx.FindAnswer(ctx, v.who.By, key)
		if err != nil || !there {
			return false, err
		}
		if err := json.Unmarshal(found.Body, &d); err != nil {
			return false, err
		}
		if found.Request != request {
			return false, errKeyUsed
		}
		return true, nil
	}
	err := v.Store.Write(ctx, func(tx *store.Tx) error {
		d = done{}
		if there, err := again(tx); err != nil || there {
			return err
		}
		var err error
		if d, err = do(ctx, tx); err != nil {
			return err
		}
		body, err := json.Marshal(d)
		if err != nil {
			return err
		}
		return tx.SaveAnswer(ctx, store.Answer{Actor: v.who.By, Key: key, Request: request, Status: http.StatusSeeOther, Body: body})
	})
	if errors.Is(err, store.ErrAnswered) { // another process was faster by a moment
		err = v.Store.Read(ctx, func(tx *store.Tx) error {
			_, err := again(tx)
			return err
		})
	}
	switch {
	case errors.Is(err, errKeyUsed):
		f.ask(v.t("already recorded", d.What))
		return err
	case err != nil:
		return err
	}
	if d.Flash.Text != "" {
		v.say(d.Flash)
	}
	if d.Reveal != "" {
		v.setCookie(revealCookie, d.Reveal, 60)
	}
	return v.to(d.To)
}

// hash tells the values of one form from those of another with the same key.
func (v *visit) hash(f *form) string {
	values := map[string][]string{}
	for name, value := range f.Values {
		if name != keyField {
			values[name] = value
		}
	}
	text, err := json.Marshal([]any{v.r.Method, v.r.URL.Path, values})
	if err != nil {
		return books.CorrelationID(v.r.Context()) // equal to none
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// onceOnMonth saves, with the act itself, that a form about a month took effect:
// sent again, also to another process, it has none, even if others have closed
// or reopened the month meanwhile.
func (v *visit) onceOnMonth(f *form) *closing.Answer {
	by, key, request := v.who.By, "form:"+f.Key, v.hash(f)
	return &closing.Answer{
		Given: func(ctx context.Context) (given bool, err error) {
			err = v.Store.Read(ctx, func(tx *store.Tx) error {
				_, given, err = tx.FindAnswer(ctx, by, key)
				return err
			})
			return given, err
		},
		Save: func(ctx context.Context, tx *store.Tx, _ closing.Result) error {
			return tx.SaveAnswer(ctx, store.Answer{Actor: by, Key: key, Request: request, Status: http.StatusSeeOther, Body: []byte("{}")})
		},
	}
}

// ask asks whether a form is meant once more.
func (f *form) ask(words string) { f.Key, f.Wrong = rand.Text(), words }

// asks reports whether an error is errKeyUsed.
func (f *form) asks(err error) bool { return errors.Is(err, errKeyUsed) }

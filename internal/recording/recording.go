// Package recording holds the rules for writing the books: payments, sessions,
// commissions, expenses, clients and artists.
//
// Every change happens inside a transaction of its caller's, in this order: the
// values are checked; the row is found, and compared with the one seen by the
// caller; its month must be open, the old one and the new one; then it is
// written. A row dated in a closed month is refused, so nothing here changes a
// statement or makes a late row.
package recording

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Recorder writes the books. Its methods must run in a transaction of
// Store.Write, so a month cannot close between the check and the change. Their
// errors are of kind Invalid, NotFound, Refused (code month_closed) or
// Conflict; after each of them nothing has changed.
type Recorder struct {
	Store *store.Store
	Now   func() time.Time // in the studio's zone
}

// Match fails if a stored row is not the one the caller means to change. nil
// takes any.
type Match func(books.Row) error

func (m Match) check(row books.Row) error {
	if m == nil {
		return nil
	}
	return m(row)
}

// Methods are the payment methods offered; any other text is taken too.
func Methods() []string {
	return []string{"Dinheiro", "Pix", "Cartão de Crédito", "Cartão de Débito", "Outros"}
}

// The longest texts, in characters, as v4's columns hold them.
const (
	MaxMethod = 50
	MaxNote   = 255
	MaxEvent  = 100
	MaxName   = 255
	MaxUser   = 100
)

// MaxAmount is the largest amount of a row.
const MaxAmount books.Money = 99_999_999_99

// MaxPercent is all of a payment.
const MaxPercent books.Percent = 100_00

func (r *Recorder) now() books.NullInstant { return books.At(r.Now()) }

// record returns a live row accepted by match.
func record[R books.Row](ctx context.Context, tx *store.Tx, kind books.Kind, id books.ID, match Match) (R, error) {
	row, err := tx.Record(ctx, kind, id)
	if err == nil {
		err = match.check(row)
	}
	if err != nil {
		var none R
		return none, err
	}
	return row.(R), nil
}

// leaves refuses to move a row out of a closed month whose statement has it
// already, such as one restored from a dump: it would count twice. A late row,
// in no statement, may go.
func leaves(ctx context.Context, tx *store.Tx, row books.Row, from, to books.Month) error {
	if from == to {
		return nil
	}
	stored, err := tx.Statement(ctx, from)
	if errors.Is(err, books.ErrNotClosed) {
		return nil
	}
	if err != nil {
		return err
	}
	for held, err := range stored.List(row.Kind()) {
		if err != nil {
			return err
		}
		if held.Key() == row.Key() {
			return books.Integrityf("row_twice", "%s is live, and also stands in the statement of %s", books.Describe(row), from).
				WithHint("compare the two, then delete the live one")
		}
	}
	return nil
}

// open refuses a month with a statement. A late row of such a month may be
// moved out of it or deleted; none may come in.
func open(ctx context.Context, tx *store.Tx, m books.Month) error {
	last, closed, err := tx.MonthClosed(ctx, m)
	if err != nil || !closed {
		return err
	}
	refused := books.Refusedf("month_closed", "%s is closed", m)
	if !last.HasStatement() || last.Action == books.Adopted {
		return refused.WithHint("date the row in an open month: the statement of %s is v4's and cannot be reopened", m)
	}
	return refused.WithHint("reopen it first: extrato reopen %s --reason …, then close it again: extrato close %s; or date the row in an open month", m, m)
}

func checkDay(day books.Day) error {
	if !day.Month().Valid() {
		return books.Invalidf("invalid_day", "the date is not a day from 2000 to 2100").WithHint("write a day as 2025-10-28")
	}
	return nil
}

func checkAmount(amount books.Money) error {
	if amount < 0 || amount > MaxAmount {
		return books.Invalidf("invalid_amount", "the amount must be from 0.00 to %s", MaxAmount).WithHint("write an amount such as 450.00")
	}
	return nil
}

// checkPercent takes the percent of a commission row: above 0, at most 100.
func checkPercent(percent books.Percent) error {
	if percent <= 0 || percent > MaxPercent {
		return books.Invalidf("invalid_percent", "a commission is above 0 and at most 100 percent").
			WithHint("write a percentage such as 60.00; where there is no commission, leave it out")
	}
	return nil
}

// checkText takes texts both databases keep byte for byte.
func checkText(name, text string, longest int) error {
	switch {
	case !utf8.ValidString(text):
		return books.Invalidf("invalid_text", "%s is not valid UTF-8", name).WithHint("send all text as UTF-8")
	case containsNUL(text):
		return books.Invalidf("invalid_text", "%s holds a NUL character", name).WithHint("leave the character out: no database keeps it")
	case utf8.RuneCountInString(text) > longest:
		return books.Invalidf("text_too_long", "%s is longer than %d characters", name, longest).WithHint("shorten it to %d characters", longest)
	}
	return nil
}

func containsNUL(text string) bool {
	for i := range len(text) {
		if text[i] == 0 {
			return true
		}
	}
	return false
}

// checkName takes a text that is not blank.
func checkName(name, text string, longest int) error {
	if isBlank(text) {
		return books.Invalidf("missing_"+name, "%s is missing", name).WithHint("write a %s that is not blank", name)
	}
	return checkText(name, text, longest)
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

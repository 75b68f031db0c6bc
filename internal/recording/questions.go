package recording

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// The codes of the questions asked once before a payment is recorded.
const (
	EqualPayment  = "equal_payment"  // an equal payment exists on that day
	FarDay        = "far_day"        // its day is more than 7 days ago, or after today
	UnusualAmount = "unusual_amount" // ten times the artist's usual amount
)

// Questions are the codes of all questions.
func Questions() []string { return []string{EqualPayment, FarDay, UnusualAmount} }

const (
	farDays    = 7
	unusual    = 10 // times
	usualCount = 20 // of the newest amounts the median is the usual one
	usualLeast = 5  // fewer say nothing
)

// Question is one unusual thing about a payment.
type Question struct {
	Code    string
	Message string
	Equal   *books.Payment // EqualPayment: the newest of those there are
	Usual   books.Money    // UnusualAmount
	Today   books.Day      // FarDay
}

// Asked is the error of a valid payment that needs a confirmation: the same
// call with these codes confirmed records it.
type Asked struct {
	err       *books.Error
	Questions []Question
}

func (a *Asked) Error() string { return a.err.Error() }

// Unwrap returns the books.Error, of kind Refused, with the first question's code.
func (a *Asked) Unwrap() error { return a.err }

// ask fails with an Asked if something about p is unusual and not confirmed.
// For an existing payment, old, it asks about changed values only.
func (r *Recorder) ask(ctx context.Context, tx *store.Tx, old *books.Payment, p books.Payment, confirmed []string) error {
	wants := func(code string, isNew bool) bool { return isNew && !slices.Contains(confirmed, code) }
	var questions []Question
	otherDay := old == nil || p.Date != old.Date
	otherAmount := old == nil || p.Amount != old.Amount || p.ArtistID != old.ArtistID
	other := otherDay || otherAmount || p.Method != old.Method || p.ClientID != old.ClientID
	if wants(EqualPayment, other) {
		equal, err := tx.EqualPayment(ctx, p)
		if err != nil {
			return err
		}
		if equal != nil {
			questions = append(questions, Question{Code: EqualPayment, Equal: equal,
				Message: "payment " + string(equal.ID.AppendText(nil)) + " of that day has the same amount, method, artist and client"})
		}
	}
	if today := books.DayOf(r.Now()); wants(FarDay, otherDay) && (p.Date > today || p.Date.Add(farDays) < today) {
		message := "the day is after today"
		if p.Date < today {
			message = "the day is more than 7 days ago"
		}
		questions = append(questions, Question{Code: FarDay, Message: message, Today: today})
	}
	if wants(UnusualAmount, otherAmount) {
		usual, err := r.UsualAmount(ctx, tx, p.ArtistID, p.ID)
		if err != nil {
			return err
		}
		if usual > 0 && p.Amount >= unusual*usual {
			questions = append(questions, Question{Code: UnusualAmount, Usual: usual,
				Message: "the amount is at least ten times " + usual.String() + ", which is usual for the artist"})
		}
	}
	if questions == nil {
		return nil
	}
	return asked(questions)
}

func asked(questions []Question) error {
	e := books.Refusedf(questions[0].Code, "%s", questions[0].Message)
	codes := ""
	for i, q := range questions {
		if i > 0 {
			e.Message += "; " + q.Message
			codes += ", "
		}
		codes += q.Code
	}
	return &Asked{err: e.WithHint("if it is meant like this, send it again and confirm: %s", codes), Questions: questions}
}

// UsualAmount returns the median of an artist's newest live payments, but for
// one (0: none); 0 if there are too few to say.
func (r *Recorder) UsualAmount(ctx context.Context, tx *store.Tx, artist, but books.ID) (books.Money, error) {
	amounts, err := tx.NewestAmounts(ctx, artist, but, usualCount)
	if err != nil {
		return 0, err
	}
	if len(amounts) < usualLeast {
		return tx.AverageAmount(ctx, artist)
	}
	slices.Sort(amounts)
	return amounts[len(amounts)/2], nil
}

package recording

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Statuses are those of a session, as v4 writes them.
func Statuses() []string { return []string{"active", "paid", "completed"} }

// checkSession takes any status that the session has already: older databases
// hold others, or none.
func (r *Recorder) checkSession(ctx context.Context, tx *store.Tx, s books.Session, has books.Text) error {
	err := first(checkDay(s.Date), checkAmount(s.Amount), checkText("note", string(s.Note.V), MaxNote),
		checkText("google_event_id", string(s.GoogleEventID.V), MaxEvent))
	if err != nil {
		return err
	}
	if s.Status != has && !slices.Contains(Statuses(), string(s.Status.V)) {
		return books.Invalidf("invalid_status", "a session is active, paid or completed").
			WithHint("write one of the three; a payment that names the session makes it paid")
	}
	if err := knownArtist(ctx, tx, s.ArtistID); err != nil {
		return err
	}
	return knownClient(ctx, tx, books.RefTo(s.ClientID))
}

// AddSession writes a new session down and returns its id. Without a status it
// is active. Its day may lie in a closed month: a session belongs to the month
// of its payment.
func (r *Recorder) AddSession(ctx context.Context, tx *store.Tx, s books.Session) (books.ID, error) {
	if !s.Status.Valid {
		s.Status = books.TextOf("active")
	}
	if err := r.checkSession(ctx, tx, s, books.Text{}); err != nil {
		return 0, err
	}
	s.PaymentID, s.CreatedAt, s.UpdatedAt = books.Ref{}, r.now(), r.now()
	return tx.AddRecord(ctx, &s)
}

// ChangeSession gives the session s.ID the values of s; without a status it
// keeps its own. Its payment is changed through the payment.
func (r *Recorder) ChangeSession(ctx context.Context, tx *store.Tx, s books.Session, match Match) error {
	old, err := record[*books.Session](ctx, tx, books.SessionKind, s.ID, match)
	if err != nil {
		return err
	}
	if !s.Status.Valid {
		s.Status = old.Status
	}
	if err := r.checkSession(ctx, tx, s, old.Status); err != nil {
		return err
	}
	s.PaymentID, s.CreatedAt, s.UpdatedAt = old.PaymentID, old.CreatedAt, r.now()
	return tx.ChangeRecord(ctx, &s)
}

// RemoveSession deletes a session that no payment names, neither live nor in a
// statement: that month could not be reopened without it.
func (r *Recorder) RemoveSession(ctx context.Context, tx *store.Tx, id books.ID, match Match) error {
	s, err := record[*books.Session](ctx, tx, books.SessionKind, id, match)
	if err != nil {
		return err
	}
	paid, err := tx.Refers(ctx, id, "pagamentos.sessao_id")
	if err != nil {
		return err
	}
	if paid || s.PaymentID.Valid {
		return books.Conflictf("session_paid", "a payment is linked to session %d", id).
			WithHint("delete that payment, or let it name no session, then try again")
	}
	payment, month, closed, err := tx.SessionInStatement(ctx, id)
	if err != nil {
		return err
	}
	if closed {
		return books.Conflictf("session_in_statement", "payment %d in the statement of %s names session %d", payment, month, id).
			WithHint("leave the session; or reopen that month first: extrato reopen %s --reason …", month)
	}
	return tx.RemoveRecord(ctx, books.SessionKind, id)
}

func checkExpense(e books.Expense) error {
	return first(checkDay(e.Date), checkAmount(e.Amount), checkName("method", string(e.Method), MaxMethod),
		checkText("description", string(e.Description.V), MaxNote))
}

// AddExpense writes a new expense down, on behalf of user e.CreatedBy, and
// returns its id.
func (r *Recorder) AddExpense(ctx context.Context, tx *store.Tx, e books.Expense) (books.ID, error) {
	if err := checkExpense(e); err != nil {
		return 0, err
	}
	if err := open(ctx, tx, e.Date.Month()); err != nil {
		return 0, err
	}
	e.CreatedAt, e.UpdatedAt = r.now(), r.now()
	return tx.AddRecord(ctx, &e)
}

// ChangeExpense gives the expense e.ID the values of e; who wrote it down stays.
// A late one may go to a month that is open.
func (r *Recorder) ChangeExpense(ctx context.Context, tx *store.Tx, e books.Expense, match Match) error {
	if err := checkExpense(e); err != nil {
		return err
	}
	old, err := record[*books.Expense](ctx, tx, books.ExpenseKind, e.ID, match)
	if err != nil {
		return err
	}
	if err := open(ctx, tx, e.Date.Month()); err != nil {
		return err
	}
	if err := leaves(ctx, tx, old, old.Date.Month(), e.Date.Month()); err != nil {
		return err
	}
	e.CreatedBy, e.CreatedAt, e.UpdatedAt = old.CreatedBy, old.CreatedAt, r.now()
	return tx.ChangeRecord(ctx, &e)
}

// RemoveExpense deletes an expense.
func (r *Recorder) RemoveExpense(ctx context.Context, tx *store.Tx, id books.ID, match Match) error {
	if _, err := record[*books.Expense](ctx, tx, books.ExpenseKind, id, match); err != nil {
		return err
	}
	return tx.RemoveRecord(ctx, books.ExpenseKind, id)
}

package recording

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Statuses are those of a session, as v4 writes them.
func Statuses() []string { return []string{"active", "paid", "completed"} }

// checkSession refuses invalid values, and gives a merged client's session to
// the one who stays. It takes any status the session has already: older databases hold
// others, or none.
func (r *Recorder) checkSession(ctx context.Context, tx *store.Tx, s *books.Session, has books.Text) error {
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
	client, err := knownClient(ctx, tx, books.RefTo(s.ClientID))
	s.ClientID = client.V
	return err
}

// AddSession writes a new session down. Without a status it
// is active. Its day may lie in a closed month: a session belongs to the month
// of its payment.
func (r *Recorder) AddSession(ctx context.Context, tx *store.Tx, by books.Actor, s books.Session) (Done, error) {
	if !s.Status.Valid {
		s.Status = books.TextOf("active")
	}
	if err := r.checkSession(ctx, tx, &s, books.Text{}); err != nil {
		return Done{}, err
	}
	s.PaymentID, s.CreatedAt, s.UpdatedAt = books.Ref{}, r.now(), r.now()
	return r.addRow(ctx, tx, by, &s)
}

// ChangeSession gives the session s.ID the values of s; without a status it
// keeps its own. Its payment is changed through the payment.
func (r *Recorder) ChangeSession(ctx context.Context, tx *store.Tx, by books.Actor, s books.Session, match Match) (Done, error) {
	old, err := record[*books.Session](ctx, tx, books.SessionKind, s.ID, match)
	if err != nil {
		return Done{}, err
	}
	if !s.Status.Valid {
		s.Status = old.Status
	}
	if err := r.checkSession(ctx, tx, &s, old.Status); err != nil {
		return Done{}, err
	}
	s.PaymentID, s.CreatedAt, s.UpdatedAt = old.PaymentID, old.CreatedAt, r.now()
	return r.changeRow(ctx, tx, by, &s)
}

// CompleteSession marks a session as held: nothing more is expected for it,
// however much was received. It stays live until its payments leave.
func (r *Recorder) CompleteSession(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	s, err := record[*books.Session](ctx, tx, books.SessionKind, id, match)
	if err != nil {
		return Done{}, err
	}
	s.Status, s.UpdatedAt = books.TextOf("completed"), r.now()
	return r.changeRow(ctx, tx, by, s)
}

// RemoveSession deletes a session named by no payment, neither live nor in a
// statement: that month could not be reopened without it.
func (r *Recorder) RemoveSession(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	s, err := record[*books.Session](ctx, tx, books.SessionKind, id, match)
	if err != nil {
		return Done{}, err
	}
	paid, err := tx.Refers(ctx, id, "pagamentos.sessao_id")
	if err != nil {
		return Done{}, err
	}
	if paid || s.PaymentID.Valid {
		return Done{}, books.Conflictf("session_paid", "a payment is linked to session %d", id).
			WithHint("delete that payment, or let it name no session, then try again")
	}
	payment, month, closed, err := tx.SessionInStatement(ctx, id)
	if err != nil {
		return Done{}, err
	}
	if closed {
		return Done{}, books.Conflictf("session_in_statement", "payment %d in the statement of %s names session %d", payment, month, id).
			WithHint("leave the session; or reopen that month first: extrato reopen %s --reason …", month)
	}
	return r.removeRow(ctx, tx, by, books.SessionKind, id)
}

package recording

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Statuses are those of a session, as v4 writes them.
func Statuses() []string { return []string{"active", "paid", "completed"} }

// SessionEntry is a session as entered by a person. Instants, links and copies
// of the row are ignored; its id is used by a change only. Without a status a
// new session is active, and an existing one keeps its own.
type SessionEntry struct {
	books.Session
	Client string // where ClientID is 0: a name, trimmed and blind to case; an unknown one makes a client
}

// checkSession refuses an invalid session, and returns its client: of a merged
// one, the one who stays. It takes any status the session has already: older
// databases hold others, or none.
func (r *Recorder) checkSession(ctx context.Context, tx *store.Tx, e SessionEntry, has books.Text) (client named, err error) {
	err = first(checkDay(e.Date), checkAmount(e.Amount), checkText("note", string(e.Note.V), MaxNote),
		checkText("google_event_id", string(e.GoogleEventID.V), MaxEvent))
	if err != nil {
		return client, err
	}
	if e.Status != has && !slices.Contains(Statuses(), string(e.Status.V)) {
		return client, books.Invalidf("invalid_status", "a session is active, paid or completed").
			WithHint("write one of the three; a payment that names the session makes it paid")
	}
	if err := knownArtist(ctx, tx, e.ArtistID); err != nil {
		return client, err
	}
	if e.ClientID != 0 {
		client.id = books.RefTo(e.ClientID)
	}
	switch {
	case !isBlank(e.Client):
		return clientNamed(ctx, tx, client.id, e.Client)
	case !client.id.Valid:
		return client, books.Invalidf("missing_client", "a session needs a client").WithHint("give the client's id or name")
	}
	client.id, err = knownClient(ctx, tx, client.id)
	return client, err
}

// AddSession writes a new session down. Its day may lie in a closed month: a
// session belongs to the month of its payment.
func (r *Recorder) AddSession(ctx context.Context, tx *store.Tx, by books.Actor, e SessionEntry) (Done, error) {
	if !e.Status.Valid {
		e.Status = books.TextOf("active")
	}
	client, err := r.checkSession(ctx, tx, e, books.Text{})
	if err != nil {
		return Done{}, err
	}
	s := e.Session
	s.PaymentID, s.CreatedAt = books.Ref{}, r.now()
	return r.writeSession(ctx, r.begin(tx, by), added, s, client)
}

// ChangeSession gives the session e.ID the values of e. Its payments stay as
// they are.
func (r *Recorder) ChangeSession(ctx context.Context, tx *store.Tx, by books.Actor, e SessionEntry, match Match) (Done, error) {
	old, err := record[*books.Session](ctx, tx, books.SessionKind, e.ID, match)
	if err != nil {
		return Done{}, err
	}
	if !e.Status.Valid {
		e.Status = old.Status
	}
	client, err := r.checkSession(ctx, tx, e, old.Status)
	if err != nil {
		return Done{}, err
	}
	s := e.Session
	s.PaymentID, s.CreatedAt = old.PaymentID, old.CreatedAt
	return r.writeSession(ctx, r.begin(tx, by), changed, s, client)
}

// writeSession writes a new session, or the new values of one, and makes its
// client if there is only a name.
func (r *Recorder) writeSession(ctx context.Context, a *changeset, action string, s books.Session, client named) (Done, error) {
	id, made, err := r.makeClient(ctx, a, client)
	if err != nil {
		return Done{}, err
	}
	s.ClientID, s.UpdatedAt = id.V, r.now()
	if action == added {
		s.ID, err = a.add(ctx, &s)
	} else {
		err = a.change(ctx, &s)
	}
	if err != nil {
		return Done{}, err
	}
	done, err := a.done(ctx, action, books.SessionKind, s.ID)
	done.Client = made
	return done, err
}

// CompleteSession marks a session as held: nothing more is expected for it,
// however much was received. It stays live until its payments leave. A
// completed session is left as it is.
func (r *Recorder) CompleteSession(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	return r.setStatus(ctx, tx, by, id, match, func(*books.Session) (books.Text, error) { return books.TextOf("completed"), nil })
}

// ResumeSession takes the mark of CompleteSession away, at any time: the
// session expects its price again, and is paid or active as its live payments
// say.
func (r *Recorder) ResumeSession(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	return r.setStatus(ctx, tx, by, id, match, func(s *books.Session) (books.Text, error) {
		if !s.IsCompleted() {
			return s.Status, nil
		}
		paid, err := tx.Refers(ctx, id, "pagamentos.sessao_id")
		if paid || s.PaymentID.Valid {
			return books.TextOf("paid"), err
		}
		return books.TextOf("active"), err
	})
}

// setStatus gives a session another status, and changes nothing if it has it.
func (r *Recorder) setStatus(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match, status func(*books.Session) (books.Text, error)) (Done, error) {
	s, err := record[*books.Session](ctx, tx, books.SessionKind, id, match)
	if err != nil {
		return Done{}, err
	}
	wanted, err := status(s)
	if err != nil || wanted == s.Status {
		return Done{ID: id}, err
	}
	s.Status, s.UpdatedAt = wanted, r.now()
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

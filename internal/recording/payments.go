package recording

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Entry is a payment as entered by a person. Instants and copies of the row are
// ignored; its id is used by a change only.
type Entry struct {
	books.Payment
	// Percent is the commission's; 0 or less: none. nil: for a new payment the
	// artist's default of that day, for others the existing commissions.
	Percent   *books.Percent
	Client    string      // where ClientID is NULL: a name, trimmed and blind to case; an unknown one makes a client
	Session   *NewSession // of a deposit without SessionID
	Confirmed []string    // codes of the questions answered with yes
}

// NewSession is a session made for a deposit, with the payment's client and
// artist.
type NewSession struct {
	Date  books.Day
	Price books.Money
}

func (r *Recorder) checkPayment(ctx context.Context, tx *store.Tx, p books.Payment) error {
	err := first(checkDay(p.Date), checkAmount(p.Amount), checkName("method", string(p.Method), MaxMethod),
		checkText("note", string(p.Note.V), MaxNote), checkText("google_event_id", string(p.GoogleEventID.V), MaxEvent))
	if err != nil {
		return err
	}
	return knownArtist(ctx, tx, p.ArtistID)
}

// AddPayment records a new payment. Its percent makes the artist's commission,
// half a centavo rounded up. Its session points back at it from now on, as its
// latest payment, and is paid, unless it was completed: a deposit and a balance
// may both name one session. Unusual values are asked about first: the error is an Asked then.
func (r *Recorder) AddPayment(ctx context.Context, tx *store.Tx, by books.Actor, n Entry) (Done, error) {
	percent, client, err := r.checkNew(ctx, tx, n)
	if err != nil {
		return Done{}, err
	}
	p := n.Payment
	p.ClientID = client.id
	if err := open(ctx, tx, p.Date.Month()); err != nil {
		return Done{}, err
	}
	if err := r.ask(ctx, tx, nil, p, n.Confirmed); err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	made, err := r.makeFor(ctx, a, &p, client, n.Session)
	if err != nil {
		return Done{}, err
	}
	p.ID, p.CreatedAt, p.UpdatedAt = 0, r.now(), r.now()
	if p.ID, err = a.add(ctx, &p); err != nil {
		return Done{}, err
	}
	if p.SessionID.Valid {
		if err := a.link(ctx, p.SessionID.V, p.ID); err != nil {
			return Done{}, err
		}
	}
	if percent > 0 {
		share := books.Commission{PaymentID: books.RefTo(p.ID), ArtistID: p.ArtistID, Percent: percent, Amount: p.Amount.Percent(percent), CreatedAt: r.now()}
		if _, err := a.add(ctx, &share); err != nil {
			return Done{}, err
		}
	}
	done, err := a.done(ctx, added, books.PaymentKind, p.ID)
	done.Client, done.Session = made.Client, made.Session
	return done, err
}

// checkNew refuses an invalid payment, and returns its percent and client.
func (r *Recorder) checkNew(ctx context.Context, tx *store.Tx, n Entry) (percent books.Percent, client named, err error) {
	if client, err = r.checkEntry(ctx, tx, n); err != nil {
		return 0, client, err
	}
	if err := r.knownSession(ctx, tx, n.SessionID); err != nil {
		return 0, client, err
	}
	if err := checkDeposit(n, client); err != nil {
		return 0, client, err
	}
	if n.Percent != nil {
		return *n.Percent, client, nil
	}
	percent, err = tx.ArtistPercent(ctx, n.ArtistID, n.Date)
	return percent, client, err
}

// checkEntry refuses an entry invalid in any state of the books, and returns
// its client.
func (r *Recorder) checkEntry(ctx context.Context, tx *store.Tx, e Entry) (client named, err error) {
	if e.Percent != nil && *e.Percent > 0 {
		if err := checkPercent(*e.Percent); err != nil {
			return client, err
		}
	}
	if err := r.checkPayment(ctx, tx, e.Payment); err != nil {
		return client, err
	}
	if isBlank(e.Client) {
		id, err := knownClient(ctx, tx, e.ClientID)
		return named{id: id}, err
	}
	return clientNamed(ctx, tx, e.ClientID, e.Client)
}

// checkDeposit refuses a deposit on no session: nobody could tell whether the
// rest is owed.
func checkDeposit(n Entry, client named) error {
	switch {
	case n.Session != nil && (n.SessionID.Valid || !bool(n.Deposit)):
		return books.Invalidf("needless_session", "a new session can only be made for a deposit without a session").
			WithHint("leave out the new session, or the existing one")
	case !bool(n.Deposit) || n.SessionID.Valid:
		return nil
	case n.Session == nil:
		return books.Invalidf("missing_session", "a deposit needs a session").
			WithHint("name the session, or give the day and the price of the one to be made")
	case !client.id.Valid && client.name == "":
		return books.Invalidf("missing_client", "a session needs a client").WithHint("name the client of the session that the deposit is for")
	}
	return first(checkDay(n.Session.Date), checkAmount(n.Session.Price))
}

// makeFor makes the client and the session of a new payment.
func (r *Recorder) makeFor(ctx context.Context, a *changeset, p *books.Payment, client named, s *NewSession) (made Done, err error) {
	p.ClientID, made.Client, err = r.makeClient(ctx, a, client)
	if err != nil || s == nil {
		return made, err
	}
	made.Session, err = a.add(ctx, &books.Session{
		Date: s.Date, Amount: s.Price, ClientID: p.ClientID.V, ArtistID: p.ArtistID, Status: books.TextOf("active"),
		CreatedAt: r.now(), UpdatedAt: r.now(),
	})
	p.SessionID = books.RefTo(made.Session)
	return made, err
}

// ChangePayment gives the payment e.ID the values of e. Its commissions follow:
// their amounts are their percent of the new amount, and those of its artist go
// to its new artist; a given percent becomes that of the one commission, or
// makes it. A session no longer named loses its link. A late payment, live in a
// closed month, may go to an open month. Unusual new values are asked about
// first, unless confirmed.
func (r *Recorder) ChangePayment(ctx context.Context, tx *store.Tx, by books.Actor, e Entry, match Match) (Done, error) {
	client, err := r.checkEntry(ctx, tx, e)
	if err != nil {
		return Done{}, err
	}
	old, err := record[*books.Payment](ctx, tx, books.PaymentKind, e.ID, match)
	if err != nil {
		return Done{}, err
	}
	p := e.Payment
	p.ClientID, p.CreatedAt, p.UpdatedAt = client.id, old.CreatedAt, r.now()
	if err := r.checkChange(ctx, tx, *old, e, client); err != nil {
		return Done{}, err
	}
	if err := r.ask(ctx, tx, old, p, e.Confirmed); err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	made, err := r.makeFor(ctx, a, &p, client, e.Session)
	if err != nil {
		return Done{}, err
	}
	if err := relink(ctx, a, old, &p); err != nil {
		return Done{}, err
	}
	if err := followPayment(ctx, a, *old, p); err != nil {
		return Done{}, err
	}
	if e.Percent != nil {
		if err := r.setPercent(ctx, a, p, *e.Percent); err != nil {
			return Done{}, err
		}
	}
	done, err := a.done(ctx, changed, books.PaymentKind, p.ID)
	done.Client, done.Session = made.Client, made.Session
	return done, err
}

// checkChange refuses invalid new values of the payment old.
func (r *Recorder) checkChange(ctx context.Context, tx *store.Tx, old books.Payment, e Entry, client named) error {
	if err := open(ctx, tx, e.Date.Month()); err != nil {
		return err
	}
	if err := leaves(ctx, tx, &old, old.Date.Month(), e.Date.Month()); err != nil {
		return err
	}
	if e.SessionID != old.SessionID {
		if err := r.knownSession(ctx, tx, e.SessionID); err != nil {
			return err
		}
	}
	if e.Session == nil && e.Deposit == old.Deposit && e.SessionID == old.SessionID {
		return nil
	}
	return checkDeposit(e, client)
}

// relink writes a payment with its new values, and takes it from one session to
// another.
func relink(ctx context.Context, a *changeset, old, p *books.Payment) error {
	if p.SessionID == old.SessionID {
		return a.change(ctx, p)
	}
	if err := a.unlink(ctx, old); err != nil {
		return err
	}
	if err := a.change(ctx, p); err != nil || !p.SessionID.Valid {
		return err
	}
	return a.link(ctx, p.SessionID.V, p.ID)
}

// setPercent makes percent that of a payment's one commission, its artist's; 0
// or less deletes it.
func (r *Recorder) setPercent(ctx context.Context, a *changeset, p books.Payment, percent books.Percent) error {
	list, err := a.tx.CommissionsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	if len(list) > 1 || len(list) == 1 && list[0].ArtistID != p.ArtistID {
		return books.Refusedf("commission_split", "the commission of payment %d is split, or another artist's", p.ID).
			WithHint("leave the percent out, and split the payment anew")
	}
	switch {
	case len(list) == 0 && percent > 0:
		list = []*books.Commission{{PaymentID: books.RefTo(p.ID), ArtistID: p.ArtistID, CreatedAt: r.now()}}
	case len(list) == 0 || list[0].Percent == percent:
		return nil
	case percent <= 0:
		return a.remove(ctx, books.CommissionKind, list[0].ID)
	}
	list[0].Percent = percent
	return writeShares(ctx, a, p.Amount, list)
}

// RemovePayment deletes a payment with its commissions. Its session goes back
// to the payment it had before, or is no longer paid.
func (r *Recorder) RemovePayment(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	p, err := record[*books.Payment](ctx, tx, books.PaymentKind, id, match)
	if err != nil {
		return Done{}, err
	}
	commissions, err := tx.CommissionsOf(ctx, id)
	if err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	if err := a.note(ctx, books.PaymentKind, id); err != nil {
		return Done{}, err
	}
	for _, c := range commissions {
		if err := a.remove(ctx, books.CommissionKind, c.ID); err != nil {
			return Done{}, err
		}
	}
	if err := a.unlink(ctx, p); err != nil {
		return Done{}, err
	}
	if err := a.remove(ctx, books.PaymentKind, id); err != nil {
		return Done{}, err
	}
	return a.done(ctx, deleted, books.PaymentKind, id)
}

// knownSession refuses a session not live. A session whose latest payment names
// another session takes no second: its two links would contradict.
func (r *Recorder) knownSession(ctx context.Context, tx *store.Tx, id books.Ref) error {
	if !id.Valid {
		return nil
	}
	sessions, err := tx.LiveByID(ctx, books.SessionKind, []books.ID{id.V})
	if err != nil {
		return err
	}
	session, ok := sessions[id.V].(*books.Session)
	if !ok {
		return books.Invalidf("unknown_session", "there is no live session %d", id.V).
			WithHint("a session that was paid in a closed month rests in that month's statement")
	}
	if !session.PaymentID.Valid {
		return nil
	}
	payments, err := tx.LiveByID(ctx, books.PaymentKind, []books.ID{session.PaymentID.V})
	if err != nil {
		return err
	}
	if p, ok := payments[session.PaymentID.V].(*books.Payment); ok && p.SessionID != id {
		return books.Conflictf("session_linked", "session %d is linked to payment %d, but that payment is not linked to the session", id.V, p.ID).
			WithHint("link payment %d to the session, or delete it, then try again", p.ID)
	}
	return nil
}

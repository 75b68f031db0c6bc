package recording

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

func (r *Recorder) checkPayment(ctx context.Context, tx *store.Tx, p books.Payment) error {
	err := first(checkDay(p.Date), checkAmount(p.Amount), checkName("method", string(p.Method), MaxMethod),
		checkText("note", string(p.Note.V), MaxNote), checkText("google_event_id", string(p.GoogleEventID.V), MaxEvent))
	if err != nil {
		return err
	}
	if err := knownArtist(ctx, tx, p.ArtistID); err != nil {
		return err
	}
	return knownClient(ctx, tx, p.ClientID)
}

// AddPayment writes a new payment down and returns its id. A percent above 0
// makes the artist's commission of it, half a centavo rounded up; one of 0 or
// less makes none. A session that it names points back at it from now on, as
// its latest payment, and is paid: a deposit and a balance may both name it.
func (r *Recorder) AddPayment(ctx context.Context, tx *store.Tx, p books.Payment, percent books.Percent) (books.ID, error) {
	if percent > 0 {
		if err := checkPercent(percent); err != nil {
			return 0, err
		}
	}
	if err := r.checkPayment(ctx, tx, p); err != nil {
		return 0, err
	}
	if err := r.knownSession(ctx, tx, p.SessionID); err != nil {
		return 0, err
	}
	if err := open(ctx, tx, p.Date.Month()); err != nil {
		return 0, err
	}
	p.CreatedAt, p.UpdatedAt = r.now(), r.now()
	id, err := tx.AddRecord(ctx, &p)
	if err != nil {
		return 0, err
	}
	if p.SessionID.Valid {
		if err := tx.LinkSession(ctx, p.SessionID.V, id, r.now().V); err != nil {
			return 0, err
		}
	}
	if percent > 0 {
		_, err = tx.AddRecord(ctx, &books.Commission{
			PaymentID: books.RefTo(id), ArtistID: p.ArtistID, Percent: percent, Amount: p.Amount.Percent(percent), CreatedAt: r.now(),
		})
	}
	return id, err
}

// ChangePayment gives the payment p.ID the values of p. Its commissions follow:
// their amounts are their percent of the new amount, and those of its artist
// go to its new artist. A session that it no longer names is let go. A late
// one, live in a month that is closed, may go to a month that is open.
func (r *Recorder) ChangePayment(ctx context.Context, tx *store.Tx, p books.Payment, match Match) error {
	if err := r.checkPayment(ctx, tx, p); err != nil {
		return err
	}
	old, err := record[*books.Payment](ctx, tx, books.PaymentKind, p.ID, match)
	if err != nil {
		return err
	}
	if err := open(ctx, tx, p.Date.Month()); err != nil {
		return err
	}
	if err := leaves(ctx, tx, old, old.Date.Month(), p.Date.Month()); err != nil {
		return err
	}
	p.CreatedAt, p.UpdatedAt = old.CreatedAt, r.now()
	if p.SessionID != old.SessionID {
		if err := r.knownSession(ctx, tx, p.SessionID); err != nil {
			return err
		}
		if err := tx.UnlinkPayment(ctx, old, r.now().V); err != nil {
			return err
		}
	}
	if err := tx.ChangeRecord(ctx, &p); err != nil {
		return err
	}
	if p.SessionID.Valid && p.SessionID != old.SessionID {
		if err := tx.LinkSession(ctx, p.SessionID.V, p.ID, r.now().V); err != nil {
			return err
		}
	}
	return followPayment(ctx, tx, *old, p)
}

// followPayment brings a payment's commissions into line with it.
func followPayment(ctx context.Context, tx *store.Tx, old, p books.Payment) error {
	if old.Amount == p.Amount && old.ArtistID == p.ArtistID {
		return nil
	}
	commissions, err := tx.CommissionsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, c := range commissions { // as a rule there is one
		if old.Amount != p.Amount {
			c.Amount = p.Amount.Percent(c.Percent)
		}
		if c.ArtistID == old.ArtistID {
			c.ArtistID = p.ArtistID
		}
		if err := tx.ChangeRecord(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// RemovePayment deletes a payment with its commissions. Its session goes back
// to the payment it had before, or is no longer paid.
func (r *Recorder) RemovePayment(ctx context.Context, tx *store.Tx, id books.ID, match Match) error {
	p, err := record[*books.Payment](ctx, tx, books.PaymentKind, id, match)
	if err != nil {
		return err
	}
	commissions, err := tx.CommissionsOf(ctx, id)
	if err != nil {
		return err
	}
	for _, c := range commissions {
		if err := tx.RemoveRecord(ctx, books.CommissionKind, c.ID); err != nil {
			return err
		}
	}
	if err := tx.UnlinkPayment(ctx, p, r.now().V); err != nil {
		return err
	}
	return tx.RemoveRecord(ctx, books.PaymentKind, id)
}

// knownSession refuses a session that is not live. One whose latest payment
// names another session takes no second: its two links would contradict.
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
		return books.Conflictf("session_linked", "session %d is linked to payment %d, which does not name it", id.V, p.ID).
			WithHint("let payment %d name the session, or delete it, then try again", p.ID)
	}
	return nil
}

// AddCommission writes a further commission of a payment down, by its percent,
// and returns its id. c.Amount is reckoned, and the artist is the payment's if
// none is named.
func (r *Recorder) AddCommission(ctx context.Context, tx *store.Tx, c books.Commission) (books.ID, error) {
	if err := first(checkPercent(c.Percent), checkText("note", string(c.Note.V), MaxNote)); err != nil {
		return 0, err
	}
	live, err := tx.LiveByID(ctx, books.PaymentKind, []books.ID{c.PaymentID.V})
	if err != nil {
		return 0, err
	}
	p, ok := live[c.PaymentID.V].(*books.Payment)
	if !ok {
		return 0, books.Invalidf("unknown_payment", "there is no live payment %d", c.PaymentID.V).
			WithHint("a payment of a closed month rests in that month's statement")
	}
	if c.ArtistID == 0 {
		c.ArtistID = p.ArtistID
	}
	if err := knownArtist(ctx, tx, c.ArtistID); err != nil {
		return 0, err
	}
	if err := open(ctx, tx, p.Date.Month()); err != nil {
		return 0, err
	}
	c.Amount, c.CreatedAt = p.Amount.Percent(c.Percent), r.now()
	return tx.AddRecord(ctx, &c)
}

// ChangeCommission gives the commission c.ID the artist, percent and note of
// c. The amount follows the percent; where there is no live payment to reckon
// from, the percent must stay.
func (r *Recorder) ChangeCommission(ctx context.Context, tx *store.Tx, c books.Commission, match Match) error {
	if err := first(checkPercent(c.Percent), checkText("note", string(c.Note.V), MaxNote)); err != nil {
		return err
	}
	old, err := record[*books.Commission](ctx, tx, books.CommissionKind, c.ID, match)
	if err != nil {
		return err
	}
	if err := knownArtist(ctx, tx, c.ArtistID); err != nil {
		return err
	}
	if err := openCommission(ctx, tx, old); err != nil {
		return err
	}
	switch {
	case c.Percent == old.Percent:
	case old.PaymentAmount.Valid:
		old.Amount = old.PaymentAmount.V.Percent(c.Percent)
	default:
		return books.Refusedf("no_payment", "commission %d has no live payment to reckon from", c.ID).
			WithHint("leave its percent, or delete it and make one for a payment")
	}
	old.ArtistID, old.Percent, old.Note = c.ArtistID, c.Percent, c.Note
	return tx.ChangeRecord(ctx, old)
}

// RemoveCommission deletes a commission.
func (r *Recorder) RemoveCommission(ctx context.Context, tx *store.Tx, id books.ID, match Match) error {
	if _, err := record[*books.Commission](ctx, tx, books.CommissionKind, id, match); err != nil {
		return err
	}
	return tx.RemoveRecord(ctx, books.CommissionKind, id)
}

func openCommission(ctx context.Context, tx *store.Tx, c *books.Commission) error {
	month, ok, err := tx.MonthOfCommission(ctx, c)
	if err != nil || !ok {
		return err
	}
	return open(ctx, tx, month)
}

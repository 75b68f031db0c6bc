package recording

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// AddCommission writes a further commission of a payment down, by its percent.
// c.Amount is computed, and the artist is the payment's if none is named.
func (r *Recorder) AddCommission(ctx context.Context, tx *store.Tx, by books.Actor, c books.Commission) (Done, error) {
	if err := first(checkPercent(c.Percent), checkText("note", string(c.Note.V), MaxNote)); err != nil {
		return Done{}, err
	}
	live, err := tx.LiveByID(ctx, books.PaymentKind, []books.ID{c.PaymentID.V})
	if err != nil {
		return Done{}, err
	}
	p, ok := live[c.PaymentID.V].(*books.Payment)
	if !ok {
		return Done{}, books.Invalidf("unknown_payment", "there is no live payment %d", c.PaymentID.V).
			WithHint("a payment of a closed month rests in that month's statement")
	}
	if c.ArtistID == 0 {
		c.ArtistID = p.ArtistID
	}
	if err := knownArtist(ctx, tx, c.ArtistID); err != nil {
		return Done{}, err
	}
	if err := open(ctx, tx, p.Date.Month()); err != nil {
		return Done{}, err
	}
	list, err := tx.CommissionsOf(ctx, p.ID)
	if err != nil {
		return Done{}, err
	}
	list = append(list, &c)
	if err := checkShares(list); err != nil {
		return Done{}, err
	}
	c.Amount, c.CreatedAt = p.Amount.Split(percentsOf(list))[len(list)-1], r.now()
	a := r.begin(tx, by)
	id, err := a.add(ctx, &c)
	if err != nil {
		return Done{}, err
	}
	return a.done(ctx, added, books.CommissionKind, id)
}

// ChangeCommission gives the commission c.ID the artist, percent and note of
// c. The amount follows the percent; where there is no live payment to compute
// it from, the percent must stay.
func (r *Recorder) ChangeCommission(ctx context.Context, tx *store.Tx, by books.Actor, c books.Commission, match Match) (Done, error) {
	if err := first(checkPercent(c.Percent), checkText("note", string(c.Note.V), MaxNote)); err != nil {
		return Done{}, err
	}
	old, err := record[*books.Commission](ctx, tx, books.CommissionKind, c.ID, match)
	if err != nil {
		return Done{}, err
	}
	if err := knownArtist(ctx, tx, c.ArtistID); err != nil {
		return Done{}, err
	}
	if err := openCommission(ctx, tx, old); err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	if err := a.note(ctx, books.CommissionKind, c.ID); err != nil {
		return Done{}, err
	}
	isNew := c.Percent != old.Percent
	old.ArtistID, old.Percent, old.Note = c.ArtistID, c.Percent, c.Note
	switch {
	case !isNew:
		err = a.change(ctx, old)
	case old.PaymentAmount.Valid:
		err = replaceShare(ctx, a, old)
	default:
		err = books.Refusedf("no_payment", "commission %d has no live payment to compute it from", c.ID).
			WithHint("leave its percent, or delete it and make one for a payment")
	}
	if err != nil {
		return Done{}, err
	}
	return a.done(ctx, changed, books.CommissionKind, c.ID)
}

// replaceShare writes a commission of a live payment with a new percent.
func replaceShare(ctx context.Context, a *changeset, c *books.Commission) error {
	list, err := a.tx.CommissionsOf(ctx, c.PaymentID.V)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(other *books.Commission) bool { return other.ID == c.ID })
	grows := c.Percent > list[i].Percent
	list[i] = c
	if grows { // older rows may come to more than all: they may become less
		if err := checkShares(list); err != nil {
			return err
		}
	}
	return writeShares(ctx, a, c.PaymentAmount.V, list)
}

// RemoveCommission deletes a commission.
func (r *Recorder) RemoveCommission(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	if _, err := record[*books.Commission](ctx, tx, books.CommissionKind, id, match); err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	if err := a.remove(ctx, books.CommissionKind, id); err != nil {
		return Done{}, err
	}
	return a.done(ctx, deleted, books.CommissionKind, id)
}

// Share is an artist's part of a payment.
type Share struct {
	Artist  books.ID
	Percent books.Percent
	Note    books.Text
}

// SplitPayment gives a payment these commissions and no others. A commission
// keeps its id if its artist stays.
func (r *Recorder) SplitPayment(ctx context.Context, tx *store.Tx, by books.Actor, payment books.ID, shares []Share, match Match) (Done, error) {
	for i, s := range shares {
		if err := first(checkPercent(s.Percent), checkText("note", string(s.Note.V), MaxNote)); err != nil {
			return Done{}, err
		}
		if err := knownArtist(ctx, tx, s.Artist); err != nil {
			return Done{}, err
		}
		if slices.ContainsFunc(shares[:i], func(other Share) bool { return other.Artist == s.Artist }) {
			return Done{}, books.Invalidf("artist_twice", "artist %d stands twice in the split", s.Artist).WithHint("give each artist one share")
		}
	}
	p, err := record[*books.Payment](ctx, tx, books.PaymentKind, payment, match)
	if err != nil {
		return Done{}, err
	}
	if err := open(ctx, tx, p.Date.Month()); err != nil {
		return Done{}, err
	}
	old, err := tx.CommissionsOf(ctx, payment)
	if err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	list, gone := r.newShares(payment, shares, old)
	if err := checkShares(list); err != nil {
		return Done{}, err
	}
	for _, c := range gone {
		if err := a.remove(ctx, books.CommissionKind, c.ID); err != nil {
			return Done{}, err
		}
	}
	if err := writeShares(ctx, a, p.Amount, list); err != nil {
		return Done{}, err
	}
	return a.done(ctx, changed, books.PaymentKind, payment)
}

// newShares returns the commissions of a split, in the order of the existing
// ids, and the ones to delete.
func (r *Recorder) newShares(payment books.ID, shares []Share, old []*books.Commission) (list, gone []*books.Commission) {
	taken := map[books.ID]bool{}
	for _, c := range old {
		i := slices.IndexFunc(shares, func(s Share) bool { return s.Artist == c.ArtistID })
		if i < 0 || taken[c.ArtistID] {
			gone = append(gone, c)
			continue
		}
		taken[c.ArtistID] = true
		c.Percent, c.Note = shares[i].Percent, shares[i].Note
		list = append(list, c)
	}
	for _, s := range shares {
		if !taken[s.Artist] {
			list = append(list, &books.Commission{PaymentID: books.RefTo(payment), ArtistID: s.Artist, Percent: s.Percent, Note: s.Note, CreatedAt: r.now()})
		}
	}
	return list, gone
}

// checkShares refuses commissions above their payment.
func checkShares(list []*books.Commission) error {
	var sum books.Percent
	for _, c := range list {
		sum += c.Percent
	}
	if len(list) > 1 && sum > MaxPercent {
		return books.Invalidf("over_100_percent", "the payment's commissions come to %s percent", sum).
			WithHint("all commissions of a payment together are at most 100 percent")
	}
	return nil
}

// writeShares writes all commissions of a payment, in the order of their ids,
// with their parts of its amount. One without an id is new, and gets it.
func writeShares(ctx context.Context, a *changeset, amount books.Money, list []*books.Commission) error {
	for i, part := range amount.Split(percentsOf(list)) {
		c := list[i]
		c.Amount = part
		var err error
		if c.ID == 0 {
			c.ID, err = a.add(ctx, c)
		} else {
			err = a.change(ctx, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func percentsOf(list []*books.Commission) []books.Percent {
	percents := make([]books.Percent, len(list))
	for i, c := range list {
		percents[i] = c.Percent
	}
	return percents
}

// followPayment brings a payment's commissions into line with it.
func followPayment(ctx context.Context, a *changeset, old, p books.Payment) error {
	if old.Amount == p.Amount && old.ArtistID == p.ArtistID {
		return nil
	}
	list, err := a.tx.CommissionsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.ArtistID == old.ArtistID {
			c.ArtistID = p.ArtistID
		}
	}
	if old.Amount != p.Amount {
		return writeShares(ctx, a, p.Amount, list)
	}
	for _, c := range list {
		if err := a.change(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func openCommission(ctx context.Context, tx *store.Tx, c *books.Commission) error {
	month, ok, err := tx.MonthOfCommission(ctx, c)
	if err != nil || !ok {
		return err
	}
	return open(ctx, tx, month)
}

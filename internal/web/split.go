package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// splitForm is the form of a payment's shares.
type splitForm struct {
	*form
	Rows    []methodRow
	Artists []group
}

// mostShares is how many artists a payment can be split between here.
const mostShares = 20

// splitOf is the form of the existing commissions, with a line for one more.
func (v *visit) splitOf(list []*books.Commission) *splitForm {
	f := v.blankForm()
	for i, c := range list {
		n := strconv.Itoa(i + 1)
		f.Values.Set(artistField+n, idText(c.ArtistID))
		f.Values.Set(percentField+n, v.shownPercent(c.Percent))
		f.Values.Set(noteField+n, string(c.Note.V))
	}
	for _, field := range []string{artistField, percentField, noteField} {
		f.Values.Set(field+strconv.Itoa(len(list)+1), "")
	}
	return &splitForm{form: f}
}

// offer lists the artists, and those with a commission already.
func (s *splitForm) offer(ctx context.Context, tx *store.Tx, v *visit, list []*books.Commission) error {
	for i := 1; s.Has(artistField+strconv.Itoa(i)) && i <= mostShares; i++ {
		s.Rows = append(s.Rows, methodRow{i, s.form})
	}
	artists, err := v.artists(ctx, tx)
	if err != nil {
		return err
	}
	options := []option{{Text: "–"}}
	known := map[books.ID]bool{}
	for _, a := range artists {
		known[a.ID] = true
		options = append(options, option{Value: idText(a.ID), Text: a.Name})
	}
	for _, c := range list {
		if !known[c.ArtistID] {
			user, err := tx.UserByID(ctx, c.ArtistID)
			if err != nil {
				return err
			}
			options = append(options, option{Value: idText(c.ArtistID), Text: user.Name})
		}
	}
	s.Artists = []group{{Options: options}}
	return nil
}

// Choice returns a select of the line.
func (m methodRow) Choice(name string, groups []group) (choice, error) {
	d, err := m.Field(name, "select")
	return chosen(d, groups), err
}

// splitPayment gives a payment's commission to several artists.
func (v *visit) splitPayment() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	s := &splitForm{form: v.form()}
	shares := s.shares()
	if !s.OK() {
		return v.showPayment(http.StatusUnprocessableEntity, id, paymentPage{Split: s})
	}
	err = v.once(s.form, func(ctx context.Context, tx *store.Tx) (done, error) {
		d, err := v.Recording.SplitPayment(ctx, tx, v.who.By, id, shares, unchanged(ctx, tx, id, s.Value(versionField)))
		return done{To: "/pagamentos/" + idText(id), What: v.t("split"), Flash: flash{Text: v.t("split saved"), Undo: d.Change}}, err
	})
	warning := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errFaster):
		warning = v.t("look before splitting", v.lastChange(books.PaymentKind, id))
		s.Values.Del(versionField)
	case books.AsError(err).Code == "no_payment" && v.wasDeleted(books.PaymentKind, id):
		v.say(flash{Text: v.t("already deleted"), Warn: true})
		return v.to("/caixa")
	case !s.asks(err):
		if err := s.refuse(err, faults{"over_100_percent": whole, "artist_twice": whole, "invalid_percent": whole, "month_closed": whole, "unknown_artist": whole}); err != nil {
			return err
		}
	}
	return v.showPayment(http.StatusUnprocessableEntity, id, paymentPage{Split: s, Warning: warning})
}

// shares reads the filled lines.
func (s *splitForm) shares() (all []recording.Share) {
	for i := 1; s.Has(artistField+strconv.Itoa(i)) && i <= mostShares; i++ {
		n := strconv.Itoa(i)
		one := recording.Share{Artist: s.id(artistField + n), Percent: s.percent(percentField + n)}
		if note := s.text(noteField+n, recording.MaxNote); note != "" {
			one.Note = books.TextOf(note)
		}
		switch {
		case one.Artist == 0 && one.Percent > 0:
			s.fault(artistField+n, s.v.t("choose artist"))
		case one.Percent > 0:
			all = append(all, one)
		}
	}
	return all
}

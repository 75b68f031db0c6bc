package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// commissionPage is the page /comissoes/{id}.
type commissionPage struct {
	page
	ID        books.ID
	InShort   string
	Payment   books.ID // 0: none is live
	Form      *form
	Artists   []group
	Version   string
	DeleteKey string
	History   []changeLine
	Warning   string // somebody was faster
}

func (v *visit) commissionPage() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	return v.showCommission(http.StatusOK, id, commissionPage{})
}

// showCommission shows a commission. A form set in p stays unchanged.
func (v *visit) showCommission(status int, id books.ID, p commissionPage) error {
	p.page, p.ID, p.DeleteKey = v.page(v.t("nav commissions"), "/comissoes"), id, v.blankForm().Key
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		row, err := tx.Record(ctx, books.CommissionKind, id)
		if err != nil {
			return err
		}
		versions, err := rowVersions(ctx, tx, books.CommissionKind, []books.ID{id})
		if err != nil {
			return err
		}
		c := row.(*books.Commission)
		p.Version, p.InShort = versions[id], v.commissionInShort(c)
		if c.PaymentAmount.Valid {
			p.Payment = c.PaymentID.V
		}
		if p.Form == nil {
			p.Form = v.formOfCommission(c)
			p.Form.Values.Set(versionField, p.Version)
		}
		if p.Artists, err = v.artistOptions(ctx, tx, c.ArtistID, string(c.ArtistName.V)); err != nil {
			return err
		}
		p.History, err = v.historyOf(ctx, tx, books.CommissionKind, id)
		return err
	})
	if err != nil {
		return err
	}
	return v.show(status, "commission.html", p)
}

// artistOptions are the artists to choose from, and the one a row has.
func (v *visit) artistOptions(ctx context.Context, tx *store.Tx, has books.ID, name string) ([]group, error) {
	artists, err := v.artists(ctx, tx)
	var options []option
	for _, a := range artists {
		options = append(options, option{Value: idText(a.ID), Text: a.Name})
	}
	if !slices.ContainsFunc(artists, func(a artist) bool { return a.ID == has }) {
		options = append(options, option{Value: idText(has), Text: name})
	}
	return []group{{Options: options}}, err
}

// commissionInShort names a commission: R$ 210,00 de Bia Moreira, 60 % de
// R$ 350,00.
func (v *visit) commissionInShort(c *books.Commission) string {
	if !c.PaymentAmount.Valid {
		return v.t("commission unpaired", c.Amount.People(), string(c.ArtistName.V))
	}
	return v.t("commission in short", c.Amount.People(), string(c.ArtistName.V), v.percent(c.Percent), c.PaymentAmount.V.People())
}

func (v *visit) formOfCommission(c *books.Commission) *form {
	return v.blankForm(percentField, v.shownPercent(c.Percent), artistField, idText(c.ArtistID), noteField, string(c.Note.V))
}

// saveCommission changes percent, artist and note of a commission.
func (v *visit) saveCommission() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	meant := books.Commission{ID: id, Percent: f.percent(percentField), ArtistID: f.id(artistField)}
	if meant.Percent <= 0 {
		f.fault(percentField, v.t("percent above zero"))
	}
	if meant.ArtistID == 0 {
		f.fault(artistField, v.t("choose artist"))
	}
	if note := f.text(noteField, recording.MaxNote); note != "" {
		meant.Note = books.TextOf(note)
	}
	if !f.OK() {
		return v.showCommission(http.StatusUnprocessableEntity, id, commissionPage{Form: f})
	}
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		if err := v.bringRowBack(ctx, tx, books.CommissionKind, id, f); err != nil {
			return done{}, err
		}
		old, err := tx.Record(ctx, books.CommissionKind, id)
		if err != nil {
			return done{}, err
		}
		c := meant // the transaction may run again
		if was := old.(*books.Commission).Note; sameLine(string(c.Note.V), string(was.V)) {
			c.Note = was
		}
		d, err := v.Recording.ChangeCommission(ctx, tx, v.who.By, c, rowUnchanged(ctx, tx, f.Value(versionField)))
		if err != nil {
			return done{}, err
		}
		now, err := tx.Record(ctx, books.CommissionKind, id)
		if err != nil {
			return done{}, err
		}
		what := now.(*books.Commission).Amount.People()
		return done{To: "/comissoes/" + idText(id), What: what, Flash: flash{Text: v.t("corrected", what), Undo: d.Change}}, nil
	})
	switch {
	case err == nil:
		return nil
	case isOvertaken(err, "no_commission"):
		return v.overtakenCommission(id, f)
	case !f.asks(err):
		where := faults{"over_100_percent": "percentual", "invalid_percent": "percentual", "no_payment": "percentual", "unknown_artist": "artista", "month_closed": whole}
		if err := f.refuse(err, where); err != nil {
			return err
		}
	}
	return v.showCommission(http.StatusUnprocessableEntity, id, commissionPage{Form: f})
}

// overtakenCommission shows the typed values beside those saved meanwhile.
func (v *visit) overtakenCommission(id books.ID, f *form) error {
	facts := func(f *form, artist string) []pair {
		return []pair{
			{Label: v.t("field percentual"), Value: f.Value(percentField)}, {Label: v.t("field artista"), Value: artist}, {Label: v.t("field obs"), Value: f.Value(noteField)},
		}
	}
	var chosen string
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		user, err := tx.UserByID(ctx, f.id(artistField))
		chosen = user.Name
		return err
	})
	if err != nil {
		return err
	}
	return v.overtaken(books.CommissionKind, id, v.page(v.t("nav commissions"), "/comissoes"), facts(f, chosen),
		func(ctx context.Context, tx *store.Tx, row books.Row) ([]pair, error) {
			c := row.(*books.Commission)
			user, err := tx.UserByID(ctx, c.ArtistID)
			return facts(v.formOfCommission(c), user.Name), err
		})
}

// deleteCommission deletes a commission, with an undo.
func (v *visit) deleteCommission() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		row, err := tx.Record(ctx, books.CommissionKind, id)
		if err != nil {
			return done{}, err
		}
		c := row.(*books.Commission)
		month, found, err := tx.MonthOfCommission(ctx, c)
		if err != nil {
			return done{}, err
		}
		to := "/comissoes"
		if found {
			to = commissionsAt(month.String(), "")
		}
		d, err := v.Recording.RemoveCommission(ctx, tx, v.who.By, id, rowUnchanged(ctx, tx, f.Value(versionField)))
		return done{To: to, What: c.Amount.People(), Flash: flash{Text: v.t("deleted", v.commissionInShort(c)), Undo: d.Change}}, err
	})
	switch e := books.AsError(err); {
	case f.asks(err):
		return v.showCommission(http.StatusUnprocessableEntity, id, commissionPage{Warning: f.Wrong})
	case errors.Is(err, errFaster):
		return v.showCommission(http.StatusUnprocessableEntity, id, commissionPage{Warning: v.t("row changed before deleting")})
	case e != nil && e.Code == "no_commission" && v.deletedBefore(books.CommissionKind, id):
		v.say(flash{Text: v.t("row already deleted"), Warn: true})
		return v.to("/comissoes")
	}
	return err
}

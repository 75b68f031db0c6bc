package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// paymentPage is the page /pagamentos/{id}.
type paymentPage struct {
	page
	ID        books.ID
	InShort   string
	Entry     paymentForm
	Version   string
	DeleteKey string
	Split     *splitForm
	Session   string // its session, and the amount owed
	SessionID books.ID
	History   []changeLine
	Warning   string // somebody was faster
	Facts     []pair // for an artist, read-only
}

// IsOwn reports whether the visitor reads a payment of their own and writes
// nothing.
func (p paymentPage) IsOwn() bool { return p.Facts != nil }

// pathID is the id in the address.
func (v *visit) pathID() (books.ID, error) {
	f := v.blankForm("id", v.r.PathValue("id"))
	if id := f.id("id"); f.OK() && id != 0 {
		return id, nil
	}
	return 0, errNoPage
}

// livePayment returns a payment visible to the visitor.
func (v *visit) livePayment(ctx context.Context, tx *store.Tx, id books.ID) (*books.Payment, error) {
	row, err := tx.Record(ctx, books.PaymentKind, id)
	if err != nil {
		return nil, err
	}
	if only := v.onlyArtist(); only != 0 && !books.OwnedBy(row, only, "") {
		return nil, errNoPage
	}
	return row.(*books.Payment), nil
}

func (v *visit) paymentPage() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	return v.showPayment(http.StatusOK, id, paymentPage{})
}

// showPayment shows a payment. Forms set in p stay unchanged.
func (v *visit) showPayment(status int, id books.ID, p paymentPage) error {
	p.page, p.ID, p.DeleteKey = v.page(v.t("nav payments"), "/pagamentos"), id, v.blankForm().Key
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		row, err := v.livePayment(ctx, tx, id)
		if err != nil {
			return err
		}
		commissions, err := tx.CommissionsOfAll(ctx, []books.ID{id})
		if err != nil {
			return err
		}
		versions, err := paymentVersions(ctx, tx, []books.ID{id}, commissions)
		if err != nil {
			return err
		}
		p.Version, p.InShort, p.SessionID = versions[id], v.paymentInShort(row), row.SessionID.V
		if p.Session, err = v.sessionOf(ctx, tx, row); err != nil {
			return err
		}
		if only := v.onlyArtist(); only != 0 {
			p.Facts = v.facts(row, sumOf(commissions[id], only), p.Session)
			return nil
		}
		return v.fillPayment(ctx, tx, &p, row, commissions[id])
	})
	if err != nil {
		return err
	}
	return v.show(status, "payment.html", p)
}

// fillPayment fills in a payment for a visitor allowed to write.
func (v *visit) fillPayment(ctx context.Context, tx *store.Tx, p *paymentPage, row *books.Payment, commissions []*books.Commission) error {
	if p.Entry.form == nil {
		p.Entry.form = v.formOf(row, commissions)
		p.Entry.Values.Set(versionField, p.Version)
	}
	p.Entry.Of, p.Entry.Locked = row.ID, isSplit(row, commissions)
	if err := v.offer(ctx, tx, &p.Entry, row.Date, row); err != nil {
		return err
	}
	if v.mayShare() {
		if p.Split == nil {
			p.Split = v.splitOf(commissions)
		}
		if !p.Split.Has(versionField) { // the visitor saw that it is new
			p.Split.Values.Set(versionField, p.Version)
		}
		if err := p.Split.offer(ctx, tx, v, commissions); err != nil {
			return err
		}
	}
	history, err := v.historyOf(ctx, tx, books.PaymentKind, row.ID)
	p.History = history
	return err
}

// isSplit reports whether a payment's commission is more than its artist's one.
func isSplit(p *books.Payment, list []*books.Commission) bool {
	return len(list) > 1 || len(list) == 1 && list[0].ArtistID != p.ArtistID
}

// formOf is the form of a payment as it is.
func (v *visit) formOf(p *books.Payment, list []*books.Commission) *form {
	f := v.blankForm(dayField, p.Date.String(), amountField, plainMoney(p.Amount), methodField, string(p.Method), artistField, idText(p.ArtistID),
		clientField, string(p.ClientName.V), noteField, string(p.Note.V))
	if p.SessionID.Valid {
		f.Values.Set(sessionField, idText(p.SessionID.V))
	}
	if p.Deposit {
		f.Values.Set(depositField, "1")
	}
	if len(list) == 1 {
		f.Values.Set(percentField, v.shownPercent(list[0].Percent))
	}
	f.Values.Set(defaultField, idText(p.ArtistID)+":"+f.Value(percentField))
	return f
}

// paymentInShort names a payment: R$ 350,00 de Duda Falcão, 28/10/2025.
func (v *visit) paymentInShort(p *books.Payment) string {
	if p.ClientName.Valid {
		return v.t("payment of", p.Amount.People(), string(p.ClientName.V), p.Date.People())
	}
	return v.t("payment on", p.Amount.People(), p.Date.People())
}

// sessionOf describes a payment's session, and the amount it owes.
func (v *visit) sessionOf(ctx context.Context, tx *store.Tx, p *books.Payment) (string, error) {
	if !p.SessionID.Valid || !p.SessionDate.Valid {
		return "", nil
	}
	list, err := tx.OpenSessions(ctx, store.OpenSessions{ID: p.SessionID.V, Limit: 1})
	if err != nil || len(list) == 0 {
		return v.t("session paid", v.dayAndMonth(p.SessionDate.V)), err
	}
	return v.openSession(list[0]), nil
}

// facts are a payment's values for an artist.
func (v *visit) facts(p *books.Payment, commission books.Money, session string) []pair {
	facts := []pair{
		{Label: v.t("field data"), Value: p.Date.People()}, {Label: v.t("field valor"), Value: p.Amount.People()}, {Label: v.t("field forma"), Value: string(p.Method)},
		{Label: v.t("field cliente"), Value: string(p.ClientName.V)}, {Label: v.t("my commission"), Value: commission.People()},
		{Label: v.t("field sessao"), Value: session}, {Label: v.t("field obs"), Value: string(p.Note.V)},
	}
	return some(facts...)
}

// some leaves out the facts without a value.
func some(facts ...pair) []pair {
	return slices.DeleteFunc(facts, func(f pair) bool { return f.Value == "" })
}

// savePayment corrects a payment.
func (v *visit) savePayment() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	e := paymentForm{form: v.form(), Of: id}
	meant := v.readEntry(e.form)
	meant.ID = id
	if !e.OK() {
		return v.showPayment(http.StatusUnprocessableEntity, id, paymentPage{Entry: e})
	}
	err = v.once(e.form, func(ctx context.Context, tx *store.Tx) (done, error) {
		if err := v.bringBack(ctx, tx, id, e.form); err != nil {
			return done{}, err
		}
		return v.changePayment(ctx, tx, meant, e.Value(versionField))
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errFaster) || books.AsError(err).Code == "no_payment":
		return v.showVersions(id, e.form, err)
	}
	if err := v.refuseEntry(&e, meant, err); err != nil {
		return err
	}
	return v.showPayment(http.StatusUnprocessableEntity, id, paymentPage{Entry: e})
}

func (v *visit) changePayment(ctx context.Context, tx *store.Tx, e recording.Entry, seen string) (done, error) {
	old, err := v.livePayment(ctx, tx, e.ID)
	if err != nil {
		return done{}, err
	}
	e.GoogleEventID, e.Commission.V, e.Commission.Valid = old.GoogleEventID, old.Commission.V, old.Commission.Valid
	if e.Client == strings.TrimSpace(string(old.ClientName.V)) { // of several with one name, this one
		e.Client, e.ClientID = "", old.ClientID
	}
	if sameLine(string(e.Note.V), string(old.Note.V)) { // a field of one line shows no line ends
		e.Note = old.Note
	}
	if err := v.bySession(ctx, tx, &e, old.SessionID); err != nil {
		return done{}, err
	}
	d, err := v.Recording.ChangePayment(ctx, tx, v.who.By, e, unchanged(ctx, tx, e.ID, seen))
	if err != nil {
		return done{}, err
	}
	text := v.t("corrected", e.Amount.People())
	if d.Client != 0 {
		text += " " + v.t("new client")
	}
	return done{To: "/pagamentos/" + idText(e.ID), What: e.Amount.People(), Flash: flash{Text: text, Undo: d.Change}}, nil
}

func sameLine(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// deletePayment deletes a payment, with an undo.
func (v *visit) deletePayment() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		row, err := v.livePayment(ctx, tx, id)
		if err != nil {
			return done{}, err
		}
		d, err := v.Recording.RemovePayment(ctx, tx, v.who.By, id, unchanged(ctx, tx, id, f.Value(versionField)))
		to := "/caixa/" + row.Date.String()
		if f.Has(backField) {
			to = local(f.Value(backField))
		}
		return done{To: to, What: row.Amount.People(), Flash: flash{Text: v.t("deleted", v.paymentInShort(row)), Undo: d.Change}}, err
	})
	switch {
	case f.asks(err):
		return v.showPayment(http.StatusUnprocessableEntity, id, paymentPage{Warning: f.Wrong})
	case errors.Is(err, errFaster):
		return v.showPayment(http.StatusUnprocessableEntity, id, paymentPage{Warning: v.t("look before deleting", v.lastChange(books.PaymentKind, id))})
	}
	if books.AsError(err) != nil && books.AsError(err).Code == "no_payment" && v.wasDeleted(books.PaymentKind, id) {
		v.say(flash{Text: v.t("already deleted"), Warn: true})
		return v.to(local(f.Value(backField)))
	}
	return err
}

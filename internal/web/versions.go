package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// versionsPage shows two versions of a payment side by side: the visitor's, and
// the one saved meanwhile.
type versionsPage struct {
	page
	Action string
	Text   string
	Rows   []versionRow
	Mine   *keptForm
	Closed *closedDay
	Gone   bool // the other deleted it
	Lost   bool // for good: the visitor may not bring it back
}

// versionRow is a field in both versions.
type versionRow struct {
	Label, Mine, Other string
}

// Other is where the visitor goes who keeps the other version.
func (p versionsPage) Other() string {
	switch {
	case !p.Gone:
		return p.Action
	case p.Here == "/pagamentos":
		return "/caixa"
	}
	return p.Here
}

// Differs reports whether the versions do not agree.
func (r versionRow) Differs() bool { return r.Mine != r.Other }

// reviveField asks to restore a payment deleted by another: the change.
const reviveField = "recuperar"

// bringBack revives a payment, whose version covers its commissions.
func (v *visit) bringBack(ctx context.Context, tx *store.Tx, id books.ID, f *form) error {
	return v.revive(ctx, tx, books.PaymentKind, id, f, func(ids []books.ID) (map[books.ID]string, error) {
		commissions, err := tx.CommissionsOfAll(ctx, ids)
		if err != nil {
			return nil, err
		}
		return paymentVersions(ctx, tx, ids, commissions)
	})
}

// mayRevive reports whether a change is a deletion that the visitor may take
// back: an admin any, others their own.
func (v *visit) mayRevive(c store.Changeset) bool {
	return c.Action == "delete" && (c.By == v.who.By || v.who.May(auth.Manage))
}

// showVersions shows the typed values beside the stored ones; cause is the
// reason why they were not saved.
func (v *visit) showVersions(id books.ID, f *form, cause error) error {
	p := versionsPage{page: v.page(v.t("nav payments"), "/pagamentos"), Action: "/pagamentos/" + idText(id), Mine: v.typed()}
	who := v.lastChange(books.PaymentKind, id)
	p.Text = v.t("somebody was faster", who)
	ctx := v.r.Context()
	mine := v.typedFacts(f)
	var other []pair
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		changes, err := tx.ChangesOf(ctx, books.PaymentKind, id, 0, 1)
		if err != nil {
			return err
		}
		row, err := v.livePayment(ctx, tx, id)
		if e := books.AsError(err); e != nil && e.Code == "no_payment" {
			return v.gone(ctx, tx, &p, f, changes, who, cause)
		}
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
		p.Mine.Values.Set(versionField, versions[id])
		other = v.typedFacts(v.formOf(row, commissions[id]))
		mine, other, err = v.nameChosen(ctx, tx, mine, other)
		return err
	})
	if err != nil {
		return err
	}
	for i, fact := range mine {
		r := versionRow{Label: fact.Label, Mine: cmp.Or(fact.Value, "–")}
		if i < len(other) {
			r.Other = cmp.Or(other[i].Value, "–")
		}
		if fact.Name != percentField || v.mayShare() {
			p.Rows = append(p.Rows, r)
		}
	}
	p.Mine.Values.Set(keyField, v.blankForm().Key)
	return v.show(http.StatusUnprocessableEntity, "versions.html", p)
}

// gone explains the end of a payment no longer live.
func (v *visit) gone(ctx context.Context, tx *store.Tx, p *versionsPage, f *form, changes []store.Changeset, who string, cause error) error {
	if len(changes) > 0 && changes[0].Action == "delete" {
		p.Gone, p.Lost, p.Text = true, !v.mayRevive(changes[0]), v.t("somebody deleted it", who)
		p.Mine.Values.Set(reviveField, idText(books.ID(changes[0].ID)))
		return nil
	}
	day := v.blankForm(dayField, f.Value(dayField)).day(dayField)
	_, closed, err := tx.MonthClosed(ctx, day.Month())
	if err != nil {
		return err
	}
	if !closed {
		return cause
	}
	p.Closed = v.closedDay(day.Month())
	return nil
}

// typedFacts lists the fields of a payment's form, in order.
func (v *visit) typedFacts(f *form) []pair {
	var facts []pair
	for _, name := range []string{dayField, amountField, methodField, artistField, clientField, percentField, sessionField, depositField, noteField} {
		facts = append(facts, pair{Name: name, Label: v.t("field " + name), Value: f.Value(name)})
	}
	amount, day := v.blankForm(amountField, f.Value(amountField)), v.blankForm(dayField, f.Value(dayField))
	if m := amount.money(amountField); amount.OK() {
		facts[1].Value = m.People()
	}
	if d := day.day(dayField); day.OK() {
		facts[0].Value = d.People()
	}
	if f.Has(depositField) {
		facts[7].Value = v.t("yes")
	}
	return facts
}

// nameChosen puts names into the place of ids.
func (v *visit) nameChosen(ctx context.Context, tx *store.Tx, lists ...[]pair) (mine, other []pair, err error) {
	users, err := tx.Users(ctx)
	if err != nil {
		return nil, nil, err
	}
	var sessions []books.ID
	id := func(p pair) books.ID { return v.blankForm("id", p.Value).id("id") }
	for _, list := range lists {
		if s := id(list[6]); s != 0 {
			sessions = append(sessions, s)
		}
	}
	live, err := tx.LiveByID(ctx, books.SessionKind, sessions)
	for _, list := range lists {
		if i := slices.IndexFunc(users, func(u store.User) bool { return u.ID == id(list[3]) }); i >= 0 {
			list[3].Value = users[i].Name
		}
		if s, ok := live[id(list[6])].(*books.Session); ok {
			list[6].Value = v.dayAndMonth(s.Date)
		}
	}
	return lists[0], lists[1], err
}

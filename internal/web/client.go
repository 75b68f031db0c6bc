package web

import (
	"context"
	"net/http"
	"slices"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// clientPage is the page /clientes/{id}.
type clientPage struct {
	page
	ID         books.ID
	Name       string
	Also       []string // the names of clients merged into this one
	Sums       []sum
	Sessions   *table
	Payments   []paymentLine
	More       bool // there are older ones
	Closed     *closedRows
	ClosedLink string // shows them
	Form       *form
	Merge      *form
	Others     []string // suggestions for the client who stays
	History    []changeLine
	Warning    string

	stays books.ID // the client shown instead
}

// mostSessions is how many sessions a client's page lists.
const mostSessions = 100

func (v *visit) clientPage() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	return v.showClient(http.StatusOK, id, clientPage{})
}

// showClient shows a client: the amounts owed, sessions and payments, those in
// statements on demand. Forms set in p stay unchanged.
func (v *visit) showClient(status int, id books.ID, p clientPage) error {
	p.page, p.ID = v.page(v.t("nav clients"), "/clientes"), id
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		row, err := tx.Record(ctx, books.ClientKind, id)
		if err != nil {
			return err
		}
		p.Name = string(row.(*books.Client).Name)
		if p.Form == nil {
			p.Form = v.blankForm("nome", p.Name, versionField, p.Name)
		}
		if p.Merge == nil {
			p.Merge = v.blankForm()
		}
		p.Merge.On("junta-")
		return v.fillClient(ctx, tx, &p)
	})
	if err != nil {
		return err
	}
	if p.stays != 0 {
		if status != http.StatusOK { // another person merged the client meanwhile
			v.say(flash{Text: v.t("error client_merged"), Warn: true})
		}
		return v.to("/clientes/" + idText(p.stays))
	}
	return v.show(status, "client.html", p)
}

func (v *visit) fillClient(ctx context.Context, tx *store.Tx, p *clientPage) error {
	names, err := tx.ClientNames(ctx)
	if err != nil {
		return err
	}
	of := map[books.ID]bool{p.ID: true}
	for _, c := range names {
		switch {
		case c.ID == p.ID && c.Merged != 0:
			p.stays = c.Merged
			return nil
		case c.Merged == p.ID:
			of[c.ID] = true
			p.Also = append(p.Also, c.Name)
		}
	}
	if v.mayShare() {
		p.Others = likeName(names, p.ID, p.Name)
	}
	if err := v.fillSessions(ctx, tx, p); err != nil {
		return err
	}
	wanted := store.Wanted{Kind: books.PaymentKind, Limit: onPage, Filter: store.Filter{Client: p.ID}}
	rows, more, err := tx.ListRecords(ctx, wanted)
	if err != nil {
		return err
	}
	sums, err := tx.SumPayments(ctx, wanted)
	if err != nil {
		return err
	}
	p.Sums = append(p.Sums, sum{Label: v.t("paid in open months"), Value: sums.Amount.People(), Notes: []string{v.some(sums.Number, "payments count")}})
	p.More = more != (store.Position{})
	if p.Payments, err = v.paymentLines(ctx, tx, rows, 0, "/clientes/"+idText(p.ID)); err != nil {
		return err
	}
	if err := v.fillResting(ctx, tx, p, of); err != nil {
		return err
	}
	p.History, err = v.historyOf(ctx, tx, books.ClientKind, p.ID)
	return err
}

// fillSessions fills in the live sessions, and what is owed for them.
func (v *visit) fillSessions(ctx context.Context, tx *store.Tx, p *clientPage) error {
	open, err := tx.OpenSessions(ctx, store.OpenSessions{Client: p.ID, Limit: mostSessions})
	if err != nil {
		return err
	}
	owed, owing := books.Money(0), map[books.ID]books.Money{}
	for _, s := range open {
		owed += s.Owed()
		owing[s.ID] = s.Owed()
	}
	n := int64(len(open))
	p.Sums = []sum{{Label: v.t("owed"), Value: owed.People(), Notes: []string{v.some(n, "open sessions count")}}}
	rows, _, err := tx.ListRecords(ctx, store.Wanted{Kind: books.SessionKind, Limit: mostSessions, Filter: store.Filter{Client: p.ID}})
	if err != nil || len(rows) == 0 {
		return err
	}
	p.Sessions = &table{ID: "sessoes", Title: v.t("nav sessions"), Columns: []column{
		{Head: v.t("date"), Class: "who"}, {Head: v.t("artist")}, {Head: v.t("state")}, {Head: v.t("amount"), Class: "num sum"}, {Head: v.t("actions"), Class: "act"},
	}}
	for _, row := range rows {
		s := row.(*books.Session)
		state, receive := cell{Text: v.t("done paid"), Tag: "ok"}, cell{}
		switch missing, open := owing[s.ID]; {
		case open:
			state = cell{Text: v.t("session owes", missing.People()), Tag: "warn"}
			receive = cell{Text: v.t("receive"), Link: "/caixa?sessao=" + idText(s.ID), More: s.Date.People()}
		case s.Status.V == "completed":
			state.Text = v.t("done completed")
		}
		p.Sessions.Rows = append(p.Sessions.Rows, []cell{{Text: s.Date.People(), Link: v.rowPath(row)}, {Text: string(s.ArtistName.V)}, state, {Text: s.Amount.People()}, receive})
	}
	return nil
}

// rowPath is the page of a live row, "" without one.
func (v *visit) rowPath(row books.Row) string {
	paths := map[books.Kind]string{books.PaymentKind: "/pagamentos", books.SessionKind: "/sessoes", books.CommissionKind: "/comissoes", books.ExpenseKind: "/gastos"}
	path := paths[row.Kind()]
	switch {
	case v.mayGo(path + "/{id}"):
		return path + "/" + idText(row.Key())
	case row.Kind() == books.CommissionKind && row.(*books.Commission).PaymentID.Valid:
		return "/pagamentos/" + idText(row.(*books.Commission).PaymentID.V)
	}
	return ""
}

// renameClient gives a client another name. Statements keep the name of their
// close.
func (v *visit) renameClient() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	name := f.required("nome", recording.MaxName)
	if !f.OK() {
		return v.showClient(http.StatusUnprocessableEntity, id, clientPage{Form: f})
	}
	other := ""
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		row, err := tx.Record(ctx, books.ClientKind, id)
		if err != nil {
			return done{}, err
		}
		c := *row.(*books.Client)
		if other = string(c.Name); other != f.Value(versionField) {
			return done{}, errFaster
		}
		c.Name = books.String(name)
		d, err := v.Recording.ChangeClient(ctx, tx, v.who.By, c, nil)
		return done{To: "/clientes/" + idText(id), What: name, Flash: flash{Text: v.t("client renamed", shortened(name, 120)), Undo: d.Change}}, err
	})
	e := books.AsError(err)
	switch {
	case err == nil:
		return nil
	case e == books.AsError(errFaster):
		f.Values.Set(versionField, other)
		return v.showClient(http.StatusUnprocessableEntity, id, clientPage{Form: f, Warning: v.t("renamed meanwhile", other)})
	case e != nil && e.Code == "client_merged", f.asks(err):
		return v.showClient(http.StatusUnprocessableEntity, id, clientPage{Form: f})
	}
	return err
}

// fillResting fills in a client's rows in statements, or the link to them.
// Statements keep the names of their close; those of v4's have no ids.
func (v *visit) fillResting(ctx context.Context, tx *store.Tx, p *clientPage, of map[books.ID]bool) error {
	if !v.who.May(auth.Manage) {
		return nil
	}
	here := "/clientes/" + idText(p.ID)
	names := append(slices.Clone(p.Also), p.Name)
	theirs := func(id books.Ref, name books.Text) bool {
		if id.Valid && id.V != 0 {
			return of[id.V]
		}
		return name.Valid && slices.ContainsFunc(names, func(n string) bool { return books.SameName(n, string(name.V)) })
	}
	match := func(row books.Row) bool {
		switch r := row.(type) {
		case *books.Payment:
			return theirs(r.ClientID, r.ClientName)
		case *books.Session:
			return theirs(books.RefTo(r.ClientID), r.ClientName)
		}
		return false
	}
	var err error
	p.Closed, p.ClosedLink, err = v.closedRows(ctx, tx, here, match)
	return err
}

// Shares reports whether commissions are shown, and clients merged.
func (p clientPage) Shares() bool { return p.v.mayShare() }

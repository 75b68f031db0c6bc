package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/figures"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// clientsPage is the page /clientes.
type clientsPage struct {
	page
	Search  *form
	Clients []store.ClientName
	More    bool  // there are others
	New     *form // for a new client
	Same    *store.ClientName
}

// Name is the typed name in question.
func (p clientsPage) Name() string { return strings.TrimSpace(p.New.Value("nome")) }

// mostClients is how many clients a page lists.
const mostClients = 100

func (v *visit) clientsPage() error { return v.showClients(http.StatusOK, v.blankForm(), nil) }

func (v *visit) showClients(status int, f *form, same *store.ClientName) error {
	search := &form{v: v, Values: v.r.URL.Query()}
	p := clientsPage{page: v.page(v.t("nav clients"), "/clientes"), Search: search, New: f.On("novo-"), Same: same}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		p.Clients, err = figures.Clients(ctx, tx, strings.ToValidUTF8(search.Value("q"), ""), mostClients+1)
		return err
	})
	if err != nil {
		return err
	}
	if p.More = len(p.Clients) > mostClients; p.More {
		p.Clients = p.Clients[:mostClients]
	}
	return v.show(status, "clients.html", p)
}

// addClient writes a client down. One with the same name is asked about once.
func (v *visit) addClient() error {
	f := v.form()
	name := f.required("nome", recording.MaxName)
	if !f.OK() {
		return v.showClients(http.StatusUnprocessableEntity, f, nil)
	}
	var same *store.ClientName
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		all, err := tx.ClientNames(ctx)
		if err != nil {
			return done{}, err
		}
		same = nil
		if i := slices.IndexFunc(all, func(c store.ClientName) bool { return books.SameName(c.Name, name) }); i >= 0 && f.Value(confirmField) != name {
			same = &store.ClientName{ID: all[i].Shown(), Name: all[i].Name}
			return done{}, errSameName
		}
		d, err := v.Recording.AddClient(ctx, tx, v.who.By, books.Client{Name: books.String(name)})
		return done{To: "/clientes/" + idText(d.ID), What: name, Flash: flash{Text: v.t("client made", shortened(name, 120)), Undo: d.Change}}, err
	})
	switch {
	case err == nil:
		return nil
	case same != nil && books.AsError(err).Code == errSameName.Code, f.asks(err):
		return v.showClients(http.StatusUnprocessableEntity, f, same)
	}
	return err
}

// errSameName means: a client with this name exists.
var errSameName = books.Conflictf("same_name", "there is a client with this name")

// clientPage is the page /clientes/{id}.
type clientPage struct {
	page
	ID       books.ID
	Name     string
	Form     *form
	Owed     books.Money
	Sessions []option
	Payments []paymentLine
	More     bool // there are older ones
	History  []changeLine
	Warning  string
}

// Shares reports whether commissions are shown.
func (p clientPage) Shares() bool { return p.v.mayShare() }

func (v *visit) clientPage() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	return v.showClient(http.StatusOK, id, nil, "")
}

// showClient shows a client: the amounts owed, and the newest payments.
func (v *visit) showClient(status int, id books.ID, f *form, warning string) error {
	p := clientPage{page: v.page(v.t("nav clients"), "/clientes"), ID: id, Form: f, Warning: warning}
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
		open, err := tx.OpenSessions(ctx, store.OpenSessions{Client: id, Limit: offeredSessions})
		if err != nil {
			return err
		}
		for _, s := range open {
			p.Owed += s.Owed()
			p.Sessions = append(p.Sessions, option{Value: idText(s.ID), Text: v.openSession(s)})
		}
		rows, more, err := tx.ListRecords(ctx, store.Wanted{Kind: books.PaymentKind, Limit: onPage, Filter: store.Filter{Client: id}})
		if err != nil {
			return err
		}
		p.More = more != (store.Position{})
		if p.Payments, err = v.paymentLines(ctx, tx, rows, 0, "/clientes/"+idText(id)); err != nil {
			return err
		}
		p.History, err = v.historyOf(ctx, tx, books.ClientKind, id)
		return err
	})
	if err != nil {
		return err
	}
	return v.show(status, "client.html", p)
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
		return v.showClient(http.StatusUnprocessableEntity, id, f, "")
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
	switch {
	case err == nil:
		return nil
	case books.AsError(err) == books.AsError(errFaster):
		f.Values.Set(versionField, other)
		return v.showClient(http.StatusUnprocessableEntity, id, f, v.t("renamed meanwhile", other))
	case f.asks(err):
		return v.showClient(http.StatusUnprocessableEntity, id, f, "")
	}
	return err
}

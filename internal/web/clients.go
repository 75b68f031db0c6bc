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
	search := &form{v: v, Values: v.r.URL.Query(), ID: "busca-"}
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

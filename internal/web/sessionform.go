package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// sessionForm is the form of a session, with its choices.
type sessionForm struct {
	*form
	Artists []group
	Clients []string // suggestions
	Of      books.ID // the session; 0: a new one
}

// Button sends the form.
func (e sessionForm) Button() string {
	if e.Of == 0 {
		return e.v.t("create session")
	}
	return e.v.t("save")
}

// Nobody reports whether there is no artist to choose.
func (e sessionForm) Nobody() bool { return len(e.Artists) == 1 && len(e.Artists[0].Options) == 0 }

// newSessionPage begins a session: the address may fill fields in.
func (v *visit) newSessionPage() error {
	f := v.blankForm(dayField, v.today().String()).Begin(clientField)
	q := v.r.URL.Query()
	for _, name := range []string{dayField, clientField, artistField, amountField, noteField} {
		if q.Has(name) {
			f.Values.Set(name, strings.ToValidUTF8(q.Get(name), "�"))
		}
	}
	return v.showNewSession(http.StatusOK, f)
}

func (v *visit) showNewSession(status int, f *form) error {
	p := sessionPage{page: v.page(v.t("nav sessions"), sessionsPath), Entry: sessionForm{form: f}}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		if !f.Has(artistField) {
			last, err := tx.LastPaymentBy(ctx, v.who.By)
			if err != nil {
				return err
			}
			if last != nil {
				f.Values.Set(artistField, idText(last.ArtistID))
			}
		}
		return v.offerSession(ctx, tx, &p.Entry, nil)
	})
	if err != nil {
		return err
	}
	return v.show(status, "newsession.html", p)
}

// offerSession fills in the choices of a session's form. An existing row keeps
// an artist no longer offered.
func (v *visit) offerSession(ctx context.Context, tx *store.Tx, e *sessionForm, row *books.Session) (err error) {
	artists, err := v.artists(ctx, tx)
	if err != nil {
		return err
	}
	var options []option
	for _, a := range artists {
		options = append(options, option{Value: idText(a.ID), Text: a.Name})
	}
	if row != nil && !slices.ContainsFunc(options, func(o option) bool { return o.Value == idText(row.ArtistID) }) {
		options = append(options, option{Value: idText(row.ArtistID), Text: string(row.ArtistName.V)})
	}
	e.Artists = []group{{Options: options}}
	e.Clients, err = suggestions(ctx, tx)
	return err
}

// readSession reads a session's form. A blank price is none.
func (v *visit) readSession(f *form) recording.SessionEntry {
	var e recording.SessionEntry
	e.Date = f.day(dayField)
	e.Client = f.required(clientField, recording.MaxName)
	if e.ArtistID = f.id(artistField); e.ArtistID == 0 {
		f.fault(artistField, v.t("choose artist"))
	}
	if strings.TrimSpace(f.Value(amountField)) != "" {
		e.Amount = f.money(amountField)
	}
	if note := f.text(noteField, recording.MaxNote); note != "" {
		e.Note = books.TextOf(note)
	}
	return e
}

// sessionFaults say where the refusals of a session belong.
var sessionFaults = faults{
	"invalid_day": "data", "invalid_amount": "valor", "unknown_artist": "artista", "unknown_client": "cliente", "missing_client": "cliente",
}

// addSession writes a session down.
func (v *visit) addSession() error {
	f := v.form()
	meant := v.readSession(f)
	if !f.OK() {
		return v.showNewSession(http.StatusUnprocessableEntity, f)
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		d, err := v.Recording.AddSession(ctx, tx, v.who.By, meant)
		what := v.sessionInShort(meant.Client, meant.Date)
		text := v.t("session made", what)
		if d.Client != 0 {
			text += " " + v.t("new client")
		}
		return done{To: sessionPath(d.ID), What: what, Flash: flash{Text: text, Undo: d.Change}}, err
	})
	if err == nil {
		return nil
	}
	if !f.asks(err) {
		if err := f.refuse(err, sessionFaults); err != nil {
			return err
		}
	}
	return v.showNewSession(http.StatusUnprocessableEntity, f)
}

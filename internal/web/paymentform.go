package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/figures"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/web/typed"
)

// The fields of a payment's form.
const (
	dayField, amountField, methodField, artistField = "data", "valor", "forma", "artista"
	clientField, percentField, sessionField         = "cliente", "percentual", "sessao"
	depositField, noteField                         = "sinal", "obs"
	sessionDayField, priceField                     = "sessao_data", "sessao_preco"
	defaultField                                    = "padrao" // the artist, and the percent offered for it
	askedField, confirmField                        = "perguntado", "confirmo"
	todayField                                      = "hoje"
)

// paymentForm is the form of a payment, with its choices.
type paymentForm struct {
	*form
	Artists, Methods, Sessions []group
	Clients                    []string   // suggestions
	Questions                  []string   // to be confirmed
	Codes, Asked               string     // of the questions, and the values they are about
	Closed                     *closedDay // its day's month is closed
	Locked                     bool       // its commission is split, or another artist's
	Of                         books.ID   // the payment; 0: a new one
}

// closedDay explains a closed month, with the ways out.
type closedDay struct {
	Text              string
	Reopen, Statement link // blank without permission
}

// mayShare reports whether the visitor decides about commissions.
func (v *visit) mayShare() bool { return v.who != nil && v.who.May(auth.Write) }

// Shares reports whether the visitor decides about the commission, and HasPercent
// whether the form has a field for it.
func (e paymentForm) Shares() bool     { return e.v.mayShare() }
func (e paymentForm) HasPercent() bool { return e.v.mayShare() && !e.Locked }

// Button sends the form; Anyway sends it after a question.
func (e paymentForm) Button() string {
	if e.Of != 0 {
		return e.v.t("save")
	}
	return e.v.t("record")
}

// Anyway is Button once something was asked.
func (e paymentForm) Anyway() string {
	if e.Of != 0 {
		return e.v.t("save anyway")
	}
	return e.v.t("record anyway")
}

// Equal reports whether the form was asked about an equal payment.
func (e paymentForm) Equal() bool { return strings.Contains(e.Codes, recording.EqualPayment) }

// Leave is the way out of a question.
func (e paymentForm) Leave() string {
	if e.Of != 0 {
		return "/pagamentos/" + idText(e.Of)
	}
	return local("/caixa/" + url.PathEscape(e.Value(dayField)))
}

// Nobody reports whether there is no artist to choose.
func (e paymentForm) Nobody() bool { return len(e.Artists) == 1 && len(e.Artists[0].Options) == 0 }

// InShort is the subject of the question.
func (e paymentForm) InShort() string {
	var parts []string
	for _, text := range []string{e.Value(amountField), e.Value(methodField), chosenText(e.Artists, e.Value(artistField)), e.Value(clientField)} {
		if text = strings.TrimSpace(text); text != "" {
			parts = append(parts, text)
		}
	}
	if amount, err := typed.Money(e.Value(amountField)); err == nil {
		parts[0] = amount.People()
	}
	return strings.Join(parts, ", ") + "."
}

func chosenText(groups []group, value string) string {
	for _, g := range groups {
		for _, o := range g.Options {
			if o.Value == value {
				return o.Text
			}
		}
	}
	return ""
}

// offer fills in the choices of a payment's form on a day. An existing row
// keeps an artist or a method no longer offered.
func (v *visit) offer(ctx context.Context, tx *store.Tx, e *paymentForm, day books.Day, row *books.Payment) error {
	artists, err := v.artists(ctx, tx)
	if err != nil {
		return err
	}
	percents, err := tx.ArtistPercents(ctx, day)
	if err != nil {
		return err
	}
	var options []option
	for _, a := range artists {
		options = append(options, option{Value: idText(a.ID), Text: a.Name, Default: v.shownPercent(percents[a.ID])})
	}
	if row != nil && !slices.ContainsFunc(options, func(o option) bool { return o.Value == idText(row.ArtistID) }) {
		options = append(options, option{Value: idText(row.ArtistID), Text: string(row.ArtistName.V)})
	}
	e.Artists = []group{{Options: options}}
	terms, err := v.methodTerms(ctx, tx)
	if err != nil {
		return err
	}
	e.Methods = []group{{}}
	for _, m := range methodsOf(terms) {
		e.Methods[0].Options = append(e.Methods[0].Options, option{Value: m, Text: m})
	}
	if e.Clients, err = suggestions(ctx, tx); err != nil {
		return err
	}
	if e.Sessions, err = v.openSessions(ctx, tx, store.OpenSessions{Unpriced: true, Limit: offeredSessions}); err != nil {
		return err
	}
	return v.offerChosen(ctx, tx, e)
}

// offerChosen adds the chosen session if it is not among the offered: it is
// paid, or further down.
func (v *visit) offerChosen(ctx context.Context, tx *store.Tx, e *paymentForm) error {
	id := v.blankForm("id", e.Value(sessionField)).id("id")
	if id == 0 || chosenText(e.Sessions, idText(id)) != "" {
		return nil
	}
	live, err := tx.LiveByID(ctx, books.SessionKind, []books.ID{id})
	if s, ok := live[id].(*books.Session); ok {
		e.Sessions = append(e.Sessions, group{Options: []option{{Value: idText(s.ID), Text: v.t("session of", v.dayAndMonth(s.Date))}}})
	}
	return err
}

// How much a form offers by itself; the script asks for more as one types.
const (
	suggestedClients = 100
	offeredSessions  = 50
)

// suggestions are the names of the newest clients.
func suggestions(ctx context.Context, tx *store.Tx) (names []string, err error) {
	newest, err := tx.NewestClients(ctx, suggestedClients)
	for _, c := range newest {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names, err
}

// shownPercent is a percent as the form begins with it: blank is none.
func (v *visit) shownPercent(p books.Percent) string {
	if p == 0 {
		return ""
	}
	return v.percent(p)
}

func idText(id books.ID) string { return strconv.FormatInt(int64(id), 10) }

// openSessions returns sessions with an amount owed as options, by client.
func (v *visit) openSessions(ctx context.Context, tx *store.Tx, wanted store.OpenSessions) ([]group, error) {
	list, err := tx.OpenSessions(ctx, wanted)
	groups := []group{{Options: []option{{Text: v.t("no session")}}}}
	for _, s := range list {
		i := slices.IndexFunc(groups, func(g group) bool { return g.Name == s.ClientName })
		if i < 0 {
			i, groups = len(groups), append(groups, group{Name: s.ClientName})
		}
		groups[i].Options = append(groups[i].Options, option{Value: idText(s.ID), Text: v.openSession(s), Default: s.Owed().People()})
	}
	slices.SortStableFunc(groups, func(a, b group) int { return strings.Compare(books.SearchKey(a.Name), books.SearchKey(b.Name)) })
	return groups, err
}

// openSession describes a session and the amount owed: 12/11 · R$ 800,00 ·
// faltam R$ 600,00.
func (v *visit) openSession(s store.OpenSession) string {
	if s.Price == 0 {
		return v.t("open session unpriced", v.dayAndMonth(s.Date))
	}
	return v.t("open session", v.dayAndMonth(s.Date), s.Price.People(), s.Owed().People())
}

// dayAndMonth leaves the year out where it is this one.
func (v *visit) dayAndMonth(d books.Day) string {
	text := d.People()
	if d.Month().Year == v.today().Month().Year {
		text = text[:len("28/10")]
	}
	return text
}

// suggest answers the script of a payment's form: clients by the typed text,
// and the open sessions of the named one.
func (v *visit) suggest() error {
	ctx, name := v.r.Context(), strings.TrimSpace(v.r.FormValue(clientField))
	e := paymentForm{form: v.blankForm()}
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		found, err := figures.Clients(ctx, tx, name, 20)
		if err != nil {
			return err
		}
		wanted := store.OpenSessions{Client: -1, Unpriced: true, Limit: offeredSessions} // nobody's
		e.Clients = nil
		for _, c := range found {
			e.Clients = append(e.Clients, c.Name)
			if books.SameName(c.Name, name) {
				wanted.Client = c.ID
			}
		}
		if name == "" {
			wanted.Client = 0
		}
		e.Sessions, err = v.openSessions(ctx, tx, wanted)
		return err
	})
	if err != nil {
		return err
	}
	return v.show(200, "suggestions", e)
}

// readEntry reads a payment's form.
func (v *visit) readEntry(f *form) recording.Entry {
	var e recording.Entry
	e.Date, e.Amount = f.day(dayField), f.money(amountField)
	if f.Has(todayField) {
		e.Date = v.today()
		f.Values.Set(dayField, e.Date.String())
		delete(f.errors, dayField)
	}
	e.Method = books.String(f.required(methodField, recording.MaxMethod))
	e.ArtistID = f.id(artistField)
	if e.ArtistID == 0 {
		f.fault(artistField, v.t("choose artist"))
	}
	e.Client = f.text(clientField, recording.MaxName)
	if v.mayShare() && f.Has(percentField) {
		if p := f.percent(percentField); !f.defaultOfOther() {
			e.Percent = &p
		}
	}
	if id := f.id(sessionField); id != 0 {
		e.SessionID = books.RefTo(id)
	}
	e.Deposit = books.Mark(f.Has(depositField))
	if bool(e.Deposit) && !e.SessionID.Valid {
		e.Session = &recording.NewSession{Date: f.day(sessionDayField), Price: f.money(priceField)}
		if e.Client == "" {
			f.fault(clientField, v.t("error missing_client"))
		}
	}
	if note := f.text(noteField, recording.MaxNote); note != "" {
		e.Note = books.TextOf(note)
	}
	if f.Value(askedField) == f.about() {
		e.Confirmed = strings.Fields(f.Value(confirmField))
	}
	return e
}

// id returns the id chosen in a field, 0 for none.
func (f *form) id(name string) books.ID {
	text := strings.TrimSpace(f.Value(name))
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		f.fault(name, f.v.t("choose again"))
	}
	return books.ID(n)
}

// defaultOfOther reports whether the percent is the default offered for another
// artist or another day than the chosen: without a script nobody changed it.
func (f *form) defaultOfOther() bool {
	artist, percent, ok := strings.Cut(f.Value(defaultField), ":")
	return ok && (artist != f.Value(artistField) || f.Has(todayField)) && percent == strings.TrimSpace(f.Value(percentField))
}

// about identifies the values of a question.
func (f *form) about() string {
	h := sha256.New()
	for _, name := range []string{dayField, amountField, methodField, artistField, clientField} {
		_, _ = h.Write([]byte(f.Value(name) + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// bySession completes an entry from its session: the client, if none was typed.
// It refuses a session of another client.
func (v *visit) bySession(ctx context.Context, tx *store.Tx, e *recording.Entry, old books.Ref) error {
	if !e.SessionID.Valid || e.SessionID == old {
		return nil
	}
	live, err := tx.LiveByID(ctx, books.SessionKind, []books.ID{e.SessionID.V})
	s, ok := live[e.SessionID.V].(*books.Session)
	if err != nil || !ok {
		return err // the rule reports a missing one
	}
	if e.Client == "" && !e.ClientID.Valid {
		e.ClientID = books.RefTo(s.ClientID)
		return nil
	}
	name, err := clientName(ctx, tx, s.ClientID)
	if err == nil && !e.ClientID.Valid && !books.SameName(name, e.Client) {
		err = books.Invalidf("others_session", "session %d is of another client", s.ID)
	}
	return err
}

// entryFaults say where the refusals of a payment belong.
var entryFaults = faults{
	"invalid_day": "data", "invalid_amount": "valor", "unknown_artist": "artista", "unknown_client": "cliente", "missing_client": "cliente",
	"unknown_session": "sessao", "session_linked": "sessao", "others_session": "sessao", "invalid_percent": "percentual", "commission_split": "percentual", "event_taken": whole,
}

// refuseEntry puts the rules' faults of a payment onto its form. It returns nil
// if the form is to be shown again.
func (v *visit) refuseEntry(e *paymentForm, meant recording.Entry, err error) error {
	var asked *recording.Asked
	switch {
	case err == nil || e.asks(err):
		return nil
	case errors.As(err, &asked):
		e.Asked = e.about()
		var codes []string
		for _, q := range asked.Questions {
			codes = append(codes, q.Code)
			e.Questions = append(e.Questions, v.question(q, meant))
		}
		e.Codes = strings.Join(append(codes, meant.Confirmed...), " ")
		return nil
	case books.AsError(err).Code == "month_closed":
		e.Closed = v.closedDay(meant.Date.Month())
		return nil
	}
	return e.refuse(err, entryFaults)
}

// question is a question in words.
func (v *visit) question(q recording.Question, e recording.Entry) string {
	switch {
	case q.Equal != nil && q.Equal.CreatedAt.Valid:
		return v.t("asked equal", q.Equal.CreatedAt.V.Time().In(v.Store.Zone()).Format("15:04"))
	case q.Equal != nil:
		return v.t("asked equal sometime")
	case q.Code == recording.FarDay && e.Date < q.Today:
		return v.t("asked long ago", e.Date.People())
	case q.Code == recording.FarDay:
		return v.t("asked ahead", e.Date.People())
	default:
		return v.t("asked unusual", e.Amount.People(), q.Usual.People())
	}
}

// closedDay explains a closed month.
func (v *visit) closedDay(m books.Month) *closedDay {
	c := &closedDay{Text: v.t("month is closed", capital(v.name(m)))}
	if v.mayGo("/meses/{year}/{month}/reabrir") {
		c.Reopen = link{reopenPath(m), v.t("reopen month", v.name(m))}
	}
	if v.mayGo("/extrato/{year}/{month}") {
		c.Statement = link{statementPath(m), v.t("to statement")}
	}
	return c
}

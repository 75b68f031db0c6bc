package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/web/typed"
)

// sessionPage is the page /sessoes/{id}, and /sessoes/nova without an ID.
type sessionPage struct {
	page
	ID        books.ID
	InShort   string
	Line      sessionLine
	Completed bool
	Sums      []sum
	Receipts  *table
	Entry     sessionForm
	Version   string
	Key       string // of the buttons
	Facts     []pair // for an artist, read-only
	History   []changeLine
	Warning   string
}

// IsOwn reports whether the visitor reads a session of their own and writes
// nothing.
func (p sessionPage) IsOwn() bool { return p.Facts != nil }

func sessionPath(id books.ID) string { return sessionsPath + "/" + idText(id) }

// sessionInShort names a session: Duda Falcão, 28/10/2025.
func (v *visit) sessionInShort(client string, day books.Day) string {
	return v.t("payment on", shortened(client, 120), day.People())
}

// liveSession returns a session visible to the visitor.
func (v *visit) liveSession(ctx context.Context, tx *store.Tx, id books.ID) (*books.Session, error) {
	row, err := tx.Record(ctx, books.SessionKind, id)
	if err != nil {
		return nil, err
	}
	if only := v.onlyArtist(); only != 0 && !books.OwnedBy(row, only, "") {
		return nil, errNoPage
	}
	return row.(*books.Session), nil
}

func (v *visit) sessionPage() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	return v.showSession(http.StatusOK, id, sessionPage{})
}

// showSession shows a session. A form set in p stays unchanged.
func (v *visit) showSession(status int, id books.ID, p sessionPage) error {
	p.page, p.ID, p.Key = v.page(v.t("nav sessions"), sessionsPath), id, v.blankForm().Key
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		s, err := v.liveSession(ctx, tx, id)
		if err != nil {
			return err
		}
		all, err := tx.Receipts(ctx, []books.ID{id})
		if err != nil {
			return err
		}
		versions, err := rowVersions(ctx, tx, books.SessionKind, []books.ID{id})
		if err != nil {
			return err
		}
		r := all[id]
		p.Version, p.InShort, p.Line, p.Completed = versions[id], v.sessionInShort(string(s.ClientName.V), s.Date), v.sessionLine(s, r), s.IsCompleted()
		p.Sums, p.Receipts = v.sessionSums(s, r.Sum()), v.receiptsTable(r)
		if v.onlyArtist() != 0 {
			p.Facts = some(pair{Label: v.t("field data"), Value: p.Line.Day}, pair{Label: v.t("field cliente"), Value: p.Line.Client},
				pair{Label: v.t("price"), Value: p.Line.Price}, pair{Label: v.t("field obs"), Value: string(s.Note.V)})
			return nil
		}
		if p.Entry.form == nil {
			p.Entry.form = v.formOfSession(s)
			p.Entry.Values.Set(versionField, p.Version)
		}
		p.Entry.Of = id
		if err := v.offerSession(ctx, tx, &p.Entry, s); err != nil {
			return err
		}
		p.History, err = v.historyOf(ctx, tx, books.SessionKind, id)
		return err
	})
	if err != nil {
		return err
	}
	return v.show(status, "session.html", p)
}

// formOfSession is the form of a session as it is.
func (v *visit) formOfSession(s *books.Session) *form {
	f := v.blankForm(dayField, s.Date.String(), clientField, string(s.ClientName.V), artistField, idText(s.ArtistID), noteField, string(s.Note.V))
	if s.Amount != 0 {
		f.Values.Set(amountField, plainMoney(s.Amount))
	}
	return f
}

// sessionSums are a session's price, the amount received, and the rest.
func (v *visit) sessionSums(s *books.Session, received books.Money) []sum {
	price := sum{Label: v.t("price"), Value: s.Amount.People()}
	rest := sum{Label: v.t("owed short"), Value: s.Owed(received).People(), Total: true}
	switch {
	case s.Amount == 0:
		price.Value, rest.Value = v.t("unpriced"), "–"
	case received > s.Amount:
		rest.Label, rest.Value = v.t("too much"), (received - s.Amount).People()
	case s.IsCompleted() && received < s.Amount:
		rest.Label, rest.Value = v.t("not received"), (s.Amount - received).People()
	}
	return []sum{price, {Label: v.t("received short"), Value: received.People()}, rest}
}

// receiptsTable lists what was received for a session; payments in statements
// lead there.
func (v *visit) receiptsTable(all books.Receipts) *table {
	t := &table{ID: "recebimentos", Title: v.t("receipts"), Empty: v.t("no receipts"), Columns: []column{
		{Head: v.t("date"), Class: "who"}, {Head: v.t("where")}, {Head: v.t("method")}, {Head: v.t("field valor"), Class: "num sum"},
	}}
	for _, r := range all {
		day, where, method := cell{Text: r.Day.People()}, cell{Text: v.t("open month")}, string(r.Method.V)
		switch {
		case r.Deposit && method != "":
			method += ", " + v.t("a deposit")
		case r.Deposit:
			method = v.t("a deposit")
		}
		if r.Month.IsZero() {
			day.Link = "/pagamentos/" + idText(r.Payment)
		} else if where.Text = v.t("in statement", v.lang.month(r.Month)); v.mayGo("/extrato/{year}/{month}") {
			where.Link = statementPath(r.Month)
		}
		t.Rows = append(t.Rows, []cell{day, where, {Text: method}, {Text: r.Amount.People()}})
	}
	if len(all) > 1 {
		t.Foot = []cell{{Text: v.t("total")}, {}, {}, {Text: all.Sum().People()}}
	}
	return t
}

// saveSession corrects a session.
func (v *visit) saveSession() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	meant := v.readSession(f)
	meant.ID = id
	if !f.OK() {
		return v.showTyped(id, f)
	}
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		if err := v.bringRowBack(ctx, tx, books.SessionKind, id, f); err != nil {
			return done{}, err
		}
		return v.changeSession(ctx, tx, meant, f.Value(versionField))
	})
	switch {
	case err == nil:
		return nil
	case isOvertaken(err, "no_session"):
		return v.showSessionVersions(id, f)
	case !f.asks(err):
		if err := f.refuse(err, sessionFaults); err != nil {
			return err
		}
	}
	return v.showTyped(id, f)
}

// showTyped shows a session with its form as typed, whatever became of the row.
func (v *visit) showTyped(id books.ID, f *form) error {
	err := v.showSession(http.StatusUnprocessableEntity, id, sessionPage{Entry: sessionForm{form: f}})
	if isOvertaken(err, "no_session") {
		return v.showSessionVersions(id, f)
	}
	return err
}

// showSessionVersions shows the typed values of a session beside those saved
// meanwhile.
func (v *visit) showSessionVersions(id books.ID, f *form) error {
	facts := func(ctx context.Context, tx *store.Tx, f *form) ([]pair, error) {
		names, err := v.namesIn(ctx, tx, nil)
		return v.sessionFacts(f, names), err
	}
	ctx := v.r.Context()
	var mine []pair
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		mine, err = facts(ctx, tx, f)
		return err
	})
	if err != nil {
		return err
	}
	return v.overtaken(books.SessionKind, id, v.page(v.t("nav sessions"), sessionsPath), mine, func(ctx context.Context, tx *store.Tx, _ books.Row) ([]pair, error) {
		s, err := v.liveSession(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		return facts(ctx, tx, v.formOfSession(s))
	})
}

func (v *visit) changeSession(ctx context.Context, tx *store.Tx, e recording.SessionEntry, seen string) (done, error) {
	old, err := v.liveSession(ctx, tx, e.ID)
	if err != nil {
		return done{}, err
	}
	what := v.sessionInShort(e.Client, e.Date)
	e.GoogleEventID = old.GoogleEventID
	if e.Client == strings.TrimSpace(string(old.ClientName.V)) { // of several with one name, this one
		e.Client, e.ClientID = "", old.ClientID
	}
	if sameLine(string(e.Note.V), string(old.Note.V)) { // a field of one line shows no line ends
		e.Note = old.Note
	}
	d, err := v.Recording.ChangeSession(ctx, tx, v.who.By, e, rowUnchanged(ctx, tx, seen))
	text := v.t("session saved", what)
	if d.Client != 0 {
		text += " " + v.t("new client")
	}
	return done{To: sessionPath(e.ID), What: what, Flash: flash{Text: text, Undo: d.Change}}, err
}

// deleteSession deletes a session without payments, with an undo.
func (v *visit) deleteSession() error {
	return v.actOnSession(func(ctx context.Context, tx *store.Tx, s *books.Session, seen string) (done, error) {
		d, err := v.Recording.RemoveSession(ctx, tx, v.who.By, s.ID, rowUnchanged(ctx, tx, seen))
		return done{To: sessionsPath, Flash: flash{Text: v.t("deleted", v.t("session named", v.sessionInShort(string(s.ClientName.V), s.Date))), Undo: d.Change}}, err
	})
}

// notField takes the mark of a completed session away.
const notField = "nao"

// completeSession says that a session was held, or that it was not.
func (v *visit) completeSession() error {
	resume := v.form().Has(notField)
	return v.actOnSession(func(ctx context.Context, tx *store.Tx, s *books.Session, seen string) (done, error) {
		act, text := v.Recording.CompleteSession, v.t("session completed")
		received, err := tx.Receipts(ctx, []books.ID{s.ID})
		if err != nil {
			return done{}, err
		}
		if owed := s.Owed(received[s.ID].Sum()); owed > 0 {
			text = v.t("session completed short", owed.People())
		}
		if resume {
			act, text = v.Recording.ResumeSession, v.t("session resumed")
		}
		d, err := act(ctx, tx, v.who.By, s.ID, rowUnchanged(ctx, tx, seen))
		return done{To: sessionPath(s.ID), Flash: flash{Text: text, Undo: d.Change}}, err
	})
}

// sessionStays are the reasons why a session is not deleted.
var sessionStays = faults{"session_paid": whole, "session_in_statement": whole}

// actOnSession does what a button of a session's page says. A session changed
// meanwhile is shown first.
func (v *visit) actOnSession(act func(context.Context, *store.Tx, *books.Session, string) (done, error)) error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		s, err := v.liveSession(ctx, tx, id)
		if err != nil {
			return done{}, err
		}
		return act(ctx, tx, s, f.Value(versionField))
	})
	e := books.AsError(err)
	if e == nil {
		return nil
	}
	_, stays := sessionStays[e.Code]
	switch {
	case errors.Is(err, errFaster), f.asks(err):
		return v.showSession(http.StatusUnprocessableEntity, id, sessionPage{Warning: v.t("look at the session", v.lastChange(books.SessionKind, id))})
	case e.Code == "no_session" && v.wasDeleted(books.SessionKind, id):
		v.say(flash{Text: v.t("session already deleted"), Warn: true})
		return v.to(sessionsPath)
	case stays:
		return v.showSession(http.StatusUnprocessableEntity, id, sessionPage{Warning: v.t("error " + e.Code)})
	}
	return err
}

// sessionFacts lists the fields of a session's form, in order.
func (v *visit) sessionFacts(f *form, names namesOf) []pair {
	var facts []pair
	for _, name := range []string{dayField, clientField, artistField, amountField, noteField} {
		facts = append(facts, pair{Name: name, Label: v.t("field " + name), Value: f.Value(name)})
	}
	if day := v.blankForm(dayField, f.Value(dayField)); day.day(dayField).Month().Valid() {
		facts[0].Value = day.day(dayField).People()
	}
	if amount, err := typed.Money(f.Value(amountField)); err == nil {
		facts[3].Value = amount.People()
	}
	facts[2].Value = cmp.Or(names.users[v.blankForm("id", f.Value(artistField)).id("id")], facts[2].Value)
	return facts
}

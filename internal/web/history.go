package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// changeLine is one change of a row.
type changeLine struct {
	Who, When, What string
	Fields          []string // the changed values
	Undo            int64    // 0: it cannot be taken back here
}

// namesOf are the names of ids in the books.
type namesOf struct {
	users, clients map[books.ID]string
	sessions       map[books.ID]string
}

// mostChanges is how many changes a page shows.
const mostChanges = 20

// historyOf returns the changes of a row with their authors, newest first.
func (v *visit) historyOf(ctx context.Context, tx *store.Tx, kind books.Kind, id books.ID) ([]changeLine, error) {
	changes, err := tx.ChangesOf(ctx, kind, id, 0, mostChanges)
	if err != nil {
		return nil, err
	}
	names, err := v.namesIn(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	var lines []changeLine
	for i, c := range changes {
		l := changeLine{Who: v.actorName(c.By, names), When: v.moment(c.At), What: v.t("changed " + c.Action)}
		for _, own := range []bool{true, false} { // the row itself first
			for _, r := range c.Rows {
				if r.Kind == kind && r.ID != id {
					continue // a merge changes many
				}
				if (r.Kind == kind) == own && (!own || r.Before != nil && r.After != nil) && v.tells(kind, id, r) {
					l.Fields = append(l.Fields, v.changedFields(kind, r, names)...)
				}
			}
		}
		if c.Kind == books.ClientKind && c.Row != id && kind == books.ClientKind {
			l.Fields = append(l.Fields, v.t("merged client", names.clients[c.Row]))
		}
		mine := c.By == v.who.By || v.who.May(auth.Manage)
		if i == 0 && mine && (c.Kind == kind || kind == books.PaymentKind) && (kind != books.ExpenseKind || len(c.Rows) == 1) && v.Now().Sub(c.At.Time()) < recording.UndoLasts && v.canTakeBack(changes, c, kind) {
			l.Undo = c.ID
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// canTakeBack reports whether the history of a row of this kind offers to undo
// a change: merges on the client's page alone, and not the undo of a merge.
func (v *visit) canTakeBack(changes []store.Changeset, c store.Changeset, kind books.Kind) bool {
	if c.Action == store.MergeAction {
		return kind == books.ClientKind
	}
	return !slices.ContainsFunc(changes, func(o store.Changeset) bool { return o.ID == c.Undoes && o.Action == store.MergeAction })
}

// tells reports whether the history of a row tells of another: a client's does
// not, a session's of its payments, and a payment's tells only some people of
// its commissions.
func (v *visit) tells(of books.Kind, id books.ID, r store.ChangedRow) bool {
	switch {
	case of == books.SessionKind && r.Kind == books.PaymentKind:
		return paysFor(r.Before, id) || paysFor(r.After, id)
	case of == books.PaymentKind && r.Kind == books.CommissionKind:
		return v.mayShare()
	}
	return of == r.Kind || of == books.PaymentKind
}

// paysFor reports whether a row is a payment for a session.
func paysFor(row books.Row, session books.ID) bool {
	p, ok := row.(*books.Payment)
	return ok && p.SessionID == books.RefTo(session)
}

// actorName is an actor's name for people.
func (v *visit) actorName(by books.Actor, names namesOf) string {
	if text, ok := strings.CutPrefix(string(by), "user "); ok {
		if id, err := strconv.ParseInt(text, 10, 32); err == nil && names.users[books.ID(id)] != "" {
			return names.users[books.ID(id)]
		}
	}
	return cmp.Or(string(by), "?")
}

func (v *visit) namesIn(ctx context.Context, tx *store.Tx, changes []store.Changeset) (n namesOf, err error) {
	n = namesOf{map[books.ID]string{}, map[books.ID]string{}, map[books.ID]string{}}
	users, err := tx.Users(ctx)
	if err != nil {
		return n, err
	}
	for _, u := range users {
		n.users[u.ID] = u.Name
	}
	var clients, sessions []books.ID
	for _, c := range changes {
		if c.Kind == books.ClientKind {
			clients = append(clients, c.Row)
		}
		for _, r := range c.Rows {
			for _, row := range []books.Row{r.Before, r.After} {
				switch r := row.(type) {
				case *books.Payment:
					clients, sessions = append(clients, r.ClientID.V), append(sessions, r.SessionID.V)
				case *books.Session:
					clients = append(clients, r.ClientID)
				}
			}
		}
	}
	rows, err := tx.LiveByID(ctx, books.ClientKind, clients)
	if err != nil {
		return n, err
	}
	for id, row := range rows {
		n.clients[id] = string(row.(*books.Client).Name)
	}
	rows, err = tx.LiveByID(ctx, books.SessionKind, sessions)
	for id, row := range rows {
		n.sessions[id] = v.dayAndMonth(row.(*books.Session).Date)
	}
	return n, err
}

// changedFields describes a row's changes, field by field.
func (v *visit) changedFields(of books.Kind, r store.ChangedRow, names namesOf) []string {
	var fields []string
	before, after := v.factsOf(r.Before, names), v.factsOf(r.After, names)
	if of == books.SessionKind && r.Kind == books.PaymentKind {
		before, after = v.paymentFact(r.Before), v.paymentFact(r.After)
	}
	for i := range max(len(before), len(after)) {
		var a, b pair
		if i < len(before) {
			a = before[i]
		}
		if i < len(after) {
			b = after[i]
		}
		switch {
		case a.Value == b.Value:
		case r.Before == nil:
			fields = append(fields, v.t("made", b.Label, b.Value))
		default:
			fields = append(fields, v.t("from to", cmp.Or(a.Label, b.Label), cmp.Or(a.Value, "–"), cmp.Or(b.Value, "–")))
		}
	}
	return fields
}

// factsOf lists a row's values, in the order of its form.
func (v *visit) factsOf(row books.Row, names namesOf) []pair {
	switch r := row.(type) {
	case *books.Payment:
		deposit := ""
		if r.Deposit {
			deposit = v.t("yes")
		}
		return []pair{
			{Label: v.t("field data"), Value: r.Date.People()}, {Label: v.t("field valor"), Value: r.Amount.People()}, {Label: v.t("method"), Value: string(r.Method)},
			{Label: v.t("field artista"), Value: names.users[r.ArtistID]}, {Label: v.t("field cliente"), Value: names.clients[r.ClientID.V]},
			{Label: v.t("field sessao"), Value: names.sessions[r.SessionID.V]}, {Label: v.t("field sinal"), Value: deposit}, {Label: v.t("field obs"), Value: string(r.Note.V)},
		}
	case *books.Commission:
		value := v.t("percent and amount", v.percent(r.Percent), r.Amount.People())
		if r.Note.V != "" {
			value += ", " + string(r.Note.V)
		}
		return []pair{{Label: v.t("commission of", names.users[r.ArtistID]), Value: value}}
	case *books.Session:
		completed := ""
		if r.IsCompleted() {
			completed = v.t("yes")
		}
		return []pair{
			{Label: v.t("field data"), Value: r.Date.People()}, {Label: v.t("field cliente"), Value: names.clients[r.ClientID]}, {Label: v.t("field artista"), Value: names.users[r.ArtistID]},
			{Label: v.t("field valor"), Value: r.Amount.People()}, {Label: v.t("field obs"), Value: string(r.Note.V)}, {Label: v.t("completed fact"), Value: completed},
		}
	case *books.Client:
		return []pair{{Label: v.t("field cliente"), Value: string(r.Name)}}
	case *books.Expense:
		return v.expenseFacts(v.formOfExpense(r))
	}
	return nil
}

// paymentFact is a payment in the history of its session.
func (v *visit) paymentFact(row books.Row) []pair {
	p, ok := row.(*books.Payment)
	if !ok {
		return nil
	}
	return []pair{{Label: v.t("payment"), Value: v.t("payment on", p.Amount.People(), p.Date.People())}}
}

// lastChange returns author and time of a row's last change: Rita, às 14:32.
func (v *visit) lastChange(kind books.Kind, id books.ID) string {
	line, _ := v.newestChange(kind, id)
	if line.Who == "" {
		return v.t("somebody")
	}
	return line.Who + ", " + line.When
}

// wasDeleted reports whether a row's last change was its deletion.
func (v *visit) wasDeleted(kind books.Kind, id books.ID) bool {
	_, action := v.newestChange(kind, id)
	return action == "delete"
}

func (v *visit) newestChange(kind books.Kind, id books.ID) (line changeLine, action string) {
	ctx := v.r.Context()
	_ = v.Store.Read(ctx, func(tx *store.Tx) error { // a name less
		changes, err := tx.ChangesOf(ctx, kind, id, 0, 1)
		if err != nil || len(changes) == 0 {
			return err
		}
		names, err := v.namesIn(ctx, tx, changes)
		line, action = changeLine{Who: v.actorName(changes[0].By, names), When: v.moment(changes[0].At)}, changes[0].Action
		return err
	})
	return line, action
}

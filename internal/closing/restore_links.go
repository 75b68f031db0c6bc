package closing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// unlinked returns a row without its link to a session or payment, and the
// link.
func unlinked(row books.Row) (books.Row, books.Ref) {
	switch r := row.(type) {
	case *books.Payment:
		bare := *r
		bare.SessionID = books.Ref{}
		return &bare, r.SessionID
	case *books.Session:
		bare := *r
		bare.PaymentID = books.Ref{}
		return &bare, r.PaymentID
	}
	return row, books.Ref{}
}

// addLinks adds links missing in sessions, and notes those kept out by a newer
// one.
func (r *Restoration) addLinks(ctx context.Context, tx *store.Tx, rows []books.Row) error {
	sessions, err := tx.LiveByID(ctx, books.SessionKind, idsOf(rows, books.LinkKind))
	if err != nil {
		return err
	}
	for _, row := range r.rows {
		if row.Kind() == books.SessionKind {
			sessions[row.Key()] = row
		}
	}
	for _, row := range rows {
		link, ok := row.(*books.Link)
		if !ok {
			continue
		}
		session, there := sessions[link.SessionID].(*books.Session)
		switch {
		case !there || !session.PaymentID.Valid:
			r.rows = append(r.rows, row)
		case session.PaymentID.V != link.PaymentID:
			r.Notes = append(r.Notes, keptLinks([]*books.Link{link})...)
		}
	}
	return nil
}

// cutLinks removes links to a row neither live nor coming back: a database with
// foreign keys cannot hold them. It also removes links whose id now belongs to
// another row. The backup keeps the links. It refuses if the row rests in a
// statement.
func (r *Restoration) cutLinks(ctx context.Context, tx *store.Tx, resting resting) error {
	there, others, err := r.ends(ctx, tx)
	if err != nil {
		return err
	}
	ends := &linkEnds{r: r, resting: resting, there: there, others: others, enforced: tx.Postgres()}
	var rows []books.Row
	for _, row := range r.rows {
		kept, err := ends.cut(row)
		if err != nil {
			return err
		}
		if kept != nil {
			rows = append(rows, kept)
		}
	}
	r.rows = rows
	r.links = slices.DeleteFunc(r.links, func(l *books.Link) bool {
		ok, failed := ends.whole(&books.Payment{ID: l.PaymentID}, books.SessionKind, books.RefTo(l.SessionID))
		err = errors.Join(err, failed)
		return !ok
	})
	r.Links += len(r.links)
	return err
}

// linkEnds decides which links of a restoration can be set.
type linkEnds struct {
	r             *Restoration
	resting       resting
	there, others map[books.Kind]map[books.ID]bool // see ends
	enforced      bool                             // foreign keys hold for commissions too
}

// whole reports whether row's link can be set; if not, a note says why.
func (e *linkEnds) whole(row books.Row, kind books.Kind, link books.Ref) (bool, error) {
	id := link.V
	if !link.Valid || e.there[kind][id] {
		return true, nil
	}
	if home := e.resting.home[kind][id]; !home.IsZero() {
		return false, linkedElsewhere(row, e.r.Month, kind, id, home)
	}
	note := waiting(row, kind, id, e.r.Month)
	if e.others[kind][id] {
		note = fmt.Sprintf("%s did not get its link: %s %d of the database is not the one that the backup means", books.Describe(row), kind, id)
	}
	e.r.Notes = append(e.r.Notes, note)
	return false, nil
}

// cut returns row without a link that cannot be set; nil if nothing is left.
func (e *linkEnds) cut(row books.Row) (books.Row, error) {
	switch of := row.(type) {
	case *books.Payment, *books.Session:
		kind, link := linkOf(row)
		ok, err := e.whole(row, kind, link)
		if ok || err != nil {
			return row, err
		}
		bare, _ := unlinked(row)
		return bare, nil
	case *books.Commission:
		return row, e.checkCommission(of)
	case *books.Link:
		ok, err := e.whole(row, books.SessionKind, books.RefTo(of.SessionID))
		if ok && err == nil {
			ok, err = e.whole(row, books.PaymentKind, books.RefTo(of.PaymentID))
		}
		if !ok || err != nil {
			return nil, err
		}
		e.r.Links++
	}
	return row, nil
}

func (e *linkEnds) checkCommission(c *books.Commission) error {
	switch id := c.PaymentID; {
	case e.others[books.PaymentKind][id.V]:
		return books.Refusedf("payment_differs", "%s is of a pagamento %d that the backup does not hold, and the live pagamento %d may be another", books.Describe(c), id.V, id.V).
			WithHint("nothing was changed; enter the commission by hand if it is of the live one")
	case id.Valid && e.enforced && !e.there[books.PaymentKind][id.V]:
		return books.Refusedf("linked_row_gone", "%s is of pagamento %d, which is neither live nor in the backup", books.Describe(c), id.V).
			WithHint("PostgreSQL cannot hold it; restore %s into SQLite", e.r.Month)
	}
	return nil
}

// waiting is the note about a link to be set later.
func waiting(row books.Row, kind books.Kind, id books.ID, month books.Month) string {
	if l, ok := row.(*books.Link); ok {
		return fmt.Sprintf("%s %d is neither live nor in a backup that can be read, so the link of sessao %d and pagamento %d waits: restore %s again when it is",
			kind, id, l.SessionID, l.PaymentID, month)
	}
	return fmt.Sprintf("%s lacks its link to %s %d, which is neither live nor in a backup that can be read: restore %s again when it is",
		books.Describe(row), kind, id, month)
}

// ends returns the linked sessions and payments, live or coming back, and the
// linked ids that now belong to other rows.
func (r *Restoration) ends(ctx context.Context, tx *store.Tx) (there, others map[books.Kind]map[books.ID]bool, err error) {
	wanted := map[books.Kind][]books.ID{}
	there = map[books.Kind]map[books.ID]bool{books.SessionKind: {}, books.PaymentKind: {}}
	others = map[books.Kind]map[books.ID]bool{books.SessionKind: {}, books.PaymentKind: {}}
	want := func(kind books.Kind, id books.Ref) {
		if id.Valid {
			wanted[kind] = append(wanted[kind], id.V)
		}
	}
	for _, row := range r.rows {
		switch of := row.(type) {
		case *books.Payment:
			there[books.PaymentKind][of.ID] = true
			want(books.SessionKind, of.SessionID)
		case *books.Session:
			there[books.SessionKind][of.ID] = true
			want(books.PaymentKind, of.PaymentID)
		case *books.Commission:
			want(books.PaymentKind, of.PaymentID)
		case *books.Link:
			want(books.SessionKind, books.RefTo(of.SessionID))
			want(books.PaymentKind, books.RefTo(of.PaymentID))
		}
	}
	for _, l := range r.links {
		want(books.SessionKind, books.RefTo(l.SessionID))
	}
	for kind, ids := range wanted {
		live, err := tx.LiveByID(ctx, kind, ids)
		if err != nil {
			return nil, nil, err
		}
		for id, row := range live {
			there[kind][id] = r.isLinked(row)
			others[kind][id] = !there[kind][id]
		}
	}
	return there, others, nil
}

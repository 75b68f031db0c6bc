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
	// whole reports whether row's link can be set.
	whole := func(row books.Row, kind books.Kind, id books.ID) (bool, error) {
		if there[kind][id] {
			return true, nil
		}
		if home := resting.home[kind][id]; !home.IsZero() {
			return false, linkedElsewhere(row, r.Month, kind, id, home)
		}
		note := waiting(row, kind, id, r.Month)
		if others[kind][id] {
			note = fmt.Sprintf("%s did not get its link: %s %d of the database is not the one that the backup means", books.Describe(row), kind, id)
		}
		r.Notes = append(r.Notes, note)
		return false, nil
	}
	var rows []books.Row
	for _, row := range r.rows {
		ok := true
		bare, link := unlinked(row)
		switch of := row.(type) {
		case *books.Payment:
			if link.Valid {
				ok, err = whole(row, books.SessionKind, link.V)
			}
		case *books.Session:
			if link.Valid {
				ok, err = whole(row, books.PaymentKind, link.V)
			}
		case *books.Commission:
			switch id := of.PaymentID; {
			case others[books.PaymentKind][id.V]:
				err = books.Refusedf("payment_differs", "%s is of a pagamento %d that the backup does not hold, and the live pagamento %d may be another", books.Describe(row), id.V, id.V).
					WithHint("nothing was changed; enter the commission by hand if it is of the live one")
			case id.Valid && tx.Postgres() && !there[books.PaymentKind][id.V]:
				err = books.Refusedf("linked_row_gone", "%s is of pagamento %d, which is neither live nor in the backup", books.Describe(row), of.PaymentID.V).
					WithHint("PostgreSQL cannot hold it; restore %s into SQLite", r.Month)
			}
		case *books.Link:
			bare = nil
			if ok, err = whole(row, books.SessionKind, of.SessionID); ok && err == nil {
				ok, err = whole(row, books.PaymentKind, of.PaymentID)
			}
			if ok {
				r.Links++
			}
		}
		switch {
		case err != nil:
			return err
		case ok:
			rows = append(rows, row)
		case bare != nil:
			rows = append(rows, bare)
		}
	}
	r.rows = rows
	r.links = slices.DeleteFunc(r.links, func(l *books.Link) bool {
		ok, failed := whole(&books.Payment{ID: l.PaymentID}, books.SessionKind, l.SessionID)
		err = errors.Join(err, failed)
		return !ok
	})
	r.Links += len(r.links)
	return err
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
			there[kind][id] = r.isMeant(row)
			others[kind][id] = !there[kind][id]
		}
	}
	return there, others, nil
}

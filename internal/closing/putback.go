package closing

import (
	"context"
	"maps"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// putBack inserts rows into the live tables, with the missing clients and
// artists among them, and reads them back: it fails with an Error of kind
// Integrity if one differs. It returns the links not set because the session
// has a newer one.
func putBack(ctx context.Context, tx *store.Tx, rows []books.Row) (kept []*books.Link, err error) {
	needed, err := withoutLivePeople(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	linked, err := tx.LiveByID(ctx, books.SessionKind, idsOf(needed, books.LinkKind))
	if err != nil {
		return nil, err
	}
	if kept, err = tx.InsertRows(ctx, needed); err != nil {
		return nil, err
	}
	return kept, areLive(ctx, tx, withLinks(needed, linked))
}

// linkPayments sets pagamentos.sessao_id where it is NULL, and reads the rows
// back as putBack does.
func linkPayments(ctx context.Context, tx *store.Tx, links []*books.Link) error {
	ids := make([]books.ID, len(links))
	for i, l := range links {
		ids[i] = l.PaymentID
	}
	live, err := tx.LiveByID(ctx, books.PaymentKind, ids)
	if err != nil {
		return err
	}
	var want []books.Row
	for _, l := range links {
		if p, ok := live[l.PaymentID].(*books.Payment); ok && !p.SessionID.Valid {
			p.SessionID = books.RefTo(l.SessionID)
			want = append(want, p)
		}
	}
	if err := tx.LinkPayments(ctx, links); err != nil {
		return err
	}
	return areLive(ctx, tx, want)
}

// withLinks returns the rows (without the links among them) and the live
// sessions, as they are once the links are set.
func withLinks(rows []books.Row, live map[books.ID]books.Row) []books.Row {
	links := map[books.ID]books.ID{}
	for _, row := range rows {
		if l, ok := row.(*books.Link); ok {
			links[l.SessionID] = l.PaymentID
		}
	}
	var all []books.Row
	for _, row := range slices.AppendSeq(slices.Clone(rows), maps.Values(live)) {
		switch r := row.(type) {
		case *books.Link:
			continue
		case *books.Session:
			if payment, ok := links[r.ID]; ok && !r.PaymentID.Valid {
				linked := *r
				linked.PaymentID = books.RefTo(payment)
				row = &linked
			}
		}
		all = append(all, row)
	}
	return all
}

// readBatch is how many rows areLive holds a second time.
const readBatch = 10_000

// areLive fails unless each of rows is live with these very values: a trigger
// or a rule of the database may have dropped or changed them.
func areLive(ctx context.Context, tx *store.Tx, rows []books.Row) error {
	for kind := range books.KindCount {
		of := slices.Collect(func(yield func(books.Row) bool) {
			for _, row := range rows {
				if row.Kind() == kind && !yield(row) {
					return
				}
			}
		})
		for batch := range slices.Chunk(of, readBatch) {
			live, err := tx.LiveByID(ctx, kind, idsOf(batch, kind))
			if err != nil {
				return err
			}
			for _, row := range batch {
				what := "changed"
				switch now := live[row.Key()]; {
				case now == nil:
					what = "dropped"
				case books.Equal(now, row):
					continue
				}
				return books.Integrityf("row_altered", "%s was put back, but the database %s it", books.Describe(row), what).
					WithHint("nothing was changed; see which trigger or rule on %s did that, switch it off, then try again", kind.Table())
			}
		}
	}
	return nil
}

// withoutLivePeople leaves out live clients and artists, and clears values of
// the others that belong to another person by now.
func withoutLivePeople(ctx context.Context, tx *store.Tx, rows []books.Row) ([]books.Row, error) {
	live := map[books.Kind]map[books.ID]books.Row{}
	for _, kind := range []books.Kind{books.ClientKind, books.ArtistKind} {
		var err error
		if live[kind], err = tx.LiveByID(ctx, kind, idsOf(rows, kind)); err != nil {
			return nil, err
		}
	}
	var needed []books.Row
	var emails, forms []string
	for _, row := range rows {
		if live[row.Kind()][row.Key()] != nil {
			continue
		}
		needed = append(needed, row)
		switch r := row.(type) {
		case *books.Artist:
			emails = append(emails, string(r.Email.V))
		case *books.Client:
			forms = append(forms, string(r.JotformID.V))
		}
	}
	emailTaken, err := tx.Taken(ctx, "users", "email", emails)
	if err != nil {
		return nil, err
	}
	formTaken, err := tx.Taken(ctx, "clients", "jotform_submission_id", forms)
	if err != nil {
		return nil, err
	}
	for _, row := range needed {
		switch r := row.(type) {
		case *books.Artist:
			if emailTaken[string(r.Email.V)] {
				r.Email = books.Text{}
			}
			if r.Email.Valid {
				emailTaken[string(r.Email.V)] = true // two restored rows may share one
			}
		case *books.Client:
			if formTaken[string(r.JotformID.V)] {
				r.JotformID = books.Text{}
			}
			if r.JotformID.Valid {
				formTaken[string(r.JotformID.V)] = true
			}
		}
	}
	return needed, nil
}

func idsOf(rows []books.Row, kind books.Kind) []books.ID {
	var ids []books.ID
	for _, row := range rows {
		if row.Kind() == kind {
			ids = append(ids, row.Key())
		}
	}
	return ids
}

// eventsFree refuses rows with the google_event_id of a live row.
func eventsFree(ctx context.Context, tx *store.Tx, rows []books.Row) error {
	for _, kind := range []books.Kind{books.PaymentKind, books.SessionKind} {
		var events []string
		for _, row := range rows {
			if event := eventOf(row); row.Kind() == kind && event.Valid {
				events = append(events, string(event.V))
			}
		}
		taken, err := tx.Taken(ctx, kind.Table(), "google_event_id", events)
		if err != nil {
			return err
		}
		for _, row := range rows {
			event := eventOf(row)
			if row.Kind() != kind || !event.Valid {
				continue
			}
			if taken[string(event.V)] {
				return books.Refusedf("event_taken", "another row has the calendar event of %s", books.Describe(row)).
					WithHint("clear google_event_id %q of the live row in %s, then try again", event.V, kind.Table())
			}
			taken[string(event.V)] = true // a late row may have it a second time, but not beside the first
		}
	}
	return nil
}

func eventOf(row books.Row) books.Text {
	switch r := row.(type) {
	case *books.Payment:
		return r.GoogleEventID
	case *books.Session:
		return r.GoogleEventID
	}
	return books.Text{}
}

// resting are the rows in statements.
type resting struct {
	home    map[books.Kind]map[books.ID]books.Month // for each kind and id, the statement's month
	highest books.Highest                           // of their own and referenced ids
}

// atRest reads the ids of the rows in statements.
func atRest(ctx context.Context, tx *store.Tx) (resting, error) {
	all := resting{home: map[books.Kind]map[books.ID]books.Month{}, highest: books.Highest{}}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		all.home[kind] = map[books.ID]books.Month{}
	}
	err := tx.EachStatement(ctx, func(s books.Stored) error {
		for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
			for row, err := range s.List(kind) {
				if err != nil {
					return err
				}
				all.highest.Add(row)
				if row.Key() != 0 { // v4's commissions and expenses have no id
					all.home[kind][row.Key()] = s.Month
				}
			}
		}
		for row, err := range s.Referred() {
			if err != nil {
				break // the lists above decide, in any case
			}
			all.highest.Add(row)
		}
		return nil
	})
	return all, err
}

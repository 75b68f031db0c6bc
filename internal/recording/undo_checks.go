package recording

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// ref is a row named by another one.
type ref struct {
	kind books.Kind
	id   books.ID
}

// refsOf returns the rows named by a row.
func refsOf(row books.Row) (refs []ref) {
	add := func(kind books.Kind, id books.Ref) {
		if id.Valid {
			refs = append(refs, ref{kind, id.V})
		}
	}
	switch r := row.(type) {
	case *books.Payment:
		add(books.ClientKind, r.ClientID)
		add(books.ArtistKind, books.RefTo(r.ArtistID))
		add(books.SessionKind, r.SessionID)
	case *books.Session:
		add(books.ClientKind, books.RefTo(r.ClientID))
		add(books.ArtistKind, books.RefTo(r.ArtistID))
		add(books.PaymentKind, r.PaymentID)
	case *books.Commission:
		add(books.PaymentKind, r.PaymentID)
		add(books.ArtistKind, books.RefTo(r.ArtistID))
	case *books.Expense:
		add(books.ArtistKind, books.RefTo(r.CreatedBy))
	}
	return refs
}

// checkConsistent refuses an undo that would leave a dangling reference, or a unique
// value twice.
func checkConsistent(ctx context.Context, tx *store.Tx, rows []store.ChangedRow) error {
	before := map[ref]books.Row{} // as they will be
	for _, r := range rows {
		before[ref{r.Kind, r.ID}] = r.Before
	}
	for _, r := range rows {
		for _, needed := range refsOf(r.Before) {
			row, ours := before[needed]
			if !ours {
				live, err := tx.LiveByID(ctx, needed.kind, []books.ID{needed.id})
				if err != nil {
					return err
				}
				row = live[needed.id]
			}
			if row == nil {
				return books.Conflictf("linked_row_gone", "%s %d names %s %d, which was deleted since", r.Kind, r.ID, needed.kind, needed.id).
					WithHint("undo that deletion first")
			}
		}
		if r.Before == nil {
			if err := checkUnreferenced(ctx, tx, r, before); err != nil {
				return err
			}
		}
	}
	return checkUnique(ctx, tx, rows)
}

// checkUnreferenced refuses to delete a row named by a staying one.
func checkUnreferenced(ctx context.Context, tx *store.Tx, r store.ChangedRow, before map[ref]books.Row) error {
	if r.Kind == books.ClientKind {
		if err := unmerged(ctx, tx, r.ID); err != nil {
			return err
		}
	}
	naming, err := tx.Naming(ctx, r.Kind, r.ID)
	if err != nil {
		return err
	}
	for _, row := range naming {
		stays, ours := before[ref{row.Kind(), row.Key()}]
		if !ours {
			stays = row
		}
		if stays == nil {
			continue
		}
		for _, n := range refsOf(stays) {
			if n == (ref{r.Kind, r.ID}) {
				return books.Conflictf("row_in_use", "%s names %s %d by now", books.Describe(row), r.Kind, r.ID).
					WithHint("undo or delete that first")
			}
		}
	}
	return nil
}

// checkUnique refuses to restore a unique value taken by another row meanwhile.
func checkUnique(ctx context.Context, tx *store.Tx, rows []store.ChangedRow) error {
	for _, r := range rows {
		column, key := uniqueOf(r.Before)
		_, had := uniqueOf(r.After)
		if !key.Valid || r.After != nil && had == key {
			continue
		}
		taken, err := tx.Taken(ctx, r.Kind.Table(), column, []string{string(key.V)})
		if err != nil {
			return err
		}
		if taken[string(key.V)] {
			return books.Conflictf("event_taken", "another row has the %s of %s %d by now", column, r.Kind, r.ID).
				WithHint("clear it there, then undo again")
		}
	}
	return nil
}

func uniqueOf(row books.Row) (column string, key books.Text) {
	switch r := row.(type) {
	case *books.Payment:
		return "google_event_id", r.GoogleEventID
	case *books.Session:
		return "google_event_id", r.GoogleEventID
	case *books.Client:
		return "jotform_submission_id", r.JotformID
	}
	return "", books.Text{}
}

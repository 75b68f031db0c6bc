package closing

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// followMerges gives rows that come back to the clients who stay: theirs may
// have been merged since. It returns the rows, and those given.
func followMerges(ctx context.Context, tx *store.Tx, rows []books.Row) ([]books.Row, []store.ChangedRow, error) {
	stays, err := tx.Survivors(ctx)
	given, moved := store.ToSurvivors(rows, stays)
	return given, moved, err
}

// recordMoved records the rows given by followMerges, so that undoing the merge
// gives them back, and returns a note on each merged client.
func recordMoved(ctx context.Context, tx *store.Tx, moved []store.ChangedRow, by books.Actor, at books.Instant) (notes []string, err error) {
	counts, err := tx.RecordMoved(ctx, moved, by, at)
	if err != nil || len(counts) == 0 {
		return nil, err
	}
	stays, err := tx.Survivors(ctx)
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		notes = append(notes, fmt.Sprintf("client %d was merged into client %d, who gets the rows that come back: %d", id, stays[id], counts[id]))
	}
	return notes, err
}

// followMerges gives the rows of a backup to the clients who stay, before they
// are compared with the live ones.
func (r *Restoration) followMerges(ctx context.Context, tx *store.Tx, rows []books.Row) ([]books.Row, error) {
	stays, err := tx.Survivors(ctx)
	r.from.staying = maps.Clone(r.from.staying)
	for id, s := range r.from.staying {
		given, _ := store.ToSurvivors([]books.Row{s}, stays)
		r.from.staying[id] = given[0].(*books.Session)
	}
	rows, r.moved = store.ToSurvivors(rows, stays)
	return rows, err
}

// recordMoved records those of the rows of merged clients that were put back.
func (r *Restoration) recordMoved(ctx context.Context, tx *store.Tx, by books.Actor, at books.Instant) ([]string, error) {
	type row struct {
		kind books.Kind
		id   books.ID
	}
	back := map[row]bool{}
	for _, r := range r.rows {
		back[row{r.Kind(), r.Key()}] = true
	}
	return recordMoved(ctx, tx, slices.DeleteFunc(r.moved, func(m store.ChangedRow) bool { return !back[row{m.Kind, m.ID}] }), by, at)
}

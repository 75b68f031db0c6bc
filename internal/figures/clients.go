package figures

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Clients returns up to limit clients whose name has the text, blind to case
// and accents: first names beginning with it, then names with a word beginning
// with it, each by name. Merged clients are left out.
func Clients(ctx context.Context, tx *store.Tx, text string, limit int) ([]store.ClientName, error) {
	all, err := tx.ClientNames(ctx)
	if err != nil {
		return nil, err
	}
	type match struct {
		rank int
		key  string
		store.ClientName
	}
	wanted := books.SearchKey(strings.TrimSpace(text))
	var found []match
	for _, c := range all {
		key := books.SearchKey(strings.TrimSpace(c.Name))
		if c.Merged != 0 || !strings.Contains(key, wanted) {
			continue
		}
		rank := 2
		switch {
		case strings.HasPrefix(key, wanted):
			rank = 0
		case strings.Contains(key, " "+wanted):
			rank = 1
		}
		found = append(found, match{rank, key, c})
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.key, b.key), cmp.Compare(a.ID, b.ID))
	})
	list := make([]store.ClientName, min(limit, len(found)))
	for i := range list {
		list[i] = found[i].ClientName
	}
	return list, nil
}

package recording

import (
	"context"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// named is a client given by a person: an existing one, or the name of one to
// be made.
type named struct {
	id   books.Ref
	name string
}

// clientNamed finds a client by a typed name: trimmed and blind to case. Among
// several with one name it takes the one spelled the same, then the oldest. A
// merged one stands for the survivor.
func clientNamed(ctx context.Context, tx *store.Tx, id books.Ref, name string) (named, error) {
	if id.Valid {
		return named{}, books.Invalidf("client_twice", "both a client's id and a name are given").WithHint("give one of them")
	}
	name = strings.TrimSpace(name)
	if err := checkName("name", name, MaxName); err != nil {
		return named{}, err
	}
	clients, err := tx.ClientNames(ctx)
	if err != nil {
		return named{}, err
	}
	key := books.NameKey(name)
	var found store.ClientName
	for _, c := range clients {
		switch {
		case strings.TrimSpace(c.Name) == name:
			return named{id: books.RefTo(c.Shown())}, nil
		case found.ID == 0 && books.NameKey(c.Name) == key:
			found = c
		}
	}
	if found.ID != 0 {
		return named{id: books.RefTo(found.Shown())}, nil
	}
	return named{name: name}, nil
}

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
// merged one stands for the survivor, unless another client has the name.
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
	best := 0
	for _, c := range clients {
		likeness := 0
		switch {
		case strings.TrimSpace(c.Name) == name:
			likeness = 2
		case books.NameKey(c.Name) == key:
			likeness = 1
		}
		if likeness > 0 && c.Merged == 0 {
			likeness += 2
		}
		if likeness > best {
			best, found = likeness, c
		}
	}
	if found.ID != 0 {
		return named{id: books.RefTo(found.Shown())}, nil
	}
	return named{name: name}, nil
}

// makeClient makes a client of whom there is only a name, and returns the
// client's id; made is 0 for an existing one.
func (r *Recorder) makeClient(ctx context.Context, a *changeset, c named) (id books.Ref, made books.ID, err error) {
	if c.name == "" {
		return c.id, 0, nil
	}
	made, err = a.add(ctx, &books.Client{Name: books.String(c.name), CreatedAt: r.now(), UpdatedAt: r.now()})
	return books.RefTo(made), made, err
}

package books

import (
	"cmp"
	"slices"
)

// Earner is an artist's part of a month, also without a commission: the revenues
// of all earners add up to the month's. ID is 0 in v4's statements, which have
// names only.
type Earner struct {
	ID                  ID
	Name                string
	Revenue, Commission Money
}

// Earners adds up rows by artist. NewEarners makes one.
type Earners struct {
	all map[earnerKey]*Earner
}

// earnerKey is the artist's id, or the name of one without an id.
type earnerKey struct {
	id   ID
	name String
}

// NewEarners returns the sums of no rows.
func NewEarners() *Earners { return &Earners{map[earnerKey]*Earner{}} }

// Add takes one row.
func (e *Earners) Add(row Row) {
	switch r := row.(type) {
	case *Payment:
		e.of(r.ArtistID, r.ArtistName.V).Revenue += r.Amount
	case *Commission:
		e.of(r.ArtistID, r.ArtistName.V).Commission += r.Amount
	}
}

func (e *Earners) of(id ID, name String) *Earner {
	key := earnerKey{id: id}
	if id == 0 {
		key.name = name
	}
	if e.all[key] == nil {
		e.all[key] = &Earner{ID: id, Name: string(name)}
	}
	return e.all[key]
}

// List returns the earners, highest revenue first, then by name and id.
func (e *Earners) List() []Earner {
	list := make([]Earner, 0, len(e.all))
	for _, one := range e.all {
		list = append(list, *one)
	}
	SortEarners(list)
	return list
}

// SortEarners puts earners in the order of List.
func SortEarners(list []Earner) {
	slices.SortFunc(list, func(a, b Earner) int {
		return cmp.Or(cmp.Compare(b.Revenue, a.Revenue), cmp.Compare(b.Commission, a.Commission), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

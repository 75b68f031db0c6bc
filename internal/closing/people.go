package closing

import (
	"context"
	"fmt"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// samePeople refuses rows whose client or artist id now belongs to another
// person, who would get the money.
func samePeople(ctx context.Context, tx *store.Tx, rows []books.Row) error {
	for _, kind := range []books.Kind{books.ClientKind, books.ArtistKind} {
		live, err := tx.LiveByID(ctx, kind, idsOf(rows, kind))
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Kind() != kind || live[row.Key()] == nil || samePerson(row, live[row.Key()]) {
				continue
			}
			return books.Refusedf("somebody_else", "%s is %s in the backup and %s in the database", books.Describe(row), person(row), person(live[row.Key()])).
				WithHint("nothing was changed; begin with a new database: extrato migrate, then restore every month, and only then extrato user add and new clients")
		}
	}
	return nil
}

// samePerson reports whether two rows of one id are one person. A renamed
// person keeps the instant at which the row was made; one entered again keeps
// the e-mail or, without one, the name.
func samePerson(a, b books.Row) bool {
	switch a := a.(type) {
	case *books.Client:
		b := b.(*books.Client)
		return a.CreatedAt == b.CreatedAt || a.Name == b.Name
	case *books.Artist:
		b := b.(*books.Artist)
		if a.CreatedAt == b.CreatedAt {
			return true
		}
		if a.Email.Valid && b.Email.Valid {
			return strings.EqualFold(string(a.Email.V), string(b.Email.V))
		}
		return a.Name == b.Name
	}
	return false
}

// person describes a client or an artist, to tell two apart.
func person(row books.Row) string {
	name, email, made := "", books.Text{}, books.NullInstant{}
	switch r := row.(type) {
	case *books.Client:
		name, made = string(r.Name), r.CreatedAt
	case *books.Artist:
		name, email, made = string(r.Name), r.Email, r.CreatedAt
	}
	text := fmt.Sprintf("%q", name)
	if email.Valid {
		text += fmt.Sprintf(" <%s>", email.V)
	}
	if made.Valid {
		text += " of " + made.V.String()
	}
	return text
}

// unsharedPeople refuses restored people whose e-mail or form belongs to
// another live row: one person would be there twice.
func unsharedPeople(ctx context.Context, tx *store.Tx, rows []books.Row) error {
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Artist:
			if !r.Email.Valid || r.Email.V == "" {
				continue
			}
			user, err := tx.UserByEmail(ctx, string(r.Email.V))
			if err != nil {
				return err
			}
			if user.ID != 0 {
				return books.Refusedf("person_twice", "%s of the backup, %s, would be there twice: artista %d, %q, has the same e-mail", books.Describe(r), person(r), user.ID, user.Name).
					WithHint("nothing was changed; restore into a new database first (extrato migrate), then give the login: extrato user add %s --artist-id %d; or give artista %d another e-mail", r.Email.V, r.ID, user.ID)
			}
		case *books.Client:
			taken, err := tx.Taken(ctx, "clients", "jotform_submission_id", []string{string(r.JotformID.V)})
			if err != nil {
				return err
			}
			if r.JotformID.Valid && taken[string(r.JotformID.V)] {
				return books.Refusedf("person_twice", "%s of the backup, %s, would be there twice: another client has the form %q", books.Describe(r), person(r), r.JotformID.V).
					WithHint("nothing was changed; restore into a new database first (extrato migrate), or clear jotform_submission_id of the live row in clients")
			}
		}
	}
	return nil
}

// sameSession reports whether two copies with one id are of one session, with
// or without later changes. Old rows may lack the instant at which they were
// made.
func sameSession(a, b *books.Session) bool {
	if a.CreatedAt.Valid || b.CreatedAt.Valid {
		return a.CreatedAt == b.CreatedAt
	}
	return a.ClientID == b.ClientID && a.ArtistID == b.ArtistID && a.Date == b.Date
}

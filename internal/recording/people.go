package recording

import (
	"context"
	"strings"
	"unicode"

	"extrato/internal/books"
	"extrato/internal/store"
)

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

// knownArtist refuses an id of no artist: rows may name any user working in the
// studio, active or not.
func knownArtist(ctx context.Context, tx *store.Tx, id books.ID) error {
	users, err := tx.LiveByID(ctx, books.ArtistKind, []books.ID{id})
	if err != nil {
		return err
	}
	if a, ok := users[id].(*books.Artist); !ok || a.Role == "client" {
		return books.Invalidf("unknown_artist", "there is no artist %d", id).WithHint("see which there are: GET /api/v1/artists")
	}
	return nil
}

// knownClient refuses an id of no client. A merged client stands for the one
// who stays.
func knownClient(ctx context.Context, tx *store.Tx, id books.Ref) (books.Ref, error) {
	if !id.Valid {
		return id, nil
	}
	clients, err := tx.LiveByID(ctx, books.ClientKind, []books.ID{id.V})
	if err == nil && clients[id.V] == nil {
		err = books.Invalidf("unknown_client", "there is no client %d", id.V).WithHint("see which there are: GET /api/v1/clients")
	}
	if err != nil {
		return id, err
	}
	if m, merged, err := tx.MergeOf(ctx, id.V); err != nil || merged {
		return books.RefTo(m.Stays), err
	}
	return id, nil
}

func checkClient(c books.Client) error {
	return first(checkName("name", string(c.Name), MaxName), checkText("jotform_submission_id", string(c.JotformID.V), MaxEvent))
}

// AddClient writes a new client down.
func (r *Recorder) AddClient(ctx context.Context, tx *store.Tx, by books.Actor, c books.Client) (Done, error) {
	if err := checkClient(c); err != nil {
		return Done{}, err
	}
	c.CreatedAt, c.UpdatedAt = r.now(), r.now()
	return r.addRow(ctx, tx, by, &c)
}

// ChangeClient gives the client c.ID the name and form of c. Statements keep
// the name of their close.
func (r *Recorder) ChangeClient(ctx context.Context, tx *store.Tx, by books.Actor, c books.Client, match Match) (Done, error) {
	if err := checkClient(c); err != nil {
		return Done{}, err
	}
	old, err := record[*books.Client](ctx, tx, books.ClientKind, c.ID, match)
	if err == nil {
		err = notMerged(ctx, tx, c.ID)
	}
	if err != nil {
		return Done{}, err
	}
	old.Name, old.JotformID, old.UpdatedAt = c.Name, c.JotformID, r.now()
	return r.changeRow(ctx, tx, by, old)
}

// RemoveClient deletes a client without live rows, merged with nobody.
func (r *Recorder) RemoveClient(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	if _, err := record[*books.Client](ctx, tx, books.ClientKind, id, match); err != nil {
		return Done{}, err
	}
	if err := notMerged(ctx, tx, id); err != nil {
		return Done{}, err
	}
	used, err := tx.Refers(ctx, id, "pagamentos.cliente_id", "sessoes.cliente_id", "merged_clients.merged_into")
	if err != nil {
		return Done{}, err
	}
	if used {
		return Done{}, books.Conflictf("client_in_use", "payments, sessions or merged clients name client %d", id).
			WithHint("delete those first, or keep the client")
	}
	return r.removeRow(ctx, tx, by, books.ClientKind, id)
}

// Artist is an artist as the books know one.
type Artist struct {
	ID     books.ID
	Name   string
	Email  string // "" if there is none
	Active bool   // may sign in, if there is a password
}

func checkArtist(a Artist) error {
	return first(checkName("name", a.Name, MaxUser), checkText("email", a.Email, MaxUser), checkAddress(a.Email))
}

// checkAddress takes an e-mail address, or none.
func checkAddress(email string) error {
	local, domain, ok := strings.Cut(email, "@")
	if email != "" && (!ok || local == "" || domain == "" || strings.Contains(domain, "@") || strings.ContainsFunc(email, unicode.IsSpace)) {
		return books.Invalidf("invalid_email", "that is not an e-mail address").WithHint("such as ana@example.com, or none")
	}
	return nil
}

// AddArtist writes a new artist down. It fails with an
// Error of kind Conflict if another user has the address.
func (r *Recorder) AddArtist(ctx context.Context, tx *store.Tx, by books.Actor, a Artist) (Done, error) {
	if err := checkArtist(a); err != nil {
		return Done{}, err
	}
	if err := addressFree(ctx, tx, a); err != nil {
		return Done{}, err
	}
	user, err := tx.AddUser(ctx, store.User{Email: a.Email, Name: a.Name, Role: "artist", Active: a.Active})
	if err != nil {
		return Done{}, err
	}
	act := r.begin(tx, by)
	act.rows = []store.ChangedRow{{Kind: books.ArtistKind, ID: user.ID}}
	return act.done(ctx, added, books.ArtistKind, user.ID)
}

// ChangeArtist gives the artist a.ID the name, address and state of a.
func (r *Recorder) ChangeArtist(ctx context.Context, tx *store.Tx, by books.Actor, a Artist, match Match) (Done, error) {
	if err := checkArtist(a); err != nil {
		return Done{}, err
	}
	if err := anArtist(ctx, tx, a.ID, match); err != nil {
		return Done{}, err
	}
	if err := addressFree(ctx, tx, a); err != nil {
		return Done{}, err
	}
	act := r.begin(tx, by)
	if err := act.note(ctx, books.ArtistKind, a.ID); err != nil {
		return Done{}, err
	}
	if err := tx.SetUser(ctx, store.User{ID: a.ID, Email: a.Email, Name: a.Name, Role: "artist", Active: a.Active}); err != nil {
		return Done{}, err
	}
	return act.done(ctx, changed, books.ArtistKind, a.ID)
}

// SetArtistActive lets an artist be chosen for new rows and sign in, or not.
// Existing rows stay. The caller ends the logins: auth.EndAccess.
func (r *Recorder) SetArtistActive(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, active bool) (Done, error) {
	if err := anArtist(ctx, tx, id, nil); err != nil {
		return Done{}, err
	}
	user, err := tx.UserByID(ctx, id)
	if err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	if err := a.note(ctx, books.ArtistKind, id); err != nil {
		return Done{}, err
	}
	user.Active = active
	if err := tx.SetUser(ctx, user); err != nil {
		return Done{}, err
	}
	return a.done(ctx, changed, books.ArtistKind, id)
}

// SetTattoos says whether a person of another role works as an artist as well:
// then they can be chosen for new rows.
func (r *Recorder) SetTattoos(ctx context.Context, tx *store.Tx, id books.ID, tattoos bool) error {
	user, err := tx.UserByID(ctx, id)
	switch {
	case err != nil:
		return err
	case user.ID == 0 || user.Role == "client":
		return books.NotFoundf("no_person", "nobody of the studio has the id %d", id).WithHint("extrato user list shows who is there")
	case user.Role == "artist":
		return books.Invalidf("is_artist", "%s is an artist already", user.Name).WithHint("make an artist inactive instead")
	}
	user.Tattoos = tattoos
	return tx.SetUser(ctx, user)
}

// RemoveArtist deletes an artist without live rows.
func (r *Recorder) RemoveArtist(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	if err := anArtist(ctx, tx, id, match); err != nil {
		return Done{}, err
	}
	used, err := tx.Refers(ctx, id, "pagamentos.artista_id", "sessoes.artista_id", "comissoes.artista_id", "gastos.created_by")
	if err != nil {
		return Done{}, err
	}
	if used {
		return Done{}, books.Conflictf("artist_in_use", "rows of the books name artist %d", id).WithHint("make the artist inactive instead")
	}
	a := r.begin(tx, by)
	if err := a.note(ctx, books.ArtistKind, id); err != nil {
		return Done{}, err
	}
	if err := tx.RemoveUser(ctx, id); err != nil {
		return Done{}, err
	}
	return a.done(ctx, deleted, books.ArtistKind, id)
}

// anArtist refuses an id of no artist. Other users are managed elsewhere:
// extrato user.
func anArtist(ctx context.Context, tx *store.Tx, id books.ID, match Match) error {
	a, err := record[*books.Artist](ctx, tx, books.ArtistKind, id, nil)
	if err == nil && a.Role != "artist" {
		err = books.NotFoundf("no_artist", "there is no artist %d", id).WithHint("GET /api/v1/artists lists them; others are managed with extrato user")
	}
	if err == nil {
		err = match.check(a)
	}
	return err
}

// addressFree refuses the address of another user's login, in any case.
func addressFree(ctx context.Context, tx *store.Tx, a Artist) error {
	if a.Email == "" {
		return nil
	}
	other, err := tx.UserByEmail(ctx, a.Email)
	if err == nil && other.ID != 0 && other.ID != a.ID {
		return books.Conflictf("email_taken", "another user has this e-mail address").
			WithHint("extrato user list shows who; take another address, or none")
	}
	return err
}

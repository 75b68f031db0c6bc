package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// artistsPage is the page /artistas.
type artistsPage struct {
	page
	Artists []artistLine
	Others  []artistLine // who could be among them
	New     *form
	Same    *artistLine // an artist with the typed name
}

// artistLine is a person among the artists, or who could be.
type artistLine struct {
	ID                  books.ID
	Name, Percent, Role string
	State, Class        string // words
	Key                 string // of the form to put them among the artists
}

// Name is the typed name in question.
func (p artistsPage) Name() string { return strings.TrimSpace(p.New.Value("nome")) }

func (v *visit) artistsPage() error { return v.showArtists(http.StatusOK, v.blankForm(), nil) }

func (v *visit) showArtists(status int, f *form, same *artistLine) error {
	p := artistsPage{page: v.page(v.t("nav artists"), "/artistas"), New: f, Same: same}
	ctx := v.r.Context()
	var users []store.User
	var invitations []store.Invitation
	var percents map[books.ID]books.Percent
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if users, err = tx.Users(ctx); err != nil {
			return err
		}
		if invitations, err = tx.Invitations(ctx, ""); err != nil {
			return err
		}
		percents, err = tx.ArtistPercents(ctx, v.today())
		return err
	})
	if err != nil {
		return err
	}
	key := v.blankForm().Key
	for _, u := range users {
		l := v.artistLine(u, invitations, percents[u.ID])
		switch {
		case isArtist(u):
			p.Artists = append(p.Artists, l)
		case u.Active && u.ID != auth.ServiceAccount && auth.Role(u.Role) != auth.Client:
			l.Key = key + "-" + idText(u.ID)
			p.Others = append(p.Others, l)
		}
	}
	slices.SortStableFunc(p.Artists, func(a, b artistLine) int { return strings.Compare(a.rank(), b.rank()) })
	return v.show(status, "artists.html", p)
}

// isArtist reports whether a person stands among the artists, active or not.
func isArtist(u store.User) bool { return auth.Role(u.Role) == auth.Artist || u.Tattoos }

// rank sorts the active ones first, then by name.
func (l artistLine) rank() string {
	if l.Class == "fail" {
		return "1" + strings.ToLower(l.Name)
	}
	return "0" + strings.ToLower(l.Name)
}

func (v *visit) artistLine(u store.User, invitations []store.Invitation, percent books.Percent) artistLine {
	person := v.person(u, invitations)
	l := artistLine{ID: u.ID, Name: u.Name, Role: person.Role, State: v.t(person.State), Class: person.Class, Percent: v.t("no commission")}
	if percent > 0 {
		l.Percent = v.percent(percent) + " %"
	}
	if !u.Active {
		l.State = v.t("artist inactive")
	}
	return l
}

// addArtist writes an artist down. One with the same name is asked about once.
func (v *visit) addArtist() error {
	f := v.form()
	if f.Has("tatua") {
		return v.alsoTattoos(f)
	}
	a := recording.Artist{Name: f.required("nome", recording.MaxUser), Email: f.text("email", longestEmail), Active: true}
	percent := f.percent(percentField)
	if !f.OK() {
		return v.showArtists(http.StatusUnprocessableEntity, f, nil)
	}
	var same *artistLine
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		users, err := tx.Users(ctx)
		if err != nil {
			return done{}, err
		}
		same = nil
		i := slices.IndexFunc(users, func(u store.User) bool { return isArtist(u) && books.SameName(u.Name, a.Name) })
		if i >= 0 && f.Value(confirmField) != a.Name {
			same = &artistLine{ID: users[i].ID, Name: users[i].Name}
			return done{}, errSameName
		}
		d, err := v.Recording.AddArtist(ctx, tx, v.who.By, a)
		if err != nil {
			return done{}, err
		}
		if percent > 0 {
			err = v.Recording.SetArtistPercent(ctx, tx, d.ID, ever, percent)
		}
		return done{To: "/artistas/" + idText(d.ID), What: a.Name, Flash: flash{Text: v.t("artist made", a.Name)}}, err
	})
	switch {
	case err == nil:
		return nil
	case same != nil && books.AsError(err).Code == errSameName.Code, f.asks(err):
		return v.showArtists(http.StatusUnprocessableEntity, f, same)
	}
	if err := f.refuse(err, faults{"email_taken": "email", "invalid_email": "email", "invalid_percent": "percentual"}); err != nil {
		return err
	}
	return v.showArtists(http.StatusUnprocessableEntity, f, nil)
}

// alsoTattoos puts a person of another role among the artists.
func (v *visit) alsoTattoos(f *form) error {
	id := f.id("tatua")
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		if err := v.Recording.SetTattoos(ctx, tx, id, true); err != nil {
			return done{}, err
		}
		user, err := tx.UserByID(ctx, id)
		return done{To: "/artistas/" + idText(id), What: user.Name, Flash: flash{Text: v.t("tattoos now", user.Name)}}, err
	})
	if f.asks(err) || books.AsError(err) != nil && books.AsError(err).Code == "is_artist" {
		return v.to("/artistas")
	}
	return err
}

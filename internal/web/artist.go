package web

import (
	"context"
	"net/http"
	"slices"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// The fields of an artist's forms.
const fromDayField, nameField, emailField = "desde", "nome", "email"

// artistPage is the page /artistas/{id}.
type artistPage struct {
	page
	Artist       artistLine
	Active       bool
	Also         bool // an artist beside another role
	Terms        []artistTerm
	Percent      *form // the form of the default percent
	Access, Call *form // the forms of the access and of the name
	Key          string
	Link         string // a one-time link, shown once
}

// artistTerm is a default percent from a day on.
type artistTerm struct {
	From, Percent string
	Now           bool
}

func (v *visit) artistPage() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	return v.showArtist(http.StatusOK, id, artistPage{})
}

// showArtist shows an artist. Forms set in p stay unchanged.
func (v *visit) showArtist(status int, id books.ID, p artistPage) error {
	p.page = v.page(v.t("nav artists"), "/artistas")
	ctx := v.r.Context()
	var user store.User
	var invitations []store.Invitation
	var terms []store.ArtistTerm
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if user, err = tx.UserByID(ctx, id); err != nil {
			return err
		}
		if !isArtist(user) || user.ID == auth.ServiceAccount {
			return errNoPage
		}
		if invitations, err = tx.Invitations(ctx, ""); err != nil {
			return err
		}
		terms, err = tx.ArtistTerms(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	invitations = slices.DeleteFunc(invitations, func(i store.Invitation) bool { return i.User != id })
	p.Also = auth.Role(user.Role) != auth.Artist
	p.Active = user.Active || p.Also
	now := slices.IndexFunc(terms, func(t store.ArtistTerm) bool { return t.From <= v.today() }) // the newest first
	percent := books.Percent(0)
	for i, t := range terms {
		if p.Terms = append(p.Terms, v.artistTerm(t, i == now)); i == now {
			percent = t.Percent
		}
	}
	p.Artist = v.artistLine(user, invitations, percent)
	if p.Percent == nil {
		p.Percent = v.blankForm(percentField, v.shownPercent(percent), fromDayField, v.today().String())
	}
	if p.Access == nil {
		p.Access = v.blankForm(emailField, user.Email)
	}
	if p.Call == nil {
		p.Call = v.blankForm(nameField, user.Name)
	}
	p.Access.On("acesso-")
	p.Call.On("nome-")
	p.Key = v.blankForm().Key
	var shown accessPage
	v.reveal(&shown, []store.User{user}, invitations, nil)
	p.Link = shown.Link
	return v.show(status, "artist.html", p)
}

func (v *visit) artistTerm(t store.ArtistTerm, now bool) artistTerm {
	shown := artistTerm{From: v.t("term from", t.From.People()), Percent: v.t("no commission"), Now: now}
	if t.From == ever {
		shown.From = v.t("term ever")
	}
	if t.Percent > 0 {
		shown.Percent = v.percent(t.Percent) + " %"
	}
	return shown
}

// changeArtist does what the pressed button says.
func (v *visit) changeArtist() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	switch {
	case f.Has("inativar"), f.Has("reativar"):
		return v.setArtistActive(f, id, f.Has("reativar"))
	case f.Has("acesso"):
		return v.giveArtistAccess(f, id)
	case f.Has("renomear"):
		return v.renameArtist(f, id)
	}
	return v.setArtistPercent(f, id)
}

// anyArtist returns a person among the artists.
func anyArtist(ctx context.Context, tx *store.Tx, id books.ID) (store.User, error) {
	user, err := tx.UserByID(ctx, id)
	if err == nil && (!isArtist(user) || user.ID == auth.ServiceAccount) {
		err = errNoPage
	}
	return user, err
}

// setArtistPercent sets an artist's default percent from a day on.
func (v *visit) setArtistPercent(f *form, id books.ID) error {
	percent, from := f.percent(percentField), f.day(fromDayField)
	if !f.OK() {
		return v.showArtist(http.StatusUnprocessableEntity, id, artistPage{Percent: f})
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		user, err := anyArtist(ctx, tx, id)
		if err != nil {
			return done{}, err
		}
		text := v.t("percent set", v.percent(percent), user.Name, from.People())
		return done{To: "/artistas/" + idText(id), What: text, Flash: flash{Text: text}}, v.Recording.SetArtistPercent(ctx, tx, id, from, percent)
	})
	if f.asks(err) {
		err = nil
	}
	if err = f.refuse(err, faults{"invalid_percent": "percentual", "invalid_day": "desde"}); err != nil || f.OK() {
		return err
	}
	return v.showArtist(http.StatusUnprocessableEntity, id, artistPage{Percent: f})
}

// setArtistActive takes an artist from the lists of choices, or back. A person
// of another role stops or begins being an artist, and keeps the access.
func (v *visit) setArtistActive(f *form, id books.ID, active bool) error {
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		user, err := anyArtist(ctx, tx, id)
		if err != nil {
			return done{}, err
		}
		d := done{To: "/artistas/" + idText(id), What: user.Name, Flash: flash{Text: v.t("artist back", user.Name)}}
		if !active {
			d.Flash.Text = v.t("artist gone", user.Name)
		}
		if auth.Role(user.Role) != auth.Artist {
			d.To = "/artistas"
			return d, v.Recording.SetTattoos(ctx, tx, id, active)
		}
		if _, err := v.Recording.SetArtistActive(ctx, tx, v.who.By, id, active); err != nil || active {
			return d, err
		}
		return d, auth.EndAccess(ctx, tx, id)
	})
	if f.asks(err) {
		return v.to("/artistas/" + idText(id))
	}
	return err
}

// giveArtistAccess makes a one-time link for an artist.
func (v *visit) giveArtistAccess(f *form, id books.ID) error {
	email := f.required(emailField, longestEmail)
	if !f.OK() {
		return v.showArtist(http.StatusUnprocessableEntity, id, artistPage{Access: f})
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		user, err := anyArtist(ctx, tx, id)
		if err != nil {
			return done{}, err
		}
		link, err := v.Guard.GiveAccess(ctx, tx, id, email, v.who.By)
		return done{To: "/artistas/" + idText(id), Reveal: "link:" + link, What: user.Name, Flash: flash{Text: v.t("link made", user.Name)}}, err
	})
	if f.asks(err) {
		err = nil
	}
	if err = f.refuse(err, faults{"invalid_email": "email", "email_taken": "email", "invalid_name": whole, "no_way_in": whole}); err != nil || f.OK() {
		return err
	}
	return v.showArtist(http.StatusUnprocessableEntity, id, artistPage{Access: f})
}

// renameArtist gives an artist another name. Statements keep the name of their
// close.
func (v *visit) renameArtist(f *form, id books.ID) error {
	name := f.required(nameField, recording.MaxUser)
	if !f.OK() {
		return v.showArtist(http.StatusUnprocessableEntity, id, artistPage{Call: f})
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		user, err := anyArtist(ctx, tx, id)
		if err != nil {
			return done{}, err
		}
		_, err = v.Recording.ChangeArtist(ctx, tx, v.who.By, recording.Artist{ID: id, Name: name, Email: user.Email, Active: user.Active}, nil)
		return done{To: "/artistas/" + idText(id), What: name, Flash: flash{Text: v.t("client renamed", name)}}, err
	})
	if f.asks(err) {
		err = nil
	}
	if err = f.refuse(err, faults{"invalid_email": whole, "no_artist": whole}); err != nil || f.OK() {
		return err
	}
	return v.showArtist(http.StatusUnprocessableEntity, id, artistPage{Call: f})
}

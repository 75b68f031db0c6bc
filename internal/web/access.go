package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// revealCookie names the secret to show once on the page Acesso: the id of a
// one-time link or a token. The secret is computed from it and stored nowhere.
const revealCookie = "extrato_segredo"

// accessPage is the page /acesso.
type accessPage struct {
	page
	People       []person
	Tokens       []token
	Person       *form // the form for a new person
	Token        *form // the form for a new token
	Link, Secret string
	For          string // the person or purpose of the link or token
}

// person is a person with access, or a candidate.
type person struct {
	store.User
	Role  string // words
	State string // name of the words
	Class string
	Self  bool
	Until string // when their one-time link ends
}

// token is a service token.
type token struct {
	store.Token
	Scope, State, Class, Until, Used string
}

// scopes are those of tokens, as boxes.
func (p accessPage) Scopes() []auth.Scope { return auth.Scopes() }

// Roles are the roles a person can have.
func (p accessPage) Roles() []auth.Role { return auth.Roles() }

func (v *visit) accessPage() error {
	return v.showAccess(http.StatusOK, v.blankForm("papel", string(auth.Artist)), v.blankForm())
}

func (v *visit) showAccess(status int, newPerson, newToken *form) error {
	p := accessPage{page: v.page(v.t("nav access"), "/acesso"), Person: newPerson.On("pessoa-"), Token: newToken.On("token-")}
	ctx := v.r.Context()
	var users []store.User
	var invitations []store.Invitation
	var tokens []store.Token
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if users, err = tx.Users(ctx); err != nil {
			return err
		}
		if invitations, err = tx.Invitations(ctx, ""); err != nil {
			return err
		}
		tokens, err = tx.Tokens(ctx, "")
		return err
	})
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.ID != auth.ServiceAccount && auth.Role(u.Role) != auth.Client {
			p.People = append(p.People, v.person(u, invitations))
		}
	}
	slices.SortStableFunc(p.People, func(a, b person) int { return strings.Compare(rank(a), rank(b)) })
	for _, k := range tokens {
		p.Tokens = append(p.Tokens, v.tokenLine(k))
	}
	v.reveal(&p, users, invitations, tokens)
	return v.show(status, "access.html", p)
}

// rank sorts people with access first, then by name.
func rank(p person) string {
	if p.Active {
		return "0" + strings.ToLower(p.Name)
	}
	return "1" + strings.ToLower(p.Name)
}

func (v *visit) person(u store.User, invitations []store.Invitation) person {
	p := person{User: u, Role: v.t("role " + u.Role), Self: u.ID == v.who.UserID}
	if u.Tattoos {
		p.Role = v.t("role also", p.Role)
	}
	i := slices.IndexFunc(invitations, func(i store.Invitation) bool {
		return i.User == u.ID && !i.UsedAt.Valid && i.ExpiresAt.Time().After(v.Now())
	})
	if i >= 0 {
		p.Until = v.moment(invitations[i].ExpiresAt)
	}
	switch {
	case !u.Active:
		p.State, p.Class = "state disabled", "fail"
	case u.Password:
		p.State, p.Class = "state password", "ok"
	case p.Until != "":
		p.State, p.Class = "state invited", "warn"
	default:
		p.State, p.Class = "state no login", ""
	}
	return p
}

func (v *visit) tokenLine(k store.Token) token {
	t := token{Token: k, Scope: strings.Join(k.Scopes, ", "), Until: v.moment(k.ExpiresAt), State: "state good", Class: "ok"}
	if k.LastUsed.Valid {
		t.Used = v.moment(k.LastUsed.V)
	}
	switch {
	case k.RevokedAt.Valid:
		t.State, t.Class = "state revoked", "fail"
	case !k.ExpiresAt.Time().After(v.Now()):
		t.State, t.Class = "state ended", "warn"
	}
	return t
}

// moment writes an instant in the studio's zone: 28/10/2025 14:32.
func (v *visit) moment(i books.Instant) string {
	at := i.Time().In(v.Store.Zone())
	return books.DayOf(at).People() + " " + at.Format("15:04")
}

// reveal shows the secret just made, once.
func (v *visit) reveal(p *accessPage, users []store.User, invitations []store.Invitation, tokens []store.Token) {
	kind, id, _ := strings.Cut(preference(v.r, revealCookie), ":")
	if kind == "" {
		return
	}
	v.setCookie(revealCookie, "", -1)
	for _, i := range invitations {
		if kind == "link" && i.ID == id && !i.UsedAt.Valid {
			p.Link = base(v.r) + invitePath + v.Guard.InviteKey(i.ID)
			if u := slices.IndexFunc(users, func(u store.User) bool { return u.ID == i.User }); u >= 0 {
				p.For = users[u].Name
			}
		}
	}
	for _, k := range tokens {
		if kind == "token" && k.ID == id && !k.RevokedAt.Valid && v.Now().Sub(k.CreatedAt.Time()) < time.Minute {
			text, err := v.Guard.Sign(k)
			if err == nil {
				p.Secret, p.For = text, k.Name
			}
		}
	}
}

func (v *visit) addPerson() error {
	f := v.form()
	u := store.User{Name: f.required("nome", longestName), Email: f.required("email", longestEmail), Role: f.Value("papel"), Active: true}
	if !f.OK() {
		return v.showAccess(http.StatusUnprocessableEntity, f, v.blankForm())
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		known, err := withoutAccess(ctx, tx, u)
		if err != nil {
			return done{}, err
		}
		person := u // the transaction may run again
		person.ID = known
		if person, err = auth.AddUserIn(ctx, tx, person); err != nil {
			return done{}, err
		}
		said := v.t("person added", person.Name)
		if known != 0 {
			said = v.t("person joined", person.Name)
		}
		link, err := v.Guard.NewInvite(ctx, tx, person.ID, v.who.By)
		return done{To: "/acesso", Reveal: "link:" + link, Flash: flash{Text: said}, What: person.Name}, err
	})
	return v.accessRefused(f, err, faults{"invalid_email": "email", "invalid_name": "nome", "invalid_role": "papel", "email_taken": "email"}, true)
}

// withoutAccess returns the artist with a person's name and without a login, as
// made by the first steps or v4. 0: there is none, or more than one.
func withoutAccess(ctx context.Context, tx *store.Tx, u store.User) (found books.ID, err error) {
	users, err := tx.Users(ctx)
	for _, known := range users {
		if u.Role != known.Role || known.Email != "" || known.Password || !known.Active || !strings.EqualFold(strings.TrimSpace(known.Name), u.Name) {
			continue
		}
		if found != 0 {
			return 0, err
		}
		found = known.ID
	}
	return found, err
}

// accessRefused shows the page Acesso again, with the faults of one of its
// forms.
func (v *visit) accessRefused(f *form, err error, where faults, isPerson bool) error {
	if f.asks(err) {
		err = nil
	}
	if err = f.refuse(err, where); err != nil || f.OK() {
		return err
	}
	if isPerson {
		return v.showAccess(http.StatusUnprocessableEntity, f, v.blankForm())
	}
	return v.showAccess(http.StatusUnprocessableEntity, v.blankForm("papel", string(auth.Artist)), f)
}

// changePerson makes a new one-time link for somebody, keeps them out, or lets
// them in again.
func (v *visit) changePerson() error {
	n, err := strconv.ParseInt(v.r.PathValue("id"), 10, 32)
	if err != nil {
		return errNoPage
	}
	f, id := v.form(), books.ID(n)
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		u, err := tx.UserByID(ctx, id)
		if err != nil {
			return done{}, err
		}
		d := done{To: "/acesso", What: u.Name}
		switch {
		case u.ID == 0 || auth.Role(u.Role) == auth.Client:
			return d, errNoPage
		case f.Has("link"):
			link, err := v.Guard.NewInvite(ctx, tx, id, v.who.By)
			d.Reveal, d.Flash.Text = "link:"+link, v.t("link made", u.Name)
			return d, err
		case f.Has("desativar"):
			d.Flash.Text = v.t("person disabled", u.Name)
			return d, auth.SetActiveIn(ctx, tx, id, false)
		case f.Has("ativar"):
			d.Flash.Text = v.t("person enabled", u.Name)
			return d, auth.SetActiveIn(ctx, tx, id, true)
		}
		return d, errNoPage
	})
	return v.accessRefused(f, err, faults{"last_admin": whole, "no_way_in": whole, "service_account": whole}, true)
}

func (v *visit) addToken() error {
	f := v.form()
	name := f.required("nome", longestName)
	var scopes []auth.Scope
	for _, s := range f.Values["escopo"] {
		scopes = append(scopes, auth.Scope(s))
	}
	if len(scopes) == 0 {
		f.fault("escopo", v.t("error invalid_scope"))
	}
	if !f.OK() {
		return v.showAccess(http.StatusUnprocessableEntity, v.blankForm("papel", string(auth.Artist)), f)
	}
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		_, record, err := v.Guard.NewToken(name, scopes, auth.DefaultDays, v.who.By)
		if err != nil {
			return done{}, err
		}
		d := done{To: "/acesso", Reveal: "token:" + record.ID, Flash: flash{Text: v.t("token made", name)}, What: name}
		return d, tx.AddToken(ctx, record)
	})
	return v.accessRefused(f, err, faults{"invalid_name": "nome", "invalid_scope": "escopo"}, false)
}

func (v *visit) revokeToken() error {
	f, id := v.form(), v.r.PathValue("id")
	err := v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		found, err := tx.Tokens(ctx, id)
		if err != nil {
			return done{}, err
		}
		if len(found) != 1 {
			return done{}, errNoPage
		}
		return done{To: "/acesso", Flash: flash{Text: v.t("token revoked", found[0].Name)}}, tx.RevokeToken(ctx, id)
	})
	if errors.Is(err, errKeyUsed) {
		return v.to("/acesso")
	}
	return err
}

// Ticked reports whether a scope's box was ticked.
func (p accessPage) Ticked(s auth.Scope) bool {
	return slices.Contains(p.Token.Values["escopo"], string(s))
}

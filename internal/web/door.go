package web

import (
	"errors"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
)

// invitePath is where one-time links lead, with their key behind it.
const invitePath = "/convite/"

// The maximum lengths of the fields about a person, in characters.
const (
	longestName     = 100
	longestEmail    = 100
	longestPassword = 200
)

// signInForm is the page /login.
type signInForm struct {
	page
	Form     *form
	Next     string
	Kept     string // a form typed before the login ended
	Lost     bool
	Provider bool
}

func (v *visit) signInForm(f *form) signInForm {
	return signInForm{page: page{Title: v.t("sign in"), Flash: v.takeFlash(), v: v}, Form: f, Provider: v.Guard.HasProvider(), Next: "/"}
}

func (v *visit) signInPage() error {
	p := v.signInForm(v.blankForm().Begin("email"))
	p.Next = local(v.r.FormValue("next"))
	return v.show(http.StatusOK, "login.html", p)
}

func (v *visit) signIn() error {
	f := v.form()
	p := v.signInForm(f)
	p.Next, p.Kept = local(f.Value("next")), f.Value(keptField)
	err := v.Guard.SignIn(v.r, f.Value("email"), f.Value("password"))
	if err != nil {
		return v.signInFailed(err, p)
	}
	if t := v.unkept(p.Kept); t != nil {
		return v.show(http.StatusOK, "resume.html", resumed{page{Title: v.t("signed in"), v: v}, t})
	}
	return v.to(p.Next)
}

func (v *visit) signInFailed(err error, p signInForm) error {
	var limited *auth.Limited
	switch {
	case errors.As(err, &limited):
		v.rw.Header().Set("Retry-After", limited.Seconds())
		p.Form.Wrong = v.t("limited title") + ". " + v.t("limited text")
		return v.show(http.StatusTooManyRequests, "login.html", p)
	case errors.Is(err, auth.ErrSignIn):
		p.Form.fault("password", v.t("wrong password"))
		return v.show(http.StatusUnauthorized, "login.html", p)
	}
	return err
}

func (v *visit) signOut() error {
	if err := v.Guard.SignOut(v.r); err != nil {
		return err
	}
	return v.to("/login")
}

func (v *visit) toProvider() error {
	to, err := v.Guard.ProviderURL(v.r, base(v.r))
	switch e := books.AsError(err); {
	case err == nil:
		http.Redirect(v.rw, v.r, to, http.StatusSeeOther) //nolint:gosec // the provider that the owner chose
	case e.Kind == books.NotFound:
		v.sorry(http.StatusNotFound, "no provider")
	case e.Kind == books.Refused:
		v.Log.Warn("sign-in with the provider impossible", "cause", err.Error(), "correlation_id", books.CorrelationID(v.r.Context()))
		v.sorry(http.StatusBadGateway, "silent")
	default:
		return err
	}
	return nil
}

func (v *visit) fromProvider() error {
	if err := v.Guard.SignInWithProvider(v.r, base(v.r)); err != nil {
		return v.signInFailed(err, v.signInForm(v.blankForm()))
	}
	// The cookie is SameSite=Lax: a redirect from this page would still count as
	// the provider's, and a page of ours does not.
	return v.show(http.StatusOK, "signedin.html", page{Title: v.t("signed in"), v: v})
}

// personForm is a page with a form about a person: the first login, or a
// one-time link.
type personForm struct {
	page
	Form *form
	Name string
}

func (v *visit) setUpPage() error {
	key := v.r.FormValue("key")
	if err := v.Guard.CheckSetup(v.r.Context(), key); err != nil {
		return v.setUpFailed(err)
	}
	f := v.blankForm("key", key).Begin("name")
	return v.show(http.StatusOK, "setup.html", personForm{page: page{Title: v.t("first steps"), v: v}, Form: f})
}

func (v *visit) setUp() error {
	f := v.form()
	err := v.Guard.SetUp(v.r.Context(), f.Value("key"), f.Value("email"), f.Value("name"), f.Value("password"))
	if err != nil {
		if err := f.refuse(err, faults{"weak_password": "password", "invalid_email": "email", "invalid_name": "name", "email_taken": "email"}); err != nil {
			return v.setUpFailed(err)
		}
		return v.show(http.StatusUnprocessableEntity, "setup.html", personForm{page: page{Title: v.t("first steps"), v: v}, Form: f})
	}
	if err := v.Guard.SignIn(v.r, f.Value("email"), f.Value("password")); err != nil {
		return v.signInFailed(err, v.signInForm(f))
	}
	return v.to("/comecar")
}

func (v *visit) setUpFailed(err error) error {
	if !errors.Is(err, auth.ErrSetup) {
		return err
	}
	v.sorry(http.StatusGone, "set-up over")
	return nil
}

func (v *visit) invitePage() error {
	u, err := v.Guard.Invited(v.r.Context(), v.r.PathValue("key"))
	if err != nil {
		return v.inviteFailed(err)
	}
	return v.showInvite(http.StatusOK, u.Name, u.Email, v.blankForm().Begin("password"))
}

func (v *visit) showInvite(status int, name, email string, f *form) error {
	f.Values.Set("email", email) // for programs that keep passwords
	return v.show(status, "invite.html", personForm{page: page{Title: v.t("welcome"), v: v}, Form: f, Name: name})
}

func (v *visit) accept() error {
	f := v.form()
	u, err := v.Guard.Accept(v.r.Context(), v.r.PathValue("key"), f.Value("password"))
	if err != nil {
		if err := f.refuse(err, faults{"weak_password": "password"}); err != nil {
			return v.inviteFailed(err)
		}
		return v.showInvite(http.StatusUnprocessableEntity, u.Name, u.Email, f)
	}
	return v.to("/")
}

func (v *visit) inviteFailed(err error) error {
	if !errors.Is(err, auth.ErrInvite) {
		return err
	}
	v.sorry(http.StatusGone, "invite over")
	return nil
}

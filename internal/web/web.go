// Package web shows pages to people. So far: signing in and out, the first
// set-up, and where to go from there. Every page works without JavaScript.
package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

//go:embed templates static
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"text": text}).ParseFS(files, "templates/*.html"))

// Web holds what the pages need.
type Web struct {
	Guard *auth.Guard
	Store *store.Store
	Log   *slog.Logger
	Now   func() time.Time
}

// Routes lists all pages.
func (w *Web) Routes() []auth.Route {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err)
	}
	public := func(f func(http.ResponseWriter, *http.Request)) http.Handler { return http.HandlerFunc(f) }
	return []auth.Route{
		auth.At("GET", "/{$}", auth.Public, public(w.home)),
		auth.At("GET", "/login", auth.Public, public(w.signInPage)),
		auth.At("POST", "/login", auth.Public, public(w.signIn)),
		auth.At("POST", "/logout", auth.Public, public(w.signOut)),
		auth.At("GET", "/login/oidc", auth.Public, public(w.toProvider)),
		auth.At("GET", "/login/oidc/callback", auth.Public, public(w.fromProvider)),
		auth.At("GET", "/setup", auth.Public, public(w.setUpPage)),
		auth.At("POST", "/setup", auth.Public, public(w.setUp)),
		auth.At("GET", "/static/{file}", auth.Public, public(func(rw http.ResponseWriter, r *http.Request) { showFile(rw, r, static) })),
	}
}

// showFile answers one of the files beside the pages; it lists none. Programs
// ask for them, so what is not there is said as on any other path.
func showFile(rw http.ResponseWriter, r *http.Request, static fs.FS) {
	name := r.PathValue("file")
	if info, err := fs.Stat(static, name); err != nil || !info.Mode().IsRegular() {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(rw, `{"error":"There is nothing at this path","success":false}`+"\n")
		return
	}
	http.ServeFileFS(rw, r, static, name) //nolint:gosec // it was found in what is embedded, which nobody leaves
}

// page is what a template gets.
type page struct {
	Title, Error, Notice string
	Email, Name, Next    string
	Key                  string
	Provider             bool
	Who                  *auth.Identity
	Admin                bool
}

func (w *Web) show(rw http.ResponseWriter, r *http.Request, status int, name string, p page) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, p); err != nil {
		w.Log.Error("page not shown", "page", name, "cause", err.Error(), "correlation_id", books.CorrelationID(r.Context()))
		http.Error(rw, texts["broken"], http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(b.Bytes())
}

// Refuse answers somebody who may not see a page: strangers are sent to sign
// in, others are told.
func (w *Web) Refuse(rw http.ResponseWriter, r *http.Request, err error) {
	var limited *auth.Limited
	switch e := books.AsError(err); {
	case errors.As(err, &limited):
		rw.Header().Set("Retry-After", limited.Seconds())
		w.tell(rw, r, http.StatusTooManyRequests, texts["limited"])
	case e.Kind == books.Unauthorized && r.Method == http.MethodGet:
		http.Redirect(rw, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	case e.Kind == books.Unauthorized || e.Kind == books.Forbidden:
		w.tell(rw, r, http.StatusForbidden, texts["forbidden"])
	default:
		w.broken(rw, r, err)
	}
}

func (w *Web) broken(rw http.ResponseWriter, r *http.Request, err error) {
	id := books.CorrelationID(r.Context())
	w.Log.Error("page not shown", "path", r.URL.Path, "cause", err.Error(), "correlation_id", id)
	if errors.Is(err, store.ErrUnreachable) {
		w.tell(rw, r, http.StatusServiceUnavailable, texts["away"]+" ("+id+")")
		return
	}
	w.tell(rw, r, http.StatusInternalServerError, texts["broken"]+" ("+id+")")
}

// tell shows a page with nothing but what went wrong.
func (w *Web) tell(rw http.ResponseWriter, r *http.Request, status int, what string) {
	w.show(rw, r, status, "message.html", page{Title: what, Error: what})
}

func (w *Web) home(rw http.ResponseWriter, r *http.Request) {
	who, err := w.Guard.Identify(r)
	if err != nil {
		w.Refuse(rw, r, err)
		return
	}
	w.show(rw, r, http.StatusOK, "home.html", page{Title: texts["title"], Who: &who, Admin: who.May(auth.Manage)})
}

func (w *Web) signInPage(rw http.ResponseWriter, r *http.Request) {
	w.show(rw, r, http.StatusOK, "login.html", page{Title: texts["sign in"], Next: local(r.FormValue("next")), Provider: w.Guard.HasProvider()})
}

func (w *Web) signIn(rw http.ResponseWriter, r *http.Request) {
	next := local(r.PostFormValue("next"))
	err := w.Guard.SignIn(r, r.PostFormValue("email"), r.PostFormValue("password"))
	if err == nil {
		http.Redirect(rw, r, next, http.StatusSeeOther) //nolint:gosec // local saw to it that it is a path of ours
		return
	}
	w.signInFailed(rw, r, err, page{Title: texts["sign in"], Next: next, Email: r.PostFormValue("email"), Provider: w.Guard.HasProvider()})
}

func (w *Web) signInFailed(rw http.ResponseWriter, r *http.Request, err error, p page) {
	var limited *auth.Limited
	switch {
	case errors.As(err, &limited):
		rw.Header().Set("Retry-After", limited.Seconds())
		p.Error = texts["limited"]
		w.show(rw, r, http.StatusTooManyRequests, "login.html", p)
	case errors.Is(err, auth.ErrSignIn):
		p.Error = texts["wrong"]
		w.show(rw, r, http.StatusUnauthorized, "login.html", p)
	default:
		w.broken(rw, r, err)
	}
}

func (w *Web) signOut(rw http.ResponseWriter, r *http.Request) {
	if err := w.Guard.SignOut(r); err != nil {
		w.broken(rw, r, err)
		return
	}
	http.Redirect(rw, r, "/login", http.StatusSeeOther)
}

// base is this server's own address, as the caller sees it.
func base(r *http.Request) string {
	if auth.Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (w *Web) toProvider(rw http.ResponseWriter, r *http.Request) {
	to, err := w.Guard.ProviderURL(r, base(r))
	switch e := books.AsError(err); {
	case err == nil:
		http.Redirect(rw, r, to, http.StatusSeeOther) //nolint:gosec // the provider that the owner chose
	case e.Kind == books.NotFound:
		w.tell(rw, r, http.StatusNotFound, texts["no provider"])
	case e.Kind == books.Refused:
		w.Log.Warn("sign-in with the provider impossible", "cause", err.Error(), "correlation_id", books.CorrelationID(r.Context()))
		w.tell(rw, r, http.StatusBadGateway, texts["silent"])
	default:
		w.Refuse(rw, r, err)
	}
}

func (w *Web) fromProvider(rw http.ResponseWriter, r *http.Request) {
	if err := w.Guard.SignInWithProvider(r, base(r)); err != nil {
		w.signInFailed(rw, r, err, page{Title: texts["sign in"], Next: "/", Provider: true})
		return
	}
	// The cookie is SameSite=Lax: a redirect from this page would still count as
	// the provider's, and a page of ours does not.
	w.show(rw, r, http.StatusOK, "message.html", page{Title: texts["signed in"], Notice: texts["signed in"]})
}

func (w *Web) setUpPage(rw http.ResponseWriter, r *http.Request) {
	key := r.FormValue("key")
	if err := w.Guard.CheckSetup(r.Context(), key); err != nil {
		w.setUpFailed(rw, r, err, page{})
		return
	}
	w.show(rw, r, http.StatusOK, "setup.html", page{Title: texts["set up"], Key: key})
}

func (w *Web) setUp(rw http.ResponseWriter, r *http.Request) {
	p := page{Title: texts["set up"], Key: r.PostFormValue("key"), Email: r.PostFormValue("email"), Name: r.PostFormValue("name")}
	if err := w.Guard.SetUp(r.Context(), p.Key, p.Email, p.Name, r.PostFormValue("password")); err != nil {
		w.setUpFailed(rw, r, err, p)
		return
	}
	if err := w.Guard.SignIn(r, p.Email, r.PostFormValue("password")); err != nil {
		w.signInFailed(rw, r, err, page{Title: texts["sign in"], Next: "/", Email: p.Email, Provider: w.Guard.HasProvider()})
		return
	}
	http.Redirect(rw, r, "/", http.StatusSeeOther)
}

func (w *Web) setUpFailed(rw http.ResponseWriter, r *http.Request, err error, p page) {
	switch e := books.AsError(err); {
	case errors.Is(err, auth.ErrSetup):
		w.tell(rw, r, http.StatusGone, texts["set-up over"])
	case texts[e.Code] != "":
		p.Error = texts[e.Code]
		w.show(rw, r, http.StatusUnprocessableEntity, "setup.html", p)
	default:
		w.broken(rw, r, err)
	}
}

// local returns a path of this server, whatever somebody wrote into a link.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || next == "" || next[0] != '/' || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return next
}

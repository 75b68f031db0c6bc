package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

//go:embed templates
var templateFiles embed.FS

// templates are all pages, once for each language. Commands start without them.
var templates = sync.OnceValue(func() map[*language]*template.Template {
	all := map[*language]*template.Template{}
	for _, l := range languages {
		functions := template.FuncMap{"t": l.text, "count": l.count, "month": l.month, "static": static().path}
		all[l] = template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/*.html"))
	}
	return all
})

// visit is one request for a page, and its answer.
type visit struct {
	*Web
	rw   http.ResponseWriter
	r    *http.Request
	who  *auth.Identity // nil: a stranger, or a public page
	lang *language

	months []closing.MonthInfo    // once they were read: see allMonths
	actors map[books.Actor]string // names looked up before
}

func (w *Web) visit(rw http.ResponseWriter, r *http.Request) *visit {
	v := &visit{Web: w, rw: rw, r: r, lang: portuguese}
	if preference(r, languageCookie) == english.Code {
		v.lang = english
	}
	if who, ok := auth.From(r.Context()); ok {
		v.who = &who
	}
	return v
}

// t returns the words of a name in the visitor's language.
func (v *visit) t(name string, values ...any) string { return v.lang.t(name, values...) }

// page is the frame around a page's content. Every page's data embeds it.
type page struct {
	Title string // words
	Here  string // the path of its entry in the bar
	Flash *flash
	Waits *waits
	// Refresh is after how many seconds a browser without JavaScript asks again;
	// 0: never.
	Refresh int
	v       *visit
}

// page returns the frame of a page with this title, with the line about waiting
// work and the line of the last POST.
func (v *visit) page(title, here string) page {
	return page{Title: title, Here: here, Flash: v.takeFlash(), Waits: v.waits(here), v: v}
}

// The frame's methods for templates.

// Lang is the language of the page.
func (p page) Lang() *language { return p.v.lang }

// Theme is "light", "dark", or "" for the system's choice.
func (p page) Theme() string { return theme(p.v.r) }

// Keys reports whether single keys do something.
func (p page) Keys() bool { return p.v.who != nil && preference(p.v.r, keysCookie) != "off" }

// Who is the visitor, nil for a stranger.
func (p page) Who() *auth.Identity { return p.v.who }

// URI is the address to return to: the page itself, or a form's page.
func (p page) URI() string {
	if p.v.r.Method != http.MethodGet && p.v.r.Method != http.MethodHead {
		return local(p.Here)
	}
	return p.v.r.URL.RequestURI()
}

// CanSearch reports whether there is a page to search with, other than this.
func (p page) CanSearch() bool { return p.v.mayGo("/buscar") && p.Here != "/buscar" }

// Shortcuts lists the keys for pages open to the visitor.
func (p page) Shortcuts() []shortcut {
	return slices.DeleteFunc(slices.Clone(shortcuts), func(s shortcut) bool {
		if s.Path == "" {
			return !p.v.mayGo("/caixa") && !p.v.mayGo("/historico")
		}
		return !p.v.mayGo(s.Path)
	})
}

// shortcut is a key. Path is where it leads; without one the script does it.
type shortcut struct{ Key, Path, Text string }

var shortcuts = []shortcut{
	{"n", "/caixa", "key payment"}, {"g", "/gastos", "key expense"}, {"s", "/sessoes/nova", "key session"}, {"/", "/buscar", "key search"},
	{"[", "", "key before"}, {"]", "", "key after"}, {"?", "/atalhos", "key help"},
}

// show answers with a page. data embeds its frame.
func (v *visit) show(status int, name string, data any) error {
	var b bytes.Buffer
	if err := templates()[v.lang].ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	v.rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.rw.WriteHeader(status)
	_, _ = v.rw.Write(b.Bytes())
	return nil
}

// to sends the visitor on to a page of ours.
func (v *visit) to(path string) error {
	http.Redirect(v.rw, v.r, path, http.StatusSeeOther) //nolint:gosec,nolintlint // handlers name their own paths, local checks the others, and not every run of gosec follows that
	return nil
}

// problem is a page about a failure.
type problem struct {
	page
	Status int
	Text   string
	ID     string    // correlation id
	Retry  *keptForm // the typed values, to be sent again
	Link   link
}

// link leads on.
type link struct{ Path, Text string }

// sorry shows a problem. name is that of its texts: "NAME title", "NAME text".
func (v *visit) sorry(status int, name string) {
	v.apologize(problem{Status: status, page: page{Title: v.t(name + " title")}, Text: v.t(name + " text")})
}

func (v *visit) apologize(p problem) {
	p.ID, p.v = books.CorrelationID(v.r.Context()), v
	if p.Link.Path == "" {
		p.Link = link{"/", v.t("go home")}
	}
	if err := v.show(p.Status, "problem.html", p); err != nil {
		v.Log.Error("page not shown", "path", v.r.URL.Path, "cause", err.Error(), "correlation_id", p.ID)
		http.Error(v.rw, p.Text, http.StatusInternalServerError)
	}
}

// fail answers with a page about an error.
func (v *visit) fail(err error) {
	var limited *auth.Limited
	switch e := books.AsError(err); {
	case errors.As(err, &limited):
		v.rw.Header().Set("Retry-After", limited.Seconds())
		v.sorry(http.StatusTooManyRequests, "limited")
	case e.Kind == books.Unauthorized && (v.r.Method == http.MethodGet || v.r.Method == http.MethodHead):
		http.Redirect(v.rw, v.r, "/login?next="+url.QueryEscape(v.r.URL.RequestURI()), http.StatusSeeOther)
	case e.Kind == books.Unauthorized && isForm(v.r):
		v.loginLost()
	case e.Kind == books.Unauthorized || e.Kind == books.Forbidden:
		v.sorry(http.StatusForbidden, "forbidden")
	case e.Kind == books.NotFound:
		v.sorry(http.StatusNotFound, "missing")
	default:
		v.broken(err)
	}
}

// broken answers an unexpected failure, and a database that is away: the typed
// values stay on the page, to be sent again.
func (v *visit) broken(err error) {
	id := books.CorrelationID(v.r.Context())
	v.Log.Error("page not shown", "path", pathOf(v.r), "cause", err.Error(), "correlation_id", id)
	status, name := http.StatusInternalServerError, "broken"
	if errors.Is(err, store.ErrUnreachable) {
		status, name = http.StatusServiceUnavailable, "away"
	}
	v.rw.Header().Set("Retry-After", "30")
	p := problem{Status: status, page: page{Title: v.t(name + " title")}, Text: v.t(name + " text")}
	switch {
	case isForm(v.r):
		p.Retry = v.typed()
		p.Text = v.t(name + " typed")
	case v.r.Method == http.MethodGet:
		p.Link = link{v.r.URL.RequestURI(), v.t("try again")}
	}
	v.apologize(p)
}

// Answer shows a browser a refusal of the frame around all handlers, or an
// unknown path. It reports false, and answers nothing, to a program.
func (w *Web) Answer(rw http.ResponseWriter, r *http.Request, status int) bool {
	name, ok := map[int]string{
		http.StatusNotFound: "missing", http.StatusForbidden: "foreign", http.StatusRequestEntityTooLarge: "too large",
		http.StatusServiceUnavailable: "busy", http.StatusInternalServerError: "broken", http.StatusBadRequest: "cut off",
	}[status]
	if !ok || !wantsPage(r) {
		return false
	}
	v := w.visit(rw, r)
	if r.Header.Get("Authorization") == "" {
		if who, err := w.Guard.Identify(r); err == nil {
			v.who = &who
		}
	}
	p := problem{Status: status, page: page{Title: v.t(name + " title")}, Text: v.t(name + " text")}
	if status == http.StatusServiceUnavailable && isForm(r) {
		p.Retry, p.Text = v.typed(), v.t("away typed")
	}
	v.apologize(p)
	return true
}

// wantsPage reports whether a browser asks, and for a page.
func wantsPage(r *http.Request) bool {
	for _, prefix := range []string{"/api/", "/static/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return false
		}
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// Refuse answers a visitor without permission: strangers are sent to sign in,
// others get a page.
func (w *Web) Refuse(rw http.ResponseWriter, r *http.Request, err error) { w.visit(rw, r).fail(err) }

// pathOf is the request's path for the log: the key of a one-time link is a secret.
func pathOf(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, invitePath) {
		return invitePath + "…"
	}
	return r.URL.Path
}

// base is this server's own address, as the caller sees it.
func base(r *http.Request) string {
	if auth.Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// local returns a path of this server, for any text in a link.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || next == "" || next[0] != '/' || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return next
}

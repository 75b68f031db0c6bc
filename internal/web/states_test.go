package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// hostile are texts that break a page that takes them for its own.
var hostile = map[string]string{
	"script": `<script>alert(1)</script>"><img src=x onerror=alert(1)>'`, "right-to-left": "\u202eabc\u202d", "emoji": strings.Repeat("💀", 255),
	"wide": strings.Repeat("W", 255), "blanks": "R$\u00a01.234,56\u00a0", "plain": "Bia Moreira",
}

// states are the states of each template, as data of a visit with a text that
// somebody typed.
var states = map[string]func(v *visit, text string) []any{
	"keys.html": func(v *visit, _ string) []any { return []any{v.page("Teclas", "")} },
	"login.html": func(v *visit, text string) []any {
		wrong := v.blankForm("email", text)
		wrong.fault("password", text)
		limited := v.blankForm("email", text)
		limited.Wrong = text
		return []any{v.signInForm(v.blankForm().Begin("email")), v.signInForm(wrong), v.signInForm(limited),
			signInForm{page: page{Title: "Entrar", v: v}, Form: v.blankForm(), Next: "/x?y=" + url.QueryEscape(text), Kept: text, Lost: true, Provider: true}}
	},
	"signedin.html": func(v *visit, _ string) []any { return []any{page{Title: "Entrou", v: v}} },
	"resume.html": func(v *visit, text string) []any {
		return []any{resumed{page{Title: "Entrou", v: v}, &keptForm{"/comecar", url.Values{"nome": {text}, "escopo": {"a", text}, "x": {text}, keyField: {"k"}}, v}}}
	},
	"problem.html": func(v *visit, text string) []any {
		p := page{Title: text, v: v}
		return []any{problem{page: p, Status: 404, Text: text, ID: "c0ffee", Link: link{"/caixa", text}},
			problem{page: p, Status: 503, Text: text, ID: "c0ffee", Retry: &keptForm{"/acesso/pessoas", url.Values{"nome": {text}, "password": {"secret words"}}, v}}}
	},
	"setup.html": func(v *visit, text string) []any {
		wrong := v.blankForm("key", text, "name", text, "email", text, "password", "secret words")
		wrong.fault("email", text)
		return []any{personForm{page: page{Title: "x", v: v}, Form: v.blankForm()}, personForm{page: page{Title: "x", v: v}, Form: wrong}}
	},
	"invite.html": func(v *visit, text string) []any {
		wrong := v.blankForm("email", text)
		wrong.fault("password", text)
		return []any{personForm{page: page{Title: "x", v: v}, Form: v.blankForm(), Name: text}, personForm{page: page{Title: "x", v: v}, Form: wrong, Name: text}}
	},
	"start.html": func(v *visit, text string) (all []any) {
		for i, name := range stepNames {
			f := v.blankForm("estudio", text, "nome", text, "percentual", text, "forma1", text, "taxa1", text, "dias1", text)
			f.fault("nome", text)
			f.fault("forma1", text)
			of := steps{{Name: "estudio", Done: true, Told: text}, {Name: "artista", Skipped: true}, {Name: "formas"}, {Name: "v4", Done: true}, {Name: "backups"}}
			of[i] = step{Name: name, Now: true, Told: text}
			for _, place := range []*Place{nil, {Folder: text}, {Folder: text, Writable: true}, {Folder: text, Writable: true, SameDisk: true}} {
				p := startPage{page: v.page("x", "/comecar"), Steps: of, Form: f, Methods: []methodRow{{1, f}, {2, f}}, Place: place}
				all = append(all, p)
			}
		}
		asked := v.blankForm()
		asked.Wrong = text
		return append(all, startPage{page: v.page("x", "/comecar"), Form: asked, Steps: steps{{Name: "estudio", Done: true}}})
	},
	"access.html": func(v *visit, text string) []any {
		wrong, wrongToken := v.blankForm("nome", text, "email", text).On("pessoa-"), v.blankForm("nome", text, "escopo", "read").On("token-")
		wrong.fault("papel", text)
		wrongToken.fault("escopo", text)
		asked := v.blankForm().On("pessoa-")
		asked.Wrong = text
		p := v.page("Acesso", "/acesso")
		p.Flash = &flash{Text: text, Undo: 7, Warn: true}
		p.Waits = &waits{"fail", text, link{"/comecar", text}}
		full := accessPage{page: p, Person: wrong, Token: wrongToken, Link: "http://x/convite/" + text, Secret: text, For: text,
			People: []person{
				{User: store.User{ID: 1, Name: text, Email: text, Active: true, Password: true}, Role: "x", State: "state password", Class: "ok", Self: true},
				{User: store.User{ID: 2, Name: text}, Role: "x", State: "state disabled", Class: "fail", Until: text},
				{User: store.User{ID: 3, Name: text, Active: true}, Role: text, State: "state invited"},
			},
			Tokens: []token{{Token: store.Token{ID: "a", Name: text}, Scope: text, State: "state good", Until: "x"},
				{Token: store.Token{ID: "b", Name: text, RevokedAt: books.At(time.Now())}, State: "state revoked", Used: "x", Until: "x"}}}
		return []any{full, accessPage{page: v.page("Acesso", "/acesso"), Person: asked, Token: v.blankForm().On("token-")}}
	},
}

// partials are the templates that no page is.
var partials = []string{"", "frame.html", "top", "end", "news", "entry", "icon", "input", "wrong", "key", "retry"}

func TestEvery_template_in_every_state(t *testing.T) {
	states := maps.Clone(states)
	maps.Copy(states, statesOfDay)
	maps.Copy(states, statesOfClients)
	partials := slices.Concat(partials, partialsOfDay, []string{"closed-rows"})
	db := storetest.SQLite(t, time.Now)
	guard := auth.New(auth.Options{Store: db.Store, Key: strings.Repeat("k", 32), Now: time.Now, Log: logtest.Quiet(t)})
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	closer := &closing.Closer{Store: db.Store, Schedule: schedule, Now: time.Now, Log: logtest.Quiet(t)}
	w := New(Options{Guard: guard, Store: db.Store, Closer: closer, Log: logtest.Quiet(t), Now: time.Now})
	for _, tmpl := range templates()[portuguese].Templates() {
		if states[tmpl.Name()] == nil && !slices.Contains(partials, tmpl.Name()) {
			t.Errorf("no state of %s is tried", tmpl.Name())
		}
		if states[tmpl.Name()] != nil && !strings.Contains(tmpl.Tree.Root.String(), `{{template "news" .}}`) {
			t.Errorf("%s does not say what the last form did", tmpl.Name())
		}
	}
	for name, of := range states {
		for kind, text := range hostile {
			for _, lang := range languages {
				for _, role := range append(auth.Roles(), "") {
					r := httptest.NewRequest(http.MethodGet, "/somewhere?x="+url.QueryEscape(text), nil)
					v := w.visit(nil, r)
					v.lang = lang
					if role == "" && (slices.Contains([]string{"home.html", "keys.html", "start.html", "access.html"}, name) || statesOfDay[name] != nil || statesOfClients[name] != nil) {
						continue
					}
					if role != "" {
						v.who = &auth.Identity{UserID: 1, Name: text, Role: role, Login: true}
					}
					v.rw = httptest.NewRecorder()
					for i, data := range of(v, text) {
						answer := httptest.NewRecorder()
						v.rw = answer
						if err := v.show(http.StatusOK, name, data); err != nil {
							t.Fatalf("%s, state %d, %s, %s: %v", name, i, kind, lang.Code, err)
						}
						body := answer.Body.String()
						for _, fault := range webtest.Parse(t, body).Faults() {
							t.Errorf("%s, state %d, %s, %s: %s", name, i, kind, lang.Code, fault)
						}
						for _, leak := range []string{"<script>", "onerror=alert(1)>", "secret words", "ZgotmplZ", "%!"} {
							if strings.Contains(body, leak) {
								t.Errorf("%s, state %d, %s, %s has %s:\n%s", name, i, kind, lang.Code, leak, body)
							}
						}
					}
				}
			}
		}
	}
}

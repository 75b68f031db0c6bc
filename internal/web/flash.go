package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// flash is the line about the result of a POST.
type flash struct {
	Text string `json:"t"`
	Undo int64  `json:"u,omitempty"` // the change undone by POST /desfazer/{id}
	Warn bool   `json:"w,omitempty"`
}

// The cookies of the pages. They hold no secret and grant nothing.
const (
	flashCookie    = "extrato_aviso"
	themeCookie    = "extrato_tema"
	languageCookie = "extrato_idioma"
	keysCookie     = "extrato_teclas"
)

// longestFlash keeps the cookie below browsers' limit of 4 KiB.
const longestFlash = 3500

// backField names the page to return to.
const backField = "volta"

func (v *visit) setCookie(name, value string, seconds int) {
	http.SetCookie(v.rw, &http.Cookie{ //nolint:gosec // Secure where the request came over TLS: a studio may serve its own network without
		Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: auth.Secure(v.r),
	})
}

// say keeps a line for the next page.
func (v *visit) say(f flash) {
	for longest := len(f.Text); ; longest /= 2 {
		f.Text = shortened(f.Text, longest)
		text, err := json.Marshal(f)
		if err != nil {
			return // a line less
		}
		value := base64.RawURLEncoding.EncodeToString(text)
		if len(value) <= longestFlash {
			v.setCookie(flashCookie, value, 60)
			return
		}
	}
}

// shortened cuts a text after so many bytes.
func shortened(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// takeFlash returns the line left by the last POST, once.
func (v *visit) takeFlash() *flash {
	c, err := v.r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	v.setCookie(flashCookie, "", -1)
	var f flash
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(text, &f) != nil || f.Text == "" {
		return nil
	}
	return &f
}

// undo undoes a change offered by the line after it: for an admin any, for
// others their own.
func (v *visit) undo() error {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return errNoPage
	}
	back := local(v.r.PostFormValue(backField))
	f := v.blankForm()
	f.Key = "undo " + strconv.FormatInt(id, 10) // a second click says the same
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		c, err := tx.ChangesetByID(ctx, id)
		if err != nil {
			return done{}, err
		}
		if c.By != v.who.By && !v.who.May(auth.Manage) {
			return done{}, errNoPage
		}
		_, err = v.Recording.Undo(ctx, tx, v.who.By, id)
		return done{To: back, Flash: flash{Text: v.t("undone")}}, err
	})
	e := books.AsError(err)
	if e == nil || !v.lang.has("error "+e.Code) {
		return err
	}
	v.say(flash{Text: v.t("error " + e.Code), Warn: true})
	return v.to(back)
}

func preference(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func theme(r *http.Request) string {
	switch t := preference(r, themeCookie); t {
	case "light", "dark":
		return t
	}
	return ""
}

// savePreferences keeps how a person wants to see the pages, on this device.
func (v *visit) savePreferences() error {
	const year = 365 * 24 * 60 * 60
	for _, p := range []struct {
		field, cookie string
		values        map[string]string // what the field says → what the cookie keeps
	}{
		{"tema", themeCookie, map[string]string{"sistema": "", "claro": "light", "escuro": "dark"}},
		{"idioma", languageCookie, map[string]string{"pt": "pt", "en": "en"}},
		{"teclas", keysCookie, map[string]string{"sim": "on", "nao": "off"}},
	} {
		value, ok := p.values[v.r.PostFormValue(p.field)]
		switch {
		case ok && value == "":
			v.setCookie(p.cookie, "", -1)
		case ok:
			v.setCookie(p.cookie, value, year)
		}
	}
	return v.to(local(v.r.PostFormValue(backField)))
}

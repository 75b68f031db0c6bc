package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"extrato/internal/auth"
)

// flash is the line that says, after a POST, what happened.
type flash struct {
	Text string `json:"t"`
	Undo string `json:"u,omitempty"` // what POST /desfazer/{id} takes back
	Warn bool   `json:"w,omitempty"`
}

// The cookies of the pages. They hold no secret and grant nothing.
const (
	flashCookie    = "extrato_aviso"
	themeCookie    = "extrato_tema"
	languageCookie = "extrato_idioma"
	keysCookie     = "extrato_teclas"
)

// longestFlash keeps the cookie below the 4 KiB that browsers keep.
const longestFlash = 3500

func (v *visit) setCookie(name, value string, seconds int) {
	http.SetCookie(v.rw, &http.Cookie{
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

// takeFlash returns the line that the last POST left, once.
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

// undo takes back what a person did, as the line after it offered.
func (v *visit) undo() error {
	if v.Undo == nil {
		return errNoPage
	}
	said, to, err := v.Undo(v.r.Context(), *v.who, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	v.say(flash{Text: said})
	return v.to(local(to))
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
	return v.to(local(v.r.PostFormValue("volta")))
}

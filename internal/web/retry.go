package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// keptForm is a form that could not take effect, to be sent again as it was: the
// database was away, or the login had ended.
type keptForm struct {
	Action string     `json:"a"`
	Values url.Values `json:"v"`
	v      *visit
}

// secrets are the fields that never stand in a page.
var secrets = []string{"password", keptField}

// keptField carries a form through the sign-in page.
const keptField = "guardado"

// typed returns the form of this request.
func (v *visit) typed() *keptForm {
	_ = v.r.ParseForm() // what cannot be read was not typed
	return &keptForm{Action: v.r.URL.RequestURI(), Values: v.r.PostForm, v: v}
}

// pair is a field with its label, for reading.
type pair struct{ Name, Label, Value string }

// Pairs lists all fields in order; those that nobody typed have no label.
func (t *keptForm) Pairs() []pair {
	var all []pair
	for name, values := range t.Values {
		if slices.Contains(secrets, name) {
			continue
		}
		for _, value := range values {
			p := pair{Name: name, Value: strings.ToValidUTF8(value, "�")}
			if t.v.lang.has("field "+name) && value != "" {
				p.Label = t.v.t("field " + name)
			}
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Secret reports whether a password has to be typed once more.
func (t *keptForm) Secret() bool { return t.Values.Has("password") }

// kept returns the form as the sign-in page carries it.
func (t *keptForm) kept() string {
	t.Values.Del("password")
	text, err := json.Marshal(t)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text) // percent-encoding it would fill the small body that /login takes
}

// unkept reads what kept wrote.
func (v *visit) unkept(text string) *keptForm {
	t := &keptForm{v: v}
	read, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(read, t) != nil || local(t.Action) != t.Action || len(t.Values) == 0 {
		return nil
	}
	return t
}

// loginLost shows the sign-in page to somebody whose login ended while they
// typed; the page keeps what they typed.
func (v *visit) loginLost() {
	p := v.signInForm(v.blankForm().Begin("email"))
	p.Kept, p.Lost = v.typed().kept(), true
	if err := v.show(http.StatusUnauthorized, "login.html", p); err != nil {
		v.broken(err)
	}
}

// resumed shows what was typed before the login was lost.
type resumed struct {
	page
	Typed *keptForm
}

package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// keptForm is a form without effect, to be sent again unchanged: the database
// was away, or the login had ended.
type keptForm struct {
	Action string     `json:"a"`
	Values url.Values `json:"v"`
	v      *visit
}

// secrets are fields never shown in a page.
var secrets = []string{"password", keptField}

// keptField carries a form through the sign-in page.
const keptField = "guardado"

// typed returns the form of this request.
func (v *visit) typed() *keptForm {
	_ = v.r.ParseForm() // unreadable fields were not typed
	return &keptForm{Action: v.r.URL.RequestURI(), Values: v.r.PostForm, v: v}
}

// pair is a field with its label, for reading.
type pair struct{ Name, Label, Value string }

// Pairs lists all fields in order; hidden ones have no label.
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

// unkept reads the output of kept.
func (v *visit) unkept(text string) *keptForm {
	t := &keptForm{v: v}
	read, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(read, t) != nil || local(t.Action) != t.Action || len(t.Values) == 0 {
		return nil
	}
	return t
}

// loginLost shows the sign-in page to a visitor whose login ended during
// typing; the page keeps the typed values.
func (v *visit) loginLost() {
	p := v.signInForm(v.blankForm().Begin("email"))
	p.Kept, p.Lost = v.typed().kept(), true
	if err := v.show(http.StatusUnauthorized, "login.html", p); err != nil {
		v.broken(err)
	}
}

// resumed shows the values typed before the login ended.
type resumed struct {
	page
	Typed *keptForm
}

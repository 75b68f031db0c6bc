package web

import (
	"crypto/rand"
	"html"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"extrato/internal/books"
	"extrato/internal/web/typed"
)

// form holds typed values and their faults. A handler reads its fields, calls
// one rule, and shows the form again if either refuses.
type form struct {
	ID     string // keeps the fields of two forms on a page apart
	Values url.Values
	Wrong  string // the fault of the form as a whole
	Key    string // the key for taking effect once
	v      *visit
	errors map[string]string // by field
	first  string            // the first wrong field; it gets the focus
	begin  string            // the field to begin with
}

// keyField holds a form's key.
const keyField = "chave"

// form reads a posted form.
func (v *visit) form() *form {
	_ = v.r.ParseForm() // unreadable fields are missing, and reported as such
	f := &form{v: v, Values: v.r.PostForm, Key: v.r.PostFormValue(keyField)}
	if f.Key == "" || len(f.Key) > 100 || !utf8.ValidString(f.Key) || strings.ContainsRune(f.Key, 0) {
		f.Key = rand.Text()
	}
	return f
}

// blankForm is a form to fill in, with known values: names and values in turn.
func (v *visit) blankForm(known ...string) *form {
	f := &form{v: v, Values: url.Values{}, Key: rand.Text()}
	for i := 0; i+1 < len(known); i += 2 {
		f.Values.Set(known[i], known[i+1])
	}
	return f
}

// On names the form among those of its page.
func (f *form) On(id string) *form {
	f.ID = id
	return f
}

// Begin puts the cursor into a field.
func (f *form) Begin(field string) *form {
	f.begin = field
	return f
}

// field is one field as the template "input" draws it.
type field struct {
	ID, Name, Label, Value, Error, Type string
	Attributes                          template.HTMLAttr
	Focus                               bool
}

// Field returns a field of an HTML type. Its label is the text "field NAME";
// attributes come from the template.
func (f *form) Field(name, kind string, attributes ...template.HTMLAttr) (field, error) {
	label, err := f.v.lang.text("field " + name)
	d := field{ID: f.ID + name, Name: name, Label: label, Type: kind, Error: f.errors[name], Focus: f.Focus(name)}
	if kind != "password" {
		d.Value = f.Value(name)
	}
	for _, a := range attributes {
		d.Attributes += a
	}
	return d, err
}

// Words is an attribute with words.
func (f *form) Words(attribute, name string) template.HTMLAttr {
	return template.HTMLAttr(" " + attribute + `="` + html.EscapeString(f.v.t(name)) + `"`) //nolint:gosec // the words are ours, and escaped
}

// Value returns a field's typed value.
func (f *form) Value(name string) string { return f.Values.Get(name) }

// Has reports whether a box was ticked.
func (f *form) Has(name string) bool { return f.Values.Has(name) }

// Error returns a field's fault.
func (f *form) Error(name string) string { return f.errors[name] }

// Focus reports whether the cursor belongs into a field.
func (f *form) Focus(name string) bool {
	if f.first == "" && f.Wrong == "" {
		return name == f.begin
	}
	return name == f.first
}

// OK reports whether nothing is wrong so far.
func (f *form) OK() bool { return len(f.errors) == 0 && f.Wrong == "" }

// fault sets a field's fault; the first one stays.
func (f *form) fault(name, words string) {
	if f.errors == nil {
		f.errors = map[string]string{}
	}
	if f.first == "" {
		f.first = name
	}
	if f.errors[name] == "" {
		f.errors[name] = words
	}
}

// text returns a field without surrounding blanks, and finds fault with texts
// no database keeps or has room for.
func (f *form) text(name string, longest int) string {
	text := strings.TrimSpace(f.Value(name))
	switch {
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		f.fault(name, f.v.t("not text"))
	case utf8.RuneCountInString(text) > longest:
		f.fault(name, f.v.t("too long", longest))
	}
	return text
}

// required returns a field that must not be blank.
func (f *form) required(name string, longest int) string {
	text := f.text(name, longest)
	if text == "" {
		f.fault(name, f.v.t("missing field"))
	}
	return text
}

// money returns an amount.
func (f *form) money(name string) books.Money {
	amount, err := typed.Money(f.Value(name))
	f.typedFault(name, err)
	return amount
}

// percent returns a percentage, 0 if the field is blank.
func (f *form) percent(name string) books.Percent {
	p, err := typed.Percent(f.Value(name))
	if err != nil {
		f.fault(name, f.v.t("not a percentage", f.understood(name)))
	}
	return p
}

// day returns a day.
func (f *form) day(name string) books.Day {
	day, err := typed.Day(f.Value(name))
	switch {
	case err == nil:
	case strings.TrimSpace(f.Value(name)) == "":
		f.fault(name, f.v.t("missing field"))
	default:
		f.fault(name, f.v.t("not a day"))
	}
	return day
}

// typedFault explains how an amount was understood.
func (f *form) typedFault(name string, err error) {
	if err != nil {
		f.fault(name, f.v.t("amount "+err.Error(), f.understood(name)))
	}
}

// understood is a field's value, as quoted in a fault.
func (f *form) understood(name string) string {
	return shortened(strings.ToValidUTF8(f.Value(name), "�"), 60)
}

// faults says where on a form the refusal of a rule belongs, by its code: the
// words are the text "error CODE".
type faults map[string]string

// whole is the place of a fault of no single field.
const whole = ""

// refuse puts the refusal of a rule where it belongs, and returns nil; any
// other error is returned.
func (f *form) refuse(err error, where faults) error {
	e := books.AsError(err)
	if e == nil {
		return nil
	}
	name, ok := where[e.Code]
	switch {
	case !ok || !f.v.lang.has("error "+e.Code):
		return err
	case name == whole:
		f.Wrong = f.v.t("error " + e.Code)
	default:
		f.fault(name, f.v.t("error "+e.Code))
	}
	return nil
}

// isForm reports whether a request posts a form.
func isForm(r *http.Request) bool {
	kind := r.Header.Get("Content-Type")
	return r.Method == http.MethodPost && (strings.HasPrefix(kind, "application/x-www-form-urlencoded") || strings.HasPrefix(kind, "multipart/form-data"))
}

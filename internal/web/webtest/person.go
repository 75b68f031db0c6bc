package webtest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Person uses the pages with a browser without JavaScript, and finds forms by
// their labels and buttons.
type Person struct {
	*Document
	Status   int    // of the page on the screen
	Answered int    // the status of the last form
	Path     string // of the page on the screen, with its query
	Header   http.Header
	Client   *http.Client
	t        testing.TB
	base     string
}

// NewPerson returns a person at a server, without an open page.
func NewPerson(t testing.TB, base string) *Person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Person{t: t, base: base, Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Open opens a page, and follows where it leads. It fails the test if the page
// has faults.
func (p *Person) Open(path string) *Person {
	p.t.Helper()
	p.send(http.MethodGet, path, nil)
	return p
}

// Send fills the form with a button, by labels and values in turn, and presses
// it. A box is ticked by any value and cleared by "".
func (p *Person) Send(button string, fields ...string) *Person {
	p.t.Helper()
	form, pressed := p.find(button)
	values := p.values(form, fields)
	if name := attribute(pressed, "name"); name != "" {
		values.Set(name, attribute(pressed, "value"))
	}
	action := attribute(form, "action")
	if action == "" {
		action = p.Path
	}
	if !strings.EqualFold(attribute(form, "method"), "post") {
		path, _, _ := strings.Cut(action, "?")
		return p.Open(path + "?" + values.Encode())
	}
	p.send(http.MethodPost, action, values)
	return p
}

// Post sends a form no page has like this, and follows the redirect.
func (p *Person) Post(path string, values url.Values) *Person {
	p.t.Helper()
	p.send(http.MethodPost, path, values)
	return p
}

// Says fails the test unless the page says all of this.
func (p *Person) Says(words ...string) *Person {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(p.Text(), w) {
			p.t.Errorf("%s does not say %q:\n%s", p.Path, w, p.Text())
		}
	}
	return p
}

// Is fails the test unless the page has this path and status.
func (p *Person) Is(status int, path string) *Person {
	p.t.Helper()
	if p.Status != status || path != "" && p.Path != path {
		p.t.Errorf("%d %s, want %d %s:\n%s", p.Status, p.Path, status, path, p.Text())
	}
	return p
}

// Value returns the value of the field with a label, in the form with a button.
func (p *Person) Value(button, label string) string {
	p.t.Helper()
	form, _ := p.find(button)
	return p.values(form, nil).Get(attribute(p.control(form, label), "name"))
}

// Values returns the values the form with a button would send.
func (p *Person) Values(button string) url.Values {
	p.t.Helper()
	form, _ := p.find(button)
	return p.values(form, nil)
}

// Focus returns the label of the focused field.
func (p *Person) Focus() string {
	for _, n := range all(p.root, "input", "select", "textarea") {
		if has(n, "autofocus") {
			return p.label(n)
		}
	}
	return ""
}

// find returns the form with a button, and the button.
func (p *Person) find(button string) (form, pressed *html.Node) {
	p.t.Helper()
	for _, f := range all(p.root, "form") {
		for _, b := range all(f, "button") {
			if text(b) == button {
				return f, b
			}
		}
	}
	p.t.Fatalf("%s has no button %q:\n%s", p.Path, button, p.Text())
	return nil, nil
}

func (p *Person) control(form *html.Node, label string) *html.Node {
	p.t.Helper()
	for _, c := range all(form, "input", "select", "textarea") {
		if attribute(c, "type") != "hidden" && p.label(c) == label {
			return c
		}
	}
	p.t.Fatalf("%s has no field %q in this form:\n%s", p.Path, label, text(form))
	return nil
}

// values are a browser's values of a form, with some fields filled.
func (p *Person) values(form *html.Node, fields []string) url.Values {
	p.t.Helper()
	filled := map[*html.Node]string{}
	for i := 0; i+1 < len(fields); i += 2 {
		filled[p.control(form, fields[i])] = fields[i+1]
	}
	values := url.Values{}
	for _, c := range all(form, "input", "select", "textarea") {
		value, typed := filled[c]
		switch kind := attribute(c, "type"); {
		case c.Data == "select":
			if option := chosen(c, value, typed); option != nil {
				values.Add(attribute(c, "name"), optionValue(option))
			} else if typed {
				p.t.Fatalf("%s offers no %q", p.label(c), value)
			}
		case kind == "checkbox" || kind == "radio":
			if typed && value != "" || !typed && has(c, "checked") {
				values.Add(attribute(c, "name"), attribute(c, "value"))
			}
		case typed:
			values.Add(attribute(c, "name"), value)
		default:
			values.Add(attribute(c, "name"), attribute(c, "value"))
		}
	}
	return values
}

// chosen is the option sent by a select.
func chosen(c *html.Node, value string, typed bool) *html.Node {
	options := all(c, "option")
	is := func(o *html.Node) bool { return has(o, "selected") }
	if typed {
		is = func(o *html.Node) bool { return text(o) == value }
	}
	if i := slices.IndexFunc(options, is); i >= 0 {
		return options[i]
	}
	if typed || len(options) == 0 {
		return nil
	}
	return options[0]
}

func optionValue(o *html.Node) string {
	if has(o, "value") {
		return attribute(o, "value")
	}
	return text(o)
}

// send asks for a page and follows where the answer leads.
func (p *Person) send(method, path string, values url.Values) {
	p.t.Helper()
	for hop := range 10 {
		r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(values.Encode()))
		if err != nil {
			p.t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := p.Client.Do(r)
		if err != nil {
			p.t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			p.t.Fatal(err)
		}
		if hop == 0 && method == http.MethodPost {
			p.Answered = resp.StatusCode
		}
		if resp.StatusCode == http.StatusSeeOther {
			method, path, values = http.MethodGet, strings.TrimPrefix(resp.Header.Get("Location"), p.base), nil
			continue
		}
		p.Status, p.Path, p.Header, p.Document = resp.StatusCode, path, resp.Header, Parse(p.t, string(body))
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			for _, fault := range p.Faults() {
				p.t.Errorf("%s: %s", path, fault)
			}
		}
		return
	}
	p.t.Fatalf("%s leads nowhere", path)
}

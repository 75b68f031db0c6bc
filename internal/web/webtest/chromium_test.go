package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// noting keeps what a check complains about.
type noting struct {
	testing.TB
	said []string
}

func (n *noting) Errorf(format string, values ...any) {
	n.said = append(n.said, fmt.Sprintf(format, values...))
}
func (n *noting) Error(values ...any) { n.said = append(n.said, fmt.Sprint(values...)) }
func (n *noting) Helper()             {}

const good = `<!doctype html><html lang="pt-BR"><head><title>x</title><meta name="viewport" content="width=device-width"></head><body><main><h1>x</h1>%s</main></body></html>`

// A check that finds nothing on a bad page would let every page through.
func TestA_check_finds_each_fault(t *testing.T) {
	mux := http.NewServeMux()
	pages := map[string]struct{ body, finds string }{
		"good":    {"<p>well</p>", ""},
		"policy":  {`<p style="color:red">x</p>`, "the policy refused style-src"},
		"script":  {`<script>1</script>`, "the policy refused script-src"},
		"console": {`<script src="/static/complain.js"></script>`, "console.error"},
		"throws":  {`<script src="/static/throws.js"></script>`, "Uncaught"},
		"missing": {`<img alt="x" src="/static/nothing.png">`, "404"},
		"label":   {`<input name="a">`, "label:"},
		"wide":    {`<p><img alt="" width="700" height="10" src="/static/dot.svg"></p>`, "pixels wide"},
		"heavy":   {`<script src="/static/heavy.js"></script>`, "weighs"},
	}
	for name, page := range pages {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, good, page.body)
		})
	}
	for path, body := range map[string]string{
		"complain.js": `console.error("x")`, "throws.js": `nothing()`, "heavy.js": "/*" + strings.Repeat("x", firstView) + "*/",
		"dot.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="700" height="10"/>`,
	} {
		mux.HandleFunc("GET /static/"+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", map[bool]string{true: "text/javascript", false: "image/svg+xml"}[strings.HasSuffix(path, ".js")])
			fmt.Fprint(w, body)
		})
	}
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	c := Start(t, s.URL)
	t.Setenv("SHOTS", "")
	for name, page := range pages {
		n := &noting{TB: t}
		c.t = n
		c.Open("/" + name)
		c.Check(name)
		said := strings.Join(n.said, "\n")
		if page.finds == "" && said != "" || !strings.Contains(said, page.finds) {
			t.Errorf("%s: want %q found, got:\n%.600s", name, page.finds, said)
		}
	}
}

// So would one that reads a page and finds no fault in its source.
func TestFaults_of_a_source(t *testing.T) {
	for body, want := range map[string]string{
		"": "", "<h1>two</h1>": "2 headings", `<p id="a"></p><p id="a"></p>`: "two elements", `<p style="x">x</p>`: "forbids", `<p onclick="x">x</p>`: "forbids",
		`<p hx-on:click="x">x</p>`: "forbids", `<input name="a">`: "no label", `<label for="b">b</label><input id="b">`: "", `<label>c<input></label>`: "",
		`<button></button>`: "says nothing", `<script>x</script>`: "inside the page", `<img src="x">`: "picture", `<p hx-vals="js:x">x</p>`: "forbids",
	} {
		found := strings.Join(Parse(t, fmt.Sprintf(good, body)).Faults(), "; ")
		if want == "" && found != "" || !strings.Contains(found, want) {
			t.Errorf("%s: %q, want %q", body, found, want)
		}
	}
}

package web_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func (b *browser) send(method, path, form string, header ...string) (status int, answered http.Header) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header
}

// The header is a program's. At a page it says nothing, and breaks nothing.
func TestAn_authorization_header_breaks_no_page(t *testing.T) {
	b := open(t)
	key := strings.TrimPrefix(b.setup, "/setup?key=")
	b.post("/setup", "key", key, "email", "ana@example.com", "name", "Ana", "password", "correct horse battery")
	for _, value := range []string{"Bearer x", "Basic YTpi", "x"} {
		right := url.Values{"email": {"ana@example.com"}, "password": {"correct horse battery"}}.Encode()
		for _, c := range []struct {
			method, path, form string
			status             int
		}{
			{"POST", "/login", "email=ana@example.com&password=wrong", 401},
			{"POST", "/login", right, 303},
			{"POST", "/logout", "", 303},
			{"POST", "/logout", "", 303},
			{"GET", "/login", "", 200},
			{"GET", "/login/oidc", "", 404},
			{"GET", "/login/oidc/callback?state=a&code=b", "", 401},
		} {
			if c.path == "/login/oidc/callback?state=a&code=b" && value != "x" {
				continue // five tries are all that an address has
			}
			status, _ := b.send(c.method, c.path, c.form, "Authorization", value)
			if status != c.status && status != http.StatusTooManyRequests {
				t.Errorf("%s %s with %q: %d, want %d", c.method, c.path, value, status, c.status)
			}
		}
	}
}

func TestA_wrong_method_is_told_which_are_right(t *testing.T) {
	b := open(t)
	for _, c := range [][3]string{
		{"OPTIONS", "/login", "GET, HEAD, POST"}, {"TRACE", "/login", "GET, HEAD, POST"}, {"GET", "/logout", "POST"}, {"HEAD", "/logout", "POST"},
		{"POST", "/", "GET, HEAD"}, {"DELETE", "/static/style.css", "GET, HEAD"}, {"PROPFIND", "/setup", "GET, HEAD, POST"},
	} {
		status, header := b.send(c[0], c[1], "")
		if status != http.StatusMethodNotAllowed || header.Get("Allow") != c[2] || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d, Allow %q, %s", c[0], c[1], status, header.Get("Allow"), header.Get("Content-Type"))
		}
	}
}

func TestNo_folder_is_listed_and_no_other_file_shown(t *testing.T) {
	b := open(t)
	for _, path := range []string{"/static/", "/static", "/static/.", "/static/..", "/static/..%2ftemplates%2flogin.html", "/static/%2e%2e/web.go", "/static/%2fetc%2fpasswd", "/static/nothing.css", "/static/extrato.css/"} {
		resp, err := b.client.Get(b.base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound && resp.StatusCode/100 != 3 || strings.Contains(string(body), "extrato.css") || strings.Contains(string(body), "root:") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	elsewhere, _, nothing := b.get("/nothing")
	for _, path := range []string{"/static/nothing.css", "/static/%2fetc%2fpasswd", "/static/"} {
		status, header := b.send("GET", path, "")
		if _, _, text := b.get(path); status != elsewhere || text != nothing || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s %s, want it as on any path: %s", path, status, header.Get("Content-Type"), text, nothing)
		}
	}
}

// Hostile text in every field of every form: nothing breaks, nothing is lost.
func TestHostile_text_in_every_field(t *testing.T) {
	b := open(t)
	p := owner(t, b)
	b.client = p.Client
	for _, text := range []string{"<script>alert(1)</script>", "\u202eabc", strings.Repeat("💀", 255), strings.Repeat("W", 255), "R$\u00a01", "\xff\xfe", "a\x00b", "%s%d", "{{.}}"} {
		for path, fields := range map[string]string{
			"/comecar": "passo estudio nome percentual forma1 taxa1 dias1", "/acesso/pessoas": "nome email papel", "/acesso/tokens": "nome escopo",
			"/acesso/pessoas/1": "link desativar", "/acesso/tokens/x": "x", "/login": "email password next guardado", "/convite/x": "password", "/preferencias": "tema idioma volta",
			"/meses/2025/10/reabrir": "motivo", "/meses/2099/10/fechar": "atrasados", "/meses/x/y/reabrir": "motivo",
		} {
			form := url.Values{"chave": {text}}
			for _, field := range strings.Fields(fields) {
				form.Set(field, text)
			}
			for _, step := range []string{"", "estudio", "artista", "formas"} {
				if step != "" {
					form.Set("passo", step)
				}
				status, _, body := b.read(b.client.PostForm(b.base+path, form))
				if status >= 500 || strings.Contains(body, "<script>alert") {
					t.Errorf("%s with %q: %d %s", path, text, status, body)
				}
			}
		}
	}
	p.Open("/comecar").Is(200, "/comecar")
	p.Open("/acesso").Is(200, "/acesso")
}

package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"extrato/internal/books"
)

// Whatever is sent, in any place that the description names, the answer is
// below 500, and a problem document if it is a refusal.
func TestMalformed_requests_are_refused_in_form(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-09-10", "10.00", `,"commission_percent":"50"`)
		s.do(t, s.admin, "POST", "/months/2025-09/close", "", 200)
		s.pay(t, "2025-11-01", "10.00", `,"commission_percent":"50"`)
		s.do(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":"2025-11-01","amount":"7.00","artist_id":%d,"client_id":%d}`, s.ana, s.bia), 201)
		s.do(t, s.admin, "POST", "/expenses", `{"date":"2025-11-01","amount":"1","method":"Pix","description":"Tinta"}`, 201)
		spec := s.do(t, caller{}, "GET", "/openapi.json", "", 200).body
		g := &generator{t: t, s: s, spec: spec}
		paths := spec["paths"].(map[string]any)
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			for _, method := range slices.Sorted(maps.Keys(paths[path].(map[string]any))) {
				g.operation(strings.ToUpper(method), path, paths[path].(map[string]any)[method].(map[string]any))
			}
		}
		if g.sent < 4000 || g.refused < g.sent/2 {
			t.Errorf("%d requests, %d refused: the generator does not do its work", g.sent, g.refused)
		}
		t.Logf("%d requests, %d refused", g.sent, g.refused)
		if strings.Contains(s.log.String(), "request failed") {
			t.Errorf("the log tells of failures: %.2000s", s.log.String())
		}
	})
}

type generator struct {
	t             *testing.T
	s             *v1Studio
	spec          map[string]any
	sent, refused int
}

// junk are JSON values that hardly any field takes.
var junk = []string{
	`null`, `true`, `0`, `-1`, `1.5`, `1e400`, `-1e-400`, `2147483648`, `99999999999999999999999`, `""`, `" "`, `"x"`, `"\u0000"`, `"\ud800"`, `"\udc00\ud800"`,
	`"` + strings.Repeat("ç", 300) + `"`, `"` + strings.Repeat("x", 100_000) + `"`, `[]`, `{}`, `[[]]`, `[null]`, `{"a":{"b":[]}}`,
	`"2025-02-30"`, `"0000-00-00"`, `"0999-01-01"`, `"9999-12-31"`, `"2025-11-01T00:00:00Z"`, `"NaN"`, `"1e5"`, `"0x10"`, `"-1.00"`, `"-0"`, `"1."`, `".5"`,
	`"100000000.00"`, `"99999999.99"`, `"1.005"`, `"100.01"`, `"' OR 1=1 --"`, `"../../etc/passwd"`, `"\u202e\ufeff"`, "\"\xff\xfe\"", "\"a\nb\"",
	strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "1" + strings.Repeat("0", 50_000), `"1` + strings.Repeat("0", 50_000) + `"`, "-9223372036854775809",
	`"\u0000\u0001"`, `"\u2028\ufffe"`, "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"", // halves of surrogates and what is too long or too large, as UTF-8
}

// cursors are what next_cursor might have been, but never was: places before
// the first row and behind the last, of other kinds, and too long.
func cursors() (all []string) {
	for _, place := range []string{
		`{}`, `{"k":-1}`, `{"i":-1}`, `{"i":-9223372036854775808}`, `{"i":9223372036854775807}`, `{"i":9223372036854775808}`, `{"i":1e99}`, `{"i":"x"}`, `{"i":null}`, `{"i":[1]}`,
		`{"k":0,"d":"2025-11-01","m":"2025-11-01 00:00:00.000000","i":-5}`, `{"k":0,"d":"0000-00-00","m":"","i":1}`, `{"k":99,"d":"2025-11-01","m":"x","i":1}`,
		`{"k":0,"d":"\u0000","m":"\u0000","i":1}`, `{"d":"' OR 1=1 --","m":"'","i":1}`, `{"t":-1,"i":"x"}`, `{"t":-9223372036854775808,"i":"\u0000"}`, `{"n":"\u0000","i":1}`, `{"n":"x","i":-1}`,
		`{"s":-1}`, `{"seq":-1}`, `{"p":-1}`, `-1`, `[-1]`, `"x"`, `null`, `{"i":1,"i":-1}`, "{\"d\":\"\xff\"}", strings.Repeat("[", 150), `{"n":"` + strings.Repeat("x", 250) + `"}`, `{"n":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		all = append(all, base64.RawURLEncoding.EncodeToString([]byte(place)))
	}
	for kind := range books.KindCount { // in the form of each list's own, with ids that no row can have and instants at the ends of time
		for _, place := range []string{
			`{"k":%d,"d":%q,"m":"2025-11-01 00:00:00.000000","i":2147483648}`, `{"k":%d,"d":%q,"m":"2025-11-01 00:00:00.000000","i":99999999999}`,
			`{"k":%d,"d":%q,"m":"2025-11-01 00:00:00.000000","i":9223372036854775807}`, `{"k":%d,"d":%q,"m":"0001-01-01 00:00:00.000000","i":1}`,
			`{"k":%d,"d":%q,"m":"9999-12-31 23:59:59.999999","i":1}`,
		} {
			for _, day := range []string{"", "2025-11-01", "0001-01-01", "9999-12-31"} {
				all = append(all, base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, place, kind, day)))
			}
		}
	}
	return append(all, base64.StdEncoding.EncodeToString([]byte(`{"k":0,"i":1}`)), "=", "====", "e30=")
}

// utf16Of writes a text as Windows does, with its mark.
func utf16Of(text string, big bool) string {
	var order binary.AppendByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// texts are values for paths, queries and headers.
var texts = []string{
	"", "0", "-1", "1.5", "1e9", "2147483648", "99999999999999999999999", "abc", "\x00", "\xff\xfe", "ç", strings.Repeat("9", 5000), "' OR 1=1 --", "../x", "2025-00",
	"2025-13", "0000-01", "1999-12", "2101-01", "2025-1", "2025-10-01", "null", "true", "%", "%zz", "\r\nX: y", "eyJrIjowfQ", "bnVsbA", "W10", "Int9", "*", `"`, `W/"x"`, ",,,", "🖋",
}

// bodies are no documents of any operation.
func bodies() []string {
	return []string{
		"", " ", "{", "}", "[]", "null", `"x"`, "1", "true", "{}{}", `{"a"`, `{"a":}`, "\xef\xbb\xbf{}", "\x00", "\xff", `{"\ud800":1}`, `{"":""}`, `{"__proto__":{}}`,
		strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, strings.Repeat("[", 200_000),
	}
}

func (g *generator) operation(method, path string, op map[string]any) {
	valid := ""
	if body, ok := op["requestBody"].(map[string]any); ok {
		valid = g.bodies(method, path, body)
	} else {
		g.send(method, path, `{"a":1}`)
		g.send(method, path, "\xff")
	}
	for _, header := range [][2]string{
		{"Accept", "text/html"}, {"Accept", "application/cbor;q=1, */*;q=0"}, {"Accept", "////"}, {"Accept", strings.Repeat("a/b,", 5000)}, {"Content-Encoding", "gzip"}, {"Transfer-Encoding", "gzip"},
		{"Accept-Encoding", "\xff"}, {"Range", "bytes=-1"}, {"If-Modified-Since", "x"}, {"X-Http-Method-Override", "DELETE"}, {"Expect", "x"}, {"Content-Length", "-1"},
	} {
		g.send(method, path, valid, header[0], header[1])
	}
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		g.parameter(method, path, valid, p.(map[string]any))
	}
	g.send(method, path+"?surprise=1", valid)
}

// bodies sends bodies of every kind, and returns a valid one.
func (g *generator) bodies(method, path string, body map[string]any) (valid string) {
	schema := body["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)
	fields := g.fields(schema)
	valid = object(fields, "", "")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range junk {
			g.send(method, path, object(fields, name, value))
		}
		g.send(method, path, object(fields, name, "-")) // missing
	}
	if status := g.send(method, path, strings.TrimSuffix(valid, "}")+`,"surprise":1}`); status < 400 {
		g.t.Errorf("%s %s takes a field that it does not know", method, path)
	}
	for _, body := range bodies() {
		g.send(method, path, body)
	}
	for _, body := range []string{utf16Of(valid, false), utf16Of(valid, true), "\xef\xbb\xbf" + valid, valid + "\x00", valid + valid, strings.ToUpper(valid)} {
		for _, kind := range []string{"application/json", "application/json; charset=utf-16"} {
			if status := g.send(method, path, body, "Content-Type", kind); status < 400 && valid != "{}" {
				g.t.Errorf("%s %s takes %.40q", method, path, body)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) { // a name that comes twice, and in other letters
		for _, value := range []string{`null`, `-1`, `"x"`, fields[name]} {
			g.send(method, path, strings.TrimSuffix(valid, "}")+fmt.Sprintf(`,%q:%s}`, name, value))
		}
		if upper := strings.ToUpper(name); g.send(method, path, strings.TrimSuffix(valid, "}")+fmt.Sprintf(`,%q:%s}`, upper, fields[name])) < 400 {
			g.t.Errorf("%s %s takes %s for %s", method, path, upper, name)
		}
	}
	for _, kind := range []string{"text/plain", "application/xml", "multipart/form-data", "////", "\x00", "application/json; charset=x"} {
		if status := g.send(method, path, valid, "Content-Type", kind); kind == "text/plain" && status != http.StatusUnsupportedMediaType && status != http.StatusUnprocessableEntity {
			g.t.Errorf("%s %s takes %s with %d", method, path, kind, status)
		}
	}
	return valid
}

func (g *generator) parameter(method, path, valid string, p map[string]any) {
	name, in := p["name"].(string), p["in"].(string)
	for _, text := range texts {
		switch in {
		case "path":
			if text != "" && text != "../x" {
				g.send(method, strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(text)), valid)
			}
		case "query":
			g.send(method, path+"?"+name+"="+url.QueryEscape(text), valid)
		case "header":
			g.send(method, path, valid, name, text)
		}
	}
	if name == "cursor" {
		for _, text := range cursors() {
			g.send(method, path+"?cursor="+url.QueryEscape(text), valid)
		}
	}
	if in == "header" {
		for _, text := range []string{strings.Repeat("k", 128), strings.Repeat("k", 129), strings.Repeat(`"x",`, 5000), "a b", "ç", "\x7f", `"` + strings.Repeat("x", 400) + `"`, `*, "x"`, `"x" "y"`, "W/", "\t"} {
			g.send(method, path, valid, name, text)
		}
	}
	if in == "query" {
		g.send(method, path+"?"+name+"=%zz&"+name+"=1&"+name+"=2;%00", valid)
	}
}

// fields returns an example for each field of a body.
func (g *generator) fields(schema map[string]any) map[string]string {
	if ref, ok := schema["$ref"].(string); ok {
		schema = g.spec["components"].(map[string]any)["schemas"].(map[string]any)[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
	}
	all := map[string]string{}
	for name, p := range schema["properties"].(map[string]any) {
		p := p.(map[string]any)
		value := any(1)
		if examples, ok := p["examples"].([]any); ok {
			value = examples[0]
		} else if kind := fmt.Sprint(p["type"]); strings.Contains(kind, "string") {
			value = "texto"
		} else if strings.Contains(kind, "array") {
			value = []string{"read"}
		} else if strings.Contains(kind, "boolean") {
			value = false
		}
		text, err := json.Marshal(value)
		if err != nil {
			g.t.Fatal(err)
		}
		all[name] = string(text)
	}
	if len(all) == 0 {
		g.t.Fatalf("a body without fields: %v", schema)
	}
	known := map[string]int64{"artist_id": g.s.ana, "client_id": g.s.bia}
	for name, id := range known {
		if _, ok := all[name]; ok {
			all[name] = fmt.Sprint(id)
		}
	}
	delete(all, "session_id")
	if _, ok := all["date"]; ok {
		all["date"] = `"2025-11-01"`
	}
	return all
}

// object writes a body with one field replaced, or left out if its value is "-".
func object(fields map[string]string, name, value string) string {
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		v := fields[f]
		if f == name {
			v = value
		}
		if v != "-" {
			parts = append(parts, fmt.Sprintf("%q:%s", f, v))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// send sends one request of the admin, to rows that are there if nothing else
// is said, and with their tag.
func (g *generator) send(method, path, body string, more ...string) int {
	g.t.Helper()
	month := "2025-09"
	path = strings.ReplaceAll(path, "{month}", month)
	if strings.Contains(path, "{id}") {
		path = strings.ReplaceAll(path, "{id}", g.live(path))
	}
	r := httptest.NewRequestWithContext(books.WithCorrelationID(g.t.Context(), "teste-1234"), method, "/", bytes.NewReader([]byte(body)))
	address, query, _ := strings.Cut(path, "?")
	r.URL.RawPath, r.URL.RawQuery = address, query
	var err error
	if r.URL.Path, err = url.PathUnescape(address); err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(g.s.admin.header, g.s.admin.value)
	if method == http.MethodPut || method == http.MethodDelete {
		r.Header.Set("If-Match", g.tag(address))
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Header[http.CanonicalHeaderKey(more[i])] = []string{more[i+1]}
	}
	w := httptest.NewRecorder()
	what := fmt.Sprintf("%s %.120s %.200q %.100q", method, path, body, more)
	func() {
		defer func() {
			if problem := recover(); problem != nil {
				g.t.Errorf("%s: panic: %v", what, problem)
			}
		}()
		g.s.handler.ServeHTTP(w, r)
	}()
	g.sent++
	a := answer{status: w.Code, header: w.Header(), text: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body)
	switch {
	case w.Code >= 500:
		g.t.Errorf("%s: %d %s", what, w.Code, a.text)
	case w.Code >= 400:
		g.refused++
		wantProblem(g.t, what, a)
	}
	return w.Code
}

// live returns the id of a row that is there, of the path's kind.
func (g *generator) live(path string) string {
	for part, table := range map[string]string{"payments": "pagamentos", "sessions": "sessoes", "commissions": "comissoes", "expenses": "gastos", "clients": "clients"} {
		if strings.Contains(path, "/"+part+"/") {
			return fmt.Sprint(g.s.Int(g.t, "SELECT coalesce(max(id), 1) FROM "+table))
		}
	}
	if strings.Contains(path, "/artists/") {
		return fmt.Sprint(g.s.Int(g.t, "SELECT max(id) FROM users WHERE role = 'artist'"))
	}
	return "1"
}

// tag returns the ETag of what is at an address now.
func (g *generator) tag(address string) string {
	r := httptest.NewRequestWithContext(g.t.Context(), http.MethodGet, "/", nil)
	r.URL.RawPath = address
	r.URL.Path, _ = url.PathUnescape(address)
	r.Header.Set(g.s.admin.header, g.s.admin.value)
	w := httptest.NewRecorder()
	g.s.handler.ServeHTTP(w, r)
	if tag := w.Header().Get("ETag"); tag != "" {
		return tag
	}
	return `"none"`
}

package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
)

// The limits of our own style sheet and script, in bytes.
const (
	mostStyle  = 10 << 10
	mostScript = 6 << 10
)

func TestStatic_files_are_small_hashed_zipped_and_kept(t *testing.T) {
	for name, hashed := range static().names {
		r := httptest.NewRequest(http.MethodGet, static().path(name), nil)
		r.SetPathValue("file", hashed)
		plain, zipped := httptest.NewRecorder(), httptest.NewRecorder()
		static().serve(plain, r)
		r.Header.Set("Accept-Encoding", "br, gzip")
		static().serve(zipped, r)
		unzipped, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		content, err := io.ReadAll(unzipped)
		if err != nil || !bytes.Equal(content, plain.Body.Bytes()) || zipped.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s is another thing when zipped: %v", name, err)
		}
		if cache := plain.Header().Get("Cache-Control"); !strings.Contains(cache, "immutable") || plain.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v", name, plain.Header())
		}
		most := map[string]int{".css": mostStyle, ".js": mostScript, ".svg": 1000}[path.Ext(name)]
		if plain.Body.Len() > most {
			t.Errorf("%s has %d bytes, at most %d", name, plain.Body.Len(), most)
		}
		if kind := plain.Header().Get("Content-Type"); !strings.Contains(kind, map[string]string{".css": "text/css", ".js": "javascript", ".svg": "svg"}[path.Ext(name)]) {
			t.Errorf("%s is served as %s", name, kind)
		}
	}
}

// Nothing in the script needs what the policy forbids.
func TestThe_script_needs_no_eval(t *testing.T) {
	script := string(static().files[static().names["extrato.js"]].plain)
	for _, word := range []string{"eval(", "new Function", "innerHTML", "document.write", ".style.", "setAttribute(\"style", "http://", "https://"} {
		if strings.Contains(script, word) {
			t.Errorf("the script has %s", word)
		}
	}
}

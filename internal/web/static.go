package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

//go:embed static
var staticFiles embed.FS

// static are the style sheet, the script and the icon, made small at the first
// use: commands start without them.
var static = sync.OnceValue(func() statics { return loadStatic(staticFiles) })

// statics are files with a hash of their content in their name, so they never
// change.
type statics struct {
	files map[string]staticFile // by the name with its hash
	names map[string]string     // name → name with its hash
}

type staticFile struct {
	kind    string
	plain   []byte
	gzipped []byte
}

func loadStatic(files fs.FS) statics {
	s := statics{files: map[string]staticFile{}, names: map[string]string{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		base, ending := path.Base(name), path.Ext(name)
		if kind := map[string]string{".css": "text/css", ".js": "text/javascript"}[ending]; kind != "" {
			if content, err = small.Bytes(kind, content); err != nil {
				return err
			}
		}
		sum := sha256.Sum256(content)
		hashed := strings.TrimSuffix(base, ending) + "." + hex.EncodeToString(sum[:6]) + ending
		s.names[base] = hashed
		s.files[hashed] = staticFile{mime.TypeByExtension(ending), content, zipped(content)}
		return nil
	})
	if err != nil {
		panic(err) // they are part of the program
	}
	return s
}

// small removes comments and blanks from a style sheet or a script.
var small = func() *minify.M {
	m := minify.New()
	m.AddFunc("text/css", css.Minify)
	m.AddFunc("text/javascript", js.Minify)
	return m
}()

func zipped(content []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is one of its own
	}
	_, _ = w.Write(content)
	_ = w.Close() // a buffer takes everything
	return b.Bytes()
}

// path returns where the file with this name is served.
func (s statics) path(name string) string { return "/static/" + s.names[name] }

// serve answers one of the files; it lists none. Programs ask for them, so a
// missing one is answered as on any other path.
func (s statics) serve(rw http.ResponseWriter, r *http.Request) {
	file, ok := s.files[r.PathValue("file")]
	if !ok {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(rw, `{"error":"There is nothing at this path","success":false}`+"\n")
		return
	}
	h, content := rw.Header(), file.plain
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding") // and not the cookie: the file is the same for everybody
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		content = file.gzipped
	}
	_, _ = rw.Write(content)
}

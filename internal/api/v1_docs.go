package api

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"extrato/internal/auth"
)

// docsRoutes serve the description of /api/v1: for programs, and as a page
// without scripts or parts from elsewhere.
func (v *v1) docsRoutes() []auth.Route {
	spec := sync.OnceValue(func() []byte {
		text, err := json.MarshalIndent(v.api.OpenAPI(), "", " ")
		if err != nil {
			panic(err) // it is all our own
		}
		return append(text, '\n')
	})
	page := sync.OnceValue(v.page)
	serve := func(kind string, text func() []byte) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(text())
		})
	}
	return []auth.Route{
		auth.At(http.MethodGet, "/api/v1/openapi.json", auth.Public, serve("application/openapi+json", spec)),
		auth.At(http.MethodGet, "/api/docs", auth.Public, serve("text/html; charset=utf-8", page)),
		auth.At(http.MethodGet, "/api/docs/style.css", auth.Public, serve("text/css; charset=utf-8", func() []byte { return []byte(docsStyle) })),
	}
}

// The page's view of the description.
type docsPage struct {
	Info *huma.Info
	Tags []docsTag
}

type docsTag struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	Method, Path, Needs string
	*huma.Operation
	Takes, Gives string
	Statuses     []docsStatus
}

type docsStatus struct{ Status, Means string }

func (v *v1) page() []byte {
	api := v.api.OpenAPI()
	view := docsPage{Info: api.Info}
	for _, tag := range api.Tags {
		view.Tags = append(view.Tags, docsTag{Name: tag.Name, Description: tag.Description, Operations: v.operations(tag.Name)})
	}
	var text bytes.Buffer
	if err := docsTemplate.Execute(&text, view); err != nil {
		panic(err) // the description is our own
	}
	return text.Bytes()
}

func (v *v1) operations(tag string) []docsOperation {
	var list []docsOperation
	for _, path := range v.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Put, path.Delete} {
			if op == nil || !slices.Contains(op.Tags, tag) {
				continue
			}
			d := docsOperation{Method: op.Method, Path: op.Path, Operation: op, Needs: op.Metadata["needs"].(auth.Permission).String()}
			if op.RequestBody != nil {
				d.Takes = v.example(op.RequestBody.Content["application/json"])
			}
			for status, answer := range op.Responses {
				d.Statuses = append(d.Statuses, docsStatus{status, answer.Description})
				if strings.HasPrefix(status, "2") {
					d.Gives = v.example(answer.Content["application/json"])
				}
			}
			slices.SortFunc(d.Statuses, func(a, b docsStatus) int { return strings.Compare(a.Status, b.Status) })
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b docsOperation) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return list
}

// example returns an example document of this schema.
func (v *v1) example(m *huma.MediaType) string {
	if m == nil || m.Schema == nil {
		return ""
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v.sample(m.Schema, 0)); err != nil {
		return ""
	}
	return strings.TrimSpace(text.String())
}

func (v *v1) sample(s *huma.Schema, depth int) any {
	if s.Ref != "" {
		s = v.api.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil || depth > 6:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		object := map[string]any{}
		for name, p := range s.Properties {
			object[name] = v.sample(p, depth+1)
		}
		return object
	case huma.TypeArray:
		return []any{v.sample(s.Items, depth+1)}
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	case huma.TypeBoolean:
		return false
	}
	if s.Nullable {
		return nil
	}
	return map[string]string{"date": "2025-10-28"}[s.Format]
}

var docsTemplate = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Info.Title}} – /api/v1</title>
<link rel="stylesheet" href="/api/docs/style.css">
</head>
<body>
<header>
<h1>{{.Info.Title}} /api/v1</h1>
<p>{{.Info.Description}}</p>
<p>For programs: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a> (OpenAPI 3.1), version {{.Info.Version}}.</p>
</header>
<nav aria-label="Operations">
{{range .Tags}}<h2><a href="#{{.Name}}">{{.Name}}</a></h2>
<ul>{{range .Operations}}<li><a href="#{{.OperationID}}"><code>{{.Method}} {{.Path}}</code></a></li>{{end}}</ul>
{{end}}</nav>
<main>
{{range .Tags}}<section id="{{.Name}}">
<h2>{{.Name}}</h2>
<p>{{.Description}}</p>
{{range .Operations}}<article id="{{.OperationID}}">
<h3><code>{{.Method}} {{.Path}}</code> {{.Summary}}</h3>
{{with .Description}}<p>{{.}}</p>{{end}}
<p>Needs: {{.Needs}}</p>
{{with .Parameters}}<table><caption>Takes</caption><thead><tr><th>Name</th><th>In</th><th>Meaning</th></tr></thead><tbody>
{{range .}}<tr><td><code>{{.Name}}</code></td><td>{{.In}}</td><td>{{.Description}}</td></tr>{{end}}
</tbody></table>{{end}}
{{with .Takes}}<h4>Body</h4><pre>{{.}}</pre>{{end}}
{{with .Gives}}<h4>Answer</h4><pre>{{.}}</pre>{{end}}
<ul class="statuses">{{range .Statuses}}<li><code>{{.Status}}</code> {{.Means}}</li>{{end}}</ul>
</article>{{end}}
</section>{{end}}
</main>
</body>
</html>
`))

const docsStyle = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #222; background: #fff }
a { color: #a8322d }
h1, h2, h3 { line-height: 1.2 }
nav { background: #f5f6f7; padding: .5rem 1rem }
nav h2 { font-size: 1rem; margin: .5rem 0 0 }
nav ul { margin: 0 }
article { border-top: 1px solid #ddd; padding: 1rem 0 }
pre { background: #f5f6f7; padding: .75rem; overflow-x: auto }
table { border-collapse: collapse }
caption { text-align: left; font-weight: bold }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0 }
.statuses { columns: 2 }
`

package api

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"extrato/internal/auth"
	"extrato/internal/books"
)

// v1 is the product's own interface. Requests are checked against
// /api/v1/openapi.json before a handler runs.
type v1 struct {
	s      *Server
	api    huma.API
	routes []auth.Route
	swept  sweeper
}

// v1Routes lists the operations of /api/v1, its description and its page.
func (s *Server) v1Routes() []auth.Route {
	v := &v1{s: s}
	v.api = huma.NewAPI(v.config(), collector{v})
	v.registerMonths()
	v.registerRecords()
	v.registerChanges()
	v.registerTerms()
	v.registerRepeat()
	v.registerHistory()
	v.registerCheckpoint()
	v.registerOperate()
	v.registerTokens()
	return append(v.routes, v.docsRoutes()...)
}

func (v *v1) config() huma.Config {
	format := huma.Format{Marshal: marshal, Unmarshal: unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "extrato", Version: v.s.Version,
				Description: "The books of a tattoo studio: months, their statements, and the rows not closed yet. " +
					"Amounts and percentages are decimal strings, days are ISO days of the studio, instants are UTC. " +
					"Lists go on with next_cursor. Edits need the ETag of what was read in If-Match. " +
					"A POST that carries Idempotency-Key takes effect once in 24 hours, however often it is sent. " +
					"Errors are problem documents (RFC 9457) with a code for programs. " +
					"Needs: read, backup and close are a token's scopes, and an admin's login has them all; write and manage " +
					"take an admin's login, which is the cookie that POST /login sets for email and password.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"login": {Type: "apiKey", In: "cookie", Name: "extrato_login", Description: "A person's login, as the sign-in page sets it."},
					"token": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A service token, or the identity of a trusted job."},
				},
			},
			Tags: []*huma.Tag{
				{Name: "months", Description: "Months, and closing and reopening them."},
				{Name: "statements", Description: "Closed months, permanently."},
				{Name: "records", Description: "The live rows: everything not closed yet."},
				{Name: "people", Description: "Clients and artists."},
				{Name: "history", Description: "Every attempt, and the chain of closings."},
				{Name: "access", Description: "Users and tokens."},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

func marshal(w io.Writer, document any) error {
	e := stdjson.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(document)
}

// unmarshal reads a body strictly: no repeated key, keys as they are written,
// UTF-8 only, no half of a surrogate pair. encoding/json would repair all of it
// silently.
func unmarshal(data []byte, to any) error {
	err := json.Unmarshal(data, to)
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errRepeatedKey
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not valid JSON in UTF-8, from byte %d on", syntax.ByteOffset)
	}
	return errors.New("a value in the body is out of range or of the wrong type") // the full text would show the value
}

// errRepeatedKey is recognized by problemOf by its text: nothing else of an
// error gets through the library.
var errRepeatedKey = errors.New("a key is repeated in the body")

// collector makes a Route of each operation, guarded by the permission in its
// Metadata.
type collector struct{ v *v1 }

func (c collector) Handle(op *huma.Operation, handler func(huma.Context)) {
	op.BodyReadTimeout = -1                         // the frame has read the body; a deadline would end the requested close
	needs := op.Metadata["needs"].(auth.Permission) // one without must not start
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.v.s.noteSafetyNet(r)
		handler(humago.NewContext(op, r, w))
	})
	c.v.routes = append(c.v.routes, auth.At(op.Method, op.Path, needs, c.v.s.Guard.Require(needs, serve, c.v.refuse)))
}

// ServeHTTP is there for the library's interface; the server's mux serves.
func (c collector) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// operation describes one operation.
type operation struct {
	method, path, id, tag string
	summary, description  string
	needs                 auth.Permission
	status                int   // of success; 0: 200
	errors                []int // in addition to those common to all operations
}

// register adds an operation. Its handler's errors become problem documents.
func register[I, O any](v *v1, o operation, handler func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		Method: o.method, Path: "/api/v1/" + o.path, OperationID: o.id, Tags: []string{o.tag},
		Summary: o.summary, Description: o.description, DefaultStatus: o.status,
		Metadata: map[string]any{"needs": o.needs},
		Errors: append(o.errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusServiceUnavailable),
		Security: []map[string][]string{{"login": {}}, {"token": {}}},
	}
	if o.needs == auth.Write || o.needs == auth.Manage {
		op.Security = op.Security[:1]
	}
	if o.method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusConflict)
	}
	huma.Register(v.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, v.refusal(ctx, err)
		}
		return out, nil
	})
}

// who returns the request's Identity, set by the guard.
func who(ctx context.Context) auth.Identity {
	i, _ := auth.From(ctx)
	return i
}

// page is a part of a list.
type page[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor" doc:"What to give as cursor for the next part; null at the end."`
}

type listed[T any] struct{ Body page[T] }

// shownPage is the answer with a part of a list, and where it goes on; "" is nowhere.
func shownPage[T any](items []T, next string) *listed[T] {
	out := &listed[T]{}
	out.Body.Items = items
	if items == nil {
		out.Body.Items = []T{}
	}
	if next != "" {
		out.Body.NextCursor = &next
	}
	return out
}

// Part selects a part of a list.
type Part struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The longest list wanted."`
	Cursor string `query:"cursor" maxLength:"400" doc:"next_cursor of the part before."`
}

var errCursor = books.Invalidf("invalid_cursor", "the cursor does not belong to this list").WithHint("send next_cursor unchanged, or leave cursor out to start again")

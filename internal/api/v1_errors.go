package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Problem is an error as /api/v1 answers it: a document of RFC 9457 with a
// code for programs, a hint for people, and the name of the request.
type Problem struct {
	Type          string          `json:"type" example:"about:blank" doc:"Always about:blank: code names the problem."`
	Title         string          `json:"title" example:"Conflict" doc:"What the status means."`
	Status        int             `json:"status" example:"409" doc:"The HTTP status."`
	Detail        string          `json:"detail" example:"2025-10 is closed" doc:"What is wrong, for people."`
	Code          string          `json:"code" example:"month_closed" doc:"What is wrong, for programs. Codes are stable."`
	Kind          books.ErrorKind `json:"kind" enum:"invalid,not_found,refused,conflict,integrity,unauthorized,forbidden,internal" example:"refused" doc:"Who can help: the caller (invalid, not_found, unauthorized), the studio's owner (forbidden), a person, because the program must not decide (refused) or stored data is damaged (integrity). With the others, try again."`
	Hint          string          `json:"hint,omitempty" doc:"What to do about it."`
	CorrelationID string          `json:"correlation_id" example:"b17cee4a03f2d1c9" doc:"The request's name in the server's log."`
	Errors        []ProblemDetail `json:"errors,omitempty" doc:"Each part of the request with a fault."`
	Questions     []question      `json:"questions,omitempty" doc:"What is unusual about a payment. Sent again with these codes in confirm, it is written down."`
	Versions      []versions      `json:"versions,omitempty" doc:"Rows changed since the change to be undone, in both states."`
	headers       http.Header
}

// ProblemDetail is one fault of a request.
type ProblemDetail struct {
	Location string `json:"location" example:"body.amount" doc:"Where it is."`
	Message  string `json:"message" doc:"What is wrong there."`
}

// Error returns the detail, for people.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the problem's headers.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType returns the media type of problem documents.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func newProblem(ctx context.Context, status int, e *books.Error) *Problem {
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: e.Message, Code: e.Code, Kind: e.Kind, Hint: e.Hint,
		CorrelationID: books.CorrelationID(ctx),
	}
}

// The library finds faults of form by itself and makes documents of them with
// these two.
func init() { //nolint:gochecknoinits // the library knows no other way, and both servers of a test would race to set them
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return problemOf(context.Background(), status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return problemOf(ctx.Context(), status, message, errs)
	}
}

// problemOf turns the library's findings into a document, without the values
// sent: one may be a name, or a secret in the wrong place.
func problemOf(ctx context.Context, status int, message string, errs []error) *Problem {
	details := detailsOf(errs)
	for _, d := range details {
		if d.Message == errRepeatedKey.Error() {
			status, message = http.StatusUnprocessableEntity, d.Message // well-formed, but with two meanings
		}
	}
	code := map[int]string{
		http.StatusBadRequest: "malformed", http.StatusUnprocessableEntity: "invalid", http.StatusUnsupportedMediaType: "unsupported_media_type",
		http.StatusRequestEntityTooLarge: "too_large", http.StatusNotAcceptable: "not_acceptable", http.StatusRequestTimeout: "timeout",
	}[status]
	if code == "" {
		return newProblem(ctx, http.StatusInternalServerError, somethingWrong)
	}
	p := newProblem(ctx, status, &books.Error{Kind: books.Invalid, Code: code, Message: message, Hint: "see /api/docs"})
	p.Errors = details
	return p
}

func detailsOf(errs []error) (details []ProblemDetail) {
	for _, err := range errs {
		var detailer huma.ErrorDetailer
		if errors.As(err, &detailer) {
			d := detailer.ErrorDetail()
			details = append(details, ProblemDetail{Location: strings.ToValidUTF8(d.Location, "?"), Message: strings.ToValidUTF8(d.Message, "?")})
		}
	}
	return details
}

var databaseAway = store.ErrUnreachable.WithHint("try again in a moment; whoever looks after the server finds the cause in its log, under the correlation id")

var somethingWrong = &books.Error{Kind: books.Internal, Code: "internal", Message: "something went wrong here", Hint: "try again; if it stays, look for the correlation id in the server's log"}

// Errors with a status of their own.
var (
	errStale = &books.Error{Kind: books.Conflict, Code: "stale", Message: "somebody else changed this row since you read it",
		Hint: "read it again, then decide: GET gives the new ETag"}
	errNoMatch = &books.Error{Kind: books.Invalid, Code: "if_match_required", Message: "an edit needs the header If-Match",
		Hint: "send the ETag with which you read the row, so that nobody's change is overwritten unseen"}
)

// refusal turns any error into a document for the caller, never with a
// database's words or any from below it.
func (v *v1) refusal(ctx context.Context, err error) *Problem {
	var limited *auth.Limited
	if errors.As(err, &limited) {
		p := newProblem(ctx, http.StatusTooManyRequests, &books.Error{Kind: books.Internal, Code: "too_many_tries", Message: "too many tries", Hint: "wait, then try again"})
		p.headers = http.Header{"Retry-After": {limited.Seconds()}}
		return p
	}
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var e *books.Error
	if errors.Is(err, store.ErrCommitUnknown) && errors.As(err, &e) {
		v.s.Log.Error("nobody knows whether a request took effect", "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
		return newProblem(ctx, http.StatusInternalServerError, e.WithHint("check whether the change was saved before you send it again; with the same Idempotency-Key a request may be sent again at once"))
	}
	if !errors.As(err, &e) || statusOf[e.Kind] == 0 || e.Kind == books.Internal {
		if ctx.Err() == nil {
			v.s.Log.Error("request failed", "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
		}
		if errors.Is(err, store.ErrUnreachable) {
			return newProblem(ctx, http.StatusServiceUnavailable, databaseAway)
		}
		return newProblem(ctx, http.StatusInternalServerError, somethingWrong)
	}
	status := statusOf[e.Kind]
	switch {
	case errors.Is(e, errStale):
		status = http.StatusPreconditionFailed
	case errors.Is(e, errNoMatch):
		status = http.StatusPreconditionRequired
	case e.Kind == books.Integrity:
		v.s.Log.Error("something stored is not what it should be", "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
	}
	p := newProblem(ctx, status, e)
	p.Questions, p.Versions = questionsIn(err), versionsIn(err)
	if status == http.StatusUnauthorized {
		p.headers = http.Header{"Www-Authenticate": {`Bearer realm="extrato"`}}
	}
	return p
}

// refuse answers callers refused by the guard.
func (v *v1) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := v.refusal(r.Context(), err)
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	writeProblem(w, r, p.Status, &books.Error{Kind: p.Kind, Code: p.Code, Message: p.Detail, Hint: p.Hint})
}

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	strictjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// v4's endpoints, frozen: paths, statuses and bodies are v4's wherever v4 is
// sensible, so its workflow file and its tokens keep working.
func (s *Server) v4Routes() []auth.Route {
	return []auth.Route{
		auth.At("POST", "/api/backup/create_service", auth.Backup, s.service(auth.Backup, s.v4Backup)),
		auth.At("POST", "/api/extrato/generate_service", auth.Close, s.service(auth.Close, s.v4Generate)),
		auth.At("GET", "/extrato/api", auth.SignedIn, s.Guard.Require(auth.SignedIn, http.HandlerFunc(s.v4Statement), s.v4Refuse)),
		auth.At("GET", "/health/extrato", auth.Public, http.HandlerFunc(s.v4HealthStatement)),
		auth.At("GET", "/health", auth.Public, http.HandlerFunc(s.v4Health)),
		auth.At("GET", "/ready", auth.Public, http.HandlerFunc(s.v4Ready)),
		auth.At("GET", "/api/health", auth.Public, http.HandlerFunc(s.v4APIHealth)),
	}
}

type object = map[string]any

// v4Request is the input of the two service endpoints.
type v4Request struct {
	month books.Month
	force bool
}

// v4Error is a failed answer of v4's.
type v4Error struct {
	status int
	body   object
	kind   books.ErrorKind // "" if v4's own body has it
}

// kindHeader has the error's kind, as kind in /api/v1.
const kindHeader = "X-Extrato-Kind"

func (e *v4Error) write(w http.ResponseWriter) {
	if e.kind != "" {
		w.Header().Set(kindHeader, string(e.kind))
	}
	writeJSON(w, e.status, e.body)
}

func (e *v4Error) Error() string { return fmt.Sprint(e.body["error"]) }

func v4Invalid(message string) *v4Error {
	return &v4Error{status: http.StatusBadRequest, body: object{"success": false, "error": message}}
}

// service guards one of the two endpoints: a token only, no login, and so many
// calls per address and account.
func (s *Server) service(needs auth.Permission, do func(context.Context, v4Request, auth.Identity) (object, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := s.Guard.Bearer(r)
		if err == nil {
			err = s.Guard.LimitCalls(r, string(who.By))
		}
		if err == nil && !who.May(needs) {
			err = auth.ErrForbidden
		}
		if err != nil {
			s.v4Refuse(w, r, err)
			return
		}
		s.noteSafetyNet(r)
		asked, err := s.v4Asked(r)
		var done object
		if err == nil {
			ctx, release := s.outlive(r.Context())
			done, err = do(ctx, asked, who)
			release()
		}
		if err != nil {
			s.v4Refuse(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, done)
	})
}

// v4Refuse answers an error in v4's form.
func (s *Server) v4Refuse(w http.ResponseWriter, r *http.Request, err error) {
	var answer *v4Error
	var limited *auth.Limited
	e := books.AsError(err)
	switch {
	case errors.As(err, &answer):
		answer.write(w)
	case errors.As(err, &limited):
		w.Header().Set("Retry-After", limited.Seconds())
		writeJSON(w, http.StatusTooManyRequests, object{"success": false, "error": "Too many requests"})
	case e.Kind == books.Unauthorized:
		writeJSON(w, http.StatusUnauthorized, object{"error": e.Message})
	case e.Kind == books.Forbidden:
		writeJSON(w, http.StatusForbidden, object{"error": e.Message})
	default:
		s.v4Failed(w, r, "Request failed.", "internal", err)
	}
}

// v4Failed answers an internal failure.
func (s *Server) v4Failed(w http.ResponseWriter, r *http.Request, title, stage string, err error) {
	id := books.CorrelationID(r.Context())
	s.Log.Error("request failed", "path", r.URL.Path, "stage", stage, "cause", err.Error(), "correlation_id", id)
	v4Inside(id, title, stage, err).write(w)
}

// v4Inside is the answer to an internal failure. An error with a remedy is
// shown, with its kind in a header, since v4's body has none; any other only as
// a correlation id.
func v4Inside(id, title, stage string, err error) *v4Error {
	answer := &v4Error{status: http.StatusInternalServerError, body: object{"success": false, "error": title, "stage": stage, "correlation_id": id,
		"details": "An internal error occurred; its correlation_id is in the server's log"}}
	if e := books.AsError(err); e.Kind != books.Internal {
		details := e.Message
		if e.Hint != "" {
			details += "; " + e.Hint
		}
		answer.body["stage"], answer.body["details"], answer.kind = e.Code, details, e.Kind
	}
	return answer
}

// v4Asked reads the body. Without one, or without a month, it means the month
// that ended last.
func (s *Server) v4Asked(r *http.Request) (v4Request, error) {
	asked := v4Request{month: books.MonthOf(s.Now()).Add(-1)}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return asked, v4Invalid("The body could not be read")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return asked, nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return asked, v4Invalid("Content-Type must be application/json")
	}
	var fields map[string]jsontext.Value
	err = strictjson.Unmarshal(body, &fields)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return asked, v4Invalid("The body must not repeat a key")
	case err != nil || fields == nil:
		return asked, v4Invalid("The body must be a JSON object")
	}
	return asked, asked.read(fields)
}

func (a *v4Request) read(fields map[string]jsontext.Value) error {
	for name := range fields {
		for _, known := range []string{"month", "year", "force"} {
			if name != known && strings.EqualFold(name, known) {
				return v4Invalid("The key " + known + " must be written in lower case")
			}
		}
	}
	given := func(name string) bool { return fields[name] != nil && string(fields[name]) != "null" }
	if given("month") != given("year") {
		return v4Invalid("Month and year must be given together")
	}
	if given("month") {
		month, err := strconv.Atoi(string(fields["month"])) // a number, and no 10.0
		if err != nil || month < 1 || month > 12 {
			return v4Invalid("Month must be an integer between 1 and 12")
		}
		year, err := strconv.Atoi(string(fields["year"]))
		if err != nil || year < 2000 || year > 2100 {
			return v4Invalid("Year must be an integer between 2000 and 2100")
		}
		a.month = books.Month{Year: year, Month: time.Month(month)}
	}
	if given("force") {
		if err := json.Unmarshal(fields["force"], &a.force); err != nil {
			return v4Invalid("Force must be a boolean")
		}
	}
	return nil
}

// slashed writes a month as v4 does: 10/2025, 09/2025.
func slashed(m books.Month) string { return fmt.Sprintf("%02d/%d", m.Month, m.Year) }

func details(m books.Month, more object) object {
	more["month"], more["year"] = int(m.Month), m.Year
	return more
}

// refuseRunning refuses a month that has not ended.
func (s *Server) refuseRunning(m books.Month) error {
	if m.EndedBy(s.Now()) {
		return nil
	}
	return &v4Error{status: http.StatusBadRequest, body: object{
		"success": false, "error": "Month " + slashed(m) + " has not ended", "details": details(m, object{"reason": "month_not_ended"}),
	}}
}

// v4Backup backs a month up: POST /api/backup/create_service.
func (s *Server) v4Backup(ctx context.Context, asked v4Request, who auth.Identity) (object, error) {
	if err := s.refuseRunning(asked.month); err != nil {
		return nil, err
	}
	receipt, err := s.Closer.CreateBackup(ctx, asked.month, who.By)
	switch {
	case err != nil:
		s.Log.Error("backup failed", "month", asked.month.String(), "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
		return nil, v4Inside(books.CorrelationID(ctx), "Backup creation failed.", "backup", err)
	case receipt.Reused:
		return nil, &v4Error{status: http.StatusConflict, body: object{
			"success": false, "error": "Backup already exists for " + slashed(asked.month), "details": details(asked.month, object{"reason": "backup_already_exists"}),
		}}
	}
	return object{
		"success": true, "message": "Backup created successfully for " + slashed(asked.month), "data": details(asked.month, object{}),
	}, nil
}

// v4Generate closes a month: POST /api/extrato/generate_service.
func (s *Server) v4Generate(ctx context.Context, asked v4Request, who auth.Identity) (object, error) {
	if err := s.refuseRunning(asked.month); err != nil {
		return nil, err
	}
	if err := s.refuseHeld(ctx, asked); err != nil {
		return nil, err
	}
	id := books.CorrelationID(ctx)
	_, err := s.Closer.Close(ctx, asked.month, closing.Options{Force: asked.force, CorrelationID: id}, who.By)
	switch {
	case err == nil:
		return object{
			"success": true, "message": "Extrato generated successfully for " + slashed(asked.month),
			"data": details(asked.month, object{"force": asked.force}),
		}, nil
	case errors.Is(err, books.ErrClosed): // v4's workflow matches on these words
		return nil, &v4Error{status: http.StatusInternalServerError, body: object{
			"success": false, "error": "Extrato generation failed.", "stage": "already_exists",
			"details": "Extrato already exists for month/year", "correlation_id": id,
		}}
	case errors.Is(err, backup.ErrUnwritable):
		s.Log.Error("month not closed", "month", asked.month.String(), "cause", err.Error(), "correlation_id", id)
		return nil, &v4Error{status: http.StatusBadRequest, body: object{
			"success": false, "error": "Cannot generate extrato for " + slashed(asked.month) + ": backup verification failed. A backup is required before generating extrato (EXTRATO_REQUIRE_BACKUP=true). Create a backup first or set EXTRATO_REQUIRE_BACKUP=false to bypass this check.",
			"details": details(asked.month, object{"backup_exists": false, "backup_required": true}),
		}}
	}
	s.Log.Error("month not closed", "month", asked.month.String(), "cause", err.Error(), "correlation_id", id)
	return nil, v4Inside(id, "Extrato generation failed.", "generation", err)
}

// refuseHeld leaves a reopened month to a person: v4's workflow is none.
func (s *Server) refuseHeld(ctx context.Context, asked v4Request) error {
	if asked.force {
		return nil
	}
	return s.Store.Read(ctx, func(tx *store.Tx) error {
		last, closed, err := tx.MonthClosed(ctx, asked.month)
		if err != nil || closed || last.Action != books.Reopened { // v4 may have closed it again meanwhile
			return err
		}
		return &v4Error{status: http.StatusBadRequest, body: object{
			"success": false, "error": "Month " + slashed(asked.month) + " was reopened and waits for a person to close it",
			"details": details(asked.month, object{"reason": "month_held"}),
		}}
	})
}

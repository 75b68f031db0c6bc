package safetynet

import (
	"encoding/json"
	"regexp"
	"strings"

	"extrato/internal/books"
)

// Exchange is a request and its answer, without what could be secret: of JSON
// only the fields that are known to be harmless.
type Exchange struct {
	Method string         `json:"method"`
	Path   string         `json:"path"`
	Status int            `json:"status"` // 0: no answer came
	Size   int            `json:"size"`
	SHA256 string         `json:"sha256,omitempty"`
	Known  map[string]any `json:"known,omitempty"`
	Error  string         `json:"error,omitempty"` // a code
}

func (x *Exchange) record(a answer, err error) {
	x.Path, _, _ = strings.Cut(x.Path, "?")
	if err != nil {
		x.Error = books.AsError(err).Code
	}
	x.Status, x.Size = a.status, len(a.body)
	if a.status != 0 {
		x.SHA256, x.Known = hash(a.body), harmless(a.body)
	}
}

// A code is a word for programs; a token or a name is none.
var (
	code = regexp.MustCompile(`^[a-z][a-z_]{1,39}$`)
	id   = regexp.MustCompile(`^[0-9a-f-]{8,36}$`)
)

// harmless returns the fields of a JSON answer that can hold neither a secret
// nor a name, whatever the server put there.
func harmless(body []byte) map[string]any {
	var all map[string]any
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	known := map[string]any{}
	take(known, all, "success")
	for _, key := range []string{"state", "stage", "code", "correlation_id"} {
		take(known, all, key)
	}
	if details, ok := all["details"].(map[string]any); ok {
		for _, key := range []string{"reason", "backup_exists", "backup_required"} {
			take(known, details, key)
		}
	}
	return known
}

func take(known, from map[string]any, key string) {
	switch value := from[key].(type) {
	case bool:
		known[key] = value
	case string:
		if key == "correlation_id" && id.MatchString(value) || key != "correlation_id" && code.MatchString(value) {
			known[key] = value
		}
	}
}

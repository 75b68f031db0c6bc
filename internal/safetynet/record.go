package safetynet

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"extrato/internal/books"
)

// Exchange is a request and its answer, without possible secrets: of JSON, only
// fields known to be harmless.
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

// words are the known codes, stages, reasons and states, v4's and ours. Any
// other text may be a name.
var words = strings.Fields(`
	open due closed late held
	already_exists backup backup_already_exists generation statement month_held month_not_ended
	already_closed amount_too_large artist_unclear backup_corrupt backup_of_v4 backup_slow full_copy_corrupt full_copy_made backup_unwritable backups_unreadable bad_anchor bad_identity bad_payload bad_signing_key bad_stamp bad_token
	broken_chain broken_row broken_statement busy cannot_carry cannot_come_back clock_doubtful copies_incomplete copy_corrupt copy_hidden copy_missing database_corrupt database_unreachable
	database_unwritable disk_failed disk_full drill_different drill_failed duplicates entry_changed event_taken forbidden forked_log id_taken idempotency_key_reused index_wrong internal
	invalid invalid_amount invalid_cursor invalid_day invalid_file invalid_month invalid_schedule linked_elsewhere
	linked_row_gone locked malformed migrations_pending newer_database no_backup no_books no_copy no_database no_month no_places no_reason no_revision no_signing_key
	no_space no_statement no_token not_a_proof not_closed not_cosigned not_in_log older_head other_cosigner other_log outcome_unknown parts_of_a_cent payment_differs person_twice place_empty place_overwrites place_refused place_setting place_unreachable row_altered row_at_rest row_differs row_does_not_fit row_twice
	rows_out_of_order service_account somebody_else statement_changed statement_gone statement_of_v4 statement_too_large
	database_gone database_memory database_moved database_pooler database_timeout database_unfit login_refused no_schema
	not_v4 books_elsewhere rows_changing rows_kept rows_referenced table_missing table_unfit text_not_utf8 too_many_connections
	tables_locked timeout token_gone too_large too_many_tries tsa_unreachable unknown_column unsigned_head wrong_identity wrong_signature`)

// runID is how servers name a run: v4 with 8 digits, ours with 16. A longer or
// decimal number may be somebody's.
var runID = regexp.MustCompile(`^[0-9a-f]{8}([0-9a-f]{8})?$`)

// harmless returns the fields of a JSON answer without secrets or names,
// independent of the server's good will.
func harmless(body []byte) map[string]any {
	var all map[string]any
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	known := map[string]any{}
	takeBool(known, all, "success")
	for _, key := range []string{"state", "stage", "code"} {
		takeWord(known, all, key)
	}
	if id, ok := all["correlation_id"].(string); ok && runID.MatchString(id) {
		known["correlation_id"] = id
	}
	if details, ok := all["details"].(map[string]any); ok {
		takeWord(known, details, "reason")
		takeBool(known, details, "backup_exists")
		takeBool(known, details, "backup_required")
	}
	return known
}

func takeBool(known, from map[string]any, key string) {
	if value, ok := from[key].(bool); ok {
		known[key] = value
	}
}

func takeWord(known, from map[string]any, key string) {
	value, ok := from[key].(string)
	switch {
	case ok && slices.Contains(words, value):
		known[key] = value
	case ok:
		known[key] = "other"
	}
}

// named reports whether an answer names the request, as ours do and v4's 404
// does not. A proxy may have chosen the name.
func named(body []byte) bool {
	var said struct {
		ID string `json:"correlation_id"`
	}
	return json.Unmarshal(body, &said) == nil && said.ID != ""
}

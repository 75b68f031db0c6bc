package web

import (
	"extrato/internal/books"
)

// refusal says to a person why something was refused, and the way out.
type refusal struct {
	Text, Fix string
	Link      *link
	Code, ID  string // small, at the end: for support
	Message   string // in the program's own words, where there are no others
	Unknown   bool   // the pages have no words of their own for it
}

// refusals maps codes to texts: "refused NAME", "refused NAME fix". Codes with
// the same remedy share their texts.
var refusals = map[string]string{
	"month_not_ended": "not ended", "clock_doubtful": "clock",
	"backup_unwritable": "unwritable", "backup_slow": "slow", "backup_corrupt": "backup", "backups_unreadable": "unwritable",
	"copies_incomplete": "places", "rows_changing": "busy",
	"disk_full": "disk", "no_space": "disk", "disk_failed": "disk",
	"busy": "busy", "locked": "locked", "tables_locked": "busy", "database_timeout": "busy",
	"unknown_column": "column", "cannot_come_back": "return", "rows_kept": "return", "rows_referenced": "return", "linked_row_gone": "return",
	"broken_row": "row", "text_not_utf8": "row", "row_altered": "row", "row_twice": "row", "index_wrong": "database", "database_corrupt": "database",
	"statement_changed": "changed", "broken_statement": "changed", "broken_chain": "changed", "statement_gone": "gone",
	"statement_of_v4": "v4", "outcome_unknown": "outcome", "database_unreachable": "unreachable",
	"not_closed": "not closed", "month_held": "held", "linked_elsewhere": "elsewhere",
	"id_taken": "taken", "event_taken": "taken", "somebody_else": "taken", "person_twice": "taken",

	// Of backups. A code with another remedy there has the act in front.
	"row_at_rest": "at rest", "row_differs": "differs", "no_backup": "no copy", "backup_of_v4": "copy of v4",
	"restore backup_corrupt": "copy changed", "restore backups_unreadable": "place", "place backups_unreadable": "place", "copy backups_unreadable": "place",
	"restore id_taken": "differs", "restore event_taken": "differs", "restore somebody_else": "people", "restore person_twice": "people",
}

// refused explains an error of a close or a reopening of month. An unexpected
// one has a text of its own, and is in the log.
func (v *visit) refused(err error, month books.Month, id string) *refusal {
	return v.refusedAs("", err, month, id)
}

// refusedAs explains an error of an act, where the same code may have another
// remedy.
func (v *visit) refusedAs(act string, err error, month books.Month, id string) *refusal {
	r := v.explain(act, err, month, id)
	if e := books.AsError(err); r.Unknown {
		v.Log.Error("month not closed or reopened", "month", month.String(), "code", e.Code, "cause", err.Error(), "correlation_id", id)
	}
	return r
}

// explain is refusedAs for a failure that the log has already.
func (v *visit) explain(act string, err error, month books.Month, id string) *refusal {
	e := books.AsError(err)
	name, known := refusals[act+e.Code]
	if !known {
		name, known = refusals[e.Code]
	}
	if !known {
		name = "other"
	}
	r := &refusal{Text: v.t("refused "+name, capital(v.name(month))), Fix: v.t("refused " + name + " fix"), Code: e.Code, ID: id, Unknown: !known}
	if !known && e.Kind != books.Internal {
		r.Message = e.Message
	}
	switch {
	case name == "not ended" && v.mayGo("/caixa"):
		r.Link = &link{"/caixa", v.t("nav day sheet")}
	case (name == "unwritable" || name == "slow" || name == "disk" || name == "clock") && v.mayGo("/diagnostico"):
		r.Link = &link{"/diagnostico", v.t("nav doctor")}
	case name == "not closed":
		r.Link = &link{historyPath(month), v.t("see month", v.name(month))}
	case name == "held":
		r.Link = &link{closePath(month), v.t("close month", v.name(month))}
	}
	return r
}

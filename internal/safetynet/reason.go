package safetynet

import (
	"cmp"
	"encoding/json"

	"extrato/internal/books"
)

// errChanged reports a statement altered on the server.
var errChanged = books.Integrityf("statement_changed", "the month's statement is not what was closed: somebody changed it in the database").
	WithHint("extrato audit verify; keep the database as it is")

// reasons are the known failures of a server, in our own words: the server's
// text could hold a name.
var reasons = map[string]*books.Error{
	"statement_changed": errChanged,
	"not_closed":        books.ErrNotClosed,

	"broken_row":       books.Integrityf("broken_row", "a row of the month has a value that cannot be kept exactly").WithHint(onServer + "extrato close MONTH"),
	"row_twice":        books.Integrityf("row_twice", "a row is live and also stands in the month's statement").WithHint(onServer + "extrato close MONTH --force"),
	"broken_statement": books.Integrityf("broken_statement", "the month's statement cannot be read").WithHint(onServer + "extrato audit verify"),
	"statement_gone":   books.Integrityf("statement_gone", "the month was closed, but its statement is gone from the database").WithHint(onServer + "extrato close MONTH"),
	"broken_chain":     books.Integrityf("chain_broken", "the chain of closings cannot be read").WithHint(onServer + "extrato audit verify"),
	"forked_log":       errForked,
	"older_head":       errForked,
	"bad_anchor":       errForked,
	"bad_signing_key":  books.Integrityf("bad_signing_key", "the key that signs the chain's head was changed in the database").WithHint(onServer + "extrato doctor"),
	"backup_corrupt":   books.Integrityf("backup_corrupt", "a backup of the month is corrupt").WithHint(onServer + "extrato backup verify MONTH"),
	"database_corrupt": books.Integrityf("database_corrupt", "the server's database file is damaged").WithHint(onServer + "extrato doctor"),

	"no_signing_key":      books.Refusedf("no_signing_key", "the key that signs the chain's head is lost").WithHint(onServer + "extrato audit rekey --reason TEXT"),
	"unknown_column":      books.Refusedf("unknown_column", "a row of the month holds something in a column that the server does not know").WithHint(onServer + "extrato close MONTH"),
	"clock_doubtful":      books.Refusedf("clock_doubtful", "the server doubts its own clock").WithHint(onServer + "extrato doctor"),
	"disk_full":           errDiskFull,
	"no_space":            errDiskFull,
	"database_unwritable": books.Refusedf("database_unwritable", "the server cannot write its database").WithHint(onServer + "extrato doctor"),
	"backup_unwritable":   errBackupRequired,
	"backups_unreadable":  errBackupRequired,
	"statement_too_large": books.Refusedf("statement_too_large", "the statement is larger than the server's database can store").WithHint(onServer + "extrato close MONTH"),
	"statement_of_v4":     books.Refusedf("statement_of_v4", "the month's statement is v4's, which takes no revision").WithHint(onServer + "extrato close MONTH --force"),
}

// errForked reports a server that finds its chain to be another than it was.
var errForked = books.Integrityf("forked_log", "the chain is not the one that was signed and seen before").WithHint(onServer + "extrato audit verify")

const onServer = "on the server: "

var errDiskFull = books.Refusedf("disk_full", "the server's disk is full, or takes nothing").WithHint(onServer + "extrato doctor")

var errBackupRequired = books.Refusedf("backup_required", "the server needs a backup and cannot make one").WithHint("look at its folder of backups: extrato doctor")

// reason returns the server's reason for a refusal or an integrity fault, nil
// without one.
func reason(a answer) *books.Error {
	var said struct {
		Kind  books.ErrorKind `json:"kind"`  // in /api/v1; v4's endpoints say it in a header
		Code  string          `json:"code"`  // in /api/v1
		Stage string          `json:"stage"` // in v4's endpoints
	}
	_ = json.Unmarshal(a.body, &said) // without JSON there is none
	said.Kind = cmp.Or(said.Kind, books.ErrorKind(a.header.Get("X-Extrato-Kind")))
	known := reasons[cmp.Or(said.Code, said.Stage)]
	switch {
	case known != nil && (said.Kind == known.Kind || said.Kind == ""):
		return known
	case said.Kind == books.Refused:
		return books.Refusedf("server_refuses", "the server refuses: a person must decide").WithHint(onServer + "extrato close MONTH")
	case said.Kind == books.Integrity:
		return books.Integrityf("server_integrity", "data stored on the server is damaged").WithHint(onServer + "extrato close MONTH; extrato audit verify")
	}
	return nil
}

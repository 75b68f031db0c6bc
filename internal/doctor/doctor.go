// Package doctor checks everything a close depends on, and gives a remedy for
// each fault. It changes nothing: it does not take a v4 database over, migrate
// an older one, or make a missing one. A failed check does not stop the others.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/config"
	"extrato/internal/places"
	"extrato/internal/store"
)

// State is the severity of a check's result.
type State string

// The states of a check.
const (
	OK   State = "ok"
	Warn State = "warn" // closes go on, but a person should know
	Fail State = "fail" // a close fails, or stored data is damaged
)

// Check is one line of the report.
type Check struct {
	Name    string `json:"name"`
	State   State  `json:"state"`
	Message string `json:"message"`
	Fix     string `json:"fix"` // the remedy; empty if all is well

	// For pages in other words; see Texts.
	Code   string `json:"-"`
	Values []any  `json:"-"`
	Mend   string `json:"-"` // the program's own remedy; "": a person mends it
}

// Report holds all results. OK is false if any check failed.
type Report struct {
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

// Failed returns how many checks failed.
func (r *Report) Failed() int {
	n := 0
	for _, c := range r.Checks {
		if c.State == Fail {
			n++
		}
	}
	return n
}

// Doctor holds the objects to check.
type Doctor struct {
	Config  config.Config // with its Problems
	Now     func() time.Time
	Store   *store.Store // opened with store.OpenUntouched; nil: OpenErr says why
	OpenErr error
	Folder  string          // of the backups, absolute
	Backups *backup.Backups // in that folder
	Places  *places.Places  // copies elsewhere; nil: none
	// Audit checks the chain and every statement, and returns the differences.
	Audit func(context.Context) (Audited, error)
	// CheckKey makes a token with a key and reads it back.
	CheckKey func(key string, now time.Time) error
	// CheckPlaces names the unusable places of EXTRATO_NOTIFY.
	CheckPlaces func(urls []string) error
	// InServer: doctor runs inside the server, and need not ask it.
	InServer bool
}

// Audited is the result of Doctor.Audit.
type Audited struct {
	Entries  int64
	Head     books.Fingerprint
	Problems []string
}

// Run makes all checks, causes before their effects.
func (d *Doctor) Run(ctx context.Context) Report {
	r := &Report{Checks: []Check{}}
	d.settings(r)
	d.timezone(r)
	d.schedule(r)
	d.service(r)
	if !d.InServer {
		d.serving(ctx, r)
	}
	condition, usable := d.database(ctx, r)
	ours := usable && condition == store.Current
	if usable && condition == store.V4 {
		d.v4Zone(r)
	}
	if usable && (condition != store.V4 || d.Store.Postgres()) { // an import reports on v4's file
		d.books(ctx, r)
	}
	if ours {
		d.guards(ctx, r)
		d.months(ctx, r)
		d.lastMonth(ctx, r)
		d.queues(ctx, r)
		d.access(ctx, r)
	}
	d.backupFolder(ctx, r, ours)
	if ours {
		d.statementBackups(ctx, r)
		d.copies(ctx, r)
		d.fullCopy(ctx, r)
		d.drills(ctx, r)
		d.everything(ctx, r)
		d.head(ctx, r)
		d.chain(ctx, r)
	}
	r.OK = r.Failed() == 0
	return *r
}

// failed adds an error, with its hint as the fix.
func (r *Report) failed(name string, err error) {
	e := books.AsError(err)
	fix := e.Hint
	if fix = strings.TrimSuffix(fix, "; extrato doctor tells more"); fix == "" {
		fix = "see the message; nothing was changed"
	}
	r.say("failed", name, e.Error(), fix)
}

// MendBooks is the remedy for a changed chain or statement.
const MendBooks = `keep the database as it is; docs/operations.md says what to do under "A month lost from the database" (a statement or a revision) and "The chain damaged" (an entry)`

// chain has the chain and the statements checked.
func (d *Doctor) chain(ctx context.Context, r *Report) {
	const name = "chain"
	found, err := d.Audit(ctx)
	switch {
	case err != nil:
		r.failed(name, err)
	case len(found.Problems) > 0:
		r.say("chain_wrong", some(found.Problems))
	case found.Entries == 0:
		r.say("chain_empty")
	default:
		r.say("chain", found.Entries, found.Head)
	}
}

// some joins the first few of a list.
func some[T any](all []T) string {
	const most = 5
	var texts []string
	for _, one := range all[:min(len(all), most)] {
		texts = append(texts, fmt.Sprint(one))
	}
	if len(all) > most {
		texts = append(texts, fmt.Sprintf("and %d more", len(all)-most))
	}
	return strings.Join(texts, ", ")
}

// reason is the innermost error: the system's own words, without paths.
func reason(err error) string {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

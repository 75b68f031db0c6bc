package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Rebuilt is the report of Rebuild, done or planned.
type Rebuilt struct {
	From       string            `json:"from"`
	Entries    int               `json:"entries"` // of the chain
	Head       books.Fingerprint `json:"head"`
	Statements int               `json:"statements"`
	Revisions  int               `json:"revisions"` // earlier ones
	Studio     string            `json:"studio"`    // the copy of the live rows
	StudioAt   string            `json:"studio_at"` // RFC 3339, UTC
	Live       books.Counts      `json:"live"`
	Clients    int               `json:"clients"`
	Users      int               `json:"users"`
	Notes      []string          `json:"notes"`
	DryRun     bool              `json:"dry_run"`
}

// RebuiltResult is the result of the run that Rebuild records: no entry of the
// chain, so the head stays equal.
const RebuiltResult = "rebuilt"

// Plan reports what Rebuild would put into an empty database. It fails with an
// Error of kind Integrity, naming everything damaged or missing.
func (s *Source) Plan() (Rebuilt, error) {
	if err := s.errDamaged(); err != nil {
		return Rebuilt{}, err
	}
	at, _ := parseStudio(s.studio.Name)
	r := Rebuilt{
		From: s.from.String(), Entries: len(s.entries), Studio: s.studio.Name, StudioAt: at.At.Format(time.RFC3339),
		Clients: len(s.studio.tables["clients"]), Users: len(s.studio.tables["users"]), Notes: append([]string{}, s.notes...), DryRun: true,
	}
	if len(s.entries) > 0 {
		r.Head = s.entries[len(s.entries)-1].Hash
	}
	current := map[books.Month]bool{}
	for _, e := range s.entries {
		if !e.Action.Decides() {
			continue
		}
		if current[e.Month] {
			r.Revisions++
		}
		current[e.Month] = s.statements[e.Seq] != nil
	}
	for _, there := range current {
		if there {
			r.Statements++
		}
	}
	l, notes, err := s.live()
	if err != nil {
		return r, err
	}
	for kind, rows := range l.rows {
		for range rows {
			r.Live.Add(kind)
		}
	}
	r.Notes = append(r.Notes, notes...)
	return r, nil
}

// live brings the live rows of the studio's copy up to the chain's head.
func (s *Source) live() (l *live, notes []string, err error) {
	l = liveOf(s.studio)
	if err := l.readDeposits(s.studio.tables["deposits"]); err != nil {
		return nil, nil, err
	}
	last := map[books.Month]*statement{}
	for _, e := range s.entries {
		made := s.statements[e.Seq]
		if e.Seq > s.studio.Entry && !e.Month.IsZero() {
			switch {
			case made != nil && e.Action == books.Revised && last[e.Month] != nil:
				l.leave(e.Month, lateRows(made.rows, last[e.Month].rows))
			case made != nil && e.Action != books.Adopted:
				l.leave(e.Month, made.rows)
			case e.Action == books.Reopened && last[e.Month] != nil:
				l.comeBack(last[e.Month].rows)
			case e.Action == books.Restored:
				l.comeBack(s.restored[e.Seq])
			}
			notes = append(notes, fmt.Sprintf("%s was %s after the copy of the live rows was made: its rows are as that left them", e.Month, e.Action))
		}
		if e.Action.Decides() {
			last[e.Month] = made
		}
	}
	return l, notes, nil
}

// Rebuild puts everything into an empty database, in one transaction. It fails
// as Plan does, and with an Error of kind Refused on a database that is not
// empty; it changes nothing then, but for the tables of a new database.
func (s *Source) Rebuild(ctx context.Context, to *store.Store, by books.Actor) (Rebuilt, error) {
	r, err := s.Plan()
	if err != nil {
		return r, err
	}
	if err := CheckEmpty(ctx, to); err != nil {
		return r, err
	}
	if _, err := to.Migrate(ctx); err != nil {
		return r, err
	}
	s.step("tables made")
	b := &rebuilding{Source: s, by: by, run: books.CorrelationID(ctx), began: to.Now()}
	err = to.WriteLong(ctx, func(tx *store.Tx) error {
		b.tx, b.highest = tx, books.Highest{}
		return b.write(ctx)
	})
	if err == nil {
		s.step("committed")
	}
	r.DryRun = false
	r.Notes = append(r.Notes, b.notes...)
	return r, err
}

// booked are the tables with rows only once a studio has begun.
var booked = []string{
	"users", "clients", "sessoes", "pagamentos", "comissoes", "gastos", "extratos", "closings", "revisions", "backups", "changes",
}

// CheckEmpty refuses a database with any row of a studio.
func CheckEmpty(ctx context.Context, s *store.Store) error {
	condition, err := s.Condition(ctx)
	if err != nil || condition == store.New {
		return err
	}
	if condition != store.Current {
		return notEmpty("another program's tables, or those of an older version")
	}
	return s.Read(ctx, func(tx *store.Tx) error { return refuseRows(ctx, tx) })
}

func refuseRows(ctx context.Context, tx *store.Tx) error {
	for _, table := range booked {
		used, err := tx.AnyRow(ctx, table)
		if err != nil {
			return err
		}
		if used {
			return notEmpty("rows in " + table)
		}
	}
	return nil
}

func notEmpty(what string) error {
	return books.Refusedf("not_empty", "this database holds %s; everything comes back into an empty one only", what).
		WithHint("nothing was changed; set DATABASE_URL to a database that does not exist yet, or move this one away. One month alone: extrato backup restore MONTH")
}

// rebuilding is one try of Rebuild.
type rebuilding struct {
	*Source
	tx      *store.Tx
	by      books.Actor
	run     string
	began   books.Instant
	highest books.Highest
	notes   []string
}

func (b *rebuilding) write(ctx context.Context) error {
	if err := refuseRows(ctx, b.tx); err != nil {
		return err
	}
	if err := b.insertBackups(ctx); err != nil {
		return err
	}
	for _, e := range b.entries {
		if err := b.replay(ctx, e); err != nil {
			return fmt.Errorf("entry %d of the chain: %w", e.Seq, err)
		}
		b.step("entry inserted")
	}
	l, _, err := b.live()
	if err != nil {
		return err
	}
	if err := b.insertTables(ctx, l); err != nil {
		return err
	}
	if err := b.insertLive(ctx, l); err != nil {
		return err
	}
	b.step("live rows inserted")
	if err := b.raiseSequences(ctx); err != nil {
		return err
	}
	month := books.MonthOf(b.began.Time().In(b.tx.Zone()))
	if n := len(b.entries); n > 0 {
		month = b.entries[n-1].Month
	}
	return b.tx.AddRun(ctx, store.Run{
		Action: "restore", Month: month, By: b.by, Started: b.began, Finished: b.began, Result: RebuiltResult, CorrelationID: b.run,
		Message: fmt.Sprintf("everything came back from %s: %d entries, live rows of %s", b.from, len(b.entries), b.studio.Name),
	})
}

func (b *rebuilding) insertBackups(ctx context.Context) error {
	for _, c := range b.copies {
		var created books.Instant
		if err := created.Parse([]byte(c.CreatedAt)); err != nil {
			return err
		}
		err := b.tx.SaveBackup(ctx, store.Backup{
			File: c.File, Month: c.Month, Copy: c.Copy, SHA256: c.SHA256, Size: c.Size, Fingerprint: c.Fingerprint, Manifest: c.Checksum,
			State: "ok", CreatedAt: created, VerifiedAt: b.began,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// replay does again what an entry tells: with its statement, in its time.
func (b *rebuilding) replay(ctx context.Context, e books.ChainEntry) error {
	if e.Action.Decides() {
		if err := b.moveAside(ctx, e); err != nil {
			return err
		}
	}
	if made := b.statements[e.Seq]; made != nil {
		if err := b.insertStatement(ctx, e, made); err != nil {
			return err
		}
		for kind, id := range made.highest {
			b.highest[kind] = max(b.highest[kind], id)
		}
	}
	if err := b.tx.InsertEntry(ctx, e); err != nil {
		return err
	}
	return b.addRun(ctx, e)
}

// moveAside moves the statement that an entry replaces or opens to the earlier
// revisions.
func (b *rebuilding) moveAside(ctx context.Context, e books.ChainEntry) error {
	for _, was := range slices.Backward(b.entries[:e.Seq-1]) {
		if was.Month != e.Month || !was.Action.Decides() {
			continue
		}
		if b.statements[was.Seq] == nil {
			return nil
		}
		if err := b.tx.MoveToRevisions(ctx, e.Month, was.Revision, e.At); err != nil {
			return err
		}
		return b.tx.SaveMonthSums(ctx, e.Month, was.Revision, nil)
	}
	return nil
}

func (b *rebuilding) insertStatement(ctx context.Context, e books.ChainEntry, made *statement) error {
	if isAlone(e) {
		at := e.At.String()
		if e.Action == books.Adopted {
			at = storedAt(e)
		}
		return b.tx.InsertStored(ctx, made.stored, e.Revision, at)
	}
	seal, err := b.tx.InsertStatement(ctx, e.Month, made.spool, e.At)
	if err == nil && seal != e.Seal {
		err = damaged(fmt.Errorf("the statement of %s was not written as it was closed", e.Month))
	}
	if err != nil {
		return err
	}
	return b.tx.SaveMonthSums(ctx, e.Month, e.Revision, made.days)
}

// storedAt returns when v4 stored a statement, from the note in its entry.
func storedAt(e books.ChainEntry) string {
	for _, note := range e.Notes {
		if at, ok := strings.CutPrefix(note, store.StoredNote("")); ok {
			return at
		}
	}
	return ""
}

// addRun records the run that made an entry.
func (b *rebuilding) addRun(ctx context.Context, e books.ChainEntry) error {
	action, ok := map[books.Action]string{books.Closed: "close", books.Revised: "close", books.Reopened: "reopen", books.Restored: "restore"}[e.Action]
	if !ok {
		return nil
	}
	by := e.By
	if len(e.Notes) > 0 {
		if name, ok := strings.CutPrefix(e.Notes[0], books.ByNote); ok {
			by = e.By.Named(name)
		}
	}
	return b.tx.AddRun(ctx, store.Run{
		Action: action, Month: e.Month, By: by, Started: e.At, Finished: e.At, Result: string(e.Action), CorrelationID: e.CorrelationID,
	})
}

// insertTables inserts our own tables and the people. Those named by statements
// made after the studio's copy may not be in it yet.
func (b *rebuilding) insertTables(ctx context.Context, l *live) error {
	if err := b.tx.ClearFirst(ctx); err != nil {
		return err
	}
	for _, table := range store.PortableTables() {
		rows := b.studio.tables[table.Name]
		switch table.Name {
		case "deposits":
			rows = l.depositRows()
		case "signing_keys":
			rows = b.allKeys(rows)
		}
		if err := b.tx.InsertPortable(ctx, table, rows); err != nil {
			return err
		}
	}
	var later []books.Row
	for _, kind := range []books.Kind{books.ClientKind, books.ArtistKind} {
		there := map[books.ID]bool{}
		for _, row := range b.studio.tables[kind.Table()] {
			id, err := strconv.ParseInt(*row[0], 10, 64)
			if err != nil {
				return damaged(err)
			}
			there[books.ID(id)] = true
		}
		for _, id := range slices.Sorted(maps.Keys(l.people[kind])) {
			if !there[id] {
				later = append(later, l.people[kind][id])
			}
		}
	}
	_, err := b.tx.InsertRows(ctx, later)
	return err
}

func (b *rebuilding) insertLive(ctx context.Context, l *live) error {
	rows, emptied := l.settle()
	if emptied > 0 {
		b.notes = []string{fmt.Sprintf("%d links between live rows are empty now: they named rows entered after the copy of the live rows was made", emptied)}
	}
	if err := b.tx.Widen(ctx, rows); err != nil {
		return err
	}
	for _, row := range rows {
		b.highest.Add(row)
	}
	kept, err := b.tx.InsertRows(ctx, rows)
	if err == nil && len(kept) > 0 {
		err = fmt.Errorf("%d links could not be set", len(kept))
	}
	return err
}

// raiseSequences keeps every id that was ever given out from being given out
// again.
func (b *rebuilding) raiseSequences(ctx context.Context) error {
	if err := b.tx.RaiseSequences(ctx, b.highest); err != nil {
		return err
	}
	for _, table := range slices.Sorted(maps.Keys(b.studio.Sequences)) {
		if err := b.tx.RaiseOwnSequence(ctx, table, b.studio.Sequences[table]); err != nil {
			return err
		}
	}
	return nil
}

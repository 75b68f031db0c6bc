package closing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Reopen is ReopenOnce without a saved answer.
func (c *Closer) Reopen(ctx context.Context, month books.Month, reason string, by books.Actor) (Result, error) {
	return c.ReopenOnce(ctx, month, reason, by, nil)
}

// ReopenOnce puts a closed month's rows back to live, exactly as they were, in
// one transaction: ids, links and all. Only rows of clients merged since are
// the rows of those who stay. The month is then held. It fails with
// books.ErrNotClosed if there is no statement, an Error of kind Invalid without
// a reason, and of kind Refused, naming the way out, where exactness is
// impossible; every failure leaves the month closed. answer, if not nil, saves
// the request's answer.
func (c *Closer) ReopenOnce(ctx context.Context, month books.Month, reason string, by books.Actor, answer *Answer) (Result, error) {
	run := c.begin(ctx, "reopen", month, by, "")
	if strings.TrimSpace(reason) == "" {
		return Result{Month: month}, books.Invalidf("no_reason", "a reason is needed to reopen %s", month).
			WithHint("say why: extrato reopen %s --reason \"a payment was missing\"", month)
	}
	result, err := c.reopen(ctx, month, reason, run, answer)
	switch {
	case errors.Is(err, store.ErrAnswered): // recorded by the other run
	case err != nil:
		c.finish(ctx, run, "", err)
	default:
		c.Log.Info("month reopened", "month", month.String(), "revision", result.Revision, "correlation_id", run.id)
		c.keep(ctx)
	}
	return c.withRun(result, run), err
}

func (c *Closer) reopen(ctx context.Context, month books.Month, reason string, run run, answer *Answer) (Result, error) {
	unlock, err := c.Store.LockMonth(ctx, month, c.waits)
	if err != nil {
		return Result{Month: month}, err
	}
	defer unlock()
	c.step("locked")
	if err := answer.given(ctx); err != nil {
		return Result{Month: month}, err
	}
	if _, err := c.Store.AdoptStatements(ctx, "extrato"); err != nil {
		return Result{Month: month}, err
	}
	open := c.openBefore(ctx, month)
	var result Result
	err = c.Store.Write(ctx, func(tx *store.Tx) error {
		c.step("reopen begun")
		entry, err := c.unfreeze(ctx, tx, month, reason, run)
		if err != nil {
			return err
		}
		result = resultOf(entry, Outcome(books.Reopened)).with(open)
		taken, err := tx.Setting(ctx, store.TakenOver)
		if err != nil {
			return err
		}
		if taken != "" {
			result.Notes = append(result.Notes, besideV4)
		}
		result = c.withRun(result, run)
		return answer.save(ctx, tx, result)
	})
	if err != nil {
		return Result{Month: month}, sendAgain(err)
	}
	c.step("reopened")
	return result, nil
}

// unfreeze is freeze backwards, in a transaction: the statement's rows come
// back, it moves to the earlier revisions, and the chain gets its entry.
func (c *Closer) unfreeze(ctx context.Context, tx *store.Tx, month books.Month, reason string, run run) (books.ChainEntry, error) {
	var none books.ChainEntry
	last, rows, emptied, err := c.comingBack(ctx, tx, month)
	if err != nil {
		return none, err
	}
	rows, moved, err := followMerges(ctx, tx, rows)
	if err != nil {
		return none, err
	}
	kept, err := putBack(ctx, tx, rows)
	if err != nil {
		return none, err
	}
	c.step("rows put back")
	at := books.InstantOf(c.Now())
	given, err := recordMoved(ctx, tx, moved, run.by, at)
	if err != nil {
		return none, err
	}
	if err := tx.MoveToRevisions(ctx, month, last.Revision, at); err != nil {
		return none, err
	}
	if err := tx.SaveMonthSums(ctx, month, last.Revision, nil); err != nil {
		return none, err
	}
	c.step("statement moved to revisions")
	entry, err := tx.AppendEntry(ctx, books.ChainEntry{
		Action: books.Reopened, Month: month, Revision: last.Revision, At: at, By: run.by, Reason: reason,
		CorrelationID: run.id, Fingerprint: last.Fingerprint, Core: last.Core, Counts: last.Counts, Totals: last.Totals,
		BackupFile: last.BackupFile, BackupSHA256: last.BackupSHA256, Notes: slices.Concat(emptied, given, keptLinks(kept)),
	})
	if err != nil {
		return none, err
	}
	c.step("chain grown")
	if err := tx.AddRun(ctx, run.record(c.Now(), string(books.Reopened), nil)); err != nil {
		return none, err
	}
	c.step("run recorded")
	return entry, c.announce(ctx, tx, entry)
}

// comingBack returns the rows of a reopening of month, with a note on each link
// emptied, and the month's entry.
func (c *Closer) comingBack(ctx context.Context, tx *store.Tx, month books.Month) (last books.ChainEntry, rows []books.Row, emptied []string, err error) {
	if last, err = tx.LastEntry(ctx, month); err != nil {
		return last, nil, nil, err
	}
	if last.Action == books.Reopened {
		return last, nil, nil, books.Refusedf("month_held", "%s is reopened already", month).WithHint("close it again: extrato close %s", month)
	}
	if rows, err = c.storedRows(ctx, tx, month, last); err != nil {
		return last, nil, nil, err
	}
	rows, emptied, err = canComeBack(ctx, tx, month, rows)
	return last, rows, emptied, err
}

// Return describes a reopening in advance.
type Return struct {
	Revision int // of the reopened statement
	Counts   books.Counts
	Emptied  int  // links to rows deleted since: they come back empty
	BesideV4 bool // v4 works on the same database, and would close the month again
}

// PreviewReopen describes a reopening, and fails as it would. It changes nothing.
func (c *Closer) PreviewReopen(ctx context.Context, month books.Month) (r Return, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		last, _, emptied, err := c.comingBack(ctx, tx, month)
		if err != nil {
			return err
		}
		taken, err := tx.Setting(ctx, store.TakenOver)
		r = Return{Revision: last.Revision, Counts: last.Counts, Emptied: len(emptied), BesideV4: taken != ""}
		return err
	})
	return r, err
}

// ReopenFirst is the error of an act on rows in another month's statement: a
// reopening of linked rows (code linked_elsewhere), a restore (row_at_rest). It
// wraps the Error, of kind Refused.
type ReopenFirst struct {
	Month books.Month
	err   *books.Error
}

func (r *ReopenFirst) Error() string { return r.err.Error() }

// Unwrap returns the Error.
func (r *ReopenFirst) Unwrap() error { return r.err }

// besideV4 is the warning for a database shared with v4, which ignores held
// months.
const besideV4 = "v4 would close this month again, without our proof: keep its monthly job off (ENABLE_MONTHLY_EXTRATO_JOB=false) and its Histórico page closed until extrato has closed it"

// storedRows returns a statement's rows, if they are all there and as the
// chain says.
func (c *Closer) storedRows(ctx context.Context, tx *store.Tx, month books.Month, last books.ChainEntry) ([]books.Row, error) {
	stored, err := verifiedStatement(ctx, tx, month, last)
	if err != nil {
		return nil, err
	}
	if last.Action == books.Adopted || !stored.Ours() {
		return nil, books.Refusedf("statement_of_v4", "the statement of %s is v4's: it lacks the ids that its rows had", month).
			WithHint("it cannot be reopened; correct what is wrong in the running month")
	}
	return books.Collect(stored.Rows())
}

// canComeBack refuses, before anything is touched, where rows could not be
// live again as they were. It returns them, links to deleted rows emptied, and a
// note on each of those.
func canComeBack(ctx context.Context, tx *store.Tx, month books.Month, rows []books.Row) ([]books.Row, []string, error) {
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		live, err := tx.LiveByID(ctx, kind, idsOf(rows, kind))
		if err != nil {
			return nil, nil, err
		}
		for id := range live {
			return nil, nil, books.Refusedf("id_taken", "%s %d of %s is live already", kind, id, month).
				WithHint("somebody put it back by hand: compare the two and delete the live one")
		}
	}
	if err := samePeople(ctx, tx, rows); err != nil {
		return nil, nil, err
	}
	if err := eventsFree(ctx, tx, rows); err != nil {
		return nil, nil, err
	}
	return withoutDeadLinks(ctx, tx, month, rows)
}

// withoutDeadLinks empties links of payments and sessions to rows deleted since
// the close, with a note on each. It refuses a link to a row in another month's
// statement. Link records stay: putBack notes those without a session.
func withoutDeadLinks(ctx context.Context, tx *store.Tx, month books.Month, rows []books.Row) ([]books.Row, []string, error) {
	gone, err := goneEnds(ctx, tx, rows)
	if err != nil || len(gone[books.SessionKind])+len(gone[books.PaymentKind]) == 0 {
		return rows, nil, err
	}
	resting, err := atRest(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	whole := slices.Clone(rows)
	var notes []string
	for i, row := range rows {
		kind, id := linkOf(row)
		if !id.Valid || !gone[kind][id.V] {
			continue
		}
		if home := resting.home[kind][id.V]; !home.IsZero() {
			return nil, nil, linkedElsewhere(row, month, kind, id.V, home)
		}
		if row.Kind() == books.LinkKind {
			continue
		}
		whole[i], _ = unlinked(row)
		notes = append(notes, fmt.Sprintf("%s comes back without its link to %s %d, which was deleted after the close", books.Describe(row), kind, id.V))
	}
	return whole, notes, nil
}

// goneEnds returns the linked sessions and payments that are neither among rows
// nor live.
func goneEnds(ctx context.Context, tx *store.Tx, rows []books.Row) (map[books.Kind]map[books.ID]bool, error) {
	gone := map[books.Kind]map[books.ID]bool{books.SessionKind: {}, books.PaymentKind: {}}
	for _, row := range rows {
		if kind, id := linkOf(row); id.Valid {
			gone[kind][id.V] = true
		}
	}
	for kind, ids := range gone {
		for _, id := range idsOf(rows, kind) {
			delete(ids, id)
		}
		live, err := tx.LiveByID(ctx, kind, slices.Collect(maps.Keys(ids)))
		if err != nil {
			return nil, err
		}
		maps.DeleteFunc(ids, func(id books.ID, _ bool) bool { return live[id] != nil })
	}
	return gone, nil
}

// linkOf returns the row linked from a payment, a session or a Link (of a Link,
// the session).
func linkOf(row books.Row) (books.Kind, books.Ref) {
	switch r := row.(type) {
	case *books.Payment:
		return books.SessionKind, r.SessionID
	case *books.Session:
		return books.PaymentKind, r.PaymentID
	case *books.Link:
		return books.SessionKind, books.RefTo(r.SessionID)
	}
	return 0, books.Ref{}
}

func linkedElsewhere(from books.Row, month books.Month, kind books.Kind, id books.ID, home books.Month) error {
	return &ReopenFirst{home, books.Refusedf("linked_elsewhere", "%s of %s is linked to %s %d, which rests in the statement of %s", books.Describe(from), month, kind, id, home).
		WithHint("reopen %s first: extrato reopen %s --reason …", home, home)}
}

func keptLinks(kept []*books.Link) []string {
	var notes []string
	for _, l := range kept {
		notes = append(notes, fmt.Sprintf("sessao %d is gone or has a newer link, so pagamento %d did not get its link back", l.SessionID, l.PaymentID))
	}
	return notes
}

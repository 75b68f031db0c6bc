package safetynet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// Proof is the evidence in agreement.
type Proof struct {
	Revision     int          `json:"revision"`
	Counts       books.Counts `json:"counts"`
	Fingerprint  string       `json:"fingerprint"`
	BackupSHA256 string       `json:"backup_sha256"`
	Head         Head         `json:"chain_head"`
	Compared     bool         `json:"compared_with_kept_head"`
	Checkpoint   string       `json:"checkpoint"` // the signed head
	Cosigned     bool         `json:"cosigned"`   // by this net, and left on the server
	closed       books.Instant
}

// prove checks a closed month on the server: the month against its statement,
// the statement against the chain, the chain against the kept head; it has the
// server verify statement and backup. Only a continuing chain replaces the kept
// head.
func (n *Net) prove(ctx context.Context, month books.Month, r *Result) error {
	m, s, proof, err := n.agreed(ctx, month, r)
	if errors.Is(err, errOvertaken) { // a revision, or a reopening, came in between
		m, s, proof, err = n.agreed(ctx, month, r)
	}
	if err != nil {
		return err
	}
	if err := n.Server.verify(ctx, month); err != nil {
		if ends(err) || ctx.Err() != nil || isIntegrity(err) {
			return err
		}
		r.note("not_verified", books.AsError(err).Message)
	}
	if err := n.backupGood(ctx, month, s, r); err != nil {
		return err
	}
	if m.Late.Total() > 0 {
		r.note("late_rows")
	}
	if s.Backup != nil && !s.Adopted {
		if err := n.drills(ctx, proof.closed, r); err != nil {
			return err
		}
	}
	r.Proof, r.Outcome = proof, Proved
	n.cosign(ctx, r)
	return nil
}

// agreed returns a closed month, its statement, and the proof of their chain
// entry.
func (n *Net) agreed(ctx context.Context, month books.Month, r *Result) (m monthState, s statement, proof *Proof, err error) {
	if m, s, err = n.statementOf(ctx, month); err == nil {
		proof, err = n.chainGood(ctx, s, r)
		return m, s, proof, err
	}
	if isIntegrity(err) { // the chain may explain more
		if _, broken := n.chain(ctx, 1); isIntegrity(broken) {
			err = broken
		}
	}
	return m, s, nil, err
}

func isIntegrity(err error) bool { return err != nil && books.AsError(err).Kind == books.Integrity }

// statementOf returns a closed month and its matching statement. A revision may
// come between the two requests; then both are repeated.
func (n *Net) statementOf(ctx context.Context, month books.Month) (m monthState, s statement, err error) {
	var wrong error
	for range 2 {
		if m, err = n.Server.month(ctx, month); err != nil {
			return m, s, there(err)
		}
		switch {
		case m.State == "held":
			return m, s, errHeld(month)
		case !m.closed():
			return m, s, errNotClosed(month)
		}
		err = n.Server.read(ctx, "months/"+month.String()+"/statement?limit=1", &s)
		switch {
		case errors.Is(err, books.ErrNotClosed):
			wrong = reasons["statement_gone"]
		case err != nil:
			return m, s, there(err)
		case s.Month == m.Month && s.Revision == m.Revision && s.Counts == m.Counts && same(s.Totals, m.Totals):
			return m, s, nil
		default:
			wrong = books.Integrityf("statement_differs", "the statement of %s is not what the month's list says", month).WithHint("extrato audit verify")
		}
	}
	return m, s, wrong
}

// there is an error of a server with a working /api/v1 a moment ago.
func there(err error) error {
	if errors.Is(err, errNoV1) {
		return &books.Error{Kind: books.Internal, Code: "unexpected_answer", Message: "the server no longer has /api/v1", Hint: "check the proxy between this machine and the server"}
	}
	return err
}

func same(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func (n *Net) backupGood(ctx context.Context, month books.Month, s statement, r *Result) error {
	switch {
	case s.Adopted:
		r.note("statement_of_v4")
		return nil
	case s.Backup == nil:
		r.note("no_backup")
		return nil
	}
	var copies list[backupCopy]
	if err := n.Server.read(ctx, "months/"+month.String()+"/backups", &copies); err != nil {
		return there(err)
	}
	for _, c := range copies.Items {
		if c.File != s.Backup.File {
			continue
		}
		if c.SHA256 != s.Backup.SHA256 || c.State != "ok" {
			return books.Integrityf("backup_"+word(c.State, "differs"), "the backup on which the statement of %s rests is not good: %s", month, word(c.State, "it differs")).
				WithHint("extrato backup verify %s", month)
		}
		c.noteCopies(r)
		return nil
	}
	return books.Integrityf("backup_missing", "the server does not know the backup on which the statement of %s rests", month).WithHint("extrato backup verify %s", month)
}

// noteCopies warns of places without a proved copy of the backup. The server
// keeps their names: they may say more than a log should.
func (c backupCopy) noteCopies(r *Result) {
	waiting, bad := 0, 0
	for _, p := range c.Places {
		switch p.State {
		case "ok", "encrypted":
		case "pending":
			waiting++
		default:
			bad++
		}
	}
	if waiting > 0 {
		r.note("copy_pending", strconv.Itoa(waiting))
	}
	if bad > 0 {
		r.note("copy_bad", strconv.Itoa(bad))
	}
}

func word(state, otherwise string) string {
	switch state {
	case "stale", "incomplete", "corrupt", "missing", "legacy":
		return state
	}
	return otherwise
}

// chain returns the entries, newest first, down to one of them or to the last
// seen one; all, if none was seen. It fails with an Error of kind Integrity if
// they are incomplete or do not continue the seen ones.
func (n *Net) chain(ctx context.Context, down int64) ([]entry, error) {
	kept := n.State.Head
	if kept.Seq == 0 {
		down = 1
	}
	chain, err := n.Server.chain(ctx, min(max(kept.Seq, 1), down))
	if err != nil {
		return nil, there(err)
	}
	if kept.Seq == 0 && len(chain) > 0 && chain[len(chain)-1].Seq != 1 {
		return nil, books.Integrityf("chain_broken", "the chain of closings does not reach down to its first entry").WithHint("extrato audit verify")
	}
	if kept.Seq > 0 && !holds(chain, kept) {
		return nil, books.Integrityf("chain_broken", "the chain does not continue the one seen before: entry %d is gone or another", kept.Seq).
			WithHint("somebody changed the books, an old copy was restored, or another database stands behind the address: extrato audit verify, then compare with the statements printed before")
	}
	return chain, whole(chain)
}

func (n *Net) chainGood(ctx context.Context, s statement, r *Result) (*Proof, error) {
	chain, w, err := n.readChain(ctx, s.Chain.Seq)
	if err != nil {
		return nil, err
	}
	var closed books.Instant
	if !holds(chain, s.Chain) {
		return nil, books.Integrityf("statement_not_in_chain", "the statement's entry %d is not in the chain", s.Chain.Seq).WithHint("extrato audit verify")
	}
	for _, e := range chain {
		switch {
		case e.Seq > s.Chain.Seq && e.Month == s.Month && e.Action.Decides():
			return nil, errOvertaken
		case e.Seq == s.Chain.Seq && !e.records(s):
			return nil, books.Integrityf("statement_differs", "the statement of %s is not what the chain recorded", s.Month).WithHint("extrato audit verify")
		case e.Seq == s.Chain.Seq:
			closed = e.closing().At
		}
	}
	proof := &Proof{closed: closed, Revision: s.Revision, Counts: s.Counts, Fingerprint: s.Fingerprint, Head: Head{chain[0].Seq, chain[0].Hash.String()}, Compared: n.State.Head.Seq > 0}
	if s.Backup != nil {
		proof.BackupSHA256 = s.Backup.SHA256
	}
	n.State.Head = proof.Head
	n.keep(w, r)
	return proof, nil
}

// errOvertaken means the chain has a newer entry than the month's statement.
var errOvertaken = books.Integrityf("statement_not_in_chain", "the chain has an entry about the month that is newer than its statement's").WithHint("extrato audit verify")

// records reports whether the entry is about this statement.
func (e entry) records(s statement) bool {
	return e.Month == s.Month && e.Revision == s.Revision && e.Fingerprint.String() == s.Fingerprint && e.Counts == s.Counts &&
		same(e.Totals, s.Totals) && sealedSums(s.Totals, e.Sealed.Totals) && (e.Backup == nil) == (s.Backup == nil) && (s.Backup == nil || *e.Backup == *s.Backup && isHash(s.Backup.SHA256))
}

// sums are a statement's sums as /api/v1 shows them.
type sums struct {
	Revenue     string `json:"revenue"`
	Commissions string `json:"commissions"`
	Expenses    string `json:"expenses"`
	Balance     string `json:"balance"`
	NetRevenue  string `json:"net_revenue"`
}

// sealedSums reports whether the shown sums are the sums under the chain's
// hash.
func sealedSums(shown json.RawMessage, sealed string) bool {
	var s sums
	t, err := books.ParseTotals(sealed)
	return err == nil && json.Unmarshal(shown, &s) == nil &&
		s == sums{t.Revenue.String(), t.Commissions.String(), t.Expenses.String(), t.Balance.String(), t.NetRevenue.String()}
}

// whole reports whether entries, newest first, follow one another without a
// gap, and whether each hash matches its entry's fields.
func whole(chain []entry) error {
	broken := books.Integrityf("chain_broken", "the chain of closings is not whole").WithHint("extrato audit verify")
	if len(chain) == 0 {
		return broken
	}
	for i, e := range chain {
		c := e.closing()
		switch {
		case i+1 < len(chain) && !c.Follows(chain[i+1].closing()):
			return broken
		case e.Seq == 1 && !c.Follows(books.ChainEntry{}), !c.Intact():
			return broken
		}
	}
	return nil
}

func holds(chain []entry, h Head) bool {
	for _, e := range chain {
		if e.Seq == h.Seq {
			return e.Hash.String() == h.Hash
		}
	}
	return false
}

func isHash(text string) bool { return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == "" }

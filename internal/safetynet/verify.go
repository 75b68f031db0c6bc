package safetynet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"extrato/internal/books"
)

// Proof is what was found to agree.
type Proof struct {
	Revision     int          `json:"revision"`
	Counts       books.Counts `json:"counts"`
	Fingerprint  string       `json:"fingerprint"`
	BackupSHA256 string       `json:"backup_sha256"`
	Head         Head         `json:"chain_head"`
	Compared     bool         `json:"compared_with_kept_head"`
}

// prove checks what the server says of a closed month: the month against its
// statement, that against the chain, the backup, and the chain against the head
// that was kept. Only a chain that continues replaces that head.
func (n *Net) prove(ctx context.Context, month books.Month, r *Result) error {
	m, err := n.Server.month(ctx, month)
	if err != nil {
		return there(err)
	}
	if m.State != "closed" && m.State != "late" {
		return &books.Error{Kind: books.Internal, Code: "not_closed", Message: month.String() + " is still not closed", Hint: "look in the server's log"}
	}
	var s statement
	if err := n.Server.read(ctx, "months/"+month.String()+"/statement?limit=1", &s); err != nil {
		return there(err)
	}
	if s.Month != m.Month || s.Revision != m.Revision || s.Counts != m.Counts || !same(s.Totals, m.Totals) {
		return books.Integrityf("statement_differs", "the statement of %s is not what the month's list says", month).WithHint("extrato audit verify")
	}
	if err := n.backupGood(ctx, month, s, r); err != nil {
		return err
	}
	if err := n.chainGood(ctx, s, r); err != nil {
		return err
	}
	if late := m.Late.Total(); late > 0 {
		r.note("late_rows")
	}
	r.Outcome = Proved
	return nil
}

// there is an error of a server that had /api/v1 a moment ago.
func there(err error) error {
	if errors.Is(err, errNoV1) {
		return &books.Error{Kind: books.Internal, Code: "unexpected_answer", Message: "the server no longer has /api/v1", Hint: "look at what stands between us and it"}
	}
	return err
}

func same(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func (n *Net) backupGood(ctx context.Context, month books.Month, s statement, r *Result) error {
	if s.Backup == nil {
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
		if c.SHA256 != s.Backup.SHA256 || c.State != "ok" && c.State != "" {
			return books.Integrityf("backup_"+word(c.State, "differs"), "the backup on which the statement of %s rests is not good: %s", month, word(c.State, "it differs")).
				WithHint("extrato backup verify %s", month)
		}
		return nil
	}
	return books.Integrityf("backup_missing", "the server does not know the backup on which the statement of %s rests", month).WithHint("extrato backup verify %s", month)
}

func word(state, otherwise string) string {
	switch state {
	case "stale", "incomplete", "corrupt", "missing", "legacy":
		return state
	}
	return otherwise
}

func (n *Net) chainGood(ctx context.Context, s statement, r *Result) error {
	kept := n.State.Head
	chain, err := n.Server.chain(ctx, min(kept.Seq, s.Chain.Seq))
	if err != nil {
		return there(err)
	}
	if err := whole(chain); err != nil {
		return err
	}
	if kept.Seq > 0 && !holds(chain, kept) {
		return books.Integrityf("chain_broken", "the chain does not continue the one seen before: entry %d is gone or another", kept.Seq).
			WithHint("somebody changed the books, or an old copy was restored: extrato audit verify, then compare with the statements printed before")
	}
	if !holds(chain, s.Chain) {
		return books.Integrityf("statement_not_in_chain", "the statement's entry %d is not in the chain", s.Chain.Seq).WithHint("extrato audit verify")
	}
	for _, e := range chain {
		if e.Seq == s.Chain.Seq && (e.Month != s.Month || e.Fingerprint != s.Fingerprint || e.Counts != s.Counts || !same(e.Totals, s.Totals)) {
			return books.Integrityf("statement_differs", "the statement of %s is not what the chain recorded", s.Month).WithHint("extrato audit verify")
		}
	}
	r.Proof = &Proof{Revision: s.Revision, Counts: s.Counts, Fingerprint: s.Fingerprint, Head: Head{chain[0].Seq, chain[0].Hash}, Compared: kept.Seq > 0}
	if s.Backup != nil {
		r.Proof.BackupSHA256 = s.Backup.SHA256
	}
	n.State.Head = r.Proof.Head
	return nil
}

// whole reports whether entries, newest first, follow one another without a gap.
func whole(chain []entry) error {
	broken := books.Integrityf("chain_broken", "the chain of closings is not whole").WithHint("extrato audit verify")
	for i, e := range chain {
		switch {
		case !isHash(e.Hash) || !isHash(e.Fingerprint):
			return broken
		case i+1 < len(chain) && (chain[i+1].Seq != e.Seq-1 || chain[i+1].Hash != e.Previous):
			return broken
		case e.Seq == 1 && strings.Trim(e.Previous, "0") != "":
			return broken
		}
	}
	if len(chain) == 0 {
		return broken
	}
	return nil
}

func holds(chain []entry, h Head) bool {
	for _, e := range chain {
		if e.Seq == h.Seq {
			return e.Hash == h.Hash
		}
	}
	return false
}

func isHash(text string) bool { return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == "" }

package closing

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Two tables about payments in statements: the month each rests in, and the
// deposits of sessions still to end. They decide the month of later rows.

// checkRest holds both against the statements.
func (a *Audit) checkRest(ctx context.Context, tx *store.Tx, entries []books.ChainEntry) error {
	resting, err := tx.PaymentsAtRest(ctx)
	if err != nil {
		return err
	}
	deposits, err := tx.DepositsAtRest(ctx)
	if err != nil {
		return err
	}
	latest := latestOf(entries)
	err = tx.EachStatement(ctx, func(s books.Stored) error {
		name := s.Month.String()
		if !latest[s.Month].HasStatement() {
			return nil // told already, or v4's of just now
		}
		if !slices.Equal(resting[name], store.PaymentsOf(s)) {
			a.problem("the payments that are kept as those of %s are not those in its statement", s.Month)
		}
		delete(resting, name)
		of := slices.DeleteFunc(slices.Clone(deposits), func(d store.Deposit) bool { return d.Month != name })
		deposits = slices.DeleteFunc(deposits, func(d store.Deposit) bool { return d.Month == name })
		a.checkDeposits(s, of)
		return nil
	})
	if err != nil {
		return err
	}
	for month := range resting {
		a.problem("payments are kept as those of %s, which has no statement", month)
	}
	for _, d := range deposits {
		a.problem("the deposit %d is kept as one of %s, which has no statement", d.Payment, d.Month)
	}
	return nil
}

// checkDeposits compares the deposits of a month with its statement. An
// unreadable statement is reported by its own check.
func (a *Audit) checkDeposits(s books.Stored, kept []store.Deposit) {
	sessions := map[books.ID][]books.ID{} // linked to a payment: v4 allows several
	payments := map[books.ID]*books.Payment{}
	for row, err := range s.Rows() {
		if err != nil {
			return
		}
		switch r := row.(type) {
		case *books.Payment:
			payments[r.ID] = r
		case *books.Link:
			sessions[r.PaymentID] = append(sessions[r.PaymentID], r.SessionID)
		}
	}
	for _, d := range kept {
		p := payments[d.Payment]
		delete(payments, d.Payment)
		if p == nil || !d.Amount.Valid || d.Amount.V != p.Amount || !d.Day.Valid || d.Day.V != p.Date || d.Marked != bool(p.Deposit) ||
			d.Session != p.SessionID && !slices.Contains(sessions[d.Payment], d.Session.V) {
			a.problem("the deposit %d is not what the statement of %s says of that payment", d.Payment, s.Month)
		}
	}
	for _, p := range payments {
		if p.Deposit {
			a.problem("the payment %d of %s was a deposit, but is not kept as one", p.ID, s.Month)
		}
	}
}

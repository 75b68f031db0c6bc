package closing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Check is something to look at before a month is closed. None of them keeps it
// from closing.
type Check struct {
	Code     string
	Count    int64
	Sum      books.Money // of payments and sessions
	Examples []Example   // the first of them
	Months   []books.Month
}

// Example is one of the rows counted by a check, or an artist with some.
type Example struct {
	Name   string // of a client, an artist or an expense; "": nobody's
	Day    books.Day
	Amount books.Money
	Count  int64
	ID     books.ID // of a session
}

// The codes of the checks.
const (
	NoCommission   = "no_commission"   // payments without one, by artist
	NoClient       = "no_client"       // payments without one
	UnpaidSession  = "unpaid_session"  // unpaid sessions of the month
	PartPaid       = "part_paid"       // sessions leaving with a part still owed
	ComingDeposit  = "coming_deposit"  // deposits of future sessions
	EqualPayments  = "equal_payments"  // equal payments of one day
	MissingExpense = "missing_expense" // expenses of last month missing in this one
	EarlierOpen    = "earlier_open"    // earlier months without a statement
	V4Closes       = "v4_closes"       // months closed by v4 itself since the takeover
)

// Checks are the codes of all checks, in their order.
func Checks() []string {
	return []string{NoCommission, NoClient, UnpaidSession, PartPaid, ComingDeposit, EqualPayments, MissingExpense, EarlierOpen, V4Closes}
}

// mostExamples is how many rows a check names.
const mostExamples = 3

// PreviewChecked is Preview for a person, with a list of things to check.
func (c *Closer) PreviewChecked(ctx context.Context, month books.Month, force bool) (Result, []Check, error) {
	k := &checker{c: c, month: month, paid: map[books.ID]bool{}, expenses: map[string]bool{}, tally: books.NewTally()}
	r, err := c.previewSeen(ctx, month, force, k)
	if err != nil || r.Outcome == AlreadyClosed {
		return r, nil, err
	}
	open := Check{Code: EarlierOpen, Months: r.EarlierOpen, Count: int64(len(r.EarlierOpen))}
	checks := append(append(k.ofRows(), k.ofMonth...), open)
	order := Checks()
	slices.SortFunc(checks, func(a, b Check) int { return cmp.Compare(slices.Index(order, a.Code), slices.Index(order, b.Code)) })
	return r, checks, nil
}

// checker looks at a month's rows as they pass.
type checker struct {
	c        *Closer
	month    books.Month
	tally    *books.Tally
	payments []*books.Payment
	sessions []*books.Session
	paid     map[books.ID]bool // payments with a commission
	expenses map[string]bool   // by purpose
	ofMonth  []Check
}

func (k *checker) see(row books.Row) error {
	k.tally.Add(row)
	switch r := row.(type) {
	case *books.Payment:
		k.payments = append(k.payments, r)
	case *books.Session:
		k.sessions = append(k.sessions, r)
	case *books.Commission:
		k.paid[r.PaymentID.V] = true
	case *books.Expense:
		k.expenses[purpose(r)] = true
	}
	return nil
}

// rowSize is about the most bytes that a row takes in a statement.
const rowSize = 500

// readRows is previewRows without the statement's fingerprint: a page that shows
// none is there in half the time.
func (k *checker) readRows(ctx context.Context, tx *store.Tx, p plan, r *Result) (size int64, leaving *store.Leaving, err error) {
	rows, leaving, err := k.c.rowsOf(ctx, tx, p)
	if err != nil {
		return 0, nil, err
	}
	if _, err := drain(books.Tee(rows, k.see)); err != nil {
		return 0, nil, err
	}
	r.Counts, r.Totals = leaving.Counts, k.tally.Totals().JSON()
	return r.Counts.Total() * rowSize, leaving, nil
}

// purpose identifies an expense across months.
func purpose(e *books.Expense) string {
	return books.SearchKey(strings.TrimSpace(string(e.Description.V)))
}

// add counts a row.
func (c *Check) add(e Example) {
	c.Count++
	c.Sum += e.Amount
	if len(c.Examples) < mostExamples {
		c.Examples = append(c.Examples, e)
	}
}

// ofRows returns the checks of the rows seen.
func (k *checker) ofRows() []Check {
	none, nobody, coming, equal := Check{Code: NoCommission}, Check{Code: NoClient}, Check{Code: ComingDeposit}, Check{Code: EqualPayments}
	artists, seen := map[books.ID]*Example{}, map[books.Payment]bool{}
	for _, p := range k.payments {
		of := Example{Name: string(p.ClientName.V), Day: p.Date, Amount: p.Amount}
		if !k.paid[p.ID] {
			none.Count, none.Sum = none.Count+1, none.Sum+p.Amount
			if artists[p.ArtistID] == nil {
				artists[p.ArtistID] = &Example{Name: string(p.ArtistName.V)}
			}
			artists[p.ArtistID].Count++
		}
		if !p.ClientID.Valid {
			nobody.add(of)
		}
		if bool(p.Deposit) && p.SessionDate.Valid && p.SessionDate.V > k.month.Last() {
			coming.add(Example{Name: of.Name, Day: p.SessionDate.V, Amount: p.Amount})
		}
		same := books.Payment{Date: p.Date, Amount: p.Amount, Method: p.Method, ClientID: p.ClientID, ArtistID: p.ArtistID}
		if seen[same] {
			equal.add(of)
		}
		seen[same] = true
	}
	for _, a := range artists {
		none.Examples = append(none.Examples, *a)
	}
	slices.SortFunc(none.Examples, func(a, b Example) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	none.Examples = none.Examples[:min(len(none.Examples), mostExamples)]
	return []Check{none, nobody, coming, equal}
}

// readMonth reads the checks about other rows.
func (k *checker) readMonth(ctx context.Context, tx *store.Tx) error {
	unpaid := Check{Code: UnpaidSession}
	number, sum, sessions, err := tx.UnpaidSessions(ctx, k.month, mostExamples)
	if err != nil {
		return err
	}
	unpaid.Count, unpaid.Sum = number, sum
	for _, s := range sessions {
		unpaid.Examples = append(unpaid.Examples, Example{ID: s.ID, Name: string(s.ClientName.V), Day: s.Date, Amount: s.Amount})
	}
	part, err := k.partPaid(ctx, tx)
	if err != nil {
		return err
	}
	missing := Check{Code: MissingExpense}
	before, err := expensesOf(ctx, tx, k.month.Add(-1))
	if err != nil {
		return err
	}
	for _, e := range before {
		if what := purpose(e); what != "" && !k.expenses[what] {
			missing.add(Example{Name: string(e.Description.V)})
			k.expenses[what] = true // it may stand there twice
		}
	}
	closes, err := tx.ClosedByV4(ctx)
	k.ofMonth = []Check{unpaid, part, missing, {Code: V4Closes, Count: int64(len(closes)), Months: closes}}
	return err
}

// partPaid finds the leaving sessions with a part still owed: nothing shows
// them as owing once they rest in the statement.
func (k *checker) partPaid(ctx context.Context, tx *store.Tx) (Check, error) {
	part := Check{Code: PartPaid}
	received := map[books.ID]books.Money{}
	for _, p := range k.payments {
		received[p.SessionID.V] += p.Amount
	}
	paid := func(s *books.Session) bool { return s.Owed(received[s.ID]) == 0 }
	k.sessions = slices.DeleteFunc(k.sessions, paid) // by this month alone
	ids := make([]books.ID, len(k.sessions))
	for i, s := range k.sessions {
		ids[i] = s.ID
	}
	receipts, err := tx.Receipts(ctx, ids)
	for _, s := range k.sessions {
		if owed := s.Owed(receipts[s.ID].Sum()); owed > 0 {
			part.add(Example{ID: s.ID, Name: string(s.ClientName.V), Day: s.Date, Amount: owed})
		}
	}
	return part, err
}

// expensesOf returns a month's expenses, live or from its stored statement.
// They are only named, and unreadable ones are reported elsewhere.
func expensesOf(ctx context.Context, tx *store.Tx, month books.Month) (list []*books.Expense, err error) {
	_, closed, err := tx.MonthClosed(ctx, month)
	if err != nil {
		return nil, err
	}
	if !closed {
		rows, _, err := tx.ListRecords(ctx, store.Wanted{Kind: books.ExpenseKind, Month: month, Limit: 500})
		for _, row := range rows {
			list = append(list, row.(*books.Expense))
		}
		return list, err
	}
	stored, err := tx.Statement(ctx, month)
	if err != nil {
		return nil, nil
	}
	for row, err := range stored.List(books.ExpenseKind) {
		if err != nil {
			return nil, nil
		}
		list = append(list, row.(*books.Expense))
	}
	return list, nil
}

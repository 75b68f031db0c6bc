package books

// Receipt is a payment received for a session: live, or at rest in a statement.
type Receipt struct {
	Payment ID
	Day     Day
	Amount  Money
	Method  Text // NULL at rest, where the statement has it
	Deposit bool
	Month   Month // of the statement; zero: the payment is live
}

// Receipts are those of one session over all months, by day and payment.
type Receipts []Receipt

// Sum returns the amount received.
func (r Receipts) Sum() (sum Money) {
	for _, one := range r {
		sum += one.Amount
	}
	return sum
}

func (r Receipts) onlyDeposits() bool {
	for _, one := range r {
		if !one.Deposit {
			return false
		}
	}
	return true
}

// Situation is the state of a session's payment. The column status alone cannot
// say it: v4 calls a session paid with its first payment.
type Situation string

// The situations, the first that fits.
const (
	Completed   Situation = "completed"    // nothing more is expected, however much was received
	Unpriced    Situation = "unpriced"     // no price was agreed
	Unpaid      Situation = "unpaid"       // nothing was received
	OnlyDeposit Situation = "only_deposit" // less than the price, and deposits alone
	PartlyPaid  Situation = "partly_paid"  // less than the price
	Paid        Situation = "paid"
	Overpaid    Situation = "overpaid"
)

// Situations lists all situations.
func Situations() []Situation {
	return []Situation{Completed, Unpriced, Unpaid, OnlyDeposit, PartlyPaid, Paid, Overpaid}
}

// IsCompleted reports whether nothing more is expected for the session.
func (r *Session) IsCompleted() bool { return r.Status.Valid && r.Status.V == "completed" }

// Owed returns the amount still expected, 0 for a completed session.
func (r *Session) Owed(received Money) Money {
	if r.IsCompleted() {
		return 0
	}
	return max(r.Amount-received, 0)
}

// Situation returns the state of the session's payment.
func (r *Session) Situation(all Receipts) Situation {
	received := all.Sum()
	switch {
	case r.IsCompleted():
		return Completed
	case r.Amount == 0:
		return Unpriced
	case received == 0:
		return Unpaid
	case received > r.Amount:
		return Overpaid
	case received == r.Amount:
		return Paid
	case all.onlyDeposits():
		return OnlyDeposit
	}
	return PartlyPaid
}

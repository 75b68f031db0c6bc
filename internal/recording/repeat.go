package recording

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Repeatable is an expense of the month before, offered for a month.
type Repeatable struct {
	Key string // the same for a live expense and for its copy in a statement
	books.Expense
	Recorded bool // the month has it already
}

// Repeated is the result of RepeatExpenses.
type Repeated struct {
	Done
	Rows    []books.ID
	Skipped int // chosen, but recorded already
}

// Repeatable lists the expenses of the month before as they would be in month:
// on the same day, or on the last one. They come from the live rows and from
// the statement; a changed statement is refused. One counts as recorded if
// month has an expense with its description, best with its amount too; each of
// those answers for one.
func (r *Recorder) Repeatable(ctx context.Context, tx *store.Tx, month books.Month) ([]Repeatable, error) {
	before, err := expensesOf(ctx, tx, month.Add(-1))
	if err != nil {
		return nil, err
	}
	there, err := liveExpenses(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	var list []Repeatable
	for _, e := range before {
		if e.Amount <= 0 || isBlank(string(e.Description.V)) {
			continue
		}
		text := fmt.Sprintf("%s %s %q %q", e.Date, e.Amount, e.Description.V, e.Method)
		seen[text]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", text, seen[text]))
		list = append(list, Repeatable{Key: hex.EncodeToString(sum[:8]), Expense: books.Expense{
			Date: month.First().Add(min(e.Date.Number(), month.Last().Number()) - 1), Amount: e.Amount, Description: e.Description, Method: e.Method, Category: e.Category,
		}})
	}
	markRecorded(list, there)
	slices.SortStableFunc(list, func(a, b Repeatable) int { return cmp.Compare(a.Date, b.Date) })
	return list, nil
}

// markRecorded finds for each expense of a month one that answers for it.
func markRecorded(list []Repeatable, there []*books.Expense) {
	purpose := func(e books.Expense) string { return categoryKey(string(e.Description.V)) }
	for _, sameAmount := range []bool{true, false} {
		there = slices.DeleteFunc(there, func(e *books.Expense) bool {
			i := slices.IndexFunc(list, func(o Repeatable) bool {
				return !o.Recorded && purpose(o.Expense) == purpose(*e) && (!sameAmount || o.Amount == e.Amount)
			})
			if i >= 0 {
				list[i].Recorded = true
			}
			return i >= 0
		})
	}
}

// RepeatExpenses records the chosen expenses of the month before in month, on
// behalf of a user, as one change. It skips those recorded already. It fails
// with an Error of kind Invalid if none is chosen, and of kind Conflict if one
// is not offered any more, or all are recorded.
func (r *Recorder) RepeatExpenses(ctx context.Context, tx *store.Tx, by books.Actor, user books.ID, month books.Month, keys []string) (Repeated, error) {
	if len(keys) == 0 {
		return Repeated{}, books.Invalidf("nothing_chosen", "no expense is chosen").WithHint("choose the expenses to repeat")
	}
	if err := checkDay(month.First()); err != nil {
		return Repeated{}, err
	}
	if err := open(ctx, tx, month); err != nil {
		return Repeated{}, err
	}
	offered, err := r.Repeatable(ctx, tx, month)
	if err != nil {
		return Repeated{}, err
	}
	for _, key := range keys {
		if !slices.ContainsFunc(offered, func(o Repeatable) bool { return o.Key == key }) {
			return Repeated{}, books.Conflictf("expense_not_offered", "an expense of %s was changed meanwhile", month.Add(-1)).WithHint("look at the list again")
		}
	}
	var done Repeated
	a := r.begin(tx, by)
	for _, o := range offered {
		if !slices.Contains(keys, o.Key) {
			continue
		}
		if o.Recorded {
			done.Skipped++
			continue
		}
		e := o.Expense
		e.CreatedBy, e.CreatedAt, e.UpdatedAt = user, r.now(), r.now()
		id, err := a.add(ctx, &e)
		if err != nil {
			return Repeated{}, err
		}
		done.Rows = append(done.Rows, id)
	}
	if len(done.Rows) == 0 {
		return Repeated{}, books.Conflictf("all_recorded", "%s has these expenses already", month).WithHint("look at the list of its expenses")
	}
	done.Done, err = a.done(ctx, added, books.ExpenseKind, done.Rows[0])
	return done, err
}

// mostExpenses is how many expenses of a month are looked at.
const mostExpenses = 5000

func liveExpenses(ctx context.Context, tx *store.Tx, month books.Month) ([]*books.Expense, error) {
	rows, _, err := tx.ListRecords(ctx, store.Wanted{Kind: books.ExpenseKind, Month: month, Limit: mostExpenses})
	list := make([]*books.Expense, len(rows))
	for i, row := range rows {
		list[i] = row.(*books.Expense)
	}
	return list, err
}

// expensesOf returns the expenses of a month: those of its statement, and live
// ones.
func expensesOf(ctx context.Context, tx *store.Tx, month books.Month) ([]*books.Expense, error) {
	list, err := liveExpenses(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	stored, err := tx.Statement(ctx, month)
	if errors.Is(err, books.ErrNotClosed) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	last, err := tx.LastEntry(ctx, month)
	if err != nil {
		return nil, err
	}
	if last.HasStatement() && stored.Seal() != last.Seal {
		return nil, books.Integrityf("statement_changed", "the statement of %s is not the one that was closed", month).WithHint("extrato audit verify says what differs")
	}
	for row, err := range stored.List(books.ExpenseKind) {
		if err != nil {
			return nil, err
		}
		list = append(list, row.(*books.Expense))
	}
	return list, nil
}

// Package figures computes the sums for pages: by day, artist and method, and
// against other months. Closed months come from the sums saved by their close,
// others from the live rows, so no statement is read.
package figures

import (
	"cmp"
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Sums are sums of rows.
type Sums struct {
	Revenue, Commissions, Expenses books.Money
	Number                         int64 // of payments
}

// Net returns revenue less commissions and expenses; it may be negative.
func (s Sums) Net() books.Money { return s.Revenue - s.Commissions - s.Expenses }

func (s Sums) plus(d books.DaySum) Sums {
	return Sums{s.Revenue + d.Revenue, s.Commissions + d.Commissions, s.Expenses + d.Expenses, s.Number + d.Number}
}

// Figures are the sums of some days. Late rows, live in a closed month, do not
// count until the month's next revision holds them.
type Figures []books.DaySum

// Days returns the figures from first to last.
func Days(ctx context.Context, tx *store.Tx, first, last books.Day) (Figures, error) {
	months, err := tx.ClosedMonths(ctx)
	if err != nil {
		return nil, err
	}
	closed := map[books.Month]bool{}
	for _, m := range months {
		closed[m] = true
	}
	kept, err := tx.ClosedSums(ctx, first.Month(), last.Month())
	if err != nil {
		return nil, err
	}
	live, err := tx.LiveSums(ctx, first, last)
	if err != nil {
		return nil, err
	}
	var all Figures
	for _, s := range kept {
		if closed[s.Day.Month()] && s.Day >= first && s.Day <= last {
			all = append(all, s)
		}
	}
	for _, s := range live {
		if !closed[s.Day.Month()] {
			all = append(all, s)
		}
	}
	return all, nil
}

// Live returns the figures of the live rows of a month.
func Live(ctx context.Context, tx *store.Tx, month books.Month) (Figures, error) {
	return tx.LiveSums(ctx, month.First(), month.Last())
}

// Totals returns the sums as a statement of these rows would have them, with
// lists by method only.
func (f Figures) Totals() books.Totals {
	sums := f.Total()
	t := books.Totals{
		Revenue: sums.Revenue, Payments: sums.Revenue, Commissions: sums.Commissions, Expenses: sums.Expenses,
		Balance: sums.Revenue - sums.Expenses, NetRevenue: sums.Net(),
	}
	for _, p := range f.ByMethod() {
		t.ByMethod = append(t.ByMethod, books.MethodTotal{Method: p.Of, Total: p.Revenue})
	}
	for _, p := range f.ExpensesByMethod() {
		t.ExpensesByMethod = append(t.ExpensesByMethod, books.MethodTotal{Method: p.Of, Total: p.Expenses})
	}
	return t
}

// Earners returns all artists with payments or commissions, also those without a
// commission, so that their revenues add up to the whole.
func (f Figures) Earners(ctx context.Context, tx *store.Tx) ([]books.Earner, error) {
	users, err := tx.Users(ctx)
	names := map[books.ID]string{}
	for _, u := range users {
		names[u.ID] = u.Name
	}
	var list []books.Earner
	for _, p := range f.ByArtist() {
		list = append(list, books.Earner{ID: p.Of, Name: names[p.Of], Revenue: p.Revenue, Commission: p.Commissions})
	}
	books.SortEarners(list)
	return list, err
}

// Total returns the sum of all.
func (f Figures) Total() (total Sums) {
	for _, s := range f {
		total = total.plus(s)
	}
	return total
}

// Part is the sum of one key.
type Part[K comparable] struct {
	Of K
	Sums
}

// parts adds up by key, and sorts by key.
func parts[K cmp.Ordered](f Figures, key func(books.DaySum) K) []Part[K] {
	sums := map[K]Sums{}
	for _, s := range f {
		sums[key(s)] = sums[key(s)].plus(s)
	}
	list := make([]Part[K], 0, len(sums))
	for k, s := range sums {
		list = append(list, Part[K]{k, s})
	}
	slices.SortFunc(list, func(a, b Part[K]) int { return cmp.Compare(a.Of, b.Of) })
	return list
}

// ByDay returns the sum of each day with rows, oldest first.
func (f Figures) ByDay() []Part[books.Day] {
	return parts(f, func(s books.DaySum) books.Day { return s.Day })
}

// ByMethod returns the payments of each method, by name.
func (f Figures) ByMethod() []Part[string] {
	return parts(f.only(isPayment), func(s books.DaySum) string { return s.Method })
}

// ExpensesByMethod returns the expenses of each method, by name.
func (f Figures) ExpensesByMethod() []Part[string] {
	return parts(f.only(isExpense), func(s books.DaySum) string { return s.Method })
}

// ExpensesByCategory returns the expenses of each category; "" is none.
func (f Figures) ExpensesByCategory() []Part[string] {
	return parts(f.only(isExpense), func(s books.DaySum) string { return s.Category })
}

// ByArtist returns payments and commissions of each artist, by id. Rows of v4's
// statements have no ids, so theirs is 0.
func (f Figures) ByArtist() []Part[books.ID] {
	return parts(f.only(func(s books.DaySum) bool { return !isExpense(s) }), func(s books.DaySum) books.ID { return s.Artist })
}

// OfArtist returns the figures of one artist.
func (f Figures) OfArtist(artist books.ID) Figures {
	return f.only(func(s books.DaySum) bool { return s.Artist == artist && !isExpense(s) })
}

func (f Figures) only(which func(books.DaySum) bool) (some Figures) {
	for _, s := range f {
		if which(s) {
			some = append(some, s)
		}
	}
	return some
}

// A commission has no method, an expense has one and counts no payment.
func isPayment(s books.DaySum) bool { return s.Number > 0 }
func isExpense(s books.DaySum) bool { return s.Number == 0 && s.Method != "" }

// SoFar is a month until a day, beside the same days of last month and of the
// same month last year. Where one of those is shorter, all of it counts.
type SoFar struct {
	Now, LastMonth, LastYear Figures
}

// MonthSoFar returns the month of today until today.
func MonthSoFar(ctx context.Context, tx *store.Tx, today books.Day) (s SoFar, err error) {
	for _, part := range []struct {
		back int
		to   *Figures
	}{{0, &s.Now}, {-1, &s.LastMonth}, {-12, &s.LastYear}} {
		m := today.Month().Add(part.back)
		if *part.to, err = Days(ctx, tx, m.First(), min(m.First().Add(today.Number()-1), m.Last())); err != nil {
			return s, err
		}
	}
	return s, nil
}

// MonthSum is the sum of a month.
type MonthSum struct {
	Month books.Month
	Sums
}

// Months returns the last n months up to last, oldest first.
func Months(ctx context.Context, tx *store.Tx, last books.Month, n int) ([]MonthSum, error) {
	first := last.Add(1 - n)
	f, err := Days(ctx, tx, first.First(), last.Last())
	if err != nil {
		return nil, err
	}
	list := make([]MonthSum, n)
	at := map[books.Month]int{}
	for i := range list {
		list[i].Month = first.Add(i)
		at[list[i].Month] = i
	}
	for _, s := range f {
		m := &list[at[s.Day.Month()]]
		m.Sums = m.plus(s)
	}
	return list, nil
}

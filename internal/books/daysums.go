package books

import (
	"cmp"
	"slices"
)

// DaySum holds the sums of a statement's rows of one day, artist, method and
// category; 0 or "" stands for none. A commission has the day of its payment
// and no method; an unpaired one, and a row outside the month, the month's
// first day.
type DaySum struct {
	Day                            Day
	Artist                         ID
	Method, Category               string
	Revenue, Commissions, Expenses Money
	Number                         int64 // of payments
}

// Net returns revenue less commissions and expenses; it may be negative.
func (s DaySum) Net() Money { return s.Revenue - s.Commissions - s.Expenses }

// Plus returns s with the amounts and the number of other.
func (s DaySum) Plus(other DaySum) DaySum {
	s.Revenue += other.Revenue
	s.Commissions += other.Commissions
	s.Expenses += other.Expenses
	s.Number += other.Number
	return s
}

// sumKey identifies the group of rows summed in a DaySum.
type sumKey struct {
	day              Day
	artist           ID
	method, category string
}

// DaySums adds up a month's rows.
type DaySums struct {
	month Month
	sums  map[sumKey]*DaySum
}

// NewDaySums returns the sums of no rows of month.
func NewDaySums(month Month) *DaySums { return &DaySums{month, map[sumKey]*DaySum{}} }

// Add takes one row.
func (d *DaySums) Add(row Row) {
	var s DaySum
	switch r := row.(type) {
	case *Payment:
		s = DaySum{Day: r.Date, Artist: r.ArtistID, Method: string(r.Method), Revenue: r.Amount, Number: 1}
	case *Commission:
		s = DaySum{Day: d.month.First(), Artist: r.ArtistID, Commissions: r.Amount}
		if r.PaymentDate.Valid {
			s.Day = r.PaymentDate.V
		}
	case *Expense:
		s = DaySum{Day: r.Date, Method: string(r.Method), Category: string(r.Category.V), Expenses: r.Amount}
	default:
		return
	}
	if s.Day.Month() != d.month { // in v4's statements anything may stand
		s.Day = d.month.First()
	}
	d.AddSum(s)
}

// AddSum takes the sum of several rows.
func (d *DaySums) AddSum(s DaySum) {
	key := sumKey{s.Day, s.Artist, s.Method, s.Category}
	if sum := d.sums[key]; sum != nil {
		*sum = sum.Plus(s)
		return
	}
	d.sums[key] = &s
}

// List returns the sums by day, artist, method and category.
func (d *DaySums) List() []DaySum {
	list := make([]DaySum, 0, len(d.sums))
	for _, s := range d.sums {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b DaySum) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Artist, b.Artist), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Category, b.Category))
	})
	return list
}

// DaySums returns the sums of the statement's rows; none if they cannot be read.
func (s Stored) DaySums() []DaySum {
	d := NewDaySums(s.Month)
	for row, err := range s.Rows() {
		if err != nil {
			return nil
		}
		d.Add(row)
	}
	return d.List()
}

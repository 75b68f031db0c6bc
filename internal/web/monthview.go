package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/figures"
	"extrato/internal/store"
)

// monthView is the rows of a month as a page shows them: of a statement, or live
// ones; all of them, or some. Its readers keep the first error.
type monthView struct {
	totals   books.Totals
	counts   books.Counts
	sessions books.Money // the sum of the sessions' prices
	days     figures.Figures
	earners  []books.Earner
	whole    bool // lists are shown whole, not in parts
	filtered bool
	// newest returns rows of a kind, from one index up to another.
	newest func(kind books.Kind, from, to int) ([]books.Row, error)
	// index returns where a row stands among the newest, -1 if nowhere; nil: nobody
	// knows.
	index func(kind books.Kind, id books.ID) int
	// commissions returns the sum of each payment's commissions; known is false if
	// nobody knows whose they are.
	commissions func(payments []books.ID) (sums map[books.ID]books.Money, known bool, err error)
	err         error
}

// newestOf returns rows of one type, newest first.
func newestOf[R books.Row](m *monthView, kind books.Kind, from, to int) []R {
	rows, err := m.newest(kind, from, to)
	m.err = cmp.Or(m.err, err)
	list := make([]R, 0, len(rows))
	for _, row := range rows {
		if r, ok := row.(R); ok {
			list = append(list, r)
		}
	}
	return list
}

// openedView shows the rows of a statement.
func openedView(o *books.Opened) *monthView {
	return &monthView{
		totals: o.Totals, counts: o.Header.Counts, sessions: o.Sessions, days: o.Days, earners: o.Earners,
		newest: o.Newest, index: o.Index, commissions: o.CommissionsOf,
	}
}

// liveView shows a month without a statement: sums and parts of its lists, never
// all rows.
func liveView(ctx context.Context, tx *store.Tx, month books.Month) (*monthView, error) {
	days, err := figures.Live(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	m := &monthView{days: days, totals: days.Totals()}
	if m.counts, m.sessions, err = tx.CountAndPrice(ctx, month); err != nil {
		return nil, err
	}
	if m.earners, err = days.Earners(ctx, tx); err != nil {
		return nil, err
	}
	m.newest = func(kind books.Kind, from, to int) ([]books.Row, error) {
		if from == to {
			return nil, nil
		}
		rows, _, err := tx.ListRecords(ctx, store.Wanted{Kind: kind, Month: month, Leaving: true, Offset: from, Limit: to - from})
		return rows, err
	}
	m.commissions = func(payments []books.ID) (map[books.ID]books.Money, bool, error) {
		all, err := tx.CommissionsOfAll(ctx, payments)
		sums := map[books.ID]books.Money{}
		for payment, list := range all {
			sums[payment] = sumOf(list, 0)
		}
		return sums, true, err
	}
	return m, nil
}

// rowsView shows the rows to be kept of a sequence, all in memory.
func rowsView(month books.Month, rows books.Rows, keep func(books.Row) bool) (*monthView, error) {
	var lists [books.KindCount][]books.Row
	tally, days, earners := books.NewTally(), books.NewDaySums(month), books.NewEarners()
	m := &monthView{}
	sums := map[books.ID]books.Money{}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if row.Kind() > books.ExpenseKind {
			break
		}
		switch r := row.(type) {
		case *books.Commission: // of the payments kept, whether it is kept or not
			sums[r.PaymentID.V] += r.Amount
		case *books.Session:
			if keep(row) {
				m.sessions += r.Amount
			}
		}
		if keep(row) {
			lists[row.Kind()] = append(lists[row.Kind()], row)
			m.counts.Add(row.Kind())
			tally.Add(row)
			days.Add(row)
			earners.Add(row)
		}
	}
	for _, list := range lists {
		slices.SortStableFunc(list, func(a, b books.Row) int {
			return cmp.Or(cmp.Compare(books.ListDay(b), books.ListDay(a)), cmp.Compare(b.Key(), a.Key()))
		})
	}
	m.totals, m.days, m.earners = tally.Totals(), days.List(), earners.List()
	m.newest = func(kind books.Kind, from, to int) ([]books.Row, error) { return lists[kind][from:to], nil }
	m.commissions = func([]books.ID) (map[books.ID]books.Money, bool, error) { return sums, true, nil }
	return m, nil
}

// rowFilter selects rows of a month. Its zero value takes all.
type rowFilter struct {
	artist       books.ID
	artistName   string // of one without an id, in a statement of v4's
	method, text string // the text as books.SearchKey makes it
}

func (f rowFilter) isOn() bool { return f != rowFilter{} }

// keeps reports whether a row is taken. A row that lacks what the filter asks
// for, as a session lacks a method, is not.
func (f rowFilter) keeps(row books.Row) bool {
	method, texts := books.String(""), []books.Text(nil)
	switch r := row.(type) {
	case *books.Payment:
		method, texts = r.Method, []books.Text{r.ClientName, r.Note}
	case *books.Session:
		texts = []books.Text{r.ClientName, r.Note}
	case *books.Commission:
		texts = []books.Text{r.ClientName, r.Note}
	case *books.Expense:
		method, texts = r.Method, []books.Text{r.Description, r.Category}
	}
	if (f.artist != 0 || f.artistName != "") && !books.OwnedBy(row, f.artist, f.artistName) || f.method != "" && string(method) != f.method {
		return false
	}
	return f.text == "" || slices.ContainsFunc(texts, func(t books.Text) bool { return strings.Contains(books.SearchKey(string(t.V)), f.text) })
}

// shows reports whether rows of a kind can be taken at all.
func (f rowFilter) shows(kind books.Kind) bool {
	ofArtist, hasMethod := kind != books.ExpenseKind, kind == books.PaymentKind || kind == books.ExpenseKind
	return (ofArtist || f.artist == 0 && f.artistName == "") && (hasMethod || f.method == "")
}

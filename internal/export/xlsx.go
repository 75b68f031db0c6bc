package export

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"extrato/internal/books"
)

// WriteXLSX writes the statement as a workbook: a summary with the totals as
// formulas over the sheets behind it, which hold a record in each row, days as
// days and amounts as numbers. An artist's extract has neither the studio's
// expenses nor its net revenue.
func WriteXLSX(out io.Writer, s Statement, lang Lang) error {
	c, err := catalogueOf(lang)
	if err != nil {
		return err
	}
	x := &xlsx{workbook: newWorkbook(fmt.Sprintf(c.title, c.month(s.Month)), s.Studio, s.ClosedAt.Time()), c: c, s: s}
	x.summary()
	x.payments()
	x.commissions()
	x.sessions()
	if s.artist == nil {
		x.expenses()
	}
	return x.writeTo(out)
}

// xlsx writes the parts of a statement.
type xlsx struct {
	*workbook
	c catalogue
	s Statement
}

// firstRow is where the records of a list begin: the row before has the titles.
const firstRow = 2

// column returns the cells of a list's column, for formulas.
func (x *xlsx) column(sheet, column string, n int64) string {
	return columnOf(sheet, column, firstRow, firstRow-1+int(n))
}

// summary is the first sheet.
func (x *xlsx) summary() {
	c, s, t, n := x.c, x.s, x.s.Header.Totals, x.s.Header.Counts
	x.begin(c.summary, 34, 20, 20)
	if s.Studio != "" {
		x.add(s.Studio)
	}
	x.add(x.text(titleStyle, fmt.Sprintf(c.title, c.month(s.Month))))
	for _, line := range c.statusLines(s) {
		if s.Unverified {
			x.add(x.text(warningStyle, line))
		} else {
			x.add(cellText(line))
		}
	}
	amounts := x.column(c.payments.title, "F", n.Payments)
	shares := x.column(c.commissions.title, "G", n.Commissions)
	spent := x.column(c.expensesSheet, "F", n.Expenses)
	x.add()
	x.heads(c.totals, "")
	x.add(c.totalRevenue, x.sum(moneyStyle, "SUM("+amounts+")", t.Revenue))
	revenue := "B" + strconv.Itoa(x.row)
	x.add(c.totalCommissions, x.sum(moneyStyle, "SUM("+shares+")", t.Commissions))
	commissions := "B" + strconv.Itoa(x.row)
	if s.artist == nil {
		x.add(c.totalExpenses, x.sum(moneyStyle, "SUM("+spent+")", t.Expenses))
		expenses := "B" + strconv.Itoa(x.row)
		x.add(c.balance, x.sum(moneyStyle, revenue+"-"+expenses, t.Balance))
		x.add(x.text(totalStyle, c.netRevenue), x.sum(totalMoneyStyle, revenue+"-"+commissions+"-"+expenses, t.NetRevenue))
	}
	x.artists(amounts, shares)
	x.named(c.byMethod.title, c.revenue, x.column(c.payments.title, "E", n.Payments), amounts, byMethod(t.ByMethod))
	if s.artist == nil {
		x.named(c.byCategory, c.amount, x.column(c.expensesSheet, "D", n.Expenses), spent, x.categories())
	}
	x.add()
	x.heads(c.proof, "")
	for _, line := range c.proofLines(s) {
		switch {
		case s.Unverified:
			x.add(x.text(warningStyle, line.value))
		case line.name == "":
			x.add(cellText(line.value))
		default:
			x.add(cellText(line.name), cellText(line.value))
		}
	}
}

// artists lists all artists: by their numbers, since two may have one name, or by
// name in a statement of v4's.
func (x *xlsx) artists(amounts, shares string) {
	c, n := x.c, x.s.Header.Counts
	list := x.s.earners()
	x.add()
	x.heads(c.byArtist.title, c.commission, c.revenue, c.artistNumber)
	from := x.row + 1
	for _, e := range list {
		formula := func(sheet, ids, names string, n int64, sums string) string {
			row := strconv.Itoa(x.row + 1)
			if e.ID != 0 {
				return "SUMIF(" + x.column(sheet, ids, n) + ",D" + row + "," + sums + ")"
			}
			return "SUMPRODUCT(--EXACT(" + x.column(sheet, names, n) + ",A" + row + ")," + sums + ")"
		}
		x.add(cellText(e.Name),
			x.sum(moneyStyle, formula(c.commissions.title, "J", "C", n.Commissions, shares), e.Commission),
			x.sum(moneyStyle, formula(c.payments.title, "I", "D", n.Payments, amounts), e.Revenue), id(e.ID))
	}
	x.totals(from, x.s.Header.Totals.Commissions, x.s.Header.Totals.Revenue)
}

// totals writes the last row of a list that began at a row: the sums of the
// columns from B on.
func (x *xlsx) totals(from int, sums ...books.Money) {
	cells := []any{x.text(totalStyle, x.c.total)}
	for i, sum := range sums {
		column := string(rune('B' + i))
		cells = append(cells, x.sum(totalMoneyStyle, "SUM("+column+strconv.Itoa(from)+":"+column+strconv.Itoa(max(from, x.row))+")", sum))
	}
	if x.row < from { // an empty list: the sum is over a blank row
		x.add()
	}
	x.add(cells...)
}

// part is one name's part of a sum.
type part struct {
	name string
	sum  books.Money
}

func byMethod(list []books.MethodTotal) (parts []part) {
	for _, t := range list {
		parts = append(parts, part{t.Method, t.Total})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.sum, a.sum) })
	return parts
}

// categories adds up the expenses by category; in v4's none has one.
func (x *xlsx) categories() (parts []part) {
	for _, r := range of[*books.Expense](x.s.Rows) {
		name := x.categoryOf(r)
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if i < 0 {
			i, parts = len(parts), append(parts, part{name: name})
		}
		parts[i].sum += r.Amount
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.sum, a.sum) })
	return parts
}

func (x *xlsx) categoryOf(e *books.Expense) string {
	if !e.Category.Valid {
		return x.c.noCategory
	}
	return string(e.Category.V)
}

// named lists sums by name. EXACT compares letter for letter: to SUMIF, a name may
// be a pattern or a comparison.
func (x *xlsx) named(title, amount, names, amounts string, parts []part) {
	x.add()
	x.heads(title, amount)
	from := x.row + 1
	var sum books.Money
	for _, p := range parts {
		x.add(cellText(p.name), x.sum(moneyStyle, "SUMPRODUCT(--EXACT("+names+",A"+strconv.Itoa(x.row+1)+"),"+amounts+")", p.sum))
		sum += p.sum
	}
	x.totals(from, sum)
}

func (x *xlsx) payments() {
	c := x.c
	x.begin(c.payments.title, 9, 12, 28, 24, 20, 16, 16, 36, 12, 12)
	x.freeze()
	x.heads(c.number, c.date, c.client, c.artist, c.method, c.amount, c.commission, c.note, c.artistNumber, c.sessionNumber)
	shares := map[books.ID]books.Money{}
	for _, r := range of[*books.Commission](x.s.Rows) {
		if r.PaymentID.Valid {
			shares[r.PaymentID.V] += r.Amount
		}
	}
	list := of[*books.Payment](x.s.Rows)
	for _, r := range list {
		var share any
		if amount := shares[r.ID]; amount != 0 && r.ID != 0 {
			share = x.money(moneyStyle, amount)
		}
		x.add(id(r.ID), x.day(r.Date), optional(r.ClientName), optional(r.ArtistName), cellText(string(r.Method)), x.money(moneyStyle, r.Amount), share,
			optional(r.Note), id(r.ArtistID), id(r.SessionID.V))
	}
	x.total(len(list), 5, x.s.Header.Totals.Revenue)
}

// total writes the last row of a list of n records: the sums of the columns
// behind the first ones.
func (x *xlsx) total(n, first int, sums ...books.Money) {
	if n == 0 { // the sums are over a blank row
		x.add()
	}
	cells := []any{x.text(totalStyle, x.c.total)}
	for range first - 1 {
		cells = append(cells, x.text(totalStyle, ""))
	}
	for i, sum := range sums {
		column := string(rune('A' + first + i))
		cells = append(cells, x.sum(totalMoneyStyle, fmt.Sprintf("SUM(%s%d:%s%d)", column, firstRow, column, firstRow-1+max(n, 1)), sum))
	}
	x.add(cells...)
}

func (x *xlsx) commissions() {
	c := x.c
	x.begin(c.commissions.title, 9, 12, 24, 28, 16, 10, 16, 36, 14, 12)
	x.freeze()
	x.heads(c.number, c.paidOn, c.artist, c.client, c.paid, c.percent, c.commission, c.note, c.paymentNumber, c.artistNumber)
	list := of[*books.Commission](x.s.Rows)
	for _, r := range list {
		var paid any
		if r.PaymentAmount.Valid {
			paid = x.money(moneyStyle, r.PaymentAmount.V)
		}
		x.add(id(r.ID), x.day(r.PaymentDate.V), optional(r.ArtistName), optional(r.ClientName), paid, x.percent(r.Percent), x.money(moneyStyle, r.Amount),
			optional(r.Note), id(r.PaymentID.V), id(r.ArtistID))
	}
	x.total(len(list), 6, x.s.Header.Totals.Commissions)
}

func (x *xlsx) sessions() {
	c := x.c
	x.begin(c.sessionsSheet, 9, 12, 28, 24, 14, 16, 36, 14, 12)
	x.freeze()
	x.heads(c.number, c.date, c.client, c.artist, c.status, c.amount, c.note, c.paymentNumber, c.artistNumber)
	list := of[*books.Session](x.s.Rows)
	var sum books.Money
	for _, r := range list {
		status, ok := c.statuses[string(r.Status.V)]
		if !ok {
			status = string(r.Status.V)
		}
		sum += r.Amount
		x.add(id(r.ID), x.day(r.Date), optional(r.ClientName), optional(r.ArtistName), cellText(status), x.money(moneyStyle, r.Amount),
			optional(r.Note), id(r.PaymentID.V), id(r.ArtistID))
	}
	x.total(len(list), 5, sum)
}

func (x *xlsx) expenses() {
	c := x.c
	x.begin(c.expensesSheet, 9, 12, 40, 20, 20, 16)
	x.freeze()
	x.heads(c.number, c.date, c.description, c.category, c.method, c.amount)
	list := of[*books.Expense](x.s.Rows)
	for _, r := range list {
		x.add(id(r.ID), x.day(r.Date), optional(r.Description), cellText(x.categoryOf(r)), cellText(string(r.Method)), x.money(moneyStyle, r.Amount))
	}
	x.total(len(list), 5, x.s.Header.Totals.Expenses)
}

// WritePaymentsXLSX writes a list of payments as a workbook: days as days,
// amounts as numbers, the sums as formulas. Without commissions theirs is left
// out.
func WritePaymentsXLSX(out io.Writer, lines []PaymentLine, commissions bool, lang Lang) error {
	c, err := catalogueOf(lang)
	if err != nil {
		return err
	}
	x := &xlsx{workbook: newWorkbook(c.payments.title, "", time.Unix(0, 0)), c: c}
	x.begin(c.payments.title, 9, 12, 28, 24, 20, 9, 36, 16, 16)
	x.freeze()
	heads := []string{c.number, c.date, c.client, c.artist, c.method, c.deposit, c.note, c.amount}
	if commissions {
		heads = append(heads, c.commission)
	}
	x.heads(heads...)
	var sums [2]books.Money
	for _, l := range lines {
		deposit := ""
		if l.Deposit {
			deposit = c.yes
		}
		cells := []any{id(l.ID), x.day(l.Date), optional(l.ClientName), optional(l.ArtistName), cellText(string(l.Method)), deposit, optional(l.Note), x.money(moneyStyle, l.Amount)}
		if commissions {
			cells = append(cells, x.money(moneyStyle, l.Commission))
		}
		sums[0], sums[1] = sums[0]+l.Amount, sums[1]+l.Commission
		x.add(cells...)
	}
	if commissions {
		x.total(len(lines), 7, sums[:]...)
	} else {
		x.total(len(lines), 7, sums[0])
	}
	return x.writeTo(out)
}

package export

import (
	"fmt"
	"io"

	"extrato/internal/books"
)

// WritePDF writes the statement for paper: A4, totals first, then v4's seven
// headings with every record, and the proof at the end. Column titles stand on
// each page that a list goes on to. An artist's extract has neither the studio's
// expenses nor its net revenue. The proof is attached, and printed as a QR code.
func WritePDF(w io.Writer, s Statement, lang Lang) error {
	c, err := catalogueOf(lang)
	if err != nil {
		return err
	}
	title := fmt.Sprintf(c.title, c.month(s.Month))
	p := &pdf{catalogue: c, s: s}
	p.paper = newPaper(title, s.Studio, s.ClosedAt.Time().UTC(), p.footer)
	p.AddPage()
	p.opening(title)
	p.figures()
	p.payments()
	p.commissions()
	p.sessions()
	p.byArtist()
	p.byMethod()
	if s.artist == nil {
		p.expenses()
	}
	p.totals()
	p.proof()
	if err := p.check(); err != nil {
		return err
	}
	p.attach()
	return p.write(w)
}

// pdf writes the parts of a statement on paper.
type pdf struct {
	*paper
	catalogue
	s Statement
}

// footer names the document and its page; a changed statement is marked on each.
func (p *pdf) footer(on *paper) {
	y := pageHeight - 14
	on.rule(y-1.5, hairline, 0.15)
	on.font("", sizeSmall, soft)
	name := fmt.Sprintf(p.title, p.month(p.s.Month))
	if p.s.Studio != "" {
		name = p.s.Studio + " · " + name
	}
	if p.s.Unverified {
		on.font("B", sizeSmall, fail)
		name = p.notClosed
	}
	on.say(margin, y, textWidth-35, on.lines(name, textWidth-35)[0], "L")
	on.font("", sizeSmall, soft)
	width := on.GetStringWidth(fmt.Sprintf(p.page, on.PageNo(), "00"))
	on.SetXY(pageWidth-margin-width, y)
	on.CellFormat(width, lineHeight, fmt.Sprintf(p.page, on.PageNo(), pagesAlias), "", 0, "L", false, 0, "")
}

// opening is the head of the first page.
func (p *pdf) opening(title string) {
	if p.s.Studio != "" {
		p.font("", sizeText, soft)
		p.paragraph(p.s.Studio)
	}
	p.font("B", sizeTitle, ink)
	p.say(margin, p.GetY()+1.5, textWidth, title, "L")
	p.SetY(p.GetY() + 8)
	p.font("", sizeText, soft)
	for _, line := range p.statusLines(p.s) {
		if p.s.Unverified {
			p.font("B", sizeText, fail)
		}
		p.paragraph(line)
	}
	p.SetY(p.GetY() + 3)
}

// figures are the totals, side by side; the last one is what remains.
func (p *pdf) figures() {
	t, n := p.s.Header.Totals, p.s.Header.Counts
	type figure struct{ name, amount, note string }
	counted := func(i int, n int64) string { return counted(p.counted[i], n) }
	all := []figure{
		{p.totalRevenue, t.Revenue.People(), counted(0, n.Payments)}, {p.totalCommissions, t.Commissions.People(), counted(2, n.Commissions)},
	}
	if p.s.artist == nil {
		all = append(all, figure{p.totalExpenses, t.Expenses.People(), counted(3, n.Expenses)}, figure{p.netRevenue, t.NetRevenue.People(), ""})
	}
	y, width := p.GetY(), textWidth/4
	p.rule(y, hairline, 0.2)
	for i, f := range all {
		x := margin + float64(i)*width
		p.font("", sizeText, soft)
		p.say(x, y+2.5, width, f.name, "L")
		p.font("B", sizeFigure, ink)
		p.say(x, y+7.2, width, f.amount, "L")
		if i == len(all)-1 && p.s.artist == nil {
			p.addsUp(x, y+12, p.GetStringWidth(printable(f.amount)))
		}
		p.font("", sizeSmall, soft)
		p.say(x, y+12, width, f.note, "L")
	}
	p.rule(y+18, hairline, 0.2)
	p.SetY(y + 18)
}

// addsUp is a double rule: it stands under final totals.
func (p *pdf) addsUp(x, y, width float64) {
	p.SetDrawColor(mark[0], mark[1], mark[2])
	p.SetLineWidth(0.25)
	p.Line(x, y, x+width, y)
	p.Line(x, y+0.7, x+width, y+0.7)
}

// paperColumn is one column of a list, so many millimetres wide.
type paperColumn struct {
	title string
	width float64
	right bool
}

// paperRow is one row of a list, with a note below it.
type paperRow struct {
	cells []string
	note  string
}

// list writes a list under its heading, and its total.
func (p *pdf) list(h heading, columns []paperColumn, rows []paperRow, total []string) {
	p.SetY(p.GetY() + 6)
	p.room(30)
	p.font("B", sizeHeading, ink)
	p.say(margin, p.GetY(), textWidth, h.title, "L")
	p.SetY(p.GetY() + 6.5)
	if len(rows) == 0 {
		p.font("", sizeText, soft)
		p.paragraph(h.none)
		return
	}
	if columns[0].title != "" {
		p.titles(columns)
	}
	p.again = func() {
		p.font("B", sizeText, ink)
		p.say(margin, p.GetY(), textWidth, h.title+" "+p.continued, "L")
		p.SetY(p.GetY() + 5.5)
		p.titles(columns)
	}
	for _, row := range rows {
		p.row(columns, row)
	}
	if total != nil {
		p.total(columns, total)
	}
	p.again = nil
}

func (p *pdf) titles(columns []paperColumn) {
	y, x := p.GetY(), margin
	p.font("", sizeSmall, soft)
	for i, c := range columns {
		p.say(x, y, c.width-p.gapBehind(columns, i), c.title, align(c.right))
		x += c.width
	}
	p.SetY(y + lineHeight + rowGap)
	p.rule(p.GetY(), hairline, 0.3)
}

// columnGap is the space behind each column.
const columnGap = 2.0

func align(right bool) string {
	if right {
		return "R"
	}
	return "L"
}

func (p *pdf) row(columns []paperColumn, row paperRow) {
	p.font("", sizeText, ink)
	cells := make([][]string, len(columns))
	height := 0
	for i, text := range row.cells {
		cells[i] = p.lines(text, columns[i].width-columnGap)
		height = max(height, len(cells[i]))
	}
	notes := []string(nil)
	if row.note != "" {
		p.font("", sizeSmall, soft)
		notes = p.lines(row.note, textWidth-columns[0].width-30)
	}
	p.room(float64(height+len(notes))*lineHeight + 2*rowGap)
	y, x := p.GetY()+rowGap, margin
	p.font("", sizeText, ink)
	for i, lines := range cells {
		for n, line := range lines {
			p.say(x, y+float64(n)*lineHeight, columns[i].width-p.gapBehind(columns, i), line, align(columns[i].right))
		}
		x += columns[i].width
	}
	y += float64(height) * lineHeight
	p.font("", sizeSmall, soft)
	for _, line := range notes {
		p.say(margin+columns[0].width, y, textWidth-columns[0].width, line, "L")
		y += lineHeight
	}
	p.SetY(y + rowGap)
	p.rule(p.GetY(), hairline, 0.1)
}

// gapBehind is the space behind a column; there is none behind the last.
func (p *pdf) gapBehind(columns []paperColumn, i int) float64 {
	if i == len(columns)-1 {
		return 0
	}
	return columnGap
}

// total writes a list's last line, with a double rule under what it adds up to.
func (p *pdf) total(columns []paperColumn, cells []string) {
	p.room(lineHeight + 2*rowGap + 2)
	p.font("B", sizeText, ink)
	y, x := p.GetY()+rowGap, margin
	for i, text := range cells {
		width := columns[i].width - p.gapBehind(columns, i)
		if i == 0 { // the columns beside it are empty
			width = textWidth / 3
		}
		p.say(x, y, width, text, align(columns[i].right))
		if columns[i].right && text != "" {
			length := p.GetStringWidth(printable(text))
			p.addsUp(x+width-length, y+lineHeight+0.3, length)
		}
		x += columns[i].width
	}
	p.SetY(y + lineHeight + rowGap)
}

func (p *pdf) totals() {
	t := p.s.Header.Totals
	rows := []paperRow{{cells: []string{p.totalRevenue, t.Revenue.People()}}, {cells: []string{p.totalCommissions, t.Commissions.People()}}}
	total := []string(nil)
	if p.s.artist == nil {
		rows = append(rows, paperRow{cells: []string{p.totalExpenses, t.Expenses.People()}}, paperRow{cells: []string{p.balance, t.Balance.People()}})
		total = []string{p.netRevenue, t.NetRevenue.People()}
	}
	p.list(heading{title: p.catalogue.totals}, []paperColumn{{"", textWidth - 40, false}, {"", 40, true}}, rows, total)
}

// proof says what was proved, with the data to check it.
func (p *pdf) proof() {
	p.SetY(p.GetY() + 8)
	lines := p.proofLines(p.s)
	p.room(float64(len(lines))*2*lineHeight + 14)
	p.font("B", sizeHeading, ink)
	if !p.s.Unverified {
		p.say(margin, p.GetY(), textWidth, p.catalogue.proof, "L")
		p.SetY(p.GetY() + 6.5)
	}
	const names = 32.0
	for _, pair := range lines {
		values := p.lines(pair.value, textWidth-names)
		p.room(float64(len(values)) * lineHeight)
		p.font("", sizeSmall, soft)
		if pair.name != "" {
			p.say(margin, p.GetY(), names, pair.name, "L")
		}
		x := margin + names
		if pair.name == "" {
			x = margin
		}
		if p.s.Unverified {
			p.font("B", sizeSmall, fail)
		} else {
			p.font("", sizeSmall, ink)
		}
		y := p.GetY()
		for _, line := range values {
			p.say(x, y, pageWidth-margin-x, line, "L")
			y += lineHeight
		}
		p.SetY(y)
	}
}

// people writes an amount that may be missing.
func people(m books.NullMoney) string {
	if !m.Valid {
		return ""
	}
	return m.V.People()
}

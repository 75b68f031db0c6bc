package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"extrato/internal/books"
)

// Texts wider than these go on in the next line.
const (
	nameWidth = 28
	noteWidth = 40
)

// WriteText writes the statement for people, at a terminal or on paper, under
// v4's seven headings with the proof at the end. An artist's extract has
// neither the studio's expenses nor its net revenue.
func WriteText(w io.Writer, s Statement, lang Lang) error {
	c, err := catalogueOf(lang)
	if err != nil {
		return err
	}
	p := &printer{out: bufio.NewWriter(w), catalogue: c}
	p.opening(s)
	p.payments(of[*books.Payment](s.Rows))
	p.commissions(of[*books.Commission](s.Rows))
	p.sessions(of[*books.Session](s.Rows))
	p.byArtist(s.Header.Totals.ByArtist)
	p.byMethod(s.Header.Totals.ByMethod)
	if s.artist == nil {
		p.expenses(of[*books.Expense](s.Rows))
	}
	p.totals(s)
	p.proof(s)
	return p.out.Flush()
}

// printer writes the parts of a statement. Its writer keeps the first error.
type printer struct {
	out *bufio.Writer
	catalogue
}

func (p *printer) opening(s Statement) {
	p.line(p.title, p.month(s.Month))
	for _, line := range p.statusLines(s) {
		p.line("%s", line)
	}
}

// statusLines say what kind of statement it is, and from when.
func (c catalogue) statusLines(s Statement) (lines []string) {
	switch {
	case s.Unverified:
		lines = c.warning(s)
	case s.Unrecorded:
		lines = []string{c.unrecorded}
	case s.Adopted:
		lines = []string{fmt.Sprintf(c.adopted, c.moment(s))}
	default:
		lines = []string{fmt.Sprintf(c.closed, s.Revision, c.moment(s))}
	}
	if s.artist != nil {
		lines = append(lines, fmt.Sprintf(c.extract, Visible(s.artist.String())))
	}
	return lines
}

func (a *artist) String() string {
	if a.name == "" {
		return fmt.Sprintf("#%d", a.id)
	}
	return a.name
}

func (c catalogue) moment(s Statement) string {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	return s.ClosedAt.Time().In(zone).Format(c.dateAndTime)
}

func (p *printer) line(format string, args ...any) {
	p.out.WriteString(fmt.Sprintf(format, args...) + "\n")
}

// table writes a list under its heading.
func (p *printer) table(h heading, columns []column, rows [][]string) {
	p.line("\n%s", h.title)
	if len(rows) == 0 {
		p.line("  %s", h.none)
		return
	}
	writeTable(p.out, columns, rows)
}

func (p *printer) totals(s Statement) {
	t := s.Header.Totals
	rows := [][]string{{p.totalRevenue, t.Revenue.People()}, {p.totalCommissions, t.Commissions.People()}}
	if s.artist == nil {
		rows = append(rows, []string{p.totalExpenses, t.Expenses.People()},
			[]string{p.balance, t.Balance.People()}, []string{p.netRevenue, t.NetRevenue.People()})
	}
	p.table(heading{title: p.catalogue.totals}, []column{{}, {right: true}}, rows)
}

// warning stands above and below a changed statement.
func (c catalogue) warning(s Statement) []string {
	if s.BackupFile == "" {
		return []string{c.unverified}
	}
	return []string{c.unverified, fmt.Sprintf(c.closedRows, Visible(s.BackupFile))}
}

// proof prints the fingerprint, the backup and the chain entry.
func (p *printer) proof(s Statement) {
	if s.Unverified {
		p.line("")
		for _, line := range p.warning(s) {
			p.line("%s", line)
		}
		return
	}
	var rows [][]string
	var remarks []string
	for _, pair := range p.proofLines(s) {
		if pair.name == "" {
			remarks = append(remarks, pair.value)
		} else {
			rows = append(rows, []string{pair.name, pair.value})
		}
	}
	p.table(heading{title: p.catalogue.proof}, []column{{}, {}}, rows)
	for _, remark := range remarks {
		p.line("  %s", remark)
	}
}

// named is a value with its name; a remark has none.
type named struct{ name, value string }

// proofLines are what proves a statement, in the order in which it is shown; of
// a changed one, the warning.
func (c catalogue) proofLines(s Statement) (lines []named) {
	if s.Unverified {
		for _, line := range c.warning(s) {
			lines = append(lines, named{value: line})
		}
		return lines
	}
	add := func(name, value string) { lines = append(lines, named{name, value}) }
	kinds := len(c.counted)
	if s.artist != nil {
		kinds-- // no expenses
	}
	add(c.revision, fmt.Sprint(s.Revision))
	add(c.records, c.counts(s.Header.Counts, kinds))
	if !s.Header.Fingerprint.IsZero() {
		add(c.fingerprint, s.Header.Fingerprint.String())
	}
	switch {
	case s.BackupFile != "":
		add(c.backup, Visible(s.BackupFile))
		add("SHA-256", Visible(s.BackupSHA256))
	case !s.Adopted:
		add(c.backup, c.noBackup)
	}
	if !s.Unrecorded {
		add(c.chain, fmt.Sprintf(c.entry, s.ChainSeq, s.ChainHash))
	}
	lines = append(lines, c.headLines(s.Proof)...)
	if s.Adopted {
		add("", c.foreign)
	}
	if s.artist != nil && !s.Adopted {
		add("", c.whole)
	}
	return lines
}

func date(d books.Day) string {
	if d == 0 {
		return ""
	}
	return d.People()
}

func comma(decimal string) string { return strings.Replace(decimal, ".", ",", 1) }

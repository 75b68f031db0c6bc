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
	switch {
	case s.Unverified:
		p.warning(s)
	case s.Unrecorded:
		p.line("%s", p.unrecorded)
	case s.Adopted:
		p.line(p.adopted, p.moment(s))
	default:
		p.line(p.closed, s.Revision, p.moment(s))
	}
	if s.artist != nil {
		p.line(p.extract, Visible(s.artist.String()))
	}
}

func (a *artist) String() string {
	if a.name == "" {
		return fmt.Sprintf("#%d", a.id)
	}
	return a.name
}

func (p *printer) moment(s Statement) string {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	return s.ClosedAt.Time().In(zone).Format(p.dateAndTime)
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
func (p *printer) warning(s Statement) {
	p.line("%s", p.unverified)
	if s.BackupFile != "" {
		p.line(p.closedRows, Visible(s.BackupFile))
	}
}

// proof prints the fingerprint, the backup and the chain entry.
func (p *printer) proof(s Statement) {
	if s.Unverified {
		p.line("")
		p.warning(s)
		return
	}
	kinds := len(p.counted)
	if s.artist != nil {
		kinds-- // no expenses
	}
	rows := [][]string{
		{p.revision, fmt.Sprint(s.Revision)},
		{p.records, p.counts(s.Header.Counts, kinds)},
	}
	if !s.Header.Fingerprint.IsZero() {
		rows = append(rows, []string{p.fingerprint, s.Header.Fingerprint.String()})
	}
	switch {
	case s.BackupFile != "":
		rows = append(rows, []string{p.backup, Visible(s.BackupFile)}, []string{"SHA-256", Visible(s.BackupSHA256)})
	case !s.Adopted:
		rows = append(rows, []string{p.backup, p.noBackup})
	}
	if !s.Unrecorded {
		rows = append(rows, []string{p.chain, fmt.Sprintf(p.entry, s.ChainSeq, s.ChainHash)})
	}
	p.table(heading{title: p.catalogue.proof}, []column{{}, {}}, rows)
	if s.Adopted {
		p.line("  %s", p.foreign)
	}
	if s.artist != nil && !s.Adopted {
		p.line("  %s", p.whole)
	}
}

func date(d books.Day) string {
	if d == 0 {
		return ""
	}
	return d.People()
}

func comma(decimal string) string { return strings.Replace(decimal, ".", ",", 1) }

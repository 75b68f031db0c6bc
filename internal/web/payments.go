package web

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"extrato/internal/books"
	"extrato/internal/export"
	"extrato/internal/store"
)

// The filters of the list of payments, as its address has them.
const (
	monthFilter, fromFilter, toFilter, dayFilter        = "mes", "de", "ate", "dia"
	textFilter                                          = "texto"
	noCommissionFilter, noClientFilter, noSessionFilter = "semcom", "semcli", "semses"
	afterFilter, shownFilter                            = "depois", "vistos"
)

// paymentsPage is the page /pagamentos.
type paymentsPage struct {
	page
	Filter           *form
	Artists, Methods []group
	Client           string // of the payments shown
	Sums             store.PaymentSums
	Payments         []paymentLine
	First, Last      int    // of the payments shown
	Next             string // address of those behind them
	CSV, XLSX        string // addresses of files with all of them
	Closed           *closedDay
	Daily            bool // one day at a time
	Own              bool // an artist's own
}

// onPage is how many payments a page shows.
const onPage = 50

// Number is how many payments the filter takes.
func (p paymentsPage) Number() int { return int(p.Sums.Number) }

// Shares reports whether commissions are shown.
func (p paymentsPage) Shares() bool { return !p.Daily }

// Start is the address of the first page.
func (p paymentsPage) Start() string { return strings.Replace(p.CSV, ".csv", "", 1) }

// onlyArtist is the only artist visible to the visitor; 0: all.
func (v *visit) onlyArtist() books.ID {
	if only, limited := v.who.OnlyArtist(); limited {
		return only
	}
	return 0
}

// filter reads the filter from the address. Reception sees one day at a time,
// an artist their own rows.
func (v *visit) filter() (*form, store.Wanted) {
	q := v.r.URL.Query()
	f := &form{v: v, Values: q}
	w := store.Wanted{Kind: books.PaymentKind, Limit: onPage}
	only := v.onlyArtist()
	isArtist := only != 0
	switch {
	case isArtist:
		w.Artist = only
	case q.Get(artistField) != "":
		w.Artist = f.id(artistField)
	}
	if !v.mayShare() && !isArtist {
		if q.Get(dayFilter) == "" {
			q.Set(dayFilter, v.today().String())
		}
		day := f.day(dayFilter)
		if !f.OK() {
			day = v.today()
		}
		w.From, w.To = day, day
	} else {
		v.span(f, &w)
	}
	w.Method, w.Text = f.text(methodField, 50), f.text(textFilter, 255)
	if q.Get(clientField) != "" {
		w.Client = f.id(clientField)
	}
	w.WithoutCommission = f.Has(noCommissionFilter) && (v.mayShare() || isArtist)
	w.WithoutClient, w.WithoutSession = f.Has(noClientFilter), f.Has(noSessionFilter)
	return f, w
}

// span reads from when to when: a month, or two days. Without either it is this
// month, unless something else narrows the list down.
func (v *visit) span(f *form, w *store.Wanted) {
	narrow := f.Value(clientField) != "" || f.Value(textFilter) != "" || f.Has(noCommissionFilter) || f.Has(noClientFilter) || f.Has(noSessionFilter)
	if f.Value(fromFilter) != "" {
		w.From = f.day(fromFilter)
	}
	if f.Value(toFilter) != "" {
		w.To = f.day(toFilter)
	}
	if f.Value(fromFilter)+f.Value(toFilter) != "" {
		return
	}
	if !f.Has(monthFilter) && !narrow {
		f.Values.Set(monthFilter, v.today().Month().String())
	}
	if f.Value(monthFilter) == "" {
		return
	}
	month, err := books.ParseMonth(f.Value(monthFilter))
	if err != nil {
		f.fault(monthFilter, v.t("not a month"))
	}
	w.Month = month
}

func (v *visit) paymentsPage() error {
	f, w := v.filter()
	own := v.onlyArtist() != 0
	p := paymentsPage{page: v.page(v.t("nav payments"), "/pagamentos"), Filter: f, Own: own, Daily: !v.mayShare() && !own}
	status := http.StatusOK
	if !f.OK() { // nothing is wanted then
		status, w = http.StatusUnprocessableEntity, store.Wanted{Kind: books.PaymentKind, Artist: -1, Limit: 1}
	}
	w.After = after(f, books.PaymentKind)
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error { return v.fillPayments(ctx, tx, &p, w) })
	if err != nil {
		return err
	}
	return v.show(status, "payments.html", p)
}

// fillPayments reads the rows of the list.
func (v *visit) fillPayments(ctx context.Context, tx *store.Tx, p *paymentsPage, w store.Wanted) error {
	only := v.onlyArtist()
	w.Share = only
	w, err := tx.Find(ctx, w)
	if err != nil {
		return err
	}
	if p.Sums, err = tx.SumPayments(ctx, w); err != nil {
		return err
	}
	rows, more, err := tx.ListRecords(ctx, w)
	if err != nil {
		return err
	}
	if p.Payments, err = v.paymentLines(ctx, tx, rows, only, v.r.URL.RequestURI()); err != nil {
		return err
	}
	var start string
	p.First, p.Last, start, p.Next = p.Filter.part("/pagamentos", w, more, len(rows))
	p.CSV, p.XLSX = strings.Replace(start, "?", ".csv?", 1), strings.Replace(start, "?", ".xlsx?", 1)
	if w.Client != 0 {
		if p.Client, err = clientName(ctx, tx, w.Client); err != nil {
			return err
		}
	}
	if !w.Month.IsZero() {
		if _, closed, err := tx.MonthClosed(ctx, w.Month); err != nil {
			return err
		} else if closed {
			p.Closed = v.closedDay(w.Month)
		}
	}
	return v.filterOffers(ctx, tx, p)
}

// clientName is a client's name, or that of the one into whom the client was
// merged; "" if there is none.
func clientName(ctx context.Context, tx *store.Tx, id books.ID) (string, error) {
	stays, err := tx.Survivors(ctx)
	if err != nil {
		return "", err
	}
	id = cmp.Or(stays[id], id)
	live, err := tx.LiveByID(ctx, books.ClientKind, []books.ID{id})
	if c, ok := live[id].(*books.Client); ok {
		return string(c.Name), err
	}
	return "", err
}

// filterOffers lists the choices of the filter.
func (v *visit) filterOffers(ctx context.Context, tx *store.Tx, p *paymentsPage) error {
	var err error
	if p.Artists, err = v.artistFilter(ctx, tx); err != nil {
		return err
	}
	terms, err := v.methodTerms(ctx, tx)
	p.Methods = []group{{Options: []option{{Text: v.t("all methods")}}}}
	for _, m := range methodsOf(terms) {
		p.Methods[0].Options = append(p.Methods[0].Options, option{Value: m, Text: m})
	}
	return err
}

// after is where the part of a list before ended.
func after(f *form, kind books.Kind) store.Position {
	parts := strings.Split(f.Value(afterFilter), "_")
	if len(parts) != 3 {
		return store.Position{}
	}
	id, err := strconv.ParseInt(parts[2], 10, 32)
	p := store.Position{Day: parts[0], Made: parts[1], ID: books.ID(id)}
	if err != nil || !p.Valid(kind) {
		return store.Position{}
	}
	return p
}

// positionText is a position as an address has it.
func positionText(p store.Position) string {
	return strings.Join([]string{p.Day, p.Made, idText(p.ID)}, "_")
}

// mostInFile is how many payments one file holds.
const mostInFile = 100_000

func (v *visit) paymentsCSV() error { return v.paymentsFile("csv", export.WritePayments) }

func (v *visit) paymentsXLSX() error {
	return v.paymentsFile("xlsx", func(w io.Writer, lines []export.PaymentLine, commissions bool) error {
		return export.WritePaymentsXLSX(w, lines, commissions, export.Lang(v.lang.Code))
	})
}

// paymentsFile answers with all payments of the filter, for a spreadsheet.
func (v *visit) paymentsFile(name string, write func(io.Writer, []export.PaymentLine, bool) error) error {
	f, w := v.filter()
	format, ok := export.FormatNamed(name)
	if !f.OK() || !ok {
		return errNoPage
	}
	w.Limit = mostInFile
	only := v.onlyArtist()
	ctx := v.r.Context()
	end, err := export.Turn(ctx)
	if err != nil {
		return err
	}
	defer end()
	var lines []export.PaymentLine
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		lines = nil
		rows, _, err := tx.ListRecords(ctx, w)
		if err != nil {
			return err
		}
		commissions, err := tx.CommissionsOfAll(ctx, idsOf(rows))
		for _, row := range rows {
			lines = append(lines, export.PaymentLine{Payment: row.(*books.Payment), Commission: sumOf(commissions[row.Key()], only)})
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.sendFile(format, "pagamentos", func(out io.Writer) error {
		return write(out, lines, only != 0 || v.mayShare())
	})
}

// idsOf returns the ids of rows.
func idsOf(rows []books.Row) []books.ID {
	ids := make([]books.ID, len(rows))
	for i, row := range rows {
		ids[i] = row.Key()
	}
	return ids
}

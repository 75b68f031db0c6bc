package export

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"extrato/internal/books"
)

// workbook is a file for spreadsheets, written sheet by sheet and row by row. Its
// methods keep the first error.
type workbook struct {
	file   *excelize.File
	sheet  *excelize.StreamWriter
	row    int
	styles map[style]int
	err    error
}

// style is how a cell looks.
type style int

const (
	plainStyle style = iota
	boldStyle
	titleStyle
	headStyle
	dayStyle
	moneyStyle
	percentStyle
	totalStyle      // bold, above it a line
	totalMoneyStyle // the same, an amount
	warningStyle
)

const moneyFormat = `"R$" #,##0.00;[Red]-"R$" #,##0.00`

func newWorkbook(title, author string, at time.Time) *workbook {
	w := &workbook{file: excelize.NewFile(), styles: map[style]int{}}
	line := []excelize.Border{{Type: "top", Color: "27231F", Style: 1}}
	formats := map[style]*excelize.Style{
		boldStyle:  {Font: &excelize.Font{Bold: true}},
		titleStyle: {Font: &excelize.Font{Bold: true, Size: 16}},
		headStyle: {
			Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "bottom", Color: "27231F", Style: 1}},
			Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
		},
		dayStyle:        {CustomNumFmt: new("dd/mm/yyyy")},
		moneyStyle:      {CustomNumFmt: new(moneyFormat)},
		percentStyle:    {CustomNumFmt: new("0.00%")},
		totalStyle:      {Font: &excelize.Font{Bold: true}, Border: line},
		totalMoneyStyle: {Font: &excelize.Font{Bold: true}, Border: line, CustomNumFmt: new(moneyFormat)},
		warningStyle:    {Font: &excelize.Font{Bold: true, Color: "A3272E"}},
	}
	for s, format := range formats {
		id, err := w.file.NewStyle(format)
		w.keep(err)
		w.styles[s] = id
	}
	stamp := at.UTC().Format(time.RFC3339)
	w.keep(w.file.SetDocProps(&excelize.DocProperties{Title: cellText(title), Creator: cellText(author), Created: stamp, Modified: stamp}))
	return w
}

func (w *workbook) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

// begin begins a sheet with columns of these widths, in letters.
func (w *workbook) begin(name string, widths ...float64) {
	w.end()
	if w.err != nil {
		return
	}
	if first := w.file.GetSheetName(0); w.sheet == nil {
		w.keep(w.file.SetSheetName(first, name))
	} else {
		_, err := w.file.NewSheet(name)
		w.keep(err)
	}
	var err error
	w.sheet, err = w.file.NewStreamWriter(name)
	w.keep(err)
	w.row = 0
	for i, width := range widths {
		if w.err == nil {
			w.keep(w.sheet.SetColWidth(i+1, i+1, width))
		}
	}
}

func (w *workbook) end() {
	if w.sheet != nil && w.err == nil {
		w.keep(w.sheet.Flush())
	}
}

// freeze keeps the titles in sight. It comes before the first row.
func (w *workbook) freeze() {
	if w.err != nil {
		return
	}
	w.keep(w.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: firstRow - 1, TopLeftCell: fmt.Sprintf("A%d", firstRow), ActivePane: "bottomLeft"}))
}

// add writes the next row.
func (w *workbook) add(cells ...any) {
	w.row++
	if w.err != nil {
		return
	}
	at, _ := excelize.CoordinatesToCellName(1, w.row)
	w.keep(w.sheet.SetRow(at, cells))
}

// heads writes the titles of a list's columns.
func (w *workbook) heads(titles ...string) {
	cells := make([]any, len(titles))
	for i, t := range titles {
		cells[i] = w.text(headStyle, t)
	}
	w.add(cells...)
}

// writeTo ends the workbook and writes it.
func (w *workbook) writeTo(out io.Writer) error {
	w.end()
	if w.err == nil {
		w.keep(w.file.Write(out))
	}
	w.keep(w.file.Close())
	return w.err
}

// The kinds of cells. A text stays a text, whatever it looks like.

func (w *workbook) text(s style, text string) excelize.Cell {
	return excelize.Cell{StyleID: w.styles[s], Value: cellText(text)}
}

func (w *workbook) money(s style, m books.Money) excelize.Cell {
	return excelize.Cell{StyleID: w.styles[s], Value: float64(m) / 100}
}

// sum is an amount that a spreadsheet computes by itself; m is what it gives.
func (w *workbook) sum(s style, formula string, m books.Money) excelize.Cell {
	cell := w.money(s, m)
	cell.Formula = formula
	return cell
}

func (w *workbook) day(d books.Day) any {
	if d == 0 {
		return nil
	}
	m := d.Month()
	return excelize.Cell{StyleID: w.styles[dayStyle], Value: time.Date(m.Year, m.Month, d.Number(), 0, 0, 0, 0, time.UTC)}
}

func (w *workbook) percent(p books.Percent) excelize.Cell {
	return excelize.Cell{StyleID: w.styles[percentStyle], Value: float64(p) / 10000}
}

func optional(text books.Text) any {
	if !text.Valid {
		return nil
	}
	return cellText(string(text.V))
}

// id is a row's number; v4's statements lack some.
func id(n books.ID) any {
	if n == 0 {
		return nil
	}
	return int64(n)
}

// cellText returns a text as a cell can hold it: without the control characters
// that XML has no form for. Line breaks stay.
func cellText(text string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return picture(r)
	}, strings.ReplaceAll(text, "\r\n", "\n"))
	if runes := []rune(plain); len(runes) > excelize.TotalCellChars {
		plain = string(runes[:excelize.TotalCellChars-1]) + "…"
	}
	return plain
}

// columnOf is a range of a sheet's column, for formulas; of an empty list, its
// blank row.
func columnOf(sheet, column string, from, to int) string {
	return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", strings.ReplaceAll(sheet, "'", "''"), column, from, column, max(from, to))
}

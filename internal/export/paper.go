package export

import (
	_ "embed" // the fonts
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-pdf/fpdf"
	"golang.org/x/text/unicode/bidi"
)

// DejaVu Sans 2.37, free to embed: see fonts/LICENSE.
var (
	//go:embed fonts/DejaVuSans.ttf
	regular []byte
	//go:embed fonts/DejaVuSans-Bold.ttf
	bold []byte
)

const family = "DejaVu"

// A4, in millimetres. Between the margins, text is written from top to bottom.
const (
	pageWidth, pageHeight = 210.0, 297.0
	margin                = 16.0
	textWidth             = pageWidth - 2*margin
	bottom                = pageHeight - 22
	lineHeight            = 4.2
	rowGap                = 1.1 // above and below the text of a row
)

// Sizes of letters, in points.
const (
	sizeTitle, sizeHeading, sizeFigure = 17.0, 11.0, 12.0
	sizeText, sizeSmall                = 8.0, 7.0
)

// The colours of ink, in red, green and blue.
type colour [3]int

var (
	ink, soft  = colour{39, 35, 31}, colour{99, 92, 84}
	hairline   = colour{205, 198, 186}
	mark, fail = colour{216, 73, 75}, colour{163, 39, 46}
)

// paper is a document on A4. The library keeps the first error.
type paper struct {
	*fpdf.Fpdf
	// again is drawn on top of each page that a list goes on to; nil between lists.
	again func()
}

// newPaper begins a document. footer is drawn below each page.
func newPaper(title, author string, at time.Time, footer func(*paper)) *paper {
	p := &paper{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.AddUTF8FontFromBytes(family, "", regular)
	p.AddUTF8FontFromBytes(family, "B", bold)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, 0)
	p.SetCellMargin(0)
	p.SetTitle(printable(title), true)
	p.SetAuthor(printable(author), true)
	p.SetProducer("extrato", true)
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetCatalogSort(true)
	p.AliasNbPages(pagesAlias)
	p.SetFooterFunc(func() { footer(p) })
	return p
}

// pagesAlias stands for the number of pages until that is known. It is in no text
// of people's: see printable.
const pagesAlias = "\ue000"

func (p *paper) font(style string, size float64, c colour) {
	p.SetFont(family, style, size)
	p.SetTextColor(c[0], c[1], c[2])
}

// say writes a line at a place in a width, at its left or right end.
func (p *paper) say(x, y, width float64, text, align string) {
	p.SetXY(x, y)
	p.CellFormat(width, lineHeight, printable(text), "", 0, align, false, 0, "")
}

// paragraph writes a text over as many lines as it takes, and goes below it.
func (p *paper) paragraph(text string) {
	for _, line := range p.lines(text, textWidth) {
		p.room(lineHeight)
		p.say(margin, p.GetY(), textWidth, line, "L")
		p.SetY(p.GetY() + lineHeight)
	}
}

// rule draws a line across the text.
func (p *paper) rule(y float64, c colour, width float64) {
	p.SetDrawColor(c[0], c[1], c[2])
	p.SetLineWidth(width)
	p.Line(margin, y, pageWidth-margin, y)
}

// room begins a new page if less than so much of this one is left.
func (p *paper) room(height float64) {
	if p.GetY()+height <= bottom {
		return
	}
	p.AddPage()
	p.SetY(margin)
	if p.again != nil {
		p.again()
	}
}

// mostLines is how many lines of one text are printed: no row is higher than a
// page. CSV and XLSX have longer ones whole.
const mostLines = 40

// lines breaks a text into lines of a width, between words where it can.
func (p *paper) lines(text string, width float64) []string {
	const letters = 4_000 // more than so many lines hold
	if utf8.RuneCountInString(text) > letters {
		text = string([]rune(text)[:letters])
	}
	var all []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		if longer := line + " " + word; line != "" && p.GetStringWidth(printable(longer)) <= width {
			line = longer
			continue
		}
		if line != "" {
			all = append(all, line)
		}
		for line = word; p.GetStringWidth(printable(line)) > width; {
			head := p.head(line, width)
			all, line = append(all, head), line[len(head):]
		}
	}
	all = append(all, line)
	if len(all) > mostLines {
		all = append(all[:mostLines-1], "…")
	}
	return all
}

// head is the longest beginning of a word that fits into a width, at least one
// letter.
func (p *paper) head(word string, width float64) string {
	end, sum := 0, 0.0
	for i, r := range word {
		if sum += p.GetStringWidth(printable(string(r))); sum > width && i > 0 {
			return word[:i]
		}
		end = i + utf8.RuneLen(r)
	}
	return word[:end]
}

// printable returns a text as the font and the library can print it: no control
// characters, a sign in the place of each character beyond U+FFFF (the library
// would fail), and what is written from right to left turned round, since the
// library writes everything from left to right.
func printable(text string) string {
	ascii := true
	for i := range len(text) {
		ascii = ascii && text[i] >= ' ' && text[i] < 0x7f
	}
	if ascii {
		return text
	}
	return leftToRight(strings.Map(func(r rune) rune {
		switch {
		case r == '\u200c' || r == '\u200d' || r == '\ufe0e' || r == '\ufe0f':
			return -1 // they join or vary signs that are not printed
		case r > 0xffff || string(r) == pagesAlias:
			return '\ufffd'
		}
		return r
	}, Visible(text)))
}

// leftToRight puts a text in the order in which its letters stand on paper.
func leftToRight(text string) string {
	if !strings.ContainsFunc(text, turned) {
		return text
	}
	var paragraph bidi.Paragraph
	if _, err := paragraph.SetString(text); err != nil {
		return text
	}
	order, err := paragraph.Order()
	if err != nil {
		return text
	}
	var b strings.Builder
	for i := range order.NumRuns() {
		run := order.Run(i)
		if run.Direction() == bidi.RightToLeft {
			b.WriteString(bidi.ReverseString(run.String()))
		} else {
			b.WriteString(run.String())
		}
	}
	return b.String()
}

// turned reports whether a letter is written from right to left.
func turned(r rune) bool {
	properties, _ := bidi.LookupRune(r)
	class := properties.Class()
	return class == bidi.R || class == bidi.AL
}

package export

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// hidden reports whether a terminal may obey r instead of showing it: control
// characters, line separators, and marks that turn the direction of writing.
// The joiners of emoji and some scripts are harmless.
func hidden(r rune) bool {
	return r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

var lineBreaks = strings.NewReplacer("\r\n", "⏎", "\n", "⏎", "\r", "⏎", "\u2028", "⏎", "\u2029", "⏎", "\t", " ")

// Visible replaces control characters by visible ones.
func Visible(s string) string { return strings.Map(picture, lineBreaks.Replace(s)) }

// picture returns the visible sign for a hidden character.
func picture(r rune) rune {
	switch {
	case !hidden(r):
		return r
	case r < ' ':
		return '␀' + r
	case r == '\x7f':
		return '␡'
	}
	return '\ufffd'
}

// signs begin a formula in spreadsheets, full-width ones too; overlooked are the
// characters they skip in front of one.
const signs, overlooked = `=+\-@＝＋－＠`, `[\pZ\pC"]*`

var (
	formula = regexp.MustCompile(`^` + overlooked + `[` + signs + `\t\r\n]`)
	// Where Excel separates columns by semicolons, as in Brazil, it heeds
	// neither our commas nor quotes, and begins a cell in the middle of a text.
	formulaInside = regexp.MustCompile(`([;\t\r\n]` + overlooked + `)([` + signs + `])`)
)

// inert returns the text for a spreadsheet's cell: with an apostrophe before a
// formula, and without hidden characters except tabs and line breaks.
func inert(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\r' || r == '\n' {
			return r
		}
		return picture(r)
	}, s)
	s = formulaInside.ReplaceAllString(s, "$1'$2")
	if formula.MatchString(s) {
		s = "'" + s
	}
	return s
}

// Escaped returns JSON text with its hidden characters as equivalent \u
// escapes. Line breaks between values stay.
func Escaped(text []byte) string {
	if !strings.ContainsFunc(string(text), func(r rune) bool { return r != '\n' && hidden(r) }) {
		return string(text)
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '\n' || !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

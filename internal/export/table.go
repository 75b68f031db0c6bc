package export

import (
	"bufio"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// widths measures a text's width in terminal columns, independent of the
// locale.
var widths = &runewidth.Condition{StrictEmojiNeutral: true}

// column is one column of a table. Texts wider than most go on in the next
// line; 0 is no limit.
type column struct {
	title string
	right bool
	most  int
}

// writeTable writes rows with aligned columns, indented, without empty columns.
// The cells must be visible text.
func writeTable(out *bufio.Writer, columns []column, rows [][]string) {
	width := make([]int, len(columns))
	folded := make([][][]string, 0, len(rows)+1)
	for _, row := range rows {
		lines := make([][]string, len(columns))
		for i, cell := range row {
			lines[i] = fold(cell, columns[i].most)
			for n, line := range lines[i] {
				lines[i][n] = anchored(line)
				width[i] = max(width[i], widths.StringWidth(lines[i][n]))
			}
		}
		folded = append(folded, lines)
	}
	titles := make([][]string, len(columns))
	for i, c := range columns {
		if width[i] > 0 && c.title != "" {
			titles[i] = []string{c.title}
			width[i] = max(width[i], widths.StringWidth(c.title))
		}
	}
	writeRow(out, columns, width, titles)
	for _, lines := range folded {
		writeRow(out, columns, width, lines)
	}
}

// anchored puts a dotted circle under an accent without a letter: on a blank
// it would take no column of its own.
func anchored(line string) string {
	first, _ := utf8.DecodeRuneInString(line)
	if unicode.Is(unicode.M, first) || first == '\u200c' || first == '\u200d' {
		return "◌" + line
	}
	return line
}

// writeRow writes the lines of one row's cells side by side.
func writeRow(out *bufio.Writer, columns []column, width []int, cells [][]string) {
	height := 0
	for _, cell := range cells {
		height = max(height, len(cell))
	}
	for n := range height {
		var line strings.Builder
		for i, cell := range cells {
			if width[i] == 0 {
				continue
			}
			text := ""
			if n < len(cell) {
				text = cell[n]
			}
			gap := strings.Repeat(" ", width[i]-widths.StringWidth(text))
			line.WriteString("  ")
			if columns[i].right {
				line.WriteString(gap + text)
			} else {
				line.WriteString(text + gap)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// longest limits the measured part of a word: measuring the whole rest for
// every line would take hours for a megabyte.
const longest = 4096

// whole returns how many of the first n bytes hold whole runes.
func whole(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

// fold breaks a text into lines no wider than most, between words where it
// can.
func fold(s string, most int) []string {
	if most == 0 || widths.StringWidth(s) <= most {
		return []string{s}
	}
	var lines []string
	line := ""
	for word := range strings.SplitSeq(s, " ") {
		if line != "" {
			if longer := line + " " + word; widths.StringWidth(longer) <= most {
				line = longer
				continue
			}
			lines = append(lines, line)
		}
		for line = word; ; {
			piece := line[:whole(line, longest)]
			if len(piece) == len(line) && widths.StringWidth(line) <= most {
				break
			}
			head := widths.Truncate(piece, most, "")
			if head == "" {
				break // one sign wider than the column
			}
			lines = append(lines, head)
			line = line[len(head):]
		}
	}
	return append(lines, line)
}

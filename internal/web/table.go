package web

import "strconv"

// table is a list as drawn by the template "table": on a phone each row takes
// two lines, with the cells of the classes who and sum in the first.
type table struct {
	ID, Title, Note string
	Caption         string // read out where there is no title
	Empty           string // said where there are no rows
	Columns         []column
	Rows            [][]cell
	Foot            []cell
	Pager           *pager
}

// column holds the common properties of a column's cells.
type column struct {
	Head  string
	Class string // who, num, sum
	Label string // before the value, on a phone
}

// cell is one value.
type cell struct {
	Text  string
	Link  string // where it leads
	Row   string // in its first cell: names the row in addresses
	More  string // read out behind a link that says the same in each row; then the link is a button
	Tag   string // the class of a tag around it; "-": a plain one
	Bar   bool   // Width says how much of its room it fills
	Width string
}

// barOf is a cell with a bar, as long as its part of the longest.
func barOf(part, longest int64) cell {
	width := 0.0
	if longest > 0 && part > 0 {
		width = 100 * float64(part) / float64(longest)
	}
	return cell{Bar: true, Width: strconv.FormatFloat(width, 'f', 1, 64)}
}

// pager leads to the other parts of a list.
type pager struct {
	Name         string // of the list
	Text         string // the name of this part
	Before, Next string // "": there is none
}

// drawn is a cell with its column's properties.
type drawn struct {
	cell
	Class, Label string
	Head, Strong bool
}

// Cell returns a cell of column i as the template draws it.
func (t *table) Cell(i int, c cell) drawn {
	of := t.Columns[i]
	return drawn{cell: c, Class: of.Class, Label: of.Label, Head: of.Class == "who"}
}

// Total returns a cell of the last line, with the sum of column i.
func (t *table) Total(i int, c cell) drawn {
	d := t.Cell(i, c)
	d.Strong = t.Columns[i].Class == "num sum"
	return d
}

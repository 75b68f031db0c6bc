package books

import (
	"bytes"
	"iter"
)

// Difference is a row that differs between two revisions of a month. Before or
// After is nil if the other revision alone has it.
type Difference struct{ Before, After Row }

// Differences compares two sequences of rows in order, by kind and id: payments,
// sessions, commissions and expenses. Two rows are the same if a statement would
// write them alike.
func Differences(before, after Rows) ([]Difference, error) {
	nextOld, stopOld := iter.Pull2(before)
	defer stopOld()
	nextNew, stopNew := iter.Pull2(after)
	defer stopNew()
	next := func(pull func() (Row, error, bool)) (Row, error) {
		row, err, ok := pull()
		if !ok || err != nil || row.Kind() > ExpenseKind {
			return nil, err
		}
		return row, nil
	}
	var all []Difference
	old, err := next(nextOld)
	if err != nil {
		return nil, err
	}
	recent, err := next(nextNew)
	for old != nil || recent != nil {
		if err != nil {
			return nil, err
		}
		d := Difference{old, recent}
		switch {
		case old == nil || recent != nil && Compare(old, recent) > 0:
			d.Before = nil
		case recent == nil || Compare(old, recent) < 0:
			d.After = nil
		}
		if d.Before == nil || d.After == nil || !bytes.Equal(AppendRowJSON(nil, old), AppendRowJSON(nil, recent)) {
			all = append(all, d)
		}
		if d.Before != nil {
			if old, err = next(nextOld); err != nil {
				return nil, err
			}
		}
		if d.After != nil {
			recent, err = next(nextNew)
		}
	}
	return all, err
}

package books

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Opened is a stored statement that is read in parts: its rows stay text until
// they are wanted, so a page of a large month costs no more than one of a small
// month. Several goroutines may read it.
type Opened struct {
	Stored
	Header   Header // see Stored.Header; with the counts of the rows
	Totals   Totals // of the rows
	Days     []DaySum
	Earners  []Earner
	Sessions Money // the sum of the sessions' prices
	lists    [LinkKind][]place
}

// place is where a row stands in its list's text, with the properties that lists
// are searched and sorted by.
type place struct {
	start, end uint32
	day        Day
	id, of     int32 // of a commission, of is its payment
}

// Open reads the statement once. It fails with an Error of kind Integrity if a
// list or the header cannot be read.
func (s Stored) Open() (*Opened, error) {
	o := &Opened{Stored: s}
	var err error
	if o.Header, err = s.Header(); err != nil {
		return nil, err
	}
	for kind := range LinkKind {
		if o.Parts[kind], err = s.inner(Part(kind)); err != nil {
			return nil, s.broken(Part(kind), err)
		}
	}
	return o, o.take(func(kind Kind, each func(place, Row)) error {
		text := o.Parts[kind]
		if text == "" {
			return nil
		}
		raw := []byte(text)
		if !json.Valid(raw) || raw[0] != '[' {
			for _, err := range s.List(kind) { // it says what is wrong
				if err != nil {
					return err
				}
			}
		}
		return eachPlace(kind, raw, each)
	})
}

// eachPlace calls each with every row of a list, valid JSON.
func eachPlace(kind Kind, raw []byte, each func(place, Row)) error {
	s, d := scanner{text: raw, at: 1}, rowDecoder{kind: kind}
	for n := 1; s.next() != ']'; n++ {
		start := s.at
		row, err := d.decode(s.value())
		if err != nil {
			return fmt.Errorf("%s number %d: %w", kind, n, err)
		}
		each(placeOf(row, start, s.at), row)
	}
	return nil
}

func placeOf(row Row, start, end int) place {
	p := place{start: uint32(start), end: uint32(end), id: int32(row.Key())}
	switch r := row.(type) {
	case *Payment:
		p.day = r.Date
	case *Session:
		p.day = r.Date
	case *Commission:
		p.day, p.of = r.PaymentDate.V, int32(r.PaymentID.V)
	case *Expense:
		p.day = r.Date
	}
	return p
}

// take fills lists and sums with the rows that read hands out, kind by kind.
func (o *Opened) take(read func(Kind, func(place, Row)) error) error {
	tally, days, earners := NewTally(), NewDaySums(o.Month), NewEarners()
	o.Header.Counts, o.Sessions, o.lists = Counts{}, 0, [LinkKind][]place{}
	for kind := range LinkKind {
		err := read(kind, func(p place, row Row) {
			o.lists[kind] = append(o.lists[kind], p)
			o.Header.Counts.Add(kind)
			tally.Add(row)
			days.Add(row)
			earners.Add(row)
			if s, ok := row.(*Session); ok {
				o.Sessions += s.Amount
			}
		})
		if err != nil {
			return o.broken(Part(kind), err)
		}
		slices.SortStableFunc(o.lists[kind], func(a, b place) int { return cmp.Or(cmp.Compare(b.day, a.day), cmp.Compare(b.id, a.id)) })
	}
	o.Totals, o.Days, o.Earners = tally.Totals(), days.List(), earners.List()
	return nil
}

// Only returns the statement with some of its rows, and the counts, totals and
// sums of these.
func (o *Opened) Only(keep func(Row) bool) (*Opened, error) {
	some := *o
	err := some.take(func(kind Kind, each func(place, Row)) error {
		asStored := slices.SortedFunc(slices.Values(o.lists[kind]), func(a, b place) int { return cmp.Compare(a.start, b.start) })
		for _, p := range asStored {
			row, err := o.row(kind, p)
			if err != nil {
				return err
			}
			if keep(row) {
				each(p, row)
			}
		}
		return nil
	})
	return &some, err
}

func (o *Opened) row(kind Kind, p place) (Row, error) {
	return decodeRow(kind, json.RawMessage(o.Parts[kind][p.start:p.end]))
}

// Newest returns rows of one kind, newest first (by day, then by id), from one
// index up to another; of a commission the day is its payment's.
func (o *Opened) Newest(kind Kind, from, to int) ([]Row, error) {
	list := o.lists[kind]
	from = min(max(from, 0), len(list))
	to = min(max(to, from), len(list))
	rows := make([]Row, 0, to-from)
	for _, p := range list[from:to] {
		row, err := o.row(kind, p)
		if err != nil {
			return nil, o.broken(Part(kind), err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Index returns where a row stands among the newest of its kind, -1 if nowhere.
func (o *Opened) Index(kind Kind, id ID) int {
	return slices.IndexFunc(o.lists[kind], func(p place) bool { return id != 0 && ID(p.id) == id })
}

// CommissionsOf returns the sum of each payment's commissions. known is false in
// a statement that does not say whose its commissions are.
func (o *Opened) CommissionsOf(payments []ID) (sums map[ID]Money, known bool, err error) {
	sums, known = map[ID]Money{}, len(o.lists[CommissionKind]) == 0
	for _, p := range o.lists[CommissionKind] {
		known = known || p.of != 0
		if p.of == 0 || !slices.Contains(payments, ID(p.of)) {
			continue
		}
		row, err := o.row(CommissionKind, p)
		if err != nil {
			return nil, false, o.broken(CommissionsPart, err)
		}
		sums[ID(p.of)] += row.(*Commission).Amount
	}
	return sums, known, nil
}

// Size is about how many bytes of memory the statement takes.
func (o *Opened) Size() int {
	const ofPlace, ofSum = 20, 100
	size := len(o.Days) * ofSum
	for _, part := range o.Parts {
		size += len(part)
	}
	for _, list := range o.lists {
		size += cap(list) * ofPlace
	}
	return size
}

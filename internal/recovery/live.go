package recovery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"extrato/internal/books"
	"extrato/internal/store"
)

// live are the live rows of a copy of the studio, brought up to the chain's
// head: a month may have closed, or reopened, after the copy was made.
type live struct {
	rows     map[books.Kind]map[books.ID]books.Row
	people   map[books.Kind]map[books.ID]books.Row // those named by later statements
	deposits map[books.ID]store.Deposit            // at rest
}

func liveOf(s *studio) *live {
	l := &live{
		rows:     map[books.Kind]map[books.ID]books.Row{},
		people:   map[books.Kind]map[books.ID]books.Row{books.ClientKind: {}, books.ArtistKind: {}},
		deposits: map[books.ID]store.Deposit{},
	}
	for _, kind := range liveKinds {
		l.rows[kind] = map[books.ID]books.Row{}
		for _, row := range s.live[kind] {
			l.rows[kind][row.Key()] = row
		}
	}
	return l
}

// leave takes a closed month's rows away.
func (l *live) leave(month books.Month, rows []books.Row) {
	sessions, paid := map[books.ID]bool{}, map[books.ID]bool{}
	for _, row := range rows {
		switch row.Kind() {
		case books.SessionKind:
			sessions[row.Key()] = true
		case books.PaymentKind:
			paid[row.Key()] = true
		case books.ClientKind, books.ArtistKind:
			l.people[row.Kind()][row.Key()] = row
		}
		if of := l.rows[row.Kind()]; of != nil {
			delete(of, row.Key())
		}
	}
	for id, row := range l.rows[books.SessionKind] {
		if s := row.(*books.Session); s.PaymentID.Valid && paid[s.PaymentID.V] {
			cut := *s
			cut.PaymentID = books.Ref{}
			l.rows[books.SessionKind][id] = &cut
		}
	}
	links := map[books.ID]books.ID{} // of payments whose session stays
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Payment:
			if r.SessionID.Valid && !sessions[r.SessionID.V] {
				links[r.ID] = r.SessionID.V
			}
		case *books.Link:
			if _, named := links[r.PaymentID]; !named && !sessions[r.SessionID] {
				links[r.PaymentID] = r.SessionID
			}
		}
	}
	for _, row := range rows {
		p, ok := row.(*books.Payment)
		if !ok {
			continue
		}
		delete(l.deposits, p.ID)
		session, stays := links[p.ID]
		if !stays && !bool(p.Deposit) {
			continue
		}
		d := store.Deposit{Payment: p.ID, Session: p.SessionID, Day: books.NullDay{V: p.Date, Valid: true},
			Amount: books.NullMoney{V: p.Amount, Valid: true}, Marked: bool(p.Deposit), Month: month.String()}
		if stays {
			d.Session = books.RefTo(session)
		}
		l.deposits[p.ID] = d
	}
}

// lateRows returns the rows that a revision added, with the people they name: only
// those left the live tables with it. Others may have been deleted before.
func lateRows(revised, before []books.Row) []books.Row {
	type key struct {
		kind books.Kind
		id   books.ID
	}
	there, named := map[key]bool{}, map[key]bool{}
	for _, row := range before {
		there[key{row.Kind(), row.Key()}] = row.Kind() <= books.LinkKind
	}
	late := slices.DeleteFunc(slices.Clone(revised), func(row books.Row) bool { return there[key{row.Kind(), row.Key()}] })
	for _, row := range late {
		switch r := row.(type) {
		case *books.Payment:
			named[key{books.ClientKind, r.ClientID.V}], named[key{books.ArtistKind, r.ArtistID}] = true, true
		case *books.Session:
			named[key{books.ClientKind, r.ClientID}], named[key{books.ArtistKind, r.ArtistID}] = true, true
		case *books.Commission:
			named[key{books.ArtistKind, r.ArtistID}] = true
		case *books.Expense:
			named[key{books.ArtistKind, r.CreatedBy}] = true
		}
	}
	return slices.DeleteFunc(late, func(row books.Row) bool {
		return (row.Kind() == books.ClientKind || row.Kind() == books.ArtistKind) && !named[key{row.Kind(), row.Key()}]
	})
}

// comeBack puts rows back that are not live: those of a reopened month, or of a
// restored backup.
func (l *live) comeBack(rows []books.Row) {
	for _, row := range rows {
		if of := l.rows[row.Kind()]; of != nil && of[row.Key()] == nil {
			of[row.Key()] = row
		}
		switch row.Kind() {
		case books.PaymentKind:
			delete(l.deposits, row.Key())
		case books.ClientKind, books.ArtistKind:
			l.people[row.Kind()][row.Key()] = row
		}
	}
	l.linkAgain(rows)
	for _, row := range rows {
		link, ok := row.(*books.Link)
		if !ok {
			continue
		}
		if s, ok := l.rows[books.SessionKind][link.SessionID].(*books.Session); ok && !s.PaymentID.Valid {
			set := *s
			set.PaymentID = books.RefTo(link.PaymentID)
			l.rows[books.SessionKind][s.ID] = &set
		}
	}
}

// linkAgain gives live rows without a link those of a restored backup, as a
// restore does: to the very row that the backup means.
func (l *live) linkAgain(rows []books.Row) {
	meant := map[books.ID]books.NullInstant{} // sessions in the backup, when they were made
	payments := map[books.ID]books.NullInstant{}
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Session:
			meant[r.ID] = r.CreatedAt
		case *books.StayingSession:
			meant[r.ID] = r.CreatedAt
		case *books.Payment:
			payments[r.ID] = r.CreatedAt
		}
	}
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Payment:
			p, ok := l.rows[books.PaymentKind][r.ID].(*books.Payment)
			s, there := l.rows[books.SessionKind][r.SessionID.V].(*books.Session)
			at, known := meant[r.SessionID.V]
			if ok && there && known && !p.SessionID.Valid && r.SessionID.Valid && s.CreatedAt == at {
				set := *p
				set.SessionID = r.SessionID
				l.rows[books.PaymentKind][r.ID] = &set
			}
		case *books.Session:
			s, ok := l.rows[books.SessionKind][r.ID].(*books.Session)
			p, there := l.rows[books.PaymentKind][r.PaymentID.V].(*books.Payment)
			at, known := payments[r.PaymentID.V]
			if ok && there && known && !s.PaymentID.Valid && r.PaymentID.Valid && p.CreatedAt == at {
				set := *s
				set.PaymentID = r.PaymentID
				l.rows[books.SessionKind][r.ID] = &set
			}
		}
	}
}

// settle empties links to rows that are not live, so the rows can be inserted,
// and returns all in order and how many links it emptied.
func (l *live) settle() (rows []books.Row, emptied int) {
	for _, kind := range liveKinds {
		for _, id := range slices.Sorted(maps.Keys(l.rows[kind])) {
			row := l.rows[kind][id]
			switch r := row.(type) {
			case *books.Session:
				if r.PaymentID.Valid && l.rows[books.PaymentKind][r.PaymentID.V] == nil {
					cut := *r
					cut.PaymentID = books.Ref{}
					row, emptied = &cut, emptied+1
				}
			case *books.Payment:
				if r.SessionID.Valid && l.rows[books.SessionKind][r.SessionID.V] == nil {
					cut := *r
					cut.SessionID = books.Ref{}
					row, emptied = &cut, emptied+1
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, emptied
}

// readDeposits takes the deposits at rest of a studio's copy.
func (l *live) readDeposits(rows [][]*string) error {
	for _, row := range rows {
		var d store.Deposit
		err := errors.Join(parse(&d.Payment, row[0]), parse(&d.Session, row[1]), parse(&d.Day, row[2]), parse(&d.Amount, row[3]))
		if err != nil || row[4] == nil || row[5] == nil {
			return damaged(fmt.Errorf("a deposit in the copy of the live rows cannot be read: %w", err))
		}
		d.Marked, d.Month = *row[4] == "true", *row[5]
		l.deposits[d.Payment] = d
	}
	return nil
}

func parse(into books.Value, text *string) error {
	if text == nil {
		return into.Parse(nil)
	}
	return into.Parse([]byte(*text))
}

// depositRows are deposits at rest as the table of them has them: those of the
// studio's copy, with those of later closings in their place.
func (l *live) depositRows() [][]*string {
	var rows [][]*string
	for _, id := range slices.Sorted(maps.Keys(l.deposits)) {
		d := l.deposits[id]
		rows = append(rows, []*string{
			textOf(&d.Payment), textOf(&d.Session), textOf(&d.Day), textOf(&d.Amount), new(strconv.FormatBool(d.Marked)), new(d.Month),
		})
	}
	return rows
}

func textOf(v books.Value) *string {
	if v.Null() {
		return nil
	}
	return new(string(v.AppendText(nil)))
}

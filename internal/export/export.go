// Package export shows one month's statement: as text and PDF for people, as XLSX
// and CSV for spreadsheets, as JSON for programs. It shows every record as stored
// and makes each text harmless: no terminal obeys it, no spreadsheet computes it.
// The proof at the end lets a reader compare a printed statement with the chain.
package export

import (
	"time"

	"extrato/internal/books"
)

// Statement is one month's statement, ready to be shown.
type Statement struct {
	Studio                   string // its name; "": nobody gave it one
	Month                    books.Month
	Revision                 int
	Header                   books.Header // totals, counts, fingerprint
	Rows                     []books.Row
	ClosedAt                 books.Instant
	Zone                     *time.Location // the studio's; nil is UTC
	ChainSeq                 int64
	ChainHash                books.Fingerprint
	BackupFile, BackupSHA256 string // empty: there was none
	Adopted                  bool   // v4 wrote it
	Unrecorded               bool   // v4 wrote it, and the chain does not know it yet
	// Unverified marks a changed statement: it is shown under a warning, and
	// nothing is called proved. The backup is that of the closed statement.
	Unverified bool
	Proof      *Proof // nil: there is none

	artist *artist // the extract's artist; nil for the whole studio
}

type artist struct {
	id   books.ID
	name string
}

// ForArtist returns one artist's part of the statement: the artist's payments,
// commissions and sessions, none of the studio's expenses, and their counts and
// totals. Fingerprint, backup and chain stay those of the whole statement. v4's
// statements hold artists by name only; name is this artist's name there, or "".
func (s Statement) ForArtist(id books.ID, name string) Statement {
	part := s
	part.Rows, part.Header.Counts = nil, books.Counts{}
	part.artist = &artist{id: id, name: name}
	part.Proof = s.Proof.head()
	tally := books.NewTally()
	for _, row := range s.Rows {
		if person, ok := row.(*books.Artist); ok && person.ID == id && name == "" {
			part.artist.name = string(person.Name)
		}
		if !books.OwnedBy(row, id, name) {
			continue
		}
		part.Rows = append(part.Rows, row)
		part.Header.Counts.Add(row.Kind())
		tally.Add(row)
	}
	part.Header.Totals = tally.Totals()
	return part
}

// earners returns all artists with revenue or a commission, so that their revenues
// add up to the month's.
func (s Statement) earners() []books.Earner {
	all := books.NewEarners()
	for _, row := range s.Rows {
		all.Add(row)
	}
	return all.List()
}

// of returns the rows of one type, in order.
func of[R books.Row](rows []books.Row) []R {
	var list []R
	for _, row := range rows {
		if r, ok := row.(R); ok {
			list = append(list, r)
		}
	}
	return list
}

package export

import (
	"encoding/csv"
	"io"
	"strconv"

	"extrato/internal/books"
)

// WriteCSV writes the statement for a spreadsheet: UTF-8, RFC 4180 with LF line
// ends, a header, a line per record, amounts as 450.00 and days as 2025-10-28.
// The last line has the statement's fingerprint and its hash in the chain. A
// changed statement has neither, but a warning in its first and its last line.
// A text a spreadsheet would compute gets an apostrophe; the backup, not this
// file, holds texts byte for byte.
func WriteCSV(w io.Writer, s Statement, lang Lang) error {
	c, err := catalogueOf(lang)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if s.Unverified {
		warning := make([]string, len(c.csv))
		warning[0] = c.unverified
		if err := out.Write(warning); err != nil {
			return err
		}
	}
	if err := out.Write(c.csv); err != nil {
		return err
	}
	for _, row := range s.Rows {
		if row.Kind() > books.ExpenseKind {
			continue
		}
		line := lineOf(row)
		line.kind = c.kinds[row.Kind()]
		if err := out.Write(line.fields(s)); err != nil {
			return err
		}
	}
	last := csvLine{kind: c.kinds[4]}
	if s.Unverified {
		last.note = c.unverified
	} else {
		last.chain = s.ChainHash.String()
	}
	if !s.Unverified && !s.Header.Fingerprint.IsZero() {
		last.fingerprint = s.Header.Fingerprint.String()
	}
	if err := out.Write(last.fields(s)); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// csvLine is one line. Texts are inert already.
type csvLine struct {
	kind, id, date, client, artist, method, status, percent, amount string
	description, category, note, payment, session                   string
	fingerprint, chain                                              string
}

// fields are in the order of the catalogue's titles.
func (l csvLine) fields(s Statement) []string {
	return []string{
		l.kind, s.Month.String(), strconv.Itoa(s.Revision), l.id, l.date, l.client, l.artist, l.method, l.status, l.percent, l.amount,
		l.description, l.category, l.note, l.payment, l.session, l.fingerprint, l.chain,
	}
}

func lineOf(row books.Row) csvLine {
	switch r := row.(type) {
	case *books.Payment:
		return csvLine{
			id: number(r.ID), date: r.Date.String(), client: cell(r.ClientName), artist: cell(r.ArtistName), method: inert(string(r.Method)),
			amount: r.Amount.String(), note: cell(r.Note), session: plain(&r.SessionID),
		}
	case *books.Session:
		return csvLine{
			id: number(r.ID), date: r.Date.String(), client: cell(r.ClientName), artist: cell(r.ArtistName), status: cell(r.Status),
			amount: r.Amount.String(), note: cell(r.Note), payment: plain(&r.PaymentID),
		}
	case *books.Commission:
		return csvLine{
			id: number(r.ID), date: plain(&r.PaymentDate), client: cell(r.ClientName), artist: cell(r.ArtistName),
			percent: r.Percent.String(), amount: r.Amount.String(), note: cell(r.Note), payment: plain(&r.PaymentID),
		}
	case *books.Expense:
		return csvLine{
			id: number(r.ID), date: r.Date.String(), method: inert(string(r.Method)), amount: r.Amount.String(), description: cell(r.Description),
			category: cell(r.Category),
		}
	}
	return csvLine{}
}

func cell(t books.Text) string { return inert(string(t.V)) }

// number returns "" for the ids missing from v4's statements.
func number(id books.ID) string {
	if id == 0 {
		return ""
	}
	return plain(&id)
}

// plain is the text of a number or day.
func plain(v books.Value) string { return string(v.AppendText(nil)) }

package export

import (
	"io"
	"slices"
	"time"

	"extrato/internal/books"
)

// Format is a kind of file that a statement is written as.
type Format struct {
	Name        string // as file names end
	ContentType string
	Write       func(io.Writer, Statement, Lang) error
}

// Formats returns the formats for people, the one to read first.
func Formats() []Format {
	return []Format{
		{"pdf", "application/pdf", WritePDF},
		{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", WriteXLSX},
		{"csv", "text/csv; charset=utf-8", WriteCSV},
	}
}

// FormatNamed returns the format with a name.
func FormatNamed(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}

// Of returns a stored statement that rests on an entry, ready to be shown.
func Of(stored books.Stored, e books.ChainEntry, zone *time.Location) (Statement, error) {
	header, err := stored.Header()
	if err != nil {
		return Statement{}, err
	}
	header.Counts = e.Counts
	rows, err := books.Collect(stored.Rows())
	return With(header, rows, e, zone), err
}

// With returns a statement of these rows, ready to be shown.
func With(header books.Header, rows []books.Row, e books.ChainEntry, zone *time.Location) Statement {
	return Statement{
		Month: header.Month, Revision: e.Revision, Header: header, Rows: rows, ClosedAt: e.At,
		Zone: zone, ChainSeq: e.Seq, ChainHash: e.Hash,
		BackupFile: e.BackupFile, BackupSHA256: e.BackupSHA256, Adopted: e.Action == books.Adopted, Unrecorded: e.Seq == 0,
	}
}

package recovery

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// The studio's copies, estudio/20261129T044501Z.SHA256.json.gz: the live rows and
// our own tables, in one snapshot. The name holds the SHA-256 of the object's
// bytes, so each byte matters, and an unchanged studio is known by it. Inside is
// a JSON value for each line: the header, then for each table its name and its
// rows, then the number of rows.
const (
	studioFormat = "extrato studio 1"
	studioEnd    = ".json.gz"
	studioTime   = "20060102T150405Z"
)

// studioHeader is the first line.
type studioHeader struct {
	Format    string            `json:"format"`
	Entry     int64             `json:"entry"` // the chain's head in this snapshot
	Head      books.Fingerprint `json:"head"`
	Zone      string            `json:"zone"`
	Sequences map[string]int64  `json:"sequences"`
}

// studioTable begins a table, studioFooter ends the object.
type (
	studioTable struct {
		Table string `json:"table"`
	}
	studioFooter struct {
		Rows int64 `json:"rows"`
	}
)

// liveKinds are the kinds of live rows, each after those that it names.
var liveKinds = []books.Kind{books.SessionKind, books.PaymentKind, books.CommissionKind, books.ExpenseKind}

// studioName is the name of a studio's copy.
type studioName struct {
	At  time.Time
	Sum string // SHA-256 of the object, in hexadecimal digits
}

func (n studioName) String() string {
	return backup.StudioFolder + "/" + n.At.UTC().Format(studioTime) + "." + n.Sum + studioEnd
}

// parseStudio reads the name of a studio's copy; ok is false for any other.
func parseStudio(name string) (n studioName, ok bool) {
	at, rest, _ := strings.Cut(strings.TrimPrefix(name, backup.StudioFolder+"/"), ".")
	var err error
	if n.At, err = time.Parse(studioTime, at); err != nil {
		return studioName{}, false
	}
	n.Sum = strings.TrimSuffix(rest, studioEnd)
	return n, len(n.Sum) == hex.EncodedLen(sha256.Size) && n.String() == name
}

// spoolStudio writes the studio as it is now into a file without a name in dir
// ("": the system's), and returns the file with its SHA-256.
func spoolStudio(ctx context.Context, s *store.Store, dir string) (_ *os.File, digest string, err error) {
	file, err := backup.Nameless(dir)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	var h hash.Hash
	err = s.Read(ctx, func(tx *store.Tx) error {
		h = sha256.New() // a snapshot may be read again
		if err := file.Truncate(0); err != nil {
			return err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return writeStudio(ctx, tx, io.MultiWriter(file, h))
	})
	if err != nil {
		return nil, "", err
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, hex.EncodeToString(h.Sum(nil)), err
}

// writeStudio writes a snapshot's studio, compressed.
func writeStudio(ctx context.Context, tx *store.Tx, out io.Writer) error {
	zip := gzip.NewWriter(out)
	w := &studioWriter{out: bufio.NewWriterSize(zip, 64<<10)}
	head, err := tx.Head(ctx)
	if err != nil {
		return err
	}
	sequences, err := tx.Sequences(ctx)
	if err != nil {
		return err
	}
	w.line(studioHeader{studioFormat, head.Seq, head.Hash, tx.Zone().String(), sequences})
	for _, table := range store.PortableTables() {
		w.line(studioTable{table.Name})
		err := tx.EachPortable(ctx, table, func(row []*string) error {
			w.rows++
			w.line(row)
			return w.err
		})
		if err != nil {
			return err
		}
	}
	for _, kind := range liveKinds {
		w.line(studioTable{kind.Table()})
		for row, err := range tx.AllRecords(ctx, kind) {
			if err != nil {
				return err
			}
			w.rows++
			w.text = append(books.AppendRowJSON(w.text[:0], row), '\n')
			w.out.Write(w.text) // Flush returns the first error
		}
	}
	w.line(studioFooter{w.rows})
	return errors.Join(w.err, w.out.Flush(), zip.Close())
}

type studioWriter struct {
	out  *bufio.Writer
	text []byte
	rows int64
	err  error
}

func (w *studioWriter) line(value any) {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = w.out.Write(append(text, '\n'))
	}
	if w.err == nil {
		w.err = err
	}
}

// studio is a studio's copy, read.
type studio struct {
	studioHeader
	Name   string
	tables map[string][][]*string
	live   map[books.Kind][]books.Row
}

// readStudio reads a copy of the studio, and fails unless every byte is as it
// was written.
func readStudio(name studioName, in io.Reader) (*studio, error) {
	h, source := sha256.New(), &failing{Reader: in}
	all := io.TeeReader(source, h)
	s, err := parseLines(all)
	if _, rest := io.Copy(io.Discard, all); rest != nil && source.err == nil {
		source.err = rest
	}
	switch {
	case source.err != nil: // the place is to blame
		return nil, source.err
	case hex.EncodeToString(h.Sum(nil)) != name.Sum:
		return nil, damaged(errors.New("its bytes are not those that were written"))
	case err != nil:
		return nil, damaged(err)
	}
	s.Name = name.String()
	return s, nil
}

// failing notes the error of a Reader.
type failing struct {
	io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

func parseLines(in io.Reader) (*studio, error) {
	zip, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReaderSize(zip, 64<<10)
	s := &studio{tables: map[string][][]*string{}, live: map[books.Kind][]books.Row{}}
	if err := readLine(lines, &s.studioHeader); err != nil {
		return nil, err
	}
	if s.Format != studioFormat {
		return nil, fmt.Errorf("it has the format %q, this program knows %q", s.Format, studioFormat)
	}
	portable := map[string]int{}
	for _, table := range store.PortableTables() {
		portable[table.Name] = len(table.Columns)
	}
	var rows int64
	for table := ""; ; {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("it ends in the middle: %w", err)
		}
		kind, isLive := kindOf(table)
		switch {
		case strings.HasPrefix(string(text), `{"table":`):
			var next studioTable
			if err := json.Unmarshal(text, &next); err != nil {
				return nil, err
			}
			table = next.Table
			continue
		case strings.HasPrefix(string(text), `{"rows":`):
			var end studioFooter
			if err := json.Unmarshal(text, &end); err != nil || end.Rows != rows {
				return nil, fmt.Errorf("it holds %d rows and should hold %d", rows, end.Rows)
			}
			return s, nil
		case isLive:
			row, err := books.ParseRowJSON(kind, text)
			if err != nil {
				return nil, err
			}
			s.live[kind] = append(s.live[kind], row)
		default:
			var row []*string
			if err := json.Unmarshal(text, &row); err != nil || portable[table] == 0 || len(row) != portable[table] {
				return nil, fmt.Errorf("it has a row of %q that this program does not know", table)
			}
			s.tables[table] = append(s.tables[table], row)
		}
		rows++
	}
}

func readLine(lines *bufio.Reader, into any) error {
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("it ends in the middle: %w", err)
	}
	return json.Unmarshal(text, into)
}

func kindOf(table string) (books.Kind, bool) {
	for _, kind := range liveKinds {
		if kind.Table() == table {
			return kind, true
		}
	}
	return 0, false
}

func sum(text []byte) books.Fingerprint { return sha256.Sum256(text) }

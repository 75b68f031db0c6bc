package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"extrato/internal/books"
)

// Spool is a statement's parts, one after the other, as books.StatementWriter
// wrote them.
type Spool struct {
	Data     io.ReaderAt
	Ends     [books.PartCount]int64
	Payments books.IDs              // in the statement
	Lengths  [books.PartCount]int64 // inside the parts' JSON strings
}

func (s Spool) start(p books.Part) int64 {
	if p == 0 {
		return 0
	}
	return s.Ends[p-1]
}

func (s Spool) part(p books.Part) *io.SectionReader {
	return io.NewSectionReader(s.Data, s.start(p), s.Ends[p]-s.start(p))
}

// maxField is PostgreSQL's limit for one value.
const maxField = 1 << 30

// InsertStatement stores a month's statement and returns its seal. It fails
// with books.ErrClosed if the month has one.
func (t *Tx) InsertStatement(ctx context.Context, month books.Month, spool Spool, at books.Instant) (books.Fingerprint, error) {
	sealer := books.NewSealer(spool.Lengths)
	err := t.insertStatement(ctx, month, spool, at, sealer)
	if isDuplicate(err) {
		err = books.ErrClosed.Because(err)
	}
	if err != nil {
		return books.Fingerprint{}, err
	}
	return sealer.Sum(), t.savePaymentsAtRest(ctx, month, spool.Payments)
}

// insertStatement stores a statement; all of its bytes go to sealer as well.
func (t *Tx) insertStatement(ctx context.Context, month books.Month, spool Spool, at books.Instant, sealer *books.Sealer) error {
	if t.s.dialect.postgres {
		return t.copyStatement(ctx, month, spool, at, sealer)
	}
	// SQLite wants each value at once; nothing of it outlives the statement.
	text, free, err := outsideHeap(int(spool.Size()))
	if err != nil {
		return fmt.Errorf("memory for the statement: %w", err)
	}
	defer free()
	if _, err := io.ReadFull(io.NewSectionReader(spool.Data, 0, spool.Size()), text); err != nil {
		return fmt.Errorf("read the spooled statement: %w", err)
	}
	sealed := make(chan struct{})
	go func() {
		defer close(sealed)
		_, _ = sealer.Write(text) // a hash takes all
	}()
	defer func() { <-sealed }() // before the memory goes
	args := []any{int(month.Month), month.Year, at.SQL()}
	for p := range books.PartCount {
		args = append(args, unsafeString(text[spool.start(p):spool.Ends[p]]))
	}
	_, err = t.exec(ctx, `INSERT INTO extratos (mes, ano, created_at, pagamentos, sessoes, comissoes, gastos, totais)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, args...)
	return err
}

// copyStatement streams the statement in PostgreSQL's binary COPY format, so it
// is never whole in this program's memory.
func (t *Tx) copyStatement(ctx context.Context, month books.Month, spool Spool, at books.Instant, sealer *books.Sealer) error {
	for p := range books.PartCount {
		if spool.part(p).Size() >= maxField {
			return books.Refusedf("statement_too_large", "the list %q of %s is larger than PostgreSQL can store", p.Column(), month).
				WithHint("nothing was changed; such a month needs more than one studio")
		}
	}
	binaryJSON, err := t.prepareCopy(ctx)
	if err != nil {
		return err
	}
	const postgresEpoch = 946684800 * 1_000_000 // 2000-01-01 in microseconds since 1970
	header := append([]byte("PGCOPY\n\377\r\n\000"), make([]byte, 8)...)
	header = binary.BigEndian.AppendUint16(header, 3+uint16(books.PartCount))
	header = appendField(header, binary.BigEndian.AppendUint32(nil, uint32(month.Month)))
	header = appendField(header, binary.BigEndian.AppendUint32(nil, uint32(month.Year)))
	header = appendField(header, binary.BigEndian.AppendUint64(nil, uint64(int64(at)-postgresEpoch)))
	readers := []io.Reader{bytes.NewReader(header)}
	sealed := make(chan error, 1)
	go func() {
		_, err := io.CopyBuffer(sealer, io.NewSectionReader(spool.Data, 0, spool.Size()), make([]byte, 256<<10))
		sealed <- err
	}()
	for p := range books.PartCount {
		size := binary.BigEndian.AppendUint32(nil, uint32(spool.part(p).Size())+uint32(len(binaryJSON[p])))
		readers = append(readers, bytes.NewReader(append(size, binaryJSON[p]...)), spool.part(p))
	}
	readers = append(readers, bytes.NewReader([]byte{0xff, 0xff}))
	err = t.onRawConn(func(conn *pgconn.PgConn) error {
		_, err := conn.CopyFrom(ctx, io.MultiReader(readers...),
			"COPY extratos (mes, ano, created_at, pagamentos, sessoes, comissoes, gastos, totais) FROM STDIN BINARY")
		return err
	})
	return cmp.Or(err, <-sealed)
}

// prepareCopy returns the prefix of each part: nothing for json, a version byte
// for the jsonb of some older databases. It also asks for the faster
// compression if the server has it.
func (t *Tx) prepareCopy(ctx context.Context) (prefixes [books.PartCount][]byte, err error) {
	if err := t.compressFaster(ctx); err != nil {
		return prefixes, err
	}
	types := make([]string, books.PartCount)
	var dest []any
	var columns []string
	for p := range books.PartCount {
		columns = append(columns, fmt.Sprintf(`(SELECT format_type(atttypid, NULL) FROM pg_attribute
			WHERE attrelid = to_regclass('extratos') AND attname = '%s')`, p.Column()))
		dest = append(dest, &types[p])
	}
	if err := t.one(ctx, "SELECT "+strings.Join(columns, ", "), nil, dest...); err != nil {
		return prefixes, err
	}
	for p, name := range types {
		if name == "jsonb" {
			prefixes[p] = []byte{1}
		}
	}
	return prefixes, nil
}

// compressFaster asks for lz4. A server before PostgreSQL 14, or one built
// without it, refuses; looking that up takes longer than trying.
func (t *Tx) compressFaster(ctx context.Context) error {
	return t.onRawConn(func(conn *pgconn.PgConn) error {
		err := conn.Exec(ctx, "SAVEPOINT compression; SET LOCAL default_toast_compression = 'lz4'").Close()
		var refused *pgconn.PgError
		if errors.As(err, &refused) && (refused.Code == "42704" || refused.Code == "22023") {
			return conn.Exec(ctx, "ROLLBACK TO SAVEPOINT compression").Close()
		}
		return err
	})
}

func appendField(b, value []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// Statement returns a month's statement as stored. It fails with
// books.ErrNotClosed if there is none.
func (t *Tx) Statement(ctx context.Context, month books.Month) (books.Stored, error) {
	s := books.Stored{Month: month}
	err := t.one(ctx, "SELECT "+t.partColumns()+" FROM extratos WHERE mes = $1 AND ano = $2",
		[]any{int(month.Month), month.Year}, partTargets(&s)...)
	if errors.Is(err, sql.ErrNoRows) {
		return s, notClosed(month)
	}
	return s, err
}

// StatementHead returns a month's statement without its lists. It fails with
// books.ErrNotClosed if there is none.
func (t *Tx) StatementHead(ctx context.Context, month books.Month) (books.Stored, error) {
	s := books.Stored{Month: month}
	err := t.one(ctx, "SELECT COALESCE(CAST("+books.TotalsPart.Column()+" AS TEXT), '') FROM extratos WHERE mes = $1 AND ano = $2",
		[]any{int(month.Month), month.Year}, &s.Parts[books.TotalsPart])
	if errors.Is(err, sql.ErrNoRows) {
		return s, notClosed(month)
	}
	return s, err
}

func notClosed(month books.Month) error {
	e := *books.ErrNotClosed
	e.Message = fmt.Sprintf("%s has no statement", month)
	return e.WithHint("see which months have one: extrato months")
}

// Revision returns an earlier revision of a month's statement as it was stored.
func (t *Tx) Revision(ctx context.Context, month books.Month, revision int) (books.Stored, error) {
	s := books.Stored{Month: month}
	err := t.one(ctx, "SELECT "+t.partColumns()+" FROM revisions WHERE month = $1 AND revision = $2",
		[]any{month.String(), revision}, partTargets(&s)...)
	if errors.Is(err, sql.ErrNoRows) {
		return s, books.NotFoundf("no_revision", "%s has no stored revision %d", month, revision).WithHint("extrato audit show lists them")
	}
	return s, err
}

// StatementStored returns when a month's statement was stored, in RFC 3339 and
// UTC; "" for NULL, and the text itself where it is none. It fails with
// books.ErrNotClosed if there is no statement.
func (t *Tx) StatementStored(ctx context.Context, month books.Month) (string, error) {
	var text sql.NullString
	err := t.one(ctx, "SELECT "+t.s.dialect.text("created_at")+" FROM extratos WHERE mes = $1 AND ano = $2", []any{int(month.Month), month.Year}, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", notClosed(month)
	}
	var at books.Instant
	if err != nil || !text.Valid || at.Parse([]byte(text.String)) != nil {
		return text.String, err
	}
	return at.String(), nil
}

// StoredNote is the note of an adopting entry about the statement's age; v4 is
// the only source for it.
func StoredNote(at string) string { return "stored at " + at }

// Revision names an earlier revision.
type Revision struct {
	Month      string
	Revision   int
	ReplacedAt string
}

// Revisions names all stored earlier revisions, by month and number.
func (t *Tx) Revisions(ctx context.Context) ([]Revision, error) {
	var all []Revision
	err := t.list(ctx, "SELECT month, revision, replaced_at FROM revisions ORDER BY month, revision", nil, func(scan func(...any) error) error {
		var r Revision
		err := scan(&r.Month, &r.Revision, &r.ReplacedAt)
		all = append(all, r)
		return err
	})
	return all, err
}

// EachStatement calls fn with every stored statement, oldest month first. fn
// may use the transaction.
func (t *Tx) EachStatement(ctx context.Context, fn func(books.Stored) error) error {
	months, err := t.ClosedMonths(ctx)
	if err != nil {
		return err
	}
	for _, m := range months {
		s, err := t.Statement(ctx, m)
		if err == nil {
			err = fn(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ClosedMonths returns the months with a statement, oldest first.
func (t *Tx) ClosedMonths(ctx context.Context) ([]books.Month, error) {
	var months []books.Month
	err := t.list(ctx, "SELECT ano, mes FROM extratos ORDER BY ano, mes", nil, func(scan func(...any) error) error {
		var m books.Month
		if err := scan(&m.Year, &m.Month); err != nil {
			return err
		}
		months = append(months, m)
		return nil
	})
	return months, err
}

// MoveToRevisions moves a month's statement to the earlier revisions, to make
// way for another or for its rows.
func (t *Tx) MoveToRevisions(ctx context.Context, month books.Month, revision int, at books.Instant) error {
	moved, err := t.exec(ctx, `INSERT INTO revisions (month, revision, pagamentos, sessoes, comissoes, gastos, totais, replaced_at)
		SELECT $1, $2, pagamentos, sessoes, comissoes, gastos, totais, $3 FROM extratos WHERE mes = $4 AND ano = $5`,
		month.String(), revision, at.SQL(), int(month.Month), month.Year)
	if err != nil {
		return err
	}
	deleted, err := t.exec(ctx, "DELETE FROM extratos WHERE mes = $1 AND ano = $2", int(month.Month), month.Year)
	if err == nil && (moved != 1 || deleted != 1) {
		err = notClosed(month)
	}
	if err != nil {
		return err
	}
	return t.savePaymentsAtRest(ctx, month, nil)
}

func (t *Tx) partColumns() string {
	columns := ""
	for p := range books.PartCount {
		if p > 0 {
			columns += ", "
		}
		columns += "COALESCE(CAST(" + p.Column() + " AS TEXT), '')"
	}
	return columns
}

func partTargets(s *books.Stored) []any {
	var dest []any
	for p := range books.PartCount {
		dest = append(dest, &s.Parts[p])
	}
	return dest
}

// Size returns the length of the statement's JSON in bytes.
func (s Spool) Size() int64 { return s.Ends[books.PartCount-1] }

// restingMonth is the month of the statement holding a column's payment, or
// NULL.
func restingMonth(column string) string {
	return `(SELECT a.month FROM payments_at_rest a WHERE a.first_id <= ` + column + ` AND a.last_id >= ` + column + `
		ORDER BY a.first_id DESC LIMIT 1)`
}

// PaymentsAtRest returns the payments in statements, by month.
func (t *Tx) PaymentsAtRest(ctx context.Context) (map[string]books.IDs, error) {
	all := map[string]books.IDs{}
	err := t.list(ctx, "SELECT month, first_id, last_id FROM payments_at_rest ORDER BY month, first_id, last_id", nil, func(scan func(...any) error) error {
		var month string
		var run [2]books.ID
		err := scan(&month, &run[0], &run[1])
		all[month] = append(all[month], run)
		return err
	})
	return all, err
}

// savePaymentsAtRest saves the ids of a statement's payments, so the month of
// an unpaired commission is known without reading statements.
func (t *Tx) savePaymentsAtRest(ctx context.Context, month books.Month, payments books.IDs) error {
	_, err := t.exec(ctx, "DELETE FROM payments_at_rest WHERE month = $1", month.String())
	if err != nil || len(payments) == 0 {
		return err
	}
	list, err := json.Marshal(payments)
	if err != nil {
		return err
	}
	runs := "SELECT value ->> 0, value ->> 1, $2 FROM json_each($1)"
	if t.s.dialect.postgres {
		runs = "SELECT CAST(value ->> 0 AS INTEGER), CAST(value ->> 1 AS INTEGER), $2 FROM json_array_elements(CAST($1 AS JSON))"
	}
	_, err = t.exec(ctx, "INSERT INTO payments_at_rest (first_id, last_id, month) "+runs, string(list), month.String())
	return err
}

package store

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// Search selects live rows of one kind. A row is found by its text, its amount
// or its day.
type Search struct {
	Kind   books.Kind
	Artist books.ID    // of payments, sessions and commissions; 0: any. Client names are searched as well then
	Text   string      // in the note, blind to case and accents
	Amount books.Money // only if HasAmount
	Days   []books.Day // of kinds with a day

	HasAmount bool
	Limit     int
}

// SearchRows returns the rows found, newest first; more reports whether there are
// others.
func (t *Tx) SearchRows(ctx context.Context, s Search) (rows []books.Row, more bool, err error) {
	found, err := t.foundByText(ctx, s)
	if err != nil {
		return nil, false, err
	}
	exact, err := t.foundExactly(ctx, s)
	if err != nil {
		return nil, false, err
	}
	found = append(found, exact...)
	slices.SortFunc(found, func(a, b foundRow) int { return b.compare(a) })
	found = slices.Compact(found)
	more = len(found) > s.Limit
	var ids []int64
	for _, f := range found[:min(s.Limit, len(found))] {
		ids = append(ids, f.id)
	}
	if len(ids) == 0 {
		return nil, false, nil
	}
	query, err := t.recordQuery(ctx, s.Kind)
	if err != nil {
		return nil, false, err
	}
	var made books.Text
	query += " WHERE r.id IN (" + t.s.dialect.idList("$1") + ")" + newestDay(s.Kind)
	rows, err = books.Collect(t.records(ctx, s.Kind, &made, query, jsonIDs(ids)))
	return rows, more, err
}

// foundRow is a row found, with its day as the database writes it.
type foundRow struct {
	day string
	id  int64
}

func (f foundRow) compare(other foundRow) int {
	if c := strings.Compare(f.day, other.day); c != 0 {
		return c
	}
	return int(f.id - other.id)
}

// newestDay orders the rows found. A commission has no day.
func newestDay(kind books.Kind) string {
	if hasDay(kind) {
		return " ORDER BY r.data DESC, r.id DESC"
	}
	return " ORDER BY r.id DESC"
}

// searchedTables are the tables of a search, r the rows and c their clients, and
// the searched texts.
func searchedTables(s Search) (from, text string) {
	from, text = s.Kind.Table()+" r", "r.observacoes"
	if s.Kind == books.ExpenseKind {
		text = "r.descricao"
	}
	if s.Artist == 0 {
		return from, text
	}
	client := "r.cliente_id"
	if s.Kind == books.CommissionKind {
		from += " LEFT JOIN pagamentos p ON p.id = r.pagamento_id"
		client = clientOfPayment
	}
	return from + " LEFT JOIN clients c ON c.id = " + client, "coalesce(" + text + ", '') || ' ' || coalesce(c.name, '')"
}

// foundExactly finds rows by amount and day, one by one: so each has its index.
func (t *Tx) foundExactly(ctx context.Context, s Search) (found []foundRow, err error) {
	find := func(condition string, args ...any) error {
		if s.Artist != 0 {
			args = append(args, int64(s.Artist))
			condition += " AND r.artista_id = $" + strconv.Itoa(len(args))
		}
		query := fmt.Sprintf("SELECT %s, r.id FROM %s r WHERE %s%s LIMIT %d", dayText(s.Kind), s.Kind.Table(), condition, newestDay(s.Kind), s.Limit+1)
		return t.list(ctx, query, args, func(scan func(...any) error) error {
			var f foundRow
			err := scan(&f.day, &f.id)
			found = append(found, f)
			return err
		})
	}
	if s.HasAmount {
		if err := find("r.valor = CAST($1 AS NUMERIC(10,2))", s.Amount.SQL()); err != nil {
			return nil, err
		}
	}
	if len(s.Days) == 0 || !hasDay(s.Kind) {
		return found, nil
	}
	var days []any
	list := ""
	for i, d := range s.Days {
		days = append(days, d.String())
		list += separator(i) + "$" + strconv.Itoa(i+1)
	}
	return found, find("r.data IN ("+list+")", days...)
}

func dayText(kind books.Kind) string {
	if hasDay(kind) {
		return "CAST(r.data AS TEXT)"
	}
	return "''"
}

// The separators of the rows and columns that foundByText fetches as one text.
const rowEnd, columnEnd = "\x1e", "\x1f"

// firstStretch is how many ids foundByText goes back at first; each stretch is
// eight times as long.
const firstStretch = 20_000

// foundByText finds rows by their text, those recorded last first: it stops
// after a stretch with enough of them. No database folds accents by itself, so
// this program reads the texts, many rows as one value: a value for each takes
// longer.
func (t *Tx) foundByText(ctx context.Context, s Search) (found []foundRow, err error) {
	key := books.SearchKey(strings.TrimSpace(s.Text))
	if key == "" {
		return nil, nil
	}
	var ids []int64
	to := int64(math.MaxInt32) // the highest id there can be
	for size := int64(firstStretch); to > 0 && len(ids) <= s.Limit; size *= 8 {
		lines, top, err := t.texts(ctx, s, to, size)
		if err != nil {
			return nil, err
		}
		to = min(to, top) - size
		for line := range linesWith(lines, key) {
			number, text, _ := strings.Cut(line, columnEnd)
			if !strings.Contains(books.SearchKey(text), key) {
				continue
			}
			id, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	err = t.list(ctx, "SELECT "+dayText(s.Kind)+", r.id FROM "+s.Kind.Table()+" r WHERE r.id IN ("+t.s.dialect.idList("$1")+")",
		[]any{jsonIDs(ids[max(0, len(ids)-mostByDay):])}, func(scan func(...any) error) error {
			var f foundRow
			err := scan(&f.day, &f.id)
			found = append(found, f)
			return err
		})
	return found, err
}

// mostByDay is how many rows foundByText orders by day, those recorded last.
const mostByDay = 1000

// linesWith returns the rows with a key. Those of Latin letters are folded many
// at a time: one by one takes twice as long.
func linesWith(lines, key string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for lines != "" {
			some := lines
			if len(some) > foldedAtOnce {
				if end := strings.Index(some[foldedAtOnce:], rowEnd); end >= 0 {
					some = some[:foldedAtOnce+end+len(rowEnd)]
				}
			}
			lines = lines[len(some):]
			if !strings.Contains(books.SearchKey(some), key) {
				continue
			}
			for line := range strings.SplitSeq(some, rowEnd) {
				if !yield(line) {
					return
				}
			}
		}
	}
}

// foldedAtOnce is how many bytes linesWith folds at once.
const foldedAtOnce = 4 << 10

// joined names the functions that join texts, and that make a character.
func (t *Tx) joined() (join, char string) {
	if t.Postgres() {
		return "string_agg", "chr"
	}
	return "group_concat", "char"
}

// texts returns the id and the text of the rows with a text and one of the last
// size ids up to to, and the highest id of all.
func (t *Tx) texts(ctx context.Context, s Search, to, size int64) (lines string, top int64, err error) {
	join, char := t.joined()
	least := "min"
	if t.Postgres() {
		least = "least"
	}
	tables, text := searchedTables(s)
	args, own := []any{to, size}, ""
	if s.Artist != 0 {
		args, own = append(args, int64(s.Artist)), " AND r.artista_id = $3"
	}
	highest := "(SELECT coalesce(max(id), 0) FROM " + s.Kind.Table() + ")"
	clean := fmt.Sprintf("replace(%s, %s(30), ' ')", text, char) // or one row would be read as two
	query := fmt.Sprintf("SELECT %s, coalesce(%s(r.id || %s(31) || %s, %s(30)), '') FROM %s WHERE r.id <= CAST($1 AS BIGINT) AND r.id > %s(CAST($1 AS BIGINT), %s) - CAST($2 AS BIGINT) AND %s <> ''%s",
		highest, join, char, clean, char, tables, least, highest, text, own)
	err = t.one(ctx, query, args, &top, &lines)
	return lines, top, err
}

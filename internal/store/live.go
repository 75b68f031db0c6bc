package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// recordJoins holds the source of each kind's copies.
var recordJoins = [books.KindCount]struct{ copies, joins string }{
	books.PaymentKind: {"c.name, a.name, %s, " + isMarked, ` LEFT JOIN clients c ON c.id = r.cliente_id LEFT JOIN users a ON a.id = r.artista_id
		LEFT JOIN sessoes s ON s.id = r.sessao_id LEFT JOIN deposits e ON e.payment = r.id`},
	books.SessionKind: {"c.name, a.name", " LEFT JOIN clients c ON c.id = r.cliente_id LEFT JOIN users a ON a.id = r.artista_id"},
	books.CommissionKind: {"a.name, c.name, %s, %s", ` LEFT JOIN users a ON a.id = r.artista_id LEFT JOIN pagamentos p ON p.id = r.pagamento_id
		LEFT JOIN clients c ON c.id = ` + clientOfPayment},
	books.ExpenseKind: {"k.category, a.name", " LEFT JOIN users a ON a.id = r.created_by" + ofCategory},
}

// recordQuery selects whole rows of a kind with their copies. The last column
// is the instant lists are ordered by, in the database's form.
func (t *Tx) recordQuery(ctx context.Context, kind books.Kind) (string, error) {
	hasTime, err := t.HasColumn(ctx, "sessoes", "hora")
	if err != nil {
		return "", err
	}
	text := t.s.dialect.text
	columns := strings.Join(t.s.selectColumns(kind, hasTime), ", ")
	copies, joins := recordJoins[kind].copies, recordJoins[kind].joins
	switch kind {
	case books.PaymentKind:
		copies = fmt.Sprintf(copies, text("s.data"))
	case books.CommissionKind:
		copies = fmt.Sprintf(copies, text("p.valor"), text("p.data"))
	}
	if copies != "" {
		columns += ", " + copies
	}
	return "SELECT " + columns + ", CAST(" + madeAt + " AS TEXT) FROM " + kind.Table() + " r" + joins, nil
}

// madeAt is when a row was made. Rows of older databases may not say it; in
// lists they come last of their day.
const madeAt = "coalesce(r.created_at, '1000-01-01 00:00:00')"

// records runs a query of recordQuery. made gets each row's instant as the
// database writes it.
func (t *Tx) records(ctx context.Context, kind books.Kind, made *books.Text, query string, args ...any) books.Rows {
	copies := func(row books.Row, values []books.Value) []books.Value { return append(row.AppendCopies(values), made) }
	return t.scan(ctx, kind, copies, query, args...)
}

// Record returns a live row with its copies. It fails with an Error of kind
// NotFound if there is none with this id.
func (t *Tx) Record(ctx context.Context, kind books.Kind, id books.ID) (books.Row, error) {
	query, err := t.recordQuery(ctx, kind)
	if err != nil {
		return nil, err
	}
	var made books.Text
	for row, err := range t.records(ctx, kind, &made, query+" WHERE r.id = $1", int64(id)) {
		return row, err
	}
	return nil, books.NotFoundf("no_"+english[kind], "there is no live %s %d", english[kind], id).
		WithHint("a row of a closed month rests in that month's statement")
}

// english is how errors call the kinds of rows.
var english = [books.KindCount]string{"payment", "session", "commission", "expense", "link", "staying session", "client", "artist"}

// Wanted selects the live rows of a list.
type Wanted struct {
	Kind    books.Kind
	Month   books.Month // of payments, expenses and commissions, their month; of sessions, that of their day. Zero: all
	Artist  books.ID    // of payments, sessions and commissions; 0: any
	Payment books.ID    // of commissions; 0: any
	Leaving bool        // of sessions: the month is the one that they leave with
	After   Position    // where the part before ended; zero: at the start
	Offset  int         // rows to skip
	Limit   int
	Soonest bool // the earliest day first
	Filter
	// Share is the artist of the commissions in SumPayments; 0: everybody's.
	Share books.ID
}

// whole returns all of a list of one kind, regardless of limit and position.
func (w Wanted) whole(kind books.Kind) Wanted {
	w.Kind, w.After, w.Limit = kind, Position{}, 0
	return w
}

// Position is where a part of a list ended.
type Position struct {
	Day  string // only kinds with a day
	Made string // created_at as the database writes it
	ID   books.ID
}

// Valid reports whether a position sent by a client fits this kind's list.
func (p Position) Valid(kind books.Kind) bool {
	var made books.Instant
	_, err := books.ParseDay(p.Day)
	return made.Parse([]byte(p.Made)) == nil && p.ID > 0 && p.ID <= math.MaxInt32 && (err == nil || p.Day == "" && !hasDay(kind))
}

func hasDay(kind books.Kind) bool {
	return kind == books.PaymentKind || kind == books.SessionKind || kind == books.ExpenseKind
}

// ListRecords returns the wanted live rows, newest first: by day, by the
// instant they were made, by id. more is the position of the next row, zero if
// there is none. It looks up the ids first: to find a few among many rows, only
// the ordering columns of the others have to be read.
func (t *Tx) ListRecords(ctx context.Context, w Wanted) (rows []books.Row, more Position, err error) {
	if w, err = t.Find(ctx, w); err != nil {
		return nil, Position{}, err
	}
	all := w
	all.Limit += w.Offset
	ids, err := t.wantedIDs(ctx, all)
	if err != nil || len(ids) <= w.Offset {
		return nil, Position{}, err
	}
	ids = ids[w.Offset:]
	isPart := len(ids) > w.Limit
	list, err := json.Marshal(ids[:min(len(ids), w.Limit)])
	if err != nil {
		return nil, Position{}, err
	}
	query, err := t.recordQuery(ctx, w.Kind)
	if err != nil {
		return nil, Position{}, err
	}
	var made books.Text
	query += " WHERE r.id IN (" + t.s.dialect.idList("$1") + ")" + w.order()
	for row, err := range t.records(ctx, w.Kind, &made, query, string(list)) {
		if err != nil {
			return nil, Position{}, err
		}
		rows = append(rows, row)
	}
	if isPart && len(rows) > 0 {
		last := rows[len(rows)-1]
		more = Position{Day: dayOf(last), Made: string(made.V), ID: last.Key()}
	}
	return rows, more, nil
}

// order returns the ORDER BY of a list.
func (w Wanted) order() string {
	if w.Soonest {
		return strings.ReplaceAll(newestFirst(w.Kind), " DESC", "")
	}
	return newestFirst(w.Kind)
}

func newestFirst(kind books.Kind) string {
	if hasDay(kind) {
		return " ORDER BY r.data DESC, " + madeAt + " DESC, r.id DESC"
	}
	return " ORDER BY " + madeAt + " DESC, r.id DESC"
}

// wantedIDs returns the ids of the wanted rows, in order, and one more than the
// limit if there are more.
func (t *Tx) wantedIDs(ctx context.Context, w Wanted) ([]int64, error) {
	if w.Kind == books.CommissionKind && !w.Month.IsZero() && w.Payment == 0 {
		if busy, err := t.isBusy(ctx, w.Month); err != nil || busy {
			if err != nil {
				return nil, err
			}
			return t.busyCommissions(ctx, w)
		}
	}
	where, args, err := t.whereWanted(ctx, w)
	if err != nil {
		return nil, err
	}
	return t.ids(ctx, "SELECT r.id FROM "+w.Kind.Table()+" r"+where+w.order()+" LIMIT "+strconv.Itoa(w.Limit+1), args...)
}

// isBusy reports whether many live payments lie in a month.
func (t *Tx) isBusy(ctx context.Context, month books.Month) (bool, error) {
	const many = 1000
	var n int
	err := t.one(ctx, "SELECT count(*) FROM (SELECT 1 FROM pagamentos r WHERE "+t.s.dialect.in("r.data")+" LIMIT "+strconv.Itoa(many+1)+") AS g",
		[]any{month.First().String(), month.Last().String()}, &n)
	return n > many, err
}

// busyCommissions returns the ids of commissions in a month with many of the
// live ones: it walks all of them, newest first, in growing batches, until
// there are enough. Finding the month's first would mean finding all of them.
func (t *Tx) busyCommissions(ctx context.Context, w Wanted) (ids []int64, err error) {
	args, err := t.monthArgs(ctx, w.Month)
	if err != nil {
		return nil, err
	}
	all := w
	all.Month = books.Month{}
	for all.Limit = 4 * (w.Limit + 1); ; all.Limit *= 8 {
		seen := 0
		err := t.eachOfStretch(ctx, all, args, func(p Position, belongs bool) {
			seen, all.After = seen+1, p
			if belongs {
				ids = append(ids, int64(p.ID))
			}
		})
		if err != nil || len(ids) > w.Limit || seen < all.Limit {
			return ids[:min(len(ids), w.Limit+1)], err
		}
	}
}

// eachOfStretch calls fn with the wanted commissions, and whether they belong
// to the month of args.
func (t *Tx) eachOfStretch(ctx context.Context, w Wanted, args monthArgs, fn func(Position, bool)) error {
	// The month's arguments come first, so those of the stretch come behind.
	conditions, more := t.wantedBehind(w, args.of(w.Kind))
	where := whereAll(conditions)
	query := "SELECT r.id, CAST(" + madeAt + ` AS TEXT), CASE WHEN ` + t.s.dialect.commission() + ` THEN 1 ELSE 0 END
		FROM (SELECT r.id, r.pagamento_id, r.created_at FROM comissoes r` + where + newestFirst(w.Kind) + " LIMIT " + strconv.Itoa(w.Limit) + `) AS r
		LEFT JOIN pagamentos p ON p.id = r.pagamento_id` + newestFirst(w.Kind)
	return t.list(ctx, query, more, func(scan func(...any) error) error {
		var p Position
		var id int64
		var belongs int
		err := scan(&id, &p.Made, &belongs)
		p.ID = books.ID(id)
		if err == nil {
			fn(p, belongs == 1)
		}
		return err
	})
}

func (t *Tx) ids(ctx context.Context, query string, args ...any) (ids []int64, err error) {
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

func dayOf(row books.Row) string {
	switch r := row.(type) {
	case *books.Payment:
		return r.Date.String()
	case *books.Session:
		return r.Date.String()
	case *books.Expense:
		return r.Date.String()
	}
	return ""
}

// whereWanted returns the WHERE of a list, blank if all are wanted, and its
// arguments.
func (t *Tx) whereWanted(ctx context.Context, w Wanted) (where string, args []any, err error) {
	conditions, args, err := t.wanted(ctx, w)
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	return where, args, err
}

// wanted returns the conditions of a list and their arguments. Those of the
// month come first, because they number theirs from $1.
func (t *Tx) wanted(ctx context.Context, w Wanted) (conditions []string, args []any, err error) {
	switch {
	case w.Month.IsZero():
		conditions, args = t.wantedBehind(w, nil)
		return conditions, args, nil
	case hasDay(w.Kind) && !(w.Leaving && w.Kind == books.SessionKind):
		conditions, args = append(conditions, t.s.dialect.in("r.data")), []any{w.Month.First().String(), w.Month.Last().String()}
	default:
		all, err := t.monthArgs(ctx, w.Month)
		if err != nil {
			return nil, nil, err
		}
		conditions, args = append(conditions, t.s.dialect.belongs(w.Kind)), all.of(w.Kind)
	}
	more, args := t.wantedBehind(w, args)
	return append(conditions, more...), args, nil
}

// wantedBehind returns all conditions except the month's, with their arguments
// appended to args.
func (t *Tx) wantedBehind(w Wanted, args []any) (conditions []string, all []any) {
	where := func(condition string, values ...any) {
		for i := len(values); i > 0; i-- {
			condition = strings.ReplaceAll(condition, "$"+strconv.Itoa(i), "$"+strconv.Itoa(len(args)+i))
		}
		conditions, args = append(conditions, condition), append(slices.Clip(args), values...)
	}
	if w.Artist != 0 {
		where("r.artista_id = $1", int64(w.Artist))
	}
	if w.Payment != 0 {
		where("r.pagamento_id = $1", int64(w.Payment))
	}
	if w.Kind == books.ArtistKind {
		where("(r.role = 'artist' OR EXISTS (SELECT 1 FROM staff f WHERE f.user_id = r.id AND f.tattoos))")
	}
	if hasDay(w.Kind) {
		w.addDays(where)
	}
	switch w.Kind {
	case books.PaymentKind:
		w.addTo(t.s.dialect, where)
	case books.SessionKind:
		w.addSessions(t.s.dialect, where)
	}
	if hasDay(w.Kind) && w.Artist == 0 && w.Month.IsZero() && w.Limit > 0 && !t.s.dialect.postgres {
		conditions = append(conditions, "r.data >= ''") // all of them; by itself SQLite would not go by the index on days for a list
	}
	if w.After == (Position{}) {
		return conditions, args
	}
	made := w.After.Made
	if t.s.dialect.postgres {
		var instant books.Instant
		if instant.Parse([]byte(made)) == nil { // else it is the database's own: infinity
			made = instant.SQL().(string)
		}
	}
	if hasDay(w.Kind) {
		than := "<"
		if w.Soonest {
			than = ">"
		}
		where("(r.data, "+madeAt+", r.id) "+than+" ($1, $2, $3)", w.After.Day, made, int64(w.After.ID))
	} else {
		where("("+madeAt+", r.id) < ($1, $2)", made, int64(w.After.ID))
	}
	return conditions, args
}

// LiveByID returns the live rows of one kind with these ids, without copies
// except for the mark of a deposit and the category of an expense.
func (t *Tx) LiveByID(ctx context.Context, kind books.Kind, ids []books.ID) (map[books.ID]books.Row, error) {
	hasTime, err := t.HasColumn(ctx, "sessoes", "hora")
	if err != nil {
		return nil, err
	}
	found := map[books.ID]books.Row{}
	if len(ids) == 0 {
		return found, nil
	}
	columns, from := strings.Join(t.s.selectColumns(kind, hasTime), ", "), kind.Table()+" r"
	switch kind {
	case books.PaymentKind:
		columns, from = columns+", "+isMarked, from+" LEFT JOIN deposits e ON e.payment = r.id"
	case books.ExpenseKind:
		columns, from = columns+", k.category", from+ofCategory
	}
	more := func(row books.Row, values []books.Value) []books.Value {
		switch r := row.(type) {
		case *books.Payment:
			values = append(values, &r.Deposit)
		case *books.Expense:
			values = append(values, &r.Category)
		}
		return values
	}
	query := "SELECT " + columns + " FROM " + from + " WHERE r.id IN (" + t.s.dialect.idList("$1") + ") ORDER BY r.id"
	for row, err := range t.scan(ctx, kind, more, query, jsonIDs(ids)) {
		if err != nil {
			return nil, err
		}
		found[row.Key()] = row
	}
	return found, nil
}

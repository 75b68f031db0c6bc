package books_test

import (
	"bytes"
	"cmp"
	"errors"
	"reflect"
	"slices"
	"time"
	_ "time/tzdata"
	"unicode/utf8"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// nasty texts have hurt programs like this one before.
var nasty = []string{
	"", " ", "a;b,c", "linha\r\nlinha", "\n", "\t", `"`, `""`, `\`, `\"`, `\u0041`, `'`, "=HYPERLINK(\"x\")", "-1", "@x",
	"João", "Joa\u0303o", "💉🐉", "👩\u200d🎨", "\x00", "\x1b[31m", "\x7f", "\u0085", "\u2028\u2029", "\ufeff", "\ufffd", "<script>&", "null", "0.30",
}

var nastyText = rapid.Custom(func(t *rapid.T) string {
	s := ""
	for _, part := range rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(nasty), rapid.String()), 0, 3).Draw(t, "parts") {
		s += part
	}
	return s
}).Filter(utf8.ValidString)

var (
	anyID      = rapid.Int64Range(1, 1<<31-1)
	anyMoney   = rapid.Int64Range(-99_999_999_99, 99_999_999_99)
	anyPercent = rapid.Int64Range(-999_99, 999_99)
	anyInstant = rapid.Int64Range(
		time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC).UnixMicro())
	anyDay = rapid.Map(rapid.Int64Range(0, 300*366), func(n int64) books.Day {
		return books.DayOf(time.Date(1900, 1, 1+int(n), 0, 0, 0, 0, time.UTC))
	})
	anyMonth = rapid.Map(rapid.IntRange(0, 101*12-1), func(n int) books.Month {
		return books.Month{Year: 2000, Month: time.January}.Add(n)
	})
)

// fill gives v, a column of a row, any value that it may hold.
func fill(t *rapid.T, v books.Value) {
	null := rapid.Bool()
	switch v := v.(type) {
	case *books.ID:
		*v = books.ID(anyID.Draw(t, "id"))
	case *books.Day:
		*v = anyDay.Draw(t, "day")
	case *books.Money:
		*v = books.Money(anyMoney.Draw(t, "money"))
	case *books.Percent:
		*v = books.Percent(anyPercent.Draw(t, "percent"))
	case *books.String:
		*v = books.String(nastyText.Draw(t, "string"))
	case *books.Instant:
		*v = books.Instant(anyInstant.Draw(t, "instant"))
	case *books.Mark:
		*v = books.Mark(rapid.Bool().Draw(t, "mark"))
	case *books.Ref:
		fillNull(t, null, v)
	case *books.Text:
		fillNull(t, null, v)
	case *books.NullMoney:
		fillNull(t, null, v)
	case *books.NullInstant:
		fillNull(t, null, v)
	case *books.NullDay:
		fillNull(t, null, v)
	default:
		t.Fatalf("no generator for %T", v)
	}
}

func fillNull[T any, P interface {
	*T
	books.Value
}](t *rapid.T, null *rapid.Generator[bool], v *books.Null[T, P]) {
	*v = books.Null[T, P]{}
	if !null.Draw(t, "null") {
		v.Valid = true
		fill(t, P(&v.V))
	}
}

// drawRow returns a row of this kind and id with any values.
func drawRow(t *rapid.T, kind books.Kind, id int64) books.Row {
	row := kind.New()
	values := columns(row)
	for _, v := range values {
		fill(t, v)
	}
	*values[0].(*books.ID) = books.ID(id)
	return row
}

// anyRows are up to four rows of each kind, in order.
var anyRows = rapid.Custom(func(t *rapid.T) []books.Row {
	var rows []books.Row
	for kind := range books.KindCount {
		ids := rapid.SliceOfNDistinct(anyID, 0, 4, rapid.ID[int64]).Draw(t, kind.String())
		slices.Sort(ids)
		for _, id := range ids {
			rows = append(rows, drawRow(t, kind, id))
		}
	}
	return rows
})

// columns returns all that a row holds: its own values and the copies.
func columns(row books.Row) []books.Value { return row.AppendCopies(row.AppendValues(nil)) }

// text shows a row with every value, NULL told from the empty text.
func text(row books.Row) string {
	b := []byte(row.Kind().String())
	for _, v := range columns(row) {
		b = append(v.AppendJSON(append(b, ' ')), ' ')
	}
	return string(b)
}

func texts(rows []books.Row) []string {
	list := make([]string, 0, len(rows))
	for _, row := range rows {
		list = append(list, text(row))
	}
	return list
}

// clone returns a copy of row that shares nothing with it.
func clone(row books.Row) books.Row {
	c := reflect.New(reflect.TypeOf(row).Elem())
	c.Elem().Set(reflect.ValueOf(row).Elem())
	return c.Interface().(books.Row)
}

func clones(rows []books.Row) []books.Row {
	list := make([]books.Row, 0, len(rows))
	for _, row := range rows {
		list = append(list, clone(row))
	}
	return list
}

func collect(t rapid.TB, rows books.Rows) []books.Row {
	t.Helper()
	all, err := books.Collect(rows)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sameValue reports whether two columns hold the same, NULL or not.
func sameValue(a, b books.Value) bool {
	return a.Null() == b.Null() && bytes.Equal(a.AppendCanonical(nil), b.AppendCanonical(nil))
}

// wants fails the test unless err is an Error of this kind and code.
func wants(t rapid.TB, err error, kind books.ErrorKind, code string) {
	t.Helper()
	var e *books.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != cmp.Or(code, e.Code) {
		t.Fatalf("got error %#v, want kind %s, code %q", err, kind, code)
	}
}

func zone(t rapid.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func month(t rapid.TB, s string) books.Month {
	t.Helper()
	m, err := books.ParseMonth(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

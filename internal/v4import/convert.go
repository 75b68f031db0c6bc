package v4import

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"extrato/internal/books"
)

// converter turns a source's value, as text, into an argument for this
// database. raw is nil for NULL; a NULL in a NOT NULL column was refused
// before.
type converter func(im *importing, at cell, raw []byte) (any, error)

func convertID(_ *importing, at cell, raw []byte) (any, error) {
	var id books.ID
	if err := id.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	return int64(id), nil
}

// convertLink keeps a session's link for later: its payment comes after it.
func convertLink(im *importing, at cell, raw []byte) (any, error) {
	var id books.ID
	if err := id.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	im.links = append(im.links, &books.Link{SessionID: books.ID(at.id), PaymentID: id})
	return nil, nil
}

func convertText(_ *importing, _ cell, raw []byte) (any, error) { return string(raw), nil }

func convertFlag(_ *importing, at cell, raw []byte) (any, error) {
	flag, err := strconv.ParseBool(string(raw))
	if err != nil {
		return nil, unreadable(at, err)
	}
	return flag, nil
}

// convertDay keeps a malformed date as it is where the column is text: it
// belongs to no month, and is reported.
func convertDay(im *importing, at cell, raw []byte) (any, error) {
	day := string(raw)
	if _, err := books.ParseDay(day); err == nil {
		return day, nil
	}
	if im.to.Postgres() {
		return nil, errNotConvertible(at, strconv.Quote(day)+" is not a day, and PostgreSQL stores only days")
	}
	im.done.Doubtful = append(im.done.Doubtful, Change{Table: at.table, ID: at.id, Column: at.column, Old: day,
		Why: "is not a day, so the row belongs to no month"})
	return day, nil
}

// convertTime writes a time of day as PostgreSQL does, so a session has the
// same fingerprint from either source.
func convertTime(im *importing, at cell, raw []byte) (any, error) {
	text := string(raw)
	for _, layout := range []string{"15:04:05.999999", "15:04"} {
		if clock, err := time.Parse(layout, text); err == nil {
			return clock.Format("15:04:05.999999"), nil
		}
	}
	if im.to.Postgres() {
		return nil, errNotConvertible(at, strconv.Quote(text)+" is not a time of day")
	}
	return text, nil
}

func convertMoney(im *importing, at cell, raw []byte) (any, error) {
	return im.round(at, raw)
}

// percentLimit is the first value too large for NUMERIC(5,2).
const percentLimit = books.Money(1000_00)

func convertPercent(im *importing, at cell, raw []byte) (any, error) {
	percent, err := im.round(at, raw) // hundredths of a percent are rounded as hundredths of a real
	if err == nil {
		if m, _ := books.ParseMoney(percent); m <= -percentLimit || m >= percentLimit {
			return nil, errNotConvertible(at, percent+" is too large a percentage")
		}
	}
	return percent, err
}

// round returns the number with two decimals, and reports it if any are cut.
func (im *importing) round(at cell, raw []byte) (string, error) {
	amount, rounded, err := books.RoundMoney(string(raw))
	if e := books.AsError(err); e != nil && e.Code == "amount_too_large" {
		return "", errNotConvertible(at, string(raw)+" is too large an amount")
	}
	if err != nil {
		return "", unreadable(at, err)
	}
	if rounded {
		im.done.Rounded = append(im.done.Rounded,
			Change{Table: at.table, ID: at.id, Column: at.column, Old: string(raw), New: amount.String()})
	}
	return amount.String(), nil
}

func convertInstant(_ *importing, at cell, raw []byte) (any, error) {
	var instant books.Instant
	if err := instant.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	return instant.SQL(), nil
}

// convertLocalInstant reads comissoes.created_at: in v4's SQLite files alone of
// all times it is the studio's own, mostly the midnight of the payment's day.
func convertLocalInstant(im *importing, at cell, raw []byte) (any, error) {
	var instant books.Instant
	if err := instant.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	// PostgreSQL always writes an offset.
	if naive := !bytes.ContainsAny(raw[len("2025-10-28 14:52"):], "+-Z"); naive {
		t := instant.Time()
		midnight := books.DayOf(t).In(im.to.Zone())
		local := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), im.to.Zone())
		if local.Before(midnight) || t.Equal(t.Truncate(24*time.Hour)) {
			local = midnight // clocks may skip it
		}
		instant = books.InstantOf(local)
	}
	return instant.SQL(), nil
}

func convertJSON(im *importing, at cell, raw []byte) (any, error) {
	if im.to.Postgres() && !json.Valid(raw) {
		return nil, errNotConvertible(at, "is not JSON, and PostgreSQL stores nothing else there")
	}
	return string(raw), nil
}

// rawText returns a value as text; a binary fraction in its shortest exact
// form.
func rawText(value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case int64:
		return strconv.AppendInt(nil, v, 10), nil
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64), nil
	case string:
		return []byte(v), nil
	case []byte:
		return append([]byte{}, v...), nil
	}
	return nil, fmt.Errorf("is a %T", value)
}

func errNotConvertible(at cell, why string) error {
	return books.Refusedf("cannot_carry", "row %d of %s cannot come in: %s %s", at.id, at.table, at.column, why).
		WithHint("correct that row in the source, then import again; nothing was copied")
}

func unreadable(at cell, err error) error {
	return books.Integrityf("broken_row", "row %d of %s has a value that cannot be read in %s", at.id, at.table, at.column).
		WithHint("correct that row in the source, then import again; nothing was copied").Because(err)
}

func (im *importing) convert(at cell, c importColumn, value any) (any, error) {
	raw, err := rawText(value)
	if err != nil {
		return nil, unreadable(at, err)
	}
	if _, gone := im.dangling[at.table+"."+at.column][at.id]; gone {
		raw = nil
	}
	if raw == nil {
		if c.required {
			return nil, errNotConvertible(at, "is NULL, and this database insists on a value")
		}
		return nil, nil
	}
	if !utf8.Valid(raw) {
		return nil, unreadable(at, errors.New("is not valid UTF-8"))
	}
	if im.to.Postgres() {
		if bytes.IndexByte(raw, 0) >= 0 {
			return nil, errNotConvertible(at, "holds a NUL character, which PostgreSQL cannot store")
		}
		if n := utf8.RuneCount(raw); c.letters > 0 && n > c.letters {
			return nil, errNotConvertible(at, fmt.Sprintf("is %d letters long, and PostgreSQL has room for %d", n, c.letters))
		}
	}
	return c.carry(im, at, raw)
}

// cell names one value.
type cell struct {
	table  string
	id     int64
	column string
}

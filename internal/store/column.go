package store

import (
	"errors"
	"fmt"
	"strconv"
	"unsafe"

	"extrato/internal/books"
)

// column reads either driver's values into a value of the books.
type column struct {
	value   books.Value
	scratch [32]byte
}

// Scan makes column a sql.Scanner.
func (c *column) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return c.value.Parse(nil)
	case int64:
		return c.value.Parse(strconv.AppendInt(c.scratch[:0], v, 10))
	case float64:
		// SQLite keeps an amount as a binary fraction: its shortest decimal text is the amount.
		return c.value.Parse(strconv.AppendFloat(c.scratch[:0], v, 'f', -1, 64))
	case string:
		if v == "" {
			return c.value.Parse([]byte{})
		}
		return c.value.Parse(unsafe.Slice(unsafe.StringData(v), len(v))) //nolint:gosec // Parse keeps nothing of it, and copying every text doubles the garbage
	case []byte:
		switch c.value.(type) {
		case *books.ID, *books.Ref: // SQLite's BLOB equals no number, so as one it would name another row
			return errors.New("is a BLOB, not a number")
		}
		return c.value.Parse(v)
	}
	return fmt.Errorf("cannot read a %T", src)
}

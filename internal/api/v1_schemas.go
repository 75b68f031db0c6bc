package api

import (
	"extrato/internal/books"

	"github.com/danielgtaylor/huma/v2"
)

// Types of the values that many documents and parameters share, each with its
// one schema. A field's tags add an example and a description.
type (
	rowID       int64
	amountText  string // up to 99999999.99
	percentText string
	monthText   string // 2025-10
)

// maxRowID is the largest id of PostgreSQL's INTEGER.
const maxRowID = 1<<31 - 1

// Schema describes an id.
func (rowID) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, float64(maxRowID)
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &most}
}

// Schema describes an amount.
func (amountText) Schema(huma.Registry) *huma.Schema {
	return textSchema("^[0-9]{1,8}([.][0-9]{1,2})?$", 11)
}

// Schema describes a percentage.
func (percentText) Schema(huma.Registry) *huma.Schema {
	return textSchema("^[0-9]{1,3}([.][0-9]{1,2})?$", 6)
}

// Schema describes a month.
func (monthText) Schema(huma.Registry) *huma.Schema {
	s := textSchema("^[0-9]{4}-[0-9]{2}$", 7)
	s.Examples = []any{"2025-10"}
	return s
}

func textSchema(pattern string, longest int) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: pattern, MaxLength: &longest}
}

func (m monthText) parse() (books.Month, error) { return books.ParseMonth(string(m)) }

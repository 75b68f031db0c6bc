package closing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store/storetest"
)

// spelling is a value as SQL may have written it into SQLite, and as it is after
// a reopening; same: byte for byte.
type spelling struct{ wrote, back string }

const same = ""

// spellings of each kind of column. One value has one spelling of ours: what was
// written in another comes back as the same value in that one.
var spellings = map[string][]spelling{
	"instant": {
		{"'2025-10-07 12:00:00.123456'", same}, {"'2025-10-07 12:00:00.000000'", same}, {"NULL", same},
		{"'2025-10-07 12:00:00'", "'2025-10-07 12:00:00.000000'"},
		{"'2025-10-07T12:00:00Z'", "'2025-10-07 12:00:00.000000'"},
		{"'2025-10-07 12:00:00.5'", "'2025-10-07 12:00:00.500000'"},
		{"'2025-10-07 09:00:00-03:00'", "'2025-10-07 12:00:00.000000'"},
	},
	"text": {
		{"'x'", same}, {"''", same}, {"'  ç\r\n🖋 '", same}, {"'=1+1'", same}, {"'12.30'", same}, {"'NULL'", same},
		{"12.5", "'12.5'"}, // by the column's own affinity
		{"x'41c3a7'", "'Aç'"},
	},
	"amount": {
		{"450", same}, {"12.3", same}, {"0.1", same}, {"-0.01", same}, {"0", same}, {"99999999.99", same},
		{"'12.30'", "12.3"}, // by the column's own affinity
	},
	"id": {{"1", same}, {"'1'", "1"}, {"1.0", "1"}},
}

// spelledColumns are the columns of the rows that a close takes, by kind. Days
// have one spelling: any other belongs to no month.
var spelledColumns = []struct{ table, column, kind string }{
	{"pagamentos", "valor", "amount"}, {"pagamentos", "comissao", "amount"}, {"pagamentos", "forma_pagamento", "text"},
	{"pagamentos", "observacoes", "text"}, {"pagamentos", "google_event_id", "text"}, {"pagamentos", "cliente_id", "id"},
	{"pagamentos", "artista_id", "id"}, {"pagamentos", "sessao_id", "id"}, {"pagamentos", "created_at", "instant"}, {"pagamentos", "updated_at", "instant"},
	{"sessoes", "valor", "amount"}, {"sessoes", "hora", "text"}, {"sessoes", "observacoes", "text"}, {"sessoes", "google_event_id", "text"},
	{"sessoes", "status", "text"}, {"sessoes", "cliente_id", "id"}, {"sessoes", "artista_id", "id"}, {"sessoes", "payment_id", "id"},
	{"sessoes", "created_at", "instant"}, {"sessoes", "updated_at", "instant"},
	{"comissoes", "pagamento_id", "id"}, {"comissoes", "artista_id", "id"}, {"comissoes", "percentual", "amount"}, {"comissoes", "valor", "amount"},
	{"comissoes", "observacoes", "text"}, {"comissoes", "created_at", "instant"},
	{"gastos", "valor", "amount"}, {"gastos", "descricao", "text"}, {"gastos", "forma_pagamento", "text"}, {"gastos", "created_by", "id"},
	{"gastos", "created_at", "instant"}, {"gastos", "updated_at", "instant"},
}

func TestReopen_gives_back_every_value_in_SQLite_in_the_spelling_that_the_documents_promise(t *testing.T) {
	s := sqliteStudio(t)
	s.fullOctober(t)
	for _, c := range spelledColumns {
		for i, value := range spellings[c.kind] {
			if testing.Short() && i%3 != 0 {
				continue
			}
			if c.column == "percentual" && (value.wrote == "99999999.99") {
				continue // it has room for 999.99
			}
			t.Run(fmt.Sprintf("%s.%s=%s", c.table, c.column, value.wrote), func(t *testing.T) {
				s.Exec(t, fmt.Sprintf("UPDATE %s SET %s = %s WHERE id = 1", c.table, c.column, value.wrote))
				get := fmt.Sprintf("SELECT typeof(%[1]s) || ' ' || quote(%[1]s) FROM %[2]s WHERE id = 1", c.column, c.table)
				want := s.texts(t, get)
				if value.back != same {
					want = s.texts(t, "SELECT typeof("+value.back+") || ' ' || quote("+value.back+")")
				}
				before := s.live(t, october)
				s.close(t, october, false)
				s.reopen(t, october)
				if got := s.texts(t, get); !slices.Equal(got, want) {
					t.Errorf("it comes back as %s, want %s", got, want)
				}
				if s.live(t, october) != before {
					t.Error("it comes back as another value")
				}
			})
		}
	}
}

func TestClose_refuses_an_id_that_is_a_BLOB(t *testing.T) {
	s := sqliteStudio(t)
	s.fullOctober(t)
	s.Exec(t, "UPDATE comissoes SET pagamento_id = CAST('1' AS BLOB), created_at = '2025-10-03 12:00:00.000000' WHERE id = 1")
	s.refusesClose(t, october, false, books.Integrity, "broken_row")
}

// sqliteStudio is an empty studio on SQLite, on 2 November 2025.
func sqliteStudio(t *testing.T) *studio {
	t.Helper()
	s := &studio{Clock: noon(2025, time.November, 2), Folder: t.TempDir()}
	now := func() time.Time { return s.Clock }
	s.DB = storetest.SQLite(t, now)
	s.Closer = newCloser(t, s.DB.Store, s.Folder, now)
	return s
}

package store_test

import (
	"fmt"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// Rows are found by note, amount and day, newest first, however many there are.
func TestRows_are_found_by_text_amount_and_day(t *testing.T) {
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		db.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'artist', TRUE, FALSE), (2, 'Rui', 'artist', TRUE, FALSE)")
		db.Exec(t, "INSERT INTO clients (id, name) VALUES (1, 'João'), (2, 'Bia')")
		var values []string
		for i := 1; i <= 2500; i++ {
			values = append(values, fmt.Sprintf("(%d, '2025-%02d-%02d', %d, 1, %d, 'nota %d', 'active')", i, i%12+1, i%28+1, i, i%2+1, i))
		}
		db.Exec(t, "INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, observacoes, status) VALUES "+strings.Join(values, ", "))
		db.Exec(t, "UPDATE sessoes SET id = id + 40000 WHERE id > 2000") // more than one stretch
		db.Exec(t, "UPDATE sessoes SET observacoes = $1 WHERE id = 7", "FÊNIX\x1e\x1fnas costas 💀")
		search := func(s store.Search) string {
			t.Helper()
			var ids []string
			s.Kind = books.SessionKind
			if err := db.Store.Read(t.Context(), func(tx *store.Tx) error {
				rows, more, err := tx.SearchRows(t.Context(), s)
				for _, row := range rows {
					ids = append(ids, fmt.Sprint(row.Key()))
				}
				if more {
					ids = append(ids, "…")
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(ids, " ")
		}
		day, err := books.ParseDay("2025-01-13")
		if err != nil {
			t.Fatal(err)
		}
		if got := search(store.Search{Text: "fenix", Limit: 5}); got != "7" {
			t.Errorf("the accents: %s", got)
		}
		if got := search(store.Search{Text: "costas 💀", Limit: 5, Artist: 2}); got != "7" {
			t.Errorf("an artist's own: %s", got)
		}
		if got := search(store.Search{Text: "fenix", Limit: 5, Artist: 1}); got != "" {
			t.Errorf("another's: %s", got)
		}
		if got := search(store.Search{Text: "joao", Limit: 1, Artist: 1}); !strings.HasSuffix(got, " …") {
			t.Errorf("an artist's client: %s", got)
		}
		if got := search(store.Search{Text: "joao", Limit: 1}); got != "" {
			t.Errorf("a client's name: %s", got)
		}
		if got := search(store.Search{Text: "nota 2499", HasAmount: true, Amount: 12_00, Limit: 5}); got != "42499 12" && got != "12 42499" {
			t.Errorf("text and amount: %s", got)
		}
		if got := search(store.Search{Days: []books.Day{day}, Limit: 50}); got == "" || strings.Contains(got, "…") {
			t.Errorf("a day: %s", got)
		}
		if got := search(store.Search{HasAmount: true, Amount: 12_34, Limit: 50}) + search(store.Search{Text: "\x00\xff%", Limit: 2}); got != "" {
			t.Errorf("nothing: %s", got)
		}
	})
}

package books_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// write returns the statement of these rows as the table would hold it.
func write(t rapid.TB, m books.Month, revision int, rows []books.Row) (books.Stored, books.Header) {
	t.Helper()
	var out bytes.Buffer
	w := books.NewStatementWriter(&out, m, revision)
	for row, err := range books.Sequence(rows) {
		if err := errors.Join(err, w.Add(row)); err != nil {
			t.Fatal(err)
		}
	}
	header, ends, err := w.Finish(books.Salt{0xe7})
	if err != nil || ends[books.TotalsPart] != int64(out.Len()) {
		t.Fatalf("wrote %d bytes, says %v, %v", out.Len(), ends, err)
	}
	s := books.Stored{Month: m}
	from := int64(0)
	for part, to := range ends {
		s.Parts[part] = out.String()[from:to]
		from = to
	}
	return s, header
}

func TestStatements_give_back_their_rows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, revision, rows := anyMonth.Draw(t, "month"), rapid.IntRange(1, 9).Draw(t, "revision"), anyRows.Draw(t, "rows")
		s, header := write(t, m, revision, rows)
		back, err := books.Collect(s.Rows())
		rows = slices.DeleteFunc(rows, func(row books.Row) bool { return row.Kind() == books.StayingKind }) // these are for backups
		if err != nil || !slices.Equal(texts(back), texts(rows)) {
			t.Fatalf("got  %q, %v\nwant %q", texts(back), err, texts(rows))
		}
		f, counts, err := books.FingerprintOf(s.Rows())
		if err != nil || f != fingerprint(t, rows) || f != header.Fingerprint || counts != header.Counts {
			t.Fatalf("the fingerprint became %s, %v, the header says %s", f, err, header.Fingerprint)
		}
		stored, err := s.Header()
		stored.Counts, stored.Core, stored.Days = header.Counts, header.Core, header.Days
		if err != nil || !s.Ours() || stored.Month != m || stored.Revision != revision || stored.Version != 1 || !reflect.DeepEqual(stored, header) {
			t.Fatalf("the header became %+v, %v, want %+v", stored, err, header)
		}
	})
}

func TestEvery_part_is_a_JSON_string_that_holds_JSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, header := write(t, month(t, "2025-10"), 1, anyRows.Draw(t, "rows"))
		counts := []int64{header.Counts.Payments, header.Counts.Sessions, header.Counts.Commissions, header.Counts.Expenses}
		for part, stored := range s.Parts {
			var inner string
			if err := json.Unmarshal([]byte(stored), &inner); err != nil {
				t.Fatalf("%s is no JSON string: %v", books.Part(part).Column(), err)
			}
			var list []map[string]any
			var object map[string]any
			if books.Part(part) == books.TotalsPart {
				if err := json.Unmarshal([]byte(inner), &object); err != nil || object["receita_total"] == nil {
					t.Fatalf("v4 cannot read the totals: %v", err)
				}
			} else if err := json.Unmarshal([]byte(inner), &list); err != nil || list == nil || int64(len(list)) != counts[part] {
				t.Fatalf("v4 cannot read %s: %d rows, %v", books.Part(part).Column(), len(list), err)
			}
		}
	})
}

func TestStatements_hold_the_keys_of_v4_first(t *testing.T) {
	s, _ := write(t, month(t, "2025-10"), 1, october())
	for part, keys := range []string{
		"id data cliente_name artista_name valor forma_pagamento observacoes sessao_id sessao_data",
		"id data cliente_name artista_name valor status observacoes",
		"artista_name cliente_name pagamento_valor pagamento_data percentual valor observacoes",
		"data valor descricao forma_pagamento categoria created_by",
	} {
		var inner string
		if err := json.Unmarshal([]byte(s.Parts[part]), &inner); err != nil {
			t.Fatal(err)
		}
		if got := firstKeys(t, inner); !strings.HasPrefix(got, keys+" ") {
			t.Errorf("%s has the keys %s, v4 has %s", books.Part(part).Column(), got, keys)
		}
	}
}

// firstKeys returns the keys of the first object of a list.
func firstKeys(t *testing.T, list string) string {
	t.Helper()
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(list), &raw); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw[0]))
	var keys []string
	for i := 0; ; i++ {
		token, err := d.Token()
		if err != nil || token == json.Delim('}') {
			return strings.Join(keys, " ")
		}
		if i%2 == 1 {
			keys = append(keys, token.(string))
		}
	}
}

func TestThe_stored_text_of_this_month_never_changes(t *testing.T) {
	s, _ := write(t, month(t, "2025-10"), 2, october())
	golden(t, "testdata/statement.txt", strings.Join(s.Parts[:], "\n")+"\n")
}

func TestRows_that_are_not_in_order_make_no_statement(t *testing.T) {
	w := books.NewStatementWriter(new(bytes.Buffer), month(t, "2025-10"), 1)
	rows := october()
	if err := errors.Join(w.Add(rows[0]), w.Add(rows[2])); err != nil {
		t.Fatal(err)
	}
	wants(t, w.Add(rows[1]), books.Integrity, "rows_out_of_order")
}

// full is a disk without room.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestA_full_disk_makes_no_statement(t *testing.T) {
	for _, room := range []int{0, 300 << 10} {
		w := books.NewStatementWriter(&full{room}, month(t, "2025-10"), 1)
		for id := range books.ID(3000) {
			if err := w.Add(&books.Expense{ID: id + 1, Description: books.TextOf(strings.Repeat("x", 200))}); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := w.Finish(books.Salt{}); err == nil {
			t.Errorf("a statement fits into %d bytes", room)
		}
	}
}

func TestA_row_of_a_statement_is_written_in_one_way(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := anyRow.Filter(func(row books.Row) bool { return row.Kind() != books.StayingKind }).Draw(t, "row")
		raw := books.AppendRowJSON(nil, row)
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil || len(object) != len(columns(row)) {
			t.Fatalf("%s: %v", raw, err)
		}
		s, _ := write(t, month(t, "2025-10"), 1, []books.Row{row})
		var whole strings.Builder
		for _, part := range s.Parts {
			var inner string
			if err := json.Unmarshal([]byte(part), &inner); err != nil {
				t.Fatal(err)
			}
			whole.WriteString(inner)
		}
		if !strings.Contains(whole.String(), string(raw)) {
			t.Fatalf("%s is not in %s", raw, whole.String())
		}
	})
}

package backup

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%q\nwant\n%q", name, got, want)
	}
}

func TestA_backup_is_written_as_it_always_was(t *testing.T) {
	p := newPlace(t)
	r := p.write(t, october, fixedRows())
	golden(t, "backup_2025_10.csv", p.get(t, r.File))
	golden(t, "backup_2025_10.manifest.json", p.get(t, ManifestOf(r.File)))
}

func TestA_backup_that_was_always_there_can_be_read(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"backup_2025_10.csv", "backup_2025_10.manifest.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		p.put(t, "2025_10/"+name, b)
	}
	_, rows, err := p.Rows(t.Context(), Copy{Month: october, Number: 1, File: fileName(october, 1)})
	if err != nil || texts(rows) != texts(fixedRows()) {
		t.Errorf("reads\n%s\nwant\n%s\n%v", texts(rows), texts(fixedRows()), err)
	}
}

func TestEvery_column_of_v4s_backup_is_there_under_its_name(t *testing.T) {
	v4 := strings.Fields(`artista_name cliente_name created_at created_by creator_name data descricao forma_pagamento
		google_event_id id observacoes pagamento_id payment_id percentual sessao_id status type updated_at valor`)
	for _, column := range v4 {
		if !slices.Contains(header, column) {
			t.Errorf("there is no column %s", column)
		}
	}
	// v4 writes these; ours are not empty where its rows have something.
	records, err := csv.NewReader(bytes.NewReader(encodeCSV(fixedRows()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ kind, columns string }{
		{"pagamento", "id data valor forma_pagamento cliente_name artista_name sessao_id google_event_id created_at updated_at"},
		{"sessao", "id data valor observacoes cliente_name artista_name status payment_id created_at"},
		{"comissao", "id pagamento_id percentual valor observacoes created_at"},
		{"gasto", "id data valor descricao forma_pagamento created_by creator_name"},
		{"vinculo", "sessao_id payment_id"},
		{"cliente", "id cliente_name jotform_submission_id created_at"},
		{"artista", "id artista_name email role created_at"},
	} {
		i := slices.IndexFunc(records, func(r []string) bool { return r[0] == want.kind })
		for _, column := range strings.Fields(want.columns) {
			if records[i][slices.Index(header, column)] == "" {
				t.Errorf("a %s has nothing in column %s", want.kind, column)
			}
		}
	}
}

func TestRows_come_back_from_CSV_as_they_were(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Draw(t, "rows")
		text := encodeCSV(rows)
		// A reader that hands out one byte at a time finds every edge of the buffers.
		for _, in := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text))} {
			back, err := books.Collect(readRows(in))
			if err != nil {
				t.Fatal(err)
			}
			if texts(back) != texts(rows) {
				t.Fatalf("came back as\n%s\nwant\n%s", texts(back), texts(rows))
			}
		}
	})
}

func TestAn_independent_reader_finds_the_same_texts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Draw(t, "rows")
		records, err := csv.NewReader(bytes.NewReader(encodeCSV(rows))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(records) != len(rows)+1 || !slices.Equal(records[0], header) {
			t.Fatalf("%d records for %d rows below %q", len(records), len(rows), records[0])
		}
		for i, row := range rows {
			for j, v := range row.AppendCopies(row.AppendValues(nil)) {
				column := layout[row.Kind()][j]
				if column < 0 {
					continue
				}
				// encoding/csv turns CRLF inside quotes into LF.
				want := strings.ReplaceAll(string(v.AppendText(nil)), "\r\n", "\n")
				if got := records[i+1][column]; got != want {
					t.Fatalf("%s: column %s reads %q, want %q", books.Describe(row), header[column], got, want)
				}
			}
		}
	})
}

func TestA_row_larger_than_every_buffer_comes_back(t *testing.T) {
	long := strings.Repeat("\"ã,\r\n", 300_000)
	rows := []books.Row{&books.Payment{ID: 1, Date: day("2025-10-01"), Note: books.TextOf(long), ArtistID: 1}}
	back, err := books.Collect(readRows(bytes.NewReader(encodeCSV(rows))))
	if err != nil || texts(back) != texts(rows) {
		t.Errorf("a text of %d bytes does not come back: %v", len(long), err)
	}
}

func TestCSV_that_is_not_exactly_ours_is_corrupt(t *testing.T) {
	head := strings.Join(header, ",") + "\n"
	line := func(fields map[string]string) string {
		all := make([]string, len(header))
		for name, text := range fields {
			all[slices.Index(header, name)] = text
		}
		return head + strings.Join(all, ",") + "\n"
	}
	with := func(name, text string) string {
		fields := map[string]string{"type": "pagamento", "id": "1", "data": "2025-10-01", "artista_id": "1", "valor": "1.00", "forma_pagamento": "Pix"}
		if text == "-" {
			delete(fields, name)
		} else {
			fields[name] = text
		}
		return line(fields)
	}
	if _, err := books.Collect(readRows(strings.NewReader(with("id", "1")))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing at all":                            "",
		"a header that does not end":                strings.TrimSuffix(head, "\n"),
		"another header":                            "id,type\n",
		"a header with CRLF":                        strings.TrimSuffix(head, "\n") + "\r\n",
		"a byte order mark":                         "\ufeff" + head,
		"a quoted header":                           `"type"` + strings.TrimPrefix(head, "type"),
		"an empty line":                             head + "\n",
		"a line that does not end":                  strings.TrimSuffix(with("id", "1"), "\n"),
		"a line with CRLF":                          strings.TrimSuffix(with("id", "1"), "\n") + "\r\n",
		"a field too many":                          strings.TrimSuffix(with("id", "1"), "\n") + ",\n",
		"a field too few":                           head + "pagamento,1\n",
		"a quote that stays open":                   with("observacoes", `"a`),
		"a quote in the middle":                     with("observacoes", `a"b"`),
		"something behind a quote":                  with("observacoes", `"a,"b`),
		"quotes that nothing needs":                 with("observacoes", `"a"`),
		"a bare CR":                                 with("observacoes", "a\rb"),
		"an unknown kind":                           with("type", "pagamentos"),
		"no kind":                                   with("type", "-"),
		"an empty kind":                             with("type", `""`),
		"no id":                                     with("id", "-"),
		"an empty id":                               with("id", `""`),
		"an id with a zero before it":               with("id", "01"),
		"an id with a plus":                         with("id", "+1"),
		"an id beyond PostgreSQL's":                 with("id", "2147483648"),
		"an id that is no number":                   with("id", "1.0"),
		"an amount without cents":                   with("valor", "1"),
		"an amount with one decimal":                with("valor", "1.0"),
		"an amount with three decimals":             with("valor", "1.000"),
		"an amount below nothing":                   with("valor", "-0.00"),
		"an amount in Portuguese":                   with("valor", `"1,00"`),
		"an amount with an exponent":                with("valor", "1e2"),
		"no day":                                    with("data", "-"),
		"a day that no calendar has":                with("data", "2025-02-30"),
		"a day with one digit":                      with("data", "2025-10-1"),
		"an instant in another form":                with("created_at", "2025-10-01 03:00:00.000000"),
		"an instant with an offset":                 with("created_at", "2025-10-01T00:00:00.000000-03:00"),
		"text that is not UTF-8":                    with("observacoes", "\xff"),
		"a value in a column of another kind":       with("percentual", "60.00"),
		"an empty text in a column of another kind": with("descricao", `""`),
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := books.Collect(readRows(strings.NewReader(text)))
			wants(t, err, books.Integrity, "backup_corrupt")
			if rows != nil {
				t.Errorf("gave %s", texts(rows))
			}
		})
	}
}

func TestA_place_that_does_not_answer_is_not_a_corrupt_file(t *testing.T) {
	whole := encodeCSV(smallRows())
	for _, at := range []int{0, 10, len(whole) - 5, len(whole)} {
		lost := fmt.Errorf("connection lost")
		in := io.MultiReader(bytes.NewReader(whole[:at]), iotest.ErrReader(lost))
		_, err := books.Collect(readRows(in))
		if e := books.AsError(err); e == nil || e.Kind != books.Internal {
			t.Errorf("after %d bytes: %v, want an error that trying again may mend", at, err)
		}
		_, err = books.Collect(readRows(io.MultiReader(bytes.NewReader(whole[:at]), iotest.ErrReader(syscall.EIO))))
		wants(t, err, books.Integrity, "backup_corrupt")
	}
}

// FuzzCSV holds the reader to its promise: whatever it takes is, byte for
// byte, what the writer writes.
func FuzzCSV(f *testing.F) {
	f.Add(encodeCSV(nil))
	f.Add(encodeCSV(smallRows()))
	f.Add(encodeCSV(fixedRows()))
	for _, row := range fixedRows() {
		f.Add(encodeCSV([]books.Row{row}))
	}
	f.Add([]byte(strings.Join(header, ",") + "\npagamento,\"1\",,,,\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		given := bytes.Clone(text)
		rows, err := books.Collect(readRows(bytes.NewReader(text)))
		if err != nil {
			wants(t, err, books.Integrity, "backup_corrupt")
			return
		}
		if again := encodeCSV(rows); !bytes.Equal(again, given) {
			t.Errorf("took\n%q\nwhich is written as\n%q", given, again)
		}
	})
}

func BenchmarkReadRows(b *testing.B) {
	var rows []books.Row
	for i := range 10_000 {
		row := *fixedRows()[0].(*books.Payment)
		row.ID = books.ID(i + 1)
		rows = append(rows, &row)
	}
	text := encodeCSV(rows)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for _, err := range readRows(bytes.NewReader(text)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestA_file_that_a_spreadsheet_saved_is_called_that(t *testing.T) {
	head := strings.Join(header, ",")
	for name, text := range map[string]string{
		"a byte order mark": "\ufeff" + head + "\n", "CRLF": head + "\r\n", "semicolons": strings.ReplaceAll(head, ",", ";") + "\n",
	} {
		var failed error
		for _, err := range readRows(strings.NewReader(text)) {
			failed = err
		}
		if failed == nil || !strings.Contains(failed.Error(), "a spreadsheet or an editor has saved the file") {
			t.Errorf("%s: %v", name, failed)
		}
	}
}

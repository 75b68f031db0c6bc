package export_test

import (
	"encoding/csv"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/export"
)

// attacks are names that somebody may give a client.
var attacks = []string{
	`=HYPERLINK("http://evil.test";"Bia")`, "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "  =1+1", "＝1+1", "＋1", "－1", "＠x", "\u00a0=1+1", "\ufeff=1+1",
	"x;=1+1", `x; "=1+1`, "x\n=1+1", "x\r\n@y", "x\t-1", "\x1b[2J\x1b[31mvermelho", "\x1b]0;título\x07", "\u009b31m", "\x00", "\x7f\b\b\b", "\u202eoirártnoc", "a\u2028b", "linha\r\nlinha",
	"'=1+1", ",=1+1", `"`, `\`, "\U000e0041", "João", "👩\u200d🎨", "李小龙", "-", "=", "", " ",
}

var hostileText = rapid.Custom(func(t *rapid.T) string {
	s := ""
	for _, part := range rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(attacks), rapid.String()), 0, 3).Draw(t, "parts") {
		s += part
	}
	return s
}).Filter(utf8.ValidString)

// rowsOf returns a row of each kind that is shown, with these texts.
func rowsOf(draw func() string, amount books.Money) []books.Row {
	text := func() books.Text { return books.TextOf(draw()) }
	return []books.Row{
		&books.Payment{ID: 1, Date: 20251028, Amount: amount, Method: books.String(draw()), Note: text(), ArtistID: 2, ClientName: text(), ArtistName: text()},
		&books.Session{ID: 2, Date: 20251028, Amount: amount, ClientID: 1, ArtistID: 2, Status: text(), Note: text(), ClientName: text(), ArtistName: text()},
		&books.Commission{ID: 3, ArtistID: 2, Percent: 6000, Amount: amount, Note: text(), ClientName: text(), ArtistName: text()},
		&books.Expense{ID: 4, Date: 20251028, Amount: amount, Method: books.String(draw()), Description: text(), Category: text(), CreatedBy: 1},
	}
}

// hostile is a statement of attacks.
func hostile(t rapid.TB) export.Statement {
	t.Helper()
	n := 0
	var rows []books.Row
	for id := range books.ID(4) {
		for _, row := range rowsOf(func() string { n++; return attacks[n%len(attacks)] }, -865) {
			*row.AppendValues(nil)[0].(*books.ID) = id + 1
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, books.Compare)
	return statementOf(t, rows...)
}

// obeyed finds what a terminal may obey.
func obeyed(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r != '\n' && r != '\u200d' && r != '\u200c' && (unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029') && !unicode.Is(unicode.Co, r)
	})
	if i < 0 {
		return ""
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return string(r)
}

func anyStatement(t *rapid.T) export.Statement {
	amount := books.Money(rapid.Int64Range(-99_999_999_99, 99_999_999_99).Draw(t, "amount"))
	s := statementOf(t, rowsOf(func() string { return hostileText.Draw(t, "text") }, amount)...)
	s.BackupFile = hostileText.Draw(t, "file")
	if rapid.Bool().Draw(t, "extract") {
		s = s.ForArtist(2, "")
	}
	return s
}

func TestNo_text_reaches_a_terminal_that_it_may_obey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyStatement(t)
		for _, form := range []string{"text.pt", "text.en", "json"} {
			if got := forms[form](t, s); obeyed(got) != "" || !utf8.ValidString(got) {
				t.Fatalf("%s holds %q:\n%s", form, obeyed(got), got)
			}
		}
		for _, form := range []string{"csv.pt", "csv.en"} {
			got := strings.NewReplacer("\t", "", "\r", "").Replace(forms[form](t, s))
			if obeyed(got) != "" {
				t.Fatalf("%s holds %q:\n%s", form, obeyed(got), got)
			}
		}
	})
}

func TestHidden_characters_are_seen(t *testing.T) {
	got := text(t, statementOf(t, &books.Payment{ID: 1, Date: 20251028, Method: "\x1b[31m\x00\x7f\u009b\u202e\r\nx\ty", ArtistID: 2}), export.PT)
	if !strings.Contains(got, "␛[31m␀␡\ufffd\ufffd⏎x y") {
		t.Error(got)
	}
}

// begins finds what a spreadsheet takes for a formula at the start of a cell.
var begins = regexp.MustCompile(`^[\pZ\pC"]*[=+\-@＝＋－＠]`)

func TestNo_text_becomes_a_formula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyStatement(t)
		raw := csvOf(t, s, export.PT)
		records, err := csv.NewReader(strings.NewReader(raw)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			for i, cell := range record {
				if records[0][i] != "valor" && (begins.MatchString(cell) || strings.ContainsAny(cell[:min(len(cell), 1)], "\t\r\n")) {
					t.Fatalf("%s: %q", records[0][i], cell)
				}
			}
		}
		// A spreadsheet that separates by semicolons sees other cells.
		for cell := range strings.FieldsFuncSeq(raw, func(r rune) bool { return strings.ContainsRune(";\t\r\n", r) }) {
			if begins.MatchString(cell) {
				t.Fatalf("%q in %q", cell, raw)
			}
		}
	})
}

func TestHarmless_texts_stay_as_they_are(t *testing.T) {
	for _, name := range []string{"João", "a=b", "a - b", "José; Maria", "x+y@z", "👩\u200d🎨", "'", "linha\nlinha", "1-2", "Ana, Bia", "\"Bia\""} {
		records := readCSV(t, statementOf(t, &books.Expense{ID: 1, Date: 20251028, Description: books.TextOf(name), Method: "Pix"}))
		if got := records[1][slices.Index(records[0], "descricao")]; got != name {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func TestAmounts_are_numbers_for_the_spreadsheet(t *testing.T) {
	for amount, want := range map[books.Money]string{45000: "450.00", -865: "-8.65", 0: "0.00", 123456789: "1234567.89"} {
		records := readCSV(t, statementOf(t, rowsOf(func() string { return "x" }, amount)...))
		for _, record := range records[1:5] {
			if got := record[slices.Index(records[0], "valor")]; got != want {
				t.Errorf("%s of %d is %q", record[0], amount, got)
			}
		}
	}
}

func readCSV(t rapid.TB, s export.Statement) [][]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(csvOf(t, s, export.PT))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestThe_last_line_of_a_CSV_carries_the_chain(t *testing.T) {
	s := october(t)
	records := readCSV(t, s)
	last, header := records[len(records)-1], records[0]
	if len(records) != 1+8+1 || last[0] != "extrato" || last[slices.Index(header, "mes")] != "2025-10" || last[slices.Index(header, "revisao")] != "1" ||
		last[slices.Index(header, "fingerprint")] != s.Header.Fingerprint.String() || last[slices.Index(header, "cadeia")] != s.ChainHash.String() {
		t.Errorf("%q", last)
	}
}

func TestJSON_keeps_every_text_whole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyStatement(t)
		var document map[string]json.RawMessage
		if err := json.Unmarshal([]byte(forms["json"](t, s)), &document); err != nil {
			t.Fatal(err)
		}
		for kind, key := range []string{"payments", "sessions", "commissions", "expenses"} {
			var lists, want []map[string]any
			if err := json.Unmarshal(document[key], &lists); err != nil {
				t.Fatal(err)
			}
			for _, row := range s.Rows {
				if row.Kind() == books.Kind(kind) {
					var object map[string]any
					if err := json.Unmarshal(books.AppendRowJSON(nil, row), &object); err != nil {
						t.Fatal(err)
					}
					want = append(want, object)
				}
			}
			got, _ := json.Marshal(lists)
			if wanted, _ := json.Marshal(want); len(want) > 0 && string(got) != string(wanted) {
				t.Fatalf("%s are %s, want %s", key, got, wanted)
			}
		}
	})
}

func TestJSON_numbers_have_two_decimals(t *testing.T) {
	got := forms["json"](t, october(t))
	amounts := regexp.MustCompile(`"(valor|percentual|pagamento_valor|receita\w*|comissao|comissoes_total|saldo|total|total_pagamentos|despesas_total)":([^,}]*)`)
	for _, m := range amounts.FindAllStringSubmatch(got, -1) {
		if m[2] != "null" && !regexp.MustCompile(`^-?\d+\.\d\d$`).MatchString(m[2]) {
			t.Errorf("%s is %s", m[1], m[2])
		}
	}
	keys := regexp.MustCompile(`(?m)^\{?"(\w+)":`).FindAllStringSubmatch(got, -1)
	var order []string
	for _, k := range keys {
		if !slices.Contains([]string{"id", "artista_name", "data"}, k[1]) { // the records' own
			order = append(order, k[1])
		}
	}
	if want := "month revision closed_at counts totals payments sessions commissions expenses fingerprint backup chain"; strings.Join(order, " ") != want {
		t.Error(order)
	}
}

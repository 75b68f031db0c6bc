package books_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// v4Statement returns a statement as v4 wrote it, its JSON nested so many
// times: 0 is a native value, 1 is v4's way.
func v4Statement(t rapid.TB, nested int) books.Stored {
	t.Helper()
	raw, err := os.ReadFile("testdata/v4_statement.json")
	var columns map[string][]string
	if err == nil {
		err = json.Unmarshal(raw, &columns)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := books.Stored{Month: month(t, "2025-10")}
	for part := range books.PartCount {
		s.Parts[part] = columns[part.Column()][nested]
	}
	return s
}

func TestStatements_of_v4_are_read_however_they_are_nested(t *testing.T) {
	for nested := range 4 {
		s := v4Statement(t, nested)
		rows := collect(t, s.Rows())
		if len(rows) != 5 {
			t.Fatalf("nested %d times: %q", nested, texts(rows))
		}
		first, second := rows[0].(*books.Payment), rows[1].(*books.Payment)
		if first.ID != 7 || first.Date != day("2025-10-28") || first.Amount != 45000 || first.ClientName.V != "João 💉" || first.Note.Valid ||
			first.SessionID != books.RefTo(11) || first.SessionDate.V != day("2025-09-30") || first.CreatedAt.Valid || first.ArtistID != 0 {
			t.Errorf("nested %d times: %s", nested, text(first))
		}
		if second.Amount != 30 || second.Note.V != "linha\r\n\"dois\" \\ =1+1" || second.Method != "Cartão de Crédito" || second.ClientName.Valid {
			t.Errorf("nested %d times: %s", nested, text(second))
		}
		if c := rows[3].(*books.Commission); c.Percent != 6000 || c.Amount != 27000 || c.PaymentAmount.V != 45000 || c.ID != 0 {
			t.Errorf("nested %d times: %s", nested, text(c))
		}
		if e := rows[4].(*books.Expense); e.CreatedBy != 1 || e.Category.Valid || e.Amount != 1999 {
			t.Errorf("nested %d times: %s", nested, text(e))
		}
	}
}

func TestStatements_of_v4_are_not_ours(t *testing.T) {
	s := v4Statement(t, 1)
	h, err := s.Header()
	if err != nil || s.Ours() || h.Version != 0 || h.Revision != 0 || h.Month != s.Month || !h.Fingerprint.IsZero() {
		t.Errorf("%+v, %v", h, err)
	}
	if h.Totals.Revenue != 45030 || h.Totals.NetRevenue != 16031 || h.Totals.ByMethod[1].Total != 30 || h.Totals.ByArtist[0].Commission != 27000 {
		t.Errorf("%s", h.Totals.JSON())
	}
}

func TestOlder_statements_lack_lists_keys_and_totals(t *testing.T) {
	for name, parts := range map[string][books.PartCount]string{
		"SQL's NULL":   {},
		"JSON's null":  {"null", "null", `"null"`, " null ", "null"},
		"empty texts":  {`""`, `""`, `""`, `""`, `""`},
		"empty lists":  {"[]", `"[]"`, " [ ] ", `"\"[]\""`, "{}"},
		"missing keys": {`[{"id":1}]`, "[{}]", `[{"artista_name":null,"percentual":null}]`, `[{"unknown":[{}]}]`, `{"receita_total":null,"por_artista":null}`},
	} {
		s := books.Stored{Month: month(t, "2025-10"), Parts: parts}
		rows := collect(t, s.Rows())
		if h, err := s.Header(); err != nil || s.Ours() || h.Totals.Revenue != 0 {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
		if want := map[string]int{"missing keys": 4}[name]; len(rows) != want {
			t.Errorf("%s: %q", name, texts(rows))
		}
	}
}

func TestBroken_statements_are_an_integrity_error(t *testing.T) {
	for name, part := range map[string]string{
		"half a list": `[{"id":1}`, "half a list in a string": `"[{\"id\":1}"`, "half a row": `[{"id":1`, "half a string": `"[{\"id\":1}]`,
		"a comma too many": `[{"id":1},]`, "rubbish": "x", "rubbish behind": `[{"id":1}] x`, "two lists": "[][]", "a list behind a string": `"[]"[]`,
		"an object": `{"id":1}`, "an empty object": "{}", "a number": "5", "a text": `"abc"`, "true": "true", "a null row": "[null]", "rows that are lists": "[[]]",
		"rows that are numbers": "[1]", "a day that is none": `[{"data":"2025-13-01"}]`, "an empty day": `[{"data":""}]`, "parts of a cent": `[{"valor":16.665}]`,
		"NaN, as Python writes it": `[{"valor":NaN}]`, "an id that is text": `[{"id":"x"}]`, "a nested note": `[{"observacoes":{"a":1}}]`, "true for a note": `[{"observacoes":true}]`,
		"not UTF-8": "[{\"observacoes\":\"Jo\xe3o\"}]", "nested four times": func() string {
			s := "[]"
			for range 4 {
				s = string(books.AppendJSONString(nil, s))
			}
			return s
		}(),
	} {
		s := books.Stored{Month: month(t, "2025-10")}
		s.Parts[books.PaymentsPart] = part
		_, err := books.Collect(s.Rows())
		if err == nil {
			t.Errorf("%s was read: %s", name, part)
			continue
		}
		wants(t, err, books.Integrity, "broken_statement")
	}
}

func TestBroken_totals_are_an_integrity_error(t *testing.T) {
	for name, part := range map[string]string{
		"half": `{"receita_total":1`, "a list": "[]", "a text": `"abc"`, "an amount that is none": `{"saldo":"x"}`, "not UTF-8": "{\"a\":\"\xff\"}",
		"an older form of ours": `{"extrato":{}}`, "a newer form of ours": `{"extrato":{"versao":2,"mes":"2025-10","revisao":1}}`,
		"a month that is none":       `{"extrato":{"versao":1,"mes":"2025-13"}}`,
		"a fingerprint that is none": `{"extrato":{"versao":1,"mes":"2025-10","fingerprint":"00"}}`,
	} {
		s := books.Stored{Month: month(t, "2025-10")}
		s.Parts[books.TotalsPart] = part
		if s.Ours() != strings.Contains(part, `"extrato"`) {
			t.Errorf("%s is ours: %v", name, s.Ours())
		}
		_, headerErr := s.Header()
		_, rowsErr := books.Collect(s.Rows())
		if headerErr == nil || rowsErr == nil {
			t.Errorf("%s was read: %v, %v", name, headerErr, rowsErr)
			continue
		}
		wants(t, headerErr, books.Integrity, "broken_statement")
		wants(t, rowsErr, books.Integrity, "broken_statement")
	}
}

func TestEvery_truncated_statement_is_seen(t *testing.T) {
	whole, header := write(t, month(t, "2025-10"), 1, october())
	for part := range books.PartCount {
		for cut := 1; cut < len(whole.Parts[part]); cut++ {
			s := whole
			s.Parts[part] = whole.Parts[part][:cut]
			if _, err := books.Collect(s.Rows()); err == nil {
				t.Fatalf("%d of %d bytes of %s passed for all", cut, len(whole.Parts[part]), part.Column())
			}
		}
	}
	lost := whole // v4 reads NULL as no rows, and so do we: the fingerprint tells
	lost.Parts[books.PaymentsPart] = ""
	if f, _, err := books.FingerprintOf(lost.Rows()); err != nil || f == header.Fingerprint {
		t.Errorf("a lost list is not seen: %v", err)
	}
}

func TestBroken_statements_say_where(t *testing.T) {
	s, _ := write(t, month(t, "2025-10"), 1, october())
	s.Parts[books.ExpensesPart] = strings.Replace(s.Parts[books.ExpensesPart], "2025-10-02", "2025-10-99", 1)
	_, err := books.Collect(s.Rows())
	const want = `the statement of 2025-10 has a broken list "gastos": gasto number 1: data: "2025-10-99" is not a day`
	if fmt.Sprint(err) != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestA_seal_sees_every_byte_that_is_stored(t *testing.T) {
	s := v4Statement(t, 1)
	seals := map[books.Fingerprint]string{s.Seal(): "the statement"}
	for part := range books.PartCount {
		other := s
		other.Parts[part] = strings.Replace(other.Parts[part], "[", " [", 1)
		moved := s
		moved.Parts[part], moved.Parts[(part+1)%books.PartCount] = "", s.Parts[part]+s.Parts[(part+1)%books.PartCount]
		for name, changed := range map[string]books.Stored{"a blank in " + part.Column(): other, "moved " + part.Column(): moved} {
			if twin, ok := seals[changed.Seal()]; ok {
				t.Errorf("%s is sealed like %s", name, twin)
			}
			seals[changed.Seal()] = name
		}
	}
}

func TestStatements_count_their_rows(t *testing.T) {
	if got, err := v4Statement(t, 1).Count(); err != nil || got != (books.Counts{Payments: 2, Sessions: 1, Commissions: 1, Expenses: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	ours, header := write(t, month(t, "2025-10"), 1, october())
	if got, err := ours.Count(); err != nil || got != header.Counts {
		t.Errorf("%+v, %v", got, err)
	}
	ours.Parts[books.SessionsPart] = "[null]"
	got, err := ours.Count()
	wants(t, err, books.Integrity, "broken_statement")
	if got.Total() != 0 {
		t.Errorf("counted %+v of a broken statement", got)
	}
}

func TestReaders_of_a_statement_may_stop_early(t *testing.T) {
	s, _ := write(t, month(t, "2025-10"), 1, october())
	for stop := range len(october()) {
		n := 0
		for _, err := range s.Rows() {
			if n++; n > stop || err != nil {
				break
			}
		}
		if n != stop+1 {
			t.Errorf("%d rows, want %d", n, stop+1)
		}
	}
}

func FuzzStoredStatement(f *testing.F) {
	ours, _ := write(f, month(f, "2025-10"), 1, october())
	for part := range books.PartCount {
		f.Add(uint8(part), ours.Parts[part])
		for nested := range 4 {
			f.Add(uint8(part), v4Statement(f, nested).Parts[part])
		}
		for _, text := range []string{`[{"id":1}`, "[null]", "{}", "5 x", `{"extrato":{"versao":1,"mes":"2025-10","vinculos":[{}],"clientes":[null]}}`} {
			f.Add(uint8(part), text)
		}
	}
	f.Fuzz(func(t *testing.T, part uint8, stored string) {
		s := ours
		s.Parts[part%uint8(books.PartCount)] = stored
		if _, err := s.Header(); err != nil {
			wants(t, err, books.Integrity, "broken_statement")
		}
		rows, err := books.Collect(s.Rows())
		if err != nil {
			wants(t, err, books.Integrity, "broken_statement")
			return
		}
		if _, _, err := books.FingerprintOf(books.Sequence(rows)); err != nil || strings.Contains(fmt.Sprint(texts(rows)), `"0000-00-00"`) {
			return // an id stands twice, or a day is missing: v4 may have written it, we would not
		}
		again, _ := write(t, s.Month, 1, rows)
		sorted := collect(t, books.Sequence(rows))
		if back := collect(t, again.Rows()); !slices.Equal(texts(back), texts(sorted)) {
			t.Errorf("%q became %q", texts(sorted), texts(back))
		}
	})
}

// A statement may come from an editor, an older version or v4's own hands:
// however its JSON is laid out, it says what encoding/json says it does.
func TestRows_are_read_however_their_JSON_is_laid_out(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blank := func() string { return rapid.SampledFrom([]string{"", " ", "\n\t", "\r\n"}).Draw(t, "blank") }
		value := func(key string) string {
			if key == "id" {
				return rapid.SampledFrom([]string{"7", "42", "2147483647"}).Draw(t, "id")
			}
			return rapid.SampledFrom([]string{
				"null", `""`, `"Pix"`, `"a\"b\\"`, `"\u0041\ud83d\udc89"`, `"\ud800"`, `"Jo\u00e3o, {}[]:"`, `"💉"`, `"\\"`, `"\/"`,
			}).Draw(t, "text")
		}
		var rows, wantIDs, wantNotes []string
		for range rapid.IntRange(0, 4).Draw(t, "rows") {
			keys := rapid.SliceOfN(rapid.SampledFrom([]string{"id", "observacoes", "desconhecido", `\u0069d`, "aninhado"}), 0, 7).Draw(t, "keys")
			var members []string
			for _, key := range keys {
				v := value(strings.ReplaceAll(key, `\u0069`, "i"))
				if key == "aninhado" {
					v = rapid.SampledFrom([]string{`{"id":[1,{"x":"]}"}]}`, "[]", "{}", "[[],{}]", "-1.5e3", "true", "false"}).Draw(t, "nested")
				}
				members = append(members, blank()+`"`+key+`"`+blank()+":"+blank()+v+blank())
			}
			object := "{" + strings.Join(members, ",") + blank() + "}"
			rows = append(rows, blank()+object+blank())
			var want struct {
				ID   int64   `json:"id"`
				Note *string `json:"observacoes"`
			}
			plain := map[string]json.RawMessage{} // the last of a key counts, and letters' case does
			if err := json.Unmarshal([]byte(object), &plain); err != nil {
				t.Fatal(err)
			}
			note := "NULL"
			if plain["id"] != nil {
				if err := json.Unmarshal(plain["id"], &want.ID); err != nil {
					t.Fatal(err)
				}
			}
			if plain["observacoes"] != nil {
				if err := json.Unmarshal(plain["observacoes"], &want.Note); err != nil {
					t.Fatal(err)
				}
			}
			if want.Note != nil {
				note = "text " + *want.Note
			}
			wantIDs, wantNotes = append(wantIDs, fmt.Sprint(want.ID)), append(wantNotes, note)
		}
		list := "[" + strings.Join(rows, ",") + blank() + "]"
		for _, stored := range []string{list, string(books.AppendJSONString(nil, list))} {
			s := books.Stored{Month: books.Month{Year: 2025, Month: 10}}
			s.Parts[books.PaymentsPart] = stored
			var ids, notes []string
			for _, row := range collect(t, s.Rows()) {
				p := row.(*books.Payment)
				ids = append(ids, fmt.Sprint(int64(p.ID)))
				if p.Note.Valid {
					notes = append(notes, "text "+string(p.Note.V))
				} else {
					notes = append(notes, "NULL")
				}
			}
			if !slices.Equal(ids, wantIDs) || !slices.Equal(notes, wantNotes) {
				t.Fatalf("%s\nids %q, want %q\nnotes %q, want %q", stored, ids, wantIDs, notes, wantNotes)
			}
		}
	})
}

func TestKeys_of_a_row_are_written_in_the_order_that_is_asked_for(t *testing.T) {
	p := &books.Payment{ID: 7, Amount: 1230, Method: "Pix", Note: books.TextOf(`a"b`)}
	got := string(books.AppendRowKeys(nil, p, []string{"observacoes", "id", "categoria", "cliente_name"}))
	if want := `{"observacoes":"a\"b","id":7,"categoria":null,"cliente_name":null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

package books_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// anyRow is a row of any kind with any values.
var anyRow = rapid.Custom(func(t *rapid.T) books.Row {
	return drawRow(t, books.Kind(rapid.IntRange(0, int(books.KindCount)-1).Draw(t, "kind")), anyID.Draw(t, "id"))
})

func TestEvery_column_survives_text(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := anyRow.Draw(t, "row")
		back := row.Kind().New()
		from, to := columns(row), columns(back)
		for i, v := range from {
			written := v.AppendText([]byte{})
			if v.Null() {
				written = nil
			}
			if err := to[i].Parse(written); err != nil || !sameValue(v, to[i]) {
				t.Fatalf("%T %q became %q, %v", v, written, to[i].AppendText(nil), err)
			}
		}
		if text(back) != text(row) || !books.Equal(back, row) {
			t.Fatalf("%s became %s", text(row), text(back))
		}
	})
}

func TestEvery_column_is_JSON_that_holds_its_text(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, v := range columns(anyRow.Draw(t, "row")) {
			raw := v.AppendJSON(nil)
			decoder := json.NewDecoder(strings.NewReader(string(raw)))
			decoder.UseNumber()
			var got any
			if err := decoder.Decode(&got); err != nil {
				t.Fatalf("%T is no JSON: %s, %v", v, raw, err)
			}
			if v.Null() != (got == nil) || got != nil && fmt.Sprint(got) != string(v.AppendText(nil)) {
				t.Fatalf("%T holds %q and its JSON is %s", v, v.AppendText(nil), raw)
			}
		}
	})
}

func TestJSON_strings_hold_no_control_characters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := nastyText.Draw(t, "text")
		raw := books.AppendJSONString(nil, s)
		var back string
		if err := json.Unmarshal(raw, &back); err != nil || back != s {
			t.Fatalf("%q became %s, %q, %v", s, raw, back, err)
		}
		if strings.ContainsFunc(string(raw), func(r rune) bool { return r < ' ' }) || !utf8.Valid(raw) {
			t.Fatalf("%q became %q", s, raw)
		}
	})
	if got := string(books.AppendJSONString(nil, "é\"\\\n\r\t\x00\x1f/<💉")); got != `"é\"\\\n\r\t\u0000\u001f/<💉"` {
		t.Error(got)
	}
}

func TestNull_and_the_empty_text_stay_apart(t *testing.T) {
	null, empty := books.Text{}, books.TextOf("")
	if err := null.Parse([]byte{}); err != nil || null.Null() {
		t.Error("the empty text was read as NULL")
	}
	if err := empty.Parse(nil); err != nil || !empty.Null() || empty.SQL() != nil || string(empty.AppendJSON(nil)) != "null" {
		t.Error("NULL was not read as NULL")
	}
	if got := books.TextOf(""); got.SQL() != "" || string(got.AppendJSON(nil)) != `""` {
		t.Error("the empty text was written as NULL")
	}
}

func TestColumns_that_may_not_be_null_refuse_null(t *testing.T) {
	for _, v := range []books.Value{new(books.ID), new(books.Day), new(books.Money), new(books.Percent), new(books.String), new(books.Instant)} {
		if v.Null() || v.Parse(nil) == nil {
			t.Errorf("%T took NULL", v)
		}
	}
}

func TestIDs_are_what_an_integer_column_holds(t *testing.T) {
	var id books.ID
	for _, s := range []string{"", "x", "1.0", "2147483648", "-2147483649", "1e3", " 1", "99999999999999999999"} {
		if err := id.Parse([]byte(s)); err == nil {
			t.Errorf("%q became %d", s, id)
		}
	}
	if err := id.Parse([]byte("2147483647")); err != nil || id.SQL() != int64(2147483647) {
		t.Error(id, err)
	}
}

func TestText_that_is_not_UTF8_is_refused(t *testing.T) {
	s := books.TextOf("as it was")
	for _, bad := range []string{"\xff", "Jo\xe3o", "\xed\xa0\x80", "a\xc3"} {
		if err := s.Parse([]byte(bad)); err == nil {
			t.Errorf("%q became %q", bad, s.V)
		}
	}
}

func TestWhat_was_read_does_not_refer_to_the_buffer(t *testing.T) {
	buffer := []byte("João")
	var s books.Text
	if err := s.Parse(buffer); err != nil {
		t.Fatal(err)
	}
	copy(buffer, "xxxxx")
	if s.V != "João" {
		t.Errorf("the text changed to %q with the buffer", s.V)
	}
}

func TestKinds_are_found_by_name(t *testing.T) {
	for kind := range books.KindCount {
		back, err := books.ParseKind(kind.String())
		row := kind.New()
		if err != nil || back != kind || row.Kind() != kind {
			t.Errorf("%v became %v, %v", kind, back, err)
		}
		if len(row.AppendValues(nil)) != len(kind.Columns()) || len(row.AppendCopies(nil)) != len(kind.Copies()) {
			t.Errorf("%v has not as many values as columns", kind)
		}
	}
	if _, err := books.ParseKind("Pagamento"); err == nil {
		t.Error("a kind that does not exist was found")
	}
}

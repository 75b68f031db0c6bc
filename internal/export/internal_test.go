package export

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func TestBoth_languages_say_everything(t *testing.T) {
	pt, en := said(reflect.ValueOf(catalogues[PT]), "catalogue"), said(reflect.ValueOf(catalogues[EN]), "catalogue")
	if len(pt) != len(en) || len(pt) < 80 {
		t.Errorf("%d texts in Portuguese, %d in English", len(pt), len(en))
	}
	for where, words := range pt {
		if words == "" || en[where] == "" || strings.Count(words, "%s") != strings.Count(en[where], "%s") || strings.Count(words, "%d") != strings.Count(en[where], "%d") {
			t.Errorf("%s is %q in Portuguese and %q in English", where, words, en[where])
		}
	}
}

// said returns every text below v, by where it stands.
func said(v reflect.Value, where string) map[string]string {
	all := map[string]string{}
	add := func(v reflect.Value, where string) {
		for k, words := range said(v, where) {
			all[k] = words
		}
	}
	switch v.Kind() {
	case reflect.String:
		all[where] = v.String()
	case reflect.Struct:
		for i := range v.NumField() {
			add(v.Field(i), where+"."+v.Type().Field(i).Name)
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			add(v.Index(i), fmt.Sprintf("%s[%d]", where, i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			add(v.MapIndex(key), fmt.Sprintf("%s[%s]", where, key))
		}
	default:
		panic(where)
	}
	return all
}

func TestEvery_line_of_a_CSV_has_as_many_cells_as_its_header(t *testing.T) {
	for lang, c := range catalogues {
		if n := len(csvLine{}.fields(Statement{})); n != len(c.csv) {
			t.Errorf("%s: %d cells under %d titles", lang, n, len(c.csv))
		}
	}
}

func TestEvery_month_has_a_name(t *testing.T) {
	for month, want := range map[string]string{"2025-01": "janeiro de 2025", "2025-03": "março de 2025", "2100-12": "dezembro de 2100"} {
		m, err := books.ParseMonth(month)
		if got := catalogues[PT].month(m); err != nil || got != want {
			t.Errorf("%s is %q, want %q", month, got, want)
		}
	}
	if got := catalogues[PT].month(books.Month{}); got != "0000-00" {
		t.Errorf("no month is %q", got)
	}
}

func TestLong_texts_are_folded_and_lose_nothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := Visible(rapid.StringOfN(rapid.SampledFrom([]rune("ab çé李💉\u0301 -")), 0, 80, -1).Draw(t, "text"))
		most := rapid.IntRange(2, 20).Draw(t, "most")
		lines := fold(text, most)
		for _, line := range lines {
			if widths.StringWidth(line) > most {
				t.Fatalf("%q is wider than %d", line, most)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if squeeze(strings.Join(lines, "")) != squeeze(text) {
			t.Fatalf("%q became %q", text, lines)
		}
	})
	if got := fold("李 x", 1); !reflect.DeepEqual(got, []string{"李", "x"}) {
		t.Errorf("%q", got)
	}
	if got := fold("um dois três", 8); !reflect.DeepEqual(got, []string{"um dois", "três"}) {
		t.Errorf("%q", got)
	}
}

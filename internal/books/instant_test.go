package books_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func instant(t rapid.TB, s string) books.Instant {
	t.Helper()
	var v books.Instant
	if err := v.Parse([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestInstants_are_read_in_every_form_that_a_database_writes(t *testing.T) {
	for text, want := range map[string]string{
		"2025-10-28T14:52:58.000000Z":        "2025-10-28T14:52:58.000000Z",
		"2025-10-28 14:52:58":                "2025-10-28T14:52:58.000000Z", // v4 on SQLite: naive is UTC
		"2025-10-28 14:52:58.5":              "2025-10-28T14:52:58.500000Z",
		"2025-10-28 14:52:58.000001":         "2025-10-28T14:52:58.000001Z",
		"2025-10-28 11:52:58.123456-03":      "2025-10-28T14:52:58.123456Z", // PostgreSQL
		"2025-10-28 14:52:58+00":             "2025-10-28T14:52:58.000000Z",
		"2025-10-28 20:22:58+05:30":          "2025-10-28T14:52:58.000000Z",
		"2025-10-28 20:22:58+0530":           "2025-10-28T14:52:58.000000Z",
		"1900-01-01 00:00:00-03:06:28":       "1900-01-01T03:06:28.000000Z", // local mean time
		"2025-12-31 23:00:00-03":             "2026-01-01T02:00:00.000000Z",
		"2024-02-29T00:00:00+14:00":          "2024-02-28T10:00:00.000000Z",
		"1000-01-01 00:00:00":                "1000-01-01T00:00:00.000000Z",
		"9999-12-31 23:59:59.999999":         "9999-12-31T23:59:59.999999Z",
		"10" + "00-01-01 03:00:00.000000+03": "1000-01-01T00:00:00.000000Z",
	} {
		if got := instant(t, text).String(); got != want {
			t.Errorf("%q became %s, want %s", text, got, want)
		}
	}
}

func TestTexts_that_are_no_instant_are_refused(t *testing.T) {
	for _, text := range []string{
		"", "2025-10-28", "2025-10-28 14:52", "2025-10-28x14:52:58", "2025-02-29 00:00:00", "2025-10-28 24:00:00",
		"2025-10-28 14:60:00", "2025-10-28 14:52:60", "2025-10-28 14:52:58.", "2025-10-28 14:52:58.1234567",
		"2025-10-28 14:52:58 ", "2025-10-28 14:52:58+", "2025-10-28 14:52:58+3", "2025-10-28 14:52:58+00:", "2025-10-28 14:52:58+00:00:00:00",
		"2025-10-28 14:52:58+00:60", "2025-10-28 14:52:58z", "infinity", "0044-03-15 00:00:00 BC", "0999-12-31 23:59:59",
		"9999-12-31 23:59:59-03", "1000-01-01 00:00:00+03", // another millennium in UTC
	} {
		v := books.Instant(7)
		if err := v.Parse([]byte(text)); err == nil || v != 7 {
			t.Errorf("%q became %v, %v", text, v, err)
		}
	}
}

func TestInstants_survive_every_form_they_are_written_in(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := books.Instant(anyInstant.Draw(t, "instant"))
		for _, form := range []string{v.String(), v.SQL().(string)} {
			var back books.Instant
			if err := back.Parse([]byte(form)); err != nil || back != v {
				t.Fatalf("%d became %q and %d, %v", v, form, back, err)
			}
		}
		if v.String() != v.Time().Format("2006-01-02T15:04:05.000000Z") || books.InstantOf(v.Time()) != v {
			t.Fatalf("%d is not %v", v, v.Time())
		}
	})
}

func TestInstants_are_cut_to_microseconds(t *testing.T) {
	at := time.Date(2025, 10, 28, 11, 52, 58, 123_456_789, zone(t, "America/Sao_Paulo"))
	if got := books.At(at); !got.Valid || got.V.String() != "2025-10-28T14:52:58.123456Z" {
		t.Error(got.V)
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{
		"2025-10-28T14:52:58.000000Z", "2025-10-28 11:52:58.123456-03", "1900-01-01 00:00:00-03:06:28", "2025-10-28 14:52:58",
		"9999-12-31 23:59:59-03", "1000-01-01 00:00:00+03", "2025-10-28 20:22:58+0530", "2025-10-28 14:52:58+00:",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var v books.Instant
		if v.Parse([]byte(s)) != nil {
			return
		}
		if back := instant(t, v.String()); back != v {
			t.Errorf("%q became %v and %v", s, v, back)
		}
		if std, err := time.Parse(time.RFC3339Nano, s); err == nil && books.InstantOf(std) != v {
			t.Errorf("%q became %v, Go reads %v", s, v, std)
		}
	})
}

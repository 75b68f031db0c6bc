package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/doctor"
)

// Doctor's messages take their values in each language.
func TestDoctors_messages_have_places_for_their_values(t *testing.T) {
	verb := regexp.MustCompile(`%(?:\[(\d)\])?([sd])`)
	for code, said := range doctor.Texts() {
		var values []any
		for _, format := range []string{said.Name, said.Message, said.Fix} {
			next := 0
			for _, m := range verb.FindAllStringSubmatch(format, -1) {
				n := next + 1
				if m[1] != "" {
					n, _ = strconv.Atoi(m[1])
				}
				for next = n; len(values) < n; {
					values = append(values, "x")
				}
				if m[2] == "d" {
					values[n-1] = 7
				}
			}
		}
		for _, lang := range languages {
			v := (&Web{}).visit(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
			v.lang = lang
			for _, name := range []string{"doctor " + code, "doctor " + code + " fix"} {
				if lang.has(name) && strings.Contains(v.saidOf(name, values), "%!") {
					t.Errorf("%s in %s: %s", name, lang.Code, v.saidOf(name, values))
				}
			}
		}
	}
}

// Months and times of doctor's are said as people say them.
func TestDoctors_values_are_said_in_words(t *testing.T) {
	v := (&Web{}).visit(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	months := doctor.Months{}
	for m := (books.Month{Year: 2025, Month: 1}); len(months) < 8; m = m.Add(1) {
		months = append(months, m)
	}
	for want, of := range map[string]struct {
		code  string
		value any
	}{
		"Terminaram e não foram fechados: janeiro de 2025, fevereiro de 2025, março de 2025, abril de 2025, maio de 2025, junho de 2025 e mais 2": {"months_due", months},
		"Vista pela última vez em 04/01/2025.": {"net", books.Day(20250104)},
	} {
		if got := v.saidOf("doctor "+of.code, []any{of.value}); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	at := doctor.Moment(time.Date(2025, 11, 1, 2, 0, 0, 0, time.UTC))
	if got := v.saidOf("doctor last_waits", []any{months[0], at}); got != "Janeiro de 2025 fecha em 01/11/2025 às 02:00." {
		t.Error(got)
	}
}

package notify_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/notify"
)

func TestA_wrong_URL_is_named_without_its_secret(t *testing.T) {
	for _, url := range []string{"telegram://SECRET", "nonsense://SECRET@x", "SECRET", "SECRET:x", "discord://SECRET"} {
		_, err := notify.NewNotifier([]string{"generic://127.0.0.1/x", url})
		e := books.AsError(err)
		if e == nil || e.Kind != books.Invalid || !strings.Contains(e.Error(), "number 2") {
			t.Errorf("%s: %v", url, err)
		}
		if e != nil && strings.Contains(e.Error()+e.Hint, "SECRET") {
			t.Errorf("the error holds the secret: %v", err)
		}
	}
}

func TestA_mail_goes_to_several_addresses(t *testing.T) {
	notifier, err := notify.NewNotifier([]string{"smtp://h:25/?from=a@example.com&to=a@example.com,b@example.com"})
	if err != nil || len(notifier.Places()) != 1 {
		t.Errorf("%v", err)
	}
}

func TestA_message_goes_to_one_place_and_its_error_names_no_URL(t *testing.T) {
	var told string
	answer := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told += string(body)
		w.WriteHeader(answer)
	}))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	notifier, err := notify.NewNotifier([]string{"generic://" + host + "/secret?disabletls=yes", "generic://127.0.0.1:1/x?disabletls=yes", "generic://" + host + "/secret?disabletls=yes"})
	if err != nil {
		t.Fatal(err)
	}
	places := notifier.Places()
	if len(places) != 2 {
		t.Fatalf("places %v: one was given twice", places)
	}
	m := notify.Failed(books.Month{Year: 2025, Month: 10}, books.Conflictf("busy", "others changed the same rows"), []books.Month{{Year: 2025, Month: 11}}, "id-1")
	if err := notifier.Notify(t.Context(), places[0], m); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"2025-10", "2025-11", "busy", "id-1"} {
		if !strings.Contains(told, word) {
			t.Errorf("%q is not in %q", word, told)
		}
	}
	answer = http.StatusInternalServerError
	for _, place := range places {
		if err := notifier.Notify(t.Context(), place, m); err == nil || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", place, err)
		}
	}
	if err := notifier.Notify(t.Context(), "gone-12345678", m); !errors.Is(err, notify.ErrUnknownPlace) {
		t.Errorf("a place that this process does not know: %v", err)
	}
}

func TestA_heartbeat_pings_in_healthchecks_form(t *testing.T) {
	var seen []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path)
		if len(seen) > 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	var log bytes.Buffer
	h := notify.NewHeartbeat(s.URL+"/ping/SECRET/", logtest.New(t, &log))
	h.Start(t.Context())
	h.Success(t.Context())
	h.Fail(t.Context())
	s.Close()
	h.Start(t.Context())
	if want := []string{"/ping/SECRET/start", "/ping/SECRET", "/ping/SECRET/fail"}; !slices.Equal(seen, want) {
		t.Errorf("%v", seen)
	}
	if strings.Contains(log.String(), "SECRET") || strings.Count(log.String(), "level=WARN") != 2 {
		t.Errorf("the log:\n%s", log.String())
	}
	notify.NewHeartbeat("", logtest.Quiet(t)).Start(t.Context())
}

func TestMessages_hold_no_amounts(t *testing.T) {
	c := books.ChainEntry{Action: books.Closed, Month: books.Month{Year: 2025, Month: 10}, Totals: `{"receita_total":4711.00}`, Counts: books.Counts{Payments: 3}}
	for _, m := range []notify.Message{notify.Done(c), notify.Late(c.Month, c.Counts), notify.LateBesideV4(c.Month, c.Counts), notify.Silent(40), notify.SeenAgain(), notify.Recovered(c.Month, time.Now())} {
		if m.Title == "" || m.Text == "" || strings.Contains(m.Text, "4711") {
			t.Errorf("%+v", m)
		}
	}
}

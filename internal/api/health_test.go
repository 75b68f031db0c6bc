package api_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store/storetest"
)

// An empty month that is due and cannot be closed must be seen by whoever
// watches: in the metric, in the list, and by itself.
func TestA_month_that_is_due_is_seen_even_without_a_row(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.server.Closer.CloseFrom = books.Month{Year: 2025, Month: time.October}
		if metrics := s.raw(t, "GET", "/metrics").text; !strings.Contains(metrics, `extrato_months{state="due"} 1`) {
			t.Errorf("the metric says %s", lines(metrics, "extrato_months"))
		}
		list := s.do(t, s.admin, "GET", "/months", "", 200)
		if got := items(list); len(got) != 2 || got[1]["month"] != "2025-10" || got[1]["state"] != "due" {
			t.Errorf("the list says %s", list.text)
		}
		part := s.do(t, s.admin, "GET", "/months?limit=1", "", 200)
		rest := s.do(t, s.admin, "GET", "/months?limit=1&cursor="+fmt.Sprint(part.body["next_cursor"]), "", 200)
		if got := items(rest); len(got) != 1 || got[0]["month"] != "2025-10" || rest.body["next_cursor"] != nil {
			t.Errorf("the second part of the list says %s", rest.text)
		}
		if one := s.do(t, s.admin, "GET", "/months/2025-10", "", 200); one.body["state"] != "due" {
			t.Errorf("the month says %s", one.text)
		}
	})
}

// lines returns the lines of a text that begin with start.
func lines(text, start string) string {
	var found strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, start) {
			found.WriteString(line)
		}
	}
	return found.String()
}

func TestReadyz_names_a_queue_that_stands_still(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		var paused []string
		var err error
		s.server.PausedQueues = func(context.Context) ([]string, error) { return paused, err }
		if a := s.raw(t, "GET", "/readyz"); a.status != 200 || !strings.Contains(a.text, `"queues":"ok"`) {
			t.Errorf("%d %s", a.status, a.text)
		}
		paused = []string{"close"}
		if a := s.raw(t, "GET", "/readyz"); a.status != 503 || !strings.Contains(a.text, `"queues":"paused: close"`) {
			t.Errorf("%d %s", a.status, a.text)
		}
		err = errors.New("no answer")
		if a := s.raw(t, "GET", "/readyz"); a.status != 503 || !strings.Contains(a.text, `"queues":"unknown"`) {
			t.Errorf("%d %s", a.status, a.text)
		}
	})
}

func TestA_server_whose_file_was_moved_acknowledges_no_payment(t *testing.T) {
	clock := func() time.Time { return time.Date(2025, 11, 2, 12, 0, 0, 0, storetest.Zone) }
	s := newV1Studio(t, storetest.SQLite(t, clock), clock)
	payment := fmt.Sprintf(`{"date":"2025-11-02","amount":"10.00","method":"Pix","artist_id":%d}`, s.ana)
	if err := os.Rename(s.Path, s.Path+".moved"); err != nil {
		t.Fatal(err)
	}
	if answer := s.do(t, s.admin, "POST", "/payments", payment, 409); answer.body["code"] != "database_moved" {
		t.Errorf("a payment is answered %s", answer.text)
	}
	if ready := s.raw(t, "GET", "/readyz"); ready.status != 503 || !strings.Contains(ready.text, `"database":"moved"`) {
		t.Errorf("readyz says %d %s", ready.status, ready.text)
	}
	if err := os.Rename(s.Path+".moved", s.Path); err != nil {
		t.Fatal(err)
	}
	if ready := s.raw(t, "GET", "/readyz"); ready.status != 200 {
		t.Errorf("with the file back, readyz says %d %s", ready.status, ready.text)
	}
}

package api_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/bucket"
	"extrato/internal/places"
)

func TestMonths_backups_and_metrics_say_where_the_copies_are(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		c := s.server.Closer
		folder := filepath.Join(t.TempDir(), "backups")
		c.Backups.Bucket = bucket.NewFolder(folder, nil)
		s.fillOctober(t)
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		shown := func() string {
			t.Helper()
			var all []string
			for _, of := range []map[string]any{
				items(s.do(t, s.admin, "GET", "/months/2025-10/backups", "", 200))[0],
				s.do(t, s.admin, "GET", "/months/2025-10", "", 200).body,
				s.do(t, s.admin, "POST", "/months/2025-10/verify", "", 200).body["backups"].([]any)[0].(map[string]any),
			} {
				state := ""
				for _, p := range of["places"].([]any) {
					state += p.(map[string]any)["state"].(string)
				}
				all = append(all, state)
			}
			return strings.Join(all, " ")
		}
		if got := shown(); got != "  " {
			t.Errorf("without other places: %q", got)
		}
		place := bucket.NewFolderPlace(t.TempDir(), nil)
		c.Places = &places.Places{Local: c.Backups.Bucket, All: []bucket.Place{place}, Store: c.Store, Now: c.Now, Log: c.Log, SpoolDir: t.TempDir()}
		if got := shown(); got != "pending pending pending" {
			t.Errorf("before they are copied: %q", got)
		}
		if _, err := c.Places.Run(t.Context(), place, places.Options{}); err != nil {
			t.Fatal(err)
		}
		if got := shown(); got != "ok ok ok" {
			t.Errorf("when they are copied: %q", got)
		}
		s.clock = s.clock.Add(time.Hour)
		metrics := s.raw(t, "GET", "/metrics").text
		for _, want := range []string{
			`extrato_copies{place="` + place.String() + `",state="ok"} 2`, `extrato_copies{place="` + place.String() + `",state="missing"} 0`,
			`extrato_copy_waits_seconds{place="` + place.String() + `"} 0`,
		} {
			if !strings.Contains(metrics, want) {
				t.Errorf("the metrics lack %s", want)
			}
		}
	})
}

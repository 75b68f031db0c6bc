package pgtest

import (
	"os"
	"testing"
	"time"
)

func TestLaunch(t *testing.T) {
	needPostgreSQL(t)
	c, err := Launch()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("keeps_all_of_PostgreSQLs_defaults", func(t *testing.T) {
		for name, want := range map[string]string{
			"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "128MB", "max_connections": "100",
		} {
			if got := query[string](t, c.URL(), "SHOW "+name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
	t.Run("counts_the_processor_time_of_connections_that_ended", func(t *testing.T) {
		before, err := c.CPU()
		if err != nil {
			t.Skip(err)
		}
		conn := connect(t, c.URL())
		if _, err := conn.Exec(t.Context(), "SELECT count(*) FROM generate_series(1, 2000000)"); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			after, err := c.CPU()
			if err != nil {
				t.Fatal(err)
			}
			if after > before+5 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d ticks before, %d after", before, after)
			}
		}
	})
	t.Run("is_gone_after_Remove", func(t *testing.T) {
		if err := c.Remove(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
			t.Errorf("the folder is still there: %v", err)
		}
	})
}

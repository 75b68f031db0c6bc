package export_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"extrato/internal/export"
)

func TestTurn_lets_only_so_many_files_be_made_at_once(t *testing.T) {
	var ends []func()
	for range 2 {
		end, err := export.Turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	waiting, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := export.Turn(waiting)
		left <- err
	}()
	got := make(chan func())
	go func() {
		end, err := export.Turn(t.Context())
		if err != nil {
			t.Error(err)
		}
		got <- end
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("a visitor who left got %v", err)
	}
	select {
	case <-got:
		t.Error("a third file is made at the same time")
	case <-time.After(50 * time.Millisecond):
	}
	ends[0]()
	(<-got)()
	ends[1]()
}

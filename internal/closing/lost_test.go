package closing_test

import (
	"path/filepath"
	"testing"
	"time"

	"extrato/internal/closing"
	"extrato/internal/store/storetest"
)

func TestClose_whose_commit_is_not_answered_happens_once(t *testing.T) {
	t.Parallel()
	clock := noon(2025, time.November, 2)
	now := func() time.Time { return clock }
	for _, heard := range []bool{true, false} {
		s := &studio{DB: storetest.Postgres(t, now), Folder: filepath.Join(t.TempDir(), "backups"), Clock: clock}
		line := storetest.NewLine(t, s.URL)
		far := storetest.OpenPostgres(t, line.URL, now)
		s.Closer = newCloser(t, far.Store, s.Folder, now)
		s.fullOctober(t)
		live := s.dump(t, v4Tables...)
		loses := func(at string) func(string) {
			return func(step string) {
				if step == at {
					s.Step = nil
					line.Lose(storetest.Loss{Heard: heard})
				}
			}
		}

		s.Step = loses("run recorded")
		r, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if err != nil || r.Outcome != closing.Closed || r.Counts != fullCounts || r.Chain.Seq != 1 {
			t.Errorf("a close, the commit heard %v: %+v, %v", heard, r, err)
		}
		s.wantWhole(t)

		s.Step = loses("run recorded")
		if r, err = s.Reopen(t.Context(), october, "erro", "test"); err != nil || r.Chain.Seq != 2 {
			t.Errorf("a reopening, the commit heard %v: %+v, %v", heard, r, err)
		}
		wantSame(t, "reopening gave back something else", live, s.dump(t, v4Tables...))
	}
}

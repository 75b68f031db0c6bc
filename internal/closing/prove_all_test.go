package closing_test

import (
	"testing"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// proved is what ProveAll hands out.
type proved struct {
	log       proof.Log
	entries   []books.ChainEntry
	documents map[int64]proof.Document
}

func (s *studio) proveAll(t testing.TB) (proved, error) {
	t.Helper()
	var p proved
	err := s.ProveAll(t.Context(), func(l proof.Log, entries []books.ChainEntry) error {
		p = proved{l, entries, map[int64]proof.Document{}}
		return nil
	}, func(e books.ChainEntry, d proof.Document) error {
		p.documents[e.Seq] = d
		return nil
	})
	return p, err
}

func TestEvery_statement_and_earlier_revision_is_proved_to_outsiders(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "100.00")
		s.close(t, october, false)
		s.payment(t, 2, "2025-10-04", "50.00") // late
		s.close(t, october, true)
		s.reopen(t, october)
		s.close(t, october, false)
		s.close(t, october.Add(-1), false)
		p, err := s.proveAll(t)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.entries) != 5 || len(p.documents) != 4 || p.documents[3].Format != "" {
			t.Fatalf("%d entries, %d documents", len(p.entries), len(p.documents))
		}
		for seq, d := range p.documents {
			v, err := d.Verify(p.log.Keys...)
			if err != nil || v.Own || v.Entries[0].Hash != p.entries[seq-1].Hash || v.Checkpoint.Size != 5 {
				t.Errorf("entry %d: %+v, %v", seq, v.Checkpoint.Head, err)
			}
			if difference, _ := v.Entries[0].Compare(v.Statement); difference != "" {
				t.Errorf("entry %d: %s", seq, difference)
			}
		}
	})
}

func TestNothing_changed_is_proved_to_outsiders(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "100.00")
		s.close(t, october, false)
		s.payment(t, 2, "2025-10-04", "50.00")
		s.close(t, october, true)
		for name, change := range map[string]string{
			"a statement":   "UPDATE extratos SET pagamentos = gastos WHERE mes = 10",
			"a revision":    "UPDATE R SET pagamentos = gastos WHERE revision = 1",
			"no revision":   "DELETE FROM R WHERE revision = 1",
			"no statement":  "DELETE FROM extratos WHERE mes = 10",
			"an entry":      "UPDATE C SET revision = 7 WHERE seq = 1",
			"an entry less": "DELETE FROM C WHERE seq = 1",
			"a reason":      "UPDATE D SET reason = 'another' WHERE seq = 1",
		} {
			t.Run(name, func(t *testing.T) {
				defer s.keep(t, "extratos", "closings", "closing_details", "revisions")()
				s.change(t, change)
				if _, err := s.proveAll(t); books.AsError(err) == nil || books.AsError(err).Kind != books.Integrity {
					t.Errorf("got %v", err)
				}
			})
		}
		if _, err := s.proveAll(t); err != nil {
			t.Errorf("put back: %v", err)
		}
	})
}

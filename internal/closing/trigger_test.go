package closing_test

import (
	"fmt"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// meddling is a trigger that drops or changes what is written to one row.
type meddling struct {
	event, table string
	id           int
	column       string // the one that is changed; "": the row is dropped
}

func (s *studio) meddle(t *testing.T, m meddling) (stop func()) {
	t.Helper()
	if !s.Store().Postgres() {
		when, do := "BEFORE", "SELECT RAISE(IGNORE)"
		if m.column != "" {
			when, do = "AFTER", fmt.Sprintf("UPDATE %s SET %s = '2025-11-02 10:00:00.000000' WHERE id = %d", m.table, m.column, m.id)
		}
		s.Exec(t, fmt.Sprintf("CREATE TRIGGER meddle %s %s ON %s WHEN new.id = %d BEGIN %s; END", when, m.event, m.table, m.id, do))
		return func() { s.Exec(t, "DROP TRIGGER meddle") }
	}
	do := "RETURN NULL;"
	if m.column != "" {
		do = "NEW." + m.column + " := now();"
	}
	s.Exec(t, fmt.Sprintf("CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = %d THEN %s END IF; RETURN NEW; END'", m.id, do))
	s.Exec(t, fmt.Sprintf("CREATE TRIGGER meddle BEFORE %s ON %s FOR EACH ROW EXECUTE FUNCTION meddle()", m.event, m.table))
	return func() { s.Exec(t, "DROP TRIGGER meddle ON "+m.table) }
}

// meddlings spoil what comes back of fullOctober, and name the row.
var meddlings = map[meddling]string{
	{"INSERT", "pagamentos", 4, ""}:           "pagamento 4",
	{"INSERT", "sessoes", 2, ""}:              "sessao 2",
	{"INSERT", "comissoes", 3, ""}:            "comissao 3",
	{"INSERT", "gastos", 2, ""}:               "gasto 2",
	{"INSERT", "pagamentos", 1, "updated_at"}: "pagamento 1",
	{"INSERT", "gastos", 1, "updated_at"}:     "gasto 1",
	{"UPDATE", "sessoes", 1, "updated_at"}:    "sessao 1", // its link is set last
	{"UPDATE", "sessoes", 1, ""}:              "sessao 1",
	{"UPDATE", "sessoes", 3, "updated_at"}:    "sessao 3", // which stayed live without its link
	{"UPDATE", "sessoes", 3, ""}:              "sessao 3",
}

func TestReopen_refuses_where_the_database_drops_or_changes_what_is_put_back(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before := s.dump(t, v4Tables...)
		s.close(t, october, false)
		for m, row := range meddlings {
			stop := s.meddle(t, m)
			if e := s.refusesReopen(t, october, books.Integrity, "row_altered"); !strings.HasPrefix(e.Message, row+" ") || !strings.Contains(e.Hint, m.table) {
				t.Errorf("%+v: %s (%s)", m, e.Message, e.Hint)
			}
			stop()
		}
		s.reopen(t, october)
		wantSame(t, "reopening gave back something else", before, s.dump(t, v4Tables...))
	})
}

func TestRestore_refuses_where_the_database_drops_or_changes_what_is_put_back(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		before := s.dump(t, v4Tables...)
		lose := func() {
			err := s.Store().Write(t.Context(), func(tx *store.Tx) error {
				_, err := storetest.Remove(t.Context(), tx, october)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		lose()
		refuses := func(m meddling, row string) {
			t.Helper()
			stop := s.meddle(t, m)
			if e := s.refusesRestore(t, october, "", books.Integrity, "row_altered"); !strings.HasPrefix(e.Message, row+" ") {
				t.Errorf("%+v: %s", m, e.Message)
			}
			stop()
		}
		for m, row := range meddlings {
			refuses(m, row)
		}
		s.restore(t, october)
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL WHERE id = 3")
		refuses(meddling{"UPDATE", "pagamentos", 3, "updated_at"}, "pagamento 3")
		refuses(meddling{"UPDATE", "pagamentos", 3, ""}, "pagamento 3")
		s.restore(t, october)
		wantSame(t, "restoring gave back something else", before, s.dump(t, v4Tables...))
	})
}

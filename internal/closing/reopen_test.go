package closing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

func TestReopen_refuses_without_a_reason(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		for _, reason := range []string{"", " \t\n"} {
			s.refused(t, books.Invalid, "no_reason", func() error {
				_, err := s.Reopen(t.Context(), october, reason, "test")
				return err
			})
		}
	})
}

func TestReopen_refuses_a_month_that_is_not_closed_and_one_that_was_reopened(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.refusesReopen(t, october, books.NotFound, "not_closed")
		s.refusesReopen(t, november, books.NotFound, "not_closed")
		s.close(t, october, false)
		s.reopen(t, october)
		s.refusesReopen(t, october, books.Refused, "month_held")
	})
}

func TestReopen_refuses_a_statement_of_v4s(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.v4Statement(t, october)
		s.adopt(t)
		s.refusesReopen(t, october, books.Refused, "statement_of_v4")
	})
}

func TestReopen_names_the_month_to_reopen_first_and_works_after_that(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before := s.dump(t, v4Tables...)
		s.Clock = noon(2025, time.December, 2)
		s.close(t, october, false)
		s.close(t, november, false) // session 3 leaves with its balance
		e := s.refusesReopen(t, october, books.Refused, "linked_elsewhere")
		if !strings.Contains(e.Hint, "reopen 2025-11 first") {
			t.Errorf("the hint is %q", e.Hint)
		}
		s.reopen(t, november)
		s.reopen(t, october)
		wantSame(t, "reopening both gave back something else", before, s.dump(t, v4Tables...))
		s.wantWhole(t)
	})
}

func TestReopen_gives_a_payment_back_without_its_link_where_the_session_was_deleted_since(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL WHERE id = 6")
		s.Exec(t, "DELETE FROM sessoes WHERE id = 3")
		r := s.reopen(t, october)
		want := []string{
			"pagamento 3 comes back without its link to sessao 3, which was deleted after the close",
			"sessao 3 is gone or has a newer link, so pagamento 3 did not get its link back",
		}
		if notes := s.closedWith(t, october).Notes; !slices.Equal(r.Notes, want) || !slices.Equal(notes, want) {
			t.Errorf("answer and chain say %q and %q, want %q", r.Notes, notes, want)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos WHERE id = 3 AND sessao_id IS NULL AND valor = 100"); n != 1 {
			t.Error("payment 3 did not come back, or with a link to nothing")
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func TestReopen_refuses_where_a_live_row_has_the_id(t *testing.T) {
	taken := map[books.Kind]string{
		books.PaymentKind: "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES (1, '2025-11-01', 1, 'Pix', 1, '" + made + "')",
		books.SessionKind: "INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES (2, '2025-11-01', 1, 1, 1, 'active', '" + made + "')",
		books.CommissionKind: `INSERT INTO comissoes (id, artista_id, percentual, valor, created_at)
			VALUES (3, 1, 1, 1, '2025-11-02 12:00:00.000000')`,
		books.ExpenseKind: "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (1, '2025-11-01', 1, 'Pix', 1, '" + made + "')",
	}
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before := s.dump(t, v4Tables...)
		s.close(t, october, false)
		for kind, insert := range taken {
			s.Exec(t, insert)
			e := s.refusesReopen(t, october, books.Refused, "id_taken")
			if !strings.Contains(e.Message, kind.String()) {
				t.Errorf("the refusal does not name the %s: %s", kind, e.Message)
			}
			s.Exec(t, fmt.Sprintf("DELETE FROM %s WHERE id IN (1, 2, 3) AND valor = 1 AND id = %d", kind.Table(),
				map[books.Kind]int{books.PaymentKind: 1, books.SessionKind: 2, books.CommissionKind: 3, books.ExpenseKind: 1}[kind]))
		}
		s.reopen(t, october)
		wantSame(t, "reopening gave back something else", before, s.dump(t, v4Tables...))
	})
}

func TestReopen_refuses_where_a_live_row_has_the_calendar_event(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "UPDATE pagamentos SET google_event_id = 'evento-2' WHERE id = 2")
		s.close(t, october, false)
		s.Exec(t, "UPDATE sessoes SET google_event_id = 'evento-1' WHERE id = 4")
		if e := s.refusesReopen(t, october, books.Refused, "event_taken"); !strings.Contains(e.Hint, "evento-1") {
			t.Errorf("the hint is %q", e.Hint)
		}
		s.Exec(t, "UPDATE sessoes SET google_event_id = 'evento-2' WHERE id = 4") // a payment's: another table's key
		s.Exec(t, "UPDATE pagamentos SET google_event_id = 'evento-2' WHERE id = 5")
		s.refusesReopen(t, october, books.Refused, "event_taken")
		s.Exec(t, "UPDATE pagamentos SET google_event_id = NULL WHERE id = 5")
		s.reopen(t, october)
	})
}

func TestReopen_refuses_a_statement_that_was_changed_in_the_table(t *testing.T) {
	for name, change := range map[string][2]string{
		"amount": {`\"valor\":450.00`, `\"valor\":450.01`}, "id": {`\"id\":4,`, `\"id\":44,`},
		"row": {`[{\"id\":1,`, `[{\"id\":0,\"data\":\"2025-10-01\",\"artista_id\":1},{\"id\":1,`},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				s.fullOctober(t)
				s.close(t, october, false)
				s.tamper(t, "extratos", "pagamentos", change[0], change[1])
				s.refusesReopen(t, october, books.Integrity, "statement_changed")
			})
		})
	}
}

func TestReopen_refuses_a_statement_that_is_no_longer_json(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.tamper(t, "extratos", "gastos", `}]`, `}`)
		s.refusesReopen(t, october, books.Integrity, "statement_changed")
	})
}

// tamper replaces text in a JSON column of a table, and fails the test if there is nothing to replace.
func (s *studio) tamper(t testing.TB, table, column, from, to string) {
	t.Helper()
	text := s.texts(t, "SELECT CAST("+column+" AS TEXT) FROM "+s.qualified(table))[0]
	changed := strings.Replace(text, from, to, 1)
	if changed == text {
		t.Fatalf("%s.%s holds no %s: %.300s", table, column, from, text)
	}
	defer s.Unguard(t)()
	s.Exec(t, "UPDATE "+s.qualified(table)+" SET "+column+" = $1", changed)
}

// qualified is a table's name as a connection of v4's needs it.
func (s *studio) qualified(table string) string {
	if slices.Contains(v4Tables, table) {
		return table
	}
	return s.own(table)
}

func TestReopen_holds_the_month_until_a_person_closes_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = october
		s.close(t, october, false)
		s.reopen(t, october)
		if info := s.month(t, october); info.State != closing.Held || info.Counts.Payments != 4 || info.Revision != 1 {
			t.Errorf("the reopened month is %+v", info)
		}
		row, err := s.CloseDue(t.Context(), "schedule")
		if err != nil || len(row.Closed) != 0 || row.Err != nil {
			t.Errorf("the schedule did %+v, %v", row, err)
		}
		if r := s.close(t, october, true); r.Outcome != closing.Closed || r.Revision != 2 {
			t.Errorf("closing with force gives %s, revision %d", r.Outcome, r.Revision)
		}
		s.reopen(t, october)
		if r := s.close(t, october, false); r.Outcome != closing.Closed || r.Revision != 3 {
			t.Errorf("closing gives %s, revision %d", r.Outcome, r.Revision)
		}
		if info := s.month(t, october); info.State != closing.IsClosed {
			t.Errorf("the month is %s", info.State)
		}
		s.wantWhole(t)
	})
}

func TestReopen_brings_back_a_deleted_artist_inactive_and_a_deleted_client(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.peopleOfOctoberOnly(t)
		s.close(t, october, false)
		s.Exec(t, "DELETE FROM users WHERE id = 2")
		s.Exec(t, "DELETE FROM clients WHERE id = 2")
		s.reopen(t, october)
		if n := s.Int(t, `SELECT count(*) FROM users WHERE id = 2 AND name = 'Caio' AND email = 'caio@studio.test' AND role = 'artist'
			AND NOT active_flag AND password_hash IS NULL AND google_id IS NULL`); n != 1 {
			t.Error("the artist did not come back inactive and without password")
		}
		if n := s.Int(t, "SELECT count(*) FROM clients WHERE id = 2 AND name = 'Davi' AND jotform_submission_id = 'form-2'"); n != 1 {
			t.Error("the client did not come back")
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

// peopleOfOctoberOnly adds artist 2 and client 2, and a payment of theirs.
func (s *studio) peopleOfOctoberOnly(t testing.TB) {
	t.Helper()
	s.fullOctober(t)
	s.Exec(t, `INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled, password_hash, google_id)
		VALUES (2, 'Caio', 'caio@studio.test', 'artist', TRUE, FALSE, 'secret', 'g2')`)
	s.Exec(t, "INSERT INTO clients (id, name, jotform_submission_id) VALUES (2, 'Davi', 'form-2')")
	s.Exec(t, "UPDATE pagamentos SET artista_id = 2, cliente_id = 2 WHERE id = 4")
}

func TestReopen_gives_back_no_email_or_form_that_somebody_else_has_by_now(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.peopleOfOctoberOnly(t)
		s.close(t, october, false)
		s.Exec(t, "DELETE FROM users WHERE id = 2")
		s.Exec(t, "DELETE FROM clients WHERE id = 2")
		s.Exec(t, "UPDATE users SET email = 'caio@studio.test' WHERE id = 1")
		s.Exec(t, "UPDATE clients SET jotform_submission_id = 'form-2' WHERE id = 1")
		s.reopen(t, october)
		if n := s.Int(t, "SELECT count(*) FROM users WHERE id = 2 AND email IS NULL") + s.Int(t, "SELECT count(*) FROM clients WHERE id = 2 AND jotform_submission_id IS NULL"); n != 2 {
			t.Error("artist and client did not come back, or with what is another's")
		}
	})
}

func TestReopen_leaves_clients_and_artists_that_are_there_as_they_are_now(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.Exec(t, "UPDATE clients SET name = 'Beatriz'")
		s.Exec(t, "UPDATE users SET name = 'Ana Maria', password_hash = 'new'")
		people := s.dump(t, "users", "clients")
		s.reopen(t, october)
		wantSame(t, "reopening changed people", people, s.dump(t, "users", "clients"))
	})
}

func TestReopen_leaves_a_newer_link_and_notes_it_in_answer_and_chain(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.Exec(t, "UPDATE sessoes SET payment_id = 6 WHERE id = 3")
		r := s.reopen(t, october)
		if n := s.Int(t, "SELECT payment_id FROM sessoes WHERE id = 3"); n != 6 {
			t.Errorf("session 3 now points at payment %d", n)
		}
		notes := s.closedWith(t, october).Notes
		if len(r.Notes) != 1 || !slices.Equal(r.Notes, notes) || !strings.Contains(notes[0], "sessao 3") {
			t.Errorf("answer and chain say %q and %q", r.Notes, notes)
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func TestReopen_notes_a_session_that_is_gone_where_only_its_own_link_named_the_payment(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL WHERE id = 3")
		s.close(t, october, false)
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL WHERE id = 6")
		s.Exec(t, "DELETE FROM sessoes WHERE id = 3")
		if r := s.reopen(t, october); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "sessao 3") {
			t.Errorf("the answer says %q", r.Notes)
		}
	})
}

func TestReopen_refuses_a_link_whose_session_rests_in_another_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL WHERE id = 3") // the session's own link is all there is
		before := s.dump(t, v4Tables...)
		s.Clock = noon(2025, time.December, 2)
		s.close(t, october, false)
		s.close(t, november, false)
		e := s.refusesReopen(t, october, books.Refused, "linked_elsewhere")
		if !strings.Contains(e.Hint, "reopen 2025-11 first") {
			t.Errorf("the hint is %q", e.Hint)
		}
		s.reopen(t, november)
		s.reopen(t, october)
		wantSame(t, "reopening both gave back something else", before, s.dump(t, v4Tables...))
	})
}

func TestReopen_happens_whole_or_not_at_all(t *testing.T) {
	type killed struct{}
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		before := s.dump(t)
		for _, at := range []string{"reopen begun", "rows put back"} {
			s.Step = func(step string) {
				if step == at {
					panic(killed{})
				}
			}
			func() {
				defer func() {
					if _, ok := recover().(killed); !ok {
						t.Errorf("no kill at %q", at)
					}
				}()
				_, _ = s.Reopen(t.Context(), october, "teste", "test")
			}()
			s.Step = nil
			wantSame(t, "half a reopening at "+at, before, s.dump(t))
		}
		s.reopen(t, october)
	})
}

func TestReopen_is_announced_and_warns_where_v4_works_beside_us(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		var announced []books.Action
		s.Announce = func(_ context.Context, _ *store.Tx, c books.ChainEntry) error {
			announced = append(announced, c.Action)
			return nil
		}
		if r := s.reopen(t, october); len(r.Notes) != 0 {
			t.Errorf("notes %v without v4", r.Notes)
		}
		s.close(t, october, false)
		err := s.Store().Write(t.Context(), func(tx *store.Tx) error {
			return tx.SetSetting(t.Context(), store.TakenOver, "2025-09-01T00:00:00.000000Z")
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := s.reopen(t, october); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "ENABLE_MONTHLY_EXTRATO_JOB") {
			t.Errorf("notes %v beside v4", r.Notes)
		}
		if want := []books.Action{books.Reopened, books.Closed, books.Reopened}; !slices.Equal(announced, want) {
			t.Errorf("announced %v, want %v", announced, want)
		}
		s.wantWhole(t)
	})
}

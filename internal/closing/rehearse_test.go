package closing_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// obstacle is something of a database that keeps rows from coming back.
type obstacle struct {
	name, only string   // the database; "": both
	do         []string // %s is the table
	says       string   // in the refusal; "": the month closes, and reopens exactly
	undo       []string
}

// tablesThatLeave are those whose rows a close takes.
var tablesThatLeave = []string{"pagamentos", "sessoes", "comissoes", "gastos"}

// obstacles stand in the way of each of these tables.
var obstacles = []obstacle{
	{
		"an_id_that_is_GENERATED_ALWAYS", "postgres",
		[]string{"ALTER TABLE %[1]s ALTER COLUMN id DROP DEFAULT", "ALTER TABLE %[1]s ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START WITH 1000)"},
		"", []string{"ALTER TABLE %[1]s ALTER COLUMN id DROP IDENTITY"},
	},
	{
		"a_trigger_that_refuses", "sqlite",
		[]string{"CREATE TRIGGER stop BEFORE INSERT ON %[1]s BEGIN SELECT RAISE(ABORT, 'no more'); END"},
		"no more", []string{"DROP TRIGGER stop"},
	},
	{
		"a_trigger_that_drops", "sqlite",
		[]string{"CREATE TRIGGER stop BEFORE INSERT ON %[1]s BEGIN SELECT RAISE(IGNORE); END"},
		"dropped it", []string{"DROP TRIGGER stop"},
	},
	{
		"a_trigger_that_changes", "sqlite",
		[]string{"CREATE TRIGGER stop AFTER INSERT ON %[1]s BEGIN UPDATE %[1]s SET created_at = '2025-01-01 00:00:00.000000' WHERE id = new.id; END"},
		"changed it", []string{"DROP TRIGGER stop"},
	},
	{
		"a_trigger_that_refuses", "postgres",
		[]string{
			"CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no more''; END'",
			"CREATE TRIGGER stop BEFORE INSERT ON %[1]s FOR EACH ROW EXECUTE FUNCTION stop()",
		},
		"no more", []string{"DROP TRIGGER stop ON %[1]s"},
	},
	{
		"a_trigger_that_waits_for_the_commit", "postgres",
		[]string{
			"CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no more''; END'",
			"CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON %[1]s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stop()",
		},
		"no more", []string{"DROP TRIGGER stop ON %[1]s"},
	},
	{
		"a_trigger_that_changes", "postgres",
		[]string{
			"CREATE OR REPLACE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.created_at := now(); RETURN NEW; END'",
			"CREATE TRIGGER stop BEFORE INSERT ON %[1]s FOR EACH ROW EXECUTE FUNCTION stop()",
		},
		"changed it", []string{"DROP TRIGGER stop ON %[1]s"},
	},
	{
		"a_CHECK_that_is_not_valid", "postgres", []string{"ALTER TABLE %[1]s ADD CONSTRAINT stop CHECK (id <> 1) NOT VALID"},
		"breaks the CHECK stop of", []string{"ALTER TABLE %[1]s DROP CONSTRAINT stop"},
	},
	{
		"a_CHECK_that_is_not_valid_and_kept", "postgres", []string{"ALTER TABLE %[1]s ADD CONSTRAINT stop CHECK (id > 0) NOT VALID"},
		"", []string{"ALTER TABLE %[1]s DROP CONSTRAINT stop"},
	},
	{
		"a_unique_index_of_the_owners", "", []string{"CREATE UNIQUE INDEX stop ON %[1]s (id, created_at)"},
		"", []string{"DROP INDEX stop"},
	},
	{
		"a_policy", "postgres", []string{"ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY"}, // the owner is not held to it
		"", []string{"ALTER TABLE %[1]s DISABLE ROW LEVEL SECURITY"},
	},
}

func TestClose_refuses_what_no_reopening_could_put_back(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		database := "sqlite"
		if s.Store().Postgres() {
			database = "postgres"
		}
		for _, table := range tablesThatLeave {
			for _, o := range obstacles {
				if o.only != "" && o.only != database {
					continue
				}
				t.Run(table+"/"+o.name, func(t *testing.T) {
					before := s.dump(t, v4Tables...)
					for _, query := range o.do {
						s.Exec(t, fill(query, table))
					}
					if o.says == "" {
						s.close(t, october, false)
						s.reopen(t, october)
						wantSame(t, "a reopening gave back something else", before, s.dump(t, v4Tables...))
					} else {
						e := s.refusesClose(t, october, false, books.Refused, "cannot_come_back")
						if !strings.Contains(e.Error(), o.says) || !strings.HasPrefix(e.Hint, "nothing was changed") {
							t.Errorf("the refusal is %s (%s), want %q in it", e, e.Hint, o.says)
						}
						if _, err := s.Rehearse(t.Context(), october, false); err == nil || err.Error() != e.Error() {
							t.Errorf("the rehearsal says %v, the close %s", err, e)
						}
						wantSame(t, "the rehearsal changed something", before, s.dump(t, v4Tables...))
					}
					for _, query := range o.undo {
						s.Exec(t, fill(query, table))
					}
				})
			}
		}
		s.close(t, october, false)
	})
}

func TestPreviewDue_tries_the_way_back(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = october
		if s.Store().Postgres() {
			s.Exec(t, "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no more''; END'")
			s.Exec(t, "CREATE TRIGGER stop BEFORE INSERT ON pagamentos FOR EACH ROW EXECUTE FUNCTION stop()")
		} else {
			s.Exec(t, "CREATE TRIGGER stop BEFORE INSERT ON pagamentos BEGIN SELECT RAISE(ABORT, 'no more'); END")
		}
		before := s.dump(t)
		due, err := s.PreviewDue(t.Context())
		if e := books.AsError(due.Err); err != nil || e == nil || e.Code != "cannot_come_back" || due.Failed != october {
			t.Errorf("%+v, %v", due, err)
		}
		wantSame(t, "the rehearsal changed something", before, s.dump(t))
	})
}

func fill(query, table string) string {
	if strings.Contains(query, "%") {
		return fmt.Sprintf(query, table)
	}
	return query
}

func TestClose_refuses_a_generated_column_that_it_would_have_to_write(t *testing.T) {
	s := postgresStudio(t)
	s.fullOctober(t)
	s.Exec(t, "ALTER TABLE gastos DROP COLUMN descricao")
	s.Exec(t, "ALTER TABLE gastos ADD COLUMN descricao TEXT GENERATED ALWAYS AS (forma_pagamento || '!') STORED")
	s.refusesClose(t, october, false, books.Refused, "cannot_come_back")
}

// asWriter has the closer connect as a role that owns nothing and may everything.
func (s *studio) asWriter(t *testing.T) (role string) {
	t.Helper()
	role = fmt.Sprintf("writer_%d", time.Now().UnixNano())
	for _, query := range []string{
		"CREATE ROLE " + role + " LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public, extrato TO " + role,
		"GRANT ALL ON ALL SEQUENCES IN SCHEMA public, extrato TO " + role, "GRANT ALL ON SCHEMA public, extrato TO " + role,
	} {
		s.Exec(t, query)
	}
	t.Cleanup(func() { // the cluster's, so it would outlive the database
		for _, query := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			if _, err := s.SQL.ExecContext(context.Background(), query); err != nil {
				t.Error(err)
			}
		}
	})
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	as, err := store.Open(t.Context(), store.Options{URL: u.String(), Zone: storetest.Zone, Now: s.Now}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(as.Close)
	s.Closer = newCloser(t, as, s.Folder, s.Now)
	return role
}

func TestClose_refuses_where_the_user_may_not_insert(t *testing.T) {
	s := postgresStudio(t)
	s.fullOctober(t)
	role := s.asWriter(t)
	for _, table := range tablesThatLeave {
		s.Exec(t, "REVOKE INSERT ON "+table+" FROM "+role)
		if e := s.refusesClose(t, october, false, books.Refused, "cannot_come_back"); !strings.Contains(e.Error(), "permission denied for table "+table) {
			t.Errorf("%s: %s", table, e)
		}
		s.Exec(t, "GRANT INSERT ON "+table+" TO "+role)
	}
	s.close(t, october, false)
	s.reopen(t, october)
}

// A program with foreign keys off, such as SQLite's own shell, leaves rows that
// name people who are gone.
func TestClose_refuses_rows_that_name_people_who_do_not_exist(t *testing.T) {
	for name, query := range map[string]string{
		"a_payments_client":     "UPDATE pagamentos SET cliente_id = 77 WHERE id = 1",
		"a_payments_artist":     "UPDATE pagamentos SET artista_id = 77 WHERE id = 1",
		"a_sessions_client":     "UPDATE sessoes SET cliente_id = 77 WHERE id = 1",
		"a_sessions_artist":     "UPDATE sessoes SET artista_id = 77 WHERE id = 1",
		"a_commissions_artist":  "UPDATE comissoes SET artista_id = 77 WHERE id = 1",
		"who_wrote_an_expense":  "UPDATE gastos SET created_by = 77 WHERE id = 1",
		"nobody_but_in_another": "UPDATE gastos SET created_by = 77 WHERE id = 3",
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				s.fullOctober(t)
				s.SQL.SetMaxOpenConns(1)
				off := "PRAGMA foreign_keys = OFF"
				if s.Store().Postgres() {
					off = "SET session_replication_role = replica"
				}
				s.Exec(t, off)
				s.Exec(t, query)
				if strings.HasPrefix(name, "nobody") {
					s.close(t, october, false)
					return
				}
				e := s.refusesClose(t, october, false, books.Refused, "cannot_come_back")
				if !strings.Contains(e.Message, " 77, who does not exist") {
					t.Errorf("the refusal is %s", e)
				}
				if _, err := s.Preview(t.Context(), october, false); err == nil || err.Error() != e.Error() {
					t.Errorf("the preview says %v", err)
				}
			})
		})
	}
}

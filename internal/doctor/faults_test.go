package doctor_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/doctor"
	"extrato/internal/notify"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// fault is one thing that is wrong, and what the doctor has to say of it.
type fault struct {
	name  string
	only  string // a database; "": both
	make  func(*testing.T, *patient)
	check string
	state doctor.State
	says  string
}

func set(name, value string) func(*testing.T, *patient) {
	return func(_ *testing.T, p *patient) { p.flags[name] = value }
}

func sql(queries ...string) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		for _, q := range queries {
			p.Exec(t, q)
		}
	}
}

// serving lets something answer where serve listens: status and body to
// readyz, and another status to the service endpoints.
func serving(status int, body string, endpoints int) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" || r.URL.Path != "/readyz" && r.URL.Path != "/ready-elsewhere" && r.Method != http.MethodPost {
				t.Errorf("asked for %s %s with %v", r.Method, r.URL, r.Header)
			}
			w.Header().Set("Location", "/ready-elsewhere")
			if r.URL.Path == "/ready-elsewhere" {
				status, endpoints, body = 200, 401, `{"status":"ok","checks":{}}`
			}
			if r.Method == http.MethodPost {
				w.WriteHeader(endpoints)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		_, p.flags["PORT"], _ = strings.Cut(s.Listener.Addr().String(), ":")
	}
}

func TestRun_says_what_became_of_last_month_and_of_the_server(t *testing.T) {
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		p := newPatient(t, db)
		m := books.MonthOf(now()).Add(-1)
		says := func(name string, want ...string) {
			t.Helper()
			for _, c := range p.look(t).Checks {
				if c.Name != name {
					continue
				}
				for _, w := range want {
					if c.State != doctor.OK || !strings.Contains(c.Message, w) {
						t.Errorf("%+v, want %q", c, w)
					}
				}
				return
			}
			t.Errorf("nothing is said of %s", name)
		}
		says("last month", m.String(), "older than")
		says("server", "none answers")
		p.flags["EXTRATO_SCHEDULE"], p.flags["EXTRATO_CLOSE_FROM"] = "0 2 1 * *", m.String()
		if _, err := p.closer.Close(t.Context(), m, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		says("last month", m.String(), "revision 1", "found ok on "+now().Format("2006-01-02"))
		serving(200, `{"status":"ok","checks":{"database":"ok"}}`, 401)(t, p)
		says("server", "is ready", "let nobody in")
		says("key", "read back")
		says("tables", "extrato_run_logs")
	})
}

// unchecked runs SQL on one connection that does not check rows.
func unchecked(query string) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		p.SQL.SetMaxOpenConns(1)
		p.Exec(t, "PRAGMA ignore_check_constraints = ON")
		p.Exec(t, "PRAGMA foreign_keys = OFF")
		p.Exec(t, query)
	}
}

// behindTheIndex inserts an expense that the index on its day does not get.
func behindTheIndex(t *testing.T, p *patient) {
	p.SQL.SetMaxOpenConns(1)
	p.Exec(t, "CREATE TEMP TABLE hidden AS SELECT * FROM sqlite_schema WHERE name = 'ix_gastos_data'")
	p.Exec(t, "PRAGMA writable_schema = ON")
	p.Exec(t, "DELETE FROM sqlite_schema WHERE name = 'ix_gastos_data'")
	p.Exec(t, "PRAGMA writable_schema = RESET")
	p.Exec(t, "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (5, '2025-12-01', 1, 'Pix', 1)")
	p.Exec(t, "PRAGMA writable_schema = ON")
	p.Exec(t, "INSERT INTO sqlite_schema SELECT * FROM hidden")
	p.Exec(t, "PRAGMA writable_schema = RESET")
}

var faults = []fault{
	{"an index that disagrees with its table", "sqlite", behindTheIndex, "database file", doctor.Fail, "index disagrees"},
	{"a view in a table's place", "", sql("ALTER TABLE gastos RENAME TO gastos_all", "CREATE VIEW gastos AS SELECT * FROM gastos_all"), "tables", doctor.Fail, "gastos is a view"},
	{"a trigger that may keep rows", "sqlite", sql("CREATE TRIGGER keep BEFORE DELETE ON gastos BEGIN SELECT RAISE(IGNORE); END"), "triggers", doctor.Warn, "keep on gastos"},
	{"a trigger that may keep rows ", "postgres", sql("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
		"CREATE TRIGGER keep BEFORE DELETE ON gastos FOR EACH ROW EXECUTE FUNCTION keep()"), "triggers", doctor.Warn, "keep on gastos"},
	{"rows that a policy hides", "postgres", func(t *testing.T, p *patient) {
		p.Exec(t, "CREATE ROLE clerk LOGIN PASSWORD 'geheim' IN ROLE pg_read_all_data, pg_write_all_data")
		t.Cleanup(func() {
			if _, err := p.SQL.ExecContext(context.Background(), "DROP OWNED BY clerk; DROP ROLE clerk"); err != nil {
				t.Error(err)
			}
		})
		p.Exec(t, "ALTER TABLE pagamentos ENABLE ROW LEVEL SECURITY")
		p.flags["DATABASE_URL"] = strings.Replace(p.URL, "postgres@", "clerk:geheim@", 1)
	}, "tables", doctor.Fail, "row-level security hides rows of pagamentos"},
	{"a password that is not percent-encoded", "", set("DATABASE_URL", "postgres://ana:ge@heim/word@host/db"), "setting DATABASE_URL", doctor.Fail, "%2F for /"},
	{"an unknown zone", "", set("TZ", "America/Sampa"), "timezone", doctor.Fail, "America/Sampa"},
	{"a switch that is neither on nor off", "", set("EXTRATO_REQUIRE_BACKUP", "maybe"), "setting EXTRATO_REQUIRE_BACKUP", doctor.Fail, "maybe"},
	{"backups that are not required", "", set("EXTRATO_REQUIRE_BACKUP", "off"), "setting EXTRATO_REQUIRE_BACKUP", doctor.Warn, "permanently"},
	{"a job that is switched off", "", set("ENABLE_MONTHLY_EXTRATO_JOB", "0"), "setting ENABLE_MONTHLY_EXTRATO_JOB", doctor.Warn, "by themselves"},
	{"a schedule after the safety net's days", "", set("EXTRATO_SCHEDULE", "0 2 7 * *"), "schedule", doctor.Warn, "a month later"},
	{"a schedule that is none", "", set("EXTRATO_SCHEDULE", "monthly"), "setting EXTRATO_SCHEDULE", doctor.Fail, "monthly"},
	{"a first month that is none", "", set("EXTRATO_CLOSE_FROM", "2025-13"), "setting EXTRATO_CLOSE_FROM", doctor.Fail, "2025-13"},
	{"a URL that is none", "", set("DATABASE_URL", "mysql://ana:geheim@host/db"), "setting DATABASE_URL", doctor.Fail, "neither"},
	{"a file that is not there", "sqlite", set("DATABASE_URL", "sqlite:///nowhere/extrato.db"), "database", doctor.Fail, "no database"},
	{"a file that is no database", "sqlite", func(t *testing.T, p *patient) {
		path := filepath.Join(t.TempDir(), "extrato.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database, ", 100)), 0o600); err != nil {
			t.Fatal(err)
		}
		p.flags["DATABASE_URL"] = "sqlite:///" + path
	}, "database", doctor.Fail, "damaged"},
	{"a server that does not answer", "postgres", set("DATABASE_URL", "postgres://ana:geheim@127.0.0.1:1/studio"), "database", doctor.Fail, "does not answer"},
	{"v4's database", "postgres", sql("DROP SCHEMA extrato CASCADE"), "database", doctor.Fail, "v4's"},
	{"v4's database and no zone", "postgres", sql("DROP SCHEMA extrato CASCADE"), "v4's zone", doctor.Warn, "TZ is not set"},
	{"v4's file and no zone", "sqlite", sql("DROP TABLE goose_db_version"), "v4's zone", doctor.Warn, "UTC"},
	{"v4's log format", "", set("LOG_FORMAT", "%(asctime)s"), "setting LOG_FORMAT", doctor.Warn, "Python"},
	{"v4's file", "sqlite", sql("DROP TABLE goose_db_version"), "database", doctor.Fail, "v4's"},
	{"a queue of jobs that was paused", "", func(t *testing.T, p *patient) {
		table := map[bool]string{true: "extrato."}[p.Path == ""] + "river_queue"
		p.Exec(t, "CREATE TABLE "+table+" (name TEXT, paused_at TIMESTAMP)")
		p.Exec(t, "INSERT INTO "+table+" VALUES ('close', CURRENT_TIMESTAMP), ('notify', NULL)")
	}, "queues", doctor.Warn, "paused (close)"},
	{"an older database", "", func(t *testing.T, p *patient) {
		p.Exec(t, "DELETE FROM "+map[bool]string{true: "extrato."}[p.Path == ""]+"goose_db_version WHERE version_id > 0")
	}, "database", doctor.Warn, "older version"},
	{"a newer database", "", func(t *testing.T, p *patient) {
		p.Exec(t, "INSERT INTO "+map[bool]string{true: "extrato."}[p.Path == ""]+"goose_db_version (version_id, is_applied) VALUES (999, TRUE)")
	}, "database", doctor.Fail, "newer version"},
	{"a user who may not write", "postgres", func(t *testing.T, p *patient) {
		p.Exec(t, "CREATE ROLE reader LOGIN PASSWORD 'geheim' IN ROLE pg_read_all_data")
		t.Cleanup(func() { // roles are the whole cluster's
			_, err := p.SQL.ExecContext(context.Background(), "DROP OWNED BY reader; DROP ROLE reader")
			if err != nil {
				t.Error(err)
			}
		})
		p.flags["DATABASE_URL"] = strings.Replace(p.URL, "postgres@", "reader:geheim@", 1)
	}, "database writable", doctor.Fail, "may not write"},
	{"a server that only reads", "postgres", func(_ *testing.T, p *patient) {
		p.flags["DATABASE_URL"] = p.URL + map[bool]string{true: "&", false: "?"}[strings.Contains(p.URL, "?")] + "default_transaction_read_only=on"
	}, "database writable", doctor.Fail, "no writes"},
	{"references that lead nowhere", "sqlite", unchecked("UPDATE pagamentos SET artista_id = 77; INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, created_at) VALUES (9, '2025-10-01', 1, 88, 1, NULL)"),
		"database file", doctor.Fail, "sessoes 9"},
	{"a row from the future", "", func(t *testing.T, p *patient) {
		p.Exec(t, "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (5, '2025-12-01', 1, 'Pix', 1, $1)",
			now().UTC().Add(time.Hour).Format("2006-01-02 15:04:05.000000"))
	}, "clock", doctor.Fail, "gasto 5"},
	{"clocks that differ", "postgres", func(_ *testing.T, p *patient) { p.clock = 10 * time.Minute }, "clock", doctor.Fail, "differ by"},
	{"a foreign key that is missing", "postgres", sql("ALTER TABLE comissoes DROP CONSTRAINT comissoes_pagamento_id_fkey"), "keys", doctor.Warn, "comissoes.pagamento_id"},
	{"a unique key that is missing", "postgres", sql("ALTER TABLE extratos DROP CONSTRAINT uq_extratos_mes_ano"), "keys", doctor.Fail, "extratos (mes,ano)"},
	{"an unknown column that holds data", "", sql("ALTER TABLE gastos ADD COLUMN fornecedor TEXT", `INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, fornecedor)
		VALUES (5, '2025-12-01', 1, 'Pix', 1, 'Loja')`), "columns", doctor.Fail, "gastos.fornecedor (1 rows)"},
	{"a date that is no day", "sqlite", func(t *testing.T, p *patient) { p.payment(t, 7, "2025-1-4") }, "dates", doctor.Fail, `pagamento 7: its date is "2025-1-4"`},
	{"a date in no month", "", func(t *testing.T, p *patient) { p.payment(t, 7, "1999-12-31") }, "dates", doctor.Fail, "pagamento 7"},
	{"a date without an end", "postgres", func(t *testing.T, p *patient) { p.payment(t, 7, "infinity") }, "dates", doctor.Fail, "pagamento 7"},
	{"a date that is a BLOB", "sqlite", sql("INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (5, CAST('2025-12-01' AS BLOB), 1, 'Pix', 1)"),
		"dates", doctor.Fail, "gasto 5: its date is X'323032352D31322D3031'"},
	{"a commission of no payment that was made at no time", "sqlite", sql("INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (3, 1, 10, 1, 'ontem')"),
		"dates", doctor.Fail, `comissao 3: it has no payment, and its created_at is "ontem"`},
	{"a commission of no payment that was never made", "postgres", sql("INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (3, 1, 10, 1, 'infinity')"),
		"dates", doctor.Fail, `comissao 3: it has no payment, and its created_at is "infinity"`},
	{"a client who was made at no time", "sqlite", sql("INSERT INTO clients (id, name, created_at) VALUES (7, 'Caio', 'ontem')",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, cliente_id) VALUES (7, '2025-12-01', 1, 'Pix', 1, 7)"), "amounts", doctor.Fail, "cliente 7"},
	{"a client whose name is no text", "sqlite", sql("INSERT INTO clients (id, name) VALUES (7, x'ff')",
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id) VALUES (7, '2025-12-01', 1, 7, 1)"), "amounts", doctor.Fail, "cliente 7"},
	{"an artist who was made at no time", "", sql("UPDATE users SET created_at = '9999-12-31 23:59:59-12'",
		"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (5, '2025-12-01', 1, 'Pix', 1)"), "amounts", doctor.Fail, "artista 1"},
	{"a commission of no payment and no time", "", sql("INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (3, 1, 10, 1, NULL)"),
		"dates", doctor.Fail, "comissao 3: it has no payment, and its created_at is NULL"},
	{"parts of a cent", "sqlite", unchecked("INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (5, '2025-12-01', 16.665, 'Pix', 1), (6, '2025-12-01', 16.66, 'Pix', 1), (7, '2025-12-01', 16.661, 'Pix', 1)"),
		"amounts", doctor.Fail, "gasto 7"},
	{"an amount that is no number", "postgres", sql("INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (5, '2025-12-01', 'NaN', 'Pix', 1)"),
		"amounts", doctor.Fail, "gasto 5"},
	{"a due month", "", set("EXTRATO_CLOSE_FROM", "2025-12"), "months", doctor.Warn, "2025-12"},
	{"an old month", "", func(t *testing.T, p *patient) { p.payment(t, 7, "2025-09-30") }, "months", doctor.Warn, "2025-09"},
	{"a row dated years ahead", "", func(t *testing.T, p *patient) { p.payment(t, 7, "2036-10-01") }, "months", doctor.Warn, "after the running month: 2036-10"},
	{"a held month", "", func(t *testing.T, p *patient) {
		if _, err := p.closer.Reopen(t.Context(), october, "test", "test"); err != nil {
			t.Fatal(err)
		}
	}, "months", doctor.Warn, "2025-10"},
	{"late rows", "", func(t *testing.T, p *patient) { p.payment(t, 7, "2025-10-30") }, "late rows", doctor.Warn, "2025-10"},
	{"late rows beside a statement of v4's", "", func(t *testing.T, p *patient) {
		p.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 2025, '"[]"', '"[]"', '"[]"', '"{}"')`)
		p.payment(t, 7, "2025-09-30")
	}, "late rows", doctor.Warn, "v4's, which cannot be revised: 2025-09"},
	{"a file in the place of the folder", "", func(t *testing.T, p *patient) {
		if err := os.RemoveAll(p.folder); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.folder, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}, "backup folder", doctor.Fail, "not a directory"},
	{"a disk that is not mounted", "", func(t *testing.T, p *patient) {
		if err := os.RemoveAll(p.folder); err != nil {
			t.Fatal(err)
		}
	}, "backup folder", doctor.Fail, "none of the 1 backups"},
	{"a drill found a difference", "", drilled("different", 0), "drill", doctor.Fail, "2025-10"},
	{"a drill could not run", "", drilled("failed", 0), "drill", doctor.Warn, "2025-10"},
	{"no drill for 41 days", "", drilled("equal", 41), "drill", doctor.Warn, "no backup was restored"},
	{"a statement's backup that is gone", "", func(t *testing.T, p *patient) {
		p.payment(t, 7, "2025-09-30")
		if _, err := p.closer.CreateBackup(t.Context(), october.Add(-1), "test"); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(p.folder, "2025_10", "backup_2025_10.csv")); err != nil {
			t.Fatal(err)
		}
	}, "backups", doctor.Fail, "2025-10"},
	{"a statement's backup that was found corrupt", "", func(t *testing.T, p *patient) {
		if err := os.WriteFile(filepath.Join(p.folder, "2025_10", "backup_2025_10.csv"), []byte("type\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := p.closer.VerifyBackups(t.Context(), october, ""); err != nil {
			t.Fatal(err)
		}
	}, "backups", doctor.Fail, "2025-10"},
	{"no key", "", set("JWT_SECRET_KEY", ""), "key", doctor.Warn, "not set"},
	{"a key that makes no good tokens", "", func(_ *testing.T, p *patient) {
		p.checkKey = func(string, time.Time) error { return books.Refusedf("key_unusable", "it cannot be read back") }
	}, "key", doctor.Fail, "cannot be read back"},
	{"a table that is missing", "", sql("DROP TABLE extrato_run_logs"), "tables", doctor.Fail, "extrato_run_logs"},
	{"last month without a statement", "", set("EXTRATO_CLOSE_FROM", "2025-12"), "last month", doctor.Warn, "has no statement"},
	{"last month reopened", "", func(t *testing.T, p *patient) {
		m := books.MonthOf(now()).Add(-1)
		if _, err := p.closer.Close(t.Context(), m, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.closer.Reopen(t.Context(), m, "test", "test"); err != nil {
			t.Fatal(err)
		}
	}, "last month", doctor.Warn, "was reopened"},
	{"a server that is not ready", "", serving(503, `{"status":"unavailable","checks":{"database":"ok","backups":"unwritable"}}`, 401), "server", doctor.Warn, "backups unwritable"},
	{"another program in the server's place", "", serving(200, "<html>", 401), "server", doctor.Warn, "another program"},
	{"a redirect in the server's place", "", serving(302, "", 401), "server", doctor.Warn, "another program"},
	{"a server whose service endpoints redirect", "", serving(200, `{"status":"ok","checks":{}}`, 307), "server", doctor.Fail, "answers 307"},
	{"a server that lacks the service endpoints", "", serving(200, `{"status":"ok","checks":{}}`, 404), "server", doctor.Fail, "answers 404 to /api/backup/create_service"},
	{"a server that lets everybody in", "", serving(200, `{"status":"ok","checks":{}}`, 200), "server", doctor.Fail, "answers 200"},
	{"a short key", "", set("JWT_SECRET_KEY", "geheim"), "setting JWT_SECRET_KEY", doctor.Fail, "6 characters"},
	{"half of a job's identity", "", set("EXTRATO_JOB_OIDC_REF", "refs/heads/main"), "job identity", doctor.Fail, "1 of the four"},
	{"half of a provider", "", set("EXTRATO_LOGIN_OIDC_ISSUER", "https://login.example"), "sign-in", doctor.Fail, "one half"},
	{"a limit that is none", "", set("EXTRATO_RATE_LIMIT", "many"), "setting EXTRATO_RATE_LIMIT", doctor.Fail, "many"},
	{"a proxy that is none", "", set("EXTRATO_TRUSTED_PROXIES", "proxy"), "setting EXTRATO_TRUSTED_PROXIES", doctor.Fail, "proxy"},
	{"everybody can reach it", "", set("HOST", "0.0.0.0"), "address", doctor.Warn, "without TLS"},
	{"a place that nobody can be told at", "", set("EXTRATO_NOTIFY", "nonsense"), "telling", doctor.Fail, "number 1"},
	{"nobody is told", "", set("EXTRATO_NOTIFY", ""), "telling", doctor.Warn, "nobody"},
	{"a service account that is disabled", "", sql("INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (999, 'Bot', 'admin', FALSE, FALSE)"), "service account", doctor.Warn, "999"},
	{"a token that ends soon", "", func(t *testing.T, p *patient) {
		k := store.Token{ID: "abc", Name: "x", CreatedAt: books.InstantOf(now()), ExpiresAt: books.InstantOf(now().AddDate(0, 0, 3))}
		if err := p.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.AddToken(t.Context(), k) }); err != nil {
			t.Fatal(err)
		}
	}, "tokens", doctor.Warn, "abc"},
	{"a token of v4's that lives for years", "", setting(store.V4TokenExpires, now().AddDate(3, 0, 0)), "v4's token", doctor.Warn, "revoked"},
	{"a safety net that was never seen", "", setting(store.SafetyNetSeen, time.Time{}), "safety net", doctor.Warn, "never seen"},
	{"a safety net that is silent", "", setting(store.SafetyNetSeen, now().AddDate(0, -2, 0)), "safety net", doctor.Warn, "last seen"},
	{"v4 that still closes", "", func(t *testing.T, p *patient) {
		setting(store.TakenOver, now().AddDate(0, -1, 0))(t, p)
		p.Exec(t, "INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (8, 2025, '[]', '[]', '[]', '[]', '{}')")
		if _, err := p.Store.AdoptStatements(t.Context(), "extrato"); err != nil { // as the schedule does
			t.Fatal(err)
		}
	}, "v4 beside us", doctor.Warn, "2025-08"},
	{"a chain that was tampered with", "", func(t *testing.T, p *patient) { p.Tamper(t, "UPDATE extratos SET totais = '{}'") }, "chain", doctor.Fail, "2025-10"},
	{"guards that were dropped", "sqlite", sql("DROP TRIGGER closings_refuse_update", "DROP TRIGGER extratos_refuse_delete"), "guards", doctor.Fail, "extratos_refuse_delete"},
	{"guards that were switched off", "postgres", sql("ALTER TABLE extrato.closings DISABLE TRIGGER USER"), "guards", doctor.Fail, "closings_refuse_change"},
}

func TestRun_finds_every_fault_names_a_way_out_and_changes_nothing(t *testing.T) {
	for _, f := range slices.Concat(faults, recoveryFaults) {
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			test := func(t *testing.T, db *storetest.DB) {
				p := newPatient(t, db)
				f.make(t, p)
				before := p.state(t)
				report := p.look(t)
				if after := p.state(t); !maps.Equal(before, after) {
					t.Errorf("the look changed %v to %v", before, after)
				}
				found := ""
				for _, c := range report.Checks {
					if c.Name == f.check && c.State == f.state && strings.Contains(c.Message, f.says) && c.Fix != "" {
						found = c.Message
					}
					if name, ok := strings.CutPrefix(c.Name, "setting "); ok && strings.HasPrefix(c.Message, name+":") {
						t.Errorf("the name stands there twice: %+v", c)
					}
					if strings.Contains(c.Message+c.Fix, "geheim") {
						t.Errorf("a password is told: %+v", c)
					}
				}
				if found == "" {
					t.Errorf("want %s %s with %q, have %+v", f.state, f.check, f.says, report.Checks)
				}
				if report.OK && f.state == doctor.Fail {
					t.Error("the report is ok all the same")
				}
				if !strings.HasPrefix(f.check, "backup folder") && !reported(report, "backup folder") {
					t.Error("the checks behind the fault were not made")
				}
			}
			switch f.only {
			case "":
				storetest.Both(t, now, test)
			case "sqlite":
				test(t, storetest.SQLite(t, now))
			default:
				test(t, storetest.Postgres(t, now))
			}
		})
	}
}

func reported(r doctor.Report, name string) bool {
	for _, c := range r.Checks {
		if c.Name == name {
			return true
		}
	}
	return false
}

func TestRun_names_fixes_that_can_be_followed_to_the_letter(t *testing.T) {
	t.Parallel()
	p := newPatient(t, storetest.SQLite(t, now))
	p.Exec(t, "DROP TABLE goose_db_version") // now it looks like v4's
	fixes := func() map[string]string {
		failed := map[string]string{}
		for _, c := range p.look(t).Checks {
			if c.State == doctor.Fail {
				failed[c.Name] = c.Fix
			}
		}
		return failed
	}
	want := "DATABASE_URL=sqlite:///data/extrato.db extrato import --from sqlite:///" + p.Path
	if found := fixes(); len(found) != 1 || !strings.HasSuffix(found["database"], want) {
		t.Errorf("of v4's file it says %q, want %q", found, want)
	}
	p.flags["DATABASE_URL"] = "postgres://ana@127.0.0.1:1/studio"
	if found := fixes(); len(found) != 1 || found["database"] == "" || strings.Contains(found["database"], "extrato doctor") {
		t.Errorf("of a server that does not answer it says %q", found)
	}
}

// checkPlaces is what the program hands to the doctor.
func checkPlaces(urls []string) error {
	_, err := notify.NewNotifier(urls)
	return err
}

package store_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/v4test"
)

// secrets are what no answer may hold: the passwords in the URLs below, and
// parts of them.
var secrets = []string{"s3cret", "t0pper", "w0rd"}

func TestA_password_that_is_not_percent_encoded_is_refused_and_nothing_of_it_said(t *testing.T) {
	for _, password := range []string{"s3cret/w0rd@t0pper", "s3cret@t0pper/w0rd", "s3cret@t0pper/w0rd@", "12?s3cret=t0pper", "12#s3cret", "s3cret#t0pper", "s3cret?t0pper",
		"100%s3cret", "s3cret%", "[s3cret", "s3cret t0pper", `s3cret\t0pper`, "12/s3cret"} {
		for _, scheme := range []string{"postgres", "postgresql+psycopg2"} {
			broken := scheme + "://ana:" + password + "@127.0.0.1:1/studio"
			_, err := tryOpen(t, broken, false)
			e := books.AsError(err)
			if e == nil || e.Kind != books.Invalid || e.Code != "invalid_database_url" || !strings.Contains(e.Hint, "%40 for @") {
				t.Errorf("%s: %v", broken, err)
				continue
			}
			told := fmt.Sprintf("%v %+v %s", err, e, store.Place(broken))
			for _, secret := range secrets {
				if strings.Contains(told, secret) {
					t.Errorf("%s: it tells %q: %s", broken, secret, told)
				}
			}
		}
	}
}

func TestA_password_with_every_sign_works_percent_encoded(t *testing.T) {
	to, db := v4test.Postgres(t)
	const password = `s3cret/@:?#%[]\ &=+'"ß`
	v4test.Run(t, db, "CREATE ROLE signs LOGIN PASSWORD '"+strings.ReplaceAll(password, "'", "''")+"'")
	t.Cleanup(func() { dropRole(t, db, "signs") })
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("signs", password)
	s, err := tryOpen(t, u.String(), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Condition(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// with returns a database's URL with further parameters.
func with(to, parameters string) string {
	if strings.Contains(to, "?") {
		return to + "&" + parameters
	}
	return to + "?" + parameters
}

func TestWhat_the_server_says_of_a_URL_is_told(t *testing.T) {
	to := pgtest.New(t)
	for parameters, want := range map[string]struct {
		kind       books.ErrorKind
		code, says string
	}{
		"charset=utf8":                          {books.Invalid, "invalid_database_url", `"charset"`},
		"schema=public":                         {books.Invalid, "invalid_database_url", `"schema"`},
		"work_mem=lots":                         {books.Invalid, "invalid_database_url", "work_mem"},
		"options=-cno_such%3D1":                 {books.Invalid, "invalid_database_url", "no_such"},
		"sslmode=never":                         {books.Invalid, "invalid_database_url", "verify-full"},
		"sslmode=require":                       {books.Refused, "login_refused", "no TLS"},
		"session_replication_role=replica":      {books.Refused, "database_unfit", "foreign key"},
		"options=-crow_security%3Don":           {},
		"row_security=on":                       {},
		"statement_timeout=1":                   {},
		"client_encoding=LATIN1":                {},
		"default_transaction_isolation=%5Bx":    {books.Invalid, "invalid_database_url", "default_transaction_isolation"},
		"search_path=no_such":                   {},
		"application_name=v4&connect_timeout=3": {},
	} {
		t.Run(parameters, func(t *testing.T) {
			u := with(to, parameters)
			if strings.HasPrefix(parameters, "sslmode") {
				u = strings.Replace(to, "sslmode=disable", parameters, 1)
			}
			_, err := tryOpen(t, u, false)
			if want.code == "" {
				if err != nil {
					t.Errorf("it is refused: %v", err)
				}
				return
			}
			v4test.WantError(t, err, want.kind, want.code, want.says)
		})
	}
}

func TestTimeouts_of_the_server_end_no_close(t *testing.T) {
	to, db := v4test.Postgres(t)
	name := strings.TrimPrefix(mustParse(t, to).Path, "/")
	for _, setting := range []string{"statement_timeout = '1ms'", "idle_in_transaction_session_timeout = '1ms'", "idle_session_timeout = '1h'", "synchronous_commit = off"} {
		v4test.Run(t, db, "ALTER DATABASE "+name+" SET "+setting)
	}
	s := v4test.Open(t, to)
	v4test.Migrate(t, s)
	v4test.CloseMonth(t, v4test.Closer(t, s), october)
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		for name, want := range map[string]string{"synchronous_commit": "on", "idle_session_timeout": "0"} {
			var setting string
			if err := tx.SQL().QueryRowContext(t.Context(), "SELECT current_setting($1)", name).Scan(&setting); err != nil || setting != want {
				t.Errorf("%s is %q, %v, want %s", name, setting, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestA_table_that_is_altered_under_a_server_costs_nobody_an_error(t *testing.T) {
	s, db := v4test.TakenOver(t)
	read := func() error {
		return s.Read(t.Context(), func(tx *store.Tx) error {
			for _, table := range []string{"pagamentos", "gastos"} {
				var id, amount any
				if err := tx.SQL().QueryRowContext(t.Context(), "SELECT id, valor FROM "+table+" ORDER BY id LIMIT 1").Scan(&id, &amount); err != nil {
					return err
				}
			}
			_, err := tx.CountMonth(t.Context(), october)
			return err
		})
	}
	write := func() error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			for _, table := range []string{"pagamentos", "gastos", "sessoes", "comissoes", "clients", "users"} {
				var id any
				if err := tx.SQL().QueryRowContext(t.Context(), "SELECT id FROM "+table+" ORDER BY id LIMIT 1").Scan(&id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, kind := range []string{"BIGINT", "INTEGER"} {
		for range 3 {
			for what, do := range map[string]func() error{"read": read, "write": write} {
				if err := do(); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		for _, table := range []string{"pagamentos", "gastos", "sessoes", "comissoes", "clients", "users"} {
			v4test.Run(t, db, "ALTER TABLE "+table+" ALTER id TYPE "+kind)
		}
	}
	if err := read(); err != nil {
		t.Error(err)
	}
	if err := write(); err != nil {
		t.Error(err)
	}
}

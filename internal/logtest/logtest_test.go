package logtest_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"extrato/internal/logtest"
)

// failing is a test that may fail without failing this one.
type failing struct {
	testing.TB
	cleanups []func()
	said     string
}

func (f *failing) Helper()                   {}
func (f *failing) Cleanup(do func())         { f.cleanups = append(f.cleanups, do) }
func (f *failing) Errorf(s string, v ...any) { f.said += fmt.Sprintf(s, v...) }

func (f *failing) end() string {
	for _, do := range f.cleanups {
		do()
	}
	return f.said
}

func TestA_log_that_holds_what_no_log_may_fails_its_test(t *testing.T) {
	for _, secret := range []string{
		"Bia", "=Bia; x", "Caio Vasconcelos", strings.Repeat("k", 40), "0123456789abcdef0123456789abcdef", "correct horse battery", "$argon2id$v=19",
		"eyJhbGciOiJIUzI1NiJ9.x.y", "postgres://extrato:pass@db/extrato", "postgresql+psycopg2://u:p@h/d", "redis://:pw@h", "smtp://me:pw@mail:587", "Cookie: extrato_login=abc",
		"Authorization: Bearer abc", "-----BEGIN PRIVATE KEY-----", "SECRET",
	} {
		for name, say := range map[string]func(*slog.Logger){
			"a value":   func(l *slog.Logger) { l.Debug("x", "cause", secret) },
			"an error":  func(l *slog.Logger) { l.Info("x", "cause", fmt.Errorf("read %s: %w", secret, fmt.Errorf("no"))) },
			"a message": func(l *slog.Logger) { l.Warn("saw " + secret) }, //nolint:sloglint // what is to be found
			"a group":   func(l *slog.Logger) { l.With("who", secret).WithGroup("g").Error("x") },
		} {
			f := &failing{TB: t}
			var lines strings.Builder
			say(logtest.New(f, &lines))
			if f.end() == "" {
				t.Errorf("%s in %s is not found: %s", secret, name, lines.String())
			}
		}
		f := &failing{TB: t}
		w := logtest.NewWriter(f, &strings.Builder{})
		for _, b := range []byte(secret) {
			_, _ = w.Write([]byte{b})
		}
		if f.end() == "" {
			t.Errorf("%s in parts is not found", secret)
		}
	}
}

func TestA_log_that_holds_nothing_such_is_passed_on(t *testing.T) {
	f := &failing{TB: t}
	var lines strings.Builder
	log := logtest.New(f, &lines)
	log.Debug("month closed", "month", "2025-10", "rows", 1000, "address", "http://127.0.0.1:8080", "database", "postgres://db:5432/extrato",
		"at", "2025-10-01T02:00:00Z", "by", "user:3", "mail", "eva@example.com", "path", "/api/v1/clients", "artist", "Ana", "word", "Biarritz", "hint", "write postgres://user:password@host:5432/database")
	if said := f.end(); said != "" || strings.Count(lines.String(), "\n") != 1 || !strings.Contains(lines.String(), "month closed") {
		t.Errorf("%s: %s", said, lines.String())
	}
}

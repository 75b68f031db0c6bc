package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"extrato/internal/store/storetest"
)

// hostile is what a name may hold: a title, colours, a turned direction, an
// 8-bit escape, a forged line.
const hostile = "\x1b]0;x\x07\x1b[31mAna\u202e\u009b\u2066\x7f\r\nextrato: forged\tz"

// obeyed returns the characters of an output that a terminal obeys.
func obeyed(output string) (found []rune) {
	for _, r := range output {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			found = append(found, r)
		}
	}
	return found
}

func TestNo_commands_output_is_obeyed_by_a_terminal(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		t.Setenv("DATABASE_URL", db.URL)
		t.Setenv("JWT_SECRET_KEY", strings.Repeat("k", 32))
		folder := t.TempDir()
		t.Setenv("EXTRATO_BACKUPS", folder)
		t.Setenv("LOG_LEVEL", "debug")
		t.Setenv("LOG_FORMAT", "text")
		made := func(args ...string) {
			t.Helper()
			if code, _, problems := answer(t, args...); code != 0 {
				t.Fatalf("%q: %d %s", args, code, problems)
			}
		}
		made("user", "add", "ana@example.com", "--name", "Ana", "--role", "artist")
		made("token", "create", "programa", "--scope", "read")
		db.Exec(t, "UPDATE "+map[bool]string{true: "extrato."}[db.Path == ""]+"service_tokens SET name = $1", hostile)
		db.Exec(t, "UPDATE users SET name = $1 WHERE email = 'ana@example.com'", hostile)
		db.Exec(t, "INSERT INTO clients (name) VALUES ($1)", hostile)
		db.Exec(t, "INSERT INTO pagamentos (data, valor, forma_pagamento, observacoes, artista_id) SELECT '2025-09-03', 10, $1, $1, id FROM users WHERE email = 'ana@example.com'", hostile)
		made("close", "2025-09")
		made("reopen", "2025-09", "--reason", hostile)
		made("close", "2025-09")
		if err := os.MkdirAll(filepath.Join(folder, "2025_08"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "2025_08", "backup_2025_08\x1b[31m.csv"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		forged := 0
		for _, command := range [][]string{
			{"user", "list"}, {"user", "disable", "ana@example.com"}, {"user", "enable", "ana@example.com"}, {"token", "list"}, {"audit", "show"}, {"audit", "verify"}, {"months"},
			{"backup", "list"}, {"backup", "verify"}, {"doctor"}, {"statement", "2025-09"}, {"close", "2025-09", "--dry-run"}, {"backup", "restore", "2025-09", "--dry-run"},
			{"close", hostile}, {"reopen", "2025-09", "--reason", ""}, {hostile}, {"close", "--" + hostile}, {"user", "list", hostile}, {"user", "disable", hostile}, {"token", "revoke", hostile},
			{"statement", "2025-09", "--format", hostile}, {"statement", "2025-09", "-o", hostile + "/x"}, {"backup", "verify", "--file", hostile}, {"backup", "restore", "2025-09", "--file", hostile},
			{"import", "--from", "sqlite:///" + hostile}, {"months", "--database", "sqlite:///" + hostile}, {"months", "--tz", hostile}, {"help", hostile}, {"user", "add", hostile, "--name", hostile},
		} {
			for _, more := range [][]string{nil, {"--json"}} {
				code, out, problems := answer(t, append(command, more...)...)
				if found := obeyed(out + problems); len(found) > 0 {
					t.Errorf("%q %v exits with %d and lets %q through:\n%s%s", command, more, code, string(found), out, problems)
				}
				for line := range strings.Lines(out + problems) {
					if strings.HasPrefix(line, "extrato: forged") {
						t.Errorf("%q prints a line of its own: %s", command, line)
					}
				}
				if strings.Contains(out+problems, "forged") {
					forged++
				}
				if more != nil && !json.Valid([]byte(out)) {
					t.Errorf("%q --json: %s", command, out)
				}
			}
		}
		if forged < 10 {
			t.Errorf("only %d outputs hold the text", forged)
		}
	})
}

func TestProgress_shows_no_escapes(t *testing.T) {
	var b bytes.Buffer
	p := &progress{to: &b}
	p.step(hostile)
	if text := b.String(); !strings.Contains(text, "␛]0;x") || strings.ContainsAny(text, "\x07\u202e\u009b\u2066") {
		t.Errorf("%q", text)
	}
}

// Whatever prints for people does it through fprintf.
func TestText_is_written_in_one_place(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := strings.Count(string(text), "fmt.Fprintf(")
		if want := map[bool]int{true: 1}[file == "app.go"]; !strings.HasSuffix(file, "_test.go") && n != want {
			t.Errorf("%s calls fmt.Fprintf %d times, not %d: use fprintf", file, n, want)
		}
	}
}

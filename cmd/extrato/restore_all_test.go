package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"extrato/internal/bucket/s3test"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
)

// shell runs the program in a folder of its own.
type shell struct {
	t    *testing.T
	dir  string
	vars map[string]string
}

func newShell(t *testing.T) *shell {
	dir := t.TempDir()
	return &shell{t, dir, map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir, "USER": "test", "TZ": "America/Sao_Paulo",
		"DATABASE_URL": "sqlite:///extrato.db", "EXTRATO_BACKUPS": "backups",
	}}
}

// run runs extrato, and fails the test unless it exits with code.
func (s *shell) run(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(s.t.Context(), "extrato", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, logtest.NewWriter(s.t, &said)
	for name, value := range s.vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("extrato %s exits with %d, want %d\n%s%s", strings.Join(args, " "), got, code, &out, &said)
	}
	return out.String(), said.String()
}

// says fails the test unless a text holds each part.
func (s *shell) says(text string, parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			s.t.Errorf("it says\n%s\nand nothing of %q", text, part)
		}
	}
}

func (s *shell) remove(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// identity makes a key, and returns its file and its recipient.
func (s *shell) identity(name string) (recipient string) {
	s.t.Helper()
	key, err := age.GenerateX25519Identity()
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, name), []byte(key.String()+"\n"), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return key.Recipient().String()
}

// Everything that the studio had on its machine is lost; what is left is a bucket
// of ciphertexts, and a key elsewhere.
func TestRestore_all_from_an_encrypted_bucket_into_PostgreSQL(t *testing.T) {
	server := s3test.Start(t)
	s := newShell(t)
	for _, v := range server.Env() {
		s.vars[v[0]] = v[1]
	}
	name := server.NewBucket(t)
	place := server.Setting(name, "studio")
	s.vars["EXTRATO_BACKUPS_COPY"] = place
	s.vars["EXTRATO_BACKUPS_RECIPIENTS"] = s.identity("one.txt") + "," + s.identity("two.txt")
	s.identity("strange.txt")

	s.run(0, "demo", "--no-serve", "--dir", ".")
	s.run(0, "backup", "copy")
	before, _ := s.run(0, "audit", "verify")
	months, _ := s.run(0, "months")
	s.remove("extrato.db", "backups")
	s.vars["DATABASE_URL"] = pgtest.New(t)
	restore := []string{"backup", "restore", "--all", "--from", place}

	_, said := s.run(2, restore...)
	s.says(said, "is encrypted", "--identity FILE")
	_, said = s.run(3, append(restore, "--identity", "strange.txt")...)
	s.says(said, "was not encrypted for this key")
	restore = append(restore, "--identity", "two.txt")
	out, _ := s.run(0, append(restore, "--dry-run")...)
	s.says(out, "would be restored: ")
	if _, err := os.Stat(filepath.Join(s.dir, "backups")); err == nil {
		t.Error("a dry run wrote into the folder of the backups")
	}

	// A flipped bit there is named, and nothing is made.
	whole := server.Read(t, name, "studio/registro/000002.json.age")
	server.PutOver(t, name, "studio/registro/000002.json.age", whole[:len(whole)-1]+string(whole[len(whole)-1]^1))
	_, said = s.run(4, restore...)
	s.says(said, "registro/000002.json", "nothing was written")
	if _, err := os.Stat(filepath.Join(s.dir, "backups")); err == nil {
		t.Error("a refused restore wrote into the folder of the backups")
	}
	server.PutOver(t, name, "studio/registro/000002.json.age", whole)

	out, _ = s.run(0, restore...)
	s.says(out, "13 entries")
	if after, _ := s.run(0, "audit", "verify"); after != before {
		t.Errorf("the audit says\n%s\nand not\n%s", after, before)
	}
	s.run(0, "backup", "verify") // the statements' files are here again
	_, said = s.run(3, restore...)
	s.says(said, "holds rows in users")

	// The place's ciphertexts are taken for the copies that they are.
	out, _ = s.run(4, "backup", "copy")
	s.says(out, "extrato backup copy --identity FILE")
	out, _ = s.run(0, "backup", "copy", "--identity", "one.txt")
	s.says(out, "encrypted")
	if after, _ := s.run(0, "months"); after != months {
		t.Errorf("the months are\n%s\nand not\n%s", after, months)
	}
	s.run(0, "backup", "copy")
}

package closing_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"extrato/internal/backup"
	"extrato/internal/books"
)

// Whoever has all rights on the database and the folder of the backups may change
// anything in it. These tests change each stored value, one at a time and some in
// pairs that agree with each other. What is not listed below must be found and
// named by audit verify or backup verify; what is listed must not be, so that the
// list stays true.

// unnoticed are the columns of which nothing here notices a change, and why.
var unnoticed = map[string]string{
	"extratos.id":         "v4's number of the row: nothing refers to it",
	"backups.state":       "what the last verification found: the next one finds it anew",
	"backups.reason":      "the same",
	"backups.verified_at": "the same",
	"runs.id":             "the order of attempts: nothing refers to it",
	"runs.action":         "a diary of attempts; what took effect is in the chain, and result must agree with it",
	"runs.started_at":     "the same",
	"runs.finished_at":    "the same",
	"runs.code":           "the same",
	"runs.message":        "the same",
	"runs.stage":          "the same",
}

// apart are the tables in which nothing stands that was closed, and why.
var apart = map[string]string{
	"copies": "records of objects in other places; each is read back there",
	"users":  "live rows", "clients": "live rows", "pagamentos": "live rows", "sessoes": "live rows", "comissoes": "live rows", "gastos": "live rows",
	"extrato_run_logs": "v4 writes it", "settings": "people set them, doctor shows them", "changes": "of live rows", "changed_rows": "of live rows",
	"expense_categories": "of live rows", "artist_terms": "terms of what is recorded from now on", "method_terms": "the same", "merged_clients": "live rows",
	"drills":  "what a drill found; another one finds it again",
	"anchors": "heads of the chain seen and signed by others; a changed one has no signature", "signing_keys": "a changed key is not the one of those signatures",
	"alarms": "what people were told", "answers": "answers to repeat for a day", "logins": "who may come in", "passwords": "the same",
	"service_tokens": "the same", "staff": "the same", "invitations": "the same",
}

// rowsToTamper say which row of a table is changed. Each stands for its kind.
var rowsToTamper = map[string][]string{
	"extratos":         {"mes = 10", "mes = 8"}, // ours, and v4's
	"revisions":        {"revision = 1"},
	"closings":         {"seq = 2", "seq = 6", "seq = 8"}, // in the middle, adopted, the last
	"closing_details":  {"seq = 3", "seq = 8"},
	"backups":          {"month = '2025-10' AND copy = 2"},
	"runs":             {"result = 'revised'"},
	"month_sums":       {"month = '2025-10' AND revision = 3"},
	"deposits":         {"month = '2025-10'"},
	"payments_at_rest": {"month = '2025-10'"},
}

// altered returns another value of the same form.
func altered(v string) string {
	if n, err := strconv.Atoi(v); err == nil && n < 1000 {
		return strconv.Itoa(n + 41)
	}
	b := []byte(v)
	for i := len(b) - 1; i >= 0; i-- {
		switch c := b[i]; {
		case c >= '0' && c < '9', c >= 'a' && c < 'z', c >= 'A' && c < 'Z':
			b[i]++
			return string(b)
		case c == '9', c == 'z', c == 'Z':
			b[i]--
			return string(b)
		}
	}
	return v + "1"
}

// findings are what both verifications say.
func (s *studio) findings(t testing.TB) []string {
	t.Helper()
	var all []string
	audit, err := s.VerifyChain(t.Context())
	if err != nil {
		all = append(all, err.Error())
	}
	for _, p := range audit.Problems {
		if !strings.HasPrefix(p, "the guard ") {
			all = append(all, p)
		}
	}
	verified, err := s.VerifyBackups(t.Context(), books.Month{}, "")
	if err != nil {
		all = append(all, err.Error())
	}
	for _, v := range verified {
		if v.State != backup.OK {
			all = append(all, v.File+": "+v.Reason)
		}
	}
	return all
}

var named = regexp.MustCompile(`20\d\d-\d\d|20\d\d_\d\d/|entry \d+|run \d+`)

// wantFound fails the test unless a finding names what was changed.
func wantFound(t testing.TB, what string, found []string) {
	t.Helper()
	if !slices.ContainsFunc(found, named.MatchString) {
		t.Errorf("%s: nobody noticed and named it: %q", what, found)
	}
}

// tampered is a studio with every kind of entry, statement, revision and copy.
func (s *studio) tampered(t testing.TB) {
	t.Helper()
	s.longHistory(t)
	s.reopen(t, september)
	s.removeLive(t, september)
	if _, err := s.Restore(t.Context(), september, "", false, "cli ana"); err != nil {
		t.Fatal(err)
	}
	if found := s.findings(t); len(found) > 0 {
		t.Fatalf("what nobody changed: %q", found)
	}
}

func (s *studio) removeLive(t testing.TB, month books.Month) {
	t.Helper()
	s.Exec(t, fmt.Sprintf("DELETE FROM gastos WHERE CAST(data AS TEXT) LIKE '%s-%%'", month))
}

func TestEvery_table_is_one_that_is_checked_or_one_apart(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		query := "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' AND name NOT LIKE 'river%'"
		if s.Path == "" {
			query = `SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'extrato') AND tablename NOT LIKE 'goose%' AND tablename NOT LIKE 'river%'`
		}
		for _, table := range s.texts(t, query) {
			if (rowsToTamper[table] == nil) == (apart[table] == "") {
				t.Errorf("say of the table %s which row is changed, or why nothing in it was closed", table)
			}
		}
	})
}

func TestEvery_changed_column_is_found_or_listed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.tampered(t)
		seen := map[string]bool{}
		defer s.Unguard(t)()
		for _, table := range []string{"extratos", "revisions", "closings", "closing_details", "backups", "runs", "month_sums", "deposits", "payments_at_rest"} {
			for _, column := range s.columns(t, table) {
				name := table + "." + column
				seen[name] = true
				for _, where := range rowsToTamper[table] {
					undo := s.keep(t, table)
					s.alter(t, table, column, where)
					found := s.findings(t)
					if why := unnoticed[name]; why == "" {
						wantFound(t, name+" WHERE "+where, found)
					} else if len(found) > 0 {
						t.Errorf("%s is listed as unnoticed (%s), but: %q", name, why, found)
					}
					undo()
				}
			}
		}
		for name := range unnoticed {
			if !seen[name] {
				t.Errorf("%s is listed, but there is no such column", name)
			}
		}
	})
}

// alter changes one column of one row to another value of the same form.
func (s *studio) alter(t testing.TB, table, column, where string) {
	t.Helper()
	from := " FROM " + s.qualified(table) + " WHERE " + where
	old := s.texts(t, "SELECT coalesce(CAST("+column+" AS TEXT), '')"+from+" LIMIT 1")
	if len(old) != 1 {
		t.Fatalf("%s has no row %s", table, where)
	}
	value, cast, place := altered(old[0]), "", "rowid"
	if s.Path == "" {
		place = "ctid"
		cast = s.texts(t, "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2", s.qualified(table), column)[0]
		cast = "::text::" + cast
	}
	switch {
	case strings.HasPrefix(old[0], `"[`) || strings.HasPrefix(old[0], `"{`): // a list: the value of its first key
		value = alteredJSON(old[0], 0)
	case cast == "::text::boolean":
		value = map[string]string{"true": "false", "false": "true"}[old[0]]
	}
	s.Exec(t, "UPDATE "+s.qualified(table)+" SET "+column+" = $1"+cast+" WHERE "+place+" = (SELECT "+place+from+" LIMIT 1)", value)
}

// scalars are the values, and keys the keys, of JSON inside a JSON string.
var (
	scalars = regexp.MustCompile(`:(?:\\"((?:[^"\\]|\\\\.)*)\\"|(-?[0-9.]+|null|true|false))`)
	keys    = regexp.MustCompile(`\\"([a-z_]+)\\":`)
)

// alteredJSON changes the n-th value; null becomes a text.
func alteredJSON(text string, n int) string {
	at := scalars.FindAllStringSubmatchIndex(text, -1)
	if len(at) == 0 {
		return text[:2] + " " + text[2:] // an empty one
	}
	m := at[n]
	if m[4] >= 0 && text[m[4]:m[5]] == "null" {
		return text[:m[4]] + `\"x\"` + text[m[5]:]
	}
	from, to := m[2], m[3]
	if from < 0 {
		from, to = m[4], m[5]
	}
	value := altered(text[from:to])
	if strings.HasSuffix(text[:to], ".00") { // whole amounts stay whole
		value = altered(text[from:to-3]) + ".00"
	}
	return text[:from] + value + text[to:]
}

// TestEvery_changed_key_of_a_statement_is_found changes the value of each key of each
// list, totals, links, people and header, and each key's name.
func TestEvery_changed_key_of_a_statement_is_found(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.tampered(t)
		defer s.Unguard(t)()
		tried := map[string]bool{}
		for part := range books.PartCount {
			column := part.Column()
			whole := s.texts(t, "SELECT CAST("+column+" AS TEXT) FROM extratos WHERE mes = 10")[0]
			set := func(text string) {
				cast := ""
				if s.Path == "" {
					cast = "::text::json"
				}
				s.Exec(t, "UPDATE extratos SET "+column+" = $1"+cast+" WHERE mes = 10", text)
			}
			check := func(what, text string) {
				set(text)
				problems, _, err := s.VerifyStatement(t.Context(), october)
				if err != nil {
					problems = append(problems, err.Error())
				}
				wantFound(t, what, problems)
			}
			names := keys.FindAllStringSubmatchIndex(whole, -1)
			for n, m := range scalars.FindAllStringIndex(whole, -1) {
				key := ""
				for _, k := range names {
					if k[1]-1 == m[0] {
						key = whole[k[2]:k[3]]
					}
				}
				if tried[column+"."+key] && s.Path == "" { // on PostgreSQL one of each is enough
					continue
				}
				check(column+"."+key, alteredJSON(whole, n))
				if !tried[column+"."+key] {
					check("the name of "+column+"."+key, strings.Replace(whole, `\"`+key+`\":`, `\"`+altered(key)+`\":`, 1))
				}
				tried[column+"."+key] = true
			}
			check(column+" in another form", strings.Replace(whole, `"`, ` "`, 1))
			set(whole)
		}
		for _, key := range []string{"pagamentos.cliente_name", "pagamentos.sessao_data", "comissoes.pagamento_valor", "comissoes.pagamento_data", "gastos.creator_name",
			"totais.email", "totais.name", "totais.sal", "totais.sessao_id", "totais.receita_total", "totais.fingerprint"} {
			if !tried[key] {
				t.Errorf("%s was not tried", key)
			}
		}
		if found := s.findings(t); len(found) > 0 {
			t.Errorf("put back: %q", found)
		}
	})
}

// reseal gives a manifest the checksum of its text.
func reseal(text string) string {
	at := regexp.MustCompile(`"checksum": "[^"]*"`)
	text = at.ReplaceAllString(text, `"checksum": ""`)
	sum := sha256.Sum256([]byte(strings.TrimSuffix(text, "\n")))
	return at.ReplaceAllString(text, `"checksum": "`+hex.EncodeToString(sum[:])+`"`)
}

func TestEvery_changed_field_of_a_backup_is_found(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.tampered(t)
		for _, file := range []string{s.closedWith(t, october).BackupFile, s.closedWith(t, september).BackupFile} {
			csv := filepath.Join(s.Folder, filepath.FromSlash(file))
			manifest := strings.TrimSuffix(csv, ".csv") + ".manifest.json"
			check := func(what, path, text string) {
				before, err := os.ReadFile(path)
				if err == nil {
					err = os.WriteFile(path, []byte(text), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				wantFound(t, file+": "+what, s.findings(t))
				if err := os.WriteFile(path, before, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			text := read(t, manifest)
			for _, line := range strings.Split(text, "\n") {
				key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
				if !ok || value == "{" {
					continue
				}
				changed := strings.Replace(text, line, strings.Replace(line, value, altered(value), 1), 1)
				check("manifest "+key, manifest, changed)
				if key != `"checksum"` {
					check("manifest "+key+" with its checksum", manifest, reseal(changed))
				}
			}
			lines := strings.SplitAfter(read(t, csv), "\n")
			for i, name := range strings.Split(strings.TrimSpace(lines[0]), ",") {
				fields := strings.Split(strings.TrimSuffix(lines[1], "\n"), ",")
				fields[i] = altered(fields[i])
				check("csv "+name, csv, lines[0]+strings.Join(fields, ",")+"\n"+strings.Join(lines[2:], ""))
			}
			check("csv without its last line", csv, strings.Join(lines[:len(lines)-2], ""))
			if found := s.findings(t); len(found) > 0 {
				t.Fatalf("put back: %q", found)
			}
		}
	})
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package api_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/bucket"
)

// sealOf computes an entry's hash as the description of the API says, from
// what the API shows of it.
func sealOf(t *testing.T, e map[string]any) string {
	t.Helper()
	b := []byte("extrato chain 1\n")
	previous, err := hex.DecodeString(e["previous_hash"].(string))
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, previous...)
	field := func(value any) {
		text := fmt.Sprint(value)
		if n, ok := value.(float64); ok {
			text = fmt.Sprint(int64(n))
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	at, err := time.Parse(time.RFC3339Nano, e["at"].(string))
	if err != nil {
		t.Fatal(err)
	}
	counts, sealed := e["counts"].(map[string]any), e["sealed"].(map[string]any)
	backup, _ := e["backup"].(map[string]any)
	if backup == nil {
		backup = map[string]any{"file": "", "sha256": ""}
	}
	for _, value := range []any{
		e["seq"], e["action"], e["month"], e["revision"], at.UnixMicro(), e["by"], e["correlation_id"], e["fingerprint"], e["core"], e["seal"],
		counts["payments"], counts["sessions"], counts["commissions"], counts["expenses"], sealed["links"], backup["file"], backup["sha256"], e["detail"],
	} {
		field(value)
	}
	entry := sha256.Sum256(b)
	salt, err := hex.DecodeString(sealed["salt"].(string))
	if err != nil {
		t.Fatal(err)
	}
	notes := e["notes"].([]any)
	b = append([]byte("extrato detail 1\n"), salt...)
	for _, value := range append([]any{e["reason"], sealed["totals"], len(notes)}, notes...) {
		field(value)
	}
	if detail := sha256.Sum256(b); hex.EncodeToString(detail[:]) != e["detail"] {
		t.Errorf("entry %v has the detail %v, its fields give %x", e["seq"], e["detail"], detail)
	}
	return hex.EncodeToString(entry[:])
}

func TestThe_chains_hashes_can_be_computed_from_what_is_shown(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		// A session that stays, because its balance comes in November, and its link that leaves.
		s.do(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":"2025-10-20","amount":"80","artist_id":%d,"client_id":%d}`, s.ana, s.bia), 201)
		id := s.Int(t, "SELECT max(id) FROM sessoes")
		deposit, _ := s.pay(t, "2025-10-20", "40.00", fmt.Sprintf(`,"session_id":%d`, id))
		s.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, created_at) VALUES (7000, '2025-11-01', 40, 'Pix', %d, %d, '2025-10-20 12:00:00.000000')", s.ana, id))
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		s.do(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"faltou \"um\" ✂️"}`, 200)
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		links := 0.0
		chain := items(s.do(t, s.token(t, auth.ScopeRead), "GET", "/closings", "", 200))
		for _, e := range chain {
			links += e["sealed"].(map[string]any)["links"].(float64)
			if got := sealOf(t, e); got != e["hash"] {
				t.Errorf("entry %v has the hash %v, its fields give %s", e["seq"], e["hash"], got)
			}
		}
		if len(chain) != 3 || links == 0 {
			t.Errorf("%d entries, %v links (the deposit was %s): this test wants some", len(chain), links, deposit)
		}
	})
}

func TestA_month_says_when_it_is_due_and_where_the_schedule_begins(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		for month, from := range map[string]string{"2025-10": "2025-11", "2024-02": "2025-11"} {
			due := map[string]string{"2025-10": "2025-11-01T05:00:00.000000Z", "2024-02": "2024-03-01T05:00:00.000000Z"}[month]
			wantFields(t, month, s.do(t, s.token(t, auth.ScopeRead), "GET", "/months/"+month, "", 200), map[string]any{"state": "open", "due_at": due, "close_from": from})
		}
		s.server.Closer.CloseFrom = october
		wantFields(t, "from October on", s.do(t, s.admin, "GET", "/months/2025-10", "", 200), map[string]any{"state": "due", "close_from": "2025-10"})
	})
}

func TestA_month_is_verified_when_asked(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		folder := t.TempDir()
		s.server.Closer.Backups.Bucket = bucket.NewFolder(folder, nil)
		s.fillOctober(t)
		recorded := func() any {
			return items(s.do(t, s.admin, "GET", "/months/2025-10/backups", "", 200))[0]["state"]
		}
		verify := func(who caller) string {
			a := s.do(t, who, "POST", "/months/2025-10/verify", "", 200)
			found := fmt.Sprint(a.body["statement"])
			for _, b := range a.body["backups"].([]any) {
				found += " " + b.(map[string]any)["state"].(string)
			}
			if problems := a.body["problems"].([]any); len(problems) > 0 != strings.HasPrefix(found, "changed") {
				t.Errorf("%s", a.text)
			}
			return found
		}
		if got := verify(s.admin); got != "none" {
			t.Errorf("an open month without a backup: %s", got)
		}
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		if got := verify(s.token(t, auth.ScopeBackup)); got != "ok ok" {
			t.Errorf("a closed month: %s", got)
		}
		file := filepath.Join(folder, "2025_10", "backup_2025_10.csv")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if recorded() != "ok" {
			t.Error("a list reads files")
		}
		if got := verify(s.admin); got != "ok corrupt" || recorded() != "corrupt" {
			t.Errorf("with a flipped bit: %s, recorded %v", got, recorded())
		}
		s.replaceInStatement(t, "450.00", "451.00")
		if got := verify(s.admin); got != "changed corrupt" {
			t.Errorf("with a changed row in the statement: %s", got)
		}
		s.refuses(t, s.admin, "POST", "/months/2025-13/verify", "", 422, "invalid_month")
	})
}

// replaceInStatement changes the payments of all statements behind our back.
func (s *v1Studio) replaceInStatement(t *testing.T, old, now string) {
	t.Helper()
	cast := ""
	if s.Path == "" {
		cast = "::json"
	}
	s.Tamper(t, fmt.Sprintf("UPDATE extratos SET pagamentos = replace(CAST(pagamentos AS text), '%s', '%s')%s", old, now, cast))
}

func TestA_statement_that_is_not_what_was_closed_is_shown_to_nobody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		shown := func(status int) (texts []string) {
			for _, what := range []string{"statement", "statement?artist=" + jsonInt(s.ana), "statement.csv"} {
				a := s.do(t, s.admin, "GET", "/months/2025-10/"+what, "", status)
				if status != 200 && a.body["code"] != "statement_changed" {
					t.Errorf("%s: %s", what, a.text)
				}
				texts = append(texts, a.text)
			}
			v4 := s.v4(t, s.admin, "GET", "/extrato/api?mes=10&ano=2025", "")
			if v4.Code != status {
				t.Errorf("v4's document: %d %s", v4.Code, v4.Body)
			}
			return append(texts, v4.Body.String())
		}
		before := shown(200) // it is known from now on
		s.replaceInStatement(t, "450.00", "451.00")
		for _, text := range shown(500) {
			if strings.Contains(text, "451.00") {
				t.Errorf("a statement that was changed: %s", text)
			}
		}
		s.replaceInStatement(t, "451.00", "450.00")
		if after := shown(200); !slices.Equal(before, after) {
			t.Errorf("put back, it is another:\n%s\n%s", before, after)
		}
	})
}

func TestThe_safety_nets_visit_is_noted_once_a_minute(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		table := "settings"
		if s.Path == "" {
			table = "extrato.settings"
		}
		visit := func() (noted int64) {
			s.Exec(t, "DELETE FROM "+table+" WHERE name = 'safetynet_seen'")
			s.do(t, s.token(t, auth.ScopeRead), "GET", "/months/2025-10", "", 200, "User-Agent", "extrato-safetynet/1")
			return s.Int(t, "SELECT count(*) FROM "+table+" WHERE name = 'safetynet_seen'")
		}
		first, second := visit(), visit()
		s.clock = s.clock.Add(time.Minute)
		if third := visit(); first != 1 || second != 0 || third != 1 {
			t.Errorf("noted %d, %d, %d times; want 1, 0, 1", first, second, third)
		}
	})
}

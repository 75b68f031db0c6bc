package safetynet_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/safetynet"
	"extrato/internal/store/storetest"
)

// realSituation is what happens to a real server, and what becomes of the net's run.
type realSituation struct {
	pt, en  string
	set     func(*rig)
	down    bool // the server does not run when the net comes
	exit    int
	code    string // of the failure
	issue   string
	entries int64 // of the chain, afterwards
}

var realSituations = []realSituation{
	{pt: "saudável, mês vencido", en: "healthy, due", issue: "none", entries: 1},
	{pt: "fora do ar", en: "down", down: true, exit: 1, code: "unreachable", issue: "opened"},
	{pt: "volta na terceira tentativa", en: "comes up at the third try", down: true, issue: "none", entries: 1, set: func(r *rig) {
		r.before = func(n int, _ *http.Request) bool {
			if n == 3 {
				r.start()
			}
			return n < 3
		}
	}},
	{pt: "60 s para responder", en: "60 s slow", exit: 1, code: "timeout", issue: "opened", set: func(r *rig) {
		r.timeout = "700ms"
		r.toxic("latency", `{"latency":60000}`)
	}},
	{pt: "conexão cortada depois do commit, antes da resposta", en: "connection cut after the commit and before the answer", issue: "none", entries: 1, set: func(r *rig) {
		hit := 0
		r.answer = func(n int, resp *http.Response) error {
			if generates(resp.Request) && hit == 0 {
				hit = n
				r.toxic("reset_peer", `{"timeout":0}`)
			}
			return nil
		}
		r.before = func(n int, _ *http.Request) bool {
			if hit > 0 && n == hit+1 {
				r.wire.Toxics.ResetToxics(r.t.Context())
			}
			return false
		}
	}},
	{pt: "fechamento mais longo que um pedido", en: "a close that takes longer than one request", issue: "none", entries: 1, set: slowClose},
	{pt: "identidade do próprio job, sem segredo guardado", en: "the job's own identity, no stored secret", issue: "none", entries: 1, set: func(r *rig) { asJob(r, "refs/heads/main") }},
	{pt: "401: identidade de outro branch", en: "401: the identity of another branch", exit: 3, code: "bad_token", issue: "opened", set: func(r *rig) { asJob(r, "refs/heads/attack") }},
	{pt: "401: token revogado", en: "401: the token is revoked", exit: 3, code: "bad_token", issue: "opened", set: func(r *rig) { r.token = r.revoked }},
	{pt: "401: token vencido", en: "401: the token has expired", exit: 3, code: "bad_token", issue: "opened", set: func(r *rig) { r.token = r.expired }},
	{pt: "403: token sem os escopos", en: "403: a token without the scopes", exit: 3, code: "forbidden", issue: "opened", set: func(r *rig) { r.token = r.readOnly }},
	{pt: "429, pausa curta", en: "429, a short pause", issue: "none", entries: 1, set: func(r *rig) {
		r.more = []string{"EXTRATO_RATE_LIMIT=20/m"}
		var once sync.Once
		r.before = func(_ int, q *http.Request) bool {
			if generates(q) {
				once.Do(r.useUp)
			}
			return false
		}
	}},
	{pt: "429, pausa de uma hora", en: "429, a pause of an hour", exit: 1, code: "too_many_requests", issue: "opened", set: func(r *rig) { r.more = []string{"EXTRATO_RATE_LIMIT=1/h"} }},
	{pt: "500 com HTML em toda resposta", en: "500 with HTML for every answer", exit: 1, code: "server_error", issue: "opened", set: func(r *rig) { spoil(r, true, broken(r)) }},
	{pt: "500 com HTML só na resposta ao fechamento", en: "500 with HTML for the answer to the close alone", issue: "none", entries: 1, set: func(r *rig) { spoil(r, false, broken(r)) }},
	{pt: "JSON cortado ao meio em toda resposta", en: "JSON cut in half in every answer", exit: 1, code: "bad_answer", issue: "opened", set: func(r *rig) { spoil(r, true, half) }},
	{pt: "JSON cortado ao meio só na resposta ao fechamento", en: "JSON cut in half in the answer to the close alone", issue: "none", entries: 1, set: func(r *rig) { spoil(r, false, half) }},
	{pt: "backup exigido, e a pasta não aceita nada", en: "a backup is required, and the folder takes none", exit: 3, code: "backup_required", issue: "opened", set: func(r *rig) {
		file := filepath.Join(r.dir, "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			r.t.Fatal(err)
		}
		r.backups = filepath.Join(file, "backups")
	}},
	{pt: "já fechado", en: "already closed", issue: "none", entries: 1, set: (*rig).closeMonth},
	{pt: "backup desatualizado, antes do fechamento", en: "backup stale, before the close", issue: "none", entries: 1, set: func(r *rig) {
		r.must(r.t, 0, "backup", "create", last.String())
		r.exec(r.t, "UPDATE pagamentos SET valor = 451 WHERE id = 1")
	}},
	{pt: "backup corrompido, antes do fechamento", en: "backup corrupt, before the close", issue: "none", entries: 1, set: func(r *rig) {
		r.must(r.t, 0, "backup", "create", last.String())
		r.flip(r.t)
	}},
	{pt: "extrato alterado no banco depois do fechamento", en: "the statement's rows changed in the database", exit: 4, code: "statement_changed", issue: "opened", entries: 1, set: func(r *rig) {
		r.closeMonth()
		cast := ""
		if r.path == "" {
			cast = "::json"
		}
		r.tamper(r.t, "UPDATE extratos SET pagamentos = replace(CAST(pagamentos AS text), '450.00', '451.00')"+cast)
	}},
	{pt: "um lançamento traz algo numa coluna desconhecida", en: "a row holds something in an unknown column", exit: 3, code: "unknown_column", issue: "opened", set: func(r *rig) {
		r.exec(r.t, "ALTER TABLE gastos ADD COLUMN recibo TEXT", "UPDATE gastos SET recibo = '"+client+"'")
		r.must(r.t, 3, "close", last.String())
	}},
	{pt: "um lançamento que não pode ser lido", en: "a row that cannot be read", exit: 4, code: "broken_row", issue: "opened", set: func(r *rig) {
		if r.path == "" {
			r.exec(r.t, "UPDATE gastos SET created_at = '-infinity'")
		} else {
			r.exec(r.t, "UPDATE gastos SET descricao = CAST(x'61ff' AS TEXT)")
		}
		r.must(r.t, 4, "close", last.String())
	}},
	{pt: "extrato que não pode ser lido", en: "the statement cannot be read", exit: 4, code: "statement_changed", issue: "opened", entries: 1, set: func(r *rig) {
		r.closeMonth()
		r.tamper(r.t, `UPDATE extratos SET totais = '"{"', pagamentos = '"[{"'`)
		r.must(r.t, 4, "audit", "verify")
	}},
	{pt: "extrato apagado do banco", en: "the statement removed from the database", exit: 4, code: "statement_gone", issue: "opened", entries: 1, set: func(r *rig) {
		r.closeMonth()
		r.tamper(r.t, "DELETE FROM extratos")
		r.must(r.t, 4, "close", last.String())
	}},
	{pt: "backup do extrato corrompido", en: "the statement's backup corrupt", exit: 4, code: "backup_corrupt", issue: "opened", entries: 1, set: func(r *rig) {
		r.closeMonth()
		r.flip(r.t)
	}},
	{pt: "backup do extrato apagado", en: "the statement's backup removed", exit: 4, code: "backup_missing", issue: "opened", entries: 1, set: func(r *rig) {
		r.closeMonth()
		if err := os.Remove(r.csv()); err != nil {
			r.t.Fatal(err)
		}
	}},
	{pt: "mês vazio", en: "empty month", issue: "none", entries: 1, set: empty},
	{pt: "fechado pela v4, ao lado", en: "closed by v4, beside us", issue: "none", entries: 1, set: func(r *rig) {
		empty(r)
		r.exec(r.t, fmt.Sprintf(`INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (%d, %d,
			'"[{\"id\": 7, \"data\": \"%s-03\", \"cliente_name\": \"%s\", \"artista_name\": \"Ana\", \"valor\": 450.0, \"forma_pagamento\": \"Pix\"}]"', '"[]"', '"[]"', '"[]"',
			'"{\"receita_total\": 450.0, \"comissoes_total\": 0.0, \"despesas_total\": 0.0, \"saldo\": 450.0, \"receita_liquida\": 450.0}"')`,
			last.Month, last.Year, last, client))
	}},
	{pt: "lançamentos atrasados", en: "late rows", issue: "none", entries: 1, set: func(r *rig) {
		r.closeMonth()
		r.addLate()
	}},
	{pt: "lançamentos atrasados, com --force", en: "late rows, with --force", issue: "none", entries: 2, set: func(r *rig) {
		r.closeMonth()
		r.addLate()
		r.args = []string{"--force"}
	}},
	{pt: "reaberto (em revisão)", en: "reopened (held)", exit: 3, code: "month_held", issue: "opened", entries: 2, set: func(r *rig) {
		r.closeMonth()
		r.must(r.t, 0, "reopen", last.String(), "--reason", client+" reclamou")
	}},
	{pt: "reaberto, com --force", en: "reopened, with --force", exit: 3, code: "month_held", issue: "opened", entries: 2, set: func(r *rig) {
		r.closeMonth()
		r.must(r.t, 0, "reopen", last.String(), "--reason", client+" reclamou")
		r.args = []string{"--force"}
	}},
	{pt: "ainda não venceu", en: "not due yet", issue: "none", set: func(r *rig) {
		due := time.Now().In(zone).Add(36 * time.Hour)
		r.more = []string{fmt.Sprintf("EXTRATO_SCHEDULE=0 2 %d %d *", due.Day(), due.Month())}
	}},
	{pt: "anterior a EXTRATO_CLOSE_FROM", en: "before EXTRATO_CLOSE_FROM", issue: "none", set: func(r *rig) { r.more = []string{"EXTRATO_CLOSE_FROM=" + current.String()} }},
	{pt: "a cadeia não continua: voltou uma cópia antiga do banco", en: "the chain head does not continue: an old copy of the database came back", exit: 4, code: "chain_broken", issue: "opened", entries: 1, set: func(r *rig) {
		old := r.clone(r.t)
		r.seen()
		r.url, r.path, r.backups = old.url, old.path, old.backups
		r.closeMonth()
	}},
	{pt: "a cadeia não continua: cópia antiga do banco, mês vencido", en: "the chain head does not continue: an old copy of the database, the month due", exit: 4, code: "chain_broken", issue: "opened", set: func(r *rig) {
		old := r.clone(r.t)
		r.seen()
		r.url, r.path, r.backups = old.url, old.path, old.backups
	}},
	{pt: "a cadeia não continua: um banco novo, antes de EXTRATO_CLOSE_FROM", en: "the chain head does not continue: a new database, before EXTRATO_CLOSE_FROM", exit: 4, code: "chain_broken", issue: "opened", set: func(r *rig) {
		old := r.clone(r.t)
		r.seen()
		r.url, r.path, r.backups = old.url, old.path, old.backups
		r.more = []string{"EXTRATO_CLOSE_FROM=" + current.String()}
	}},
	{pt: "a cadeia não continua: entrada reescrita", en: "the chain head does not continue: an entry was rewritten", exit: 4, code: "chain_broken", issue: "opened", entries: 1, set: func(r *rig) {
		r.seen()
		r.tamper(r.t, "UPDATE "+r.closings()+" SET actor = 'cli'")
	}},
	{pt: "a cadeia não continua: foi encurtada", en: "the chain head does not continue: it was cut short", exit: 4, code: "chain_broken", issue: "opened", entries: 1, set: func(r *rig) {
		r.closeMonth()
		r.must(r.t, 0, "reopen", last.String(), "--reason", "teste")
		r.closeMonth()
		r.seen()
		r.tamper(r.t, "DELETE FROM "+r.closings()+" WHERE seq > 1")
	}},
}

// line is a situation as the guide's table shows it.
func (c realSituation) line(out ran) string {
	said, _, _ := strings.Cut(strings.TrimPrefix(out.texts["step_summary"], "## Extrato "+last.String()+": "), "\n")
	var marks []string
	if out.result.Error != nil {
		marks = append(marks, "`"+out.result.Error.Code+"`")
	}
	for _, n := range out.result.Notes {
		if n.Code != "credentials_not_sent" { // in all of them
			marks = append(marks, n.Code)
		}
	}
	if len(marks) > 0 {
		said += ": " + strings.Join(marks, ", ")
	}
	return fmt.Sprintf("| %s / %s | %d | %s | %s | %d |\n", c.pt, c.en, out.code, said, out.result.Issue, len(out.result.Requests))
}

func (c realSituation) check(t *testing.T, r *rig, out ran) {
	t.Helper()
	res, code := out.result, ""
	if res.Error != nil {
		code = res.Error.Code
	}
	if out.code != c.exit || res.ExitCode != c.exit || code != c.code || res.Issue != c.issue {
		t.Errorf("exit %d (%d), cause %q, issue %s; want %d, %q, %s\n%s%s", out.code, res.ExitCode, code, res.Issue, c.exit, c.code, c.issue, out.texts["stdout"], out.texts["out/result.json"])
	}
	if len(res.Requests) != r.asked {
		t.Errorf("%d requests are recorded, %d were made", len(res.Requests), r.asked)
	}
	for _, place := range []string{"stdout", "out/summary.md", "step_summary"} {
		if out.texts[place] != res.Summary() {
			t.Errorf("%s is %q, want the summary %q", place, out.texts[place], res.Summary())
		}
	}
	if want := fmt.Sprintf("month=%s\nresult=%s\nexit_code=%d\nissue=%s\n", last, res.Outcome, c.exit, c.issue); out.texts["output"] != want {
		t.Errorf("the job's output is %q, want %q", out.texts["output"], want)
	}
	told := strings.Contains(out.texts["messages"], "Extrato "+last.String())
	if told != (c.exit != 0) || c.exit != 0 && !strings.Contains(out.texts["messages"], c.code) {
		t.Errorf("EXTRATO_NOTIFY told %q", out.texts["messages"])
	}
	if opened := strings.Contains(out.texts["calls of GitHub's API"], "POST issues "); opened != (c.issue == "opened") {
		t.Errorf("GitHub was called: %s", out.texts["calls of GitHub's API"])
	}
	entries, hash := r.head(t)
	if entries != c.entries {
		t.Errorf("the chain has %d entries, want %d", entries, c.entries)
	}
	if p := res.Proof; (p != nil) != (res.Outcome == safetynet.Proved) || p != nil && (p.Head.Hash != hash || !strings.Contains(out.texts["state.json"], hash)) {
		t.Errorf("the proof is %+v, the chain's head %s, the state %s", p, hash, out.texts["state.json"])
	}
}

// TestServe_ends_as_the_table_says runs the program itself against extrato
// serve, on both databases, and makes the guide's table of what happens.
func TestServe_ends_as_the_table_says(t *testing.T) {
	program := build(t)
	var lock sync.Mutex
	lines := map[string][]string{}
	t.Run("on", func(t *testing.T) {
		for name, open := range map[string]func(testing.TB, func() time.Time) *storetest.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
			t.Run(name, func(t *testing.T) {
				fresh := newStudio(t, program, open(t, time.Now))
				for _, c := range realSituations {
					t.Run(c.en, func(t *testing.T) {
						t.Parallel()
						r := newRig(t, fresh)
						if c.set != nil {
							c.set(r)
						}
						if !c.down {
							r.start()
						}
						out := r.run()
						r.stop()
						c.check(t, r, out)
						lock.Lock()
						defer lock.Unlock()
						lines[c.en] = append(lines[c.en], c.line(out))
					})
				}
			})
		}
	})
	if t.Failed() || len(lines) < len(realSituations) { // -run chose some of them
		return
	}
	table := "| Situação / Situation | Exit | Summary | Issue | Requests |\n|---|---|---|---|---|\n"
	for _, c := range realSituations {
		all := slices.Compact(lines[c.en])
		if len(all) != 1 {
			t.Errorf("SQLite and PostgreSQL differ: %q", all)
			continue
		}
		table += all[0]
	}
	inGuide(t, table)
}

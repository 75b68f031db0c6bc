package safetynet

import (
	"fmt"
	"strings"
)

// Note is something that people should know though nothing failed.
type Note struct {
	Code string `json:"code"`
	More string `json:"more,omitempty"`
}

func (r *Result) note(code string, more ...string) {
	r.Notes = append(r.Notes, Note{code, strings.Join(more, " ")})
}

// said is the text of a code: Portuguese and English.
type said struct{ pt, en string }

var outcomes = map[Outcome]said{
	Proved:   {"fechado e comprovado", "closed and proved"},
	Accepted: {"fechado, segundo o servidor (v4 não oferece provas)", "closed, says the server (v4 offers no proof)"},
	Left:     {"em aberto, deixado como está", "open, left as it is"},
	Failed:   {"FALHOU", "FAILED"},
}

// notes are the texts of the notes; what a note adds stands behind both.
var notes = map[string]said{
	"no_v1":                {"O servidor só tem os endpoints da v4; totais e cadeia não foram conferidos.", "The server has v4's endpoints only; totals and chain were not checked."},
	"not_due_yet":          {"O mês ainda não venceu. Vence em:", "The month is not due yet. It is due at:"},
	"before_close_from":    {"O mês é anterior a EXTRATO_CLOSE_FROM; uma pessoa decide. A agenda começa em:", "The month is before EXTRATO_CLOSE_FROM; a person decides. The schedule begins with:"},
	"closed_by_net":        {"O servidor não tinha fechado o mês sozinho; a rede de segurança pediu o fechamento. Veja o log dele.", "The server had not closed the month by itself; the safety net asked for it. Look in its log."},
	"answer_lost":          {"O pedido de fechamento não teve boa resposta, mas o mês está fechado.", "The request to close had no good answer, but the month is closed."},
	"backup_failed":        {"O backup pedido falhou; o servidor faz o seu ao fechar.", "The backup that was asked for failed; the server makes its own when it closes."},
	"no_backup":            {"O extrato foi fechado sem backup (EXTRATO_REQUIRE_BACKUP=false).", "The statement was closed without a backup (EXTRATO_REQUIRE_BACKUP=false)."},
	"statement_of_v4":      {"Quem fechou foi a v4: não há backup nosso.", "It was v4 that closed the month: there is no backup of ours."},
	"not_verified":         {"Extrato e backup não foram relidos agora; vale a última verificação.", "Statement and backup were not read back now; their last verification counts."},
	"not_compared":         {"A cadeia não foi comparada com a de antes: a issue que conta que ela foi quebrada fica aberta até a próxima execução que comparar.", "The chain was not compared with the one seen before: the issue that tells that it was broken stays open until a run that compares."},
	"late_rows":            {"Há lançamentos atrasados; para incluí-los: extrato close MÊS --force.", "There are late rows; to take them in: extrato close MONTH --force."},
	"credentials_not_sent": {"EXTRATO_API_BASE_URL traz usuário e senha: não podem ir junto com o token e não foram enviados. Tire-os do endereço.", "EXTRATO_API_BASE_URL holds a user and a password: they cannot go along with the token, and were not sent. Take them out of the address."},
	"issue_failed":         {"A issue no GitHub não pôde ser escrita.", "The issue on GitHub could not be written."},
	"issues_off":           {"As issues deste repositório estão desligadas (410): ligue em Settings → General → Features → Issues.", "This repository's issues are switched off (410): switch them on in Settings → General → Features → Issues."},
	"notify_failed":        {"Um aviso (EXTRATO_NOTIFY) não pôde ser enviado.", "A message (EXTRATO_NOTIFY) could not be sent."},
}

// causes are the Portuguese texts of the codes of failures.
var causes = map[string]string{ //nolint:gosec // texts about secrets, none of them one
	"unreachable": "O servidor não responde, ou cortou a resposta.", "timeout": "O servidor não respondeu a tempo.",
	"no_token": "O segredo EXTRATO_API_TOKEN não está definido.", "invalid_setting": "EXTRATO_API_BASE_URL não é o endereço de um servidor.",
	"took_too_long": "A execução inteira demorou demais.", "interrupted": "A execução foi interrompida.",
	"bad_token": "O servidor não aceita o token: confira o segredo EXTRATO_API_TOKEN.", "forbidden": "O token não tem permissão: confira os escopos (backup, close, read) do segredo EXTRATO_API_TOKEN.",
	"too_many_requests": "O servidor pede para esperar (429).", "server_error": "O servidor falhou.", "bad_answer": "A resposta não é o JSON esperado.",
	"month_held": "O mês foi reaberto; uma pessoa deve fechá-lo.", "month_not_ended": "O mês ainda não terminou.", "backup_required": "O servidor não consegue fazer o backup exigido.",
	"clocks_differ": "Os relógios das duas máquinas discordam.", "proof_gone": "O servidor não oferece mais as provas que oferecia.",
	"chain_broken": "A cadeia de fechamentos não continua a que foi vista antes.", "statement_not_in_chain": "O extrato não está na cadeia de fechamentos.",
	"statement_changed": "O extrato foi alterado depois do fechamento.", "statement_differs": "O extrato não confere.", "wrong_month": "O servidor respondeu sobre outro mês.",
	"backup_corrupt": "O backup do extrato está corrompido.", "backup_stale": "O backup não corresponde ao extrato.", "backup_missing": "O backup do extrato não existe mais.",
	"backup_incomplete": "O backup do extrato está incompleto.", "backup_legacy": "O backup do extrato não tem manifesto.", "backup_differs": "O backup não é o que o extrato nomeia.",
	"not_closed": "O mês continua sem extrato.", "unexpected_answer": "O servidor deu uma resposta inesperada: confira EXTRATO_API_BASE_URL.",
	"bad_state": "O estado guardado não pode ser lido.", "state_unknown": "O estado da última execução não pôde ser buscado.",
	"cannot_write": "Um arquivo não pôde ser escrito.", "no_identity": "O GitHub não deu identidade a esta execução.",
}

// Summary tells people in Markdown what a run came to, in Portuguese and in
// English. It says how many rows, not whose, and no amounts.
func (r Result) Summary() string {
	var b strings.Builder
	o := outcomes[r.Outcome]
	fmt.Fprintf(&b, "## Extrato %s: %s / %s\n\n", r.Month, o.pt, o.en)
	if r.Error != nil {
		pt := causes[r.Error.Code]
		if pt == "" {
			pt = "Veja a causa em inglês, abaixo."
		}
		fmt.Fprintf(&b, "- **Causa:** %s\n- **Cause:** %s (`%s`, exit %d)\n", pt, r.Error.Message, r.Error.Code, r.ExitCode)
		if r.Error.Hint != "" {
			fmt.Fprintf(&b, "- **O que fazer / what to do:** %s\n", r.Error.Hint)
		}
	}
	if p := r.Proof; p != nil {
		b.WriteString(p.markdown())
	}
	for _, n := range r.Notes {
		s := notes[n.Code]
		fmt.Fprintf(&b, "- %s\n- %s\n", strings.TrimSpace(s.pt+" "+n.More), strings.TrimSpace(s.en+" "+n.More))
	}
	fmt.Fprintf(&b, "- Pedidos / requests: %d\n", len(r.Requests))
	return b.String()
}

func (p *Proof) markdown() string {
	compared := "não / no"
	if p.Compared {
		compared = "sim / yes"
	}
	return fmt.Sprintf("- Revisão / revision %d: %s / %s\n", p.Revision, p.Counts.Portuguese(), p.Counts.English()) +
		fmt.Sprintf("- Impressão digital / fingerprint: `%s`\n- Backup SHA-256: `%s`\n- Cadeia / chain head: %d `%s`\n- Continua a que foi vista antes / continues the one seen before: %s\n",
			p.Fingerprint, p.BackupSHA256, p.Head.Seq, p.Head.Hash, compared)
}

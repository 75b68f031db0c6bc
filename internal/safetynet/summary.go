package safetynet

import (
	"cmp"
	"fmt"
	"strings"
)

// Note is a message for people about a successful run.
type Note struct {
	Code string `json:"code"`
	More string `json:"more,omitempty"`
}

func (r *Result) note(code string, more ...string) {
	r.Notes = append(r.Notes, Note{code, strings.Join(more, " ")})
}

// said is the text of a code: Portuguese and English.
type said struct{ pt, en string }

// with returns the text with a note's detail.
func (s said) with(more string) said {
	if !strings.Contains(s.pt+s.en, "%s") && more != "" {
		return said{s.pt + " " + more, s.en + " " + more}
	}
	return said{strings.ReplaceAll(s.pt, "%s", more), strings.ReplaceAll(s.en, "%s", more)}
}

var outcomes = map[Outcome]said{
	Proved:   {"fechado e comprovado", "closed and proved"},
	Accepted: {"fechado, segundo o servidor (v4 não oferece provas)", "closed, says the server (v4 offers no proof)"},
	Left:     {"em aberto, deixado como está", "open, left as it is"},
	Failed:   {"FALHOU", "FAILED"},
}

// notes are the texts of the notes. A note's detail replaces %s or, without
// one, follows both languages.
var notes = map[string]said{
	"no_v1":                {"O servidor só tem os endpoints da v4; totais e cadeia não foram conferidos.", "The server has v4's endpoints only; totals and chain were not checked."},
	"not_due_yet":          {"O mês ainda não venceu; vence em %s.", "The month is not due yet; it is due at %s."},
	"before_close_from":    {"O mês é anterior a EXTRATO_CLOSE_FROM; uma pessoa decide. A agenda começa em %s.", "The month is before EXTRATO_CLOSE_FROM; a person decides. The schedule begins with %s."},
	"closed_by_net":        {"O servidor não tinha fechado o mês sozinho; a rede de segurança pediu o fechamento. Veja o log dele.", "The server had not closed the month by itself; the safety net asked for it. Look in its log."},
	"answer_lost":          {"O pedido de fechamento não teve boa resposta (%s), mas o mês está fechado.", "The request to close had no good answer (%s), but the month is closed."},
	"backup_failed":        {"O backup pedido falhou; o fechamento foi pedido mesmo assim.", "The requested backup failed (%s); the close was requested all the same."},
	"no_backup":            {"O extrato foi fechado sem backup (EXTRATO_REQUIRE_BACKUP=false).", "The statement was closed without a backup (EXTRATO_REQUIRE_BACKUP=false)."},
	"copy_pending":         {"O backup ainda não tem cópia conferida em %s dos lugares de EXTRATO_BACKUPS_COPY: extrato backup copy.", "The backup has no proved copy yet in %s of the places of EXTRATO_BACKUPS_COPY: extrato backup copy."},
	"copy_bad":             {"Em %s dos lugares de EXTRATO_BACKUPS_COPY a cópia do backup sumiu, está escondida ou foi trocada: extrato backup copy.", "In %s of the places of EXTRATO_BACKUPS_COPY the backup's copy is gone, hidden or altered: extrato backup copy."},
	"statement_of_v4":      {"Quem fechou foi a v4: não há backup nosso.", "V4 closed the month: there is no backup of ours."},
	"not_verified":         {"Extrato e backup não foram relidos agora; vale a última verificação.", "Statement and backup were not read back now (%s); their last verification counts."},
	"not_compared":         {"A cadeia não foi comparada com a de antes: a issue sobre a cadeia quebrada fica aberta até a próxima comparação.", "The chain was not compared with the one seen before: the issue about the broken chain stays open until the next comparison."},
	"drill_different":      {"O teste de restauração achou backup que não devolve o extrato: %s. Não apague nada; veja Backups.", "A drill found a backup that does not give its statement again: %s. Delete nothing; see extrato drill MONTH."},
	"drill_failed":         {"O teste de restauração não pôde ser feito: %s. Veja Backups.", "A drill could not run: %s. See extrato drill MONTH."},
	"drill_old":            {"O último teste de restauração do servidor foi em %s; ele devia fazer um por mês.", "The server's last drill was on %s; it should make one every month."},
	"drill_none":           {"O servidor ainda não fez nenhum teste de restauração; devia fazer um por mês. Veja o log dele.", "The server has made no drill yet; it should make one every month. Look in its log."},
	"drills_unknown":       {"O servidor não disse como foram os testes de restauração.", "The server did not say how its drills went."},
	"log_first_seen":       {"O registro assinado foi visto pela primeira vez. Confira a chave com o estúdio: %s", "The signed head was seen for the first time. Compare the key with the studio's: %s"},
	"not_cosigned":         {"A assinatura da rede não pôde ser guardada no servidor.", "The net's signature could not be left on the server: %s."},
	"late_rows":            {"Há lançamentos atrasados; para incluí-los: extrato close MÊS --force.", "There are late rows; to take them in: extrato close MONTH --force."},
	"credentials_not_sent": {"EXTRATO_API_BASE_URL traz usuário e senha: não podem ir junto com o token e não foram enviados. Tire-os do endereço; um proxy que os exija deve deixar /api/ passar sem eles.", "EXTRATO_API_BASE_URL holds a user and a password: they cannot go along with the token, and were not sent. Take them out of the address; a proxy with a password should let /api/ pass without it."},
	"issue_failed":         {"A issue no GitHub não pôde ser escrita.", "The issue on GitHub could not be written: %s."},
	"issues_off":           {"As issues deste repositório estão desligadas (410): ligue em Settings → General → Features → Issues.", "This repository's issues are switched off (410): switch them on in Settings → General → Features → Issues."},
	"besides":              {"Há mais um problema além desta falha: %s.", "There is one more problem besides this failure: %s."},
	"notify_failed":        {"Um aviso (EXTRATO_NOTIFY) não pôde ser enviado.", "A message (EXTRATO_NOTIFY) could not be sent."},
}

// cause is a failure's Portuguese text: the fault and the remedy. The English
// is the error's own.
type cause struct{ is, do string }

var causes = map[string]cause{
	"unreachable":            {"O servidor não responde, ou cortou a resposta.", "Ligue o servidor, ou corrija EXTRATO_API_BASE_URL."},
	"timeout":                {"O servidor não respondeu a tempo.", "Veja a carga e o log do servidor."},
	"took_too_long":          {"A execução inteira demorou demais.", "Veja a carga e o log do servidor."},
	"interrupted":            {"A execução foi interrompida.", "Rode de novo."},
	"internal":               {"Algo inesperado falhou nesta máquina.", "Veja o log desta execução e rode de novo."},
	"server_error":           {"O servidor falhou.", "Veja o log do servidor."},
	"bad_answer":             {"A resposta não é o JSON esperado.", "O servidor pode ser de uma versão antiga, ou algo entre a rede e ele altera as respostas."},
	"too_many_requests":      {"O servidor pede para esperar (429).", "Veja EXTRATO_RATE_LIMIT no servidor."},
	"not_closed":             {"O mês continua sem extrato.", "Veja o log do servidor."},
	"no_identity":            {"O GitHub não deu identidade a esta execução.", "O job precisa da permissão id-token: write."},
	"state_unknown":          {"O estado da última execução não pôde ser buscado.", "O job precisa da permissão actions: read. Se há milhares de artefatos safetynet-state, apague os de outros; sem o estado ninguém compara a cadeia."},
	"no_token":               {"O segredo EXTRATO_API_TOKEN não está definido.", "Crie um no servidor: extrato token create safetynet --scope backup --scope close --scope read. No GitHub, EXTRATO_JOB_OIDC_AUDIENCE e id-token: write o dispensam."},
	"invalid_setting":        {"Uma configuração está errada; qual delas, diz a linha seguinte.", "Corrija-a no ambiente da rede (no GitHub, nos segredos e variáveis); um endereço se escreve https://estudio.exemplo."},
	"bad_token":              {"O servidor não aceita nossa identificação (401).", "Confira o segredo EXTRATO_API_TOKEN: pode ter vencido; ou a identidade que EXTRATO_JOB_OIDC_* fixa."},
	"forbidden":              {"O servidor nos reconhece, mas falta permissão para isto (403).", "O token de EXTRATO_API_TOKEN precisa dos escopos backup, close e read."},
	"month_held":             {"O mês foi reaberto.", "Uma pessoa deve fechá-lo: extrato close MÊS."},
	"month_not_ended":        {"O mês ainda não terminou.", "Confira o mês pedido, e compare os relógios e TZ das duas máquinas."},
	"clocks_differ":          {"Os relógios das duas máquinas discordam.", "Compare os relógios das duas máquinas."},
	"backup_required":        {"O servidor exige um backup e não consegue fazê-lo.", "Veja a pasta de backups dele: extrato doctor."},
	"v4_backup_required":     {"A v4 exige um backup e não tem nenhum.", "Veja o log e a pasta de backups da v4. Um mês sem lançamentos nunca ganha backup na v4: para ele, ponha EXTRATO_REQUIRE_BACKUP=false na v4, feche o mês e depois retire."},
	"proof_gone":             {"O servidor não oferece mais as provas que oferecia.", "Veja o que há entre a rede e ele; depois de voltar à v4 de propósito, remova o arquivo de estado."},
	"redirected":             {"O endereço do servidor leva a outro endereço.", "Escreva esse outro endereço em EXTRATO_API_BASE_URL, muitas vezes com https:// em vez de http://."},
	"unexpected_answer":      {"O servidor deu uma resposta inesperada.", "Confira EXTRATO_API_BASE_URL, o log do servidor e o que há entre a rede e ele."},
	"cannot_write":           {"Um arquivo não pôde ser escrito.", "Veja --state e --out."},
	"chain_broken":           {"A cadeia de fechamentos não continua a que foi vista antes.", "Alguém alterou os livros ou restaurou uma cópia antiga: extrato audit verify; depois compare com os extratos impressos antes."},
	"forked_log":             {"O registro assinado não continua o que foi visto antes.", "Alguém alterou os livros ou restaurou uma cópia antiga: extrato audit verify; guarde as duas versões e compare com os extratos impressos antes."},
	"older_head":             {"O registro assinado é mais antigo do que o visto antes.", "O fim do registro foi cortado, ou uma cópia antiga foi restaurada: extrato audit verify."},
	"other_log":              {"O servidor tem o registro de outro estúdio.", "Confira EXTRATO_API_BASE_URL e qual banco está por trás."},
	"unsigned_head":          {"Nenhuma chave conhecida do estúdio assinou o registro.", "Se a chave se perdeu e foi trocada, peça a nova ao estúdio e rode: extrato safetynet --key CHAVE. Se não, alguém responde no lugar do servidor."},
	"wrong_signature":        {"A assinatura do registro está errada.", "Veja o que há entre a rede e o servidor: extrato audit verify."},
	"not_in_log":             {"Uma entrada da cadeia não está no registro assinado.", "extrato audit verify."},
	"no_signing_key":         {"A chave que assina o registro se perdeu.", atServer + "extrato audit rekey --reason MOTIVO."},
	"bad_signing_key":        {"A chave que assina o registro foi alterada no banco.", atServer + "extrato doctor."},
	"broken_chain":           {"Uma entrada da cadeia não pode ser lida.", "extrato audit verify."},
	"statement_not_in_chain": {"O extrato não está na cadeia de fechamentos.", "extrato audit verify."},
	"statement_changed":      {"O extrato foi alterado no banco depois do fechamento.", "extrato audit verify; deixe o banco como está."},
	"statement_differs":      {"O extrato não confere.", "extrato audit verify."},
	"broken_row":             {"Um lançamento do mês não pode ser lido com exatidão.", atServer + "extrato close MÊS."},
	"row_twice":              {"O mesmo lançamento está em aberto e no extrato do mês.", atServer + "extrato close MÊS --force."},
	"broken_statement":       {"O extrato guardado não pode ser lido.", atServer + "extrato audit verify."},
	"statement_gone":         {"O mês foi fechado, mas o seu extrato sumiu do banco.", atServer + "extrato close MÊS."},
	"database_corrupt":       {"O arquivo do banco está danificado.", atServer + "extrato doctor."},
	"server_integrity":       {"Dados guardados no servidor estão danificados.", atServer + "extrato close MÊS; extrato audit verify."},
	"server_refuses":         {"O servidor recusa: uma pessoa deve decidir.", atServer + "extrato close MÊS."},
	"unknown_column":         {"Um lançamento traz algo numa coluna que o servidor não conhece.", atServer + "extrato close MÊS."},
	"clock_doubtful":         {"O servidor duvida do próprio relógio.", atServer + "extrato doctor."},
	"disk_full":              {"O disco do servidor está cheio, ou não aceita nada.", atServer + "extrato doctor."},
	"database_unwritable":    {"O servidor não consegue gravar no banco.", atServer + "extrato doctor."},
	"statement_too_large":    {"O extrato é maior do que o banco pode guardar.", atServer + "extrato close MÊS."},
	"statement_of_v4":        {"O extrato do mês é da v4, que não aceita revisão.", atServer + "extrato close MÊS --force."},
	"wrong_month":            {"O servidor respondeu sobre outro mês.", "Veja o que há entre a rede e o servidor."},
	"backup_corrupt":         {"O backup do extrato está corrompido.", readBackups},
	"backup_stale":           {"O backup não corresponde ao extrato.", readBackups},
	"backup_missing":         {"O backup do extrato não existe mais.", readBackups},
	"backup_incomplete":      {"O backup do extrato está incompleto.", readBackups},
	"backup_legacy":          {"O backup do extrato não tem manifesto.", readBackups},
	"backup_differs":         {"O backup não é o registrado no extrato.", readBackups},
	"bad_state":              {"O estado guardado não pode ser lido.", "Ponha uma cópia anterior do arquivo no lugar, ou remova-o para começar de novo; no GitHub, apague o artefato safetynet-state mais novo."},
}

const atServer = "No servidor: "

const readBackups = "extrato backup verify MÊS; não apague nada."

// Summary writes a run's outcome in Markdown, in Portuguese and in English. It
// holds numbers of rows, no names and no amounts.
func (r Result) Summary() string {
	var b strings.Builder
	for _, e := range r.Earlier {
		b.WriteString(e.Summary() + "\n")
	}
	o := outcomes[r.Outcome]
	fmt.Fprintf(&b, "## Extrato %s: %s / %s\n\n", r.Month, o.pt, o.en)
	if r.Error != nil {
		b.WriteString(r.cause())
	}
	if p := r.Proof; p != nil {
		b.WriteString(p.markdown())
	}
	for _, n := range r.Notes {
		s := notes[n.Code].with(n.More)
		b.WriteString(r.named(fmt.Sprintf("- %s\n- %s\n", s.pt, s.en)))
	}
	fmt.Fprintf(&b, "- Pedidos / requests: %d\n", len(r.Requests))
	return b.String()
}

// named is a text with this month where it says MONTH.
func (r Result) named(text string) string {
	return strings.NewReplacer("MÊS", r.Month.String(), "MONTH", r.Month.String()).Replace(text)
}

// cause writes a run's failure and its remedy.
func (r Result) cause() string {
	pt, ok := causes[r.Error.Code]
	if !ok {
		pt = cause{"Veja a causa em inglês.", "Veja em inglês."}
	}
	en := cmp.Or(r.Error.Hint, "look in this run's log, and run it again")
	return fmt.Sprintf("- **Causa:** %s\n- **Cause:** %s (`%s`, exit %d)\n", pt.is, r.Error.Message, r.Error.Code, r.ExitCode) +
		r.named(fmt.Sprintf("- **O que fazer:** %s\n- **What to do:** %s\n", pt.do, en))
}

func (p *Proof) markdown() string {
	compared := "não / no"
	if p.Compared {
		compared = "sim / yes"
	}
	cosigned := "não / no"
	if p.Cosigned {
		cosigned = "sim / yes"
	}
	head, _, _ := strings.Cut(p.Checkpoint, "\n\n")
	return fmt.Sprintf("- Revisão / revision %d: %s / %s\n", p.Revision, p.Counts.Portuguese(), p.Counts.English()) +
		fmt.Sprintf("- Impressão digital / fingerprint: `%s`\n- Backup SHA-256: `%s`\n- Cadeia / chain head: %d `%s`\n- Continua a que foi vista antes / continues the one seen before: %s\n",
			p.Fingerprint, p.BackupSHA256, p.Head.Seq, p.Head.Hash, compared) +
		fmt.Sprintf("- Registro assinado / signed head: `%s`; assinado também por esta rede / cosigned by this net: %s\n", strings.ReplaceAll(head, "\n", " "), cosigned)
}

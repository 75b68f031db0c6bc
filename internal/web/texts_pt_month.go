package web

// textsPtMonth are the words of the pages of a month: closing, reopening,
// statements, Início.
var textsPtMonth = map[string]string{
	// Months.
	"moment format": "02/01/2006 às 15:04", "short day format": "02/01",
	"month open": "em aberto", "month due": "a fechar", "month closed": "fechado", "month late": "com atrasados", "month held": "reaberto",
	"backup broken": "backup com problema", "backup unchecked": "backup por conferir",
	"backup corrupt": "O backup mudou depois do fechamento.", "backup missing": "O arquivo do backup sumiu.",
	"revenue": "Receita", "commissions": "Comissões", "expenses": "Gastos", "net": "Líquido",
	"commissions count": "%d comissão|%d comissões", "expenses count": "%d gasto|%d gastos",
	"see month": "Ver %s", "see statement": "Ver o extrato", "reopen": "Reabrir", "nobody": "sem cliente",
	"page before": "‹ Anterior", "page next": "Seguinte ›",

	"years": "Anos", "months": "Meses", "client": "Cliente", "artist": "Artista", "payment": "Pagamento", "of": "de", "share": "Parte", "category": "Categoria",
	"total": "Total", "total of": "Total (%d)", "parts of": "Páginas de %s", "part of": "%d a %d de %d",
	"no payments": "Nenhum pagamento.", "no commissions": "Nenhuma comissão.", "no sessions": "Nenhuma sessão.", "no expenses": "Nenhum gasto.",
	"nothing earned": "Nenhuma receita.", "no description": "sem descrição",
	"sessions done": "Sessões realizadas", "by artist": "Comissões por Artista", "by method": "Receita por Forma de Pagamento",
	"month's expenses": "Gastos do Mês", "month's totals": "Totais do Mês",
	"done open": "em aberto", "done paid": "paga", "done completed": "concluída",
	"total revenue": "Receita total", "total expenses": "Despesas", "balance": "Saldo (receita − despesas)", "net revenue": "Receita líquida",
	"produced": "Produzido",

	// Statements and months without one.
	"statement of": "Extrato de %s", "history month": "Histórico de %s", "history text": "Os meses que ainda não têm extrato.",
	"not closed yet": "%s ainda não foi fechado.", "no statements": "Ainda não há extratos. O primeiro aparece quando um mês fechar.", "no open months": "Nenhum mês em aberto.",
	"revision of": "Revisão %d do extrato de %s", "earlier revision": "revisão anterior", "newest revision": "Ver a revisão de agora",
	"revisions": "O que mudou", "revision n": "Revisão %d", "reopened n": "Reabertura da revisão %d", "when": "Quando", "reason": "Motivo",
	"check and close": "Conferir e fechar", "month": "Mês",

	// Início.
	"what waits": "O que espera hoje", "all done": "Tudo em dia.", "month so far": "Este mês até agora", "same days": "Sempre até o dia %d, para comparar dias iguais.",
	"day by day": "%s, dia por dia", "revenue by day": "Receita por dia", "plot of days": "Receita por dia de %s; hoje %s", "see as table": "Ver em tabela",
	"last months": "Últimos 12 meses", "net in reais": "líquido em R$", "last entries": "Últimos lançamentos", "my last entries": "Meus últimos pagamentos", "today": "hoje",
	"more than": "▲ %s %% que %s", "less than": "▼ %s %% que %s", "same as": "igual a %s", "was": "%s em %s",
	"to receive": "a receber", "sessions owing": "%d sessão sem pagamento completo|%d sessões sem pagamento completo", "owed text": "Faltam %s.",
	"late count": "%d lançamento atrasado|%d lançamentos atrasados", "old months": "%d mês antigo em aberto|%d meses antigos em aberto",
	"task late": "%s tem %s", "task late text": "Entrou depois do fechamento.", "task held": "%s está reaberto", "task held text": "Só fecha de novo quando alguém fechar.",
	"task due": "%s terminou e não foi fechado", "task due text": "O fechamento automático não o fechou.", "task ended": "%s terminou", "task ended text": "Fecha sozinho em %s.",
	"task old": "%s está em aberto", "task old text": "É de antes do fechamento automático: espera por você.", "task backup": "%s: há um problema com o backup",

	// Closing a month.
	"close month": "Fechar %s", "becomes a statement": "%s vira extrato: %s.",
	"before closing": "Antes de fechar", "nothing blocks": "nada disto impede",
	"where the copy goes": "Para onde vai o backup", "this computer": "Neste computador", "room": "há lugar: %s livres",
	"close text":     "Pode fechar o navegador: o fechamento continua. Dá para reabrir depois.",
	"closed now":     "%s fechado. O backup foi conferido byte a byte.",
	"closed already": "%s já estava fechado.", "statement wrong": "extrato com problema",
	"check no_commission": "pagamento sem comissão|pagamentos sem comissão", "check no_commission none": "Nenhum pagamento sem comissão",
	"check no_client": "pagamento sem cliente|pagamentos sem cliente", "check no_client none": "Nenhum pagamento sem cliente",
	"check unpaid_session": "sessão de {mês} que ninguém pagou|sessões de {mês} que ninguém pagou", "check unpaid_session none": "Nenhuma sessão por receber",
	"check part_paid": "sessão sai com uma parte por receber|sessões saem com uma parte por receber", "check part_paid none": "Nenhuma sessão sai com uma parte por receber",
	"check coming_deposit": "sinal cuja sessão ainda vem|sinais cuja sessão ainda vem", "check coming_deposit none": "Nenhum sinal de sessão que ainda vem",
	"check equal_payments": "duplicata possível|duplicatas possíveis", "check equal_payments none": "Nenhuma duplicata possível",
	"check missing_expense": "gasto que {antes} tinha e {mês} não|gastos que {antes} tinha e {mês} não", "check missing_expense none": "Nenhum gasto do mês anterior falta",
	"check earlier_open": "mês anterior em aberto|meses anteriores em aberto", "check earlier_open none": "Nenhum mês anterior em aberto",
	"check v4_closes": "mês que a v4 fechou sozinha: desligue o fechamento dela|meses que a v4 fechou sozinha: desligue o fechamento dela", "check v4_closes none": "Nenhum fechamento da v4 no caminho",
	"check artist": "%s (%d)", "check deposit": "%s, %s, sessão de %s", "and more": "e mais %d|e mais %d",
	"see them": "Ver", "see payments": "Ver pagamentos", "see expenses": "Ver gastos", "receive": "Receber",

	// Late rows.
	"late rows": "Lançamentos atrasados", "late sentence": "%d lançamento entrou depois do fechamento.|%d lançamentos entraram depois do fechamento.",
	"before": "Antes", "after": "Depois", "take late rows": "Incluir os atrasados",
	"late text": "O extrato ganha uma revisão nova; a de agora fica guardada.",
	"what":      "O quê", "date": "Data", "recorded at": "Lançado", "amount": "Valor",
	"late payment": "Pagamento · %s", "late session": "Sessão · %s", "late commission": "Comissão · %s", "late expense": "Gasto · %s",

	// Reopening a month.
	"reopened now": "%s reaberto. Corrija o que for preciso e feche de novo.", "leave closed": "Deixar fechado",
	"reopen sentence": "Voltam a ficar em aberto: %s.", "reopen rows": "Os lançamentos voltam exatamente como eram e podem ser corrigidos.",
	"reopen statement": "O extrato sai do lugar e fica guardado como revisão %d.", "reopen held": "O mês só fecha de novo quando alguém fechar: o fechamento automático não mexe nele.",
	"reopen emptied":   "%d lançamento volta sem o vínculo, porque o outro lado foi excluído.|%d lançamentos voltam sem o vínculo, porque o outro lado foi excluído.",
	"reopen beside v4": "A v4 usa o mesmo banco de dados: mantenha o fechamento dela desligado, e o Histórico dela fechado, até fechar de novo aqui.",
	"field motivo":     "Motivo", "reason text": "Fica para sempre no registro de fechamentos, com seu nome e a hora.",

	// A close at work.
	"run started": "Começou às %s.", "run elsewhere": "Este fechamento está com outro servidor, ou parou no meio.",
	"run unknown":   "Enquanto o mês não aparecer fechado, nada mudou. Esta página confere de novo sozinha.",
	"stage reading": "Lendo", "stage copying": "Copiando", "stage verifying": "Conferindo o backup", "stage storing": "Gravando o extrato",
	"stage removing": "Retirando os lançamentos", "stage finished": "Pronto",

	// The proof.
	"proof title": "Prova", "proof details": "Detalhes para quem quer conferir",
	"proof": "Fechado em %s com %s; backup conferido byte a byte.", "proof short": "Fechado em %s; backup conferido byte a byte.",
	"proof without backup": "Fechado em %s com %s, sem backup.", "proof of v4": "Fechado pela v4; registrado aqui em %s.",
	"proof unrecorded": "Fechado pela v4, ainda não registrado.",
	"proof chain":      "Registro de fechamentos", "proof chain number": "nº %d", "proof by": "Quem fechou", "by schedule": "o fechamento automático",
	"proof fingerprint": "Impressão das linhas", "proof file": "Backup", "proof hash": "Elo", "proof correlation": "Correlação",

	// Refusals.
	"refused not ended": "%s ainda não terminou.", "refused not ended fix": "Um mês só fecha depois do último dia. Até lá, é só continuar lançando.",
	"refused clock": "%s ficou como estava: o relógio não confere.", "refused clock fix": "Peça a quem cuida do servidor para acertar a hora, e tente de novo.",
	"refused unwritable": "%s ficou como estava: o backup não pôde ser gravado.", "refused unwritable fix": "A pasta dos backups está cheia, sem permissão ou desligada. Resolva isso e tente de novo.",
	"refused places": "%s ficou como estava: um lugar das cópias não pôde ser usado.", "refused places fix": "Aqui um mês só fecha quando todos os lugares têm o backup dele. Veja no Diagnóstico qual falha, resolva e tente de novo.",
	"refused slow": "%s ficou como estava: o lugar dos backups não respondeu a tempo.", "refused slow fix": "O disco ou a rede está lento ou parado. Tente de novo daqui a pouco.",
	"refused backup": "%s ficou como estava: o backup não conferiu.", "refused backup fix": "O arquivo gravado voltou diferente na conferência. Pode ser o disco: chame quem cuida do servidor.",
	"refused disk": "%s ficou como estava: falta espaço no disco.", "refused disk fix": "Libere espaço e tente de novo.",
	"refused busy": "%s ficou como estava: outras pessoas lançavam ao mesmo tempo.", "refused busy fix": "Tente de novo.",
	"refused locked": "%s está sendo fechado ou reaberto por outro programa.", "refused locked fix": "Espere um minuto e tente de novo.",
	"refused column": "%s ficou como estava: há dados numa coluna que este programa não conhece.", "refused column fix": "O backup não a guardaria. Chame quem cuida do servidor.",
	"refused return": "%s ficou como estava: os lançamentos não poderiam voltar depois.", "refused return fix": "Algo no banco de dados os prende. Chame quem cuida do servidor.",
	"refused row": "%s ficou como estava: um lançamento não pode ser lido com exatidão.", "refused row fix": "Corrija esse lançamento e tente de novo.",
	"refused database": "%s ficou como estava: o banco de dados está danificado.", "refused database fix": "Não apague nada e chame quem cuida do servidor.",
	"refused changed": "%s: o extrato foi alterado depois do fechamento.", "refused changed fix": "Alguém mexeu no banco de dados, por isso nenhum valor aparece aqui. Guarde tudo como está e chame quem cuida do servidor.",
	"refused gone": "%s: o extrato sumiu do banco de dados.", "refused gone fix": "O backup ainda tem os lançamentos. Não apague nada e chame quem cuida do servidor.",
	"refused v4": "%s: o extrato é da v4 e não pode ser mudado.", "refused v4 fix": "Faltam nele os números dos lançamentos. Corrija o que for preciso no mês de agora.",
	"refused outcome": "%s: não sabemos se foi fechado, a conexão caiu no fim.", "refused outcome fix": "Tente de novo: se já estiver fechado, a página mostra.",
	"refused unreachable": "%s ficou como estava: o banco de dados não respondeu.", "refused unreachable fix": "Tente de novo daqui a pouco.",
	"refused not closed": "%s está em aberto.", "refused not closed fix": "Não há o que reabrir: dá para lançar e corrigir agora.",
	"refused held": "%s já está reaberto.", "refused held fix": "Corrija o que for preciso e feche de novo.",
	"refused elsewhere": "%s não pode ser reaberto ainda.", "refused elsewhere fix": "Um lançamento dele está ligado a outro mês fechado. Reabra aquele antes.",
	"refused taken": "%s não pode ser reaberto: um dos lançamentos já está em aberto.", "refused taken fix": "Alguém já o pôs de volta à mão. Chame quem cuida do servidor.",
	"refused other": "%s ficou como estava.", "refused other fix": "Algo impediu, e nada mudou. Mande o número abaixo a quem cuida do sistema.",
}

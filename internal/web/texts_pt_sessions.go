package web

// textsPtSessions are the words of the pages of sessions.
var textsPtSessions = map[string]string{
	// The list.
	"tab owing": "Por receber", "tab coming": "Agendadas", "tab month": "Todas do mês",
	"new session button": "Nova sessão", "price": "Preço", "price small": "preço", "received short": "Recebido", "received small": "recebido", "owed short": "Falta",
	"nothing received": "nada", "from client": "de %s",
	"owing count": "%d por receber|%d por receber", "owing sum": "%s, faltam %s", "owing until today": "; até hoje, %s",
	"coming count": "%d agendada|%d agendadas", "sessions count": "%d sessão|%d sessões", "sessions of month": "%s em %s",
	"no owing sessions": "Nada por receber", "no owing sessions text": "Aqui aparece toda sessão que ainda não recebeu o preço inteiro.",
	"no coming sessions": "Nenhuma sessão agendada", "no coming sessions text": "Marque uma e ela aparece aqui até ser concluída. Um sinal já pode ser recebido.",
	"no sessions of month": "Nenhuma sessão neste mês", "no sessions of month text": "As de um mês fechado estão no extrato dele.",
	"no such session": "Nenhuma sessão assim.",

	// The situations.
	"completed": "concluída", "completed short": "concluída, %s a menos", "coming": "agendada", "unpaid": "sem pagamento", "unpriced": "sem preço",
	"received unpriced": "recebida, sem preço", "only deposit": "só o sinal", "partly paid": "falta uma parte", "paid": "paga", "overpaid": "%s a mais",

	// One session.
	"session": "Sessão", "session named": "sessão de %s", "session new": "Nova sessão", "create session": "Criar sessão",
	"complete session": "Concluir", "resume session": "Desfazer conclusão",
	"receipts": "Recebimentos", "no receipts": "Nada recebido ainda.", "where": "Onde está", "open month": "em aberto", "in statement": "extrato de %s",
	"too much": "A mais", "not received": "Não recebido", "completed fact": "Concluída",
	"session made": "Sessão de %s criada.", "session saved": "Sessão de %s corrigida.",
	"session completed": "Sessão concluída.", "session completed short": "Sessão concluída: %s não são mais esperados.", "session resumed": "A sessão não está mais concluída.",
	"look at the session": "%s mudou esta sessão há pouco. Veja como ficou antes.", "session already deleted": "Esta sessão já estava excluída.",
	"error session_paid":         "Esta sessão tem pagamento. Exclua o pagamento, ou tire a sessão dele, antes.",
	"error session_in_statement": "Um extrato tem um pagamento desta sessão. Reabra aquele mês antes.",
	"open session unpriced":      "%s · sem preço",
}

package web

// textsPtClients are the words of one client's page, of merging and of searching.
var textsPtClients = map[string]string{
	// One client.
	"also named": "também %s", "paid in open months": "Pago em meses abertos", "open sessions count": "%d sessão em aberto|%d sessões em aberto",
	"session owes": "faltam %s", "client's record": "Cadastro", "rename text": "Os extratos já fechados continuam com o nome que tinham no dia do fechamento.",
	"see closed months": "Ver também os meses fechados", "older closed months": "Ver meses mais antigos", "in closed months": "Nos meses fechados",
	"nothing in closed months": "Nada nos meses fechados.", "months not searched": "Não entraram na busca, porque o extrato não é o que foi fechado: %s.",
	"kind": "Tipo", "an expense": "Gasto",

	// A month's form sent once more.
	"closed before":   "Este formulário já fechou %s, que foi reaberto depois. Fechar de novo?",
	"reopened before": "Este formulário já reabriu %s, que foi fechado depois. Reabrir de novo?",

	// Merging.
	"merged sessions count": "%d sessão|%d sessões", "merge": "Juntar", "merge with": "Juntar com…", "merge text": "É a mesma pessoa cadastrada duas vezes? Escreva quem fica: os lançamentos passam para ele.",
	"merge title": "Juntar %s com %s?", "rows to move": "%s e %s mudam de cliente.", "rows moved": "%s e %s mudaram de cliente.",
	"merge shown":      "%s sai da lista de clientes. Quem aparece no lugar é %s, também quando um mês for reaberto.",
	"merge statements": "Os extratos já fechados não mudam: ficam com o nome de quando foram fechados.",
	"merge undo":       "Dá para desfazer nas próximas 24 horas.", "leave two": "Deixar como está", "clients merged": "%s agora é %s.",
	"no client named": "Não há outro cliente chamado “%s”.", "several clients named": "Há mais de um com este nome. Escreva qual: %s.",
	"error same_client": "Escolha outro cliente: este é o mesmo.", "error client_merged": "Este cliente já foi juntado com outro.",
	"error merged_since":  "Quem ficou foi juntado com outro cliente depois. Desfaça aquela junção antes.",
	"error undo_of_merge": "Uma junção desfeita não volta assim. Junte os dois de novo.", "merged client": "Cliente: %s",

	// Searching.
	"search for": "Nome, anotação, valor ou dia", "search help": "Procura em tudo o que está em aberto. Valores como 350 ou 350,00; dias como 28/10 ou 28/10/2025.",
	"nothing found": "Nada em aberto com “%s”.", "first found": "os %d primeiros; escreva mais para achar os outros",
}

package web

// textsPtDay are the words of the pages of every day: the day sheet, payments,
// clients.
var textsPtDay = map[string]string{
	// The day sheet.
	"day sheet": "Caixa do dia", "day before": "Dia anterior", "day after": "Dia seguinte", "go": "Ir", "field dia": "Dia",
	"weekday today": "%s, hoje", "weekday yesterday": "%s, ontem", "weekday tomorrow": "%s, amanhã", "weekday of month": "%s, %d de %s",
	"received": "Recebido", "payments count": "%d pagamento|%d pagamentos", "new payment": "Novo pagamento",
	"recorded this day": "Lançados neste dia", "nothing this day": "Nada lançado neste dia ainda.", "expenses this day": "Gastos do dia",
	"time": "Hora", "method": "Forma", "commission": "Comissão", "commission small": "comissão", "description": "Descrição",
	"no client": "Sem cliente", "no commission": "sem comissão", "a deposit": "sinal", "session of": "sessão %s",
	"correct": "Corrigir", "delete": "Excluir", "the payment of": "o pagamento de %s",

	// A payment's form.
	"field data": "Data", "field valor": "Valor", "field artista": "Artista", "field cliente": "Cliente", "field sessao": "Sessão", "field sinal": "É sinal",
	"field sessao_data": "Data da sessão", "field sessao_preco": "Preço", "field obs": "Observações",
	"add more": "Somar mais um valor", "may be blank": "pode ficar vazio", "no session": "Sem sessão", "open session": "%s · %s · faltam %s",
	"echo hint": "Vale 350, 1.234,56 ou 200+150.", "echo commission": "comissão", "echo studio": "estúdio",
	"no artist": "Ainda não há artista, e todo pagamento tem um.", "first artist": "Cadastrar o artista",
	"choose artist": "Escolha o artista.", "choose again": "Escolha de novo.",
	"record": "Registrar", "record anyway": "Registrar mesmo assim", "was the same": "Não, era o mesmo", "save": "Salvar", "save anyway": "Salvar mesmo assim",
	"recorded": "%s registrado", "recorded of": "%s de %s registrado", "with commission": ", comissão %s", "without commission": ", sem comissão",
	"new client": "Cliente novo.", "new session": "Sessão de %s criada.",
	"asked equal": "Já há um igual às %s. É outro?", "asked equal sometime": "Já há um igual neste dia. É outro?",
	"asked long ago": "%s foi há mais de 7 dias. É isso mesmo?", "asked ahead": "%s ainda não chegou. É isso mesmo?",
	"asked unusual":   "%s é dez vezes mais que o normal deste artista, %s. É isso mesmo?",
	"month is closed": "%s está fechado.", "reopen month": "Reabrir %s", "to statement": "Ver o extrato",
	"closed rows": "Os lançamentos dele estão no extrato.", "closed ways": "Reabra o mês, ou registre com a data de hoje.", "record today": "Registrar com a data de hoje",
	"error unknown_artist": "Este artista não existe mais. Escolha outro.", "error unknown_client": "Este cliente não existe mais. Digite o nome de novo.",
	"error missing_client": "A sessão precisa de um cliente. Escreva o nome.", "error unknown_session": "Esta sessão não está mais em aberto. Escolha outra.",
	"error session_linked": "Esta sessão está ligada a outro pagamento, que não está ligado a ela. Corrija aquele antes.", "error others_session": "Esta sessão é de outro cliente.",
	"error invalid_amount": "O valor vai de R$ 0,00 a R$ 99.999.999,99.", "error invalid_day": "Escolha um dia de 2000 a 2100.",
	"error invalid_percent": "A comissão vai de 0 a 100 %.", "error commission_split": "A comissão está dividida: mude a divisão.",

	// One payment.
	"payment of": "%s de %s, %s", "payment on": "%s, %s", "session paid": "sessão %s, paga", "my commission": "Minha comissão",
	"corrected": "%s corrigido.", "deleted": "Excluído: %s.", "already deleted": "Este pagamento já estava excluído.",
	"look before deleting":  "%s mudou este pagamento há pouco. Veja como ficou antes de excluir.",
	"look before splitting": "%s mudou este pagamento há pouco. Confira e salve a divisão de novo.",
	"split":                 "Dividir comissão", "split text": "Uma linha por artista; juntas até 100 %. Sem porcentagem, a linha sai.", "split save": "Salvar divisão", "split saved": "Divisão salva.",
	"commission is split": "Comissão dividida: veja abaixo.",
	"its session":         "Sua sessão", "history of": "Quem mudou o quê", "changed add": "registrou", "changed change": "corrigiu", "changed delete": "excluiu", "changed undo": "desfez", "changed merge": "juntou",
	"made": "%s: %s", "from to": "%s: %s → %s", "yes": "sim", "commission of": "Comissão de %s", "percent and amount": "%s %%, %s", "somebody": "Outra pessoa",
	"error over_100_percent": "As partes passam de 100 %.", "error artist_twice": "O mesmo artista está em duas linhas.",

	"error row_in_use":      "Outro lançamento já depende disto. Desfaça ou exclua aquele antes.",
	"error linked_row_gone": "Algo de que isto depende foi excluído depois. Desfaça aquela exclusão antes.",
	"error event_taken":     "Outro lançamento já tem o mesmo evento do calendário.",
	"error undo_of_artist":  "A mudança de um artista não se desfaz. Mude o artista de novo.",

	// Two versions.
	"somebody was faster": "%s: este pagamento foi mudado enquanto você o corrigia. Qual fica?", "somebody deleted it": "%s: este pagamento foi excluído enquanto você o corrigia. Qual fica?",
	"field": "Campo", "my version": "A sua", "other version": "A outra", "other deleted": "excluído", "both versions": "As duas versões",
	"keep mine": "Ficar com a minha", "keep other": "Ficar com a outra",

	// The list of payments.
	"field mes": "Mês", "field de": "De", "field ate": "Até", "field texto": "Cliente ou texto", "filter": "Filtrar", "all artists": "Todos", "all methods": "Todas",
	"without commission box": "Sem comissão", "without client box": "Sem cliente", "without session box": "Sem sessão", "not a month": "Este mês não existe.",
	"filtered": "Filtrados", "sum": "Soma", "open": "Abrir", "nothing filtered": "Nenhum pagamento assim.", "only of": "Só de %s", "show all": "Ver todos",
	"shown of": "%d–%d de %d", "next page": "Seguinte ›", "first page": "‹ Do começo", "pages of payments": "Páginas de pagamentos",

	// Clients.
	"field q": "Nome ou parte dele", "search client": "Buscar cliente", "create client": "Criar cliente", "create anyway": "Criar mesmo assim", "same client": "Já há alguém com este nome:",
	"more clients": "Há mais. Busque por uma parte do nome.", "no such client": "Nenhum cliente assim.", "no clients": "Nenhum cliente ainda. Um nome novo no caixa cria o cliente.", "client made": "%s entrou nos clientes.", "client renamed": "Agora se chama %s.",
	"renamed meanwhile": "Outra pessoa mudou o nome para %s enquanto você digitava. Salve de novo para ficar com o seu.",
	"owed":              "A receber", "older payments": "Os mais antigos estão em Pagamentos.", "no live payments": "Nenhum pagamento em meses abertos.", "rename": "Mudar o nome",
	"filter payments": "Ver em Pagamentos",
}

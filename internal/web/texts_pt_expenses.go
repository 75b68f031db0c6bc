package web

// textsPtExpenses are the words of the pages of expenses.
var textsPtExpenses = map[string]string{
	"field descricao": "Descrição", "field categoria": "Categoria", "new expense": "Novo gasto", "record expense": "Registrar gasto",
	"month before": "Mês anterior", "month after": "Mês seguinte", "no category": "Outros", "by category": "Por categoria", "expenses by method": "Por forma de pagamento",
	"no expenses yet": "Nenhum gasto aqui ainda.", "expense recorded": "%s registrado: %s.", "expense in short": "%s, %s, %s",
	"error missing_amount": "O valor precisa ser maior que zero.", "error missing_description": "Escreva o que foi comprado.", "error missing_method": "Escolha a forma de pagamento.",
	"row changed before deleting": "Isto foi mudado há pouco. Veja como ficou antes de excluir.", "row already deleted": "Isto já estava excluído.",
	"closed meanwhile":      "O mês foi fechado enquanto você corrigia.",
	"row changed meanwhile": "%s: isto foi mudado enquanto você corrigia. Qual fica?", "row deleted meanwhile": "%s: isto foi excluído enquanto você corrigia. Qual fica?",
	"repeat": "Repetir o mês passado", "repeat text": "Gastos de %s, no mesmo dia deste mês. Desmarque os que não se repetem; o valor dá para corrigir depois.",
	"repeat detail": "%s · %s · %s", "repeat them": "Repetir", "repeat refused": "O extrato do mês passado não é o que foi fechado. Sem conferir, nada é repetido.",
	"expenses repeated": "%d gasto repetido.|%d gastos repetidos.", "expenses skipped": "%d já estava lançado.|%d já estavam lançados.",
	"error nothing_chosen": "Marque os gastos a repetir.", "error all_recorded": "Todos os marcados já estão lançados neste mês.",
	"error expense_not_offered": "A lista do mês passado mudou. Confira e repita de novo.", "error statement_changed": "O extrato do mês passado não é o que foi fechado. Sem conferir, nada é repetido.",
}

package web

// textsPtCharts are the words around the figures of a month: charts, files, print,
// and the comparison of revisions.
var textsPtCharts = map[string]string{
	"revenue by day of": "Receita de cada dia de %s", "own by day of": "O que produzi em cada dia de %s",
	"months so far": "Os meses até aqui", "plot of months": "Receita, gastos e líquido dos meses até %s",
	"revenue key": "receita", "commissions key": "comissões", "expenses key": "gastos", "net key": "líquido",
	"total of year": "Total de %s",

	"print": "Imprimir", "print text": "As listas estão inteiras, prontas para a impressora.", "print back": "Voltar às páginas",

	"row": "Lançamento", "changed since": "Revisão %d, comparada com a revisão %d", "changed nothing": "Nenhum lançamento mudou.",
	"changed too much": "São lançamentos demais para comparar aqui. Baixe os dois CSV.",
	"changed unknown":  "A revisão %d não confere com o que foi fechado, por isso não dá para comparar.",
	"changed most":     "as %d primeiras mudanças",
}

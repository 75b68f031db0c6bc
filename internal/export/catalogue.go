package export

import (
	"fmt"
	"strings"

	"extrato/internal/books"
)

// Lang is a language of statements.
type Lang string

// The languages.
const (
	PT Lang = "pt"
	EN Lang = "en"
)

// ParseLang reads "pt" or "en". It fails with an Error of kind Invalid.
func ParseLang(s string) (Lang, error) {
	if _, ok := catalogues[Lang(s)]; !ok {
		return "", books.Invalidf("invalid_language", "%q is not a language of statements", s).WithHint("choose pt or en")
	}
	return Lang(s), nil
}

// catalogue holds all words for people, in one language.
type catalogue struct {
	title, closed, adopted, unrecorded, extract string
	months                                      [12]string
	monthOfYear, dateAndTime                    string
	payments, sessions, commissions             heading
	byArtist, byMethod, expenses                heading
	page, continued, notClosed                  string // on paper
	summary, sessionsSheet, expensesSheet       string // in a workbook
	number, artistNumber, byCategory, category  string
	paymentNumber, sessionNumber, deposit, yes  string
	noCategory                                  string
	date, client, artist, method, amount        string
	note, status, paidOn, paid, percent         string
	commission, revenue, total, description     string
	statuses                                    map[string]string
	totals, totalRevenue, totalCommissions      string
	totalExpenses, balance, netRevenue          string
	proof, revision, records, fingerprint       string
	backup, noBackup, chain, entry              string
	signedHead, entriesUnder, signedBy          string
	publicKey, checkTitle                       string
	checkTexts                                  [4]string
	whole, foreign, unverified, closedRows      string
	counted                                     [4][2]string // one and many, in the order of the kinds
	csv                                         []string
	kinds                                       [5]string // in the order of the kinds, and the statement itself
}

// heading is a list's title and the words for an empty list.
type heading struct{ title, none string }

var catalogues = map[Lang]catalogue{
	PT: {
		title: "Extrato de %s", closed: "Revisão %d, fechada em %s", adopted: "Feito pela v4, adotado em %s", unrecorded: "v4, ainda não registrado",
		extract: "Somente o que é de %s; os gastos do estúdio não fazem parte.",
		months: [12]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho",
			"julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
		monthOfYear: "%s de %d", dateAndTime: "02/01/2006 15:04",
		payments:    heading{"Pagamentos", "Nenhum pagamento neste mês."},
		sessions:    heading{"Sessões realizadas", "Nenhuma sessão realizada neste mês."},
		commissions: heading{"Comissões", "Nenhuma comissão neste mês."},
		byArtist:    heading{"Comissões por Artista", "Nenhum artista com comissão neste mês."},
		byMethod:    heading{"Receita por Forma de Pagamento", "Nenhuma receita neste mês."},
		expenses:    heading{"Gastos do Mês", "Nenhum gasto neste mês."},
		page:        "Página %d de %s", continued: "(continuação)", notClosed: "Isto NÃO é o extrato que foi fechado.",
		summary: "Resumo", sessionsSheet: "Sessões", expensesSheet: "Gastos",
		number: "Nº", artistNumber: "Artista nº", byCategory: "Gastos por Categoria", category: "Categoria",
		paymentNumber: "Pagamento nº", sessionNumber: "Sessão nº", deposit: "Sinal", yes: "sim", noCategory: "Outros",
		date: "Data", client: "Cliente", artist: "Artista", method: "Forma", amount: "Valor",
		note: "Observações", status: "Situação", paidOn: "Pago em", paid: "Pagamento", percent: "%",
		commission: "Comissão", revenue: "Receita", total: "Total", description: "Descrição",
		statuses: map[string]string{"active": "ativa", "paid": "paga", "completed": "concluída"},
		totals:   "Totais do Mês", totalRevenue: "Receita total", totalCommissions: "Comissões",
		totalExpenses: "Despesas", balance: "Saldo", netRevenue: "Receita líquida",
		proof: "O que foi provado", revision: "Revisão", records: "Lançamentos", fingerprint: "Impressão digital",
		backup: "Backup", noBackup: "nenhum: o mês foi fechado sem backup", chain: "Registro", entry: "nº %d, %s",
		signedHead: "Cabeça assinada", entriesUnder: "%d entradas, raiz %s", signedBy: "Assinado por", publicKey: "Chave pública",
		checkTitle: "Confira você mesmo",
		checkTexts: [4]string{
			"Este PDF traz anexada a prova do mês inteiro. O programa que a confere não precisa de senha, de internet nem do estúdio: extrato verify ARQUIVO.pdf, ou python3 verify.py ARQUIVO.pdf.",
			"O código ao lado é a prova no papel: o fechamento acima está no registro que o estúdio assinou. Leia-o com o celular, guarde o texto num arquivo e confira do mesmo modo.",
			"Compare a chave pública com a que o estúdio lhe deu em outra ocasião. Uma chave que só está aqui prova apenas que o documento combina consigo mesmo.",
			"O que se confere é o anexo. Estas páginas podem ter sido mudadas por alguém: compare os totais com os que o programa mostra.",
		},
		whole:      "A impressão digital e o backup são do extrato inteiro do mês.",
		foreign:    "A v4 não guardou impressão digital dos lançamentos nem backup conferido.",
		unverified: "ATENÇÃO: isto NÃO é o extrato que foi fechado. Alguém o mudou no banco de dados, e nada aqui está conferido.",
		closedRows: "Os lançamentos que foram fechados estão no backup %s.",
		counted:    [4][2]string{{"pagamento", "pagamentos"}, {"sessão", "sessões"}, {"comissão", "comissões"}, {"gasto", "gastos"}},
		csv: []string{"tipo", "mes", "revisao", "id", "data", "cliente", "artista", "forma_pagamento", "status", "percentual", "valor",
			"descricao", "categoria", "observacoes", "pagamento_id", "sessao_id", "fingerprint", "cadeia"},
		kinds: [5]string{"pagamento", "sessao", "comissao", "gasto", "extrato"},
	},
	EN: {
		title: "Statement of %s", closed: "Revision %d, closed on %s", adopted: "Made by v4, adopted on %s", unrecorded: "v4, not recorded yet",
		extract: "Only what is %s's; the studio's expenses are no part of it.",
		months: [12]string{"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December"},
		monthOfYear: "%s %d", dateAndTime: "02/01/2006 15:04",
		payments:    heading{"Payments", "No payments this month."},
		sessions:    heading{"Sessions held", "No sessions held this month."},
		commissions: heading{"Commissions", "No commissions this month."},
		byArtist:    heading{"Commissions by artist", "No artist with a commission this month."},
		byMethod:    heading{"Revenue by method", "No revenue this month."},
		expenses:    heading{"Expenses of the month", "No expenses this month."},
		page:        "Page %d of %s", continued: "(continued)", notClosed: "This is NOT the statement that was closed.",
		summary: "Summary", sessionsSheet: "Sessions", expensesSheet: "Expenses",
		number: "No.", artistNumber: "Artist no.", byCategory: "Expenses by category", category: "Category",
		paymentNumber: "Payment no.", sessionNumber: "Session no.", deposit: "Deposit", yes: "yes", noCategory: "Other",
		date: "Date", client: "Client", artist: "Artist", method: "Method", amount: "Amount",
		note: "Notes", status: "Status", paidOn: "Paid on", paid: "Payment", percent: "%",
		commission: "Commission", revenue: "Revenue", total: "Total", description: "Description",
		statuses: map[string]string{"active": "active", "paid": "paid", "completed": "completed"},
		totals:   "Totals of the month", totalRevenue: "Total revenue", totalCommissions: "Commissions",
		totalExpenses: "Expenses", balance: "Balance", netRevenue: "Net revenue",
		proof: "What was proved", revision: "Revision", records: "Records", fingerprint: "Fingerprint",
		backup: "Backup", noBackup: "none: the month was closed without one", chain: "Chain", entry: "no. %d, %s",
		signedHead: "Signed head", entriesUnder: "%d entries, root %s", signedBy: "Signed by", publicKey: "Public key",
		checkTitle: "Check it yourself",
		checkTexts: [4]string{
			"The proof of the whole month is attached to this PDF. Checking it needs no password, no network and no word from the studio: extrato verify FILE.pdf, or python3 verify.py FILE.pdf.",
			"The code beside is the proof on paper: the closing named above is in the log signed by the studio. Read it with a phone, save the text as a file and check it the same way.",
			"Compare the public key with the one that the studio gave you on another occasion. A key found only here proves no more than that the document agrees with itself.",
			"The attachment is checked, not the pages. Somebody may have changed those: compare the totals with the ones the program shows.",
		},
		whole:      "Fingerprint and backup are those of the month's whole statement.",
		foreign:    "v4 kept neither a fingerprint of the records nor a backup that was checked.",
		unverified: "WARNING: this is NOT the statement that was closed. Somebody changed it in the database, and nothing here is verified.",
		closedRows: "The records that were closed are in the backup %s.",
		counted:    [4][2]string{{"payment", "payments"}, {"session", "sessions"}, {"commission", "commissions"}, {"expense", "expenses"}},
		csv: []string{"kind", "month", "revision", "id", "date", "client", "artist", "method", "status", "percent", "amount",
			"description", "category", "notes", "payment_id", "session_id", "fingerprint", "chain"},
		kinds: [5]string{"payment", "session", "commission", "expense", "statement"},
	},
}

func catalogueOf(lang Lang) (catalogue, error) {
	lang, err := ParseLang(string(lang))
	return catalogues[lang], err
}

// month says a month in words: outubro de 2025.
func (c catalogue) month(m books.Month) string {
	if !m.Valid() {
		return m.String()
	}
	return fmt.Sprintf(c.monthOfYear, c.months[m.Month-1], m.Year)
}

// counts returns the number of records of each listed kind, in words.
func (c catalogue) counts(n books.Counts, kinds int) string {
	parts := make([]string, 0, kinds)
	for i, n := range []int64{n.Payments, n.Sessions, n.Commissions, n.Expenses}[:kinds] {
		parts = append(parts, counted(c.counted[i], n))
	}
	return strings.Join(parts, ", ")
}

// counted returns a number of things, in words for one and for many.
func counted(words [2]string, n int64) string {
	word := words[1]
	if n == 1 {
		word = words[0]
	}
	return fmt.Sprintf("%d %s", n, word)
}

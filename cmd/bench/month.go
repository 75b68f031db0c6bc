package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// month is October 2025 of a studio as v4 leaves it, of a given number of
// rows: 40 % payments, 30 % sessions, 25 % commissions, 5 % expenses. Session
// i and payment i point at each other. Ten payments and ten expenses in each
// neighbouring month have to survive the close. The same number of rows is
// always the same month.
type month struct {
	payments, sessions, commissions, expenses int
	clients, artists                          int
}

// neighbours is how many payments, and how many expenses, lie in each of the
// two months around it.
const neighbours = 10

func monthOf(rows int) month {
	m := month{payments: rows * 40 / 100, sessions: rows * 30 / 100, commissions: rows * 25 / 100, clients: 100, artists: 50}
	m.expenses = rows - m.payments - m.sessions - m.commissions
	if rows > 100_000 {
		m.clients = 1000
	}
	return m
}

func (m month) rows() int { return m.payments + m.sessions + m.commissions + m.expenses }

// table is the content of one table: rows of text; nil is NULL.
type table struct {
	name    string
	columns []string
	rows    iter.Seq[[]any]
}

// tables returns the whole studio in the order of its foreign keys, except
// those between sessions and payments.
func (m month) tables() []table {
	return []table{
		{"clients", []string{"id", "name", "jotform_submission_id", "created_at"}, m.clientRows},
		{"users", []string{"id", "email", "name", "role", "active_flag", "unified_flow_enabled", "created_at"}, m.artistRows},
		{"sessoes", []string{"id", "data", "valor", "observacoes", "cliente_id", "artista_id", "google_event_id", "status", "payment_id", "created_at"}, m.sessionRows},
		{"pagamentos", []string{"id", "data", "valor", "forma_pagamento", "observacoes", "cliente_id", "artista_id", "sessao_id", "created_at"}, m.paymentRows},
		{"comissoes", []string{"id", "pagamento_id", "artista_id", "percentual", "valor", "observacoes", "created_at"}, m.commissionRows},
		{"gastos", []string{"id", "data", "valor", "descricao", "forma_pagamento", "created_by", "created_at"}, m.expenseRows},
	}
}

func (m month) clientRows(yield func([]any) bool) {
	for i := 1; i <= m.clients; i++ {
		r := dice(clientDice, i)
		name := fmt.Sprintf("%s %s %s %d", one(r, firstNames), one(r, lastNames), one(r, lastNames), i)
		if !yield([]any{number(i), name, fmt.Sprintf("jf%d", i), longAgo}) {
			return
		}
	}
}

func (m month) artistRows(yield func([]any) bool) {
	for i := 1; i <= m.artists; i++ {
		r := dice(artistDice, i)
		name := fmt.Sprintf("Artista %s %s %s %d", one(r, firstNames), one(r, lastNames), one(r, lastNames), i)
		if !yield([]any{number(i), fmt.Sprintf("artista%d@studio.test", i), name, "artist", "1", "0", longAgo}) {
			return
		}
	}
}

// deal holds the common values of a payment, its session and its commission.
type deal struct {
	day            time.Time
	cents          int64
	client, artist string
	more           *rand.Rand
}

func (m month) deal(i int) deal {
	r := dice(dealDice, i)
	return deal{
		day: october.AddDate(0, 0, r.IntN(31)), cents: 8_000 + r.Int64N(292_000),
		client: number(1 + r.IntN(m.clients)), artist: number(1 + r.IntN(m.artists)), more: r,
	}
}

func (m month) paymentRows(yield func([]any) bool) {
	for i := 1; i <= m.payments; i++ {
		d := m.deal(i)
		var client, session any = d.client, nil
		if i <= m.sessions {
			session = number(i)
		} else if d.more.IntN(3) == 0 {
			client = nil
		}
		r := dice(paymentDice, i)
		if !yield([]any{number(i), date(d.day), amount(d.cents), one(r, methods), note(r), client, d.artist, session, instant(r, d.day)}) {
			return
		}
	}
	for i := range 2 * neighbours {
		r, day := dice(neighbourDice, i), neighbour(i)
		if !yield([]any{number(m.payments + 1 + i), date(day), amount(7_000 + r.Int64N(23_000)), "Pix", "vizinho", "1", "1", nil, instant(r, day)}) {
			return
		}
	}
}

func (m month) sessionRows(yield func([]any) bool) {
	for i := 1; i <= m.sessions; i++ {
		d, r := m.deal(i), dice(sessionDice, i)
		status, event := "paid", any(nil)
		if i%3 == 0 {
			status = "completed"
		}
		if i%2 == 1 {
			event = fmt.Sprintf("gcal%d", i)
		}
		if !yield([]any{number(i), date(d.day), amount(d.cents), note(r), d.client, d.artist, event, status, number(i), instant(r, d.day)}) {
			return
		}
	}
}

func (m month) commissionRows(yield func([]any) bool) {
	for i := 1; i <= m.commissions; i++ {
		d, r := m.deal(i), dice(commissionDice, i)
		percent := 30 + 10*r.Int64N(4)
		if !yield([]any{number(i), number(i), d.artist, amount(percent * 100), amount((d.cents*percent + 50) / 100), note(r), instant(r, d.day)}) {
			return
		}
	}
}

func (m month) expenseRows(yield func([]any) bool) {
	for i := 1; i <= m.expenses; i++ {
		r := dice(expenseDice, i)
		day := october.AddDate(0, 0, r.IntN(31))
		if !yield([]any{number(i), date(day), amount(2_000 + r.Int64N(78_000)), note(r), one(r, methods), number(1 + r.IntN(m.artists)), instant(r, day)}) {
			return
		}
	}
	for i := range 2 * neighbours {
		r, day := dice(neighbourDice, -1-i), neighbour(i)
		if !yield([]any{number(m.expenses + 1 + i), date(day), amount(500 + r.Int64N(7_000)), "vizinho", "Pix", "1", instant(r, day)}) {
			return
		}
	}
}

// revenue is the sum of the month's payments, in centavos.
func (m month) revenue() int64 {
	var sum int64
	for i := 1; i <= m.payments; i++ {
		sum += m.deal(i).cents
	}
	return sum
}

// Each kind of row has a random source of its own: no row depends on another
// kind's order.
const (
	clientDice = iota + 1
	artistDice
	dealDice
	paymentDice
	sessionDice
	commissionDice
	expenseDice
	neighbourDice
)

//nolint:gosec // made-up, reproducible rows need no secrecy
func dice(kind uint64, i int) *rand.Rand { return rand.New(rand.NewPCG(kind, uint64(i))) }

var (
	october = time.Date(2025, time.October, 1, 0, 0, 0, 0, time.UTC)
	longAgo = "2025-01-01 12:00:00.000000"

	methods    = []string{"Pix", "Dinheiro", "Crédito", "Débito", "Outros"}
	firstNames = []string{"Márcia", "Érica", "Hugo", "Íris", "Otávio", "Núbia", "Diego", "Kátia", "Lucas", "João", "Ana"}
	lastNames  = []string{"Araújo", "Souza", "Gonçalves", "Oliveira", "Silva", "Lima", "Pereira", "Costa", "Santos"}
	words      = []string{"cliente", "retorna", "pagamento", "retoque", "sombreamento", "braço", "à", "vista", "próxima", "sinal",
		"parcial", "desconto", "fechamento", "costas", "coloração", "sessão"}
)

func one(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func number(i int) string { return strconv.Itoa(i) }

func amount(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

func date(day time.Time) string { return day.Format(time.DateOnly) }

// instant is an opening hour of that day, in UTC.
func instant(r *rand.Rand, day time.Time) string {
	return day.Add(11*time.Hour + time.Duration(r.IntN(10*3600))*time.Second).Format("2006-01-02 15:04:05.000000")
}

func neighbour(i int) time.Time {
	if i < neighbours {
		return time.Date(2025, time.September, 26, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(2025, time.November, 4, 0, 0, 0, 0, time.UTC)
}

// note is one to eight words; every fourth row has none.
func note(r *rand.Rand) any {
	if r.IntN(4) == 0 {
		return nil
	}
	text := make([]string, 1+r.IntN(8))
	for i := range text {
		text[i] = one(r, words)
	}
	return strings.Join(text, " ")
}

package books

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Totals are a month's sums, under the names and rules of v4's statements:
// revenue counts payments only, the balance is revenue less expenses, net
// revenue is revenue less commissions and expenses and may be negative.
type Totals struct {
	Revenue            Money           `json:"receita_total"`
	Payments           Money           `json:"total_pagamentos"` // the same, a second time, as v4 has it
	Commissions        Money           `json:"comissoes_total"`
	Expenses           Money           `json:"despesas_total"`
	Balance            Money           `json:"saldo"`
	NetRevenue         Money           `json:"receita_liquida"`
	ByArtist           []ArtistTotal   `json:"por_artista"`
	ByMethod           []MethodTotal   `json:"por_forma_pagamento"`
	ExpensesByMethod   []MethodTotal   `json:"gastos_por_forma_pagamento"`
	ExpensesByCategory []CategoryTotal `json:"gastos_por_categoria"`
}

// ArtistTotal is one artist's part of a month. Only artists with a commission
// above zero are listed.
type ArtistTotal struct {
	Artist     string `json:"artista"`
	Revenue    Money  `json:"receita"`
	Commission Money  `json:"comissao"`
}

// MethodTotal is the sum paid by one method.
type MethodTotal struct {
	Method string `json:"forma"`
	Total  Money  `json:"total"`
}

// CategoryTotal is the sum of one category of expenses.
type CategoryTotal struct {
	Category string `json:"categoria"`
	Total    Money  `json:"total"`
}

// otherExpenses is v4's only category: its expenses carry none.
const otherExpenses = "Outros"

// Tally adds up a month's rows.
type Tally struct {
	revenue, commissions, expenses Money
	artists                        map[ID]*ArtistTotal
	methods, expenseMethods        map[string]Money
	categories                     map[string]Money
}

// NewTally returns a Tally of no rows.
func NewTally() *Tally {
	return &Tally{
		artists: map[ID]*ArtistTotal{}, methods: map[string]Money{},
		expenseMethods: map[string]Money{}, categories: map[string]Money{},
	}
}

// Add takes one row.
func (t *Tally) Add(row Row) {
	switch r := row.(type) {
	case *Payment:
		t.revenue += r.Amount
		t.methods[string(r.Method)] += r.Amount
		t.artist(r.ArtistID, r.ArtistName).Revenue += r.Amount
	case *Commission:
		t.commissions += r.Amount
		t.artist(r.ArtistID, r.ArtistName).Commission += r.Amount
	case *Expense:
		t.expenses += r.Amount
		t.expenseMethods[string(r.Method)] += r.Amount
		category := string(r.Category.V)
		if !r.Category.Valid {
			category = otherExpenses
		}
		t.categories[category] += r.Amount
	}
}

func (t *Tally) artist(id ID, name Text) *ArtistTotal {
	a := t.artists[id]
	if a == nil {
		a = &ArtistTotal{Artist: string(name.V)}
		t.artists[id] = a
	}
	return a
}

// Totals returns the sums. Lists are sorted by name; two artists of one name
// stay two.
func (t *Tally) Totals() Totals {
	totals := Totals{
		Revenue: t.revenue, Payments: t.revenue, Commissions: t.commissions, Expenses: t.expenses,
		Balance: t.revenue - t.expenses, NetRevenue: t.revenue - t.commissions - t.expenses,
		ByArtist:           []ArtistTotal{},
		ByMethod:           byMethod(t.methods),
		ExpensesByMethod:   byMethod(t.expenseMethods),
		ExpensesByCategory: []CategoryTotal{},
	}
	ids := make([]ID, 0, len(t.artists))
	for id, a := range t.artists {
		if a.Commission > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b ID) int {
		return cmp.Or(cmp.Compare(t.artists[a].Artist, t.artists[b].Artist), cmp.Compare(a, b))
	})
	for _, id := range ids {
		totals.ByArtist = append(totals.ByArtist, *t.artists[id])
	}
	for _, name := range sortedKeys(t.categories) {
		totals.ExpensesByCategory = append(totals.ExpensesByCategory, CategoryTotal{name, t.categories[name]})
	}
	return totals
}

func byMethod(sums map[string]Money) []MethodTotal {
	list := make([]MethodTotal, 0, len(sums))
	for _, name := range sortedKeys(sums) {
		list = append(list, MethodTotal{name, sums[name]})
	}
	return list
}

func sortedKeys(sums map[string]Money) []string {
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// JSON returns the totals as JSON, in the form of statement and chain.
func (t Totals) JSON() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // only strings and integers
	}
	return b
}

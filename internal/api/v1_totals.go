package api

import (
	"sync"

	"extrato/internal/books"
)

type totals struct {
	Revenue            string        `json:"revenue" example:"910.00" doc:"All payments."`
	Commissions        string        `json:"commissions"`
	Expenses           string        `json:"expenses"`
	Balance            string        `json:"balance" doc:"Revenue less expenses."`
	NetRevenue         string        `json:"net_revenue" doc:"Revenue less commissions and expenses; may be negative."`
	ByArtist           []artistTotal `json:"by_artist" doc:"Artists with a commission above 0."`
	ByMethod           []methodTotal `json:"by_method"`
	ExpensesByMethod   []methodTotal `json:"expenses_by_method"`
	ExpensesByCategory []groupTotal  `json:"expenses_by_category"`
}

type artistTotal struct {
	Artist     string `json:"artist"`
	Revenue    string `json:"revenue"`
	Commission string `json:"commission"`
}

type methodTotal struct {
	Method string `json:"method"`
	Total  string `json:"total"`
}

type groupTotal struct {
	Category string `json:"category"`
	Total    string `json:"total"`
}

func shownTotals(t books.Totals) totals {
	out := totals{
		Revenue: t.Revenue.String(), Commissions: t.Commissions.String(), Expenses: t.Expenses.String(), Balance: t.Balance.String(),
		NetRevenue: t.NetRevenue.String(), ByArtist: []artistTotal{}, ByMethod: methods(t.ByMethod), ExpensesByMethod: methods(t.ExpensesByMethod),
		ExpensesByCategory: []groupTotal{},
	}
	for _, a := range t.ByArtist {
		out.ByArtist = append(out.ByArtist, artistTotal{a.Artist, a.Revenue.String(), a.Commission.String()})
	}
	for _, c := range t.ExpensesByCategory {
		out.ExpensesByCategory = append(out.ExpensesByCategory, groupTotal{c.Category, c.Total.String()})
	}
	return out
}

func methods(list []books.MethodTotal) []methodTotal {
	out := []methodTotal{}
	for _, m := range list {
		out = append(out, methodTotal{m.Method, m.Total.String()})
	}
	return out
}

// totalsCache caches parsed totals by their stored text. A list of the chain
// would parse the same hundreds again each time.
type totalsCache struct {
	lock  sync.Mutex
	known map[string]totals
}

// maxTotals keeps it to a few MB.
const maxTotals = 256

var parsedTotals totalsCache

// of returns the totals of a text; nobody changes them.
func (m *totalsCache) of(stored string) (totals, error) {
	m.lock.Lock()
	shown, ok := m.known[stored]
	m.lock.Unlock()
	if ok {
		return shown, nil
	}
	t, err := books.ParseTotals(stored)
	if err != nil {
		return shownTotals(t), err
	}
	shown = shownTotals(t)
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.known == nil || len(m.known) >= maxTotals {
		m.known = map[string]totals{}
	}
	m.known[stored] = shown
	return shown, nil
}

func totalsOf(stored string) (totals, error) { return parsedTotals.of(stored) }

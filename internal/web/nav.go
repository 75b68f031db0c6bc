package web

import (
	"slices"

	"extrato/internal/auth"
)

// entry is a line of the bar.
type entry struct {
	Path, Text string
	Settings   bool // stands below Ajustes
	// Phone and Desk are its places, Current means the visitor is there.
	Phone, Desk, Current bool
}

// entries are all lines of the bar, in order. One shows once its page exists,
// to visitors with its permission.
var entries = []entry{
	{Path: "/", Text: "home"}, {Path: "/caixa", Text: "day sheet"}, {Path: "/historico", Text: "history"}, {Path: "/extrato", Text: "statements"},
	{Path: "/sessoes", Text: "sessions"}, {Path: "/pagamentos", Text: "payments"}, {Path: "/gastos", Text: "expenses"},
	{Path: "/comissoes", Text: "commissions"}, {Path: "/repasses", Text: "payouts"}, {Path: "/clientes", Text: "clients"}, {Path: "/artistas", Text: "artists"},
	{Path: settingsPath, Text: "settings"},
	{Path: "/acesso", Text: "access", Settings: true}, {Path: "/backups", Text: "backups", Settings: true}, {Path: "/tarefas", Text: "runs", Settings: true},
	{Path: "/registro", Text: "chain", Settings: true}, {Path: "/diagnostico", Text: "doctor", Settings: true}, {Path: "/importar", Text: "import", Settings: true},
}

const settingsPath = "/ajustes"

// The bar at the bottom of a phone has room for four entries and Mais.
var (
	phoneBar  = []string{"/", "/caixa", "/historico", "/repasses"}
	artistBar = []string{"/", "/sessoes", "/pagamentos", "/repasses"}
)

// bar is the bar as the templates draw it: First always shows, Rest stands
// behind Mais on a phone.
type bar struct{ First, Rest []entry }

// Bar returns the bar of the visitor, nil for a stranger.
func (p page) Bar() *bar {
	if p.v.who == nil {
		return nil
	}
	onPhone := phoneBar
	if p.v.who.Role == auth.Artist {
		onPhone = artistBar
	}
	var b bar
	inSettings := slices.ContainsFunc(entries, func(e entry) bool { return e.Settings && e.Path == p.Here }) || p.Here == settingsPath
	grouped := p.v.mayGo(settingsPath)
	leading := true // the first entries of both bars are the same
	for _, e := range entries {
		if !p.v.mayGo(e.Path) {
			continue
		}
		e.Current = e.Path == p.Here
		e.Phone, e.Desk = true, !e.Settings || inSettings || !grouped
		e.Settings = e.Settings && grouped
		inBar := slices.Contains(onPhone, e.Path)
		if leading = leading && inBar; leading {
			b.First = append(b.First, e)
			continue
		}
		if inBar {
			onlyPhone := e
			onlyPhone.Desk = false
			b.First = append(b.First, onlyPhone)
			e.Phone = false
		}
		b.Rest = append(b.Rest, e)
	}
	return &b
}

// mayGo reports whether there is a page at a path for the visitor.
func (v *visit) mayGo(path string) bool {
	needs, ok := v.pages[path]
	return ok && v.who != nil && v.who.May(needs)
}

// waits is the one line on top about waiting work, with its button.
type waits struct {
	Class string // fail or warn
	Text  string
	Link  link
}

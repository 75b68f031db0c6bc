package books

import (
	"fmt"
	"strings"
)

// Kind is a kind of row. The order of the constants is the order of rows in
// backups, statements and the fingerprint.
type Kind int

// The kinds of rows. A close moves the first five. The others stay; copies of the
// ones in use go along, of sessions into backups only.
const (
	PaymentKind Kind = iota
	SessionKind
	CommissionKind
	ExpenseKind
	LinkKind
	StayingKind
	ClientKind
	ArtistKind
	KindCount
)

// kinds holds each kind's table and the names of its values: columns are the
// table's own; copies are for people, written to backups and statements but no
// part of the row itself.
var kinds = [KindCount]struct {
	name, table     string
	columns, copies []string
	texts           []string // free-text columns
	statement       []string // keys of a statement's JSON, v4's first
	make            func() Row
}{
	PaymentKind: {
		name: "pagamento", table: "pagamentos", make: func() Row { return new(Payment) },
		columns: []string{"id", "data", "valor", "forma_pagamento", "observacoes", "comissao", "cliente_id",
			"artista_id", "sessao_id", "google_event_id", "created_at", "updated_at"},
		texts:  []string{"observacoes", "google_event_id"},
		copies: []string{"cliente_name", "artista_name", "sessao_data", "sinal"},
		statement: []string{"id", "data", "cliente_name", "artista_name", "valor", "forma_pagamento", "observacoes",
			"sessao_id", "sessao_data", "cliente_id", "artista_id", "comissao", "google_event_id", "created_at", "updated_at", "sinal"},
	},
	SessionKind: {
		name: "sessao", table: "sessoes", make: func() Row { return new(Session) },
		columns: []string{"id", "data", "hora", "valor", "observacoes", "cliente_id", "artista_id",
			"google_event_id", "status", "payment_id", "created_at", "updated_at"},
		texts:  []string{"observacoes", "google_event_id"},
		copies: []string{"cliente_name", "artista_name"},
		statement: []string{"id", "data", "cliente_name", "artista_name", "valor", "status", "observacoes",
			"hora", "cliente_id", "artista_id", "google_event_id", "payment_id", "created_at", "updated_at"},
	},
	CommissionKind: {
		name: "comissao", table: "comissoes", make: func() Row { return new(Commission) },
		columns: []string{"id", "pagamento_id", "artista_id", "percentual", "valor", "observacoes", "created_at"},
		texts:   []string{"observacoes"},
		copies:  []string{"artista_name", "cliente_name", "pagamento_valor", "pagamento_data"},
		statement: []string{"artista_name", "cliente_name", "pagamento_valor", "pagamento_data", "percentual", "valor",
			"observacoes", "id", "pagamento_id", "artista_id", "created_at"},
	},
	ExpenseKind: {
		name: "gasto", table: "gastos", make: func() Row { return new(Expense) },
		columns: []string{"id", "data", "valor", "descricao", "forma_pagamento", "created_by", "created_at", "updated_at"},
		texts:   []string{"descricao"},
		copies:  []string{"categoria", "creator_name"},
		statement: []string{"data", "valor", "descricao", "forma_pagamento", "categoria", "created_by", "id",
			"creator_name", "created_at", "updated_at"},
	},
	LinkKind: {
		name: "vinculo", make: func() Row { return new(Link) },
		columns:   []string{"sessao_id", "payment_id"},
		statement: []string{"sessao_id", "payment_id"},
	},
	StayingKind: {
		name: "sessao_viva", make: func() Row { return new(StayingSession) },
		columns: []string{"id", "data", "cliente_id", "artista_id", "created_at"},
	},
	ClientKind: {
		name: "cliente", table: "clients", make: func() Row { return new(Client) },
		columns:   []string{"id", "name", "jotform_submission_id", "created_at", "updated_at"},
		statement: []string{"id", "name", "jotform_submission_id", "created_at", "updated_at"},
	},
	ArtistKind: {
		name: "artista", table: "users", make: func() Row { return new(Artist) },
		columns:   []string{"id", "email", "name", "role", "created_at", "updated_at"},
		statement: []string{"id", "email", "name", "role", "created_at", "updated_at"},
	},
}

// String returns the kind's Portuguese name, as backups write it.
func (k Kind) String() string { return kinds[k].name }

// Table returns the kind's table in v4's schema; links and copies of staying
// sessions have none.
func (k Kind) Table() string { return kinds[k].table }

// Columns returns the names of the table's own columns, in the order of a
// row's Values.
func (k Kind) Columns() []string { return kinds[k].columns }

// Copies returns the names of values copied from referenced rows, in the
// order of a row's Copies.
func (k Kind) Copies() []string { return kinds[k].copies }

// New returns an empty row of this kind.
func (k Kind) New() Row { return kinds[k].make() }

// ParseKind reads a kind's Portuguese name.
func ParseKind(name string) (Kind, error) {
	for k := range KindCount {
		if kinds[k].name == name {
			return k, nil
		}
	}
	return 0, fmt.Errorf("%q is no kind of row", name)
}

// Counts holds how many rows of each kind there are.
type Counts struct {
	Payments    int64 `json:"payments"`
	Sessions    int64 `json:"sessions"`
	Commissions int64 `json:"commissions"`
	Expenses    int64 `json:"expenses"`
	Links       int64 `json:"-"`
}

// Add counts one row; clients and artists do not count.
func (c *Counts) Add(k Kind) {
	switch k {
	case PaymentKind:
		c.Payments++
	case SessionKind:
		c.Sessions++
	case CommissionKind:
		c.Commissions++
	case ExpenseKind:
		c.Expenses++
	case LinkKind:
		c.Links++
	}
}

// English returns the counts for people, links left out: "1 payment, 2 sessions,
// 0 commissions, 3 expenses".
func (c Counts) English() string {
	return c.words([4][2]string{{"payment", "payments"}, {"session", "sessions"}, {"commission", "commissions"}, {"expense", "expenses"}})
}

// Portuguese does the same: "1 pagamento, 2 sessões, 0 comissões, 3 gastos".
func (c Counts) Portuguese() string {
	return c.words([4][2]string{{"pagamento", "pagamentos"}, {"sessão", "sessões"}, {"comissão", "comissões"}, {"gasto", "gastos"}})
}

func (c Counts) words(names [4][2]string) string {
	parts := make([]string, 0, len(names))
	for i, n := range [...]int64{c.Payments, c.Sessions, c.Commissions, c.Expenses} {
		name := names[i][1]
		if n == 1 {
			name = names[i][0]
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, name))
	}
	return strings.Join(parts, ", ")
}

// Total returns the number of rows, links left out: they are part of a row.
func (c Counts) Total() int64 { return c.Payments + c.Sessions + c.Commissions + c.Expenses }

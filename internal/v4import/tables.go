package v4import

import (
	"slices"
)

// importTable is one of v4's tables, as every version of v4 has had it.
type importTable struct {
	name       string
	optional   bool // the oldest databases lack it
	columns    []importColumn
	unique     []string
	references []reference
}

type importColumn struct {
	name     string
	carry    converter
	required bool
	letters  int // PostgreSQL's limit; 0: none
}

// reference is a column with the id of a row of another table.
type reference struct {
	column, to string
	onDangling danglingPolicy
}

// danglingPolicy is the treatment of a dangling reference.
type danglingPolicy int

const (
	refused danglingPolicy = iota
	cut                    // NULL takes its place
	carried                // SQLite keeps it; PostgreSQL cannot
)

// importTables are v4's tables, each after the tables it refers to.
var importTables = []importTable{
	{
		name: "users", unique: []string{"email", "google_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"email", convertText, false, 100}, {"name", convertText, true, 100},
			{"avatar_url", convertText, false, 255}, {"google_id", convertText, false, 50}, {"password_hash", convertText, false, 255},
			{"role", convertText, true, 20}, {"active_flag", convertFlag, true, 0}, {"unified_flow_enabled", convertFlag, true, 0},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
	},
	{
		name: "clients", unique: []string{"jotform_submission_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"name", convertText, true, 255}, {"jotform_submission_id", convertText, false, 100},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
	},
	{
		name: "sessoes", unique: []string{"google_event_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"data", convertDay, true, 0}, {"hora", convertTime, false, 0}, {"valor", convertMoney, true, 0},
			{"observacoes", convertText, false, 255}, {"cliente_id", convertID, true, 0}, {"artista_id", convertID, true, 0},
			{"google_event_id", convertText, false, 100}, {"status", convertText, false, 20}, {"payment_id", convertLink, false, 0},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
		references: []reference{{"cliente_id", "clients", refused}, {"artista_id", "users", refused}, {"payment_id", "pagamentos", cut}},
	},
	{
		name: "pagamentos", unique: []string{"google_event_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"data", convertDay, true, 0}, {"valor", convertMoney, true, 0},
			{"forma_pagamento", convertText, true, 50}, {"observacoes", convertText, false, 255}, {"comissao", convertMoney, false, 0},
			{"cliente_id", convertID, false, 0}, {"artista_id", convertID, true, 0}, {"sessao_id", convertID, false, 0},
			{"google_event_id", convertText, false, 100}, {"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
		references: []reference{{"cliente_id", "clients", cut}, {"artista_id", "users", refused}, {"sessao_id", "sessoes", cut}},
	},
	{
		name: "comissoes",
		columns: []importColumn{
			{"id", convertID, true, 0}, {"pagamento_id", convertID, false, 0}, {"artista_id", convertID, true, 0},
			{"percentual", convertPercent, true, 0}, {"valor", convertMoney, true, 0}, {"observacoes", convertText, false, 255},
			{"created_at", convertLocalInstant, false, 0},
		},
		references: []reference{{"pagamento_id", "pagamentos", carried}, {"artista_id", "users", refused}},
	},
	{
		name: "gastos",
		columns: []importColumn{
			{"id", convertID, true, 0}, {"data", convertDay, true, 0}, {"valor", convertMoney, true, 0}, {"descricao", convertText, false, 255},
			{"forma_pagamento", convertText, true, 50}, {"created_by", convertID, true, 0},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
		references: []reference{{"created_by", "users", refused}},
	},
	{
		name: "extratos", optional: true, unique: []string{"mes, ano"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"mes", convertID, true, 0}, {"ano", convertID, true, 0}, {"pagamentos", convertJSON, true, 0},
			{"sessoes", convertJSON, true, 0}, {"comissoes", convertJSON, true, 0}, {"gastos", convertJSON, false, 0},
			{"totais", convertJSON, true, 0}, {"created_at", convertInstant, false, 0},
		},
	},
	{
		name: "extrato_run_logs", optional: true, unique: []string{"mes, ano, status"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"mes", convertID, true, 0}, {"ano", convertID, true, 0}, {"run_at", convertInstant, false, 0},
			{"status", convertText, true, 50}, {"message", convertText, false, 500},
		},
	},
}

// unknown returns the columns that the table has had in no version.
func (t importTable) unknown(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(name string) bool {
		return slices.ContainsFunc(t.columns, func(c importColumn) bool { return c.name == name })
	})
}

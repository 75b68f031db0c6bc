package store

import (
	"context"
	"slices"
)

// wanted are the tables that a database of this version has: v4's, which are
// the books, and our own.
var wanted = []string{
	"users", "clients", "sessoes", "pagamentos", "comissoes", "gastos", "extratos", "extrato_run_logs",
	"closings", "revisions", "deposits", "backups", "runs", "settings", "changes", "changed_rows", "artist_terms", "method_terms",
	"merged_clients", "month_sums", "alarms", "answers", "logins", "passwords", "service_tokens",
	"staff", "invitations",
}

// MissingTables names the tables that a database of this version should have
// and does not.
func (s *Store) MissingTables(ctx context.Context) ([]string, error) {
	query := "SELECT name FROM sqlite_schema WHERE type = 'table'"
	if s.dialect.postgres {
		query = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)"
	}
	var have []string
	err := s.Read(ctx, func(tx *Tx) error {
		have = nil
		return tx.list(ctx, query, nil, func(scan func(...any) error) error {
			have = append(have, "")
			return scan(&have[len(have)-1])
		})
	})
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, name := range wanted {
		if !slices.Contains(have, name) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

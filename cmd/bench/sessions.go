package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// The clients and open sessions that the live month's rows come on top of.
const (
	manyClients  = 3_000
	manySessions = 10_000
	sessionsBase = 60_000_000
)

// fillSessions adds them: sessions from two years before the live month to two
// months after it, each hundredth with a payment in it.
func fillSessions(ctx context.Context, db *sql.DB) error {
	const batch = 1000
	add := func(into string, n int, row func(i int) string) error {
		for from := 1; from <= n; from += batch {
			var rows []string
			for i := from; i < from+batch && i <= n; i++ {
				rows = append(rows, row(i))
			}
			if _, err := db.ExecContext(ctx, "INSERT INTO "+into+" VALUES "+strings.Join(rows, ", ")); err != nil { //nolint:gosec // texts of our own
				return err
			}
		}
		return nil
	}
	made := "'2025-09-01 12:00:00.000000'"
	return errors.Join(
		add("clients (id, name, created_at)", manyClients, func(i int) string {
			return fmt.Sprintf("(%d, '%s %s %d', %s)", sessionsBase+i, firstNames[i%len(firstNames)], lastNames[i%len(lastNames)], i, made)
		}),
		add("sessoes (id, data, valor, observacoes, cliente_id, artista_id, status, created_at)", manySessions, func(i int) string {
			return fmt.Sprintf("(%d, '%s', %d.50, 'braço fechado', %d, %d, 'active', %s)", sessionsBase+i, date(october.AddDate(0, 2, -i*7%790)), 100+i%900, sessionsBase+1+i%manyClients, 1+i%50, made)
		}),
		add("pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, sessao_id, created_at)", manySessions/100, func(i int) string {
			return fmt.Sprintf("(%d, '%s', 50.00, 'Pix', %d, %d, %d, %s)", sessionsBase+i, date(october.AddDate(0, 0, i%31)), sessionsBase+1+i*100%manyClients, 1+i*100%50, sessionsBase+i*100, made)
		}),
	)
}

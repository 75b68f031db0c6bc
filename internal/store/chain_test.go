package store_test

import (
	"fmt"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestThe_chain_only_grows(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		schema := ""
		if db.Path == "" {
			schema = "extrato."
		}
		write(t, db.Store, func(tx *store.Tx) error {
			for range 3 {
				_, err := tx.AppendEntry(t.Context(), books.ChainEntry{Action: books.Closed, Month: october, Totals: "{}", Notes: []string{"a", ""}, Counts: books.Counts{Payments: 1, Links: 2}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		chain := func() (all []books.ChainEntry) {
			read(t, db.Store, func(tx *store.Tx) (err error) {
				all, err = tx.ChainEntries(t.Context())
				return err
			})
			return all
		}
		before := fmt.Sprint(chain())
		columns := "seq, action, month, revision, at, actor, correlation_id, fingerprint, core, seal, payments, sessions, commissions, expenses, links, backup_file, backup_sha256, detail, previous_hash, hash"
		rest := ", 'closed', '2025-10', 1, '', 'forged', '', '', '', '', 0, 0, 0, 0, 0, '', '', '', '', ''"
		forged := "2" + rest
		attempts := []string{
			"UPDATE closings SET actor = 'forged'",
			"UPDATE closings SET actor = 'forged' WHERE seq = 3",
			"UPDATE closings SET seq = 7 WHERE seq = 3",
			"DELETE FROM closings",
			"DELETE FROM closings WHERE seq = 3",
			"INSERT INTO closings (" + columns + ") VALUES (" + forged + ")",
			"INSERT INTO closings (" + columns + ") VALUES (" + forged + ") ON CONFLICT (seq) DO UPDATE SET actor = 'forged'",
			"INSERT INTO closings (" + columns + ") VALUES (0" + rest + ")",
			"INSERT INTO closings (" + columns + ") VALUES (-1" + rest + ")",
			"INSERT INTO closings (" + columns + ") VALUES (5" + rest + ")",
			"INSERT INTO closings (" + columns + ") VALUES (4" + rest + "), (6" + rest + ")",
			"INSERT INTO closings (" + columns + ") SELECT -1, action, month, revision, at, actor, correlation_id, fingerprint, core, seal, payments, sessions, commissions, expenses, links, backup_file, backup_sha256, detail, previous_hash, hash FROM closings",
		}
		if db.Path == "" {
			attempts = append(attempts, "TRUNCATE closings", "TRUNCATE closings CASCADE", "TRUNCATE settings, closings")
		} else {
			attempts = append(attempts, "INSERT OR REPLACE INTO closings ("+columns+") VALUES ("+forged+")", "REPLACE INTO closings ("+columns+") VALUES ("+forged+")",
				"UPDATE OR REPLACE closings SET seq = 1 WHERE seq = 3", "UPDATE OR IGNORE closings SET actor = 'forged'", "INSERT OR IGNORE INTO closings ("+columns+") VALUES ("+forged+")")
		}
		for _, sql := range attempts {
			sql = strings.ReplaceAll(sql, "closings", schema+"closings")
			sql = strings.ReplaceAll(sql, "settings,", schema+"settings,")
			_, err := db.SQL.ExecContext(t.Context(), sql)
			if err == nil && !strings.Contains(sql, "OR IGNORE") {
				t.Errorf("%s was not refused", sql)
			}
			if after := fmt.Sprint(chain()); after != before {
				t.Fatalf("%s changed the chain to\n%s\nfrom\n%s", sql, after, before)
			}
		}
		last := chain()[2]
		if !last.Follows(chain()[1]) || last.Counts.Links != 2 || len(last.Notes) != 2 {
			t.Errorf("the last entry reads back as %+v", last)
		}
	})
}

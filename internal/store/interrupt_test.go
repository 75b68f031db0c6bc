package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func interrupted(t *testing.T, test func(*testing.T, *storetest.DB, context.Context, context.CancelFunc)) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		test(t, db, ctx, cancel)
	})
}

func TestMonthRows_blame_no_row_for_an_interruption(t *testing.T) {
	interrupted(t, func(t *testing.T, db *storetest.DB, ctx context.Context, cancel context.CancelFunc) {
		db.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled, email) VALUES (1, 'Ana', 'artist', TRUE, FALSE, 'ana@studio.test')")
		for id := 1; id <= 300; id++ {
			db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES ($1, '2025-10-03', 1, 'Pix', 1)", id)
		}
		err := db.Store.Read(ctx, func(tx *store.Tx) error {
			for _, err := range tx.MonthRows(ctx, books.Month{Year: 2025, Month: time.October}) {
				if err != nil {
					return err
				}
				if ctx.Err() == nil {
					cancel()
					time.Sleep(50 * time.Millisecond) // database/sql takes the rows away behind our back
				}
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || books.AsError(err).Kind == books.Integrity {
			t.Errorf("interrupted reading ends with %v", err)
		}
	})
}

func TestWrite_knows_that_an_interruption_before_the_commit_changed_nothing(t *testing.T) {
	storetest.Concurrent(t)
	interrupted(t, func(t *testing.T, db *storetest.DB, ctx context.Context, cancel context.CancelFunc) {
		err := db.Store.Write(ctx, func(tx *store.Tx) error {
			err := tx.SetSetting(ctx, "key", "value")
			cancel()
			time.Sleep(50 * time.Millisecond) // database/sql rolls back behind our back
			return err
		})
		if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrCommitUnknown) {
			t.Errorf("interrupted writing ends with %v", err)
		}
		_ = db.Store.Read(t.Context(), func(tx *store.Tx) error {
			if value, err := tx.Setting(t.Context(), "key"); value != "" || err != nil {
				t.Errorf("the setting is %q, %v, want none", value, err)
			}
			return nil
		})
	})
}

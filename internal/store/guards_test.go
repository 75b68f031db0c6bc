package store_test

import (
	"slices"
	"testing"

	"extrato/internal/store/storetest"
)

func TestGuards_that_are_gone_switched_off_or_changed_are_named_and_put_back(t *testing.T) {
	missing := func(t *testing.T, db *storetest.DB) []string {
		t.Helper()
		names, err := db.Store.MissingGuards(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	both(t, func(t *testing.T, db *storetest.DB) {
		ways := map[string]string{
			"DROP TRIGGER extratos_refuse_delete":  "extratos_refuse_delete",
			"DROP TRIGGER closings_refuse_gap":     "closings_refuse_gap",
			"DROP TRIGGER revisions_refuse_update": "revisions_refuse_update",
			"DROP TRIGGER closings_refuse_update; CREATE TRIGGER closings_refuse_update BEFORE UPDATE ON closings BEGIN SELECT 1; END": "closings_refuse_update",
		}
		if db.Path == "" {
			ways = map[string]string{
				"DROP TRIGGER extratos_keep_ours ON extratos":                                                                        "extratos_keep_ours",
				"ALTER TABLE extrato.closings DISABLE TRIGGER closings_refuse_gap":                                                   "closings_refuse_gap",
				"ALTER TABLE extrato.closings ENABLE REPLICA TRIGGER closings_refuse_change":                                         "closings_refuse_change",
				"DROP TRIGGER revisions_refuse_truncate ON extrato.revisions":                                                        "revisions_refuse_truncate",
				"CREATE OR REPLACE FUNCTION extrato.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$": "refuse_change",
				"ALTER FUNCTION extrato.keep_statement() RENAME TO keeps":                                                            "keep_statement",
			}
		}
		if names := missing(t, db); len(names) > 0 {
			t.Fatalf("a new database lacks %v", names)
		}
		for how, name := range ways {
			db.Exec(t, how)
			if names := missing(t, db); !slices.Contains(names, name) || len(names) > 2 {
				t.Errorf("%s: %v are missing, want %s", how, names, name)
			}
			if err := db.Store.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			if names := missing(t, db); len(names) == 0 {
				t.Errorf("%s: a start put it back without a word", how)
			}
			done, err := db.Store.Migrate(t.Context())
			if err != nil || !slices.Contains(done.Added, "guard "+name) {
				t.Errorf("%s: migrate says %+v, %v", how, done, err)
			}
			if names := missing(t, db); len(names) > 0 {
				t.Errorf("%s: %v are missing after migrate", how, names)
			}
		}
	})
}

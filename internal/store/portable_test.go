package store_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// otherwise says of each table that is not portable how its rows come back into a
// database made of the backups, or why they do not.
var otherwise = map[string]string{
	"sessoes": "live rows", "pagamentos": "live rows", "comissoes": "live rows", "gastos": "live rows", "expense_categories": "with the live expenses",
	"extratos": "made of their backups", "revisions": "made of their backups", "month_sums": "with their statements", "payments_at_rest": "with their statements",
	"closings": "the register's", "closing_details": "the register's", "runs": "one for each entry", "extrato_run_logs": "one for each entry",
	"backups": "the files that are there",
	"copies":  "not: each place is read again", "drills": "not: they are run again", "alarms": "not: what is wrong is told again",
	"logins": "not: nobody comes in by a copy", "passwords": "not: nobody comes in by a copy", "service_tokens": "not: nobody comes in by a copy",
	"invitations": "not: nobody comes in by a copy",
}

// leftOut are the columns of portable tables that do not come back.
var leftOut = map[string][]string{"users": {"password_hash"}, "signing_keys": {"secret"}}

func TestPortableTables_leave_out_no_table_and_no_column_by_mistake(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		portable := map[string]store.PortableTable{}
		for _, table := range store.PortableTables() {
			portable[table.Name] = table
		}
		for _, name := range store.AllTables() {
			table, is := portable[name]
			if how := otherwise[name]; is == (how != "") {
				t.Errorf("%s is portable: %v, and comes back otherwise: %q. Decide how its rows come back", name, is, how)
			}
			if !is {
				continue
			}
			kept := slices.Clone(leftOut[name])
			for _, c := range table.Columns {
				kept = append(kept, c.Name)
			}
			if has := columnsOf(t, db, name); !slices.Equal(slices.Sorted(slices.Values(kept)), slices.Sorted(slices.Values(has))) {
				t.Errorf("%s has the columns %v, and %v are kept or left out", name, has, kept)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(otherwise)) {
			if !slices.Contains(store.AllTables(), name) && name != "drills" {
				t.Errorf("there is no table %s", name)
			}
		}
	})
}

func columnsOf(t *testing.T, db *storetest.DB, table string) (names []string) {
	t.Helper()
	query := "SELECT name FROM pragma_table_info('" + table + "')"
	if db.Path == "" {
		query = "SELECT CAST(attname AS TEXT) FROM pg_attribute WHERE attrelid = to_regclass('" + table + "') AND attnum > 0 AND NOT attisdropped"
	}
	err := db.Store.Read(t.Context(), func(tx *store.Tx) error {
		return tx.Each(context.Background(), query, func(name string) error {
			names = append(names, name)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

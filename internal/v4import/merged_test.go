package v4import_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/v4test"
	"extrato/internal/v4import"
)

// A database taken over from v4, in which a person has merged two clients: the rows
// come in as the staying client's, and the other one stays hidden.
func TestAn_import_of_a_database_with_merged_clients(t *testing.T) {
	from, v4 := v4test.TakenOver(t)
	rules := &recording.Recorder{Store: from, Now: time.Now}
	err := from.Write(t.Context(), func(tx *store.Tx) error {
		_, rows, err := rules.MergeClients(t.Context(), tx, "test", 2, 1)
		if err == nil && len(rows.Payments) == 0 {
			t.Error("client 2 has no payments")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	url := v4test.Lines(t, v4, "SELECT 'postgres://postgres@127.0.0.1:' || inet_server_port() || '/' || current_database() || '?sslmode=disable'")
	url = url[:len(url)-1]
	before := v4test.Dump(t, v4, v4test.Carried...)
	targets(t, func(t *testing.T, to target) {
		done := mustImport(t, to, url)
		if slices.ContainsFunc(done.Left, func(left v4import.TableRows) bool { return left.Table == "merged_clients" }) {
			t.Errorf("the merge was left behind: %+v", done.Left)
		}
		v4test.Read(t, to.store, func(tx *store.Tx) error {
			stays, err := tx.Survivors(t.Context())
			if !maps.Equal(stays, map[books.ID]books.ID{2: 1}) {
				t.Errorf("merged are %v", stays)
			}
			return err
		})
		if to.store.Postgres() {
			v4test.Same(t, "the rows", before, v4test.Dump(t, to.db, v4test.Carried...))
		}
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM pagamentos WHERE cliente_id = 2") + v4test.Number(t, to.db, "SELECT count(*) FROM sessoes WHERE cliente_id = 2"); n != 0 {
			t.Errorf("the merged client has %d rows", n)
		}
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM clients WHERE id IN (1, 2)"); n != 2 {
			t.Errorf("%d of both clients came in", n)
		}
	})
	v4test.Same(t, "the source's rows", before, v4test.Dump(t, v4, v4test.Carried...))
}

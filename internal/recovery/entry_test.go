package recovery

import (
	"bytes"
	"reflect"
	"testing"

	"extrato/internal/books"
)

// A field that the object of an entry lacks would be lost with the database.
func TestAn_entrys_object_holds_each_of_its_fields(t *testing.T) {
	e := books.ChainEntry{
		Action: books.Closed, Month: books.Month{Year: 2025, Month: 10}, Revision: 2, At: 1_700_000_000_000_001, By: "user 3", CorrelationID: "run",
		Fingerprint: books.Fingerprint{1}, Core: books.Fingerprint{2}, Seal: books.Fingerprint{3},
		Counts:     books.Counts{Payments: 1, Sessions: 2, Commissions: 3, Expenses: 4, Links: 5},
		BackupFile: "2025_10/backup_2025_10.csv", BackupSHA256: "ab", Reason: "“ção” <x>", Totals: `{"receita_total":1.00}`, Notes: []string{"a", "é"}, Salt: books.NewSalt(),
	}.After(books.ChainEntry{Seq: 12, Hash: books.Fingerprint{4}})
	value := reflect.ValueOf(e)
	for i := range value.NumField() {
		if value.Field(i).IsZero() {
			t.Errorf("%s is not set: this test does not know the field", value.Type().Field(i).Name)
		}
	}
	text, err := encodeEntry(e)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decodeEntry(text)
	if err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("it came back as\n%+v, %v\nand not\n%+v", again, err, e)
	}
	for i := range text {
		other := bytes.Clone(text)
		other[i] ^= 1
		if same, err := decodeEntry(other); err == nil {
			t.Fatalf("byte %d was changed to %q, and the entry was read as %+v", i, other[i], same)
		}
	}
}

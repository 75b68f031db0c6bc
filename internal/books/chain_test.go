package books_test

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

var anyEntry = rapid.Custom(func(t *rapid.T) books.ChainEntry {
	c := books.ChainEntry{
		Action: rapid.SampledFrom([]books.Action{books.Closed, books.Revised, books.Reopened, books.Adopted, books.Restored}).Draw(t, "action"),
		Month:  anyMonth.Draw(t, "month"), Revision: rapid.IntRange(0, 9).Draw(t, "revision"), At: books.Instant(anyInstant.Draw(t, "at")),
		By: books.Actor(nastyText.Draw(t, "by")), Reason: nastyText.Draw(t, "reason"), CorrelationID: nastyText.Draw(t, "correlation id"),
		Totals: nastyText.Draw(t, "totals"), BackupFile: nastyText.Draw(t, "file"), BackupSHA256: nastyText.Draw(t, "sha256"),
		Notes: rapid.SliceOfN(nastyText, 0, 3).Draw(t, "notes"),
	}
	for _, digest := range []*books.Fingerprint{&c.Fingerprint, &c.Core, &c.Seal} {
		copy(digest[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))
	}
	copy(c.Salt[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "salt"))
	for _, n := range []*int64{&c.Counts.Payments, &c.Counts.Sessions, &c.Counts.Commissions, &c.Counts.Expenses, &c.Counts.Links} {
		*n = rapid.Int64Range(0, 1e6).Draw(t, "count")
	}
	return c
})

func TestAny_change_of_any_field_breaks_the_chain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := anyEntry.Draw(t, "first").After(books.ChainEntry{})
		second := anyEntry.Draw(t, "second").After(first)
		if !first.Follows(books.ChainEntry{}) || !second.Follows(first) || first.Seq != 1 || second.Seq != 2 || second.Previous != first.Hash {
			t.Fatal("a sealed chain is broken")
		}
		other := anyEntry.Draw(t, "other").After(books.ChainEntry{Seq: 7, Hash: second.Hash})
		for i := range reflect.TypeFor[books.ChainEntry]().NumField() {
			changed := second
			field, from := reflect.ValueOf(&changed).Elem().Field(i), reflect.ValueOf(other).Field(i)
			same := reflect.DeepEqual(field.Interface(), from.Interface()) || field.Kind() == reflect.Slice && field.Len() == 0 && from.Len() == 0
			field.Set(from)
			if changed.Follows(first) != same {
				t.Fatalf("%s may change", reflect.TypeFor[books.ChainEntry]().Field(i).Name)
			}
		}
	})
}

func TestEvery_count_is_part_of_the_hash(t *testing.T) {
	entry := books.ChainEntry{Action: books.Closed}.After(books.ChainEntry{})
	for i := range reflect.TypeFor[books.Counts]().NumField() {
		changed := entry
		reflect.ValueOf(&changed.Counts).Elem().Field(i).SetInt(1)
		if changed.Follows(books.ChainEntry{}) {
			t.Errorf("%s may change", reflect.TypeFor[books.Counts]().Field(i).Name)
		}
	}
}

func TestNo_entry_can_be_dropped_swapped_or_put_between(t *testing.T) {
	chain := []books.ChainEntry{{}}
	for n := range 5 {
		chain = append(chain, books.ChainEntry{Action: books.Closed, Revision: n}.After(chain[n]))
	}
	for i := range chain {
		for j := 1; j < len(chain); j++ {
			if chain[j].Follows(chain[i]) != (j == i+1) {
				t.Errorf("entry %d after entry %d", j, i)
			}
		}
	}
	if gap := (books.ChainEntry{Action: books.Closed}).After(books.ChainEntry{Seq: 7, Hash: chain[2].Hash}); gap.Follows(chain[2]) {
		t.Error("entry 8 follows entry 2")
	}
	forged := books.ChainEntry{Action: books.Closed, Revision: 9}.After(chain[2])
	if !forged.Follows(chain[2]) || chain[4].Follows(forged) {
		t.Error("a forged third entry goes unnoticed")
	}
}

func TestText_does_not_move_from_one_field_of_an_entry_to_the_next_unseen(t *testing.T) {
	seal := func(c books.ChainEntry) books.Fingerprint { return c.After(books.ChainEntry{}).Hash }
	if seal(books.ChainEntry{BackupFile: "ab", BackupSHA256: "c"}) == seal(books.ChainEntry{BackupFile: "a", BackupSHA256: "bc"}) {
		t.Error("fields run into each other")
	}
	if seal(books.ChainEntry{Notes: []string{"a", "b"}}) == seal(books.ChainEntry{Notes: []string{"ab"}}) {
		t.Error("notes run into each other")
	}
}

// These were computed apart from this program, by testdata/vectors.py. Chains that
// exist hold such values.
const (
	firstDetail = "e258708c6de9a58454e4a7f6f8895a88ef849a4381933df739c3c1c79939c49c"
	firstHash   = "ec3e92ba24dcbdbe75d1919cd5d9879ddb0c0ecf2b4fcad35df23842fcc9f3e9"
	secondHash  = "ffdd9f6afb0e1263c2766b67c848b6fc1562971adc7c63a3ca7fefe41f48d59c"
)

func TestThe_hash_of_this_entry_never_changes(t *testing.T) {
	entry := books.ChainEntry{
		Action: books.Closed, Month: month(t, "2025-10"), Revision: 1, At: instant(t, "2025-11-01T05:00:00Z"), By: "schedule", CorrelationID: "b17cee4a",
		Fingerprint: fingerprint(t, october()), Core: core(t, october()), Seal: sha256.Sum256([]byte("seal")), Counts: books.Counts{Payments: 2, Sessions: 1, Commissions: 1, Expenses: 1, Links: 1},
		Totals: "{}", BackupFile: "2025_10/backup_2025_10.csv", BackupSHA256: "ab", Notes: []string{"nota"}, Reason: "motivo",
	}
	for i := range entry.Salt {
		entry.Salt[i] = byte(i)
	}
	first := entry.After(books.ChainEntry{})
	if first.Detail.String() != firstDetail || first.Hash.String() != firstHash {
		t.Errorf("detail %s, hash %s", first.Detail, first.Hash)
	}
	second := books.ChainEntry{
		Action: books.Adopted, Month: month(t, "2025-09"), Revision: 1, At: entry.At, By: "migrate", CorrelationID: "b17cee4b", Seal: entry.Seal, Totals: "{}",
	}.After(first)
	if second.Hash.String() != secondHash {
		t.Error(second.Hash)
	}
}

func TestAn_actors_name_is_no_part_of_the_entry_itself(t *testing.T) {
	for actor, want := range map[books.Actor][2]string{
		"schedule": {"schedule", ""}, "user 3": {"user 3", ""}, "token 1f2e": {"token 1f2e", ""}, "cli ana": {"cli", "ana"},
		"cli ana maria": {"cli", "ana maria"}, "cli": {"cli", ""}, "github studio/books@77": {"github 77", "studio/books"},
	} {
		if by, name := actor.Anonymous(); string(by) != want[0] || name != want[1] {
			t.Errorf("%s became %q and %q", actor, by, name)
		}
	}
	entry := books.ChainEntry{Notes: []string{books.ByNote + "ana", "no backup"}}
	if got := entry.Remarks(); !slices.Equal(got, []string{"no backup"}) {
		t.Errorf("remarks are %q", got)
	}
}

func TestOnly_these_actions_decide_a_months_state(t *testing.T) {
	decide := []books.Action{books.Closed, books.Revised, books.Reopened, books.Adopted}
	for _, action := range append(decide, books.Restored, "erased", "keyed", "paid", "") {
		if action.Decides() != slices.Contains(decide, action) {
			t.Errorf("%q", action)
		}
	}
}

func TestCorrelation_IDs_are_never_the_same(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := books.NewCorrelationID()
		if len(id) != 16 || strings.Trim(id, "0123456789abcdef") != "" || seen[id] {
			t.Fatal(id)
		}
		seen[id] = true
	}
}

func TestEntries_that_leave_a_statement(t *testing.T) {
	with := []books.Action{books.Closed, books.Revised, books.Adopted}
	for _, action := range []books.Action{books.Closed, books.Revised, books.Adopted, books.Reopened, books.Restored, ""} {
		if (books.ChainEntry{Action: action}).HasStatement() != slices.Contains(with, action) {
			t.Errorf("%q", action)
		}
	}
}

package books_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

var anyClosing = rapid.Custom(func(t *rapid.T) books.Closing {
	c := books.Closing{
		Action: rapid.SampledFrom([]books.Action{books.Closed, books.Revised, books.Reopened, books.Adopted, books.Restored}).Draw(t, "action"),
		Month:  anyMonth.Draw(t, "month"), Revision: rapid.IntRange(0, 9).Draw(t, "revision"), At: books.Instant(anyInstant.Draw(t, "at")),
		By: books.Actor(nastyText.Draw(t, "by")), Reason: nastyText.Draw(t, "reason"), CorrelationID: nastyText.Draw(t, "correlation id"),
		Totals: nastyText.Draw(t, "totals"), BackupFile: nastyText.Draw(t, "file"), BackupSHA256: nastyText.Draw(t, "sha256"),
		Notes: rapid.SliceOfN(nastyText, 0, 3).Draw(t, "notes"),
	}
	copy(c.Fingerprint[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "fingerprint"))
	for _, n := range []*int64{&c.Counts.Payments, &c.Counts.Sessions, &c.Counts.Commissions, &c.Counts.Expenses, &c.Counts.Links} {
		*n = rapid.Int64Range(0, 1e6).Draw(t, "count")
	}
	return c
})

func TestAnyChangeOfAnyFieldBreaksTheChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := anyClosing.Draw(t, "first").Seal(books.Closing{})
		second := anyClosing.Draw(t, "second").Seal(first)
		if !first.Follows(books.Closing{}) || !second.Follows(first) || first.Seq != 1 || second.Seq != 2 || second.Previous != first.Hash {
			t.Fatal("a sealed chain is broken")
		}
		other := anyClosing.Draw(t, "other").Seal(books.Closing{Seq: 7, Hash: second.Hash})
		for i := range reflect.TypeFor[books.Closing]().NumField() {
			changed := second
			field, from := reflect.ValueOf(&changed).Elem().Field(i), reflect.ValueOf(other).Field(i)
			same := reflect.DeepEqual(field.Interface(), from.Interface()) || field.Kind() == reflect.Slice && field.Len() == 0 && from.Len() == 0
			field.Set(from)
			if changed.Follows(first) != same {
				t.Fatalf("%s may change", reflect.TypeFor[books.Closing]().Field(i).Name)
			}
		}
	})
}

func TestEveryCountIsPartOfTheHash(t *testing.T) {
	entry := books.Closing{Action: books.Closed}.Seal(books.Closing{})
	for i := range reflect.TypeFor[books.Counts]().NumField() {
		changed := entry
		reflect.ValueOf(&changed.Counts).Elem().Field(i).SetInt(1)
		if changed.Follows(books.Closing{}) {
			t.Errorf("%s may change", reflect.TypeFor[books.Counts]().Field(i).Name)
		}
	}
}

func TestNoEntryCanBeDroppedSwappedOrPutBetween(t *testing.T) {
	chain := []books.Closing{{}}
	for n := range 5 {
		chain = append(chain, books.Closing{Action: books.Closed, Revision: n}.Seal(chain[n]))
	}
	for i := range chain {
		for j := 1; j < len(chain); j++ {
			if chain[j].Follows(chain[i]) != (j == i+1) {
				t.Errorf("entry %d after entry %d", j, i)
			}
		}
	}
	if gap := (books.Closing{Action: books.Closed}).Seal(books.Closing{Seq: 7, Hash: chain[2].Hash}); gap.Follows(chain[2]) {
		t.Error("entry 8 follows entry 2")
	}
	forged := books.Closing{Action: books.Closed, Revision: 9}.Seal(chain[2])
	if !forged.Follows(chain[2]) || chain[4].Follows(forged) {
		t.Error("a forged third entry goes unnoticed")
	}
}

func TestTextDoesNotMoveFromOneFieldOfAnEntryToTheNextUnseen(t *testing.T) {
	seal := func(c books.Closing) books.Fingerprint { return c.Seal(books.Closing{}).Hash }
	if seal(books.Closing{BackupFile: "ab", BackupSHA256: "c"}) == seal(books.Closing{BackupFile: "a", BackupSHA256: "bc"}) {
		t.Error("fields run into each other")
	}
	if seal(books.Closing{Notes: []string{"a", "b"}}) == seal(books.Closing{Notes: []string{"ab"}}) {
		t.Error("notes run into each other")
	}
}

// firstHash was computed apart from this program, from the words of
// computeHash's comment. Chains that exist hold such values.
const firstHash = "3b6df488f2261a65d320c1263cad4ac7b63e4818d5cf236014e1f58e54eb048d"

func TestTheHashOfThisEntryNeverChanges(t *testing.T) {
	entry := books.Closing{
		Action: books.Closed, Month: month(t, "2025-10"), Revision: 1, At: instant(t, "2025-11-01T05:00:00Z"), By: "schedule", CorrelationID: "b17cee4a",
		Fingerprint: fingerprint(t, october()), Counts: books.Counts{Payments: 2, Sessions: 1, Commissions: 1, Expenses: 1, Links: 1},
		Totals: "{}", BackupFile: "2025_10/backup_2025_10.csv", BackupSHA256: "ab", Notes: []string{"nota"},
	}
	if got := entry.Seal(books.Closing{}).Hash.String(); got != firstHash {
		t.Error(got)
	}
}

func TestCorrelationIDsAreNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := books.NewCorrelationID()
		if len(id) != 16 || strings.Trim(id, "0123456789abcdef") != "" || seen[id] {
			t.Fatal(id)
		}
		seen[id] = true
	}
}

func TestEntriesThatLeaveAStatement(t *testing.T) {
	with := []books.Action{books.Closed, books.Revised, books.Adopted}
	for _, action := range []books.Action{books.Closed, books.Revised, books.Adopted, books.Reopened, books.Restored, ""} {
		if (books.Closing{Action: action}).HasStatement() != slices.Contains(with, action) {
			t.Errorf("%q", action)
		}
	}
}

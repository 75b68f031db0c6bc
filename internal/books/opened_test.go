package books_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// An opened statement has the rows and sums of the whole one, part by part.
func TestAn_opened_statement_has_every_row_and_sum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Draw(t, "rows")
		stored, _ := write(t, month(t, "2025-10"), 1, rows)
		unquoted, written := stored.Unquoted()
		if !written || unquoted.Seal() != stored.Seal() {
			t.Fatal("unquoted, it has another seal")
		}
		keep := func(row books.Row) bool { return row.Key()%2 == 0 }
		for _, s := range []books.Stored{stored, unquoted} {
			o, err := s.Open()
			if err != nil {
				t.Fatal(err)
			}
			some, err := o.Only(keep)
			if err != nil {
				t.Fatal(err)
			}
			wantOpened(t, o, rows)
			wantOpened(t, some, slices.DeleteFunc(slices.Clone(rows), func(row books.Row) bool { return !keep(row) }))
		}
	})
}

// wantOpened fails the test unless o has these rows, whole and in parts, and their
// sums.
func wantOpened(t *rapid.T, o *books.Opened, rows []books.Row) {
	t.Helper()
	tally, days, earners := books.NewTally(), books.NewDaySums(o.Month), books.NewEarners()
	var counts books.Counts
	var prices books.Money
	var payments []books.ID
	shares := map[books.ID]books.Money{}
	for kind := range books.LinkKind {
		var want []books.Row
		for _, row := range rows {
			if row.Kind() == kind {
				want = append(want, row)
				tally.Add(row)
				days.Add(row)
				earners.Add(row)
				counts.Add(kind)
			}
			switch r := row.(type) {
			case *books.Session:
				if kind == books.SessionKind {
					prices += r.Amount
				}
			case *books.Commission:
				if kind == books.CommissionKind && r.PaymentID.Valid {
					payments = append(payments, r.PaymentID.V)
					shares[r.PaymentID.V] += r.Amount
				}
			}
		}
		slices.SortStableFunc(want, func(a, b books.Row) int {
			return cmp.Or(cmp.Compare(books.ListDay(b), books.ListDay(a)), cmp.Compare(b.Key(), a.Key()))
		})
		var got []books.Row
		for from := 0; from < len(want)+2; from += 2 {
			part, err := o.Newest(kind, from, from+2)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, part...)
		}
		if !slices.Equal(texts(got), texts(want)) {
			t.Fatalf("%s are %q, want %q", kind, texts(got), texts(want))
		}
	}
	if string(o.Totals.JSON()) != string(tally.Totals().JSON()) || !slices.Equal(o.Days, days.List()) || !slices.Equal(o.Earners, earners.List()) || o.Header.Counts != counts || o.Sessions != prices {
		t.Fatalf("the sums are %s", o.Totals.JSON())
	}
	got, known, err := o.CommissionsOf(payments)
	if err != nil || known != (len(shares) > 0 || counts.Commissions == 0) {
		t.Fatalf("known %v, %v", known, err)
	}
	for payment, sum := range shares {
		if got[payment] != sum {
			t.Fatalf("payment %d has %v, want %v", payment, got[payment], sum)
		}
	}
}

func TestA_broken_statement_does_not_open(t *testing.T) {
	whole, _ := write(t, month(t, "2025-10"), 1, []books.Row{&books.Payment{ID: 1, Date: 20251001, Amount: 100, Method: "Pix", ArtistID: 1}})
	for name, part := range map[string]string{
		"half a list": `[{"id":1,"data":"2025-10-01"}`, "an object": `{}`, "no JSON": `x`, "no rows": `[1]`, "a bad day": `[{"data":"2025-10-32"}]`, "no UTF-8": "[\"\xff\"]",
	} {
		for kind := range books.LinkKind {
			s := whole
			if s.Parts[kind] = part; name == "a bad day" && kind == books.CommissionKind {
				continue // it has none of its own
			}
			if _, err := s.Open(); err == nil {
				t.Errorf("%s of %s opens", name, kind)
			} else {
				wants(t, err, books.Integrity, "broken_statement")
			}
		}
	}
}

func TestStatements_of_v4_open_however_they_are_nested(t *testing.T) {
	for nested := range 4 {
		o, err := v4Statement(t, nested).Open()
		if err != nil {
			t.Fatal(err)
		}
		_, known, err := o.CommissionsOf([]books.ID{7})
		if o.Header.Counts.Total() != 5 || known || err != nil || o.Totals.Revenue != 450_30 {
			t.Errorf("nested %d times: %+v, %v", nested, o.Header.Counts, err)
		}
	}
}

// Differences finds each row that was added, removed or changed, and no other.
func TestDifferences_between_revisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := anyRows.Draw(t, "before")
		after := clones(before)
		want := map[string]bool{}
		name := func(row books.Row) string { return fmt.Sprint(row.Kind(), row.Key()) }
		for i := len(after) - 1; i >= 0; i-- {
			if after[i].Kind() > books.ExpenseKind {
				continue
			}
			switch rapid.IntRange(0, 3).Draw(t, "fate") {
			case 0:
				want[name(after[i])] = true
				after = slices.Delete(after, i, i+1)
			case 1:
				changed := drawRow(t, after[i].Kind(), int64(after[i].Key()))
				if text(changed) != text(after[i]) {
					want[name(after[i])] = true
					after[i] = changed
				}
			}
		}
		for _, pair := range [][2][]books.Row{{before, after}, {after, before}} {
			found, err := books.Differences(books.Sequence(pair[0]), books.Sequence(pair[1]))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, d := range found {
				row := d.Before
				if row == nil {
					row = d.After
				}
				got[name(row)] = true
			}
			if len(got) != len(want) || len(found) != len(want) {
				t.Fatalf("%d differences, want %d", len(found), len(want))
			}
			for n := range want {
				if !got[n] {
					t.Fatalf("%q is not found", n)
				}
			}
		}
	})
}

func TestCommissions_of_one_payment_are_added_up(t *testing.T) {
	s, _ := write(t, month(t, "2025-10"), 1, []books.Row{
		&books.Payment{ID: 7, Date: 20251001, Amount: 100_00, Method: "Pix", ArtistID: 1},
		&books.Commission{ID: 1, PaymentID: books.RefTo(7), ArtistID: 1, Amount: 30_00}, &books.Commission{ID: 2, PaymentID: books.RefTo(7), ArtistID: 2, Amount: 20_00},
		&books.Commission{ID: 3, ArtistID: 2, Amount: 5_00},
	})
	o, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	if sums, known, err := o.CommissionsOf([]books.ID{7, 8}); len(sums) != 1 || sums[7] != 50_00 || !known || err != nil {
		t.Errorf("%v %v %v", sums, known, err)
	}
}

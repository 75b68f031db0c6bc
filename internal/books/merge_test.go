package books_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func link(session, payment books.ID) *books.Link {
	return &books.Link{SessionID: session, PaymentID: payment}
}

func TestLate_rows_merge_in_order(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Draw(t, "rows")
		var stored, late []books.Row
		for _, row := range rows {
			if rapid.Bool().Draw(t, "late") {
				late = append(late, row)
			} else {
				stored = append(stored, row)
			}
		}
		late = slices.DeleteFunc(late, func(row books.Row) bool { // links have rules of their own
			return row.Kind() == books.SessionKind || row.Kind() == books.LinkKind
		})
		all, err := books.Collect(books.Merge(books.Sequence(stored), late))
		want := texts(collect(t, books.Sequence(slices.Concat(stored, late))))
		if err != nil || !slices.Equal(texts(all), want) {
			t.Fatalf("got  %q, %v\nwant %q", texts(all), err, want)
		}
	})
}

func TestA_row_that_is_live_and_in_the_statement_is_refused(t *testing.T) {
	for _, late := range october()[:5] {
		var got []books.Row
		var failed error
		for row, err := range books.Merge(books.Sequence(october()), []books.Row{clone(late)}) {
			if failed != nil {
				t.Fatal("rows come after the error")
			}
			failed = err
			got = append(got, row)
		}
		wants(t, failed, books.Integrity, "row_twice")
		if slices.ContainsFunc(got[:len(got)-1], func(row books.Row) bool { return books.Compare(row, late) == 0 }) {
			t.Errorf("%s was handed out", books.Describe(late))
		}
	}
}

func TestPeople_whom_both_name_come_once(t *testing.T) {
	late := []books.Row{&books.Client{ID: 3, Name: "João, renamed"}, &books.Client{ID: 4, Name: "Bia"}, &books.Artist{ID: 2, Name: "Ana, renamed"}}
	got := collect(t, books.Merge(books.Sequence(october()), late))
	if len(got) != len(october())+1 || got[6].(*books.Client).Name != "João 💉" || got[7].(*books.Client).ID != 4 || got[8].(*books.Artist).Name != "Ana" {
		t.Errorf("%q", texts(got))
	}
}

func TestA_late_session_takes_its_link_back(t *testing.T) {
	statement := []books.Row{&books.Payment{ID: 8}, link(11, 7), link(12, 8), link(13, 8)}
	got := collect(t, books.Merge(books.Sequence(statement), []books.Row{&books.Session{ID: 12}}))
	want := []books.Row{&books.Payment{ID: 8}, &books.Session{ID: 12, PaymentID: books.RefTo(8)}, link(11, 7), link(13, 8)}
	if !slices.Equal(texts(got), texts(want)) {
		t.Errorf("got  %q\nwant %q", texts(got), texts(want))
	}
}

func TestA_late_session_keeps_a_newer_link(t *testing.T) {
	late := []books.Row{&books.Payment{ID: 9}, &books.Session{ID: 12, PaymentID: books.RefTo(9)}}
	got := collect(t, books.Merge(books.Sequence([]books.Row{&books.Payment{ID: 8}, link(12, 8)}), late))
	want := []books.Row{&books.Payment{ID: 8}, &books.Payment{ID: 9}, &books.Session{ID: 12, PaymentID: books.RefTo(9)}}
	if !slices.Equal(texts(got), texts(want)) {
		t.Errorf("got  %q\nwant %q", texts(got), texts(want))
	}
}

func TestA_late_link_replaces_the_statements(t *testing.T) {
	statement := []books.Row{&books.Payment{ID: 8}, link(11, 8), link(12, 8)}
	got := collect(t, books.Merge(books.Sequence(statement), []books.Row{&books.Payment{ID: 9}, link(12, 9)}))
	want := []books.Row{&books.Payment{ID: 8}, &books.Payment{ID: 9}, link(11, 8), link(12, 9)}
	if !slices.Equal(texts(got), texts(want)) {
		t.Errorf("got  %q\nwant %q", texts(got), texts(want))
	}
}

func TestNothing_late_leaves_the_statement_as_it_is(t *testing.T) {
	if got := collect(t, books.Merge(books.Sequence(october()), nil)); !slices.Equal(texts(got), texts(october())) {
		t.Errorf("%q", texts(got))
	}
	late := october()
	if got := collect(t, books.Merge(books.Sequence(nil), late)); !slices.Equal(texts(got), texts(october())) {
		t.Errorf("%q", texts(got))
	}
}

func TestA_broken_statement_does_not_merge(t *testing.T) {
	broken := func(yield func(books.Row, error) bool) {
		_ = yield(&books.Payment{ID: 1}, nil) && yield(nil, books.Integrityf("torn", "torn"))
	}
	for _, late := range [][]books.Row{nil, {&books.Payment{ID: 2}}, {&books.Session{ID: 1}}, {link(1, 1)}} {
		rows, err := books.Collect(books.Merge(broken, late))
		wants(t, err, books.Integrity, "torn")
		if rows != nil {
			t.Errorf("%q", texts(rows))
		}
	}
}

func TestReaders_of_a_merge_may_stop_early(t *testing.T) {
	late := []books.Row{&books.Payment{ID: 1}, &books.Payment{ID: 99}, &books.Session{ID: 12}, &books.Artist{ID: 9}}
	for stop := range len(october()) + len(late) - 1 {
		n := 0
		for _, err := range books.Merge(books.Sequence(october()), clones(late)) {
			if n++; n > stop || err != nil {
				break
			}
		}
		if n != stop+1 {
			t.Errorf("%d rows, want %d", n, stop+1)
		}
	}
}

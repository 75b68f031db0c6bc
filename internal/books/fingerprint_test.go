package books_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func fingerprint(t rapid.TB, rows []books.Row) books.Fingerprint {
	t.Helper()
	f, _, err := books.FingerprintOf(books.Sequence(rows))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func day(s string) books.Day {
	d, err := books.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// october returns a small month in which every kind of row occurs.
func october() []books.Row {
	created := books.At(time.Date(2025, 10, 28, 14, 52, 58, 123456000, time.UTC))
	return []books.Row{
		&books.Payment{
			ID: 7, Date: day("2025-10-28"), Amount: 45000, Method: "Pix", Note: books.TextOf(""), ClientID: books.RefTo(3), ArtistID: 2,
			SessionID: books.RefTo(11), CreatedAt: created, ClientName: books.TextOf("João 💉"), ArtistName: books.TextOf("Ana"),
		},
		&books.Payment{ID: 8, Date: day("2025-10-31"), Amount: -1, Method: "Cartão de Crédito", ArtistID: 2, Commission: books.NullMoney{Valid: true}, Deposit: true},
		&books.Session{
			ID: 11, Date: day("2025-09-30"), Amount: 45000, ClientID: 3, ArtistID: 2, Status: books.TextOf("paid"), PaymentID: books.RefTo(7),
			Time: books.TextOf("14:30:00"), Note: books.TextOf("linha\r\n\"dois\""), GoogleEventID: books.TextOf("evt_1"), UpdatedAt: created,
		},
		&books.Commission{ID: 5, PaymentID: books.RefTo(7), ArtistID: 2, Percent: 6000, Amount: 27000, CreatedAt: created},
		&books.Expense{ID: 4, Date: day("2025-10-02"), Amount: 1999, Description: books.TextOf("=agulhas"), Method: "Dinheiro", CreatedBy: 1},
		&books.Link{SessionID: 12, PaymentID: 8},
		&books.Client{ID: 3, Name: "João 💉"},
		&books.Artist{ID: 2, Name: "Ana", Role: "artist"},
	}
}

func core(t rapid.TB, rows []books.Row) books.Fingerprint {
	t.Helper()
	d := books.NewDigest()
	for row, err := range books.Sequence(rows) {
		if err := errors.Join(err, d.Add(row)); err != nil {
			t.Fatal(err)
		}
	}
	return d.Core()
}

// These were computed apart from this program, by testdata/vectors.py. They never
// change: chains and manifests hold such values.
const (
	octoberFingerprint = "9757ec790ad466e1d3a5c40246f2ff52a846c512f575f0ba82e9ccdad1a888e6"
	octoberCore        = "b83e11e717d1b71867d673f289f929a9929f7684866f4f7a9efcdfcbf3d0a8bb"
)

func TestThe_fingerprint_of_these_rows_never_changes(t *testing.T) {
	f, counts, err := books.FingerprintOf(books.Sequence(october()))
	if err != nil || f.String() != octoberFingerprint {
		t.Errorf("the fingerprint is %s, %v", f, err)
	}
	if counts != (books.Counts{Payments: 2, Sessions: 1, Commissions: 1, Expenses: 1, Links: 1}) || counts.Total() != 5 {
		t.Errorf("counted %+v", counts)
	}
	if c := core(t, october()).String(); c != octoberCore {
		t.Errorf("the core is %s", c)
	}
	if none := fingerprint(t, nil).String(); none != "4117b51af6d4721d2687a2809954106cacb3011c9d0fc7d96a408f89a4a7b15c" {
		t.Errorf("the fingerprint of no rows is %s", none)
	}
}

func TestAny_change_of_any_field_changes_the_fingerprint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Filter(func(rows []books.Row) bool { return len(rows) > 0 }).Draw(t, "rows")
		before := fingerprint(t, rows)
		changed := clones(rows)
		row := rapid.SampledFrom(changed).Draw(t, "row")
		i := rapid.IntRange(0, len(row.AppendValues(nil))-1).Draw(t, "field")
		v, old := row.AppendValues(nil)[i], clone(row).AppendValues(nil)[i]
		fill(t, v)
		if i == 0 && slices.ContainsFunc(rows, func(r books.Row) bool { return books.Compare(r, row) == 0 }) {
			t.Skip("the same id, or one that is taken")
		}
		counts := row.Kind() <= books.LinkKind
		if after := fingerprint(t, changed); (after != before) != (counts && !sameValue(v, old)) {
			t.Fatalf("%s.%s from %q to %q: the fingerprints are %s and %s", row.Kind(), row.Kind().Columns()[i],
				old.AppendText(nil), v.AppendText(nil), before, after)
		}
		if same := sameValue(v, old); row.Kind() <= books.LinkKind && i > 0 && books.Equal(row, rows[slices.Index(changed, row)]) != same {
			t.Fatal("Equal does not see what the fingerprint sees")
		}
	})
}

func TestOnly_free_texts_are_no_part_of_the_core(t *testing.T) {
	free := []string{"pagamento.observacoes", "pagamento.google_event_id", "sessao.observacoes", "sessao.google_event_id", "comissao.observacoes", "gasto.descricao"}
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Filter(func(rows []books.Row) bool { return len(rows) > 0 && rows[0].Kind() <= books.LinkKind }).Draw(t, "rows")
		before := core(t, rows)
		changed := clones(rows)
		row := changed[0]
		i := rapid.IntRange(1, len(row.AppendValues(nil))-1).Draw(t, "field")
		v, old := row.AppendValues(nil)[i], clone(row).AppendValues(nil)[i]
		fill(t, v)
		name := row.Kind().String() + "." + row.Kind().Columns()[i]
		if (core(t, changed) != before) != (!sameValue(v, old) && !slices.Contains(free, name)) {
			t.Fatalf("%s from %q to %q", name, old.AppendText(nil), v.AppendText(nil))
		}
	})
}

func TestA_row_more_or_less_changes_the_fingerprint(t *testing.T) {
	all := october()[:6]
	seen := map[books.Fingerprint]int{fingerprint(t, all): -1}
	for i := range all {
		f := fingerprint(t, slices.Delete(slices.Clone(all), i, i+1))
		if without, twice := seen[f]; twice {
			t.Errorf("the rows without number %d look like those without number %d", i, without)
		}
		seen[f] = i
	}
}

func TestCopies_clients_and_artists_are_no_part_of_the_fingerprint(t *testing.T) {
	rows := october()
	rows[0].(*books.Payment).ClientName = books.TextOf("somebody else")
	rows[0].(*books.Payment).SessionDate = books.NullDay{}
	rows[6].(*books.Client).Name = "somebody else"
	if f := fingerprint(t, rows[:7]); f.String() != octoberFingerprint {
		t.Errorf("the fingerprint changed to %s", f)
	}
}

func TestNull_and_the_empty_text_have_two_fingerprints(t *testing.T) {
	null, empty := &books.Expense{ID: 1}, &books.Expense{ID: 1, Description: books.TextOf("")}
	if fingerprint(t, []books.Row{null}) == fingerprint(t, []books.Row{empty}) || books.Equal(null, empty) {
		t.Error("NULL looks like the empty text")
	}
}

func TestText_does_not_move_from_one_field_to_the_next_unseen(t *testing.T) {
	a := &books.Expense{ID: 1, Description: books.TextOf("ab"), Method: "c"}
	b := &books.Expense{ID: 1, Description: books.TextOf("a"), Method: "bc"}
	if fingerprint(t, []books.Row{a}) == fingerprint(t, []books.Row{b}) {
		t.Error("the fields run into each other")
	}
}

func TestRows_out_of_order_have_no_fingerprint(t *testing.T) {
	rows := october()
	for i := range rows {
		for j := range i + 1 {
			d := books.NewDigest()
			if err := d.Add(rows[i]); err != nil {
				t.Fatal(err)
			}
			wants(t, d.Add(rows[j]), books.Integrity, "rows_out_of_order")
		}
	}
}

func TestA_fingerprint_stops_at_the_first_error(t *testing.T) {
	broken := func(yield func(books.Row, error) bool) {
		_ = yield(october()[0], nil) && yield(nil, books.Integrityf("torn", "torn"))
	}
	f, counts, err := books.FingerprintOf(broken)
	wants(t, err, books.Integrity, "torn")
	if !f.IsZero() || counts.Total() != 0 {
		t.Error("half the rows gave a fingerprint")
	}
}

func TestLong_months_have_the_same_fingerprint_in_one_piece_and_in_many(t *testing.T) {
	d := books.NewDigest()
	var sums []books.Fingerprint
	for id := range books.ID(2000) {
		if err := d.Add(&books.Expense{ID: id + 1, Description: books.TextOf(strings.Repeat("x", int(id)%200))}); err != nil {
			t.Fatal(err)
		}
		sums = append(sums, d.Sum()) // asking must not change the answer
	}
	var rows []books.Row
	for id := range books.ID(2000) {
		rows = append(rows, &books.Expense{ID: id + 1, Description: books.TextOf(strings.Repeat("x", int(id)%200))})
	}
	if fingerprint(t, rows) != sums[1999] || fingerprint(t, rows[:1000]) != sums[999] {
		t.Error("the fingerprint depends on when it was asked for")
	}
}

func TestFingerprints_survive_text_and_JSON(t *testing.T) {
	f := fingerprint(t, october())
	raw, err := json.Marshal(f)
	var back books.Fingerprint
	if err != nil || json.Unmarshal(raw, &back) != nil || back != f || f.IsZero() {
		t.Errorf("%s became %s and %s", f, raw, back)
	}
	for _, s := range []string{"", "00", octoberFingerprint[1:], octoberFingerprint + "0", octoberFingerprint + "00", strings.Repeat("g", 64)} {
		if got, err := books.ParseFingerprint(s); err == nil {
			t.Errorf("%q became %s", s, got)
		}
	}
}

package closing_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// categorize gives a live expense a category; "" takes it away.
func (s *studio) categorize(t testing.TB, id int, category string) {
	t.Helper()
	err := s.Store().Write(t.Context(), func(tx *store.Tx) error {
		return tx.SetCategories(t.Context(), []books.Row{&books.Expense{ID: books.ID(id), Category: books.Text{V: books.String(category), Valid: category != ""}}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// categoriesOf lists the categories of rows: 1=Aluguel 2=.
func categoriesOf(rows []books.Row) string {
	var all []string
	for _, row := range rows {
		if e, ok := row.(*books.Expense); ok {
			all = append(all, fmt.Sprintf("%d=%s", e.ID, e.Category.V))
		}
	}
	return strings.Join(all, " ")
}

// liveCategories are those of a month's live expenses.
func (s *studio) liveCategories(t testing.TB, month books.Month) string {
	t.Helper()
	var rows []books.Row
	err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
		for row, err := range tx.MonthRows(context.Background(), month) {
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return categoriesOf(rows)
}

const oddCategory = "Café; \"x\", =1+1 <b>'ç🖋"

// categorized are three expenses in October, and one in November.
func (s *studio) categorized(t testing.TB) (want string) {
	s.people(t)
	for id := range 3 {
		s.expense(t, id+1, "2025-10-05", "10.00")
	}
	s.expense(t, 9, "2025-11-01", "10.00")
	s.categorize(t, 1, "Aluguel")
	s.categorize(t, 2, oddCategory)
	s.categorize(t, 9, "Contas")
	return "1=Aluguel 2=" + oddCategory + " 3="
}

func TestCategories_go_with_their_expenses_and_come_back(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		want := s.categorized(t)
		categories := "SELECT count(*) FROM " + s.Own("expense_categories")
		first := s.close(t, october, false)
		if got := categoriesOf(s.statement(t, october).Rows); got != want {
			t.Errorf("the statement has %s", got)
		}
		for _, part := range []string{`"gastos_por_categoria":[{"categoria":"Aluguel","total":10.00},{"categoria":"Café`, `{"categoria":"Outros","total":10.00}]`} {
			if !strings.Contains(string(first.Totals), part) {
				t.Errorf("no %s in %s", part, first.Totals)
			}
		}
		if n := s.Int(t, categories); n != 1 {
			t.Errorf("%d categories are live, want November's alone", n)
		}
		csv := s.files(t)["2025_10/backup_2025_10.csv"]
		if !strings.Contains(csv, `,"Café; ""x"", =1+1 <b>'ç🖋"`+"\n") || !strings.Contains(csv, ",Aluguel\n") {
			t.Errorf("the backup lacks them:\n%s", csv)
		}
		s.wantWhole(t)

		s.expense(t, 4, "2025-10-31", "1.00")
		s.categorize(t, 4, "Contas")
		second := s.close(t, october, true)
		if got := categoriesOf(s.statement(t, october).Rows); got != want+" 4=Contas" {
			t.Errorf("the revision has %s", got)
		}
		s.wantWhole(t)
		s.reopen(t, october)
		if got := s.liveCategories(t, october); got != want+" 4=Contas" {
			t.Errorf("reopened, they are %s", got)
		}

		s.Exec(t, "DELETE FROM gastos WHERE id IN (1, 2, 3)")
		s.Exec(t, "DELETE FROM "+s.Own("expense_categories")+" WHERE expense < 4")
		s.restore(t, october)
		if got := s.liveCategories(t, october); got != want+" 4=Contas" {
			t.Errorf("restored, they are %s", got)
		}
		if again := s.close(t, october, false); again.Fingerprint != second.Fingerprint {
			t.Error("closed again, the rows are others")
		}
		s.wantWhole(t)
		if got := s.liveCategories(t, october.Add(1)); got != "9=Contas" {
			t.Errorf("November has %s", got)
		}
	})
}

// A copy made before a category was changed does not hold it.
func TestA_close_backs_a_changed_category_up(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.categorized(t)
		s.backUp(t, october)
		s.categorize(t, 1, "Impostos")
		s.close(t, october, false)
		files := s.files(t)
		if csv := files["2025_10/backup_2025_10.r2.csv"]; !strings.Contains(csv, ",Impostos\n") {
			t.Errorf("the backup is of before: %v", slices.Sorted(maps.Keys(files)))
		}
		s.wantWhole(t)
	})
}

func TestCategories_come_into_a_new_database(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		want := s.categorized(t)
		first := s.close(t, october, false)
		now := func() time.Time { return s.Clock }
		to := &studio{DB: storetest.SQLite(t, now), Folder: s.Folder, Clock: s.Clock}
		to.Closer = newCloser(t, to.Store(), to.Folder, now)
		to.restore(t, october)
		if got := to.liveCategories(t, october); got != want {
			t.Errorf("restored, they are %s", got)
		}
		if again := to.close(t, october, false); again.Fingerprint != first.Fingerprint || string(again.Totals) != string(first.Totals) {
			t.Errorf("closed there, it is %s, here %s", again.Totals, first.Totals)
		}
	})
}

// Where no category is set, a statement is v4's to the byte.
func TestWithout_categories_nothing_changes(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.expense(t, 1, "2025-10-05", "10.00")
		s.close(t, october, false)
		texts := s.texts(t, "SELECT CAST(gastos AS TEXT) || CAST(totais AS TEXT) FROM extratos")
		all := strings.ReplaceAll(strings.Join(texts, " "), `\"`, `"`)
		for _, part := range []string{`"categoria":null`, `"gastos_por_categoria":[{"categoria":"Outros","total":10.00}]`} {
			if !strings.Contains(strings.ReplaceAll(all, ": ", ":"), part) {
				t.Errorf("no %s in %s", part, all)
			}
		}
	})
}

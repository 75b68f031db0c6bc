package closing_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

var (
	september = october.Add(-1)
	november  = october.Add(1)
)

const made = "2025-08-01 12:00:00.000000" // when the rows of tests were made, in UTC

// session adds a session of client 1 with artist 1; payment may be nil.
func (s *studio) session(t testing.TB, id int, day, amount string, payment any) {
	t.Helper()
	s.Exec(t, `INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, payment_id, created_at)
		VALUES ($1, $2, $3, 1, 1, 'active', $4, $5)`, id, day, number(s.DB, amount), payment, made)
}

// commission adds a commission of artist 1, made at an instant in UTC; payment may be nil.
func (s *studio) commission(t testing.TB, id int, payment any, amount, at string) {
	t.Helper()
	s.Exec(t, `INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at)
		VALUES ($1, $2, 1, 60, $3, $4)`, id, payment, number(s.DB, amount), at)
}

// expense adds an expense that artist 1 wrote down.
func (s *studio) expense(t testing.TB, id int, day, amount string) {
	t.Helper()
	s.Exec(t, `INSERT INTO gastos (id, data, valor, descricao, forma_pagamento, created_by, created_at)
		VALUES ($1, $2, $3, 'Tinta', 'Pix', 1, $4)`, id, day, number(s.DB, amount), made)
}

// pays says that a payment is for a session.
func (s *studio) pays(t testing.TB, payment, session int) {
	t.Helper()
	s.Exec(t, "UPDATE pagamentos SET sessao_id = $1 WHERE id = $2", session, payment)
}

// linked adds a payment and its session, both on one day, linked both ways.
func (s *studio) linked(t testing.TB, payment, session int, day, amount string) {
	t.Helper()
	s.payment(t, payment, day, amount)
	s.session(t, session, day, amount, payment)
	s.pays(t, payment, session)
}

// fullOctober adds people and an October with every kind of row and link:
// payments 1 to 4, sessions 1 and 2 (the latter of September), commissions 1
// to 3, expenses 1 and 2, and the link of session 3, which waits for its
// balance in November. Its neighbours have payments 5 and 6, commission 4 and
// expense 3; session 4 is unpaid.
func (s *studio) fullOctober(t testing.TB) {
	t.Helper()
	s.people(t)
	s.linked(t, 1, 1, "2025-10-03", "450.00")
	s.payment(t, 2, "2025-10-31", "0.10")
	s.session(t, 2, "2025-09-28", "0.10", 2)
	s.payment(t, 3, "2025-10-10", "100.00")
	s.session(t, 3, "2025-10-10", "300.00", 3)
	s.pays(t, 3, 3)
	s.payment(t, 4, "2025-10-01", "12.30")
	s.payment(t, 5, "2025-09-30", "70.00")
	s.payment(t, 6, "2025-11-01", "200.00")
	s.pays(t, 6, 3)
	s.session(t, 4, "2025-10-20", "80.00", nil)
	s.commission(t, 1, 1, "270.00", "2025-10-03 15:00:00.000000")
	s.commission(t, 2, 2, "0.06", "2025-11-01 12:00:00.000000")
	s.commission(t, 3, nil, "5.00", "2025-11-01 02:59:59.999999") // the last moment of October in São Paulo
	s.commission(t, 4, nil, "6.00", "2025-11-01 03:00:00.000000")
	s.expense(t, 1, "2025-10-01", "33.33")
	s.expense(t, 2, "2025-10-31", "10.00")
	s.expense(t, 3, "2025-11-01", "1.00")
	s.Exec(t, "UPDATE pagamentos SET observacoes = $1, cliente_id = NULL WHERE id = 4", "=1+1\r\n\"ção\"; 🖋")
	s.Exec(t, "UPDATE sessoes SET observacoes = '', google_event_id = 'evento-1' WHERE id = 1")
}

// fullCounts are what fullOctober's October holds.
var fullCounts = books.Counts{Payments: 4, Sessions: 2, Commissions: 3, Expenses: 2, Links: 1}

// v4Tables and ownTables are all tables whose contents matter. Left out are
// runs, extrato_run_logs and backups: an attempt that failed is recorded there.
var (
	v4Tables  = []string{"users", "clients", "pagamentos", "sessoes", "comissoes", "gastos", "extratos"}
	ownTables = []string{"closings", "closing_details", "revisions", "settings", "deposits", "payments_at_rest", "signing_keys", "anchors"}
)

// dump returns all that the tables hold, sorted.
func (s *studio) dump(t testing.TB, tables ...string) map[string][]string {
	t.Helper()
	if len(tables) == 0 {
		tables = slices.Concat(v4Tables, ownTables)
	}
	all := map[string][]string{}
	for _, table := range tables {
		name, columns := table, s.columns(t, table)
		if s.Store().Postgres() && slices.Contains(ownTables, table) {
			name = "extrato." + table
		}
		quoted := make([]string, len(columns))
		for i, c := range columns {
			quoted[i] = fmt.Sprintf("coalesce(CAST(%q AS TEXT), '∅')", c)
		}
		all[table] = s.texts(t, "SELECT "+strings.Join(quoted, " || '|' || ")+" FROM "+name)
		slices.Sort(all[table])
	}
	return all
}

func (s *studio) columns(t testing.TB, table string) []string {
	t.Helper()
	if s.Store().Postgres() {
		return s.texts(t, "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position", table)
	}
	return s.texts(t, "SELECT name FROM pragma_table_info($1) ORDER BY cid", table)
}

// texts runs a query for one column of text.
func (s *studio) texts(t testing.TB, query string, args ...any) []string {
	t.Helper()
	rows, err := s.SQL.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// wantSame asserts that two dumps are equal, and prints the rows that differ.
func wantSame(t testing.TB, message string, before, after map[string][]string) {
	t.Helper()
	for table := range before {
		if slices.Equal(before[table], after[table]) {
			continue
		}
		gone := slices.DeleteFunc(slices.Clone(before[table]), func(row string) bool { return slices.Contains(after[table], row) })
		came := slices.DeleteFunc(slices.Clone(after[table]), func(row string) bool { return slices.Contains(before[table], row) })
		t.Errorf("%s: %s\n- %.250q\n+ %.250q", message, table, gone, came)
	}
}

// Store is the database: both embedded structs have a field of that name.
func (s *studio) Store() *store.Store { return s.DB.Store }

// refused runs what must fail with an error of this kind and code and leave
// every table and every backup as it was, and returns the error.
func (s *studio) refused(t testing.TB, kind books.ErrorKind, code string, do func() error) *books.Error {
	t.Helper()
	tables, files := s.dump(t), s.files(t)
	err := do()
	if err == nil {
		t.Fatalf("nothing was refused, want %s %s", kind, code)
	}
	e := books.AsError(err)
	if e.Kind != kind || e.Code != code {
		t.Errorf("refused with %s %s (%v), want %s %s", e.Kind, e.Code, err, kind, code)
	}
	wantSame(t, "a refusal changed the tables", tables, s.dump(t))
	after := s.files(t)
	for name, text := range files {
		if after[name] != text {
			t.Errorf("a refusal changed %s", name)
		}
	}
	return e
}

// refusesClose asserts that closing month is refused and changes nothing.
func (s *studio) refusesClose(t testing.TB, month books.Month, force bool, kind books.ErrorKind, code string) *books.Error {
	t.Helper()
	return s.refused(t, kind, code, func() error {
		_, err := s.Close(t.Context(), month, closing.Options{Force: force}, "test")
		return err
	})
}

// refusesReopen asserts that reopening month is refused and changes nothing.
func (s *studio) refusesReopen(t testing.TB, month books.Month, kind books.ErrorKind, code string) *books.Error {
	t.Helper()
	return s.refused(t, kind, code, func() error {
		_, err := s.Reopen(t.Context(), month, "teste", "test")
		return err
	})
}

// refusesRestore asserts that restoring month is refused and changes nothing.
func (s *studio) refusesRestore(t testing.TB, month books.Month, file string, kind books.ErrorKind, code string) *books.Error {
	t.Helper()
	return s.refused(t, kind, code, func() error {
		_, err := s.Restore(t.Context(), month, file, false, "test")
		return err
	})
}

// reopen reopens a month and fails the test if it cannot.
func (s *studio) reopen(t testing.TB, month books.Month) closing.Result {
	t.Helper()
	r, err := s.Reopen(t.Context(), month, "teste", "test")
	if err != nil {
		t.Fatalf("reopen %s: %v", month, err)
	}
	return r
}

// restore restores a month from its newest backup and fails the test if it cannot.
func (s *studio) restore(t testing.TB, month books.Month) closing.Restoration {
	t.Helper()
	r, err := s.Restore(t.Context(), month, "", false, "test")
	if err != nil {
		t.Fatalf("restore %s: %v", month, err)
	}
	return r
}

// backUp backs a month up and fails the test if it cannot.
func (s *studio) backUp(t testing.TB, month books.Month) backup.Receipt {
	t.Helper()
	r, err := s.CreateBackup(t.Context(), month, "test")
	if err != nil {
		t.Fatalf("back up %s: %v", month, err)
	}
	return r
}

// files returns the backup folder's files with their contents.
func (s *studio) files(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(s.Folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(path, "backup_") {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(s.Folder, path)
		all[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

// fileNames returns the names of the backup folder's files, sorted.
func (s *studio) fileNames(t testing.TB) []string { return slices.Sorted(maps.Keys(s.files(t))) }

// damage replaces the contents of a file in the backup folder.
func (s *studio) damage(t testing.TB, file string, change func(string) string) {
	t.Helper()
	path := filepath.Join(s.Folder, filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(change(string(text))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// statement returns a month's statement.
func (s *studio) statement(t testing.TB, month books.Month) closing.Statement {
	t.Helper()
	st, err := s.Statement(t.Context(), month)
	if err != nil {
		t.Fatalf("statement of %s: %v", month, err)
	}
	return st
}

// names returns the rows' names, such as "pagamento 1", clients and artists left out.
func names(rows []books.Row) []string {
	var all []string
	for _, row := range rows {
		if row.Kind() <= books.LinkKind {
			all = append(all, books.Describe(row))
		}
	}
	return all
}

// wantRows asserts which rows a month's statement holds.
func (s *studio) wantRows(t testing.TB, month books.Month, want ...string) {
	t.Helper()
	if got := names(s.statement(t, month).Rows); !slices.Equal(got, want) {
		t.Errorf("the statement of %s holds %v, want %v", month, got, want)
	}
}

// wantWhole asserts that the chain, all statements and the backups that they
// rest on are proved.
func (s *studio) wantWhole(t testing.TB) {
	t.Helper()
	audit, err := s.VerifyChain(t.Context())
	if err != nil || !audit.OK {
		t.Errorf("the chain does not verify: %+v, %v", audit, err)
	}
	months := s.texts(t, "SELECT DISTINCT CAST(ano AS TEXT) || '-' || substr('0' || CAST(mes AS TEXT), length(CAST(mes AS TEXT)), 2) FROM extratos ORDER BY 1")
	for _, name := range months {
		month, err := books.ParseMonth(name)
		if err != nil {
			t.Fatal(err)
		}
		file := s.statement(t, month).Entry.BackupFile
		if file == "" {
			continue
		}
		if v := s.verify(t, month, file); len(v) != 1 || v[0].State != backup.OK {
			t.Errorf("the backup that %s rests on is %+v", month, v)
		}
	}
}

// verify verifies backups and fails the test if it cannot.
func (s *studio) verify(t testing.TB, month books.Month, file string) []closing.Verified {
	t.Helper()
	v, err := s.VerifyBackups(t.Context(), month, file)
	if err != nil {
		t.Fatalf("verify backups: %v", err)
	}
	return v
}

// month returns what Months says of one month.
func (s *studio) month(t testing.TB, month books.Month) closing.MonthInfo {
	t.Helper()
	infos, err := s.Months(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(infos, func(i closing.MonthInfo) bool { return i.Month == month })
	if i < 0 {
		t.Fatalf("%s is not among the months", month)
	}
	return infos[i]
}

// v4Statement stores an empty statement as v4 writes it.
func (s *studio) v4Statement(t testing.TB, month books.Month) {
	t.Helper()
	const totals = `"{\"receita_total\": 0.0, \"comissoes_total\": 0, \"despesas_total\": 0, \"saldo\": 0, \"receita_liquida\": 0}"`
	s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais)
		VALUES ($1, $2, '"[]"', '"[]"', '"[]"', '"[]"', $3)`, int(month.Month), month.Year, totals)
}

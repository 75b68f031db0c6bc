package v4import_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store/v4test"
	"extrato/internal/v4import"
)

func TestAn_import_reports_what_it_rounded_cut_and_doubts(t *testing.T) {
	path := v4test.File(t, append(slices.Clone(someRows),
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, comissao) VALUES (2, '2025-10-05', 16.665, 'Pix', 1, 0.125), (3, '2025-10-05', -16.665, 'Pix', 1, 1.005), (4, '2025-10-05', 0.30000000000000004, 'Pix', 1, 2)",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor) VALUES (2, 1, 1, 33.335, 1.004999)",
		"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (2, '2025-1-4', 5, 'Pix', 1), (3, '', 5, 'Pix', 1)",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (3, 777, 1, 50, 5, '2025-10-31 00:00:00')",
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (4, 1, 50, 5, NULL), (5, 1, 50, 5, '1999-12-31 00:00:00')",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (6, 1, 1, 50, 5, NULL)",
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, payment_id) VALUES (2, '2025-10-31', 1, 1, 1, 'paid', 888)",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, cliente_id) VALUES (5, '2025-10-31', 1, 'Pix', 1, 999, 55)",
		"ALTER TABLE gastos ADD categoria VARCHAR(50)", "UPDATE gastos SET categoria = 'tinta' WHERE id > 1", "ALTER TABLE clients ADD telefone TEXT",
		"UPDATE sessoes SET created_at = '2025-10-31 00:00:00'", "UPDATE pagamentos SET created_at = '2025-10-31 00:00:00'", "UPDATE gastos SET created_at = '2025-10-31 00:00:00'",
		"INSERT INTO inventory (id, name) VALUES (1, 'agulhas')", "CREATE TABLE \"odd \"\"name\" (id INTEGER)", "INSERT INTO \"odd \"\"name\" VALUES (1), (2)")...)
	to := intoSQLite(t)
	done := mustImport(t, to, "sqlite:///"+path)

	wantChanges(t, "rounded", done.Rounded, []v4import.Change{
		{Table: "pagamentos", ID: 2, Column: "valor", Old: "16.665", New: "16.67"}, {Table: "pagamentos", ID: 2, Column: "comissao", Old: "0.125", New: "0.13"},
		{Table: "pagamentos", ID: 3, Column: "valor", Old: "-16.665", New: "-16.67"}, {Table: "pagamentos", ID: 3, Column: "comissao", Old: "1.005", New: "1.01"},
		{Table: "comissoes", ID: 2, Column: "percentual", Old: "33.335", New: "33.34"}, {Table: "comissoes", ID: 2, Column: "valor", Old: "1.004999", New: "1.00"},
	})
	wantChanges(t, "unlinked", done.Unlinked, []v4import.Change{
		{Table: "sessoes", ID: 2, Column: "payment_id", Old: "888"},
		{Table: "pagamentos", ID: 5, Column: "cliente_id", Old: "55"}, {Table: "pagamentos", ID: 5, Column: "sessao_id", Old: "999"},
	})
	wantChanges(t, "doubtful", done.Doubtful, []v4import.Change{
		{Table: "comissoes", ID: 3, Column: "pagamento_id", Old: "777", Why: "names a row of pagamentos that does not exist"},
		{Table: "gastos", ID: 2, Column: "data", Old: "2025-1-4", Why: "is not a day, so the row belongs to no month"},
		{Table: "gastos", ID: 3, Column: "data", Old: "", Why: "is not a day, so the row belongs to no month"},
		{Table: "comissoes", ID: 4, Column: "created_at", Old: "NULL", Why: "and the row has no payment, so it belongs to no month"},
		{Table: "comissoes", ID: 5, Column: "created_at", Old: "1999-12-31 02:00:00.000000", Why: "and the row has no payment, so it belongs to no month"},
	})
	if want := []v4import.TableRows{{Table: "gastos", Column: "categoria", Rows: 2}, {Table: "inventory", Rows: 1}, {Table: `odd "name`, Rows: 2}}; !slices.Equal(done.Left, want) {
		t.Errorf("left behind are %+v, want %+v", done.Left, want)
	}
	if n := v4test.Number(t, to.db, "SELECT count(*) FROM gastos WHERE data IN ('', '2025-1-4')"); n != 2 {
		t.Error("the malformed dates were not v4test.Carried")
	}
	if n := v4test.Number(t, to.db, "SELECT count(*) FROM comissoes WHERE pagamento_id = 777"); n != 1 {
		t.Error("the commission of a payment that does not exist was not v4test.Carried")
	}
	c := v4test.Closer(t, to.store)
	r := v4test.CloseMonth(t, c, october)
	if want := (books.Counts{Payments: 5, Sessions: 1, Commissions: 4, Expenses: 1}); r.Counts != want {
		t.Errorf("closed %+v, want %+v", r.Counts, want)
	}
	v4test.Reopen(t, c, october)
	if again := v4test.CloseMonth(t, c, october); again.Fingerprint != r.Fingerprint {
		t.Error("closing again gives another fingerprint")
	}
}

func wantChanges(t *testing.T, what string, got, want []v4import.Change) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s are\n%+v\nwant\n%+v", what, got, want)
	}
}

func TestA_v4_files_times_are_UTC_but_a_commissions_is_the_studios(t *testing.T) {
	path := v4test.File(t, append(slices.Clone(someRows),
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (2, 1, 50, 1, '2018-11-04 00:00:00.000000')", // this midnight did not exist
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (3, 1, 50, 1, '2025-10-31 23:59:59.999999')",
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (4, 1, 50, 1, '2025-10-31 12:00:00+00:00')")...)
	to := intoSQLite(t)
	mustImport(t, to, "sqlite:///"+path)
	for query, want := range map[string]string{
		"SELECT created_at FROM sessoes WHERE id = 1":    "2025-10-01 08:00:00.500000\n",
		"SELECT created_at FROM pagamentos WHERE id = 1": "2025-10-03 23:59:59.999999\n",
		"SELECT created_at FROM users":                   "2025-01-01 08:00:00.000000\n",
		"SELECT CAST(created_at AS TEXT) FROM comissoes ORDER BY id": "2025-10-03 03:00:00.000000\n2018-11-04 03:00:00.000000\n" +
			"2025-11-01 02:59:59.999999\n2025-10-31 12:00:00.000000\n",
	} {
		if got := v4test.Lines(t, to.db, query); got != want {
			t.Errorf("%s gives %q, want %q", query, got, want)
		}
	}
}

func TestAn_import_refuses_what_it_cannot_keep_and_copies_nothing(t *testing.T) {
	both, postgres := []bool{false, true}, []bool{true}
	long := strings.Repeat("ç", 256)
	for _, bad := range []struct {
		name, query string
		into        []bool // PostgreSQL?
		kind        books.ErrorKind
		code        string
		words       []string
	}{
		{"text that is not UTF-8", "UPDATE clients SET name = CAST(x'41ff' AS TEXT)", both, books.Integrity, "broken_row", []string{"row 1 of clients", "name", "UTF-8"}},
		{"an amount of nine digits", "UPDATE pagamentos SET valor = 100000000", both, books.Refused, "cannot_carry", []string{"row 1 of pagamentos", "valor", "too large"}},
		{"an amount that rounding makes too large", "UPDATE gastos SET valor = 99999999.996", both, books.Refused, "cannot_carry", []string{"row 1 of gastos"}},
		{"an amount that is a word", "UPDATE pagamentos SET valor = 'dez'", both, books.Integrity, "broken_row", []string{"row 1 of pagamentos", "valor"}},
		{"an infinite amount", "UPDATE pagamentos SET valor = 9e999", both, books.Integrity, "broken_row", []string{"row 1 of pagamentos", "valor"}},
		{"a percentage of four digits", "UPDATE comissoes SET percentual = 999.995", both, books.Refused, "cannot_carry", []string{"row 1 of comissoes", "percentual"}},
		{"a time that is none", "UPDATE sessoes SET created_at = '2025-10-03'", both, books.Integrity, "broken_row", []string{"row 1 of sessoes", "created_at"}},
		{"a commission's time that is none", "UPDATE comissoes SET created_at = 'ontem'", both, books.Integrity, "broken_row", []string{"row 1 of comissoes", "created_at"}},
		{"an id beyond 32 bits", "UPDATE gastos SET id = 2147483648", both, books.Integrity, "broken_row", []string{"gastos", "id"}},
		{"an artist who does not exist", "UPDATE pagamentos SET artista_id = 5", both, books.Refused, "cannot_carry", []string{"row 1 of pagamentos", "artista_id", "row 5 of users"}},
		{"a session's client who does not exist", "UPDATE sessoes SET cliente_id = 6", both, books.Refused, "cannot_carry", []string{"row 1 of sessoes", "row 6 of clients"}},
		{"two rows with one event", "DROP INDEX ix_pagamentos_google_event_id; UPDATE pagamentos SET google_event_id = 'e'; INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, google_event_id) VALUES ('2025-10-03', 1, 'Pix', 1, 'e')",
			both, books.Refused, "duplicates", []string{"rows 1 and 2 of pagamentos", "google_event_id"}},
		{"a flag that is none", "UPDATE users SET active_flag = 7", both, books.Integrity, "broken_row", []string{"row 1 of users", "active_flag"}},
		{"no payments at all", "DROP TABLE pagamentos; CREATE TABLE pagamentos (id INTEGER)", both, books.Refused, "not_v4", []string{"pagamentos", "data"}},
		{"no table of users", "DROP TABLE users", both, books.Refused, "not_v4", []string{"users"}},
		{"a malformed date", "UPDATE pagamentos SET data = '2025-1-4'", postgres, books.Refused, "cannot_carry", []string{"row 1 of pagamentos", "data", `"2025-1-4"`, "in the source"}},
		{"a commission of no payment", "UPDATE comissoes SET pagamento_id = 7", postgres, books.Refused, "cannot_carry", []string{"row 1 of comissoes", "row 7 of pagamentos"}},
		{"a text that is too long", "UPDATE gastos SET descricao = '" + long + "'", postgres, books.Refused, "cannot_carry", []string{"row 1 of gastos", "256", "255"}},
		{"a NUL", "UPDATE gastos SET descricao = 'a' || char(0) || 'b'", postgres, books.Refused, "cannot_carry", []string{"row 1 of gastos", "descricao", "NUL"}},
		{"a statement that is not JSON", "INSERT INTO extratos (id, mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 1, 2025, '[', '[]', '[]', '{\"a\": NaN}')",
			postgres, books.Refused, "cannot_carry", []string{"row 9 of extratos", "pagamentos", "JSON"}},
	} {
		for _, isPostgres := range bad.into {
			t.Run(fmt.Sprintf("%s, into PostgreSQL %t", bad.name, isPostgres), func(t *testing.T) {
				to := intoSQLite(t)
				if isPostgres {
					to = intoPostgres(t)
				}
				path := v4test.File(t, append(slices.Clone(someRows), bad.query)...)
				before, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				_, err = v4import.Import(t.Context(), to.store, "sqlite:///"+path, nil)
				v4test.WantError(t, err, bad.kind, bad.code, bad.words...)
				to.isEmpty(t)
				if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
					t.Errorf("the source was changed: %v", err)
				}
			})
		}
	}
}

func TestA_sessions_time_of_a_v4_file_is_written_as_PostgreSQL_writes_it(t *testing.T) {
	path := v4test.File(t, append(slices.Clone(someRows), "ALTER TABLE sessoes ADD hora TIME", "UPDATE sessoes SET hora = '14:30:00.000000'")...)
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, "sqlite:///"+path)
		if got := v4test.Lines(t, to.db, "SELECT CAST(hora AS TEXT) FROM sessoes"); got != "14:30:00\n" {
			t.Errorf("the time is %q", got)
		}
	})
}

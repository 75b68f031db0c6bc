package crashtest

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// state is everything that a kill could have left half done.
type state struct {
	live, stored map[string]string // rows by table and id
}

// all are the rows wherever they are, links given back to their sessions.
func (st state) all(t *testing.T) map[string]string {
	t.Helper()
	all := maps.Clone(st.live)
	for k, row := range st.stored {
		if strings.HasPrefix(k, "vinculo ") {
			continue
		}
		if _, twice := all[k]; twice {
			t.Fatalf("%s is in two places", k)
		}
		all[k] = row
	}
	for k, row := range st.stored {
		if id, ok := strings.CutPrefix(k, "vinculo "); ok {
			_, payment, _ := strings.Cut(row, "payment_id=")
			all["sessoes "+id] += "payment_id=" + payment
		}
	}
	return all
}

var tables = []struct{ table, columns string }{
	{"pagamentos", "id data valor forma_pagamento observacoes comissao cliente_id artista_id sessao_id google_event_id created_at updated_at"},
	{"sessoes", "id data valor observacoes cliente_id artista_id google_event_id status created_at updated_at payment_id"},
	{"comissoes", "id pagamento_id artista_id percentual valor observacoes created_at"},
	{"gastos", "id data valor descricao forma_pagamento created_by created_at updated_at"},
	{"vinculo", "sessao_id payment_id"},
}

// look reads the live rows and the statements, without any code of the program.
func (s *studio) look(t *testing.T) state {
	t.Helper()
	s.awaitQuiet(t)
	db := s.connect(t)
	defer db.Close()
	st := state{map[string]string{}, map[string]string{}}
	for _, of := range tables[:4] {
		columns := strings.Fields(of.columns)
		var selected []string
		for _, c := range columns {
			if strings.HasSuffix(c, "_at") && s.path == "" {
				c = "to_char(" + c + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
			}
			selected = append(selected, "CAST("+c+" AS TEXT)")
		}
		each(t, db, "SELECT "+strings.Join(selected, ", ")+" FROM "+of.table, func(values []sql.NullString) {
			st.live[of.table+" "+values[0].String] = line(columns, func(i int) (string, bool) { return values[i].String, values[i].Valid })
		})
	}
	each(t, db, "SELECT CAST(pagamentos AS TEXT), CAST(sessoes AS TEXT), CAST(comissoes AS TEXT), CAST(gastos AS TEXT), CAST(totais AS TEXT) FROM extratos",
		func(values []sql.NullString) {
			for i, of := range tables {
				var list []map[string]any
				if i < 4 {
					decode(t, values[i].String, &list)
				} else {
					var totals struct {
						Own struct {
							Links []map[string]any `json:"vinculos"`
						} `json:"extrato"`
					}
					decode(t, values[i].String, &totals)
					list = totals.Own.Links
				}
				st.keep(t, of.table, strings.Fields(of.columns), list)
			}
		})
	return st
}

func (st state) keep(t *testing.T, table string, columns []string, list []map[string]any) {
	t.Helper()
	for _, row := range list {
		k := table + " " + fmt.Sprint(row[columns[0]])
		if _, twice := st.stored[k]; twice {
			t.Fatalf("%s is in two statements", k)
		}
		st.stored[k] = line(columns, func(i int) (string, bool) { return fmt.Sprint(row[columns[i]]), row[columns[i]] != nil })
	}
}

func decode(t *testing.T, text string, to any) {
	t.Helper()
	var inner string
	err := json.Unmarshal([]byte(text), &inner)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(inner))
		d.UseNumber()
		err = d.Decode(to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, db *sql.DB, query string, read func([]sql.NullString)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, dest := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		read(values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// line writes a row's values; NULLs are left out, amounts and instants have one form.
func line(columns []string, value func(int) (string, bool)) string {
	text := ""
	for i, c := range columns {
		v, ok := value(i)
		if !ok {
			continue
		}
		switch c {
		case "valor", "comissao", "percentual":
			whole, part, _ := strings.Cut(v, ".")
			v = whole + "." + (part + "00")[:2]
		case "created_at", "updated_at":
			v = strings.TrimSuffix(strings.Replace(v, "T", " ", 1), "Z")
			v = (v + ".000000")[:len("2025-10-01 12:00:00.000000")]
		case "payment_id":
			text += "payment_id=" + v // without quotes, and last: see all
			continue
		}
		text += c + "=" + strconv.Quote(v) + " "
	}
	return text
}

// files are the backups by name, with their bytes.
func (s *studio) files(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(s.folder(), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
			return nil
		}
		text, readErr := os.ReadFile(path)
		name, relErr := filepath.Rel(s.folder(), path)
		found[name] = string(text)
		return errors.Join(err, readErr, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// csvs are the files that could be taken for a backup.
func (s *studio) csvs(t *testing.T) map[string]string {
	found := s.files(t)
	maps.DeleteFunc(found, func(name, _ string) bool { return !strings.HasSuffix(name, ".csv") })
	return found
}

// closings counts the chain's entries.
func (s *studio) closings(t *testing.T) int {
	t.Helper()
	db := s.connect(t)
	defer db.Close()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+s.own("closings")).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// sound fails the test unless backups and chain verify.
func (s *studio) sound(t *testing.T) {
	t.Helper()
	s.mustRun(t, []int{0}, "backup", "verify")
	s.mustRun(t, []int{0}, "audit", "verify")
}

// conserved fails the test unless every row is there as it was, live or in a
// statement.
func (s *studio) conserved(t *testing.T, rows map[string]string) {
	t.Helper()
	now := s.look(t).all(t)
	for k, row := range rows {
		if now[k] != row {
			t.Fatalf("%s was %q and is %q", k, row, now[k])
		}
	}
	if len(now) != len(rows) {
		t.Fatalf("there are %d rows, there were %d", len(now), len(rows))
	}
}

func sameState(a, b state) bool { return maps.Equal(a.live, b.live) && maps.Equal(a.stored, b.stored) }

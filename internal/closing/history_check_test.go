package closing_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/store"
)

// check holds everything that is stored against the model.
func (h *history) check() {
	live := h.liveRows()
	if got, want := live.text(), h.m.live.text(); got != want {
		h.t.Fatalf("live rows are\n%s\nwant\n%s", got, want)
	}
	if got, want := live.deposits(), h.m.live.deposits(); got != want {
		h.t.Fatalf("live deposits are %s, want %s", got, want)
	}
	stored := h.storedRows()
	for month, s := range h.m.statements {
		if got, want := stored[month].movable().text(), s.rows.movable().text(); got != want {
			h.t.Fatalf("the statement of %s holds\n%s\nwant\n%s", month, got, want)
		}
		if got, want := stored[month].deposits(), s.rows.deposits(); got != want {
			h.t.Fatalf("the statement of %s marks %s, want %s", month, got, want)
		}
	}
	if len(stored) != len(h.m.statements) {
		h.t.Fatalf("%d statements are stored, want %d", len(stored), len(h.m.statements))
	}
	h.onePlace(stored)
	h.came["audit"]++
	audit, err := h.c.VerifyChain(h.ctx)
	if err != nil || !audit.OK || audit.Entries != int64(len(h.m.chain)) {
		h.t.Fatalf("the chain says %+v, %v, want %d entries", audit, err, len(h.m.chain))
	}
	for i, got := range h.texts("SELECT action, month, revision FROM " + h.own("closings") + " ORDER BY seq") {
		if e := h.m.chain[i]; got[0] != e.action || got[1] != e.month || got[2] != strconv.Itoa(e.revision) {
			h.t.Fatalf("entry %d is %v, want %+v", i+1, got, e)
		}
	}
}

// drillAll drills every month: a whole backup gives its statement again, a
// damaged one never does.
func (h *history) drillAll() {
	months, err := h.c.DrillMonths(h.ctx)
	h.must(err)
	for _, m := range months {
		d, err := h.c.Drill(h.ctx, m, h.c.Backups)
		h.must(err)
		want := store.DrillFailed // closed without a backup
		if d.File != "" {
			found, err := h.c.VerifyBackups(h.ctx, m, d.File)
			h.must(err)
			want = store.DrillEqual
			if s := found[0].State; s == backup.Corrupt || s == backup.Missing {
				want = store.DrillDifferent
			}
		}
		if d.Result != want {
			h.t.Fatalf("the drill of %s says %+v, want %s", m, d, want)
		}
		h.came["drill: "+d.Result]++
	}
}

func (h *history) own(table string) string {
	if h.Path == "" {
		return "extrato." + table
	}
	return table
}

// onePlace counts, without the model, in how many places each row is that ever
// was and that nobody deleted or put back by hand.
func (h *history) onePlace(stored map[string]rowSet) {
	places := map[rowKey]int{}
	for k := range h.liveRows().movable() {
		places[k]++
	}
	for _, rows := range stored {
		for k := range rows.without(links, clients, artists) {
			places[k]++
		}
	}
	for k := range h.used {
		gone := slices.Contains(h.gone, k)
		_, byHand := h.m.live[k]
		byHand = byHand && h.m.home(k) != ""
		if n := places[k]; k.table != clients && k.table != artists && n != 1 && !byHand && (n != 0 || !gone) {
			h.t.Fatalf("%s %d is in %d places", k.table, k.id, n)
		}
		delete(places, k)
	}
	if len(places) > 0 {
		h.t.Fatalf("nobody recorded %v", places)
	}
}

// liveRows reads the live tables.
func (h *history) liveRows() rowSet {
	rows := rowSet{}
	for _, table := range tables {
		if table == links {
			continue
		}
		var names, selected []string
		for _, c := range columns[table] {
			expression := "CAST(" + c + " AS TEXT)"
			switch {
			case c == "hora" && h.Path == "":
				expression = "NULL"
			case strings.HasSuffix(c, "_at") && h.Path == "":
				expression = "to_char(" + c + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
			case strings.HasSuffix(c, "_at"):
				expression = c
			}
			names, selected = append(names, c), append(selected, expression)
		}
		h.each("SELECT "+strings.Join(selected, ", ")+" FROM "+table, func(values []sql.NullString) {
			f := fields{}
			for i, v := range values {
				if v.Valid {
					f[names[i]] = normal(names[i], v.String)
				}
			}
			rows[ref(table, f["id"])] = f
		})
	}
	for _, marked := range h.texts("SELECT payment FROM " + h.own("deposits") + " WHERE marked") {
		if f := rows[ref(payments, marked[0])]; f != nil {
			f[deposit] = "true"
		}
	}
	return rows
}

// normal writes a value as the model does: amounts with two decimals, instants
// in one form.
func normal(column, value string) string {
	switch column {
	case "valor", "comissao", "percentual":
		whole, part, _ := strings.Cut(value, ".")
		return whole + "." + (part + "00")[:2]
	case "created_at", "updated_at":
		return strings.TrimSuffix(strings.Replace(value, "T", " ", 1), "Z")
	}
	return value
}

// storedRows reads the statements as v4 does: JSON inside a JSON string.
func (h *history) storedRows() map[string]rowSet {
	all := map[string]rowSet{}
	for _, s := range h.texts("SELECT ano, mes, CAST(pagamentos AS TEXT), CAST(sessoes AS TEXT), CAST(comissoes AS TEXT), CAST(gastos AS TEXT), CAST(totais AS TEXT) FROM extratos") {
		month, err := strconv.Atoi(s[1])
		h.must(err)
		rows := rowSet{}
		for i, table := range tables[:4] {
			var list []map[string]any
			h.decode(s[2+i], &list)
			h.addAll(rows, table, list)
		}
		var totals struct {
			Own map[string]any `json:"extrato"`
		}
		h.decode(s[6], &totals)
		for table, key := range map[string]string{links: "vinculos", clients: "clientes", artists: "artistas"} {
			h.addAll(rows, table, totals.Own[key])
		}
		all[fmt.Sprintf("%s-%02d", s[0], month)] = rows
	}
	return all
}

func (h *history) decode(text string, to any) {
	h.t.Helper()
	var inner string
	h.must(json.Unmarshal([]byte(text), &inner))
	d := json.NewDecoder(strings.NewReader(inner))
	d.UseNumber()
	h.must(d.Decode(to))
}

// addAll adds the rows of a JSON list.
func (h *history) addAll(rows rowSet, table string, list any) {
	objects, isObjects := list.([]map[string]any)
	if anything, ok := list.([]any); ok && !isObjects {
		for _, o := range anything {
			objects = append(objects, o.(map[string]any))
		}
	}
	for _, object := range objects {
		f := fields{}
		for _, c := range append([]string{deposit}, columns[table]...) {
			if v := object[c]; v != nil {
				f[c] = normal(c, fmt.Sprint(v))
			}
		}
		id := f["id"]
		if table == links {
			id = f["sessao_id"]
		}
		rows[ref(table, id)] = f
	}
}

// parseBackup reads a backup's CSV, as contract.md describes it: an unquoted
// empty field is NULL, "" the empty text.
func parseBackup(text []byte) (rowSet, error) {
	var records [][]*string
	var record []*string
	for i := 0; i < len(text); {
		var field []byte
		quoted := text[i] == '"'
		if quoted {
			for i++; i < len(text) && (text[i] != '"' || i+1 < len(text) && text[i+1] == '"'); i++ {
				if text[i] == '"' {
					i++
				}
				field = append(field, text[i])
			}
			i++
		} else {
			for ; i < len(text) && text[i] != ',' && text[i] != '\n'; i++ {
				field = append(field, text[i])
			}
		}
		value := string(field)
		if record = append(record, &value); !quoted && value == "" {
			record[len(record)-1] = nil
		}
		switch {
		case i >= len(text):
			return nil, fmt.Errorf("the last line does not end")
		case text[i] == '\n':
			records, record = append(records, record), nil
		case text[i] != ',':
			return nil, fmt.Errorf("byte %d is neither comma nor line end", i)
		case i+1 < len(text) && text[i+1] == '\n': // the last field is NULL
			records, record, i = append(records, append(record, nil)), nil, i+1
		}
		i++
	}
	rows := rowSet{}
	kinds := map[string]string{"pagamento": payments, "sessao": sessions, "comissao": commissions, "gasto": expenses, "vinculo": links,
		"cliente": clients, "artista": artists}
	for _, r := range records[1:] {
		if *r[0] == "sessao_viva" { // a copy of what stays: no row of the month
			continue
		}
		table, f := kinds[*r[0]], fields{}
		for i, v := range r {
			column := *records[0][i]
			switch {
			case table == clients && column == "cliente_name", table == artists && column == "artista_name":
				column = "name"
			}
			if v != nil && (column == deposit || slices.Contains(columns[table], column)) {
				f[column] = normal(column, *v)
			}
		}
		id := f["id"]
		if table == links {
			id = f["sessao_id"]
		}
		rows[ref(table, id)] = f
	}
	return rows, nil
}

package closing_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

var (
	months  = []string{"2025-10", "2025-11", "2025-12", "2026-01"}
	amounts = []string{"0.00", "0.01", "0.10", "12.30", "16.66", "450.00", "99999999.99", "-5.00"}
	// nasty texts have hurt programs like this one before.
	nasty = []string{"", " ", "a;b,c", "linha\r\nlinha", "\n", "\t", `"`, `""`, `\`, `\"`, `\u0041`, "'", `=HYPERLINK("x")`, "-1", "@x",
		"João", "Joa\u0303o", "💉🐉", "\x1b[31m", "\x7f", "\u0085", "\u2028", "\ufeff", "\ufffd", "<b>&", "null", "NULL", "0.30"}
)

func (h *history) pick(label string, from []string) string {
	return rapid.SampledFrom(from).Draw(h.t, label)
}

func (h *history) chance(label string, oneIn int) bool {
	return rapid.IntRange(1, oneIn).Draw(h.t, label) == oneIn
}

func (h *history) month() string { return h.pick("month", months) }

// monthThat draws, more often than not, a month of a kind, if there is any.
func (h *history) monthThat(is func(string) bool) string {
	those := slices.DeleteFunc(slices.Clone(months), func(month string) bool { return !is(month) })
	if len(those) == 0 || h.chance("any month", 4) {
		those = months
	}
	return h.pick("month", those)
}

func (h *history) isClosed(month string) bool { return h.m.statements[month] != nil }

func (h *history) day() string {
	month := h.month()
	day := h.pick("day", []string{"01", "02", "15", "28", "last"})
	if day == "last" {
		first, err := time.Parse("2006-01", month)
		h.must(err)
		day = first.AddDate(0, 1, -1).Format("02")
	}
	return month + "-" + day
}

func (h *history) text() string {
	texts := nasty
	if h.Path != "" {
		texts = append(slices.Clone(nasty), "a\x00b")
	}
	return h.pick("text", texts) + h.pick("more", []string{"", "", "x", "\n"})
}

// instant is near a month's edge in the studio, or inside a month.
func (h *history) instant() string {
	first, err := time.ParseInLocation("2006-01", h.month(), h.m.zone)
	h.must(err)
	offset := rapid.SampledFrom([]time.Duration{-time.Microsecond, 0, 90 * time.Minute, -90 * time.Minute, 300 * time.Hour}).Draw(h.t, "offset")
	return first.Add(offset).UTC().Format(instantForm)
}

// made is when a row was made: in the past, with few exceptions.
func (h *history) made() string {
	if h.chance("in the future", 60) {
		return h.clock.Add(6 * time.Minute).UTC().Format(instantForm)
	}
	return h.pick("made", []string{"2025-10-01 12:00:00.000000", "2025-11-01 02:59:59.999999", "2025-10-28 14:52:58.123456"})
}

// optional sets a column now and then.
func (h *history) optional(f fields, column string, value func() string) {
	if h.chance("has "+column, 2) {
		f[column] = value()
	}
}

// one draws a live row of a table, or skips the action.
func (h *history) one(table string) rowKey {
	keys := h.m.live.of(table)
	if len(keys) == 0 {
		h.t.Skip("there is none")
	}
	return rapid.SampledFrom(keys).Draw(h.t, table)
}

func (h *history) id(table string) func() string {
	return func() string { return strconv.Itoa(h.one(table).id) }
}

// event is a calendar event that no live row of the table has.
func (h *history) event(f fields, table string) {
	if !h.chance("has event", 8) {
		return
	}
	event := h.pick("event", []string{"ev1", "ev2", "ev3"})
	for k, other := range h.m.live {
		if k.table == table && other["google_event_id"] == event {
			return
		}
	}
	f["google_event_id"] = event
}

// arg is a column's value as this database takes it.
func (h *history) arg(column, value string, ok bool) any {
	switch {
	case !ok:
		return nil
	case column == "id" || strings.HasSuffix(column, "_id") && column != "google_event_id" && column != "jotform_submission_id" || column == "created_by":
		n, err := strconv.Atoi(value)
		h.must(err)
		return n
	case h.Path == "" && strings.HasSuffix(column, "_at"):
		return value + "+00"
	}
	return value
}

// insert records a row; the database gives it a number that no row ever had.
func (h *history) insert(table string, f fields) rowKey {
	h.t.Helper()
	names, places, args := []string{}, []string{}, []any{}
	for _, c := range columns[table] {
		if v, ok := f[c]; ok || c == "created_at" { // NULL where the default would be another instant
			names = append(names, c)
			args = append(args, h.arg(c, v, ok))
			places = append(places, "$"+strconv.Itoa(len(args)))
		}
	}
	if table == artists {
		names, places = append(names, "active_flag", "unified_flow_enabled"), append(places, "TRUE", "FALSE")
	}
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) RETURNING id", table, strings.Join(names, ", "), strings.Join(places, ", "))
	var id int
	if err := h.SQL.QueryRowContext(h.ctx, query, args...).Scan(&id); err != nil {
		h.t.Fatalf("%s %q: %v", query, args, err)
	}
	k := rowKey{table, id}
	if _, byHand := f["id"]; h.used[k] && !byHand {
		h.t.Fatalf("%s %d got the number of an earlier row", table, id)
	}
	h.used[k] = true
	f["id"] = strconv.Itoa(id)
	h.m.live[k] = f
	return k
}

// update sets a column of a live row, to NULL without a value.
func (h *history) update(k rowKey, column string, value ...string) {
	v, ok := "", len(value) > 0
	if delete(h.m.live[k], column); ok {
		v = value[0]
		h.m.live[k][column] = v
	}
	h.exec(statement{fmt.Sprintf("UPDATE %s SET %s = $1 WHERE id = $2", k.table, column), []any{h.arg(column, v, ok), k.id}})
}

func (h *history) begin() {
	for i := range 2 {
		h.insert(artists, fields{"name": "Ana " + strconv.Itoa(i), "role": "artist", "email": fmt.Sprintf("ana%d@studio.test", i)})
		h.insert(clients, fields{"name": `=Bia "x"` + "\n", "created_at": "2025-01-01 00:00:00.000000"})
	}
	for range rapid.IntRange(0, 8).Draw(h.t, "rows at first") {
		rapid.SampledFrom([]func(){func() { h.addPayment() }, h.addDeposit, h.addCommission, h.addExpense}).Draw(h.t, "add")()
	}
}

func (h *history) addPayment() rowKey {
	f := fields{"data": h.day(), "valor": h.pick("amount", amounts), "forma_pagamento": h.pick("method", []string{"Pix", "Dinheiro", "Cartão;", ""}),
		"artista_id": h.id(artists)()}
	h.optional(f, "cliente_id", h.id(clients))
	h.optional(f, "observacoes", h.text)
	h.optional(f, "created_at", h.made)
	if len(h.m.live.of(sessions)) > 0 && h.chance("for a session", 3) {
		f["sessao_id"] = h.id(sessions)()
	}
	if h.chance("v4's own column", 8) {
		f["comissao"] = h.pick("amount", amounts)
	}
	h.event(f, payments)
	k := h.insert(payments, f)
	if h.chance("is a deposit", 3) {
		h.markDeposit(k, true)
	}
	return k
}

// markDeposit sets or takes away the mark of a deposit.
func (h *history) markDeposit(k rowKey, is bool) {
	h.must(h.Store.Write(h.ctx, func(tx *store.Tx) error { return markDeposit(h.ctx, tx, books.ID(k.id), books.Mark(is)) }))
	if delete(h.m.live[k], deposit); is {
		h.m.live[k][deposit] = "true"
	}
}

func (h *history) mark() {
	k := h.one(payments)
	h.markDeposit(k, h.m.live[k][deposit] != "true")
}

func (h *history) addSession() rowKey {
	f := fields{"data": h.day(), "valor": h.pick("amount", amounts), "cliente_id": h.id(clients)(), "artista_id": h.id(artists)(),
		"status": h.pick("status", []string{"active", "paid", "completed"})}
	h.optional(f, "observacoes", h.text)
	h.optional(f, "updated_at", h.instant)
	if h.Path != "" && h.chance("has an hour", 4) {
		f["hora"] = "14:30:00"
	}
	h.event(f, sessions)
	return h.insert(sessions, f)
}

// addDeposit is a session paid in parts, linked in one direction or both.
func (h *history) addDeposit() {
	s := h.addSession()
	var paid []rowKey
	for range rapid.IntRange(1, 2).Draw(h.t, "parts") {
		paid = append(paid, h.addPayment())
		if h.chance("payment names session", 2) {
			h.update(paid[len(paid)-1], "sessao_id", strconv.Itoa(s.id))
		}
	}
	if h.chance("session names payment", 2) {
		h.update(s, "payment_id", strconv.Itoa(rapid.SampledFrom(paid).Draw(h.t, "part").id))
	}
}

func (h *history) addCommission() {
	f := fields{"artista_id": h.id(artists)(), "percentual": h.pick("percent", []string{"0.01", "60.00", "33.33", "100.00"}),
		"valor": h.pick("amount", amounts)}
	h.optional(f, "observacoes", h.text)
	if !h.chance("has no instant", 6) {
		f["created_at"] = h.instant()
	}
	switch {
	case len(h.m.live.of(payments)) > 0 && h.chance("of a payment", 2):
		f["pagamento_id"] = h.id(payments)()
	case h.Path != "" && len(h.used) > 0 && h.chance("of a payment that is gone", 4):
		// v4's SQLite files have them; PostgreSQL's foreign key does not let them in.
		f["pagamento_id"] = strconv.Itoa(rapid.IntRange(1, 12).Draw(h.t, "payment"))
	}
	h.insert(commissions, f)
}

func (h *history) addExpense() {
	f := fields{"data": h.day(), "valor": h.pick("amount", amounts), "forma_pagamento": "Pix", "created_by": h.id(artists)()}
	h.optional(f, "descricao", h.text)
	h.optional(f, "created_at", h.made)
	h.insert(expenses, f)
}

func (h *history) addPerson() {
	if h.chance("artist", 2) {
		f := fields{"name": "Caio " + h.text(), "role": "artist"}
		if email := h.pick("email", []string{"ana0@studio.test", "ana1@studio.test"}); !h.taken("email", email) {
			f["email"] = email
		}
		h.insert(artists, f)
		return
	}
	f := fields{"name": h.text()}
	if form := h.pick("form", []string{"f1", "f2"}); !h.taken("jotform_submission_id", form) {
		f["jotform_submission_id"] = form
	}
	h.insert(clients, f)
}

func (h *history) taken(column, value string) bool {
	for _, f := range h.m.live {
		if f[column] == value {
			return true
		}
	}
	return false
}

func (h *history) edit() {
	k := h.one(h.pick("table", []string{payments, payments, sessions, commissions, expenses}))
	editable := map[string]func() string{"valor": func() string { return h.pick("amount", amounts) }, "artista_id": h.id(artists)}
	if k.table == expenses {
		editable = map[string]func() string{"valor": editable["valor"], "created_by": h.id(artists), "descricao": h.text, "data": h.day}
	} else {
		editable["observacoes"] = h.text
	}
	switch k.table {
	case payments:
		editable["data"], editable["forma_pagamento"], editable["updated_at"] = h.day, h.text, h.instant
		editable["cliente_id"] = h.id(clients)
	case sessions:
		editable["data"], editable["status"], editable["created_at"] = h.day, func() string { return h.pick("status", []string{"paid", "completed"}) }, h.made
	case commissions:
		editable["created_at"] = h.instant
	}
	column := h.pick("column", slices.Sorted(maps.Keys(editable)))
	h.update(k, column, editable[column]())
}

// relink sets or clears a link between a session and a payment.
func (h *history) relink() {
	from, column, to := payments, "sessao_id", sessions
	if h.chance("the session's", 2) {
		from, column, to = sessions, "payment_id", payments
	}
	k := h.one(from)
	if h.chance("clear", 3) {
		h.update(k, column)
		return
	}
	h.update(k, column, h.id(to)())
}

// remove deletes a row and what hangs on it.
func (h *history) remove() {
	k := h.one(h.pick("table", []string{payments, sessions, commissions, expenses}))
	id := strconv.Itoa(k.id)
	for _, l := range append(h.m.live.of(payments), append(h.m.live.of(sessions), h.m.live.of(commissions)...)...) {
		f := h.m.live[l]
		switch {
		case k.table == payments && l.table == sessions && f["payment_id"] == id:
			h.update(l, "payment_id")
		case k.table == sessions && l.table == payments && f["sessao_id"] == id:
			h.update(l, "sessao_id")
		case k.table == payments && l.table == commissions && f["pagamento_id"] == id:
			h.delete(l)
		}
	}
	h.delete(k)
}

func (h *history) removePerson() {
	k := h.one(h.pick("table", []string{clients, artists}))
	if len(h.m.live.of(k.table)) == 1 {
		h.t.Skip("somebody has to stay")
	}
	id := strconv.Itoa(k.id)
	for _, f := range h.m.live.movable() {
		if k.table == clients && f["cliente_id"] == id || k.table == artists && (f["artista_id"] == id || f["created_by"] == id) {
			h.t.Skip("has rows")
		}
	}
	h.delete(k)
}

func (h *history) delete(k rowKey) {
	h.exec(statement{fmt.Sprintf("DELETE FROM %s WHERE id = $1", k.table), []any{k.id}})
	delete(h.m.live, k)
	h.gone = append(h.gone, k)
}

// putBackByHand is somebody who puts a row of a statement back, with its number.
func (h *history) putBackByHand() {
	s := h.m.statements[h.month()]
	if s == nil || !h.chance("really", 4) {
		h.t.Skip("is open")
	}
	keys := s.rows.of(expenses)
	if len(keys) == 0 || h.m.live[keys[0]] != nil || h.m.live[ref(artists, s.rows[keys[0]]["created_by"])] == nil {
		h.t.Skip("there is none")
	}
	h.insert(expenses, maps.Clone(s.rows[keys[0]]))
}

func (h *history) moveClock() {
	*h.clock = rapid.SampledFrom([]time.Time{
		noon(2025, time.October, 20), noon(2025, time.November, 2), noon(2025, time.December, 2), noon(2026, time.January, 2),
		time.Date(2026, time.January, 1, 1, 59, 59, 0, storetest.Zone), time.Date(2026, time.January, 1, 2, 0, 0, 0, storetest.Zone),
		time.Date(2026, time.January, 31, 23, 59, 59, 0, storetest.Zone), noon(2026, time.February, 2), noon(2026, time.March, 2),
	}).Draw(h.t, "clock")
	h.m.clock = *h.clock
}

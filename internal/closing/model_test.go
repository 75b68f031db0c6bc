package closing_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A plain model of the books, written from contract and design: rows are maps
// of text, months are texts, and neither the store's queries nor the nouns of
// package books have a part in it. It says what each action comes to; the
// property test holds the program against it.

// fields are a row's own columns as text, without those that are NULL.
type fields map[string]string

// rowKey names a row by its table, or "vinculo", and its id.
type rowKey struct {
	table string
	id    int
}

type rowSet map[rowKey]fields

const (
	payments    = "pagamentos"
	sessions    = "sessoes"
	commissions = "comissoes"
	expenses    = "gastos"
	links       = "vinculo"
	clients     = "clients"
	artists     = "users"
)

// tables stand in the order of backups and statements.
var tables = []string{payments, sessions, commissions, expenses, links, clients, artists}

// columns are each table's own.
var columns = map[string][]string{
	payments:    strings.Fields("id data valor forma_pagamento observacoes comissao cliente_id artista_id sessao_id google_event_id created_at updated_at"),
	sessions:    strings.Fields("id data hora valor observacoes cliente_id artista_id google_event_id status payment_id created_at updated_at"),
	commissions: strings.Fields("id pagamento_id artista_id percentual valor observacoes created_at"),
	expenses:    strings.Fields("id data valor descricao forma_pagamento created_by created_at updated_at"),
	links:       strings.Fields("sessao_id payment_id"),
	clients:     strings.Fields("id name jotform_submission_id created_at updated_at"),
	artists:     strings.Fields("id email name role created_at updated_at"),
}

// deposit is what payments carry beside their own columns: true, or not there.
const deposit = "sinal"

// instantForm is how the model writes an instant, in UTC.
const instantForm = "2006-01-02 15:04:05.000000"

// frozen is a month's statement.
type frozen struct {
	rows rowSet
	file string // of the backup that it rests on; "" without one
}

// filed is one copy of a month's backup: what was written, and what became of it.
type filed struct {
	number                  int
	rows                    rowSet
	staying                 rowSet // the sessions that its rows name and that were live
	csv, manifest           bool   // there
	csvSame, manifestSame   bool   // as written
	unrecorded              bool   // the program was killed before it could record it
	restored                bool   // rows were taken from it, so that the chain knows it
	csvBytes, manifestBytes []byte
}

func (f *filed) whole() bool { return f.csv && f.manifest && f.csvSame && f.manifestSame }

type chained struct {
	action, month string
	revision      int
}

// rested is what a payment at rest was to a session that stayed.
type rested struct {
	session  string
	centavos int64
	deposit  bool
}

type model struct {
	zone       *time.Location
	clock      time.Time
	closeFrom  string
	live       rowSet
	statements map[string]*frozen
	copies     map[string][]*filed // by number, every one that was ever made
	chain      []chained
	revision   map[string]int
	held       map[string]bool
	rested     map[rowKey]rested
}

func newModel(zone *time.Location, clock time.Time, closeFrom string) *model {
	return &model{
		zone: zone, clock: clock, closeFrom: closeFrom, live: rowSet{}, statements: map[string]*frozen{},
		copies: map[string][]*filed{}, revision: map[string]int{}, held: map[string]bool{}, rested: map[rowKey]rested{},
	}
}

func ref(table, id string) rowKey {
	n, err := strconv.Atoi(id)
	if err != nil {
		panic(err)
	}
	return rowKey{table, n}
}

// of returns the keys of one table's rows by id.
func (s rowSet) of(table string) []rowKey {
	var keys []rowKey
	for k := range s {
		if k.table == table {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b rowKey) int { return a.id - b.id })
	return keys
}

func (s rowSet) clone() rowSet {
	c := rowSet{}
	for k, f := range s {
		c[k] = maps.Clone(f)
	}
	return c
}

// without returns a copy that lacks the rows of these tables.
func (s rowSet) without(tables ...string) rowSet {
	c := s.clone()
	maps.DeleteFunc(c, func(k rowKey, _ fields) bool { return slices.Contains(tables, k.table) })
	return c
}

// movable are the rows that a close moves: not clients and artists.
func (s rowSet) movable() rowSet { return s.without(clients, artists) }

// count is how many rows a person would count: links are none.
func (s rowSet) count() int { return len(s.without(links, clients, artists)) }

// text writes the rows, one a line, so that equal sets have equal texts.
func (s rowSet) text() string {
	var lines []string
	for _, table := range tables {
		for _, k := range s.of(table) {
			line := fmt.Sprintf("%s %d", k.table, k.id)
			for _, c := range columns[table] {
				if v, ok := s[k][c]; ok && c != "id" {
					line += fmt.Sprintf(" %s=%q", c, v)
				}
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// deposits lists the payments that carry the mark; no fingerprint covers it.
func (s rowSet) deposits() string {
	var marked []string
	for _, k := range s.of(payments) {
		if s[k][deposit] == "true" {
			marked = append(marked, strconv.Itoa(k.id))
		}
	}
	return strings.Join(marked, " ")
}

// centavos reads an amount.
func centavos(amount string) int64 {
	n, err := strconv.ParseInt(strings.Replace(amount, ".", "", 1), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (m *model) monthOfInstant(text string) string {
	t, err := time.Parse(instantForm, text)
	if err != nil {
		panic(err)
	}
	return t.In(m.zone).Format("2006-01")
}

// home is the month whose statement holds a row, or "".
func (m *model) home(k rowKey) string {
	for month, s := range m.statements {
		if s.rows[k] != nil {
			return month
		}
	}
	return ""
}

// monthRows are copies of the live rows that belong to month, with the links
// that sessions would lose and the people that rows name.
func (m *model) monthRows(month string) rowSet {
	rows := rowSet{}
	for k, f := range m.live {
		switch k.table {
		case payments, expenses:
			if f["data"][:7] == month {
				rows[k] = f
			}
		case sessions:
			m.addSession(rows, k, month)
		case commissions:
			if m.commissionMonth(f) == month {
				rows[k] = f
			}
		}
	}
	rows = rows.clone()
	people := map[string]string{"cliente_id": clients, "artista_id": artists, "created_by": artists}
	for _, f := range rows.clone() {
		for column, table := range people {
			if id, ok := f[column]; ok {
				rows[ref(table, id)] = maps.Clone(m.live[ref(table, id)])
			}
		}
	}
	return rows
}

// addSession adds a session that the month's payments take along, or the link
// that it loses because a payment outside the month keeps it.
func (m *model) addSession(rows rowSet, k rowKey, month string) {
	var inside, outside bool
	paid := map[rowKey]bool{}
	in := func(payment rowKey) bool { return m.live[payment]["data"][:7] == month }
	see := func(payment rowKey) {
		inside, outside, paid[payment] = inside || in(payment), outside || !in(payment), true
	}
	id := strconv.Itoa(k.id)
	for p, f := range m.live {
		if p.table == payments && f["sessao_id"] == id {
			see(p)
		}
	}
	payment, linked := m.live[k]["payment_id"]
	if linked {
		see(ref(payments, payment))
	}
	switch {
	case inside && !outside && !m.owing(k, paid, month):
		rows[k] = m.live[k]
	case linked && in(ref(payments, payment)):
		rows[rowKey{links, k.id}] = fields{"sessao_id": id, "payment_id": payment}
	}
}

// owing says that a session, which these live payments are for, received less
// than its price, is not completed, and is after the month or has deposits only.
func (m *model) owing(k rowKey, paid map[rowKey]bool, month string) bool {
	received, deposits := int64(0), true
	for p := range paid {
		received += centavos(m.live[p]["valor"])
		deposits = deposits && m.live[p][deposit] == "true"
	}
	for _, r := range m.rested {
		if r.session == strconv.Itoa(k.id) {
			received += r.centavos
			deposits = deposits && r.deposit
		}
	}
	s := m.live[k]
	return s["status"] != "completed" && received < centavos(s["valor"]) && (s["data"][:7] > month || deposits)
}

// rest keeps what the payments that leave were to the sessions that stay.
func (m *model) rest(leaving rowSet) {
	for _, p := range leaving.of(payments) {
		f := leaving[p]
		session, stays := f["sessao_id"], false
		if session != "" {
			stays = leaving[ref(sessions, session)] == nil
		}
		for _, l := range leaving.of(links) {
			if !stays && leaving[l]["payment_id"] == f["id"] {
				session, stays = leaving[l]["sessao_id"], true
			}
		}
		if stays || f[deposit] == "true" {
			m.rested[p] = rested{session, centavos(f["valor"]), f[deposit] == "true"}
		}
	}
}

// commissionMonth is the month that a commission belongs to, or "".
func (m *model) commissionMonth(f fields) string {
	if id, ok := f["pagamento_id"]; ok {
		if p := m.live[ref(payments, id)]; p != nil {
			return p["data"][:7]
		}
		if home := m.home(ref(payments, id)); home != "" {
			return home
		}
	}
	if at, ok := f["created_at"]; ok {
		return m.monthOfInstant(at)
	}
	return ""
}

// merge is the next revision: the statement's rows and the late ones. A late
// session takes a link that it lost back, unless it has a newer one.
func merge(statement, late rowSet) (rows rowSet, code string) {
	rows, late = statement.clone(), late.clone()
	for k, f := range late {
		lost, was := statement[rowKey{links, k.id}]
		if k.table != sessions && k.table != links || !was {
			continue
		}
		delete(rows, rowKey{links, k.id})
		if _, linked := f["payment_id"]; !linked {
			f["payment_id"] = lost["payment_id"]
		}
	}
	for k, f := range late {
		switch {
		case rows[k] == nil:
			rows[k] = f
		case k.table != clients && k.table != artists:
			return nil, "row_twice"
		}
	}
	return rows, ""
}

// whole are the rows of a month's next statement or backup.
func (m *model) whole(month string) (rowSet, string) {
	if s := m.statements[month]; s != nil {
		return merge(s.rows, m.monthRows(month))
	}
	return m.monthRows(month), ""
}

func (m *model) running() string { return m.clock.In(m.zone).Format("2006-01") }

// doubtful says that some row was made in the future.
func (m *model) doubtful() bool {
	limit := m.clock.Add(5 * time.Minute).UTC().Format(instantForm)
	for k, f := range m.live {
		if slices.Contains([]string{payments, sessions, expenses}, k.table) && f["created_at"] > limit {
			return true
		}
	}
	return false
}

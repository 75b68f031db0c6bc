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

// due are the months that the schedule closes, oldest first.
func (m *model) due() []string {
	var months []string
	first, err := time.ParseInLocation("2006-01", m.closeFrom, m.zone)
	if err != nil {
		panic(err)
	}
	for at := first; ; at = at.AddDate(0, 1, 0) {
		month := at.Format("2006-01")
		if m.clock.Before(at.AddDate(0, 1, 0).Add(2 * time.Hour)) {
			return months
		}
		if m.statements[month] == nil && !m.held[month] {
			months = append(months, month)
		}
	}
}

// state is what `months` says of a month.
func (m *model) state(month string) string {
	switch {
	case m.statements[month] != nil && m.monthRows(month).count() > 0:
		return "late"
	case m.statements[month] != nil:
		return "closed"
	case m.held[month]:
		return "held"
	case slices.Contains(m.due(), month):
		return "due"
	}
	return "open"
}

// listed are the months that live rows put on the list.
func (m *model) listed() map[string]bool {
	listed := map[string]bool{}
	for k, f := range m.live {
		switch k.table {
		case payments, expenses:
			listed[f["data"][:7]] = true
		case commissions:
			listed[m.commissionMonth(f)] = true
		}
	}
	delete(listed, "")
	return listed
}

// months are all that `months` lists.
func (m *model) months() []string {
	listed, running := m.listed(), m.running()
	seen := maps.Clone(listed)
	seen[running] = true
	if m.closeFrom < running {
		seen[m.closeFrom] = true // what is due needs no rows
	}
	for month := range m.revision {
		seen[month] = true
	}
	all := slices.Sorted(maps.Keys(seen))
	at, err := time.Parse("2006-01", all[0])
	if err != nil {
		panic(err)
	}
	var months []string
	for ; at.Format("2006-01") <= all[len(all)-1]; at = at.AddDate(0, 1, 0) {
		month := at.Format("2006-01")
		if month <= running || listed[month] || m.statements[month] != nil {
			months = append(months, month)
		}
	}
	return months
}

func fileOf(month string, number int) string {
	name := strings.ReplaceAll(month, "-", "_")
	name += "/backup_" + name
	if number > 1 {
		name += ".r" + strconv.Itoa(number)
	}
	return name + ".csv"
}

func manifestOf(file string) string { return strings.TrimSuffix(file, ".csv") + ".manifest.json" }

// unmounted says that none of the backups that were made is there.
func (m *model) unmounted() bool {
	made := 0
	for _, copies := range m.copies {
		for _, c := range copies {
			if c.csv {
				return false
			}
			made++
		}
	}
	return made > 0
}

// backUp returns the copy that holds these rows: the newest that is there, if
// it does, or a new one.
func (m *model) backUp(month string, rows rowSet) (c *filed, isNew bool) {
	copies := m.copies[month]
	for _, c := range slices.Backward(copies) {
		if !c.csv || !c.manifest {
			continue
		}
		if c.whole() && c.rows.text() == rows.text() && c.rows.deposits() == rows.deposits() && c.staying.text() == m.staying(rows).text() {
			return c, false
		}
		break
	}
	c = &filed{number: len(copies) + 1, rows: rows.clone(), staying: m.staying(rows), csv: true, manifest: true, csvSame: true, manifestSame: true}
	m.copies[month] = append(copies, c)
	return c, true
}

// staying are the live sessions that rows name, with what identifies them.
func (m *model) staying(rows rowSet) rowSet {
	all := rowSet{}
	for _, f := range rows {
		id, ok := f["sessao_id"]
		if !ok || rows[ref(sessions, id)] != nil || m.live[ref(sessions, id)] == nil {
			continue
		}
		kept := fields{}
		for _, column := range []string{"id", "data", "cliente_id", "artista_id", "created_at"} {
			if v, ok := m.live[ref(sessions, id)][column]; ok {
				kept[column] = v
			}
		}
		all[ref(sessions, id)] = kept
	}
	return all
}

// oneSession says that two copies are of one session.
func oneSession(a, b fields) bool {
	if a["created_at"] != "" || b["created_at"] != "" {
		return a["created_at"] == b["created_at"]
	}
	return a["cliente_id"] == b["cliente_id"] && a["artista_id"] == b["artista_id"] && a["data"] == b["data"]
}

// closeCode is why a close refuses before it looks at backups; "" if it does not.
func (m *model) closeCode(month string, force bool) string {
	switch {
	case month >= m.running():
		return "month_not_ended"
	case m.doubtful():
		return "clock_doubtful"
	case m.statements[month] != nil && !force:
		return "already_closed"
	}
	return ""
}

// freeze moves a month's rows into its statement.
func (m *model) freeze(month string, rows rowSet, file string) {
	action := "closed"
	if m.statements[month] != nil {
		action = "revised"
	}
	leaving := m.monthRows(month)
	m.rest(leaving)
	for k := range leaving {
		switch k.table {
		case links:
			delete(m.live[rowKey{sessions, k.id}], "payment_id")
		case clients, artists:
		default:
			delete(m.live, k)
		}
	}
	m.statements[month] = &frozen{rows: rows.clone(), file: file}
	m.revision[month]++
	m.held[month] = false
	m.chain = append(m.chain, chained{action, month, m.revision[month]})
}

// eventsTaken says that another row has the calendar event of one of rows.
func (m *model) eventsTaken(rows rowSet) []string {
	events := map[string]bool{}
	for k, f := range m.live {
		events[k.table+" "+f["google_event_id"]] = true
	}
	for k, f := range rows {
		if event, ok := f["google_event_id"]; ok {
			if events[k.table+" "+event] {
				return []string{"event_taken"}
			}
			events[k.table+" "+event] = true
		}
	}
	return nil
}

// comeBack are the reasons for which a statement's rows cannot be live again.
func (m *model) comeBack(rows rowSet) []string {
	codes := m.eventsTaken(rows)
	if codes != nil {
		return codes
	}
	want := func(k rowKey) {
		if rows[k] == nil && m.live[k] == nil && m.home(k) != "" {
			codes = append(codes, "linked_elsewhere")
		}
	}
	for k, f := range rows {
		if id, ok := f["sessao_id"]; ok {
			want(ref(sessions, id))
		}
		if id, ok := f["payment_id"]; ok && k.table == sessions {
			want(ref(payments, id))
		}
	}
	return codes
}

// emptyLinks returns rows as a reopening gives them back, links to rows that were
// deleted since emptied, and how many those are.
func (m *model) emptyLinks(rows rowSet) (rowSet, int) {
	back, emptied := rowSet{}, 0
	for k, f := range rows {
		f = maps.Clone(f)
		for column, table := range map[string]string{"sessao_id": sessions, "payment_id": payments} {
			id, ok := f[column]
			if !ok || k.table == links || rows[ref(table, id)] != nil || m.live[ref(table, id)] != nil {
				continue
			}
			delete(f, column)
			emptied++
		}
		back[k] = f
	}
	return back, emptied
}

// reopenCodes are the reasons for which a month cannot be reopened, one of
// which is given; none if it can.
func (m *model) reopenCodes(month string) []string {
	s := m.statements[month]
	if m.held[month] {
		return []string{"month_held"}
	}
	if s == nil {
		return []string{"not_closed"}
	}
	for k := range s.rows.without(links, clients, artists) {
		if m.live[k] != nil {
			return []string{"id_taken"}
		}
	}
	return m.comeBack(s.rows)
}

// putBack makes rows live, with the people among them that are gone, and
// returns how many links could not be set.
func (m *model) putBack(rows rowSet) (kept int) {
	for _, table := range tables {
		for _, k := range rows.of(table) {
			switch {
			case table == links || m.live[k] != nil:
			case table == clients || table == artists:
				m.live[k] = m.withoutTaken(rows[k])
			default:
				m.live[k] = maps.Clone(rows[k])
				delete(m.rested, k)
			}
		}
	}
	for _, k := range rows.of(links) {
		s := m.live[rowKey{sessions, k.id}]
		if _, linked := s["payment_id"]; s != nil && !linked {
			s["payment_id"] = rows[k]["payment_id"]
		}
		if s["payment_id"] != rows[k]["payment_id"] {
			kept++
		}
	}
	return kept
}

// withoutTaken is a returning person without what somebody else has by now.
func (m *model) withoutTaken(f fields) fields {
	f = maps.Clone(f)
	for _, other := range m.live {
		for _, column := range []string{"email", "jotform_submission_id"} {
			if v, ok := f[column]; ok && other[column] == v {
				delete(f, column)
			}
		}
	}
	return f
}

func (m *model) reopen(month string) (kept int) {
	rows, emptied := m.emptyLinks(m.statements[month].rows)
	kept = m.putBack(rows) + emptied
	delete(m.statements, month)
	m.held[month] = true
	m.chain = append(m.chain, chained{"reopened", month, m.revision[month]})
	return kept
}

// toTake are the copies that rows may be taken from: of those of which both parts
// are there the statement's, then the newest.
func (m *model) toTake(month string) []*filed {
	var all []*filed
	for _, c := range slices.Backward(m.copies[month]) {
		switch s := m.statements[month]; {
		case !c.csv || !c.manifest:
		case s != nil && s.file == fileOf(month, c.number):
			all = slices.Insert(all, 0, c)
		default:
			all = append(all, c)
		}
	}
	return all
}

// toRestore finds the copy that a restore takes: number, or the best if number is 0.
func (m *model) toRestore(month string, number int) (*filed, string) {
	copies := m.toTake(month)
	if number != 0 {
		copies = m.copies[month]
	}
	for _, c := range copies {
		if number != 0 && c.number != number {
			continue
		}
		switch {
		case c.whole():
			return c, ""
		case !c.manifest || c.manifestSame && !c.csv:
			return nil, "no_backup"
		}
		return nil, "backup_corrupt"
	}
	return nil, "no_backup"
}

// restoration is what putting a copy back would add: rows and links of
// sessions, and links of live payments; or the reasons for which it cannot be.
func (m *model) restoration(c *filed) (missing rowSet, paid map[rowKey]string, codes []string) {
	missing, paid = rowSet{}, map[rowKey]string{}
	rows, meant := m.withSessions(c)
	for _, table := range tables {
		for _, k := range rows.of(table) {
			f, live := rows[k], m.live[k]
			isPerson := table == clients || table == artists
			switch {
			case table == links:
				s := m.live[rowKey{sessions, k.id}]
				if s == nil {
					s = rows[rowKey{sessions, k.id}]
				}
				if _, linked := s["payment_id"]; !linked {
					missing[k] = f
				}
			case !isPerson && m.home(k) != "":
				return nil, nil, []string{"row_at_rest"}
			case live == nil:
				missing[k] = f
			case isPerson:
			case !sameButLink(f, live):
				return nil, nil, []string{"row_differs"}
			case table == payments && f["sessao_id"] != live["sessao_id"] && f["sessao_id"] != "":
				paid[k] = f["sessao_id"]
			case table == sessions && f["payment_id"] != live["payment_id"] && f["payment_id"] != "":
				missing[rowKey{links, k.id}] = fields{"sessao_id": f["id"], "payment_id": f["payment_id"]}
			}
		}
	}
	missing = missing.clone()
	if codes := m.eventsTaken(missing); codes != nil {
		return nil, nil, codes
	}
	leads := func(k rowKey) bool {
		switch was, live := meant[k], m.live[k]; {
		case missing[k] != nil:
			return true
		case live != nil && was != nil && (k.table == sessions && oneSession(was, live) || k.table == payments && sameButLink(was, live)):
			return true
		case m.home(k) != "":
			codes = append(codes, "linked_elsewhere")
		}
		return false
	}
	for k, f := range missing {
		session, paidFor := f["sessao_id"]
		payment, paidBy := f["payment_id"]
		switch {
		case k.table == payments && paidFor && !leads(ref(sessions, session)):
			delete(f, "sessao_id")
		case k.table == sessions && paidBy && !leads(ref(payments, payment)):
			delete(f, "payment_id")
		case k.table == links && !(leads(ref(sessions, session)) && leads(ref(payments, payment))):
			delete(missing, k)
		}
	}
	for k, session := range paid {
		if !leads(ref(sessions, session)) {
			delete(paid, k)
		}
	}
	return missing, paid, codes
}

// sameButLink says that two rows are equal but for a link that one of them lacks.
func sameButLink(a, b fields) bool {
	a, b = maps.Clone(a), maps.Clone(b)
	delete(a, deposit)
	delete(b, deposit)
	for _, column := range []string{"sessao_id", "payment_id"} {
		if a[column] == "" || b[column] == "" {
			delete(a, column)
			delete(b, column)
		}
	}
	return maps.Equal(a, b)
}

// withSessions are a copy's rows, with the sessions that they name and that are
// nowhere but in another whole copy, the latest month's first.
//
// meant are the sessions and payments that links mean.
func (m *model) withSessions(c *filed) (rows, meant rowSet) {
	rows, meant = c.rows.clone(), c.rows.clone()
	maps.Copy(meant, c.staying)
	for _, f := range c.rows {
		id, ok := f["sessao_id"]
		if !ok {
			continue
		}
		k := ref(sessions, id)
		if rows[k] != nil || m.live[k] != nil || m.home(k) != "" {
			continue
		}
		other := m.copyWith(k, c)
		if other == nil {
			continue
		}
		rows[k], meant[k] = maps.Clone(other[k]), other[k]
		if payment, ok := other[k]["payment_id"]; ok && meant[ref(payments, payment)] == nil {
			meant[ref(payments, payment)] = other[ref(payments, payment)]
		}
		for column, table := range map[string]string{"cliente_id": clients, "artista_id": artists} {
			if person := ref(table, rows[k][column]); rows[person] == nil {
				rows[person] = maps.Clone(other[person])
			}
		}
	}
	return rows, meant
}

func (m *model) copyWith(k rowKey, but *filed) rowSet {
	months := slices.Sorted(maps.Keys(m.copies))
	for _, month := range slices.Backward(months) {
		for _, c := range m.toTake(month) {
			if c != but && c.whole() && c.rows[k] != nil && but.staying[k] != nil && oneSession(c.rows[k], but.staying[k]) {
				return c.rows
			}
		}
	}
	return nil
}

// verified is what `backup verify` finds of a month's copies, by file, and why
// it could not tell.
func (m *model) verified(month string) map[string]string {
	states := map[string]string{}
	copies := m.copies[month]
	newest := -1
	for i, c := range copies {
		if c.csv || !c.manifest {
			newest = i
		}
	}
	s := m.statements[month]
	for i, c := range copies {
		file := fileOf(month, c.number)
		if i != newest && i != len(copies)-1 && (s == nil || s.file != file) {
			continue
		}
		states[file] = m.worth(month, c)
	}
	return states
}

// worth is what a verification finds of a copy. One that cannot be compared,
// because a row is live and in the statement, is stale.
func (m *model) worth(month string, c *filed) string {
	switch {
	case !c.csv:
		return "missing"
	case !c.whole():
		return "corrupt"
	}
	mine := c.rows.movable().text()
	if s := m.statements[month]; s != nil && s.rows.movable().text() == mine {
		return "ok"
	}
	if rows, code := m.whole(month); code == "" && rows.movable().text() == mine {
		return "ok"
	}
	return "stale"
}

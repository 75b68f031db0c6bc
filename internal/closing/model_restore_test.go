package closing_test

import (
	"maps"
	"slices"
)

// toTake are the copies that rows may be taken from: of those of which both parts
// are there the statement's, then the newest.
func (m *model) toTake(month string) []*filed {
	var all []*filed
	recorded := slices.ContainsFunc(m.copies[month], func(c *filed) bool { return !c.unrecorded || c.restored })
	for _, c := range slices.Backward(m.copies[month]) {
		switch s := m.statements[month]; {
		case !c.csv || !c.manifest, c.unrecorded && !c.restored && recorded:
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
	newest, recorded := -1, -1
	for i, c := range copies {
		if c.csv || !c.manifest {
			newest = i
		}
		if !c.unrecorded {
			recorded = i
		}
	}
	s := m.statements[month]
	for i, c := range copies {
		file := fileOf(month, c.number)
		if i != newest && i != recorded && i != len(copies)-1 && (s == nil || s.file != file) {
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
	case !c.csv && c.unrecorded:
		return "incomplete"
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

package closing_test

import (
	"maps"
)

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

package closing_test

import (
	"slices"
	"strconv"
	"strings"
)

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
			if c.unrecorded {
				continue
			}
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
			c.unrecorded = false
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

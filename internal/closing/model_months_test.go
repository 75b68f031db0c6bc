package closing_test

import (
	"maps"
	"slices"
	"time"
)

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

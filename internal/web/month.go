package web

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// pathMonth reads the month in an address: /extrato/2025/10.
func (v *visit) pathMonth() (books.Month, error) {
	m, err := books.ParseMonth(v.r.PathValue("year") + "-" + v.r.PathValue("month"))
	if err != nil {
		return m, errNoPage
	}
	return m, nil
}

// The addresses of a month.
func statementPath(m books.Month) string { return fmt.Sprintf("/extrato/%04d/%02d", m.Year, m.Month) }
func historyPath(m books.Month) string   { return fmt.Sprintf("/historico/%04d/%02d", m.Year, m.Month) }
func closePath(m books.Month) string     { return fmt.Sprintf("/meses/%04d/%02d/fechar", m.Year, m.Month) }
func reopenPath(m books.Month) string {
	return fmt.Sprintf("/meses/%04d/%02d/reabrir", m.Year, m.Month)
}

// name returns the month in speech: outubro, or outubro de 2023 if that is
// unclear.
func (v *visit) name(m books.Month) string {
	if m.Before(books.MonthOf(v.Now()).Add(-11)) {
		return v.lang.month(m)
	}
	return v.lang.months[m.Month]
}

// capital returns a text with its first letter in upper case.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// Name returns the month's name alone, as buttons have it.
func (p page) Name(m books.Month) string { return p.v.lang.months[m.Month] }

// Capital returns the month's name with a capital letter.
func (p page) Capital(m books.Month) string { return capital(p.Name(m)) }

// short returns the month in three letters, with the year where another begins.
func (v *visit) short(m books.Month, withYear bool) string {
	name := string([]rune(v.lang.months[m.Month])[:3])
	if withYear {
		name += fmt.Sprintf(" %02d", m.Year%100)
	}
	return name
}

// instant returns an instant as people write it, in the studio's time.
func (v *visit) instant(at books.Instant) string {
	return at.Time().In(v.Store.Zone()).Format(v.t("moment format"))
}

// shortDay returns a day without its year: 28/10.
func (v *visit) shortDay(d books.Day) string {
	return time.Date(d.Month().Year, d.Month().Month, d.Number(), 0, 0, 0, 0, time.UTC).Format(v.t("short day format"))
}

// counts returns how many rows there are, in words.
func (v *visit) counts(c books.Counts) string {
	if v.lang == english {
		return c.English()
	}
	return c.Portuguese()
}

// some returns how many things there are, in words.
func (v *visit) some(n int64, name string) string {
	words, err := v.lang.count(int(n), name)
	if err != nil {
		return name
	}
	return words
}

// less returns a subtracted amount, and equals a remaining one, with their
// signs as text.
func less(m books.Money) string   { return "− " + m.People() }
func equals(m books.Money) string { return "= " + signed(m) }
func signed(m books.Money) string { return strings.Replace(m.People(), "-", "−", 1) }

// stateTag is the word for a month's state, and its class.
type stateTag struct{ Text, Class string }

func (v *visit) stateOf(m closing.MonthInfo) stateTag {
	switch m.State {
	case closing.IsClosed:
		switch m.Backup {
		case "corrupt", "missing":
			return stateTag{v.t("backup broken"), "fail"}
		case "stale":
			return stateTag{v.t("backup unchecked"), "warn"}
		}
		return stateTag{v.t("month closed"), "ok"}
	case closing.Late:
		return stateTag{v.t("month late"), "warn"}
	case closing.Held:
		return stateTag{v.t("month held"), "warn"}
	case closing.Due:
		return stateTag{v.t("month due"), "warn"}
	}
	return stateTag{v.t("month open"), ""}
}

// sum is one figure with its name and a remark.
type sum struct {
	Label, Value string
	Notes        []string
	Total        bool
}

// sumsOf shows a month's totals, each with the number of its rows.
func (v *visit) sumsOf(t books.Totals, c books.Counts) []sum {
	return []sum{
		{Label: v.t("revenue"), Value: t.Revenue.People(), Notes: []string{v.some(c.Payments, "payments count")}},
		{Label: v.t("commissions"), Value: less(t.Commissions), Notes: []string{v.some(c.Commissions, "commissions count")}},
		{Label: v.t("expenses"), Value: less(t.Expenses), Notes: []string{v.some(c.Expenses, "expenses count")}},
		{Label: v.t("net"), Value: equals(t.NetRevenue), Total: true},
	}
}

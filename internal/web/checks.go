package web

import (
	"strings"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// checkLine is one thing to check before a close.
type checkLine struct {
	Count  int64
	Text   string
	Detail string
	Link   *link
}

// either returns the words for one thing or for many, without their number.
func (v *visit) either(n int64, name string) string {
	one, many, _ := strings.Cut(v.t(name), "|")
	if n == 1 {
		return one
	}
	return many
}

func (v *visit) checkLine(month books.Month, c closing.Check) checkLine {
	line := checkLine{Count: c.Count}
	if c.Count == 0 {
		line.Text = v.t("check " + c.Code + " none")
		return line
	}
	here, before := v.name(month), v.name(month.Add(-1))
	line.Text = strings.NewReplacer("{mês}", here, "{antes}", before).Replace(v.either(c.Count, "check "+c.Code))
	line.Detail = v.checkDetail(c)
	filter := "?" + monthFilter + "=" + month.String()
	switch c.Code {
	case closing.NoCommission:
		line.Link = v.linkTo("/pagamentos", filter+"&"+noCommissionFilter+"=1", v.t("see them"))
	case closing.NoClient:
		line.Link = v.linkTo("/pagamentos", filter+"&"+noClientFilter+"=1", v.t("see them"))
	case closing.ComingDeposit, closing.EqualPayments:
		line.Link = v.linkTo("/pagamentos", filter, v.t("see payments"))
	case closing.UnpaidSession, closing.PartPaid:
		line.Link = v.linkTo(sessionsPath, "?"+tabFilter+"="+monthTab+"&"+monthFilter+"="+month.String(), v.t("receive"))
	case closing.MissingExpense:
		line.Link = v.linkTo("/gastos", filter, v.t("see expenses"))
	case closing.EarlierOpen:
		line.Link = &link{closePath(c.Months[0]), v.t("see month", v.name(c.Months[0]))}
	}
	return line
}

// linkTo returns a link to a page, nil if there is none for the visitor.
func (v *visit) linkTo(path, query, text string) *link {
	if !v.mayGo(path) {
		return nil
	}
	return &link{path + query, text}
}

// checkDetail names a check's first rows.
func (v *visit) checkDetail(c closing.Check) string {
	var parts []string
	for _, e := range c.Examples {
		name := e.Name
		if name == "" {
			name = v.t("nobody")
		}
		switch c.Code {
		case closing.NoCommission:
			parts = append(parts, v.t("check artist", name, e.Count))
		case closing.NoClient:
			parts = append(parts, v.shortDay(e.Day)+", "+e.Amount.People())
		case closing.ComingDeposit:
			parts = append(parts, v.t("check deposit", name, e.Amount.People(), v.shortDay(e.Day)))
		case closing.MissingExpense:
			parts = append(parts, name)
		default:
			parts = append(parts, name+", "+v.shortDay(e.Day)+", "+e.Amount.People())
		}
	}
	for _, m := range c.Months {
		parts = append(parts, v.lang.month(m))
	}
	if more := c.Count - int64(len(c.Examples)); more > 0 && len(c.Examples) > 0 && c.Code != closing.NoCommission {
		parts = append(parts, v.some(more, "and more"))
	}
	return strings.Join(parts, "; ")
}

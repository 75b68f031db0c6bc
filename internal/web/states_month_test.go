package web

import (
	"extrato/internal/books"
	"extrato/internal/closing"
)

func init() { //nolint:gochecknoinits // the states of the pages of the month stand in a file of their own
	partials = append(partials, "parts.html", "sums", "table", "cell", "value", "refusal", "proof", "rows", "plot")
	month := books.Month{Year: 2025, Month: 10}
	sums := func(text string) []sum {
		return []sum{{Label: text, Value: "R$ 1,00", Notes: []string{text, text}}, {Label: text, Value: text, Total: true}}
	}
	list := func(text string) *table {
		return &table{ID: "lista", Title: text, Note: text, Columns: []column{{Head: text, Class: "who"}, {Head: text}, {Head: text, Class: "num", Label: text}, {Head: text, Class: "num sum"}},
			Rows:  [][]cell{{{Text: text, Link: "/x"}, barOf(1, 2), {Text: text, Tag: "ok"}, {Text: text}}, {{Text: text}, {}, {}, {}}},
			Foot:  []cell{{Text: text}, {}, {}, {Text: text}},
			Pager: &pager{Name: text, Text: text, Before: "?p=1", Next: "?p=3"}}
	}
	refusedAs := func(text string) *refusal {
		return &refusal{Text: text, Fix: text, Link: &link{"/x", text}, Code: "code", ID: "c0ffee", Message: text}
	}
	proved := func(text string) *proof {
		return &proof{Sentence: text, Now: &stateTag{text, "fail"}, Away: &stateTag{text, ""}, Pairs: []link{{Text: text, Path: text}}}
	}
	states["close.html"] = func(v *visit, text string) []any {
		p := closePage{page: v.page(text, "/extrato"), Month: month, Form: v.blankForm()}
		refused, open, closed, late := p, p, p, p
		refused.Refused, refused.Tag = refusedAs(text), stateTag{text, ""}
		refused.Form.Wrong = text
		open.Sentence, open.Sums, open.CanClose, open.Available = text, sums(text), true, text
		open.Place = &Place{Folder: text, Writable: true, SameDisk: true}
		open.Checks = []checkLine{{Text: text}, {Count: 7, Text: text, Detail: text, Link: &link{"/x", text}}}
		closed.Proof, closed.Sums = proved(text), sums(text)
		late.Proof, late.Sums, late.Before, late.Late, late.LateCount, late.CanClose = proved(text), sums(text), sums(text), list(text), 2, true
		blind := open
		blind.Place = &Place{Folder: text}
		return []any{refused, open, blind, closed, late}
	}
	states["month.html"] = func(v *visit, text string) []any {
		p := monthPage{page: v.page(text, "/extrato"), Month: month, Tag: stateTag{text, "ok"}, Before: &link{"/x", text}, After: &link{"/x", text}}
		whole, wrong, unclosed := p, p, p
		whole.Sums, whole.Proof, whole.Revisions, whole.Actions = sums(text), proved(text), list(text), []action{{link{"/x", text}, "go"}}
		empty := list(text)
		empty.ID, empty.Rows, empty.Empty = "outra", nil, text
		whole.Revisions.ID = "revisoes"
		whole.Lists, whole.Beside, whole.Rest = []*table{list(text)}, []*table{empty}, nil
		wrong.Refused, unclosed.Text = refusedAs(text), text
		return append(chartStates(p, list(text), v, text), whole, wrong, unclosed)
	}
	states["months.html"] = func(v *visit, text string) []any {
		p := monthsPage{page: v.page(text, "/extrato"), Text: text, Empty: text}
		full := p
		full.Years, full.Months = []yearLink{{text, "?ano=2025", true}, {text, "?ano=2024", false}}, list(text)
		return []any{p, full}
	}
	states["home.html"] = func(v *visit, text string) []any {
		p := homePage{page: v.page(text, "/"), Today: text}
		empty, full, own := p, p, p
		empty.IsAdmin, empty.Empty = true, true
		full.IsAdmin, full.Sums, full.SumNote, full.DayHead, full.Last = true, sums(text), text, text, list(text)
		full.Tasks = []task{{Tag: stateTag{text, "fail"}, Title: text, Text: text, Link: link{"/x", text}}, {Tag: stateTag{text, ""}, Title: text, Link: link{"/x", text}}}
		full.Days = newPlot(text, []books.Money{100, 0, 900_00, -5}, 2)
		full.Days.X, full.Days.Table = []string{"1", "", text, ""}, list(text)
		full.Months = []stripMonth{{Link: "/x", Name: text, Net: "1,00", Tag: stateTag{text, "ok"}}, {Link: "/y", Name: text, Net: text, Open: true}}
		own.Own, own.Sums, own.Last = true, sums(text), &table{Title: text, Empty: text}
		return []any{empty, full, own}
	}
	states["reopen.html"] = func(v *visit, text string) []any {
		f := v.blankForm("motivo", text)
		f.fault("motivo", text)
		p := reopenPage{page: v.page(text, "/extrato"), Month: month, Form: f, Counts: text}
		can, cannot := p, p
		can.Return = &closing.Return{Revision: 1, Emptied: 2, BesideV4: true}
		cannot.Refused = refusedAs(text)
		return []any{can, cannot}
	}
}

package web

import (
	"extrato/internal/books"
)

func init() { //nolint:gochecknoinits // the states of the pages of the month stand in a file of their own
	partials = append(partials, "parts.html", "sums", "table", "cell", "value", "refusal", "proof")
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
		return &proof{Sentence: text, Now: &stateTag{text, "fail"}, Pairs: []link{{Text: text, Path: text}}}
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
	states["closing.html"] = func(v *visit, text string) []any {
		p := stepsPage{page: v.page(text, "/extrato"), Month: month, Run: text, Started: text}
		p.Refresh = 2
		unknown := p
		unknown.Unknown = true
		for i, name := range stageNames {
			p.Stages = append(p.Stages, stage{Name: name, Done: i < 2, Now: i == 2})
		}
		return []any{p, unknown}
	}
}

package web

import (
	"extrato/internal/books"
	"extrato/internal/doctor"
)

// askedOfOperating adds the words that these pages ask for by composed names.
func askedOfOperating(add func(...string)) {
	for _, of := range []map[string]stateTag{copyStates, runResults} {
		for _, tag := range of {
			add(tag.Text)
		}
	}
	for _, name := range settingSources {
		add(name)
	}
	for _, action := range runActions {
		add("kind "+action, "attempt "+action)
	}
	for code, said := range doctor.Texts() {
		add("doctor " + code)
		if said.Fix != "" {
			add("doctor " + code + " fix")
		}
		if _, named := textsEnDoctor["doctor name "+said.Name]; named {
			add("doctor name " + said.Name)
		}
	}
	for _, s := range (&doctor.Doctor{}).Settings() {
		add("setting " + s.Name)
	}
	for _, act := range []string{doctor.MendGuards, doctor.MendAccount, doctor.MendQueues, doctor.MendCopies} {
		add("mend " + act)
	}
	for _, state := range []doctor.State{doctor.OK, doctor.Warn, doctor.Fail} {
		add("doctor " + string(state))
	}
	for _, text := range copyWords {
		add(text)
	}
	add("setting true", "setting false", "copy corrupt", "copy corrupt fix", "copy missing", "copy missing fix", "copy made", "copy there already",
		"drill proof different", "drill proof failed", "queued close_due_months", "queued notify", "queued watch", "queued drill")
}

func init() { //nolint:gochecknoinits // the states of the pages of operation stand in a file of their own
	month := books.Month{Year: 2025, Month: 10}
	refusedAs := func(text string) *refusal {
		return &refusal{Text: text, Fix: text, Link: &link{"/x", text}, Code: "code", ID: "c0ffee", Message: text}
	}
	states["steps.html"] = func(v *visit, text string) []any {
		p := v.progress(text, "/extrato", text, link{"/x", text})
		p.Text = text
		unknown := p
		unknown.Unknown, unknown.UnknownText = true, text
		p.Stages = []stage{{Name: text, Done: true}, {Name: text, Now: true}, {Name: text}}
		return []any{p, unknown}
	}
	states["backups.html"] = func(v *visit, text string) []any {
		p := backupsPage{page: v.page(text, "/backups"), Key: "k"}
		broken, full := p, p
		broken.Refused = refusedAs(text)
		full.Summary, full.Checked, full.More = text, &stateTag{text, "fail"}, 2
		full.Bad = []badCopy{{Text: text, Fix: text, Month: month, Name: text}, {Text: text, Fix: text, Month: month, Name: text, Reopen: "/x"}}
		full.Away = []stateTag{{text, ""}, {text, "warn"}, {text, "fail"}}
		full.Years = []yearLink{{"2025", "?ano=2025", true}, {"2024", "?ano=2024", false}}
		full.Copies = []copyLine{{Month: text, Number: text, File: text, State: stateTag{text, "ok"}, Rests: true, Verified: text, Away: &stateTag{text, "fail"}, Restore: "/x?arquivo=y"},
			{Month: "b", File: "c", State: stateTag{text, ""}, Verified: text, Away: &stateTag{text, ""}, Restore: "/x"}}
		wrong := p
		wrong.Drill, full.Drill = &drilled{stateTag{text, "fail"}, []string{text, text}, true}, &drilled{stateTag{text, "ok"}, nil, true}
		return []any{p, broken, wrong, full}
	}
	states["restore.html"] = func(v *visit, text string) []any {
		p := restorePage{page: v.page(text, "/backups"), Month: month, Form: v.blankForm(fileField, text)}
		refused, can, done, nothing := p, p, p, p
		refused.Refused = refusedAs(text)
		can.Can, can.Sentence, can.Present, can.Notes = true, text, text, []string{text, text}
		can.Rows = &table{ID: "linhas", Title: text, Columns: []column{{Head: text, Class: "who"}, {Head: text}, {Head: text}, {Head: text, Class: "num sum"}},
			Rows: [][]cell{v.rowCells(&books.Client{Name: books.String(text)}), v.rowCells(&books.Artist{Name: books.String(text)}), v.rowCells(&books.Link{}), v.rowCells(&books.Payment{})}}
		done.Sentence, done.Proof = text, []pair{{Label: text, Value: text}}
		nothing.Sentence = text
		return []any{refused, can, done, nothing}
	}
	states["chain.html"] = func(v *visit, text string) []any {
		wrong := v.blankForm(headField, text)
		wrong.fault(headField, text)
		p := chainPage{page: v.page(text, "/registro"), Form: v.blankForm()}
		broken, full := p, p
		broken.Refused, broken.Checked = refusedAs(text), &checkedChain{stateTag{text, "fail"}, text, []string{text, text}}
		full.Form, full.Head, full.Number, full.Start, full.Next, full.Checked = wrong, text, 2, "/registro", "?antes=1", &checkedChain{Tag: stateTag{text, "ok"}}
		full.Entries = []entryLine{{Seq: 2, Text: text, Detail: text, When: text, By: text, Sum: text, Link: "/x", Hash: text}, {Seq: 1, Text: text}}
		return []any{p, broken, full}
	}
	line := func(text string) runLine {
		return runLine{What: text, When: text, By: text, Took: text, Tag: stateTag{text, "fail"}, Refused: refusedAs(text), ID: text, Path: "/x"}
	}
	states["tasks.html"] = func(v *visit, text string) []any {
		wrong := v.blankForm(monthFilter, text, actionFilter, text, failedFilter, "1")
		wrong.fault(monthFilter, text)
		p := tasksPage{page: v.page(text, "/tarefas"), Filter: v.blankForm(), Key: "k"}
		full := p
		full.Filter, full.Paused, full.Mends, full.Start, full.Next = wrong, text, true, "/tarefas", "/tarefas?antes=1"
		full.Now, full.Queue, full.Kinds = []link{{"/x", text}}, []string{text}, []group{{Options: []option{{Text: text}}}}
		full.Runs = []runLine{line(text), {What: text, Tag: stateTag{text, ""}, Path: "/y"}}
		return []any{p, full}
	}
	states["task.html"] = func(v *visit, text string) []any {
		p := taskPage{page: v.page(text, "/tarefas")}
		p.Runs = []taskLine{{runLine: line(text), Stages: []stage{{Name: text, Done: true}, {Name: text, Failed: true}, {Name: text}}}, {runLine: line(text), Link: &link{"/x", text}}}
		return []any{p}
	}
	states["doctor.html"] = func(v *visit, text string) []any {
		p := doctorPage{page: v.page(text, "/diagnostico"), Summary: text, Key: "k"}
		p.Lines = []doctorLine{{Tag: stateTag{text, "fail"}, Name: text, Text: text, Fix: text, Mend: text, Button: text, Link: &link{"/x", text}}, {Tag: stateTag{text, "ok"}, Name: text, Text: text}}
		report := (&look{Report: doctor.Report{Checks: []doctor.Check{{Name: text, State: doctor.Fail, Message: text, Fix: text, Code: "failed", Values: []any{text, text, text}}}}}).Checks
		p.Lines = append(p.Lines, v.doctorLine(report[0]), v.doctorLine(doctor.Check{Name: text, Code: "months_due", State: doctor.Warn, Fix: text, Values: []any{doctor.Months{month}}}))
		return []any{p}
	}
	states["settings.html"] = func(v *visit, text string) []any {
		wrong, method := v.blankForm("estudio", text), v.blankForm(methodTermField, text, feeField, text).On("forma-")
		wrong.fault("estudio", text)
		method.fault(daysField, text)
		method.Wrong = text
		p := settingsPage{page: v.page(text, settingsPath), Studio: v.blankForm(), Method: v.blankForm().On("forma-")}
		full := p
		full.Studio, full.Method, full.Methods, full.Version, full.Used = wrong, method, []string{text}, text, []string{text, text}
		full.Terms = []termLine{{Method: text, Fee: text, Days: text, From: text, Change: "/x", Tag: text}}
		full.Set = []settingLine{{Name: text, Text: text, Value: text, Source: text}, {Name: "b", Text: text, Problem: text, Source: text}, v.settingLine(doctor.Setting{Name: "JWT_SECRET_KEY", Secret: true, Source: "service"})}
		return []any{p, full}
	}
}

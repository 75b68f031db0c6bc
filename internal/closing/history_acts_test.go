package closing_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/closing"
)

func (h *history) books(month string) books.Month {
	m, err := books.ParseMonth(month)
	h.must(err)
	return m
}

// expect fails the history unless err has one of the codes; without codes,
// unless there is no error.
func (h *history) expect(what string, err error, codes ...string) {
	h.t.Helper()
	code := ""
	if e := books.AsError(err); e != nil {
		code = e.Code
	}
	if len(codes) == 0 {
		codes = []string{""}
	}
	verb, _, _ := strings.Cut(what, " ")
	h.came[strings.TrimSpace(verb+" "+code)]++
	if !slices.Contains(codes, code) {
		h.t.Fatalf("%s: error %q (%v), want one of %q", what, code, err, codes)
	}
}

// writes predicts the backup that a close or `backup create` makes. unbacked
// allows a close to go on without one.
func (h *history) writes(month string, unbacked bool) (c *filed, isNew bool, rows rowSet, code string) {
	rows, code = h.m.whole(month)
	switch {
	case h.m.unmounted() && !unbacked:
		return nil, false, nil, "backup_unwritable"
	case code != "":
		return nil, false, nil, code
	case h.m.unmounted():
		return nil, false, rows, ""
	}
	c, isNew = h.m.backUp(month, rows)
	return c, isNew, rows, ""
}

// filedOnDisk reads a copy's file as anybody would and holds it against what the
// model says was written.
func (h *history) filedOnDisk(month string, c *filed, file string) {
	h.t.Helper()
	if want := fileOf(month, c.number); file != want {
		h.t.Fatalf("the backup is %s, want %s", file, want)
	}
	text, err := os.ReadFile(filepath.Join(h.folder, file))
	h.must(err)
	got, err := parseBackup(text)
	h.must(err)
	if got.text() != c.rows.text() {
		h.t.Fatalf("%s holds\n%s\nwant\n%s", file, got.text(), c.rows.text())
	}
	if got.deposits() != c.rows.deposits() {
		h.t.Fatalf("%s marks %s, want %s", file, got.deposits(), c.rows.deposits())
	}
	c.csvBytes = text
	c.manifestBytes, err = os.ReadFile(filepath.Join(h.folder, manifestOf(file)))
	h.must(err)
}

// printed holds a fingerprint against all that were seen.
func (h *history) printed(rows rowSet, f books.Fingerprint) {
	h.t.Helper()
	text := rows.movable().text()
	if before, ok := h.prints.of[text]; ok && before != f {
		h.t.Fatalf("the fingerprint of these rows was %s and is %s:\n%s", before, f, text)
	}
	if before, ok := h.prints.rows[f]; ok && before != text {
		h.t.Fatalf("the fingerprint %s stands for\n%s\nand for\n%s", f, before, text)
	}
	h.prints.of[text], h.prints.rows[f] = f, text
}

func (h *history) createBackup() { h.backUp(h.month()) }

func (h *history) backUp(month string) {
	c, isNew, rows, code := h.writes(month, false)
	receipt, err := h.c.CreateBackup(h.ctx, h.books(month), "test")
	if h.expect("backup "+month, err, code); err != nil {
		return
	}
	if receipt.Reused == isNew {
		h.t.Fatalf("backup %s: reused %v", month, receipt.Reused)
	}
	h.filedOnDisk(month, c, receipt.File)
	h.printed(rows, receipt.Fingerprint)
}

func (h *history) close() {
	force := h.chance("force", 3)
	month := h.monthThat(func(month string) bool { return h.isClosed(month) == force })
	h.closeMonth(month, force)
}

// closeOverDamage closes a month whose backup is damaged just before.
func (h *history) closeOverDamage() {
	month := h.monthThat(func(month string) bool { return !h.isClosed(month) })
	h.backUp(month)
	copies := h.m.copies[month]
	if len(copies) == 0 {
		return
	}
	h.damage(month, copies[len(copies)-1])
	h.closeMonth(month, h.chance("force", 3))
}

func (h *history) closeMonth(month string, force bool) {
	h.c.RequireBackup = !h.chance("needs no backup", 6)
	defer func() { h.c.RequireBackup = true }()
	if h.chance("meanwhile", 3) && h.m.statements[month] == nil {
		h.meanwhile(month)
		r, err := h.c.Close(h.ctx, h.books(month), closing.Options{Force: force}, "test")
		h.c.Step = nil
		h.closed(month, force, r, err)
		return
	}
	preview, previewErr := h.c.Preview(h.ctx, h.books(month), force)
	r, err := h.c.Close(h.ctx, h.books(month), closing.Options{Force: force}, "test")
	done := h.closed(month, force, r, err)
	if preview.Fingerprint != r.Fingerprint && r.Revision > 0 {
		h.t.Fatalf("previewed %+v (%v), closed %+v", preview, previewErr, r)
	}
	if done != (preview.Outcome == closing.WouldClose || preview.Outcome == closing.WouldRevise) && previewErr == nil {
		h.t.Fatalf("previewed %s, came to %+v, %v", preview.Outcome, r, err)
	}
}

// meanwhile lets somebody change a payment after the backup was made and before
// the transaction begins.
func (h *history) meanwhile(month string) {
	h.c.Step = func(step string) {
		if step != "backed up" {
			return
		}
		h.c.Step = nil
		if c, isNew, _, _ := h.writes(month, !h.c.RequireBackup); isNew {
			h.filedOnDisk(month, c, fileOf(month, c.number))
		}
		payments := h.m.live.of(payments)
		if len(payments) == 0 {
			return
		}
		k := rapid.SampledFrom(payments).Draw(h.t, "changed meanwhile")
		if h.chance("its date", 2) {
			h.update(k, "data", h.day())
		} else {
			h.update(k, "valor", h.pick("amount", amounts))
		}
		h.came["changed meanwhile"]++
	}
}

// closed holds what a close answered against the model, and reports whether it closed.
func (h *history) closed(month string, force bool, r closing.Result, err error) bool {
	h.t.Helper()
	if code := h.m.closeCode(month, force); code != "" {
		h.expect("close "+month, err, code)
		if code == "already_closed" {
			h.answered(month, r, closing.AlreadyClosed)
		}
		return false
	}
	late := h.m.statements[month] != nil
	if late && h.m.monthRows(month).count() == 0 {
		h.expect("close "+month, err)
		h.answered(month, r, closing.AlreadyClosed)
		return false
	}
	c, _, rows, code := h.writes(month, !h.c.RequireBackup)
	if h.expect("close "+month, err, code); err != nil {
		return false
	}
	file := ""
	if c != nil {
		h.filedOnDisk(month, c, r.Backup.File)
		file = r.Backup.File
	}
	h.m.freeze(month, rows, file)
	h.came[string(r.Outcome)]++
	h.answered(month, r, map[bool]closing.Outcome{false: closing.Closed, true: closing.Revised}[late])
	if r.Chain.Seq != int64(len(h.m.chain)) {
		h.t.Fatalf("close %s is entry %d of %d", month, r.Chain.Seq, len(h.m.chain))
	}
	return true
}

// answered holds a result against the statement that there is now.
func (h *history) answered(month string, r closing.Result, outcome closing.Outcome) {
	h.t.Helper()
	rows := h.m.statements[month].rows
	if r.Outcome != outcome || r.Revision != h.m.revision[month] || r.Backup.File != h.m.statements[month].file || r.Counts.Total() != int64(rows.count()) {
		h.t.Fatalf("close %s answers %+v, want %s of revision %d with %d rows", month, r, outcome, h.m.revision[month], rows.count())
	}
	h.printed(rows, r.Fingerprint)
	sums := map[string]int64{}
	for k, f := range rows {
		if v, ok := f["valor"]; ok {
			n, err := strconv.ParseInt(strings.Replace(v, ".", "", 1), 10, 64)
			h.must(err)
			sums[k.table] += n
		}
	}
	var totals map[string]json.RawMessage
	h.must(json.Unmarshal(r.Totals, &totals))
	for name, want := range map[string]int64{"receita_total": sums[payments], "comissoes_total": sums[commissions],
		"despesas_total": sums[expenses], "receita_liquida": sums[payments] - sums[commissions] - sums[expenses]} {
		if got := strings.Replace(string(totals[name]), ".", "", 1); strings.TrimLeft(got, "-0") != strings.TrimLeft(strconv.FormatInt(want, 10), "-0") {
			h.t.Fatalf("close %s: %s is %s, want %d centavos", month, name, totals[name], want)
		}
	}
	var open []books.Month
	listed := h.m.listed()
	for _, at := range append([]string{"2025-09"}, months...) { // 2025-09 may have a commission
		state := h.m.state(at)
		if at < month && (state == "due" || state == "held" || state == "open" && listed[at]) {
			open = append(open, h.books(at))
		}
	}
	if !slices.Equal(open, r.EarlierOpen) {
		h.t.Fatalf("close %s: still open %v, want %v", month, r.EarlierOpen, open)
	}
}

func (h *history) closeDue() {
	due := h.m.due()
	row, err := h.c.CloseDue(h.ctx, "schedule")
	h.must(err)
	for i, month := range due {
		if i < len(row.Closed) {
			h.closed(month, false, row.Closed[i], nil)
			continue
		}
		if h.closed(month, false, closing.Result{}, row.Err) || row.Failed != h.books(month) || len(row.Waiting) != len(due)-i-1 {
			h.t.Fatalf("due %v came to %+v", due, row)
		}
		return
	}
	if row.Err != nil || len(row.Closed) != len(due) {
		h.t.Fatalf("due %v came to %+v", due, row)
	}
}

func (h *history) reopen() {
	month := h.monthThat(h.isClosed)
	before, codes := h.m.statements[month], h.m.reopenCodes(month)
	r, err := h.c.Reopen(h.ctx, h.books(month), "test", "test")
	if h.expect("reopen "+month, err, codes...); err != nil {
		return
	}
	if kept := h.m.reopen(month); kept != len(r.Notes) {
		h.t.Fatalf("reopen %s: %d links were kept, notes %q", month, kept, r.Notes)
	}
	h.printed(before.rows, r.Fingerprint)
}

func (h *history) restore() {
	month, number := h.month(), 0
	if copies := h.m.copies[month]; len(copies) > 0 && h.chance("that copy", 3) {
		number = rapid.IntRange(1, len(copies)).Draw(h.t, "copy")
	}
	h.restoreMonth(month, number)
}

// loseAll loses every live row and restores what the backups hold, in any order,
// once or twice.
func (h *history) loseAll() {
	if !h.chance("really", 3) {
		h.t.Skip("not now")
	}
	for _, month := range months {
		if h.chance("backed up before", 2) {
			h.backUp(month)
		}
	}
	for _, query := range []string{"UPDATE sessoes SET payment_id = NULL", "DELETE FROM comissoes", "DELETE FROM pagamentos", "DELETE FROM sessoes", "DELETE FROM gastos"} {
		h.exec(statement{query: query})
	}
	for k := range h.m.live.movable() {
		delete(h.m.live, k)
		h.gone = append(h.gone, k)
	}
	for _, month := range append(rapid.Permutation(months).Draw(h.t, "order"), h.month()) {
		h.restoreMonth(month, 0)
	}
}

// restoreMonth restores the copy of that number; 0 is the newest.
func (h *history) restoreMonth(month string, number int) {
	file := ""
	if number != 0 {
		file = fileOf(month, number)
	}
	c, code := h.m.toRestore(month, number)
	var missing rowSet
	var paid map[rowKey]string
	codes := []string{code}
	if code == "" {
		missing, paid, codes = h.m.restoration(c)
	}
	preview, err := h.c.Restore(h.ctx, h.books(month), file, true, "test")
	h.expect("restore "+month+" as a dry run", err, codes...)
	r, err := h.c.Restore(h.ctx, h.books(month), file, false, "test")
	if h.expect("restore "+month, err, codes...); err != nil {
		return
	}
	if r.Missing.Total() != int64(missing.count()) || preview.Missing != r.Missing {
		h.t.Fatalf("restore %s put %+v back, would %+v, want %d rows", month, r.Missing, preview.Missing, missing.count())
	}
	if r.Links != len(missing.of(links))+len(paid) || preview.Links != r.Links {
		h.t.Fatalf("restore %s set %d links, would %d, want %d", month, r.Links, preview.Links, len(missing.of(links))+len(paid))
	}
	for k, session := range paid {
		h.m.live[k]["sessao_id"] = session
		h.came["restore set a payment's link"]++
	}
	for k := range missing {
		if k.table == sessions && c.rows[k] == nil {
			h.came["restore took a session from another copy"]++
		}
		if k.table == payments && missing[k]["sessao_id"] != c.rows[k]["sessao_id"] {
			h.came["restore left a payment's link out"]++
		}
	}
	if len(missing)+len(paid) > 0 {
		h.m.putBack(missing)
		c.restored = true
		h.m.chain = append(h.m.chain, chained{"restored", month, h.m.revision[month]})
	}
}

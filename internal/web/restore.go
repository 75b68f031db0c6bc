package web

import (
	"errors"
	"net/http"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// restorePage shows the difference between a copy and the live rows, and after
// the restore its proof.
type restorePage struct {
	page
	Month    books.Month
	Form     *form
	Refused  *refusal
	Sentence string
	Present  string
	Notes    []string
	Rows     *table
	Can      bool
	Proof    []pair // of the restore
}

// Action is where the form goes.
func (p restorePage) Action() string { return restorePath(p.Month) }

// History is the page of the month with its rows back.
func (p restorePage) History() string { return historyPath(p.Month) }

func (v *visit) restorePage() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	file := v.r.URL.Query().Get(fileField)
	if file != "" {
		if of, err := backup.ParseFile(file); err != nil || of.Month != month {
			return errNoPage
		}
	}
	return v.showRestore(http.StatusOK, month, v.blankForm(fileField, file), nil)
}

// showRestore shows the difference.
func (v *visit) showRestore(status int, month books.Month, f *form, refused *refusal) error {
	ctx := v.r.Context()
	p := restorePage{page: v.page(v.t("restore month", v.lang.month(month)), "/backups"), Month: month, Form: f, Refused: refused}
	r, err := v.Closer.Restore(ctx, month, f.Value(fileField), true, v.who.By)
	if err != nil {
		if e := books.AsError(err); e.Kind == books.Internal {
			return err
		}
		if p.Refused == nil {
			p.Refused = v.notRestored(err, month, books.CorrelationID(ctx))
		}
		return v.show(status, "restore.html", p)
	}
	f.Values.Set(fileField, r.File) // the shown copy is the one restored
	p.Can = !r.Nothing()
	p.Sentence = v.t("nothing missing")
	if p.Can {
		p.Sentence = v.t("would come back", v.backCounts(r))
	}
	if r.Present.Total() > 0 {
		p.Present = v.t("present already", v.counts(r.Present))
	}
	p.Notes, p.Rows = r.Notes, v.backTable(r)
	return v.show(status, "restore.html", p)
}

// backCounts says how many rows come back.
func (v *visit) backCounts(r closing.Restoration) string {
	said := v.counts(r.Missing)
	if n := r.Clients + r.Artists; n > 0 {
		said += ", " + v.some(int64(n), "people back")
	}
	if r.Links > 0 {
		said += ", " + v.some(int64(r.Links), "links back")
	}
	return said
}

func (v *visit) backTable(r closing.Restoration) *table {
	t := &table{ID: "linhas", Title: v.t("rows back"), Columns: []column{
		{Head: v.t("what"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("recorded at")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	rows := r.Back()
	if len(rows) == 0 {
		return nil
	}
	from, to := v.part(t, int64(len(rows)))
	for _, row := range rows[from:to] {
		t.Rows = append(t.Rows, v.rowCells(row))
	}
	return t
}

// notRestored explains why a copy cannot be restored; where a month has to be
// reopened first, it leads there.
func (v *visit) notRestored(err error, month books.Month, id string) *refusal {
	r := v.refusedAs("restore ", err, month, id)
	var first *closing.ReopenFirst
	if errors.As(err, &first) {
		r.Link = &link{reopenPath(first.Month), v.t("reopen month", v.name(first.Month))}
	}
	return r
}

// restoreMonth restores the copy named by the form.
func (v *visit) restoreMonth() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	f := v.form()
	file := f.Value(fileField)
	if of, err := backup.ParseFile(file); err != nil || of.Month != month {
		return errNoPage
	}
	r := v.restores.once(&run[closing.Restoration]{ID: books.NewCorrelationID(), Month: month, Started: v.Now(), key: f.Key}, func(r *run[closing.Restoration]) (closing.Restoration, error) {
		ctx, release := v.outlive()
		defer release()
		return v.Closer.Restore(books.WithCorrelationID(ctx, r.ID), month, file, false, v.who.By)
	})
	if ended(v, r) && r.err != nil {
		return v.restoreFailed(r, http.StatusUnprocessableEntity, f)
	}
	return v.to(restorePath(month) + "/" + r.ID)
}

func (v *visit) restoreFailed(r *run[closing.Restoration], status int, f *form) error {
	if books.AsError(r.err).Kind == books.Internal {
		return r.err
	}
	return v.showRestore(status, r.Month, f, v.notRestored(r.err, r.Month, r.ID))
}

// restored shows a restore: in progress, or done with its proof from the chain.
func (v *visit) restored() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	id := v.r.PathValue("run")
	r := v.restores.find(id, month)
	if r != nil && !r.over() {
		p := v.progress(v.t("restore month", v.lang.month(month)), "/backups", id, link{"/backups", v.t("see copies")})
		p.Stages = []stage{{Name: v.t("restoring"), Now: true}, {Name: v.t("stage finished")}}
		return v.showSteps(p, r.Started, v.t("restoring text"))
	}
	if r != nil && r.err != nil {
		return v.restoreFailed(r, http.StatusOK, v.blankForm())
	}
	ctx := v.r.Context()
	entry, err := v.entryOf(ctx, month, id)
	if err != nil {
		return err
	}
	p := restorePage{page: v.page(v.t("restore month", v.lang.month(month)), "/backups"), Month: month, Form: v.blankForm()}
	switch {
	case entry.Seq > 0:
		p.Sentence, p.Notes = v.t("came back", v.counts(entry.Counts)), entry.Remarks()
		p.Proof = v.restoreProof(entry)
	case r != nil:
		p.Sentence = v.t("nothing missing")
	default:
		return v.restoreElsewhere(p, id)
	}
	return v.show(http.StatusOK, "restore.html", p)
}

// restoreProof are the data to check a restore by.
func (v *visit) restoreProof(e books.ChainEntry) []pair {
	return []pair{
		{Label: v.t("proof chain"), Value: v.t("proof chain number", e.Seq)}, {Label: v.t("restored by"), Value: v.actor(e.By) + ", " + v.instant(e.At)},
		{Label: v.t("proof file"), Value: e.BackupFile}, {Label: "SHA-256", Value: e.BackupSHA256},
		{Label: v.t("proof hash"), Value: e.Hash.String()}, {Label: v.t("proof correlation"), Value: e.CorrelationID},
	}
}

// restoreElsewhere answers for a restore of another process or of one that was
// cut off: without an entry in the chain nothing came back.
func (v *visit) restoreElsewhere(p restorePage, id string) error {
	ctx := v.r.Context()
	var failed []store.Run
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		failed, err = tx.Runs(ctx, store.WantedRuns{Month: p.Month, CorrelationID: id, Limit: 1})
		return err
	})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		p.Refused = v.notRestored(&books.Error{Kind: books.Refused, Code: failed[0].Code, Message: failed[0].Message}, p.Month, id)
	} else {
		p.Sentence = v.t("restore unknown")
	}
	return v.show(http.StatusOK, "restore.html", p)
}

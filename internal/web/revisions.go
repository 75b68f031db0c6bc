package web

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// fillRevisions tells how a statement came about: what happened to the month, and
// what this revision changed.
func (v *visit) fillRevisions(p *monthPage, s closing.OpenedStatement) error {
	ctx := v.r.Context()
	var history []books.ChainEntry
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if history, err = tx.EntriesBefore(ctx, s.Month, 0, 100); err != nil {
			return err
		}
		before := slices.IndexFunc(history, func(e books.ChainEntry) bool { return e.HasStatement() && e.Revision < s.Entry.Revision })
		if before >= 0 {
			p.Changes, err = v.changesSince(ctx, tx, history[before], s)
		}
		return err
	})
	p.Revisions = v.revisions(s.Month, history)
	return err
}

// revisions lists the events of a month, newest first; nil if it was only
// closed once.
func (v *visit) revisions(month books.Month, history []books.ChainEntry) *table {
	if len(history) < 2 {
		return nil
	}
	t := &table{ID: "revisoes", Title: v.t("revisions"), Columns: []column{
		{Head: v.t("what"), Class: "who"}, {Head: v.t("when")}, {Head: v.t("proof by")}, {Head: v.t("reason")}, {Head: v.t("net"), Class: "num sum"},
	}}
	newest := true
	for _, c := range history {
		what := cell{Text: v.t("revision n", c.Revision)}
		switch {
		case c.Action == books.Reopened:
			what = cell{Text: v.t("reopened n", c.Revision)}
		case !c.HasStatement():
			continue
		case !newest:
			what.Link = statementPath(month) + "/revisao/" + strconv.Itoa(c.Revision)
		}
		net := ""
		if totals, err := totalsIn([]byte(c.Totals)); err == nil && c.HasStatement() {
			net, newest = signed(totals.NetRevenue), false
		}
		t.Rows = append(t.Rows, []cell{what, {Text: v.instant(c.At)}, {Text: v.actor(c.By)}, {Text: c.Reason}, {Text: net}})
	}
	return t
}

// Larger revisions are not compared on a page, and no more changes are listed.
const (
	mostCompared = 20_000
	mostListed   = 50
)

// changesSince lists the rows that an earlier revision did not have, or had
// otherwise.
func (v *visit) changesSince(ctx context.Context, tx *store.Tx, before books.ChainEntry, s closing.OpenedStatement) (*table, error) {
	t := &table{ID: "mudancas", Title: v.t("changed since", s.Entry.Revision, before.Revision), Empty: v.t("changed nothing"), Columns: []column{
		{Head: v.t("row"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("before")}, {Head: v.t("after"), Class: "sum"},
	}}
	if before.Counts.Total()+s.Entry.Counts.Total() > mostCompared {
		t.Empty = v.t("changed too much")
		return t, nil
	}
	earlier, _, err := v.Closer.StoredRevision(ctx, tx, s.Month, before.Revision)
	if e := books.AsError(err); e != nil && (e.Kind == books.Integrity || e.Kind == books.NotFound) {
		t.Empty = v.t("changed unknown", before.Revision)
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	changes, err := books.Differences(earlier.Rows(), s.Rows())
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		row := c.After
		if row == nil {
			row = c.Before
		}
		was, is := v.statedFacts(c.Before), v.statedFacts(c.After)
		if c.Before != nil && c.After != nil {
			was, is = differing(was, is)
		}
		if len(was)+len(is) == 0 {
			continue // nothing that a page shows
		}
		if len(t.Rows) == mostListed {
			t.Note = v.t("changed most", mostListed)
			break
		}
		t.Rows = append(t.Rows, append(v.rowCells(row)[:2:2], cell{Text: orDash(strings.Join(was, ", "))}, cell{Text: orDash(strings.Join(is, ", "))}))
	}
	return t, nil
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// differing keeps those of two lists, of one length, that differ.
func differing(a, b []string) (was, is []string) {
	for i := range a {
		if a[i] != b[i] {
			was, is = append(was, orDash(a[i])), append(is, orDash(b[i]))
		}
	}
	return was, is
}

// statedFacts are the values of a statement's row that people know it by.
func (v *visit) statedFacts(row books.Row) []string {
	switch r := row.(type) {
	case *books.Payment:
		return []string{r.Amount.People(), r.Date.People(), string(r.Method), string(r.ArtistName.V), string(r.ClientName.V), string(r.Note.V)}
	case *books.Session:
		return []string{r.Amount.People(), r.Date.People(), string(r.Status.V), string(r.ArtistName.V), string(r.ClientName.V), string(r.Note.V)}
	case *books.Commission:
		return []string{r.Amount.People(), v.percent(r.Percent) + " %", string(r.ArtistName.V), string(r.Note.V)}
	case *books.Expense:
		return []string{r.Amount.People(), r.Date.People(), string(r.Method), string(r.Description.V), string(r.Category.V)}
	}
	return nil
}

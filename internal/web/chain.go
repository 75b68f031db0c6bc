package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// chainPage is the page /registro: the chain of closings.
type chainPage struct {
	page
	Head    string
	Number  int64 // of entries
	Form    *form
	Refused *refusal
	Checked *checkedChain
	Entries []entryLine
	Start   string // address of the newest entries; "": they are shown
	Next    string // address of those before
}

// Count is Number for templates.
func (p chainPage) Count() int { return int(p.Number) }

// checkedChain is the result of Conferir registro.
type checkedChain struct {
	Tag      stateTag
	Fix      string
	Problems []string // in English: for the person called
}

// entryLine is one entry, in words.
type entryLine struct {
	Seq                         int64
	Text, Detail, When, By, Sum string
	Link, Hash                  string
}

// The fields of the page.
const (
	headField   = "cabeca"
	beforeField = "antes"
)

func (v *visit) chainPage() error {
	r := v.audits.find(v.r.URL.Query().Get(verifiedField), books.Month{})
	if r != nil && !r.over() {
		r = nil
	}
	return v.showChain(http.StatusOK, v.blankForm(), r)
}

// showChain shows a part of the chain, newest first, below the result of the
// verification ran, if there is one.
func (v *visit) showChain(status int, f *form, ran *run[closing.Audit]) error {
	p := chainPage{page: v.page(v.t("chain title"), "/registro"), Form: f}
	before, err := strconv.ParseInt(v.r.URL.Query().Get(beforeField), 10, 64)
	if err != nil || before < 1 {
		before = 0
	}
	ctx := v.r.Context()
	var entries []books.ChainEntry
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		head, err := tx.Head(ctx)
		if err != nil || head.Seq == 0 {
			return err
		}
		p.Head, p.Number = head.Hash.String(), head.Seq
		entries, err = tx.EntriesBefore(ctx, books.Month{}, before, onPage+1)
		return err
	})
	if wrong := v.wrongStatement(err, books.MonthOf(v.Now())); wrong != nil {
		wrong.Text, p.Refused = v.t("chain unreadable"), wrong
	} else if err != nil {
		return err
	}
	if len(entries) > onPage {
		entries = entries[:onPage]
		p.Next = "?" + beforeField + "=" + strconv.FormatInt(entries[onPage-1].Seq, 10)
	}
	if before > 0 {
		p.Start = "/registro"
	}
	for _, e := range entries {
		p.Entries = append(p.Entries, v.entryLine(e))
	}
	p.Checked = v.chainResult(ran)
	return v.show(status, "chain.html", p)
}

// entryLine says what an entry is about.
func (v *visit) entryLine(e books.ChainEntry) entryLine {
	name := ""
	if !e.Month.IsZero() {
		name = capital(v.lang.month(e.Month))
	}
	line := entryLine{Seq: e.Seq, When: v.instant(e.At), By: v.actor(e.By), Hash: e.Hash.String()[:8]}
	if len(e.Notes) > len(e.Remarks()) {
		line.By += " " + strings.TrimPrefix(e.Notes[0], books.ByNote)
	}
	switch e.Action {
	case books.Closed:
		line.Text, line.Detail, line.Link = v.t("entry closed", name, e.Revision), v.counts(e.Counts), statementPath(e.Month)
	case books.Revised:
		line.Text, line.Detail, line.Link = v.t("entry revised", name, e.Revision), v.counts(e.Counts), statementPath(e.Month)
	case books.Reopened:
		line.Text, line.Detail = v.t("entry reopened", name), e.Reason
	case books.Adopted:
		line.Text, line.Link = v.t("entry adopted", name), statementPath(e.Month)
	case books.Restored:
		line.Text, line.Detail = v.t("entry restored", name), v.counts(e.Counts)
	case books.Keyed:
		line.Text, line.Detail = v.t("entry keyed"), e.Reason
	default:
		line.Text = name + ": " + string(e.Action)
	}
	if totals, err := totalsIn([]byte(e.Totals)); err == nil && e.HasStatement() {
		line.Sum = signed(totals.NetRevenue)
	}
	return line
}

// verifyChain checks the chain and every statement, and a head kept elsewhere if
// the form has one.
func (v *visit) verifyChain() error {
	f := v.form()
	text := strings.ToLower(f.text(headField, 200))
	var kept *books.Fingerprint
	if text != "" && f.OK() {
		kept = new(books.Fingerprint)
		if err := kept.UnmarshalText([]byte(text)); err != nil {
			f.fault(headField, v.t("not a head"))
		}
	}
	if !f.OK() {
		return v.showChain(http.StatusUnprocessableEntity, f, nil)
	}
	r := v.audits.once(&run[closing.Audit]{ID: books.NewCorrelationID(), Started: v.Now(), key: f.Key + text}, func(*run[closing.Audit]) (closing.Audit, error) {
		ctx, release := v.outlive()
		defer release()
		if kept != nil {
			return v.Closer.VerifyChainSince(ctx, *kept)
		}
		return v.Closer.VerifyChain(ctx)
	})
	if !ended(v, r) {
		return v.to("/registro/conferir/" + r.ID)
	}
	if e := books.AsError(r.err); e != nil && e.Kind == books.Internal {
		return r.err
	}
	return v.to("/registro?" + verifiedField + "=" + r.ID)
}

// auditSteps shows a verification in progress.
func (v *visit) auditSteps() error {
	id := v.r.PathValue("run")
	r := v.audits.find(id, books.Month{})
	if r == nil || r.over() {
		return v.to("/registro?" + verifiedField + "=" + url.QueryEscape(id))
	}
	p := v.progress(v.t("verifying chain"), "/registro", id, link{"/registro", v.t("see chain")})
	p.Stages = []stage{{Name: v.t("reading chain"), Now: true}, {Name: v.t("stage finished")}}
	return v.showSteps(p, r.Started, v.t("verifying text"))
}

// chainResult says in one sentence what a verification found.
func (v *visit) chainResult(ran *run[closing.Audit]) *checkedChain {
	if ran == nil {
		return nil
	}
	a := ran.result
	if e := books.AsError(ran.err); e != nil {
		a.Problems = []string{e.Message}
	}
	if n := int64(len(a.Problems)); n > 0 {
		return &checkedChain{stateTag{v.some(n, "chain wrong"), "fail"}, v.t("chain wrong fix"), a.Problems}
	}
	said := v.some(a.Entries, "chain right")
	if a.Since != nil {
		said += " " + v.some(*a.Since, "entries since")
	}
	return &checkedChain{Tag: stateTag{said, "ok"}}
}

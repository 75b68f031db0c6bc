package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// mergePage asks whether two clients are to be merged: it counts the rows.
type mergePage struct {
	page
	ID                 books.ID
	Name, Into         string
	Payments, Sessions int
	Form               *form
	Seen               string // what was counted: it may change meanwhile
}

// errMergeAsked means: a merge is to be confirmed.
var errMergeAsked = books.Conflictf("merge_asked", "the merge is to be confirmed")

// mergeClient merges a client into the one named in the form.
func (v *visit) mergeClient() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	name := f.required(clientField, recording.MaxName+len(" #")+10)
	if !f.OK() {
		return v.showClient(http.StatusUnprocessableEntity, id, clientPage{Merge: f})
	}
	p := mergePage{ID: id, Form: f}
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		names, err := tx.ClientNames(ctx)
		if err != nil {
			return done{}, err
		}
		into := v.otherClient(f, names, id, name)
		if !f.OK() {
			return done{}, errMergeAsked
		}
		return v.merge(ctx, tx, &p, into)
	})
	e := books.AsError(err)
	switch {
	case err == nil:
		return nil
	case e == books.AsError(errMergeAsked) && f.OK():
		p.page = v.page(v.t("merge title", shortened(p.Name, 120), shortened(p.Into, 120)), "/clientes")
		return v.show(http.StatusUnprocessableEntity, "merge.html", p)
	case e == books.AsError(errMergeAsked), f.asks(err):
		return v.showClient(http.StatusUnprocessableEntity, id, clientPage{Merge: f})
	}
	if err := f.refuse(err, faults{"same_client": "cliente", "client_merged": "cliente"}); err != nil {
		return err
	}
	return v.showClient(http.StatusUnprocessableEntity, id, clientPage{Merge: f})
}

// merge merges p's client into another one, if the form confirms what p counts.
func (v *visit) merge(ctx context.Context, tx *store.Tx, p *mergePage, into store.ClientName) (done, error) {
	rows, err := v.Recording.CheckMerge(ctx, tx, p.ID, into.ID)
	if err != nil {
		return done{}, err
	}
	if p.Name, err = clientName(ctx, tx, p.ID); err != nil {
		return done{}, err
	}
	p.Into, p.Payments, p.Sessions = into.Name, len(rows.Payments), len(rows.Sessions)
	p.Seen = fmt.Sprint(into.ID, p.Payments, p.Sessions)
	if p.Form.Value(confirmField) != p.Seen {
		return done{}, errMergeAsked
	}
	d, _, err := v.Recording.MergeClients(ctx, tx, v.who.By, p.ID, into.ID)
	text := v.t("clients merged", shortened(p.Name, 120), shortened(p.Into, 120)) + " " + v.moves(*p)
	return done{To: "/clientes/" + idText(into.ID), What: p.Into, Flash: flash{Text: text, Undo: d.Change}}, err
}

// moves says which rows change hands.
func (v *visit) moves(p mergePage) string {
	return v.t("rows moved", v.some(int64(p.Payments), "payments count"), v.some(int64(p.Sessions), "merged sessions count"))
}

// Moves says which rows are to change hands.
func (p mergePage) Moves() string {
	return p.v.t("rows to move", p.v.some(int64(p.Payments), "payments count"), p.v.some(int64(p.Sessions), "merged sessions count"))
}

// otherClient finds the client of a name typed in the form: blind to case, with
// a number where several have the name.
func (v *visit) otherClient(f *form, names []store.ClientName, but books.ID, name string) store.ClientName {
	var same []store.ClientName
	byID := map[books.ID]store.ClientName{}
	for _, c := range names {
		byID[c.ID] = c
		if c.Merged == 0 && c.ID != but && books.SameName(c.Name, name) {
			same = append(same, c)
		}
	}
	if before, number, ok := cutLast(name, " #"); ok && len(same) == 0 {
		id, err := strconv.ParseInt(number, 10, 32)
		if c := byID[books.ID(id)]; err == nil && c.Merged == 0 && c.ID != but && books.SameName(c.Name, before) {
			same = append(same, c)
		}
	}
	if len(same) == 0 {
		for _, c := range names {
			if stays := byID[c.Merged]; c.Merged != 0 && stays.ID != but && books.SameName(c.Name, name) {
				same = []store.ClientName{stays}
			}
		}
	}
	switch len(same) {
	case 1:
		return same[0]
	case 0:
		f.fault(clientField, v.t("no client named", shortened(name, 120)))
		return store.ClientName{}
	}
	var choice []string
	for _, c := range same[:min(len(same), 5)] {
		choice = append(choice, numbered(c))
	}
	f.fault(clientField, v.t("several clients named", strings.Join(choice, ", ")))
	return store.ClientName{}
}

func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

// numbered tells a client from others of the same name.
func numbered(c store.ClientName) string { return fmt.Sprintf("%s #%d", c.Name, c.ID) }

// mostSuggested is how many clients are suggested for a merge.
const mostSuggested = 50

// likeName returns the names of clients that share a word with a name, those
// that share most first.
func likeName(names []store.ClientName, but books.ID, name string) []string {
	type like struct {
		words int
		store.ClientName
	}
	mine := map[string]bool{}
	for word := range strings.FieldsSeq(books.SearchKey(name)) {
		mine[word] = utf8.RuneCountInString(word) > 2
	}
	var found []like
	times := map[string]int{}
	for _, c := range names {
		if c.ID == but || c.Merged != 0 {
			continue
		}
		key := books.SearchKey(c.Name)
		n := 0
		for word := range strings.FieldsSeq(key) {
			if mine[word] {
				n++
			}
		}
		if n > 0 {
			found = append(found, like{n, c})
			times[books.NameKey(c.Name)]++
		}
	}
	slices.SortStableFunc(found, func(a, b like) int { return cmp.Compare(b.words, a.words) })
	var list []string
	for _, c := range found[:min(len(found), mostSuggested)] {
		if text := c.Name; times[books.NameKey(text)] == 1 {
			list = append(list, text)
		} else {
			list = append(list, numbered(c.ClientName))
		}
	}
	return list
}

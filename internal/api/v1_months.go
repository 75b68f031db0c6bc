package api

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/export"
	"extrato/internal/store"
)

type counts struct {
	Payments    int64 `json:"payments"`
	Sessions    int64 `json:"sessions"`
	Commissions int64 `json:"commissions"`
	Expenses    int64 `json:"expenses"`
}

func countsOf(c books.Counts) counts {
	return counts{Payments: c.Payments, Sessions: c.Sessions, Commissions: c.Commissions, Expenses: c.Expenses}
}

type totals struct {
	Revenue            string        `json:"revenue" example:"910.00" doc:"All payments."`
	Commissions        string        `json:"commissions"`
	Expenses           string        `json:"expenses"`
	Balance            string        `json:"balance" doc:"Revenue less expenses."`
	NetRevenue         string        `json:"net_revenue" doc:"Revenue less commissions and expenses; may be negative."`
	ByArtist           []artistTotal `json:"by_artist" doc:"Artists with a commission above 0."`
	ByMethod           []methodTotal `json:"by_method"`
	ExpensesByMethod   []methodTotal `json:"expenses_by_method"`
	ExpensesByCategory []groupTotal  `json:"expenses_by_category"`
}

type artistTotal struct {
	Artist     string `json:"artist"`
	Revenue    string `json:"revenue"`
	Commission string `json:"commission"`
}

type methodTotal struct {
	Method string `json:"method"`
	Total  string `json:"total"`
}

type groupTotal struct {
	Category string `json:"category"`
	Total    string `json:"total"`
}

func shownTotals(t books.Totals) totals {
	out := totals{
		Revenue: t.Revenue.String(), Commissions: t.Commissions.String(), Expenses: t.Expenses.String(), Balance: t.Balance.String(),
		NetRevenue: t.NetRevenue.String(), ByArtist: []artistTotal{}, ByMethod: methods(t.ByMethod), ExpensesByMethod: methods(t.ExpensesByMethod),
		ExpensesByCategory: []groupTotal{},
	}
	for _, a := range t.ByArtist {
		out.ByArtist = append(out.ByArtist, artistTotal{a.Artist, a.Revenue.String(), a.Commission.String()})
	}
	for _, c := range t.ExpensesByCategory {
		out.ExpensesByCategory = append(out.ExpensesByCategory, groupTotal{c.Category, c.Total.String()})
	}
	return out
}

func methods(list []books.MethodTotal) []methodTotal {
	out := []methodTotal{}
	for _, m := range list {
		out = append(out, methodTotal{m.Method, m.Total.String()})
	}
	return out
}

// totalsMemo keeps what stored texts say. A list of the chain would read the
// same hundreds again each time.
type totalsMemo struct {
	lock  sync.Mutex
	known map[string]totals
}

// maxTotals keeps it to a few MB.
const maxTotals = 256

var totalsRead totalsMemo

// of returns what a text says; nobody changes it.
func (m *totalsMemo) of(stored string) (totals, error) {
	m.lock.Lock()
	shown, ok := m.known[stored]
	m.lock.Unlock()
	if ok {
		return shown, nil
	}
	t, err := books.ParseTotals(stored)
	if err != nil {
		return shownTotals(t), err
	}
	shown = shownTotals(t)
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.known == nil || len(m.known) >= maxTotals {
		m.known = map[string]totals{}
	}
	m.known[stored] = shown
	return shown, nil
}

func totalsOf(stored string) (totals, error) { return totalsRead.of(stored) }

// backed names the backup that a statement rests on.
type backed struct {
	File   string `json:"file" example:"2025_10/backup_2025_10.csv"`
	SHA256 string `json:"sha256"`
}

func backedBy(c books.Closing) *backed {
	if c.BackupFile == "" {
		return nil
	}
	return &backed{File: c.BackupFile, SHA256: c.BackupSHA256}
}

type chained struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

type month struct {
	Month    string `json:"month" example:"2025-10"`
	State    string `json:"state" enum:"open,due,closed,late,held"`
	Revision int    `json:"revision" doc:"Of the statement; 0 if the month was never closed."`
	Counts   counts `json:"counts" doc:"The statement's rows or, without one, the live rows that belong to the month."`
	Late     counts `json:"late" doc:"Live rows that belong to a closed month."`
	Backup   string `json:"backup" enum:"verified,stale,corrupt,missing,unverified" doc:"What the last verification found."`
}

type monthDetail struct {
	Month    string `json:"month" example:"2025-10"`
	State    string `json:"state" enum:"open,due,closed,late,held"`
	Revision int    `json:"revision"`
	Counts   counts `json:"counts"`
	Totals   totals `json:"totals" doc:"The statement's or, without one, those that it would have now."`
	Late     counts `json:"late"`
	LateRows []row  `json:"late_rows" doc:"The first 200 of them. They wait for a revision: close with force."`
	Backup   string `json:"backup" enum:"verified,stale,corrupt,missing,unverified"`

	DueAt     string `json:"due_at" example:"2025-11-01T05:00:00.000000Z" doc:"When the schedule closes the month, unless it is held, closed, or before close_from."`
	CloseFrom string `json:"close_from" example:"2025-10" doc:"The first month that the schedule closes by itself (EXTRATO_CLOSE_FROM); older ones wait for a person."`
}

// row is a row of a month; of the four only the one that type names is there.
type row struct {
	Type       string      `json:"type" enum:"payment,session,commission,expense"`
	Payment    *payment    `json:"payment,omitempty"`
	Session    *session    `json:"session,omitempty"`
	Commission *commission `json:"commission,omitempty"`
	Expense    *expense    `json:"expense,omitempty"`
}

func rowOf(r books.Row) row {
	switch r.Kind() {
	case books.PaymentKind:
		p := paymentOf(r)
		return row{Type: "payment", Payment: &p}
	case books.SessionKind:
		s := sessionOf(r)
		return row{Type: "session", Session: &s}
	case books.CommissionKind:
		c := commissionOf(r)
		return row{Type: "commission", Commission: &c}
	}
	e := expenseOf(r)
	return row{Type: "expense", Expense: &e}
}

type monthInput struct {
	Month string `path:"month" maxLength:"7" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2025-10"`
}

type shownMonth struct{ Body monthDetail }

type closeInput struct {
	Month string `path:"month" maxLength:"7" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2025-10"`
	Keyed
	Body *closeBody
}

type closeBody struct {
	Force bool `json:"force,omitempty" doc:"A closed month with late rows gets its next revision."`
}

type reopenInput struct {
	Month string `path:"month" maxLength:"7" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2025-10"`
	Keyed
	Body reopenBody
}

type reopenBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" example:"a payment was missing" doc:"Why. It stays in the chain for ever."`
}

// outcome is what a close or a reopening came to.
type outcome struct {
	Month         string   `json:"month" example:"2025-10"`
	Result        string   `json:"result" example:"closed" doc:"closed, revised, already_closed, reopened."`
	Revision      int      `json:"revision"`
	Counts        counts   `json:"counts"`
	Totals        totals   `json:"totals"`
	Fingerprint   string   `json:"fingerprint"`
	Backup        *backed  `json:"backup" doc:"null if none was required and none could be made."`
	Chain         chained  `json:"chain"`
	EarlierOpen   []string `json:"earlier_open" doc:"Earlier months that are not closed."`
	Notes         []string `json:"notes"`
	CorrelationID string   `json:"correlation_id"`
	Seconds       float64  `json:"seconds"`
}

func (v *v1) registerMonths() {
	const of = "months/{month}"
	gone := []int{http.StatusNotFound}
	register(v, operation{
		method: http.MethodGet, path: "months", id: "list-months", tag: "months", needs: auth.Read,
		summary: "Every month", description: "Gaps too, newest first, from the running month, or a later one that has rows, to the first with rows or a statement.",
	}, v.listMonths)
	register(v, operation{
		method: http.MethodGet, path: of, id: "get-month", tag: "months", needs: auth.Read, errors: gone,
		summary: "One month", description: "Its state, counts and totals, and the rows that are late.",
	}, v.getMonth)
	register(v, operation{
		method: http.MethodPost, path: of + "/close", id: "close-month", tag: "months", needs: auth.Close,
		summary: "Close a month", description: "Backs the month up, proves the backup, and turns the rows into a statement; all of it or nothing. " +
			"409 already_closed if it is closed, month_not_ended if it is not over. With force a closed month with late rows gets its next revision.",
	}, v.closeMonth)
	register(v, operation{
		method: http.MethodPost, path: of + "/reopen", id: "reopen-month", tag: "months", needs: auth.Manage, errors: gone,
		summary: "Reopen a month", description: "Puts the rows back to live, exactly as they were. The month is then held: a person closes it.",
	}, v.reopenMonth)
	register(v, operation{
		method: http.MethodGet, path: of + "/backups", id: "list-backups", tag: "months", needs: auth.Read,
		summary: "A month's backups", description: "What is recorded of each copy, and what its last verification found; nothing is read back now.",
	}, v.listBackups)
	register(v, operation{
		method: http.MethodPost, path: of + "/verify", id: "verify-month", tag: "months", needs: auth.Backup,
		summary: "Verify a month", description: "Computes the stored statement's fingerprint and totals again, reads back every byte of the newest backup and of " +
			"the one that the statement rests on, and records what it finds of the backups.",
	}, v.verifyMonth)
	register(v, operation{
		method: http.MethodGet, path: of + "/statement", id: "get-statement", tag: "statements", needs: auth.SignedIn,
		errors:  []int{http.StatusNotFound, http.StatusConflict},
		summary: "A month's statement", description: "What was closed, a part of its rows at a time. An artist's login sees its own rows, and counts and totals of these.",
	}, v.getStatement)
	v.registerCSV()
}

func (v *v1) listMonths(ctx context.Context, in *listOfAll) (*listed[month], error) {
	var from string
	if in.Cursor != "" {
		if err := unpackCursor(in.Cursor, &from); err != nil {
			return nil, err
		}
		if _, err := books.ParseMonth(from); err != nil {
			return nil, errCursor
		}
	}
	infos, err := v.s.Closer.Months(ctx)
	if err != nil {
		return nil, err
	}
	items, next := []month{}, ""
	for i := len(infos) - 1; i >= 0; i-- {
		m := infos[i]
		if from != "" && m.Month.String() >= from {
			continue
		}
		if len(items) == in.Limit {
			next = packCursor(items[in.Limit-1].Month)
			break
		}
		items = append(items, month{
			Month: m.Month.String(), State: string(m.State), Revision: m.Revision, Counts: countsOf(m.Counts), Late: countsOf(m.Late), Backup: m.Backup,
		})
	}
	return shownPage(items, next), nil
}

// lateRowsShown is how many late rows a month shows.
const lateRowsShown = 200

func (v *v1) getMonth(ctx context.Context, in *monthInput) (*shownMonth, error) {
	m, err := books.ParseMonth(in.Month)
	if err != nil {
		return nil, err
	}
	info, found, err := v.s.Closer.Month(ctx, m)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, books.NotFoundf("no_month", "nothing is recorded for %s", m).WithHint("see which months there are: GET /api/v1/months")
	}
	return v.monthDetail(ctx, info)
}

func (v *v1) monthDetail(ctx context.Context, info closing.MonthInfo) (*shownMonth, error) {
	out := monthDetail{
		Month: info.Month.String(), State: string(info.State), Revision: info.Revision, Counts: countsOf(info.Counts), Late: countsOf(info.Late),
		Backup: info.Backup, LateRows: []row{}, DueAt: books.InstantOf(info.DueAt).String(), CloseFrom: info.CloseFrom.String(),
	}
	closed := info.State == closing.IsClosed || info.State == closing.Late
	err := v.s.Store.ReadRemembered(ctx, func(tx *store.Tx) error {
		out.LateRows = []row{}
		if !closed {
			sums, err := tx.MonthTotals(ctx, info.Month)
			out.Totals = shownTotals(sums)
			return err
		}
		last, err := tx.LastClosing(ctx, info.Month)
		if err != nil {
			return err
		}
		if out.Totals, err = totalsOf(last.Totals); err != nil || info.Late.Total() == 0 {
			return err
		}
		for r, err := range tx.MonthRows(ctx, info.Month) {
			if err != nil {
				return err
			}
			if r.Kind() > books.ExpenseKind || len(out.LateRows) == lateRowsShown {
				return nil
			}
			out.LateRows = append(out.LateRows, rowOf(r))
		}
		return nil
	})
	return &shownMonth{out}, err
}

func (v *v1) closeMonth(ctx context.Context, in *closeInput) (*made[outcome], error) {
	m, err := books.ParseMonth(in.Month)
	if err != nil {
		return nil, err
	}
	o := closing.Options{CorrelationID: books.CorrelationID(ctx), Force: in.Body != nil && in.Body.Force}
	return onceOutside(ctx, v, m, in.Key, "close", o.Force, func(ctx context.Context) (closing.Result, error) {
		return v.s.Closer.Close(ctx, m, o, who(ctx).By)
	})
}

func (v *v1) reopenMonth(ctx context.Context, in *reopenInput) (*made[outcome], error) {
	m, err := books.ParseMonth(in.Month)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte([]byte(in.Body.Reason), 0) >= 0 {
		return nil, books.Invalidf("invalid_text", "the reason holds a NUL character")
	}
	return onceOutside(ctx, v, m, in.Key, "reopen", in.Body, func(ctx context.Context) (closing.Result, error) {
		return v.s.Closer.Reopen(ctx, m, in.Body.Reason, who(ctx).By)
	})
}

func outcomeOf(r closing.Result) (made[outcome], error) {
	sums, err := totalsOf(string(r.Totals))
	out := outcome{
		Month: r.Month.String(), Result: string(r.Outcome), Revision: r.Revision, Counts: countsOf(r.Counts), Totals: sums,
		Fingerprint: r.Fingerprint.String(), Chain: chained{r.Chain.Seq, r.Chain.Hash.String()}, EarlierOpen: []string{}, Notes: []string{},
		CorrelationID: r.CorrelationID, Seconds: r.Seconds,
	}
	if r.Backup.File != "" {
		out.Backup = &backed{r.Backup.File, r.Backup.SHA256}
	}
	for _, m := range r.EarlierOpen {
		out.EarlierOpen = append(out.EarlierOpen, m.String())
	}
	out.Notes = append(out.Notes, r.Notes...)
	return made[outcome]{Status: http.StatusOK, Body: out}, err
}

// copied is what is recorded of one copy of a month's backup.
type copied struct {
	File       string `json:"file" example:"2025_10/backup_2025_10.csv"`
	Copy       int    `json:"copy"`
	SHA256     string `json:"sha256"`
	Size       int64  `json:"size"`
	State      string `json:"state" example:"ok" doc:"What the last verification found: ok, stale, incomplete, corrupt, missing."`
	Reason     string `json:"reason"`
	Statement  bool   `json:"statement" doc:"The month's statement rests on this copy."`
	CreatedAt  string `json:"created_at"`
	VerifiedAt string `json:"verified_at"`
}

func (v *v1) listBackups(ctx context.Context, in *monthInput) (*listed[copied], error) {
	m, err := books.ParseMonth(in.Month)
	if err != nil {
		return nil, err
	}
	var items []copied
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		items = nil
		last, err := tx.LastClosing(ctx, m)
		if err != nil {
			return err
		}
		known, err := tx.Backups(ctx, m)
		for _, b := range known {
			items = append(items, copied{
				File: b.File, Copy: b.Copy, SHA256: b.SHA256, Size: b.Size, State: b.State, Reason: b.Reason,
				Statement: last.HasStatement() && last.BackupFile == b.File, CreatedAt: b.CreatedAt.String(), VerifiedAt: b.VerifiedAt.String(),
			})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return shownPage(items, ""), nil
}

type verifyInput struct {
	Month string `path:"month" maxLength:"7" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2025-10"`
	Keyed
}

// verified is what was found of a month, now.
type verified struct {
	Month     string       `json:"month" example:"2025-10"`
	Statement string       `json:"statement" enum:"ok,changed,none" doc:"Whether the stored statement is what was closed."`
	Problems  []string     `json:"problems" doc:"What is not as it was closed."`
	Backups   []readBacked `json:"backups"`
}

type readBacked struct {
	File   string `json:"file" example:"2025_10/backup_2025_10.csv"`
	State  string `json:"state" example:"ok" doc:"ok, stale, incomplete, legacy, corrupt, missing."`
	Reason string `json:"reason"`
}

func (v *v1) verifyMonth(ctx context.Context, in *verifyInput) (*made[verified], error) {
	m, err := books.ParseMonth(in.Month)
	if err != nil {
		return nil, err
	}
	return repeatable(ctx, v, in.Key, "POST /api/v1/months/"+in.Month+"/verify", nil, func() (made[verified], error) {
		problems, closed, err := v.s.Closer.VerifyStatement(ctx, m)
		if err != nil {
			return made[verified]{}, err
		}
		out := verified{Month: m.String(), Statement: "ok", Problems: append([]string{}, problems...), Backups: []readBacked{}}
		switch {
		case !closed:
			out.Statement = "none"
		case len(problems) > 0:
			out.Statement = "changed"
		}
		found, err := v.s.Closer.VerifyBackups(ctx, m, "")
		for _, f := range found {
			out.Backups = append(out.Backups, readBacked{f.File, string(f.State), f.Reason})
		}
		return made[verified]{Status: http.StatusOK, Body: out}, err
	})
}

type statementInput struct {
	Month  string `path:"month" maxLength:"7" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2025-10"`
	Artist int64  `query:"artist" minimum:"1" maximum:"2147483647" doc:"Only this artist's rows, and counts and totals of these."`
	Part
}

type statement struct {
	Month       string  `json:"month" example:"2025-10"`
	Revision    int     `json:"revision"`
	ClosedAt    string  `json:"closed_at"`
	ClosedBy    string  `json:"closed_by"`
	Adopted     bool    `json:"adopted" doc:"v4 wrote it: its commissions and expenses have no ids (0)."`
	Counts      counts  `json:"counts"`
	Totals      totals  `json:"totals"`
	Fingerprint string  `json:"fingerprint" doc:"Of the whole statement."`
	Backup      *backed `json:"backup"`
	Chain       chained `json:"chain" doc:"The entry of the chain that it rests on."`
	Items       []row   `json:"items" doc:"Payments, sessions, commissions, expenses, each by id."`
	NextCursor  *string `json:"next_cursor" doc:"What to give as cursor for the next part; null at the end."`
}

type shownStatement struct{ Body statement }

// statementPlace is where a part of a statement's rows ended.
type statementPlace struct {
	Revision int `json:"r"`
	Rows     int `json:"n"`
}

func (v *v1) getStatement(ctx context.Context, in *statementInput) (*shownStatement, error) {
	m, err := books.ParseMonth(in.Month)
	if err != nil {
		return nil, err
	}
	artist, err := artistAsked(ctx, in.Artist)
	if err != nil {
		return nil, err
	}
	var from statementPlace
	if in.Cursor != "" {
		if err := unpackCursor(in.Cursor, &from); err != nil || from.Rows <= 0 {
			return nil, errCursor
		}
	}
	out := &shownStatement{}
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		stored, last, err := storedStatement(ctx, tx, m)
		if err != nil {
			return err
		}
		if in.Cursor != "" && from.Revision != last.Revision {
			return errCursor.WithHint("the statement has a new revision; begin anew without cursor")
		}
		if out.Body, err = headOf(stored, last); err != nil {
			return err
		}
		name, err := closing.ArtistName(ctx, tx, stored, artist)
		if err != nil {
			return err
		}
		return out.Body.fill(stored, artist, name, from, in.Limit)
	})
	return out, err
}

// artistAsked returns whose rows are asked for, 0 for everybody's. An artist's
// login is shown its own, and is not told of others'.
func artistAsked(ctx context.Context, asked int64) (books.ID, error) {
	only, limited := who(ctx).OnlyArtist()
	switch {
	case !limited:
		return books.ID(asked), nil
	case asked != 0 && books.ID(asked) != only:
		return 0, books.NotFoundf("no_artist", "there is nothing of artist %d", asked)
	}
	return only, nil
}

// storedStatement returns a statement and the entry of the chain that it rests
// on; v4's are taken into the chain elsewhere, and have none until then.
func storedStatement(ctx context.Context, tx *store.Tx, m books.Month) (books.Stored, books.Closing, error) {
	stored, err := tx.Statement(ctx, m)
	if err != nil {
		return stored, books.Closing{}, err
	}
	last, err := tx.LastClosing(ctx, m)
	return stored, last, err
}

func headOf(stored books.Stored, last books.Closing) (statement, error) {
	header, err := stored.Header()
	if err != nil {
		return statement{}, err
	}
	return statement{
		Month: stored.Month.String(), Revision: last.Revision, ClosedAt: last.At.String(), ClosedBy: string(last.By), Adopted: header.Version == 0,
		Counts: countsOf(last.Counts), Totals: shownTotals(header.Totals), Fingerprint: last.Fingerprint.String(), Backup: backedBy(last),
		Chain: chained{last.Seq, last.Hash.String()}, Items: []row{},
	}, nil
}

// fill adds the rows behind from. Without an artist it stops where the part
// ends; an artist's counts and totals need all of them.
func (s *statement) fill(stored books.Stored, artist books.ID, name string, from statementPlace, limit int) error {
	var all books.Counts
	tally, seen := books.NewTally(), 0
	for r, err := range stored.Rows() {
		if err != nil {
			return err
		}
		if r.Kind() > books.ExpenseKind {
			break
		}
		if artist != 0 && !books.OwnedBy(r, artist, name) {
			continue
		}
		seen++
		if artist != 0 {
			all.Add(r.Kind())
			tally.Add(r)
		}
		switch {
		case seen <= from.Rows:
		case len(s.Items) < limit:
			s.Items = append(s.Items, rowOf(r))
		case s.NextCursor == nil:
			next := packCursor(statementPlace{s.Revision, seen - 1})
			s.NextCursor = &next
		}
		if s.NextCursor != nil && artist == 0 {
			return nil
		}
	}
	if artist != 0 {
		s.Counts, s.Totals = countsOf(all), shownTotals(tally.Totals())
	}
	return nil
}

type csvInput struct {
	Month  string `path:"month" maxLength:"7" pattern:"^[0-9]{4}-[0-9]{2}$" example:"2025-10"`
	Artist int64  `query:"artist" minimum:"1" maximum:"2147483647" doc:"Only this artist's rows."`
	Lang   string `query:"lang" enum:"pt,en" default:"pt" doc:"The language of titles."`
}

type csvAnswer struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (v *v1) registerCSV() {
	register(v, operation{
		method: http.MethodGet, path: "months/{month}/statement.csv", id: "get-statement-csv", tag: "statements", needs: auth.SignedIn,
		errors:  []int{http.StatusNotFound, http.StatusConflict},
		summary: "A month's statement for a spreadsheet", description: "What a spreadsheet would compute is made harmless; the backup, not this, holds texts byte for byte.",
	}, v.statementCSV)
	for _, path := range v.api.OpenAPI().Paths {
		if path.Get != nil && path.Get.OperationID == "get-statement-csv" {
			path.Get.Responses["200"].Content = map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}
		}
	}
}

func (v *v1) statementCSV(ctx context.Context, in *csvInput) (*csvAnswer, error) {
	m, err := books.ParseMonth(in.Month)
	if err != nil {
		return nil, err
	}
	artist, err := artistAsked(ctx, in.Artist)
	if err != nil {
		return nil, err
	}
	s, err := v.s.Closer.Statement(ctx, m)
	if err != nil {
		return nil, err
	}
	lang, err := export.ParseLang(in.Lang)
	if err != nil {
		return nil, err
	}
	out := exported(s, v.s.Store.Zone())
	if artist != 0 {
		name, err := v.s.Closer.ArtistName(ctx, m, artist)
		if err != nil {
			return nil, err
		}
		out = out.ForArtist(artist, name)
	}
	var text bytes.Buffer
	if err := export.WriteCSV(&text, out, lang); err != nil {
		return nil, err
	}
	return &csvAnswer{
		ContentType: "text/csv; charset=utf-8", Disposition: `attachment; filename="extrato_` + m.String() + `.csv"`, Body: text.Bytes(),
	}, nil
}

func exported(s closing.Statement, zone *time.Location) export.Statement {
	return export.Statement{
		Month: s.Header.Month, Revision: s.Closing.Revision, Header: s.Header, Rows: s.Rows, ClosedAt: s.Closing.At,
		Zone: zone, ChainSeq: s.Closing.Seq, ChainHash: s.Closing.Hash,
		BackupFile: s.Closing.BackupFile, BackupSHA256: s.Closing.BackupSHA256, Adopted: s.Closing.Action == books.Adopted,
	}
}

package web

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"extrato/internal/books"
	"extrato/internal/store"
)

// The tabs of the list of sessions, as its address has them.
const (
	tabFilter                     = "aba"
	owingTab, comingTab, monthTab = "receber", "agenda", "mes"
)

const sessionsPath, newSessionPath = "/sessoes", "/sessoes/nova"

// sessionsPage is the page /sessoes.
type sessionsPage struct {
	page
	Tab         string
	Tabs        []tab
	Summary     string
	Filter      *form
	Artists     []group
	Narrow      bool // the filter takes not all
	Sessions    []sessionLine
	Sums        *store.SessionSums // nil: not the visitor's to see
	First, Last int                // of the sessions shown
	Number      int
	Start, Next string // addresses of the first page and of the next
	Own         bool   // an artist's own
	Closed      *closedDay
}

// tab is one of the lists.
type tab struct {
	Path, Text string
	Current    bool
}

// sessionLine is a session in a list.
type sessionLine struct {
	ID                    books.ID
	Client, Day, Artist   string
	Price, Received, Owed string
	Tag                   stateTag
	Receive               string // address of the form to receive with; "": nothing is to come
}

// Empty says that a list has no sessions.
func (p sessionsPage) Empty() string {
	switch p.Tab {
	case comingTab:
		return p.v.t("no coming sessions")
	case monthTab:
		return p.v.t("no sessions of month")
	}
	return p.v.t("no owing sessions")
}

// EmptyText says what comes into a list without sessions.
func (p sessionsPage) EmptyText() string {
	switch p.Tab {
	case comingTab:
		return p.v.t("no coming sessions text")
	case monthTab:
		return p.v.t("no sessions of month text")
	}
	return p.v.t("no owing sessions text")
}

// MayRecord reports whether the visitor records sessions.
func (p sessionsPage) MayRecord() bool { return p.v.mayGo(newSessionPath) }

// tab is the link to a list, with the same filter.
func (p sessionsPage) tab(name, text string) tab {
	address := url.Values{tabFilter: {name}}
	for _, filter := range []string{artistField, clientField, textFilter} {
		if value := p.Filter.Value(filter); value != "" {
			address.Set(filter, value)
		}
	}
	return tab{sessionsPath + "?" + address.Encode(), text, name == p.Tab}
}

// sessionFilter reads the filter from the address. An artist sees the own rows.
func (v *visit) sessionFilter() (*form, store.Wanted) {
	f := &form{v: v, Values: v.r.URL.Query()}
	w := store.Wanted{Kind: books.SessionKind, Limit: onPage, Artist: v.onlyArtist()}
	if w.Artist == 0 && f.Value(artistField) != "" {
		w.Artist = f.id(artistField)
	}
	if f.Value(clientField) != "" {
		w.Client = f.id(clientField)
	}
	w.Text = f.text(textFilter, 255)
	switch f.Value(tabFilter) {
	case comingTab:
		w.NotCompleted, w.Soonest, w.From = true, true, v.today()
	case monthTab:
		if f.Value(monthFilter) == "" {
			f.Values.Set(monthFilter, v.today().Month().String())
		}
		month, err := books.ParseMonth(f.Value(monthFilter))
		if err != nil {
			f.fault(monthFilter, v.t("not a month"))
		}
		w.Month = month
	default:
		f.Values.Set(tabFilter, owingTab)
		w.Owing = true
	}
	return f, w
}

func (v *visit) sessionsPage() error {
	f, w := v.sessionFilter()
	p := sessionsPage{page: v.page(v.t("nav sessions"), sessionsPath), Tab: f.Value(tabFilter), Filter: f, Own: v.onlyArtist() != 0}
	p.Narrow = f.Value(artistField)+f.Value(clientField)+f.Value(textFilter) != ""
	p.Tabs = []tab{p.tab(owingTab, v.t("tab owing")), p.tab(comingTab, v.t("tab coming")), p.tab(monthTab, v.t("tab month"))}
	status := http.StatusOK
	if !f.OK() { // nothing is wanted then
		status, w = http.StatusUnprocessableEntity, store.Wanted{Kind: books.SessionKind, Artist: -1, Limit: 1}
	}
	w.After = after(f, books.SessionKind)
	ctx := v.r.Context()
	if err := v.Store.Read(ctx, func(tx *store.Tx) error { return v.fillSessionList(ctx, tx, &p, w) }); err != nil {
		return err
	}
	return v.show(status, "sessions.html", p)
}

// fillSessionList reads the rows of the list.
func (v *visit) fillSessionList(ctx context.Context, tx *store.Tx, p *sessionsPage, w store.Wanted) error {
	w, err := tx.Find(ctx, w)
	if err != nil {
		return err
	}
	sums, err := tx.SumSessions(ctx, w, v.today())
	if err != nil {
		return err
	}
	list := tx.ListRecords
	if w.Owing {
		list = func(ctx context.Context, w store.Wanted) ([]books.Row, store.Position, error) {
			return v.owingSessions(ctx, tx, w)
		}
	}
	rows, more, err := list(ctx, w)
	if err != nil {
		return err
	}
	if p.Sessions, err = v.sessionLines(ctx, tx, rows); err != nil {
		return err
	}
	p.Number = int(sums.Number)
	p.First, p.Last, p.Start, p.Next = p.Filter.part(sessionsPath, w, more, len(rows))
	if p.Own || v.mayShare() { // the reception sees no sums
		p.Sums = &sums
	}
	if !w.Month.IsZero() {
		if _, closed, err := tx.MonthClosed(ctx, w.Month); err != nil {
			return err
		} else if closed {
			p.Closed = v.closedDay(w.Month)
		}
	}
	if p.Summary = v.sessionSummary(p, w); p.Own {
		return nil
	}
	p.Artists, err = v.artistFilter(ctx, tx)
	return err
}

// behindAll is later than any session was made: the position behind all that is due.
const behindAll = "9999-12-31 00:00:00"

// owingSessions lists those whose day has come, newest first, then the coming
// ones, the next first.
func (v *visit) owingSessions(ctx context.Context, tx *store.Tx, w store.Wanted) (rows []books.Row, more store.Position, err error) {
	due, coming := w, w
	due.To, coming.From, coming.Soonest = v.today(), v.today().Add(1), true
	if w.After.Day <= due.To.String() && w.After.Made != behindAll {
		if rows, more, err = tx.ListRecords(ctx, due); err != nil || more != (store.Position{}) {
			return rows, more, err
		}
		coming.After, coming.Limit = store.Position{}, w.Limit-len(rows)
	}
	if coming.Limit > 0 {
		rest, more, err := tx.ListRecords(ctx, coming)
		return append(rows, rest...), more, err
	}
	coming.Limit = 1 // are there any?
	rest, _, err := tx.ListRecords(ctx, coming)
	if len(rest) > 0 {
		more = store.Position{Day: due.To.String(), Made: behindAll, ID: math.MaxInt32}
	}
	return rows, more, err
}

// sessionSummary says how many there are, and how much is owed.
func (v *visit) sessionSummary(p *sessionsPage, w store.Wanted) string {
	number := int64(p.Number)
	switch {
	case p.Number == 0:
		return ""
	case p.Tab == comingTab:
		return v.some(number, "coming count")
	case p.Tab == monthTab:
		return v.t("sessions of month", v.some(number, "sessions count"), v.lang.month(w.Month))
	case p.Sums == nil:
		return v.some(number, "owing count")
	}
	text := v.t("owing sum", v.some(number, "owing count"), p.Sums.Owed.People())
	if p.Sums.Due < p.Sums.Owed {
		text += v.t("owing until today", p.Sums.Due.People())
	}
	return text
}

// sessionLines shows sessions as lines.
func (v *visit) sessionLines(ctx context.Context, tx *store.Tx, rows []books.Row) ([]sessionLine, error) {
	receipts, err := tx.Receipts(ctx, idsOf(rows))
	lines := make([]sessionLine, len(rows))
	for i, row := range rows {
		lines[i] = v.sessionLine(row.(*books.Session), receipts[row.Key()])
	}
	return lines, err
}

func (v *visit) sessionLine(s *books.Session, r books.Receipts) sessionLine {
	received := r.Sum()
	l := sessionLine{
		ID: s.ID, Client: string(s.ClientName.V), Day: s.Date.People(), Artist: string(s.ArtistName.V), Tag: v.situation(s, r),
		Price: s.Amount.People(), Received: received.People(), Owed: s.Owed(received).People(),
	}
	if s.Amount == 0 {
		l.Price = v.t("unpriced")
	}
	if received == 0 {
		l.Received = v.t("nothing received")
	}
	if s.Owed(received) == 0 {
		l.Owed = "–"
	}
	if v.mayGo("/caixa") && !s.IsCompleted() && (s.Amount == 0 || s.Owed(received) > 0) {
		l.Receive = "/caixa/" + v.today().String() + "?" + sessionField + "=" + idText(s.ID)
	}
	return l
}

// situation is a session's situation as a tag.
func (v *visit) situation(s *books.Session, r books.Receipts) stateTag {
	coming := s.Date > v.today()
	switch s.Situation(r) {
	case books.Completed:
		if short := s.Amount - r.Sum(); short > 0 {
			return stateTag{v.t("completed short", short.People()), "-"}
		}
		return stateTag{v.t("completed"), "ok"}
	case books.Unpriced:
		switch {
		case len(r) > 0:
			return stateTag{v.t("received unpriced"), "-"}
		case coming:
			return stateTag{v.t("coming"), "-"}
		}
		return stateTag{v.t("unpaid"), "warn"}
	case books.Unpaid:
		if coming {
			return stateTag{v.t("coming"), "-"}
		}
		return stateTag{v.t("unpaid"), "warn"}
	case books.OnlyDeposit:
		return stateTag{v.t("only deposit"), "-"}
	case books.PartlyPaid:
		return stateTag{v.t("partly paid"), "-"}
	case books.Overpaid:
		return stateTag{v.t("overpaid", (r.Sum() - s.Amount).People()), "warn"}
	}
	return stateTag{v.t("paid"), "ok"}
}

// artistFilter are the choices of a filter by artist.
func (v *visit) artistFilter(ctx context.Context, tx *store.Tx) ([]group, error) {
	artists, err := v.artists(ctx, tx)
	options := []option{{Text: v.t("all artists")}}
	for _, a := range artists {
		options = append(options, option{Value: idText(a.ID), Text: a.Name})
	}
	return []group{{Options: options}}, err
}

// part returns which rows of a list a page shows, the address of its first page
// and, if there are more rows, of the next one.
func (f *form) part(path string, w store.Wanted, more store.Position, shown int) (first, last int, start, next string) {
	seen, err := strconv.Atoi(f.Value(shownFilter))
	if err != nil || seen < 0 || w.After == (store.Position{}) {
		seen = 0
	}
	address := url.Values(http.Header(f.Values).Clone())
	address.Del(afterFilter)
	address.Del(shownFilter)
	start = path + "?" + address.Encode()
	if more != (store.Position{}) {
		address.Set(afterFilter, positionText(more))
		address.Set(shownFilter, strconv.Itoa(seen+shown))
		next = path + "?" + address.Encode()
	}
	return seen + 1, seen + shown, start, next
}

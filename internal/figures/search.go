package figures

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/web/typed"
)

// Query is a searched text, read in each way that makes sense.
type Query struct {
	Text   string // without surrounding blanks
	Amount books.Money
	Days   []books.Day // 28/10 is that day of each year
	key    string
	isSum  bool
}

// ParseQuery reads a text as a person types it: a part of a name or a note, an
// amount (350 or 350,00), a day (28/10 or 28/10/2025).
func ParseQuery(text string) Query {
	q := Query{Text: strings.TrimSpace(strings.ToValidUTF8(text, "�"))}
	q.key = books.SearchKey(q.Text)
	amount, err := typed.Money(q.Text)
	q.Amount, q.isSum = amount, err == nil
	q.Days = daysIn(q.Text)
	return q
}

// Empty reports whether there is nothing to search for.
func (q Query) Empty() bool { return q.key == "" }

// daysIn returns the days that a text means.
func daysIn(text string) []books.Day {
	if day, err := typed.Day(text); err == nil {
		return []books.Day{day}
	}
	parts := strings.Split(text, "/")
	var numbers []int
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || len(p) > 4 || n < 1 {
			return nil
		}
		numbers = append(numbers, n)
	}
	from, to := 2000, 2100
	switch {
	case len(numbers) == 3 && len(parts[2]) == 2:
		from, to = 2000+numbers[2], 2000+numbers[2]
	case len(numbers) == 3 && len(parts[2]) == 4:
		from, to = numbers[2], numbers[2]
	case len(numbers) != 2:
		return nil
	}
	var days []books.Day
	for year := from; year <= to; year++ {
		if m := (books.Month{Year: year, Month: time.Month(numbers[1])}); m.Valid() && numbers[0] <= m.Last().Number() {
			days = append(days, m.First().Add(numbers[0]-1))
		}
	}
	return days
}

// Found are the live rows of a search, newest first, and the people.
type Found struct {
	Clients, Artists []store.ClientName
	Rows             [books.KindCount][]books.Row
	More             [books.KindCount]bool // there are others of the kind
}

// Nothing reports whether nothing was found.
func (f Found) Nothing() bool {
	n := len(f.Clients) + len(f.Artists)
	for _, rows := range f.Rows {
		n += len(rows)
	}
	return n == 0
}

// Searched says where to search.
type Searched struct {
	Kinds  []books.Kind // of live rows
	People bool         // clients and artists
	Artist books.ID     // only this artist's rows, found by their client's name as well; 0: all rows
	Limit  int          // for each kind
}

// Search searches the live books.
func Search(ctx context.Context, tx *store.Tx, q Query, in Searched) (f Found, err error) {
	if q.Empty() {
		return f, nil
	}
	if in.People {
		if f.Clients, err = Clients(ctx, tx, q.Text, in.Limit+1); err != nil {
			return f, err
		}
		if f.Artists, err = artists(ctx, tx, q.key, in.Limit+1); err != nil {
			return f, err
		}
		f.Clients, f.More[books.ClientKind] = cut(f.Clients, in.Limit)
		f.Artists, f.More[books.ArtistKind] = cut(f.Artists, in.Limit)
	}
	for _, kind := range in.Kinds {
		s := store.Search{Kind: kind, Artist: in.Artist, Text: q.Text, Amount: q.Amount, HasAmount: q.isSum, Days: q.Days, Limit: in.Limit}
		if f.Rows[kind], f.More[kind], err = tx.SearchRows(ctx, s); err != nil {
			return f, err
		}
	}
	return f, nil
}

func cut[T any](list []T, limit int) ([]T, bool) {
	return list[:min(len(list), limit)], len(list) > limit
}

// artists returns the artists, and others who have tattooed, with a text in
// their name.
func artists(ctx context.Context, tx *store.Tx, key string, limit int) (found []store.ClientName, err error) {
	users, err := tx.Users(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if u.Role == "artist" && strings.Contains(books.SearchKey(u.Name), key) {
			found = append(found, store.ClientName{ID: u.ID, Name: u.Name})
		}
	}
	slices.SortFunc(found, func(a, b store.ClientName) int {
		return cmp.Or(cmp.Compare(books.SearchKey(a.Name), books.SearchKey(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	found, _ = cut(found, limit)
	return found, nil
}

// Matches reports whether a row of a statement is found: by its note, its
// client's name, its amount or its day.
func (q Query) Matches(row books.Row) bool {
	var amount books.Money
	var day books.Day
	var texts []books.Text
	switch r := row.(type) {
	case *books.Payment:
		amount, day, texts = r.Amount, r.Date, []books.Text{r.Note, r.ClientName}
	case *books.Session:
		amount, day, texts = r.Amount, r.Date, []books.Text{r.Note, r.ClientName}
	case *books.Commission:
		amount, texts = r.Amount, []books.Text{r.Note}
	case *books.Expense:
		amount, day, texts = r.Amount, r.Date, []books.Text{r.Description}
	default:
		return false
	}
	if q.isSum && amount == q.Amount || day != 0 && slices.Contains(q.Days, day) {
		return true
	}
	return slices.ContainsFunc(texts, func(t books.Text) bool { return t.Valid && strings.Contains(books.SearchKey(string(t.V)), q.key) })
}

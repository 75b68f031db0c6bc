package store

import (
	"context"
	"database/sql"
	"errors"

	"extrato/internal/books"
)

// ArtistTerm is an artist's default percent from a day on.
type ArtistTerm struct {
	From    books.Day
	Percent books.Percent // 0: no commission
}

// ArtistPercent returns an artist's default percent on a day; 0 if there is none.
func (t *Tx) ArtistPercent(ctx context.Context, artist books.ID, day books.Day) (percent books.Percent, err error) {
	err = t.one(ctx, "SELECT "+t.s.dialect.text("percent")+" FROM artist_terms WHERE artist = $1 AND from_day <= $2 ORDER BY from_day DESC LIMIT 1",
		[]any{int64(artist), day.String()}, &column{value: &percent})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return percent, err
}

// ArtistTerms returns an artist's default percents, the newest first.
func (t *Tx) ArtistTerms(ctx context.Context, artist books.ID) (list []ArtistTerm, err error) {
	err = t.list(ctx, "SELECT from_day, "+t.s.dialect.text("percent")+" FROM artist_terms WHERE artist = $1 ORDER BY from_day DESC",
		[]any{int64(artist)}, func(scan func(...any) error) error {
			var a ArtistTerm
			err := scan(&column{value: &a.From}, &column{value: &a.Percent})
			list = append(list, a)
			return err
		})
	return list, err
}

// SetArtistPercent keeps an artist's default percent from a day on.
func (t *Tx) SetArtistPercent(ctx context.Context, artist books.ID, from books.Day, percent books.Percent) error {
	_, err := t.exec(ctx, `INSERT INTO artist_terms (artist, from_day, percent) VALUES ($1, $2, $3)
		ON CONFLICT (artist, from_day) DO UPDATE SET percent = excluded.percent`, int64(artist), from.String(), percent.SQL())
	return err
}

// MethodTerms are the fee and payout days of a payment method from a day on.
type MethodTerms struct {
	Method  string
	From    books.Day
	Percent books.Percent // of each payment
	Days    int           // until the money comes
}

// MethodTerms returns the terms of all methods, by method, the newest first.
func (t *Tx) MethodTerms(ctx context.Context) (list []MethodTerms, err error) {
	err = t.list(ctx, "SELECT method, from_day, "+t.s.dialect.text("percent")+", days FROM method_terms ORDER BY method, from_day DESC", nil,
		func(scan func(...any) error) error {
			var m MethodTerms
			err := scan(&m.Method, &column{value: &m.From}, &column{value: &m.Percent}, &m.Days)
			list = append(list, m)
			return err
		})
	return list, err
}

// SetMethodTerms saves a method's terms from a day on.
func (t *Tx) SetMethodTerms(ctx context.Context, m MethodTerms) error {
	_, err := t.exec(ctx, `INSERT INTO method_terms (method, from_day, percent, days) VALUES ($1, $2, $3, $4)
		ON CONFLICT (method, from_day) DO UPDATE SET percent = excluded.percent, days = excluded.days`,
		m.Method, m.From.String(), m.Percent.SQL(), m.Days)
	return err
}

// ArtistPercents returns the default percent on a day of each artist with one.
func (t *Tx) ArtistPercents(ctx context.Context, day books.Day) (map[books.ID]books.Percent, error) {
	percents := map[books.ID]books.Percent{}
	err := t.list(ctx, "SELECT artist, "+t.s.dialect.text("percent")+" FROM artist_terms WHERE from_day <= $1 ORDER BY artist, from_day", []any{day.String()},
		func(scan func(...any) error) error {
			var id books.ID
			var percent books.Percent
			err := scan(&id, &column{value: &percent})
			percents[id] = percent // of several the last
			return err
		})
	return percents, err
}

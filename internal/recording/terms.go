package recording

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// SetArtistPercent makes percent the artist's default for payments from a day
// on, until the next day with another. 0 is none. Existing payments keep
// theirs.
func (r *Recorder) SetArtistPercent(ctx context.Context, tx *store.Tx, artist books.ID, from books.Day, percent books.Percent) error {
	if err := first(checkDay(from), checkTermPercent(percent)); err != nil {
		return err
	}
	if err := knownArtist(ctx, tx, artist); err != nil {
		return err
	}
	return tx.SetArtistPercent(ctx, artist, from, percent)
}

// SetMethodTerms sets the cost of a method from a day on: percent of each
// payment is the fee, and the rest arrives after so many days.
func (r *Recorder) SetMethodTerms(ctx context.Context, tx *store.Tx, t store.MethodTerms) error {
	const longest = 366
	if err := first(checkDay(t.From), checkTermPercent(t.Percent), checkName("method", t.Method, MaxMethod)); err != nil {
		return err
	}
	if t.Days < 0 || t.Days > longest {
		return books.Invalidf("invalid_days", "the number of days must be from 0 to %d", longest).WithHint("write the number of days until the money arrives, such as 30")
	}
	return tx.SetMethodTerms(ctx, t)
}

func checkTermPercent(percent books.Percent) error {
	if percent < 0 || percent > MaxPercent {
		return books.Invalidf("invalid_percent", "the percentage must be from 0 to 100").WithHint("write a percentage such as 60.00; 0 is none")
	}
	return nil
}

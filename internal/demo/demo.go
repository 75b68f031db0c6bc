// Package demo makes a believable tattoo studio, from a fixed seed: the
// thirteen months before the running one and the running one until now, with
// what real books have — deposits whose balance comes in a later month,
// sessions nobody paid yet, an artist without commission, a month in which the
// studio was closed, and texts that break careless programs.
package demo

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Months is how many months that ended the studio has.
const Months = 13

// mark is the setting by which a demo's database is told from a real one.
const mark = "demo"

// First returns the studio's first month.
func First(now time.Time) books.Month { return books.MonthOf(now).Add(-Months) }

// Fill puts the studio's rows into a database that is empty, lets its schedule
// begin with the first month, and marks it as a demo, all of it in one
// transaction. now, in the studio's zone, is the latest that anything happened.
func Fill(ctx context.Context, s *store.Store, now time.Time) error {
	rows := Rows(now)
	return s.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.InsertRows(ctx, rows); err != nil {
			return err
		}
		if err := activate(ctx, tx); err != nil {
			return err
		}
		if err := tx.SetSetting(ctx, store.CloseFrom, First(now).String()); err != nil {
			return err
		}
		return tx.SetSetting(ctx, mark, First(now).String())
	})
}

// FirstOf returns the month with which the demo in a database of this version
// begins, or the zero Month if the database is no demo.
func FirstOf(ctx context.Context, s *store.Store) (books.Month, error) {
	var first books.Month
	err := s.Read(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, mark)
		if err == nil && text != "" {
			first, err = books.ParseMonth(text)
		}
		return err
	})
	return first, err
}

// activate makes the artists active again: rows that come into the books by
// InsertRows come without what lets somebody in.
func activate(ctx context.Context, tx *store.Tx) error {
	users, err := tx.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		u.Active = true
		if err := tx.SetUser(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

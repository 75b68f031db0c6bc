// Package demo makes a believable tattoo studio from a fixed seed: thirteen
// ended months and the running one until now. It has the features of real
// books: deposits with a balance in a later month, unpaid sessions, an artist
// without commission, a month off, and texts to break careless programs.
package demo

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Months is the number of the studio's ended months.
const Months = 13

// mark is the setting of a demo's database.
const mark = "demo"

// First returns the studio's first month.
func First(now time.Time) books.Month { return books.MonthOf(now).Add(-Months) }

// Fill puts the studio's rows into an empty database, lets its schedule begin
// with the first month, and marks it as a demo, all in one transaction. now, in
// the studio's zone, is the latest instant of any row.
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

// FirstOf returns the first month of the demo in a database of this version, or
// the zero Month if the database is no demo.
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

// activate makes the artists active again: InsertRows inserts people as
// inactive.
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

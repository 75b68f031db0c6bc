package store

import (
	"context"
	"maps"
	"slices"

	"extrato/internal/books"
)

// AdoptStatements adds v4's new statements to the chain: all those without an
// entry. It returns their months.
func (s *Store) AdoptStatements(ctx context.Context, by books.Actor) ([]books.Month, error) {
	var unknown []books.Month
	err := s.Read(ctx, func(t *Tx) error {
		var err error
		unknown, err = t.unknownStatements(ctx)
		return err
	})
	if err != nil || len(unknown) == 0 {
		return nil, err
	}
	var adopted []books.Month
	err = s.Write(ctx, func(t *Tx) error {
		var err error
		adopted, err = t.AdoptStatements(ctx, by)
		return err
	})
	return adopted, err
}

// AdoptStatements is Store.AdoptStatements inside a transaction.
func (t *Tx) AdoptStatements(ctx context.Context, by books.Actor) ([]books.Month, error) {
	unknown, err := t.unknownStatements(ctx)
	for _, m := range unknown {
		if err := t.adopt(ctx, m, by); err != nil {
			return nil, err
		}
	}
	return unknown, err
}

// unknownStatements returns the months with a statement, but without one in the
// chain.
func (t *Tx) unknownStatements(ctx context.Context) ([]books.Month, error) {
	months, err := t.ClosedMonths(ctx)
	if err != nil {
		return nil, err
	}
	latest, err := t.latestActions(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(months, func(m books.Month) bool {
		known := books.ChainEntry{Action: latest[m.String()]}.HasStatement()
		return known || !m.Valid() // v4 never offered other months than these, and the chain could not name one
	}), nil
}

func (t *Tx) adopt(ctx context.Context, month books.Month, by books.Actor) error {
	entry, err := t.Adoption(ctx, month, by)
	if err == nil {
		_, err = t.AppendEntry(ctx, entry)
	}
	if err != nil {
		return err
	}
	stored, err := t.Statement(ctx, month)
	if err != nil {
		return err
	}
	if err := t.savePaymentsAtRest(ctx, month, PaymentsOf(stored)); err != nil {
		return err
	}
	return t.SaveMonthSums(ctx, month, entry.Revision, stored.DaySums())
}

// InsertStored stores a statement as it was stored before, with at, the instant
// as StatementStored returned it, and what lists need of it.
func (t *Tx) InsertStored(ctx context.Context, s books.Stored, revision int, at string) error {
	var made any
	var instant books.Instant
	switch {
	case at == "":
	case instant.Parse([]byte(at)) == nil:
		made = instant.SQL()
	default:
		made = at
	}
	args := []any{int(s.Month.Month), s.Month.Year, made}
	for _, part := range s.Parts {
		if part == "" {
			args = append(args, nil)
		} else {
			args = append(args, part)
		}
	}
	_, err := t.exec(ctx, `INSERT INTO extratos (mes, ano, created_at, pagamentos, sessoes, comissoes, gastos, totais)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, args...)
	if err == nil {
		err = t.savePaymentsAtRest(ctx, s.Month, PaymentsOf(s))
	}
	if err != nil {
		return err
	}
	return t.SaveMonthSums(ctx, s.Month, revision, s.DaySums())
}

// PaymentsOf returns the payments in a statement of v4's, up to the first
// unreadable one.
func PaymentsOf(stored books.Stored) (payments books.IDs) {
	seen := map[books.ID]bool{}
	for row, err := range stored.List(books.PaymentKind) {
		if err != nil {
			break
		}
		seen[row.Key()] = true
	}
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		payments.Add(id)
	}
	return payments
}

// Adoption returns the entry to adopt a month's new statement, without adopting
// it.
func (t *Tx) Adoption(ctx context.Context, month books.Month, by books.Actor) (books.ChainEntry, error) {
	stored, err := t.Statement(ctx, month)
	if err != nil {
		return books.ChainEntry{}, err
	}
	last, err := t.LastEntry(ctx, month)
	if err != nil {
		return books.ChainEntry{}, err
	}
	entry := books.ChainEntry{
		Action: books.Adopted, Month: month, Revision: last.Revision + 1, At: books.InstantOf(t.s.now()), By: by,
		CorrelationID: books.NewCorrelationID(), Seal: stored.Seal(), Totals: "{}",
	}
	at, err := t.StatementStored(ctx, month)
	if err != nil {
		return books.ChainEntry{}, err
	}
	entry.Notes = []string{StoredNote(at)}
	if header, err := stored.Header(); err == nil {
		entry.Totals = string(header.Totals.JSON())
	} else {
		entry.Notes = append(entry.Notes, "the totals cannot be read")
	}
	if stored.Ours() {
		// Adopting must not hide a chain whose end was cut off.
		entry.Notes = append(entry.Notes, "extrato wrote this statement, but the chain had no entry of it")
	}
	counts, err := stored.Count()
	if err != nil {
		entry.Notes = append(entry.Notes, "the rows cannot be read")
	}
	entry.Counts = counts
	return entry, nil
}

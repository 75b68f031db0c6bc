package recording_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// Random edits and undos do what they do to a plain map of rows.
func TestUndo_agrees_with_a_plain_model(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		clock := now
		s.r.Now = func() time.Time { return clock }
		rapid.Check(t, func(rt *rapid.T) {
			m := &model{s: s, t: t, clock: &clock}
			for range rapid.IntRange(1, 14).Draw(rt, "steps") {
				clock = clock.Add(time.Millisecond)
				if len(m.changes) > 0 && rapid.IntRange(0, 2).Draw(rt, "undo") == 0 {
					m.undo(rt, rapid.IntRange(0, len(m.changes)-1).Draw(rt, "which"))
				} else {
					m.edit(rt)
				}
			}
		})
	})
}

// model knows of each change which rows it touched, from what the books hold
// before and after it.
type model struct {
	s       *studio
	t       *testing.T
	clock   *time.Time
	changes []modelChange
}

type modelChange struct {
	id            int64
	before, after map[string]string // of the rows that it touched; "" is none
}

// rows returns all live rows by kind and id.
func (m *model) rows() map[string]string {
	all := map[string]string{}
	err := m.s.Store.Read(m.t.Context(), func(tx *store.Tx) error {
		for kind := range books.KindCount {
			if kind.Table() == "" || kind == books.ArtistKind {
				continue
			}
			rows, _, err := tx.ListRecords(m.t.Context(), store.Wanted{Kind: kind, Limit: 100_000})
			if err != nil {
				return err
			}
			for _, row := range rows {
				all[books.Describe(row)] = string(books.AppendRowJSON(nil, bare(row)))
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

// bare is a row without the copies that come from other rows.
func bare(row books.Row) books.Row {
	switch r := row.(type) {
	case *books.Payment:
		r.ClientName, r.ArtistName, r.SessionDate = books.Text{}, books.Text{}, books.NullDay{}
	case *books.Session:
		r.ClientName, r.ArtistName = books.Text{}, books.Text{}
	case *books.Commission:
		r.ClientName, r.ArtistName, r.PaymentAmount, r.PaymentDate = books.Text{}, books.Text{}, books.NullMoney{}, books.NullDay{}
	case *books.Expense:
		r.CreatorName = books.Text{}
	}
	return row
}

func (m *model) edit(rt *rapid.T) {
	before := m.rows()
	var done recording.Done
	do := m.draw(rt, before)
	err := m.s.write(m.t, func(ctx context.Context, tx *store.Tx) (err error) {
		done, err = do(ctx, tx)
		return err
	})
	after := m.rows()
	if err != nil { // such as a session that is paid
		if !maps.Equal(before, after) {
			rt.Fatalf("%v changed the books", err)
		}
		return
	}
	c := modelChange{id: done.Change, before: map[string]string{}, after: map[string]string{}}
	for _, side := range []map[string]string{before, after} {
		for key := range side {
			if before[key] != after[key] {
				c.before[key], c.after[key] = before[key], after[key]
			}
		}
	}
	m.changes = append(m.changes, c)
}

func (m *model) undo(rt *rapid.T, i int) {
	c := m.changes[i]
	before := m.rows()
	want, same := maps.Clone(before), true
	for key := range c.before {
		same = same && before[key] == c.after[key]
		want[key] = c.before[key]
		if want[key] == "" {
			delete(want, key)
		}
	}
	var done recording.Done
	err := m.s.write(m.t, func(ctx context.Context, tx *store.Tx) (err error) {
		done, err = m.s.r.Undo(ctx, tx, eva, c.id)
		return err
	})
	switch {
	case !same || !whole(want):
		if e := books.AsError(err); err == nil || e.Kind != books.Conflict {
			rt.Fatalf("undo of %v with %v: %v", c, before, err)
		}
		want = before
	case err != nil:
		rt.Fatalf("undo of %v: %v", c, err)
	default:
		m.changes = append(m.changes, modelChange{done.Change, c.after, c.before})
	}
	if after := m.rows(); !maps.Equal(after, want) {
		rt.Fatalf("undo of %v gives\n%v\nwant\n%v", c, after, want)
	}
}

// whole reports whether every row that one names is there.
func whole(rows map[string]string) bool {
	for key, text := range rows {
		var kind books.Kind
		for k := range books.KindCount {
			if strings.HasPrefix(key, k.String()+" ") {
				kind = k
			}
		}
		row, err := books.ParseRowJSON(kind, []byte(text))
		if err != nil {
			return false
		}
		names := func(kind books.Kind, id books.Ref) bool {
			return !id.Valid || rows[fmt.Sprintf("%s %d", kind, id.V)] != ""
		}
		switch r := row.(type) {
		case *books.Payment:
			if !names(books.ClientKind, r.ClientID) || !names(books.SessionKind, r.SessionID) {
				return false
			}
		case *books.Session:
			if !names(books.ClientKind, books.RefTo(r.ClientID)) || !names(books.PaymentKind, r.PaymentID) {
				return false
			}
		case *books.Commission:
			if !names(books.PaymentKind, r.PaymentID) {
				return false
			}
		}
	}
	return true
}

// draw draws an edit of some row.
func (m *model) draw(rt *rapid.T, rows map[string]string) func(context.Context, *store.Tx) (recording.Done, error) {
	r := m.s.r
	one := func(kind books.Kind) books.ID {
		var ids []books.ID
		for key := range rows {
			var id books.ID
			if _, err := fmt.Sscanf(key, kind.String()+" %d", &id); err == nil {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			return 999_999
		}
		return rapid.SampledFrom(sorted(ids)).Draw(rt, kind.String())
	}
	ref := func(kind books.Kind) books.Ref {
		if rapid.Bool().Draw(rt, "no "+kind.String()) {
			return books.Ref{}
		}
		return books.RefTo(one(kind))
	}
	p := books.Payment{
		Date: day("2025-11-01"), Amount: books.Money(rapid.IntRange(0, 5).Draw(rt, "amount")), Method: "Pix", ArtistID: 1,
		ClientID: ref(books.ClientKind), SessionID: ref(books.SessionKind),
	}
	session := books.Session{Date: day("2025-11-05"), Amount: p.Amount, ClientID: one(books.ClientKind), ArtistID: 1}
	share := books.Percent(rapid.IntRange(1, 60_00).Draw(rt, "percent"))
	type act = func(context.Context, *store.Tx) (recording.Done, error)
	return rapid.SampledFrom([]act{
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddPayment(ctx, tx, eva, sure(p, share))
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			p.ID = one(books.PaymentKind)
			return r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemovePayment(ctx, tx, eva, one(books.PaymentKind), nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddSession(ctx, tx, eva, recording.SessionEntry{Session: session})
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			session.ID = one(books.SessionKind)
			return r.ChangeSession(ctx, tx, eva, recording.SessionEntry{Session: session}, nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemoveSession(ctx, tx, eva, one(books.SessionKind), nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddCommission(ctx, tx, eva, books.Commission{PaymentID: books.RefTo(one(books.PaymentKind)), ArtistID: 2, Percent: share})
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemoveCommission(ctx, tx, eva, one(books.CommissionKind), nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddClient(ctx, tx, eva, books.Client{Name: "Lia"})
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemoveClient(ctx, tx, eva, one(books.ClientKind), nil)
		},
	}).Draw(rt, "edit")
}

func sorted(ids []books.ID) []books.ID {
	slices.Sort(ids)
	return ids
}

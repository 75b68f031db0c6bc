package places

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// State is the state of a backup in one place, as lists show it.
type State struct {
	Place string `json:"place"`
	State string `json:"state"`
	At    string `json:"at"` // RFC 3339 in UTC: when the place last answered about it or, while it is pending, since when; "": not seen yet
}

// Of returns the state of a backup in each place, from its records: the worse
// one of file and manifest. It returns nil if there are no places.
func (p *Places) Of(records []store.ObjectCopy, file string) []State {
	var all []State
	for _, name := range p.Names() {
		found := State{Place: name}
		for _, object := range []string{file, manifestOf(file)} {
			one := State{name, Pending, ""}
			i := slices.IndexFunc(records, func(r store.ObjectCopy) bool { return r.Place == name && r.Object == object })
			if i >= 0 {
				one = State{name, records[i].State, at(records[i]).String()}
			}
			if found.State == "" || Worse(found.State, one.State) != found.State {
				found = one
			}
		}
		all = append(all, found)
	}
	return all
}

// Worst returns for each place the worse state of two backups.
func Worst(a, b []State) []State {
	if len(a) == 0 {
		return b
	}
	worst := slices.Clone(a)
	for i := range b {
		if Worse(worst[i].State, b[i].State) != worst[i].State {
			worst[i] = b[i]
		}
	}
	return worst
}

func at(rec store.ObjectCopy) books.Instant {
	if rec.CheckedAt.Valid && rec.State != Pending {
		return rec.CheckedAt.V
	}
	return rec.Since
}

// Holders names what else holds an object of which a place has a bad copy: the
// backup folder, and other places with a proved copy.
func (p *Places) Holders(ctx context.Context, bad store.ObjectCopy) (all []string, err error) {
	here, err := p.kept(ctx, bad.Object)
	if err != nil {
		return nil, unreadFolder(err)
	}
	if here {
		all = append(all, p.Local.String())
	}
	err = p.Store.Read(ctx, func(tx *store.Tx) error {
		for _, name := range p.Names() {
			rec, err := tx.ObjectCopy(ctx, name, bad.Object)
			if err != nil {
				return err
			}
			if name != bad.Place && Proved(rec.State) {
				all = append(all, name)
			}
		}
		return nil
	})
	return all, err
}

// Overview is the condition of one place.
type Overview struct {
	Place   string
	Counts  map[string]int // objects by state
	Since   books.Instant  // since when the oldest pending or bad copy is so; 0: there is none
	Example store.ObjectCopy
	Checked books.Instant // when the proved copy checked longest ago was; 0: there is none

	Unlocked int    // proved copies with a lock that could not be extended
	Refusal  string // why
}

// Bad returns how many copies are hidden, missing or corrupt.
func (o Overview) Bad() int { return o.Counts[Hidden] + o.Counts[Missing] + o.Counts[Corrupt] }

// Proved returns how many copies were read back whole.
func (o Overview) Proved() int { return o.Counts[OK] + o.Counts[Encrypted] }

// Overview returns the condition of a place.
func (p *Places) Overview(ctx context.Context, tx *store.Tx, place string) (Overview, error) {
	o := Overview{Place: place, Counts: map[string]int{}}
	records, err := tx.ObjectCopies(ctx, place)
	for _, rec := range records {
		o.add(rec)
	}
	return o, err
}

// Overviews returns the condition of each place.
func (p *Places) Overviews(ctx context.Context, tx *store.Tx) (all []Overview, err error) {
	for _, name := range p.Names() {
		o, err := p.Overview(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func (o *Overview) add(rec store.ObjectCopy) {
	o.Counts[rec.State]++
	if Proved(rec.State) {
		if o.Checked == 0 || rec.CheckedAt.V < o.Checked {
			o.Checked = rec.CheckedAt.V
		}
		if rec.Reason != "" {
			o.Unlocked, o.Refusal = o.Unlocked+1, rec.Reason
		}
		return
	}
	if o.Since == 0 || rec.Since < o.Since {
		o.Since = rec.Since
	}
	if o.Example.State == "" || Worse(o.Example.State, rec.State) != o.Example.State || o.Example.Reason == "" && rec.State == o.Example.State {
		o.Example = rec
	}
}

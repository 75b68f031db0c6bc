package places

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// Round is the result of bringing the objects of the backup folder to a place.
type Round struct {
	Place   string
	Proved  int // objects with a proved copy there
	Copied  int // copies made and proved now
	Checked int // copies read again
	Tried   []store.ObjectCopy
	Lost    []string // objects that had a copy there which was gone, before it was made again
	Busy    bool     // another process does it
}

// Options say how to run a round.
type Options struct {
	All      bool                   // copies in a bad state too; else these wait for a person
	Again    bool                   // read every copy again, however long ago it was read
	NewPlace bool                   // an empty place lost its copies for good: make all again
	Done     func(store.ObjectCopy) // gets each object that was tried; may be nil
}

// lookAgain is how often a copy in a bad state is checked again: its owner may
// have mended it.
const lookAgain = time.Hour

// mostFaults in a row end a round: the place is down.
const mostFaults = 3

// Run brings every object of the backup folder without a proved copy to a place,
// and reads the copies again that were read long ago. It goes on after an object
// that cannot be copied or read, and returns the first such error in the end.
func (p *Places) Run(ctx context.Context, place bucket.Place, o Options) (Round, error) {
	round := Round{Place: place.String()}
	objects, unread := p.objects(ctx)
	if unread != nil && len(objects) == 0 {
		return round, unreadFolder(unread)
	}
	known, err := p.awaited(ctx, place, objects, unread == nil)
	if err != nil {
		return round, err
	}
	if o.NewPlace {
		if o.NewPlace, err = p.isEmpty(ctx, place); err != nil {
			return round, err
		}
	}
	work := p.work(place, objects, known, o)
	for _, rec := range known {
		if Proved(rec.State) {
			round.Proved++
		}
	}
	if len(work) == 0 {
		if unread != nil {
			return round, unreadFolder(unread)
		}
		return round, p.thin(ctx, place, objects, known)
	}
	unlock, mine, err := p.Store.TryLock(ctx, "copies "+place.String())
	if err != nil {
		return round, err
	}
	defer unlock()
	if round.Busy = !mine && !o.All; round.Busy {
		return round, nil
	}
	if o.NewPlace {
		round.Proved = 0
		if err := p.begin(ctx, known, work); err != nil {
			return round, err
		}
	}
	if err := p.ready(ctx, place, round.Proved, false); err != nil {
		p.note(ctx, work[0], err)
		return round, err
	}
	err = p.run(ctx, place, &round, known, work, o)
	return round, cmp.Or(err, unreadFolder(unread))
}

// work returns the records a round has to do something about: of the objects
// without a proved copy, then of bad copies of objects gone from the folder, then
// of copies to read again.
func (p *Places) work(place bucket.Place, objects []string, known map[string]store.ObjectCopy, o Options) (work []store.ObjectCopy) {
	others := maps.Clone(known)
	for _, object := range objects {
		delete(others, object)
		if o.NewPlace || p.due(known[object], o.All) {
			work = append(work, known[object])
		}
	}
	if o.NewPlace {
		return work
	}
	for _, object := range slices.Sorted(maps.Keys(others)) {
		if rec := known[object]; Bad(rec.State) && (o.All || p.lookedLongAgo(rec)) {
			work = append(work, rec)
		}
	}
	return append(work, p.again(place, known, o)...)
}

// run tries each object of work.
func (p *Places) run(ctx context.Context, place bucket.Place, round *Round, known map[string]store.ObjectCopy, work []store.ObjectCopy, o Options) (failed error) {
	faults := 0
	for _, rec := range work {
		before := rec
		if manifest, is := known[manifestOf(rec.Object)]; is && !Proved(manifest.State) && !Proved(rec.State) {
			continue // a file without its manifest would look like somebody else's
		}
		rec, lost, err := p.attempt(ctx, place, rec, o.All)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrNoCopy) { // thinned
			continue
		}
		known[rec.Object] = rec
		round.add(before, rec, lost, err)
		if o.Done != nil {
			o.Done(rec)
		}
		failed = cmp.Or(failed, err)
		if faults++; err == nil {
			faults = 0
		}
		if faults == mostFaults || p.hangs(place, 0) > 0 {
			break
		}
	}
	return failed
}

// add counts a try.
func (r *Round) add(before, after store.ObjectCopy, lost bool, err error) {
	r.Tried = append(r.Tried, after)
	was, is := Proved(before.State), Proved(after.State)
	switch {
	case was && !is:
		r.Proved--
	case is && !was:
		r.Proved++
	}
	switch {
	case lost && is:
		r.Lost = append(r.Lost, after.Object)
		r.Copied++
	case was && err == nil:
		r.Checked++
	case is && !was:
		r.Copied++
	}
}

// attempt copies an object, or checks its copy again. One that is gone is made
// again, and a hidden one where all is set; but a person who asked for all learns
// of a new finding first.
func (p *Places) attempt(ctx context.Context, place bucket.Place, rec store.ObjectCopy, all bool) (_ store.ObjectCopy, lost bool, err error) {
	if rec.Name != "" && rec.State != Pending {
		checked, err := p.Check(ctx, place, rec.Object)
		if err != nil || Proved(checked.State) || Proved(rec.State) && all || checked.State != Missing && (checked.State != Hidden || !all) {
			return checked, false, err
		}
		if here, err := p.kept(ctx, rec.Object); err != nil || !here {
			return checked, false, err
		}
		lost = checked.State == Missing
	}
	rec, err = p.copyOne(ctx, place, rec.Object)
	return rec, lost, err
}

// due reports whether a round has to do something about an object.
func (p *Places) due(rec store.ObjectCopy, all bool) bool {
	switch {
	case Proved(rec.State):
		return false
	case Bad(rec.State) && rec.State != Missing && !all:
		return p.lookedLongAgo(rec)
	}
	return true
}

func (p *Places) lookedLongAgo(rec store.ObjectCopy) bool {
	return !rec.CheckedAt.Valid || p.Now().Sub(rec.CheckedAt.V.Time()).Abs() >= lookAgain
}

// awaited records the objects without a record in a place, and returns the
// records of all. Where all names of the folder are known, it forgets those of
// objects that went before they were copied.
func (p *Places) awaited(ctx context.Context, place bucket.Place, objects []string, complete bool) (map[string]store.ObjectCopy, error) {
	known, err := p.records(ctx, place)
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(objects), func(o string) bool { return known[o].State != "" })
	there := map[string]bool{}
	for _, o := range objects {
		there[o] = true
	}
	var gone []string
	for object, rec := range known {
		if complete && !there[object] && rec.Name == "" {
			gone = append(gone, object)
		}
	}
	if len(missing)+len(gone) == 0 {
		return known, nil
	}
	err = p.Store.Write(ctx, func(tx *store.Tx) error {
		for _, object := range gone {
			if err := tx.ForgetObjectCopy(ctx, place.String(), object); err != nil {
				return err
			}
		}
		return tx.AwaitObjectCopies(ctx, place.String(), missing, Pending, books.InstantOf(p.Now()))
	})
	if err != nil {
		return nil, err
	}
	return p.records(ctx, place)
}

func (p *Places) records(ctx context.Context, place bucket.Place) (map[string]store.ObjectCopy, error) {
	known := map[string]store.ObjectCopy{}
	err := p.Store.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.ObjectCopies(ctx, place.String())
		for _, rec := range all {
			known[rec.Object] = rec
		}
		return err
	})
	return known, err
}

// begin makes the records of work pending again, and forgets the others: the
// copies are lost for good.
func (p *Places) begin(ctx context.Context, known map[string]store.ObjectCopy, work []store.ObjectCopy) error {
	now := books.InstantOf(p.Now())
	return p.Store.Write(ctx, func(tx *store.Tx) error {
		lost := maps.Clone(known)
		clear(known)
		for i, rec := range work {
			work[i] = store.ObjectCopy{Object: rec.Object, Place: rec.Place, State: Pending, Since: sinceOf(rec, Pending, now)}
			known[rec.Object] = work[i]
			delete(lost, rec.Object)
			if err := tx.SaveObjectCopy(ctx, work[i]); err != nil {
				return err
			}
		}
		for object, rec := range lost {
			if err := tx.ForgetObjectCopy(ctx, rec.Place, object); err != nil {
				return err
			}
		}
		return nil
	})
}

// note records why an object was not even tried.
func (p *Places) note(ctx context.Context, rec store.ObjectCopy, why error) {
	if rec.State != Pending || ctx.Err() != nil {
		return
	}
	rec.Reason = books.AsError(why).Message
	if _, err := p.saveSent(ctx, rec); err != nil {
		p.Log.Warn("copy not recorded", "place", rec.Place, "cause", err.Error())
	}
}

func unreadFolder(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return books.Refusedf("backups_unreadable", "the backup folder cannot be read").Because(err).
		WithHint("let extrato read the folder in EXTRATO_BACKUPS and all folders in it")
}

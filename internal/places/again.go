package places

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"extrato/internal/bucket"
	"extrato/internal/store"
)

// ReadAgain is the age of a check at which a copy is read again, and Unread the
// one that people should know of.
const (
	ReadAgain = 30 * 24 * time.Hour
	Unread    = 40 * 24 * time.Hour
)

// mostAgain is how many copies a server reads again before it looks for new
// objects to copy.
const mostAgain = 10

// again returns the proved copies to read again now, the oldest check first:
// those of ReadAgain and, so that they are not all read on one day, one whenever
// their number asks for it. Records decide, so a process that was away reads
// what is overdue.
func (p *Places) again(place bucket.Place, known map[string]store.ObjectCopy, o Options) []store.ObjectCopy {
	period := readPeriod(place)
	proved := slices.Collect(maps.Values(known))
	proved = slices.DeleteFunc(proved, func(rec store.ObjectCopy) bool { return !Proved(rec.State) })
	slices.SortFunc(proved, func(a, b store.ObjectCopy) int {
		return cmp.Or(cmp.Compare(p.age(b, period), p.age(a, period)), cmp.Compare(a.Object, b.Object))
	})
	if o.Again || len(proved) == 0 {
		return proved
	}
	n := 0
	for n < len(proved) && p.age(proved[n], period) >= period {
		n++
	}
	if n == 0 && p.lastAgain(proved, period) >= period/time.Duration(len(proved)) {
		n = 1
	}
	if !o.All {
		n = min(n, mostAgain)
	}
	return proved[:n]
}

// lastAgain returns how long ago a copy was last read again; before that was ever
// done, how long ago the first one was made.
func (p *Places) lastAgain(proved []store.ObjectCopy, period time.Duration) time.Duration {
	last := p.age(proved[0], period)
	for _, rec := range proved {
		if rec.CheckedAt.V != rec.Since {
			last = min(last, p.age(rec, period))
		}
	}
	return last
}

// readPeriod is ReadAgain, or less where a lock would end before.
func readPeriod(place bucket.Place) time.Duration {
	if lock := bucket.Locks(place); lock > 0 {
		return min(ReadAgain, lock*6/7)
	}
	return ReadAgain
}

// age returns how long ago a copy was checked. A check in the future was made by
// a wrong clock, and one that could not extend a lock is made again after a day:
// both are as old as period.
func (p *Places) age(rec store.ObjectCopy, period time.Duration) time.Duration {
	age := p.Now().Sub(rec.CheckedAt.V.Time())
	if age < -time.Hour || rec.Reason != "" && age >= Late {
		return max(age, period)
	}
	return age
}

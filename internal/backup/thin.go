package backup

import (
	"context"
	"errors"
	"path"
	"slices"
	"time"

	"extrato/internal/bucket"
)

// StudioFolder holds the copies of the studio's own tables.
const StudioFolder = "estudio"

// How many copies stay of those named by their instant.
const (
	keepHourly = 48
	keepDaily  = 35
)

// Expendable returns the removable ones of a folder's names: all but the newest
// copy, the newest verified one, and the newest of each of the last 48 hours with
// a copy and of each of the last 35 days with one, in UTC. A name of another form
// stays, and so does every name outside the two folders of copies. It needs no
// clock, so a clock running ahead removes nothing. verified names a copy; it may
// be "".
func Expendable(names []string, verified string) []string {
	copies := map[time.Time]bool{}
	for _, name := range names {
		if at, known := takenAt(name); known && IsThinned(name) && !isFullManifest(name) {
			copies[at] = true
		}
	}
	stay := map[time.Time]bool{}
	if at, known := takenAt(verified); known {
		stay[at] = true
	}
	newest := newestFirst(copies)
	hours, days := map[time.Time]bool{}, map[time.Time]bool{}
	for i, at := range newest {
		hour, day := at.Truncate(time.Hour), at.Truncate(24*time.Hour)
		stay[at] = stay[at] || i == 0 || !hours[hour] && len(hours) < keepHourly || !days[day] && len(days) < keepDaily
		if len(hours) < keepHourly {
			hours[hour] = true
		}
		if len(days) < keepDaily {
			days[day] = true
		}
	}
	var remove []string
	for _, name := range names {
		at, known := takenAt(name)
		if !known || !IsThinned(name) || stay[at] || len(newest) == 0 || !at.Before(newest[0]) {
			continue // a manifest newer than every copy belongs to one in progress
		}
		remove = append(remove, name)
	}
	slices.SortFunc(remove, func(a, b string) int { // a copy goes before its manifest
		switch {
		case isFullManifest(a) == isFullManifest(b):
			return 0
		case isFullManifest(b):
			return -1
		}
		return 1
	})
	return remove
}

func newestFirst(copies map[time.Time]bool) (all []time.Time) {
	for at := range copies {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b time.Time) int { return b.Compare(a) })
	return all
}

// IsThinned reports whether an object belongs to a folder of copies that are
// removed when they are old.
func IsThinned(name string) bool {
	return path.Dir(name) == FullFolder || path.Dir(name) == StudioFolder
}

// Thin removes what is expendable in a folder of copies. verified names the
// newest copy read back whole; "": none is known. A place unable to
// remove keeps everything.
func Thin(ctx context.Context, place bucket.Reader, folder, verified string) error {
	remover, able := place.(bucket.Remover)
	if !able {
		return nil
	}
	names, err := place.List(ctx, folder)
	if err != nil {
		return err
	}
	var failed error
	for _, name := range Expendable(names, verified) {
		if err := remover.Remove(ctx, name); err != nil && !errors.Is(err, bucket.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

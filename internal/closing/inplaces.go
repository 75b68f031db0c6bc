package closing

import (
	"context"
	"path"

	"extrato/internal/books"
	"extrato/internal/places"
	"extrato/internal/store"
)

// inPlaces knows the states of backups in the other places.
type inPlaces struct {
	places  *places.Places
	records map[string][]store.ObjectCopy // by the folder of the backup
}

// readPlaces reads the records of the copies of one month's backups in
// other places, of all months' if it is zero.
func (c *Closer) readPlaces(ctx context.Context, tx *store.Tx, month books.Month) (inPlaces, error) {
	e := inPlaces{c.Places, map[string][]store.ObjectCopy{}}
	if len(c.Places.Names()) == 0 {
		return e, nil
	}
	all, err := tx.MonthCopies(ctx, month)
	for _, rec := range all {
		folder := path.Dir(rec.Object)
		e.records[folder] = append(e.records[folder], rec)
	}
	return e, err
}

// of returns a backup's state in each place.
func (p inPlaces) of(file string) []places.State {
	return p.places.Of(p.records[path.Dir(file)], file)
}

// ofMonth returns for each place the worse state of a month's newest copy and
// its statement's; nil without any.
func (p inPlaces) ofMonth(copies []store.Backup, last store.MonthHead) (worst []places.State) {
	if n := len(copies); n > 0 {
		worst = p.of(copies[n-1].File)
	}
	if last.HasStatement() && last.BackupFile != "" {
		worst = places.Worst(worst, p.of(last.BackupFile))
	}
	return worst
}

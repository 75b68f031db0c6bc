package recovery

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// Check reads what is kept, every byte, and returns a sentence on each object that
// is not as it was written or is of another history than the database's.
func (k *Keeper) Check(ctx context.Context) (problems []string, err error) {
	err = k.within(ctx, func() error {
		var found []string // a call that hangs may still write to it
		entries, latest, err := k.chain(ctx)
		if err == nil {
			found, err = k.checkRegister(ctx, entries, latest)
		}
		if err != nil {
			return err
		}
		studios, err := k.checkStudios(ctx)
		problems = slices.Concat(found, studios)
		return err
	})
	if err != nil {
		return nil, unkept(err)
	}
	return problems, nil
}

func (k *Keeper) checkRegister(ctx context.Context, entries []books.ChainEntry, latest map[books.Month]int64) (problems []string, err error) {
	wanted := map[string]object{}
	for _, o := range objects(entries, latest) {
		wanted[o.name()] = o
	}
	names, err := k.Backups.Bucket.List(ctx, registerFolder)
	for _, name := range names {
		seq, _, ours := parseRegister(name)
		o, known := wanted[name]
		switch {
		case !ours:
		case !known && seq > int64(len(entries)):
			problems = append(problems, fmt.Sprintf("%s is later than the last entry of this database, %d: it may have been put back from an older copy", name, len(entries)))
		case !known:
			problems = append(problems, fmt.Sprintf("%s is none of this database's", name))
		default:
			whole, err := k.isWhole(ctx, o)
			if err != nil {
				return problems, err
			}
			if !whole {
				problems = append(problems, name+" is not what this database holds")
			}
		}
	}
	return problems, err
}

// isWhole reports whether an object holds what the database does. An entry changed
// in the database is the audit's to tell.
func (k *Keeper) isWhole(ctx context.Context, o object) (bool, error) {
	want, err := k.encode(ctx, o)
	if err != nil {
		if books.AsError(err).Kind == books.Integrity {
			return true, nil
		}
		return false, err
	}
	got, err := readAll(ctx, k.Backups.Bucket, o.name())
	return bytes.Equal(want, got), err
}

func (k *Keeper) checkStudios(ctx context.Context) (problems []string, err error) {
	names, err := studioNames(ctx, k.Backups.Bucket)
	for _, name := range names {
		got, err := sumOf(ctx, k.Backups.Bucket, name.String())
		if err != nil {
			return problems, err
		}
		if got.String() != name.Sum {
			problems = append(problems, name.String()+" is not as it was written")
		}
	}
	return problems, err
}

// chain returns the chain and the last entry that decides about each month.
func (k *Keeper) chain(ctx context.Context) (entries []books.ChainEntry, latest map[books.Month]int64, err error) {
	err = k.Store.Read(ctx, func(tx *store.Tx) error {
		entries, err = tx.ChainEntries(ctx)
		return err
	})
	latest = map[books.Month]int64{}
	for _, e := range entries {
		if e.Action.Decides() {
			latest[e.Month] = e.Seq
		}
	}
	return entries, latest, err
}

// objects are those that a chain needs in the register.
func objects(entries []books.ChainEntry, latest map[books.Month]int64) (all []object) {
	for _, e := range entries {
		switch {
		case e.Seq < 1: // no entry of the program's
		case isAlone(e):
			all = append(all, object{e, latest[e.Month] == e.Seq, true}, object{entry: e})
		default:
			all = append(all, object{entry: e})
		}
	}
	return all
}

// studioNames returns the copies of the studio, oldest first.
func studioNames(ctx context.Context, r bucket.Reader) ([]studioName, error) {
	list, err := r.List(ctx, backup.StudioFolder)
	var names []studioName
	for _, name := range list { // sorted by time
		if n, ok := parseStudio(name); ok {
			names = append(names, n)
		}
	}
	return names, err
}

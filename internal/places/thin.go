package places

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// thin removes old copies of the running month from a place, if it can remove: a
// folder can, a bucket has a rule of its own for them. backup.Expendable decides;
// it knows no statement's backup, and keeps the newest proved copy. What the backup
// folder still holds stays.
func (p *Places) thin(ctx context.Context, place bucket.Place, objects []string, known map[string]store.ObjectCopy) error {
	remover, able := place.(bucket.Remover)
	if !able {
		return nil
	}
	for _, object := range expendable(known) {
		if slices.Contains(objects, object) {
			continue
		}
		err := p.within(ctx, place, 0, func(ctx context.Context) error {
			err := remover.Remove(ctx, known[object].Name)
			if errors.Is(err, bucket.ErrNotExist) {
				err = nil
			}
			return unready(place, err)
		})
		if err == nil {
			err = p.forget(ctx, place, object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expendable returns the removable objects of a place, files before manifests. A
// copy that is not proved is no reason to remove another.
func expendable(known map[string]store.ObjectCopy) (all []string) {
	copies, doubtful := map[string][]string{}, map[string]bool{} // by their common name: a file and its manifest
	for object, rec := range known {
		if name, _, _ := strings.Cut(object, "."); backup.IsThinned(object) {
			doubtful[name] = doubtful[name] || !Proved(rec.State)
			if rec.Name != "" {
				copies[name] = append(copies[name], object)
			}
		}
	}
	proved := map[string][]string{} // by folder
	for name, objects := range copies {
		if !doubtful[name] {
			proved[path.Dir(name)] = append(proved[path.Dir(name)], objects...)
		}
	}
	for _, objects := range proved {
		all = append(all, backup.Expendable(objects, "")...)
	}
	for name, objects := range copies {
		if doubtful[name] {
			beside := backup.Expendable(slices.Concat(proved[path.Dir(name)], objects), "")
			all = append(all, slices.DeleteFunc(beside, func(object string) bool { return !slices.Contains(objects, object) })...)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a, b)) })
	return all
}

// forget removes a record.
func (p *Places) forget(ctx context.Context, place bucket.Place, object string) error {
	return p.Store.Write(ctx, func(tx *store.Tx) error { return tx.ForgetObjectCopy(ctx, place.String(), object) })
}

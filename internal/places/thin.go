package places

import (
	"context"
	"errors"
	"path"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// thin removes old copies of the running month from a place, if it can remove: a
// folder can, a bucket has a rule of its own for them. backup.Expendable decides;
// it knows no statement's backup. What the backup folder still holds stays, and
// so does the newest copy that was proved in the place.
func (p *Places) thin(ctx context.Context, place bucket.Place, objects []string, known map[string]store.ObjectCopy) error {
	remover, able := place.(bucket.Remover)
	if !able {
		return nil
	}
	names, newest := map[string][]string{}, map[string]string{} // by folder
	for object, rec := range known {
		if folder := path.Dir(object); rec.Name != "" && backup.IsThinned(object) {
			names[folder] = append(names[folder], object)
			if Proved(rec.State) && rank(object) > 0 {
				newest[folder] = max(newest[folder], object)
			}
		}
	}
	for folder, of := range names {
		for _, object := range backup.Expendable(of, newest[folder]) {
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
	}
	return nil
}

// forget removes a record.
func (p *Places) forget(ctx context.Context, place bucket.Place, object string) error {
	return p.Store.Write(ctx, func(tx *store.Tx) error { return tx.ForgetObjectCopy(ctx, place.String(), object) })
}

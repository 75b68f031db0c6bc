package backup

import (
	"context"
	"errors"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

// readBack proves the copy just written.
func (b *Backups) readBack(ctx context.Context, written Manifest) (Manifest, error) {
	proved, err := b.prove(ctx, written.Month, written.Copy, nil)
	if errors.Is(err, bucket.ErrNotExist) {
		err = corruptf("the backup is gone right after it was written").Because(err)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("read back %s: %w", written.File, err)
	}
	if proved.SHA256 != written.SHA256 {
		return Manifest{}, corruptf("%s was replaced while it was read back", written.File)
	}
	return proved, nil
}

// provedAlready proves copy n again if its manifest agrees with m.
func (b *Backups) provedAlready(ctx context.Context, n int, m Manifest) (Manifest, bool) {
	if n == 0 {
		return Manifest{}, false
	}
	if there, err := b.manifest(ctx, m.Month, n); err != nil || there.SHA256 != m.SHA256 || there.Salt != m.Salt {
		return Manifest{}, false
	}
	there, err := b.prove(ctx, m.Month, n, nil)
	return there, err == nil
}

// prove reads a copy back, every byte and every row, and returns its manifest
// if the two agree exactly. keep, if set, gets each row before the whole copy
// is proved.
func (b *Backups) prove(ctx context.Context, month books.Month, n int, keep func(books.Row)) (Manifest, error) {
	m, err := b.manifest(ctx, month, n)
	if err != nil {
		return m, err
	}
	file, err := b.Bucket.Open(ctx, m.File)
	if err != nil {
		return m, err
	}
	defer file.Close()
	return m, m.readThrough(bucket.WhileWanted(ctx, file), keep)
}

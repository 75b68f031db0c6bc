package recovery

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
)

// CheckFolder refuses to bring the source's objects into a folder that holds
// another object of the same name (kind Integrity), and changes nothing.
func (s *Source) CheckFolder(ctx context.Context, folder bucket.Reader) error {
	_, err := s.lacking(ctx, folder)
	return err
}

// Bring copies the objects that the folder of the backups lacks, but for copies of
// whole databases, and returns how many. It overwrites nothing, and fails as CheckFolder
// does before the first one. After a kill it goes on where it ended.
func (s *Source) Bring(ctx context.Context, folder bucket.Bucket) (int, error) {
	names, err := s.lacking(ctx, folder)
	for _, name := range names {
		if err == nil {
			err = s.bring(ctx, folder, name)
		}
	}
	return len(names), err
}

// lacking returns the objects that a folder lacks.
func (s *Source) lacking(ctx context.Context, folder bucket.Reader) ([]string, error) {
	folders, err := s.from.Folders(ctx)
	if err != nil {
		return nil, unreadable(s.from, err)
	}
	var lacking []string
	for _, f := range folders {
		if f == backup.FullFolder {
			continue
		}
		names, err := s.from.List(ctx, f)
		if err != nil {
			return nil, unreadable(s.from, err)
		}
		there, err := folder.List(ctx, f)
		if err != nil {
			return nil, unreadable(folder, err)
		}
		for _, name := range names {
			if _, is := slices.BinarySearch(there, name); !is {
				lacking = append(lacking, name)
			} else if err := s.compare(ctx, folder, name); err != nil {
				return nil, err
			}
		}
	}
	return lacking, nil
}

// compare refuses two objects of one name with different bytes.
func (s *Source) compare(ctx context.Context, folder bucket.Reader, name string) error {
	mine, err := sumOf(ctx, s.from, name)
	if err != nil {
		return unreadable(s.from, err)
	}
	there, err := sumOf(ctx, folder, name)
	if err != nil {
		return unreadable(folder, err)
	}
	if mine != there {
		return books.Integrityf("folder_differs", "%s holds another %s than %s", folder, name, s.from).
			WithHint("nothing was written; move it out of %s and keep it, or let EXTRATO_BACKUPS name a new folder", folder)
	}
	return nil
}

func sumOf(ctx context.Context, r bucket.Reader, name string) (sum books.Fingerprint, err error) {
	in, err := r.Open(ctx, name)
	if err != nil {
		return sum, err
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, bucket.WhileWanted(ctx, in)); err != nil {
		return sum, fmt.Errorf("read %s: %w", name, err)
	}
	h.Sum(sum[:0])
	return sum, nil
}

func (s *Source) bring(ctx context.Context, folder bucket.Bucket, name string) error {
	in, err := s.from.Open(ctx, name)
	if err != nil {
		return unreadable(s.from, err)
	}
	defer in.Close()
	staged, err := folder.Stage(ctx, name)
	if err != nil {
		return unwritable(folder, err)
	}
	defer staged.Discard()
	if _, err := io.Copy(staged, bucket.WhileWanted(ctx, in)); err != nil {
		return unwritable(folder, fmt.Errorf("bring %s: %w", name, err))
	}
	if err := staged.Commit(ctx, name); err != nil && !errors.Is(err, bucket.ErrExists) {
		return unwritable(folder, err)
	}
	s.step("object brought")
	return nil
}

func unwritable(folder bucket.Reader, err error) error {
	var known *books.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return books.Refusedf("backups_unwritable", "the backups cannot be brought to %s", folder).
		WithHint("make room or let extrato write it, then run this again: it goes on where it ended").Because(err)
}

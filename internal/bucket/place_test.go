package bucket_test

import (
	"path/filepath"
	"testing"

	"extrato/internal/bucket"
	"extrato/internal/bucket/buckettest"
)

func TestFolder_as_a_place(t *testing.T) {
	buckettest.RunPlace(t, func(t *testing.T) bucket.Place {
		return bucket.NewFolderPlace(filepath.Join(t.TempDir(), "copies"), nil)
	})
}

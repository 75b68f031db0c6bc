package bucket_test

import (
	"strings"
	"testing"

	"extrato/internal/bucket/buckettest"
	"extrato/internal/bucket/s3test"
)

func TestS3_that_is_full_is_named_and_keeps_what_it_has(t *testing.T) {
	s := s3test.StartIn(t, tmpfs(t, "size=6m"))
	name := s.NewBucket(t)
	p := openPlace(t, s.Setting(name, "studio"))
	put(t, p, csv, "rows")
	_, err := buckettest.Put(t.Context(), p, "2025_10/large.csv", strings.Repeat("rows ", 2_000_000))
	wantError(t, err, "place_refused", "it is full")
	wantOne(t, s, name, "rows")
	if names, err := p.List(t.Context(), "2025_10"); err != nil || len(names) != 1 {
		t.Errorf("the place lists %q, %v", names, err)
	}
	put(t, p, "2025_10/small.csv", "small")
}

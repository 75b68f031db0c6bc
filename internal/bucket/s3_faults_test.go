package bucket_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/bucket/buckettest"
	"extrato/internal/bucket/s3test"
)

// faulty is a place behind a Front.
func faulty(t *testing.T) (*s3test.Server, *s3test.Front, string, bucket.Place) {
	t.Helper()
	s := s3test.Start(t)
	f := s3test.Proxy(t, s)
	name := s.NewBucket(t)
	return s, f, name, openPlace(t, f.Setting(name, "studio"))
}

// wantOne fails unless the object is there in exactly one version.
func wantOne(t *testing.T, s *s3test.Server, name, content string) {
	t.Helper()
	if all := s.Versions(t, name, "studio/"+csv); len(all) != 1 {
		t.Errorf("%d versions, want 1", len(all))
		return
	}
	if got := s.Read(t, name, "studio/"+csv); got != content {
		t.Errorf("the store holds %q", got)
	}
}

func TestS3_answer_lost_after_storing_is_found_by_the_next_put(t *testing.T) {
	for name, lost := range map[string]int{"the SDK tries again": 1, "the caller tries again": 3} {
		t.Run(name, func(t *testing.T) {
			s, f, name, p := faulty(t)
			f.LoseAnswers(lost)
			version, err := buckettest.Put(t.Context(), p, csv, "rows")
			if lost == 3 {
				wantError(t, err, "place_unreachable", "")
				version = put(t, p, csv, "rows")
			} else if err != nil {
				t.Fatal(err)
			}
			wantOne(t, s, name, "rows")
			if got, err := readVersion(p, csv, version); err != nil || got != "rows" {
				t.Errorf("%q, %v", got, err)
			}
			if _, err := buckettest.Put(t.Context(), p, csv, "other"); !errors.Is(err, bucket.ErrExists) {
				t.Errorf("other bytes: %v, want ErrExists", err)
			}
		})
	}
}

func TestS3_request_that_arrives_twice_stores_once(t *testing.T) {
	s, f, name, p := faulty(t)
	f.Repeat(1)
	put(t, p, csv, "rows")
	wantOne(t, s, name, "rows")
}

func TestS3_fault_of_the_store_is_tried_again(t *testing.T) {
	s, f, name, p := faulty(t)
	f.Refuse(2)
	put(t, p, csv, "rows")
	wantOne(t, s, name, "rows")
	f.Refuse(3)
	_, err := buckettest.Put(t.Context(), p, "2025_10/b.csv", "rows")
	if wantError(t, err, "place_unreachable", "a fault of its own"); f.Puts() != 6 {
		t.Errorf("%d requests, want 3 and 3", f.Puts())
	}
}

func TestS3_that_is_cut_off_is_named_and_comes_back(t *testing.T) {
	s, f, name, p := faulty(t)
	f.Cut()
	_, err := buckettest.Put(t.Context(), p, csv, "rows")
	wantError(t, err, "place_unreachable", "nothing answers")
	_, err = p.Open(t.Context(), csv)
	wantError(t, err, "place_unreachable", "nothing answers")
	_, err = p.List(t.Context(), "2025_10")
	wantError(t, err, "place_unreachable", "nothing answers")
	f.Mend()
	if all := s.Versions(t, name, "studio/"+csv); len(all) != 0 {
		t.Errorf("%d versions", len(all))
	}
	put(t, p, csv, "rows")
	wantOne(t, s, name, "rows")
}

func TestS3_that_hangs_is_given_up(t *testing.T) {
	s, f, name, p := faulty(t)
	bucket.SetStall(p, 300*time.Millisecond)
	f.Hang()
	_, err := buckettest.Put(t.Context(), p, csv, "rows")
	wantError(t, err, "place_unreachable", "in time")
	_, err = p.Open(t.Context(), csv)
	wantError(t, err, "place_unreachable", "in time")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	bucket.SetStall(p, time.Hour)
	var explained *books.Error
	if _, err := buckettest.Put(ctx, p, csv, "rows"); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &explained) {
		t.Errorf("%v, want the caller's own end", err)
	}
	f.Mend()
	put(t, openPlace(t, f.Setting(name, "studio")), csv, "rows")
	wantOne(t, s, name, "rows")
}

// A transfer may take as long as it needs, as long as bytes move.
func TestS3_over_a_slow_line_takes_its_time(t *testing.T) {
	s, f, name, p := faulty(t)
	bucket.SetStall(p, 5*time.Second)
	f.Narrow("4000")
	f.Slow("50")
	content := strings.Repeat("rows ", 800_000)
	version := put(t, p, csv, content)
	if got, err := readVersion(p, csv, version); err != nil || got != content {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	wantOne(t, s, name, content)
}

func TestS3_answer_that_ends_in_the_middle_is_an_error_of_the_place(t *testing.T) {
	_, f, _, p := faulty(t)
	put(t, p, csv, strings.Repeat("rows ", 4_000_000)) // more than the buffers between
	for says, fault := range map[string]func(){"connection broke": f.Cut, "in time": f.Hang} {
		bucket.SetStall(p, 2*time.Second)
		r, err := p.Open(t.Context(), csv)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		fault()
		_, err = io.Copy(io.Discard, r)
		wantError(t, err, "place_unreachable", says)
		r.Close()
		f.Mend()
	}
}

// A store that ignores the condition: no real one at hand does.
func TestS3_store_that_would_overwrite_is_refused(t *testing.T) {
	s3test.Start(t) // for its credentials
	puts := 0
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			puts++
		}
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(store.Close)
	err := openPlace(t, "s3://studio?endpoint="+store.URL).Probe(t.Context())
	if wantError(t, err, "place_overwrites", "If-None-Match"); puts != 2 {
		t.Errorf("%d objects were put, want 2", puts)
	}

	p := openPlace(t, "s3://studio?endpoint="+store.URL)
	_, err = p.Put(t.Context(), csv, strings.NewReader("rows"), 4, sha256.Sum256([]byte("other")), time.Time{})
	if err == nil || puts != 2 {
		t.Errorf("bytes that are not as announced were sent: %v", err)
	}
}

package bucket_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/bucket/buckettest"
	"extrato/internal/bucket/s3test"
)

func openPlace(t *testing.T, setting string) bucket.Place {
	t.Helper()
	p, err := bucket.OpenPlace(setting, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestS3_with_versions(t *testing.T) {
	s := s3test.Start(t)
	buckettest.RunPlace(t, func(t *testing.T) bucket.Place { return openPlace(t, s.Setting(s.NewBucket(t), "studio/one")) })
}

func TestS3_without_versions_and_prefix(t *testing.T) {
	s := s3test.Start(t)
	buckettest.RunPlace(t, func(t *testing.T) bucket.Place { return openPlace(t, s.Setting(s.NewPlainBucket(t), "")) })
}

const csv = "2025_10/backup_2025_10.csv"

func put(t *testing.T, p bucket.Place, name, content string) string {
	t.Helper()
	version, err := buckettest.Put(t.Context(), p, name, content)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func readVersion(p bucket.Place, name, version string) (string, error) {
	r, err := p.OpenVersion(context.Background(), name, version)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

func TestS3_names_a_hidden_an_altered_and_a_missing_object(t *testing.T) {
	s := s3test.Start(t)
	name := s.NewBucket(t)
	p := openPlace(t, s.Setting(name, "studio"))
	key := "studio/" + csv

	version := put(t, p, csv, "rows")
	s.Hide(t, name, key)
	if _, err := readVersion(p, csv, version); !errors.Is(err, bucket.ErrHidden) {
		t.Errorf("below a delete marker: %v, want ErrHidden", err)
	}
	if _, err := p.Open(t.Context(), csv); !errors.Is(err, bucket.ErrHidden) {
		t.Errorf("open below a delete marker: %v, want ErrHidden", err)
	}
	again, err := buckettest.Put(t.Context(), p, csv, "rows")
	if errors.Is(err, bucket.ErrHidden) { // this store does not put over a marker: its owner removes it
		marker := s.Versions(t, name, key)[0]
		if _, err := s.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: &key, VersionId: &marker}); err != nil {
			t.Fatal(err)
		}
		again = put(t, p, csv, "rows")
	} else if err != nil {
		t.Fatal(err)
	}
	if got, err := readVersion(p, csv, again); err != nil || got != "rows" {
		t.Errorf("put again over the marker: %q, %v", got, err)
	}

	over := s.PutOver(t, name, key, "other rows")
	if _, err := readVersion(p, csv, again); !errors.Is(err, bucket.ErrHidden) {
		t.Errorf("below a later version: %v, want ErrHidden", err)
	}
	if got, err := readVersion(p, csv, over); err != nil || got != "other rows" {
		t.Errorf("the later version: %q, %v", got, err)
	}
	if _, err := buckettest.Put(t.Context(), p, csv, "rows"); !errors.Is(err, bucket.ErrExists) {
		t.Errorf("put where others put over: %v, want ErrExists", err)
	}

	if err := os.WriteFile(filepath.Join(s.Data, name, key), []byte("Other rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readVersion(p, csv, over); err != nil || got != "Other rows" {
		t.Errorf("an altered object must come as it is, for the reader to compare: %q, %v", got, err)
	}

	for _, v := range s.Versions(t, name, key) {
		if _, err := s.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: &key, VersionId: &v}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := readVersion(p, csv, over); !errors.Is(err, bucket.ErrNotExist) || errors.Is(err, bucket.ErrHidden) {
		t.Errorf("a removed object: %v, want ErrNotExist", err)
	}
}

func TestS3_knows_whether_requests_leave_the_machine_in_clear(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"": false, "&endpoint=https://nas.example": false, "&endpoint=http://nas.example:9000": true, "&endpoint=http://192.168.0.7": true,
		"&endpoint=http://localhost:9000": false, "&endpoint=http://127.0.0.2:9000": false, "&endpoint=http://[::1]:9000": false, "&endpoint=http://[fd00::7]:9000": true,
	} {
		if got := bucket.InClear(openPlace(t, "s3://studio?region=x"+endpoint)); got != want {
			t.Errorf("%q: %v", endpoint, got)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://nas.example")
	if !bucket.InClear(openPlace(t, "s3://studio?region=x")) {
		t.Error("an endpoint from the environment is not seen")
	}
	if bucket.InClear(bucket.NewFolderPlace(t.TempDir(), nil)) {
		t.Error("a folder is reached in clear")
	}
}

func TestS3_locks_objects_and_extends_the_lock(t *testing.T) {
	s := s3test.Start(t)
	name := s.NewBucket(t)
	p := openPlace(t, s.Setting(name, "")+"&lock=2")
	if got := bucket.Locks(p); got != 48*time.Hour {
		t.Fatalf("locks for %v", got)
	}
	if err := p.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(bucket.Locks(p)).Truncate(time.Second)
	version, err := p.Put(t.Context(), csv, strings.NewReader("rows"), 4, sha256.Sum256([]byte("rows")), until)
	if err != nil {
		t.Fatal(err)
	}
	key := csv
	remove := func() error {
		_, err := s.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: &key, VersionId: &version})
		return err
	}
	held := func() time.Time {
		head, err := s.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &name, Key: &key, VersionId: &version})
		if err != nil || head.ObjectLockRetainUntilDate == nil {
			t.Fatalf("no lock: %v", err)
		}
		return *head.ObjectLockRetainUntilDate
	}
	if err := remove(); err == nil {
		t.Fatal("the administrator removed a locked version")
	}
	if !held().Equal(until) {
		t.Errorf("held until %v, want %v", held(), until)
	}
	for _, step := range []struct{ until, want time.Time }{
		{until.Add(time.Hour), until.Add(time.Hour)},
		{until, until.Add(time.Hour)}, // never earlier
		{until.Add(time.Hour), until.Add(time.Hour)},
	} {
		if err := p.Retain(t.Context(), csv, version, step.until); err != nil {
			t.Fatal(err)
		}
		if !held().Equal(step.want) {
			t.Errorf("held until %v, want %v", held(), step.want)
		}
	}
	if got, err := readVersion(p, csv, version); err != nil || got != "rows" {
		t.Errorf("%q, %v", got, err)
	}
}

// wantError fails unless err is of this code, has a remedy, and shows no secret.
func wantError(t *testing.T, err error, code, says string) {
	t.Helper()
	e := books.AsError(err)
	if err == nil || e.Code != code || e.Hint == "" || !strings.Contains(err.Error()+" "+e.Hint, says) {
		t.Errorf("%v (hint %q), want code %s and %q", err, hint(err), code, says)
	}
	for _, secret := range []string{s3test.SecretKey, "studio-secret", "Signature=", "hunter2"} {
		if strings.Contains(err.Error()+hint(err), secret) {
			t.Errorf("%v shows %q", err, secret)
		}
	}
}

func hint(err error) string {
	if err == nil {
		return ""
	}
	return books.AsError(err).Hint
}

func TestS3_says_who_can_mend_what(t *testing.T) {
	s := s3test.Start(t)
	name, plain := s.NewBucket(t), s.NewPlainBucket(t)
	probe := func(setting string) error { return openPlace(t, setting).Probe(t.Context()) }

	wantError(t, probe(s.Setting("no-such-bucket", "")), "place_refused", "no bucket no-such-bucket")
	wantError(t, probe(strings.Replace(s.Setting(name, ""), "us-east-1", "eu-west-9", 1)), "place_refused", "region")
	if err := probe(s.Setting(plain, "")); err != nil { // the lock is tried by whoever asks for it later
		t.Error(err)
	}
	wantError(t, probe(s.Setting(plain, "")+"&lock=3"), "place_refused", "cannot lock")
	wantError(t, probe("s3://abc?endpoint=http://127.0.0.1:1"), "place_unreachable", "nothing answers")
	wantError(t, probe("s3://abc?endpoint=http://no-such-host.invalid"), "place_unreachable", "no-such-host.invalid")
	speaksHTTP, untrusted := httptest.NewServer(http.NotFoundHandler()), httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(speaksHTTP.Close)
	t.Cleanup(untrusted.Close)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	wantError(t, probe("s3://abc?endpoint="+strings.Replace(speaksHTTP.URL, "http:", "https:", 1)), "place_unreachable", "TLS")
	wantError(t, probe("s3://abc?endpoint="+untrusted.URL), "place_unreachable", "certificate")

	for _, v := range s.NewUser(t, "studio") {
		t.Setenv(v[0], v[1])
	}
	wantError(t, probe(s.Setting(name, "")), "place_refused", "the key may not")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	wantError(t, probe(s.Setting(name, "")), "place_refused", "secret is another")
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
	wantError(t, probe(s.Setting(name, "")), "place_refused", "does not know the key")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	wantError(t, probe(s.Setting(name, "")), "place_refused", "there is no key")
	s.Stop()
}

func TestOpenPlace_refuses_misspelled_settings(t *testing.T) {
	for setting, says := range map[string]string{
		"s3://":                                    "no bucket",
		"s3://ab":                                  "no bucket",
		"s3://Studio":                              "no bucket",
		"s3://key:hunter2@studio/x":                "AWS_ACCESS_KEY_ID",
		"s3://studio?lok=3":                        `"lok" is no option`,
		"s3://studio?lock=0":                       "lock is no number",
		"s3://studio?lock=3d":                      "lock is no number",
		"s3://studio?lock=36501":                   "lock is no number",
		"s3://studio?lock=":                        "without a value",
		"s3://studio?region=a&region=b":            "twice",
		"s3://studio?endpoint=localhost:9000":      "the endpoint is no address",
		"s3://studio?endpoint=http://k:hunter2@h/": "the endpoint is no address",
		"s3://studio/a/../b":                       "prefix",
		"s3://studio/a//b":                         "prefix",
		"s3://studio/a#b":                          "#",
		"s3://studio/%zz":                          "no URL",
		"S3//studio":                               "",
		"gs://studio":                              "neither a folder nor s3://",
		"https://studio.s3.amazonaws.com":          "neither a folder nor s3://",
	} {
		_, err := bucket.OpenPlace(setting, nil)
		if says == "" {
			if err != nil {
				t.Errorf("%s: %v", setting, err)
			}
			continue
		}
		wantError(t, err, "place_setting", says)
	}
}

func TestS3_says_that_a_bucket_keeps_no_versions(t *testing.T) {
	s := s3test.Start(t)
	for name, want := range map[string]bool{s.NewBucket(t): false, s.NewPlainBucket(t): true} {
		var said []string
		p, err := bucket.OpenPlace(s.Setting(name, ""), func(text string) { said = append(said, text) })
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(said, " "), "no versions"); got != want {
			t.Errorf("%s: said %q", name, said)
		}
	}
}

func TestS3_is_named_without_secrets(t *testing.T) {
	if got := openPlace(t, "s3://studio/a/?endpoint=https://s3.example.com/&region=x").String(); got != "s3://studio/a (https://s3.example.com)" {
		t.Error(got)
	}
	if got := openPlace(t, "s3://studio").String(); got != "s3://studio" {
		t.Error(got)
	}
}

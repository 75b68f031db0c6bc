package s3test

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Client returns the administrator's client: it may also what the program may
// not, such as hiding and removing objects.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.Endpoint), UsePathStyle: true, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

// NewBucket makes a bucket with versions and object lock and returns its name.
func (s *Server) NewBucket(t testing.TB) string {
	t.Helper()
	name := s.newBucket(t, true)
	_, err := s.Client().PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// NewPlainBucket makes a bucket without versions and object lock and returns
// its name.
func (s *Server) NewPlainBucket(t testing.TB) string {
	t.Helper()
	return s.newBucket(t, false)
}

func (s *Server) newBucket(t testing.TB, lock bool) string {
	t.Helper()
	s.made++
	name := fmt.Sprintf("studio-%d", s.made)
	if _, err := s.Client().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: &lock}); err != nil {
		t.Fatal(err)
	}
	return name
}

// Hide puts a delete marker over an object, as a deletion without version does.
func (s *Server) Hide(t testing.TB, bucket, key string) {
	t.Helper()
	if _, err := s.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
}

// PutOver puts another object under the name, without asking whether it is
// taken, and returns the new version.
func (s *Server) PutOver(t testing.TB, bucket, key, content string) string {
	t.Helper()
	put, err := s.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(put.VersionId)
}

// Read returns the content of an object.
func (s *Server) Read(t testing.TB, bucket, key string) string {
	t.Helper()
	got, err := s.Client().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Versions returns the versions of an object, delete markers too, the newest
// first.
func (s *Server) Versions(t testing.TB, bucket, key string) []string {
	t.Helper()
	list, err := s.Client().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &key})
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, m := range list.DeleteMarkers {
		if aws.ToString(m.Key) == key {
			versions = append(versions, aws.ToString(m.VersionId))
		}
	}
	for _, v := range list.Versions {
		if aws.ToString(v.Key) == key {
			versions = append(versions, aws.ToString(v.VersionId))
		}
	}
	return versions
}

// NewUser makes a user without any right, and returns the variables with its
// credentials. A bucket's policy names it by its access key.
func (s *Server) NewUser(t testing.TB, access string) [][2]string {
	t.Helper()
	secret := access + "-secret"
	made := exec.CommandContext(t.Context(), s.program, "admin", //nolint:gosec // a test's own words
		"--access", AccessKey, "--secret", SecretKey, "--endpoint-url", s.Endpoint,
		"create-user", "--access", access, "--secret", secret, "--role", "user")
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("new user: %v: %s", err, out)
	}
	return environment(access, secret)
}

// SetPolicy replaces a bucket's policy.
func (s *Server) SetPolicy(t testing.TB, bucket, policy string) {
	t.Helper()
	if _, err := s.Client().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy}); err != nil {
		t.Fatal(err)
	}
}

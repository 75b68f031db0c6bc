package bucket_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"extrato/internal/bucket"
	"extrato/internal/bucket/buckettest"
	"extrato/internal/bucket/s3test"
)

// documented returns the policy in docs/copies.md, for this bucket and user.
func documented(t *testing.T, name, user string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/copies.md")
	if err != nil {
		t.Fatal(err)
	}
	policy := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)
	if policy == nil {
		t.Fatal("docs/copies.md has no policy")
	}
	return strings.NewReplacer("arn:aws:iam::111122223333:user/extrato", user, "studio-backups", name).Replace(string(policy[1]))
}

func TestS3_documented_rights_suffice_and_cannot_delete(t *testing.T) {
	s := s3test.Start(t)
	user := s.NewUser(t, "studio")
	var name string
	as := func(setting string) bucket.Place {
		for _, v := range user {
			t.Setenv(v[0], v[1])
		}
		return openPlace(t, setting)
	}
	buckettest.RunPlace(t, func(t *testing.T) bucket.Place {
		name = s.NewBucket(t)
		s.SetPolicy(t, name, documented(t, name, "studio"))
		return as(s.Setting(name, "extrato"))
	})
	p := as(s.Setting(name, "extrato"))
	version := put(t, p, csv, "rows")
	key := "extrato/" + csv
	theirs := s3.New(s3.Options{
		BaseEndpoint: aws.String(s.Endpoint), UsePathStyle: true, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(user[0][1], user[1][1], ""),
	})
	for what, in := range map[string]*s3.DeleteObjectInput{
		"hide": {Bucket: &name, Key: &key}, "remove": {Bucket: &name, Key: &key, VersionId: &version},
	} {
		if _, err := theirs.DeleteObject(t.Context(), in); err == nil {
			t.Errorf("the key may %s a copy", what)
		}
	}
	if _, err := theirs.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: aws.String("elsewhere.csv"), Body: strings.NewReader("x")}); err == nil {
		t.Error("the key may write outside its prefix")
	}
	if got, err := readVersion(p, csv, version); err != nil || got != "rows" {
		t.Errorf("%q, %v", got, err)
	}
}

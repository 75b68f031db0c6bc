package s3test_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"extrato/internal/bucket/s3test"
)

func TestA_server_keeps_versions_and_comes_back_with_them(t *testing.T) {
	s := s3test.Start(t)
	bucket := s.NewBucket(t)
	first := s.PutOver(t, bucket, "a/b.csv", "first")
	second := s.PutOver(t, bucket, "a/b.csv", "second")
	if first == "" || first == second {
		t.Fatalf("the versions are %q and %q", first, second)
	}
	s.Hide(t, bucket, "a/b.csv")
	s.Stop()
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if all := s.Versions(t, bucket, "a/b.csv"); len(all) != 3 {
		t.Errorf("%d versions, want 2 and a delete marker", len(all))
	}
}

func TestA_new_user_may_what_the_policy_says(t *testing.T) {
	s := s3test.Start(t)
	bucket := s.NewBucket(t)
	s.NewUser(t, "studio")
	s.SetPolicy(t, bucket, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["studio"]},"Action":["s3:PutObject"],"Resource":["arn:aws:s3:::`+bucket+`/*"]}]}`)
	got, err := s.Client().GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &bucket})
	if err != nil || !strings.Contains(*got.Policy, "studio") {
		t.Errorf("%v", err)
	}
}

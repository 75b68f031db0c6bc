package places_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/bucket/s3test"
	"extrato/internal/places"
)

// s3 adds a place in S3.
func (s *studio) s3(t *testing.T, setting string) bucket.Place {
	t.Helper()
	place, err := bucket.OpenPlace(setting, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.All = append(s.All, place)
	return place
}

// remove removes every version of an object, which the program's key may not.
func remove(t *testing.T, server *s3test.Server, name, key string) {
	t.Helper()
	for _, version := range server.Versions(t, name, key) {
		if _, err := server.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: &key, VersionId: &version}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCopies_in_S3_hidden_altered_or_removed_after_their_proof_are_found(t *testing.T) {
	server := s3test.Start(t)
	both(t, func(t *testing.T, s *studio) {
		name := server.NewBucket(t)
		place := s.s3(t, server.Setting(name, "studio"))
		s.write(t, "registro/000002.json", "[]")
		s.run(t, place, places.Options{})
		s.wantStates(t, place, allOK+", 000002.json ok")
		server.Hide(t, name, "studio/2025_10/backup_2025_10.csv")
		over := server.PutOver(t, name, "studio/2025_10/backup_2025_10.manifest.json", "{}")
		if err := os.WriteFile(filepath.Join(server.Data, name, "studio/registro/000001.json"), []byte("altered"), 0o600); err != nil {
			t.Fatal(err)
		}
		remove(t, server, name, "studio/registro/000002.json")
		s.later(31 * day)
		round := s.run(t, place, places.Options{})
		s.wantStates(t, place, "backup_2025_10.csv hidden, backup_2025_10.manifest.json hidden, 000001.json corrupt, 000002.json ok")
		if !slices.Equal(round.Lost, []string{"registro/000002.json"}) {
			t.Errorf("lost and made again: %q", round.Lost)
		}
		// What others put over it stays until the place's owner removes it.
		key := "studio/2025_10/backup_2025_10.manifest.json"
		if s.run(t, place, places.Options{All: true}); server.Read(t, name, key) != "{}" {
			t.Error("the later version was overwritten")
		}
		if _, err := server.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: &key, VersionId: &over}); err != nil {
			t.Fatal(err)
		}
		s.later(time.Hour)
		s.run(t, place, places.Options{})
		if got := s.states(t, place); !strings.Contains(got, "backup_2025_10.manifest.json ok") {
			t.Errorf("below it: %s", got)
		}
	})
}

func TestLocks_in_S3_are_extended_before_they_end(t *testing.T) {
	server := s3test.Start(t)
	both(t, func(t *testing.T, s *studio) {
		s.clock.Store(time.Now().UnixMicro()) // the server has its own
		name := server.NewBucket(t)
		place := s.s3(t, server.Setting(name, "studio")+"&lock=2")
		s.run(t, place, places.Options{})
		s.later(47 * time.Hour)
		if round := s.run(t, place, places.Options{}); round.Checked != 3 {
			t.Errorf("the round is %+v", round)
		}
		for _, object := range []string{"2025_10/backup_2025_10.csv", "registro/000001.json"} {
			head, err := server.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &name, Key: aws.String("studio/" + object)})
			if err != nil {
				t.Fatal(err)
			}
			if until := aws.ToTime(head.ObjectLockRetainUntilDate); s.now().Add(47 * time.Hour).After(until) {
				t.Errorf("%s is locked until %s only", object, until)
			}
		}
	})
}

func TestEncrypted_copies_are_proved_opened_by_each_key_and_never_doubled(t *testing.T) {
	server := s3test.Start(t)
	keys := []*age.X25519Identity{newKey(t), newKey(t)}
	both(t, func(t *testing.T, s *studio) {
		var err error
		if s.Recipients, err = bucket.ParseRecipients(keys[0].Recipient().String() + "," + keys[1].Recipient().String()); err != nil {
			t.Fatal(err)
		}
		front, name := s3test.Proxy(t, server), server.NewBucket(t)
		place := s.s3(t, front.Setting(name, "studio"))
		if err := place.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The answer about each object is lost once for good: by then it is stored.
		lost := &faulty{Place: place, put: func() func(string) error {
			seen := map[string]bool{}
			return func(object string) error {
				if !seen[object] {
					front.LoseAnswers(3)
				}
				seen[object] = true
				return nil
			}
		}()}
		for range 4 {
			if _, err = s.process().Run(t.Context(), lost, places.Options{}); err == nil {
				break
			}
			if e := books.AsError(err); e.Code != "place_unreachable" {
				t.Fatal(err)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		s.wantStates(t, place, strings.ReplaceAll(allOK, " ok", " encrypted"))
		for _, object := range []string{"2025_10/backup_2025_10.csv", "2025_10/backup_2025_10.manifest.json", "registro/000001.json"} {
			if all := server.Versions(t, name, "studio/"+object+".age"); len(all) != 1 {
				t.Errorf("%s has %d versions", object, len(all))
			}
			want, _ := os.ReadFile(filepath.Join(s.Folder, object))
			text := server.Read(t, name, "studio/"+object+".age")
			if strings.Contains(text, string(want)) {
				t.Errorf("%s can be read there", object)
			}
			for _, key := range keys {
				if got := opened(t, text, key); got != string(want) {
					t.Errorf("%s opens as %q", object, got)
				}
			}
		}
		s.later(31 * day)
		if err := os.WriteFile(filepath.Join(server.Data, name, "studio/registro/000001.json.age"), []byte("altered"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.run(t, place, places.Options{})
		s.wantStates(t, place, "backup_2025_10.csv encrypted, backup_2025_10.manifest.json encrypted, 000001.json corrupt")
	})
}

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func opened(t *testing.T, text string, key age.Identity) string {
	t.Helper()
	in, err := age.Decrypt(strings.NewReader(text), key)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	if _, err := io.Copy(&all, in); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

package closing_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"extrato/internal/bucket"
	"extrato/internal/proof"
	"extrato/internal/recovery"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestEverything_comes_back_with_the_public_keys_and_the_heads_that_others_saw(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		if _, _, err := s.ReplaceKey(t.Context(), "a troca", "cli ana"); err != nil {
			t.Fatal(err)
		}
		l, old := s.mustLog(t, store.NewestHead)
		if err := s.cosign(t, cosigner, l.Checkpoint); err != nil {
			t.Fatal(err)
		}
		s.kept(t)
		if _, _, err := s.ReplaceKey(t.Context(), "depois da cópia", "cli"); err != nil { // the studio's copy has not got it
			t.Fatal(err)
		}
		if _, err := s.keeper().Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, open := range []func(testing.TB, func() time.Time) *storetest.DB{storetest.SQLite, storetest.Postgres} {
			again := s.rebuilt(t, open)
			if _, err := again.log(t, store.NewestHead); wrong(err) != "no_signing_key" {
				t.Fatalf("a key came back with the copy: %v", err)
			}
			if a, err := again.VerifyChain(t.Context()); err != nil || !a.OK || a.Entries != 3 {
				t.Fatalf("%+v, %v", a, err)
			}
			if _, _, err := again.ReplaceKey(t.Context(), "perdida", "cli"); err != nil {
				t.Fatal(err)
			}
			l, head := again.mustLog(t, store.NewestHead)
			if head.Origin != old.Origin || len(l.Keys) != 4 || head.Size != 4 {
				t.Errorf("%+v", head)
			}
			if _, seen := again.mustLog(t, 2); len(seen.Cosigned) != 1 {
				t.Errorf("the head that was seen did not come back: %+v", seen)
			}
		}
	})
}

var cosigner = proof.NewCosigner("safetynet")

func TestEverything_comes_back_with_the_signing_keys_where_an_identity_opens_them(t *testing.T) {
	identities, recipients := ageKeys(t, 3)
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		if _, _, err := s.ReplaceKey(t.Context(), "a troca", "cli"); err != nil {
			t.Fatal(err)
		}
		l, _ := s.mustLog(t, store.NewestHead)
		s.kept(t)
		if found, err := filepath.Glob(filepath.Join(s.Folder, "chaves", "*")); err != nil || len(found) != 0 {
			t.Fatalf("keys are written without recipients: %v, %v", found, err)
		}
		keep := func(setting string, want int) {
			t.Helper()
			r, err := bucket.ParseRecipients(setting)
			must(t, err)
			k := s.keeper()
			k.Recipients = r
			for range 2 { // the second time nothing is missing
				if _, err := k.Keep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			found, err := filepath.Glob(filepath.Join(s.Folder, "chaves", "*"))
			if err != nil || len(found) != want {
				t.Errorf("%d keys are written, want %d, %v", len(found), want, err)
			}
			for _, file := range found {
				if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte("PRIVATE")) {
					t.Errorf("%s: %v, or not encrypted", file, err)
				}
			}
		}
		keep(recipients[0]+","+recipients[1], 2)
		keep(recipients[1]+" "+recipients[0], 2) // the same recipients
		keep(recipients[0]+","+recipients[2], 4)
		again := s.rebuilt(t, storetest.SQLite)
		bring := func(identity, want int) {
			t.Helper()
			keys, err := bucket.ReadIdentities(identities[identity])
			must(t, err)
			n, err := s.source(t, recovery.Options{}).BringKeys(t.Context(), again.Store(), keys)
			if err != nil || n != want {
				t.Errorf("identity %d brings %d keys, %v, want %d", identity, n, err, want)
			}
		}
		other, _ := ageKeys(t, 1)
		identities = append(identities, other[0])
		bring(len(identities)-1, 0)
		bring(2, 2)
		bring(1, 0) // they are there
		if back, err := again.log(t, store.NewestHead); err != nil || back.Checkpoint != l.Checkpoint {
			t.Errorf("the head is signed in another way, %v", err)
		}
	})
}

// ageKeys returns the files of n age keys, and their recipients.
func ageKeys(t *testing.T, n int) (files, recipients []string) {
	t.Helper()
	for i := range n {
		key, err := age.GenerateX25519Identity()
		must(t, err)
		file := filepath.Join(t.TempDir(), fmt.Sprintf("key-%d.txt", i))
		must(t, os.WriteFile(file, []byte(key.String()+"\n"), 0o600))
		files, recipients = append(files, file), append(recipients, key.Recipient().String())
	}
	return files, recipients
}

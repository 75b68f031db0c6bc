package jobs_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"extrato/internal/jobs"
	"extrato/internal/proof"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/tsa"
	"extrato/internal/tsa/tsatest"
)

// anchors returns what is kept of heads seen by others.
func anchors(t *testing.T, s *store.Store) (all []store.Anchor) {
	t.Helper()
	err := s.Read(t.Context(), func(tx *store.Tx) (err error) {
		all, err = tx.Anchors(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestThe_head_is_stamped_with_the_time_once_and_again_when_it_has_grown(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-11-02 12:00")
		fill(t, db)
		folder, authority := t.TempDir(), tsatest.New(t)
		stamps, err := tsa.Open(authority.Setting())
		if err != nil {
			t.Fatal(err)
		}
		jobTable := "river_job"
		if db.Path == "" {
			jobTable = "extrato.river_job"
		}
		// hour runs the service until it has closed so many months and has looked.
		hour := func(closed int64) {
			t.Helper()
			s := run(t, db, &now, folder, nil, func(o *jobs.Options) { o.TSA = stamps })
			await(t, "the close", func() bool { return closings(t, db) == closed })
			db.Exec(t, "DELETE FROM "+jobTable+" WHERE kind = 'watch'")
			stopped(t, s)
			s = run(t, db, &now, folder, nil, func(o *jobs.Options) { o.TSA = stamps })
			await(t, "the look", func() bool {
				return db.Int(t, "SELECT count(*) FROM "+jobTable+" WHERE kind = 'watch' AND state = 'completed'") == 1
			})
			stopped(t, s)
		}
		authority.Status = 503
		hour(1)
		if n := len(anchors(t, db.Store)); n != 0 {
			t.Fatalf("%d stamps of an authority that does not answer", n)
		}
		authority.Status = 0
		hour(1)
		asked := authority.Asked.Load()
		hour(1)
		all := anchors(t, db.Store)
		if len(all) != 1 || all[0].Size != 1 || all[0].Witness != store.TSA || authority.Asked.Load() != asked {
			t.Fatalf("%+v, asked %d times, then %d", all, asked, authority.Asked.Load())
		}
		authority.Close()
		token, err := base64.StdEncoding.DecodeString(all[0].Token)
		if err != nil {
			t.Fatal(err)
		}
		if at, err := stamps.Check(token, all[0].Note); err != nil || all[0].At.Time().Sub(at).Abs() > time.Second {
			t.Errorf("offline: %s, %v", at, err)
		}
		if _, err := proof.ParseHead(all[0].Note); err != nil || strings.Count(all[0].Note, "— ") != 1 {
			t.Errorf("%v\n%s", err, all[0].Note)
		}
	})
}

func TestEvery_message_carries_the_signed_head(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-11-02 12:00")
		fill(t, db)
		who := listen(t)
		s := run(t, db, &now, t.TempDir(), []string{who.url})
		who.await(t, "signed head", 1)
		_, text, _ := strings.Cut(who.all()[0], "signed head:")
		text = strings.TrimSpace(text) + "\n"
		var keys []proof.PublicKey
		err := s.closer.Store.Read(t.Context(), func(tx *store.Tx) error {
			known, err := tx.SigningKeys(t.Context())
			for _, k := range known {
				keys = append(keys, k.Public)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := proof.Open(text, keys...); err != nil || c.Size != 1 {
			t.Errorf("%v\n%s", err, text)
		}
		if _, _, err := s.closer.ReplaceKey(t.Context(), "troca", "cli"); err != nil {
			t.Fatal(err)
		}
		who.await(t, "chave de assinatura trocada", 1)
		db.Exec(t, "UPDATE "+db.Own("signing_keys")+" SET secret = ''") // the message goes all the same
		now.set("2025-12-02 12:00")
		who.await(t, "Extrato 2025-11: fechado", 1)
		if n := who.count("signed head"); n != 2 {
			t.Errorf("%d messages with a head", n)
		}
	})
}

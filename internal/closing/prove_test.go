package closing_test

import (
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/store"
)

func (s *studio) log(t testing.TB, atLeast int64) (l proof.Log, err error) {
	t.Helper()
	err = s.Closer.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
		l, err = tx.Log(t.Context(), atLeast)
		return err
	})
	return l, err
}

func (s *studio) mustLog(t testing.TB, atLeast int64) (proof.Log, proof.Checkpoint) {
	t.Helper()
	l, err := s.log(t, atLeast)
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.Open(l.Checkpoint, append(l.Keys, l.Cosigners...)...)
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

func (s *studio) cosign(t testing.TB, key proof.Key, checkpoint string) error {
	t.Helper()
	text, err := proof.Cosign(checkpoint, key, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s.Closer.Store.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.KeepCosignature(t.Context(), text, key.Public())
		return err
	})
}

func wrong(err error) string {
	if err == nil {
		return ""
	}
	return books.AsError(err).Code
}

func TestA_month_is_proved_without_the_database(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		for _, month := range []books.Month{september, october, september.Add(-1), september.Add(-2)} {
			made, err := s.Prove(t.Context(), month)
			if err != nil {
				t.Fatalf("%s: %v", month, err)
			}
			d, err := proof.ParseDocument(made.JSON())
			if err != nil {
				t.Fatalf("%s: %v", month, err)
			}
			v, err := d.Verify()
			if err != nil || v.Checkpoint.Size != 7 || v.Entries[0].Month != month {
				t.Errorf("%s: %+v, %v", month, v.Checkpoint, err)
			}
		}
		if _, err := s.Prove(t.Context(), november); wrong(err) != "not_closed" {
			t.Errorf("an open month: %v", err)
		}
		s.Tamper(t, `UPDATE extratos SET pagamentos = CAST(replace(CAST(pagamentos AS TEXT), ':450.00,', ':45.00,') AS JSON) WHERE mes = 10`)
		if _, err := s.Prove(t.Context(), october); wrong(err) != "statement_changed" {
			t.Errorf("a changed statement: %v", err)
		}
	})
}

func TestA_new_database_has_a_key_and_each_has_its_own(t *testing.T) {
	origins := map[string]bool{}
	both(t, func(t *testing.T, s *studio) {
		l, c := s.mustLog(t, store.NewestHead)
		if len(l.Keys) != 1 || c.Size != 0 || c.Root != proof.EmptyRoot || !strings.HasPrefix(c.Origin, "extrato/estudio-") || origins[c.Origin] {
			t.Errorf("%+v", c)
		}
		origins[c.Origin] = true
		if _, err := s.Closer.Store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again, _ := s.mustLog(t, store.NewestHead); again.Checkpoint != l.Checkpoint {
			t.Error("a migration made another key")
		}
	})
}

func TestA_key_is_replaced_by_an_entry_and_the_old_one_signs_on(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		before, old := s.mustLog(t, store.NewestHead)
		whole := s.dump(t)
		if _, _, err := s.ReplaceKey(t.Context(), " ", "cli"); wrong(err) != "no_reason" {
			t.Errorf("without a reason: %v", err)
		}
		wantSame(t, "a refusal changed something", whole, s.dump(t))
		entry, key, err := s.ReplaceKey(t.Context(), "a troca de todo ano", "cli ana")
		if err != nil || entry.Action != books.Keyed || !entry.Month.IsZero() || entry.By != "cli" {
			t.Fatalf("%+v, %v", entry, err)
		}
		l, head := s.mustLog(t, store.NewestHead)
		if len(l.Keys) != 2 || l.Keys[0].String() != key.String() || len(head.Signed) != 2 || head.Origin != old.Origin || head.Size != 2 {
			t.Errorf("%+v", head)
		}
		if _, err := proof.Open(l.Checkpoint, before.Keys...); err != nil {
			t.Errorf("who knows the old key cannot follow: %v", err)
		}
		if err := proof.CheckConsistency(old.Head, head.Head, l.Tree.Consistency(1, 2)); err != nil {
			t.Error(err)
		}
		d, err := s.Prove(t.Context(), october)
		if err != nil || len(d.Entries) != 2 {
			t.Fatalf("the entry of the key is not in the document: %v", err)
		}
		v, err := d.Verify(before.Keys...)
		if err != nil {
			t.Fatal(err)
		}
		if named, err := proof.KeyIn(v.Entries[1]); err != nil || named.String() != key.String() {
			t.Errorf("the new key: %v, %v", named, err)
		}
		if a, err := s.VerifyChain(t.Context()); err != nil || !a.OK || a.Entries != 2 {
			t.Errorf("%+v, %v", a, err)
		}
		s.reopen(t, october) // a month's acts go on
		s.close(t, october, false)
	})
}

func TestKeys_and_heads_that_others_saw_are_evidence(t *testing.T) {
	for name, c := range map[string]struct{ do, says string }{
		"the last entry cut off":      {"DELETE FROM closings WHERE seq = 3", "safetynet saw 3"},
		"the new key taken away":      {"DELETE FROM signing_keys WHERE id = 2", "the key that entry 3 of the chain made is gone"},
		"a key nobody made":           {"INSERT INTO signing_keys (id, vkey, made_at) VALUES (9, '" + proof.NewKey("extrato/x").Public().String() + "', '2025-11-01 00:00:00.000000')", "no entry of the chain made the key extrato/x"},
		"a head that was seen edited": {"UPDATE anchors SET size = 2", "the record of the head"},
		"the chain rewritten":         {"UPDATE closings SET hash = replace(hash, substr(hash, 1, 1), CASE WHEN substr(hash, 1, 1) = '0' THEN '1' ELSE '0' END) WHERE seq = 1", "are not those that safetynet saw"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				s.fullOctober(t)
				s.close(t, september, false)
				s.close(t, october, false)
				if _, _, err := s.ReplaceKey(t.Context(), "x", "cli"); err != nil {
					t.Fatal(err)
				}
				l, _ := s.mustLog(t, store.NewestHead)
				if err := s.cosign(t, proof.NewCosigner("safetynet"), l.Checkpoint); err != nil {
					t.Fatal(err)
				}
				if a, err := s.VerifyChain(t.Context()); err != nil || !a.OK {
					t.Fatalf("%+v, %v", a, err)
				}
				do := c.do
				for _, table := range []string{"closings", "signing_keys", "anchors"} {
					do = strings.Replace(do, " "+table+" ", " "+s.Own(table)+" ", 1)
				}
				s.Tamper(t, do)
				a, err := s.VerifyChain(t.Context())
				if err != nil || a.OK || !strings.Contains(strings.Join(a.Problems, "\n"), c.says) {
					t.Errorf("%q, %v, want %q", a.Problems, err, c.says)
				}
			})
		})
	}
}

func TestNo_head_is_signed_that_contradicts_one_seen_before(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		s.close(t, october, false)
		l, _ := s.mustLog(t, store.NewestHead)
		if err := s.cosign(t, proof.NewCosigner("safetynet"), l.Checkpoint); err != nil {
			t.Fatal(err)
		}
		s.Tamper(t, "DELETE FROM "+s.Own("closings")+" WHERE seq = 2")
		if _, err := s.log(t, store.NewestHead); wrong(err) != "older_head" {
			t.Errorf("an older head: %v", err)
		}
		s.close(t, november.Add(-3), false) // entry 2, another one
		if _, err := s.log(t, store.NewestHead); wrong(err) != "forked_log" {
			t.Errorf("a fork: %v", err)
		}
	})
}

func TestA_lost_key_signs_nothing_until_it_is_replaced(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		_, old := s.mustLog(t, store.NewestHead)
		s.Exec(t, "UPDATE "+s.Own("signing_keys")+" SET secret = ''")
		if _, err := s.log(t, store.NewestHead); wrong(err) != "no_signing_key" {
			t.Errorf("a lost key: %v", err)
		}
		if _, err := s.Closer.Store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.log(t, store.NewestHead); wrong(err) != "no_signing_key" {
			t.Errorf("a migration replaced it silently: %v", err)
		}
		if _, _, err := s.ReplaceKey(t.Context(), "perdida", "cli"); err != nil {
			t.Fatal(err)
		}
		if _, head := s.mustLog(t, store.NewestHead); len(head.Signed) != 1 || head.Origin != old.Origin {
			t.Errorf("%+v", head)
		}
		s.Exec(t, "UPDATE "+s.Own("signing_keys")+" SET secret = 'PRIVATE+KEY+x' WHERE secret <> ''")
		if _, err := s.log(t, store.NewestHead); wrong(err) != "bad_signing_key" {
			t.Errorf("a changed key: %v", err)
		}
	})
}

func TestA_cosigned_head_stays_on_what_it_covers(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		l, _ := s.mustLog(t, store.NewestHead)
		key, second := proof.NewCosigner("safetynet"), proof.NewCosigner("contadora")
		for _, k := range []proof.Key{key, second} {
			if err := s.cosign(t, k, l.Checkpoint); err != nil {
				t.Fatal(err)
			}
		}
		s.close(t, october, false)
		if _, c := s.mustLog(t, 1); c.Size != 1 || len(c.Cosigned) != 2 || !c.Cosigned[0].At.Equal(s.Now().Truncate(time.Second).UTC()) {
			t.Errorf("of September: %+v", c)
		}
		for _, atLeast := range []int64{2, store.NewestHead} {
			if _, c := s.mustLog(t, atLeast); c.Size != 2 || len(c.Cosigned) != 0 {
				t.Errorf("at least %d: %+v", atLeast, c)
			}
		}
	})
}

func TestOnly_a_cosignature_of_a_head_of_this_chain_is_kept(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		l, _ := s.mustLog(t, store.NewestHead)
		key := proof.NewCosigner("safetynet")
		if err := s.cosign(t, key, l.Checkpoint); err != nil {
			t.Fatal(err)
		}
		before := s.dump(t, "anchors")
		head := l.Tree.Head(l.Keys[0].Name(), 1)
		forged, _ := proof.Sign(head, proof.NewKey(head.Origin))
		if err := s.cosign(t, key, forged); wrong(err) != "unsigned_head" {
			t.Errorf("a head signed by somebody else: %v", err)
		}
		if err := s.cosign(t, proof.NewCosigner("safetynet"), l.Checkpoint); wrong(err) != "other_cosigner" {
			t.Errorf("another key of the same name: %v", err)
		}
		keep := func(text string, key proof.PublicKey) error {
			return s.Closer.Store.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.KeepCosignature(t.Context(), text, key)
				return err
			})
		}
		if err := keep(l.Checkpoint, key.Public()); wrong(err) != "not_cosigned" {
			t.Errorf("without the cosignature: %v", err)
		}
		if err := keep(strings.Replace(l.Checkpoint, "\n1\n", "\n9\n", 1), key.Public()); wrong(err) != "wrong_signature" {
			t.Errorf("another size: %v", err)
		}
		if err := keep("x", key.Public()); wrong(err) != "not_a_proof" {
			t.Errorf("no head: %v", err)
		}
		wantSame(t, "a refusal changed something", before, s.dump(t, "anchors"))
	})
}

package doctor_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/doctor"
	"extrato/internal/proof"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/tsa"
	"extrato/internal/tsa/tsatest"
)

// cosigned has somebody else cosign the head, some days ago.
func cosigned(days int) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		key := proof.NewCosigner("safetynet")
		err := p.closer.Store.Write(t.Context(), func(tx *store.Tx) error {
			l, err := tx.Log(t.Context(), store.NewestHead)
			if err != nil {
				return err
			}
			text, err := proof.Cosign(l.Checkpoint, key, now().AddDate(0, 0, -days))
			if err == nil {
				_, err = tx.KeepCosignature(t.Context(), text, key.Public())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRun_says_who_saw_the_head(t *testing.T) {
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		p := newPatient(t, db)
		for _, c := range []struct {
			do    func(*testing.T, *patient)
			state doctor.State
			says  string
		}{
			{sql(), doctor.OK, "nobody else has cosigned"},
			{cosigned(37), doctor.Warn, "has cosigned a head since"},
			{sql("DELETE FROM " + p.Own("anchors")), doctor.OK, "nobody else has cosigned"},
			{cosigned(3), doctor.OK, "safetynet saw 1 entries"},
			{sql("UPDATE " + p.Own("signing_keys") + " SET secret = ''"), doctor.Fail, "the key that signs"},
		} {
			c.do(t, p)
			found := false
			for _, check := range p.look(t).Checks {
				found = found || check.Name == "signed head" && check.State == c.state && strings.Contains(check.Message, c.says)
			}
			if !found {
				t.Errorf("no %s %q", c.state, c.says)
			}
		}
	})
}

func TestRun_says_which_head_was_stamped(t *testing.T) {
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		p, authority := newPatient(t, db), tsatest.New(t)
		says := func(state doctor.State, want string) {
			t.Helper()
			for _, c := range p.look(t).Checks {
				if c.Name == "time stamp" && (c.State != state || !strings.Contains(c.Message, want)) || c.Name == "time stamp" && want == "" {
					t.Errorf("%+v, want %q", c, want)
				}
			}
		}
		says("", "")
		p.flags["EXTRATO_TSA"] = authority.Setting()
		says(doctor.Warn, "no head of the chain was stamped")
		a, err := tsa.Open(authority.Setting())
		if err != nil {
			t.Fatal(err)
		}
		token, at, err := a.Stamp(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		keep := func(note string) {
			t.Helper()
			err := p.closer.Store.Write(t.Context(), func(tx *store.Tx) error {
				return tx.SaveAnchor(t.Context(), store.Anchor{Size: 1, Witness: store.TSA, Note: note, Token: base64.StdEncoding.EncodeToString(token), At: books.InstantOf(at)})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		keep("x")
		says(doctor.OK, "1 entries are stamped")
		keep("y")
		says(doctor.Fail, "another head")
		p.flags["EXTRATO_TSA"] = "https://tsa.example#/nowhere.pem"
		says(doctor.Fail, "EXTRATO_TSA")
	})
}

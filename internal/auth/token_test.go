package auth_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/store/storetest"
)

// v4's library wrote whatever it was given into sub, and older ones a number.
func TestA_v4_token_names_its_user_in_any_form(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		for _, c := range []struct {
			name   string
			claims jwt.MapClaims
			err    error
		}{
			{"sub is a number", jwt.MapClaims{"sub": 999}, nil},
			{"sub is a text", jwt.MapClaims{"sub": "999"}, nil},
			{"sub is no id, user_id is", jwt.MapClaims{"sub": "github-actions", "user_id": 999}, nil},
			{"both are null", jwt.MapClaims{"sub": nil, "user_id": nil}, auth.ErrBadPayload},
			{"sub is a list", jwt.MapClaims{"sub": []int{999}}, auth.ErrBadPayload},
			{"sub has a part", jwt.MapClaims{"sub": 999.5}, auth.ErrBadPayload},
			{"sub is below nothing", jwt.MapClaims{"sub": -999}, auth.ErrBadPayload},
			{"sub is huge", jwt.MapClaims{"sub": "99999999999999999999"}, auth.ErrBadPayload},
		} {
			c.claims["email"], c.claims["exp"] = "github-actions@tattoo-studio.local", now.Add(time.Hour).Unix()
			i, err := g.Bearer(request("Bearer " + sign(t, jwt.SigningMethodHS256, []byte(key), c.claims)))
			if !errors.Is(err, c.err) || err == nil && i.UserID != auth.ServiceAccount {
				t.Errorf("%s: %+v %v, want %v", c.name, i, err, c.err)
			}
		}
	})
}

// Who knows a provider's public key must not be able to sign with it.
func TestA_public_key_signs_nothing(t *testing.T) {
	db := storetest.SQLite(t, clock)
	p := newProvider(t)
	public, err := x509.MarshalPKIXPublicKey(&p.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	guard(t, db, 0)
	g := auth.New(auth.Options{
		Store: db.Store, Key: key, Now: clock, Log: logtest.Quiet(t),
		Job: auth.JobPins{Issuer: p.URL, Audience: "extrato", Repository: "studio/books", Ref: "refs/heads/main", Workflow: "net.yml"},
	})
	claims := jwt.MapClaims{
		"iss": p.URL, "aud": "extrato", "sub": "999", "email": "github-actions@tattoo-studio.local", "exp": now.Add(time.Hour).Unix(),
		"repository": "studio/books", "ref": "refs/heads/main", "job_workflow_ref": "studio/books/.github/workflows/net.yml@refs/heads/main",
	}
	for name, secret := range map[string][]byte{"DER": public, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), "nothing": {}} {
		if _, err := g.Bearer(request("Bearer " + sign(t, jwt.SigningMethodHS256, secret, claims))); !errors.Is(err, auth.ErrBadToken) {
			t.Errorf("HS256 with the public key as %s: %v", name, err)
		}
	}
	if _, err := g.Bearer(request("Bearer " + sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims))); !errors.Is(err, auth.ErrBadToken) {
		t.Errorf("alg none: %v", err)
	}
}

func TestSeveral_servers_make_the_service_account_at_once(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		done := make(chan error, 6)
		for range 6 {
			go func() { done <- auth.EnsureServiceAccount(t.Context(), db.Store) }()
		}
		for range 6 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := db.Int(t, "SELECT count(*) FROM users WHERE id = 999 AND active_flag"); n != 1 {
			t.Errorf("%d service accounts", n)
		}
	})
}

func TestA_tokens_name_is_text(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		for _, name := range []string{"a\x00b", "a\xffb", "a\nb", "   "} {
			_, _, err := auth.IssueToken(t.Context(), db.Store, key, name, auth.Scopes(), 9, now, "test")
			if e := books.AsError(err); e == nil || e.Code != "invalid_name" {
				t.Errorf("%q: %v", name, err)
			}
		}
		if n := db.Int(t, "SELECT count(*) FROM "+table(db, "service_tokens")); n != 0 {
			t.Errorf("%d tokens", n)
		}
	})
}

// An issuer that hangs must not let those who wait for it queue up behind each
// other, nor hold somebody who has gone.
func TestThose_who_wait_for_an_issuer_share_one_question(t *testing.T) {
	db := storetest.SQLite(t, clock)
	guard(t, db, 0)
	p := newProvider(t)
	var questions atomic.Int64
	var log bytes.Buffer
	asked, answer := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if questions.Add(1) == 1 {
			close(asked)
		}
		select {
		case <-answer:
		case <-r.Context().Done():
		}
		http.Error(w, "no", http.StatusServiceUnavailable)
	}))
	t.Cleanup(slow.Close)
	g := auth.New(auth.Options{
		Store: db.Store, Key: key, Now: clock, Log: logtest.New(t, &log),
		Job: auth.JobPins{Issuer: slow.URL, Audience: "extrato", Repository: "studio/books", Ref: "refs/heads/main", Workflow: "net.yml"},
	})
	text := "Bearer " + p.sign(t, p.key, jwt.MapClaims{"iss": slow.URL, "aud": "extrato", "exp": now.Add(time.Hour).Unix()})
	refused := make(chan error, 8)
	ctx, leave := context.WithCancel(t.Context())
	for range cap(refused) {
		go func() {
			_, err := g.Bearer(request(text).WithContext(ctx))
			refused <- err
		}()
	}
	<-asked
	leave() // all of them, while the issuer still hangs
	for range cap(refused) {
		if err := <-refused; !errors.Is(err, auth.ErrBadToken) {
			t.Error(err)
		}
	}
	if n := questions.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
	if n := strings.Count(log.String(), "context canceled"); n != cap(refused) {
		t.Errorf("%d left when they wanted to: %s", n, log.String())
	}
	close(answer)
}

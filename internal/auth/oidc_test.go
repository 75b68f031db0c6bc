package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/auth"
	"extrato/internal/logtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// provider is an OpenID Connect provider: it describes itself, has a key, and
// gives an identity for a code.
type provider struct {
	*httptest.Server
	key       *rsa.PrivateKey
	identity  jwt.MapClaims // what it gives for the code
	challenge string        // of the request that it was sent
	down      bool
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, document any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(document); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		b64 := base64.RawURLEncoding.EncodeToString
		answer(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if r.FormValue("code") != "the-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.sign(t, key, p.identity)})
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) sign(t *testing.T, key *rsa.PrivateKey, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "1"
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestA_job_of_the_pinned_workflow_comes_in_and_no_other(t *testing.T) {
	db := storetest.SQLite(t, clock)
	p := newProvider(t)
	pins := auth.JobPins{Issuer: p.URL, Audience: "extrato", Repository: "studio/books", Ref: "refs/heads/main", Workflow: "net.yml"}
	good := func() jwt.MapClaims {
		return jwt.MapClaims{
			"iss": p.URL, "aud": "extrato", "sub": "repo:studio/books:ref:refs/heads/main", "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(),
			"repository": "studio/books", "ref": "refs/heads/main", "run_id": "77", "job_workflow_ref": "studio/books/.github/workflows/net.yml@refs/heads/main",
		}
	}
	guard := func(pins auth.JobPins) *auth.Guard {
		return auth.New(auth.Options{Store: db.Store, Key: key, Now: clock, Log: logtest.Quiet(t), Job: pins})
	}
	g := guard(pins)
	p.down = true
	if _, err := g.Bearer(request("Bearer " + p.sign(t, p.key, good()))); !errors.Is(err, auth.ErrBadToken) {
		t.Errorf("the issuer is down: %v", err)
	}
	p.down = false
	i, err := g.Bearer(request("Bearer " + p.sign(t, p.key, good())))
	if err != nil || !i.May(auth.Close) || !i.May(auth.Backup) || i.May(auth.Manage) || i.By != "github studio/books@77" {
		t.Errorf("%+v %v", i, err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Bearer(request("Bearer " + p.sign(t, stranger, good()))); !errors.Is(err, auth.ErrBadToken) {
		t.Errorf("signed by a stranger: %v", err)
	}
	for claim, value := range map[string]any{
		"iss": "https://elsewhere.example", "aud": "another", "exp": now.Add(-time.Hour).Unix(), "repository": "thief/books", "ref": "refs/heads/evil",
		"job_workflow_ref": "studio/books/.github/workflows/other.yml@refs/heads/main",
	} {
		c := good()
		c[claim] = value
		if _, err := g.Bearer(request("Bearer " + p.sign(t, p.key, c))); !errors.Is(err, auth.ErrBadToken) {
			t.Errorf("another %s: %v", claim, err)
		}
	}
	for _, ref := range []string{"thief/books/.github/workflows/net.yml@refs/heads/main", "studio/books/.github/workflows/net.yml@refs/heads/evil", ""} {
		c := good()
		c["job_workflow_ref"] = ref
		if _, err := g.Bearer(request("Bearer " + p.sign(t, p.key, c))); !errors.Is(err, auth.ErrBadToken) {
			t.Errorf("workflow %q: %v", ref, err)
		}
	}
	pins.Workflow = ""
	if _, err := guard(pins).Bearer(request("Bearer " + p.sign(t, p.key, good()))); !errors.Is(err, auth.ErrBadToken) {
		t.Errorf("incomplete pins let somebody in: %v", err)
	}
}

func TestPeople_sign_in_with_the_provider(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		p := newProvider(t)
		g := auth.New(auth.Options{
			Store: db.Store, Key: key, Now: clock, Log: logtest.Quiet(t), Emails: []string{"eva@example.com", "gone@example.com"},
			Login: auth.Provider{Issuer: p.URL, ClientID: "extrato", ClientSecret: "s"},
		})
		gone := user(t, db, "gone@example.com", "admin", "")
		gone.Active = false
		if err := db.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.SetUser(t.Context(), gone) }); err != nil {
			t.Fatal(err)
		}
		// signIn goes to the provider and comes back with what change made of it.
		signIn := func(b *browser, change func(identity jwt.MapClaims, back url.Values)) error {
			var to string
			var err error
			b.do(func(r *http.Request) { to, err = g.ProviderURL(r, "http://extrato.test") })
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(to)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if !strings.HasPrefix(to, p.URL+"/authorize") || q.Get("redirect_uri") != "http://extrato.test/login/oidc/callback" || q.Get("code_challenge_method") != "S256" {
				t.Errorf("sent to %s", to)
			}
			p.challenge = q.Get("code_challenge")
			p.identity = jwt.MapClaims{
				"iss": p.URL, "aud": "extrato", "sub": "1", "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(), "nonce": q.Get("nonce"),
				"email": "Eva@Example.com", "email_verified": true, "name": "Eva",
			}
			back := url.Values{"state": {q.Get("state")}, "code": {"the-code"}}
			change(p.identity, back)
			b.do(func(r *http.Request) {
				r.Form = back
				err = g.SignInWithProvider(r, "http://extrato.test")
			})
			return err
		}
		for name, change := range map[string]func(jwt.MapClaims, url.Values){
			"another state":         func(_ jwt.MapClaims, back url.Values) { back.Set("state", "x") },
			"no state":              func(_ jwt.MapClaims, back url.Values) { back.Del("state") },
			"another code":          func(_ jwt.MapClaims, back url.Values) { back.Set("code", "x") },
			"another nonce":         func(i jwt.MapClaims, _ url.Values) { i["nonce"] = "x" },
			"another audience":      func(i jwt.MapClaims, _ url.Values) { i["aud"] = "x" },
			"ended":                 func(i jwt.MapClaims, _ url.Values) { i["exp"] = now.Add(-time.Hour).Unix() },
			"not verified":          func(i jwt.MapClaims, _ url.Values) { i["email_verified"] = false },
			"nothing of verified":   func(i jwt.MapClaims, _ url.Values) { delete(i, "email_verified") },
			"an address not listed": func(i jwt.MapClaims, _ url.Values) { i["email"] = "thief@example.com" },
			"no address":            func(i jwt.MapClaims, _ url.Values) { delete(i, "email") },
			"a disabled user":       func(i jwt.MapClaims, _ url.Values) { i["email"] = "gone@example.com" },
		} {
			b := &browser{t: t, g: g, cookies: map[string]*http.Cookie{}}
			if err := signIn(b, change); !errors.Is(err, auth.ErrSignIn) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
				t.Errorf("%s: is in, %v", name, err)
			}
		}
		if n := db.Int(t, "SELECT count(*) FROM users"); n != 1 {
			t.Errorf("%d users after refusals", n)
		}
		b := &browser{t: t, g: g, cookies: map[string]*http.Cookie{}}
		var right url.Values // what the provider was asked for is good for one answer
		if err := signIn(b, func(_ jwt.MapClaims, back url.Values) {
			right = url.Values{"state": back["state"], "code": {"the-code"}}
			back.Set("code", "x")
		}); !errors.Is(err, auth.ErrSignIn) {
			t.Error(err)
		}
		b.do(func(r *http.Request) {
			r.Form = right
			if err := g.SignInWithProvider(r, "http://extrato.test"); !errors.Is(err, auth.ErrSignIn) {
				t.Errorf("the right answer behind a wrong one: %v", err)
			}
		})
		if err := signIn(b, func(jwt.MapClaims, url.Values) {}); err != nil {
			t.Fatal(err)
		}
		if i, err := b.who(); err != nil || i.Email != "eva@example.com" || i.Role != auth.Admin {
			t.Errorf("%+v %v", i, err)
		}
		again := &browser{t: t, g: g, cookies: map[string]*http.Cookie{}}
		if err := signIn(again, func(jwt.MapClaims, url.Values) {}); err != nil {
			t.Error(err)
		}
		if n := db.Int(t, "SELECT count(*) FROM users"); n != 2 {
			t.Errorf("%d users", n)
		}
	})
}

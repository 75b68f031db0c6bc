package safetynet_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// runner is what the runner proves itself with where it asks for the job's
// identity.
const runner = "runner-secret-of-this-job"

// asJob lets the net come as a job of GitHub Actions of this ref, with no
// stored secret: a stand-in for GitHub vouches for it, and the server pins it.
func asJob(r *rig, ref string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		r.t.Fatal(err)
	}
	mux := http.NewServeMux()
	github := httptest.NewServer(mux)
	r.t.Cleanup(github.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		say(w, 200, map[string]any{"issuer": github.URL, "authorization_endpoint": github.URL + "/a", "token_endpoint": github.URL + "/t",
			"jwks_uri": github.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		b64 := base64.RawURLEncoding.EncodeToString
		say(w, 200, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	now := time.Now()
	identity := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": github.URL, "aud": "studio", "sub": "repo:studio/books", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"repository": "studio/books", "ref": ref, "run_id": "17", "job_workflow_ref": "studio/books/.github/workflows/monthly_extrato_backup.yml@" + ref,
	})
	identity.Header["kid"] = "1"
	text, err := identity.SignedString(key)
	if err != nil {
		r.t.Fatal(err)
	}
	mux.HandleFunc("/identity", func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("Authorization") != "Bearer "+runner || q.URL.Query().Get("audience") != "studio" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		say(w, 200, map[string]any{"value": text})
	})
	r.token, r.identity = "", text
	r.job = []string{"ACTIONS_ID_TOKEN_REQUEST_URL=" + github.URL + "/identity?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + runner, "EXTRATO_JOB_OIDC_AUDIENCE=studio"}
	r.more = []string{"EXTRATO_JOB_OIDC_ISSUER=" + github.URL, "EXTRATO_JOB_OIDC_AUDIENCE=studio", "EXTRATO_JOB_OIDC_REPOSITORY=studio/books",
		"EXTRATO_JOB_OIDC_REF=refs/heads/main", "EXTRATO_JOB_OIDC_WORKFLOW=monthly_extrato_backup.yml"}
}

func TestSecrets_are_found_where_they_are(t *testing.T) {
	for _, text := range []string{"x" + client + "y", "Authorization: Bearer x"} {
		found := &recorder{TB: t}
		quiet(found, map[string]string{"a text": text}, []string{client, "Bearer "})
		if !found.failed {
			t.Errorf("nothing was found in %q", text)
		}
	}
	found := &recorder{TB: t}
	if quiet(found, map[string]string{"a text": "all is well"}, []string{client, "Bearer ", ""}); found.failed {
		t.Error("something was found where nothing is")
	}
}

// recorder takes failures instead of a test.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

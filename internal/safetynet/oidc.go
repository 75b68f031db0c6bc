package safetynet

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"extrato/internal/books"
)

// Token returns the identity of a token's holder.
func Token(text string) Identity {
	return func(context.Context) (string, error) { return text, nil }
}

// fresh is how long a job's identity is used; GitHub's live five minutes.
const fresh = 3 * time.Minute

// Job returns the identity of a GitHub Actions job, without any stored secret.
// address and secret are the job's ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN.
func Job(address, secret, audience string, now func() time.Time) Identity {
	var text string
	var since time.Time
	return func(ctx context.Context) (string, error) {
		if text != "" && now().Sub(since) < fresh {
			return text, nil
		}
		got, err := askIdentity(ctx, address, secret, audience)
		if err == nil {
			text, since = got, now()
		}
		return got, err
	}
}

func askIdentity(ctx context.Context, address, secret, audience string) (string, error) {
	failed := &books.Error{Kind: books.Internal, Code: "no_identity", Message: "GitHub gave this job no identity", Hint: "the job needs the permission id-token: write"}
	u, err := url.Parse(address)
	if err != nil {
		return "", failed
	}
	q := u.Query()
	q.Set("audience", audience)
	u.RawQuery = q.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return "", failed
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := (&http.Client{Timeout: 20 * time.Second}).Do(request)
	if err != nil {
		return "", failed
	}
	defer response.Body.Close()
	var given struct {
		Value string `json:"value"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&given)
	if err != nil || response.StatusCode != http.StatusOK || given.Value == "" {
		return "", failed
	}
	return given.Value, nil
}

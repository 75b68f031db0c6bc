package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"

	"extrato/internal/books"
)

// JobPins identify the GitHub Actions job allowed to back up and close: its
// identity must match all of them. Incomplete pins allow nobody.
type JobPins struct{ Issuer, Audience, Repository, Ref, Workflow string }

func (p JobPins) complete() bool {
	return p.Issuer != "" && p.Audience != "" && p.Repository != "" && p.Ref != "" && p.Workflow != ""
}

// providerTimeout is how long a provider may take to answer.
const providerTimeout = 10 * time.Second

var providerClient = &http.Client{Timeout: providerTimeout}

// lazy asks a provider for its keys when somebody comes for the first time,
// and again after it did not answer.
type lazy struct {
	issuer string
	asking singleflight.Group
	found  atomic.Pointer[oidc.Provider]
}

// provider fails if the issuer does not answer, or ctx ends before. All waiting
// callers share one request, so a hanging provider does not queue them up.
func (l *lazy) provider(ctx context.Context) (*oidc.Provider, error) {
	if found := l.found.Load(); found != nil {
		return found, nil
	}
	asked := l.asking.DoChan("", func() (any, error) {
		// The provider keeps this context to fetch keys with, so it must not end.
		found, err := oidc.NewProvider(oidc.ClientContext(context.Background(), providerClient), l.issuer)
		l.found.Store(found)
		return found, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case answer := <-asked:
		found, _ := answer.Val.(*oidc.Provider)
		return found, answer.Err
	}
}

// jobIssuer checks identities of jobs.
type jobIssuer struct {
	pins JobPins
	lazy lazy
}

func newJobIssuer(pins JobPins) *jobIssuer {
	return &jobIssuer{pins: pins, lazy: lazy{issuer: pins.Issuer}}
}

// issued reports whether a token claims to be from the jobs' issuer. The claim
// may be false; it only selects the check.
func (j *jobIssuer) issued(text string) bool {
	if !j.pins.complete() {
		return false
	}
	var c jwt.RegisteredClaims
	token, _, err := jwt.NewParser().ParseUnverified(text, &c)
	return err == nil && c.Issuer == j.pins.Issuer && token.Method.Alg() == "RS256"
}

// identify checks a job's identity: signed by the issuer, for our audience, not
// expired, of the pinned repository, ref and workflow.
// https://docs.github.com/en/actions/reference/security/oidc has the claims.
func (j *jobIssuer) identify(ctx context.Context, text string, now time.Time) (Identity, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, providerClient), providerTimeout)
	defer cancel()
	provider, err := j.lazy.provider(ctx)
	if err != nil {
		return Identity{}, fmt.Errorf("the issuer does not answer: %w", err)
	}
	verifier := provider.Verifier(&oidc.Config{
		ClientID: j.pins.Audience, SupportedSigningAlgs: []string{oidc.RS256}, Now: func() time.Time { return now },
	})
	token, err := verifier.Verify(ctx, text)
	if err != nil {
		return Identity{}, err
	}
	var c struct {
		Repository  string `json:"repository"`
		Ref         string `json:"ref"`
		WorkflowRef string `json:"job_workflow_ref"`
		RunID       string `json:"run_id"`
	}
	if err := token.Claims(&c); err != nil {
		return Identity{}, err
	}
	switch {
	case c.Repository != j.pins.Repository:
		return Identity{}, errors.New("the repository is not the pinned one")
	case c.Ref != j.pins.Ref:
		return Identity{}, errors.New("the ref is not the pinned one")
	case !j.pins.workflow(c.WorkflowRef):
		return Identity{}, errors.New("the workflow is not the pinned one")
	}
	return Identity{Name: "GitHub Actions", Scopes: Scopes(), By: books.Actor("github " + c.Repository + "@" + c.RunID)}, nil
}

// workflow reports whether job_workflow_ref, such as
// owner/repository/.github/workflows/file.yml@refs/heads/main, is the pinned
// workflow of the pinned repository and ref.
func (p JobPins) workflow(claim string) bool {
	file, ref, _ := strings.Cut(claim, "@")
	want := p.Workflow
	if !strings.Contains(want, "/") {
		want = path.Join(".github/workflows", want)
	}
	return file == p.Repository+"/"+want && ref == p.Ref
}

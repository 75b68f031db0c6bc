package safetynet

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"extrato/internal/books"
)

// GitHub is the repository of the safety net's workflow.
type GitHub struct {
	API, Repository, Token string // GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN
	RunURL                 string // where this run can be read; may be empty
	Waits                  Waits

	me *account // the token's account, once asked; an app's has no login
}

// mostListed bounds how many pages of a list are looked through.
const mostListed = 50

// whoAmI is an address of the API, not of the repository.
const whoAmI = "/user"

func (g *GitHub) address(what string) string {
	api := strings.TrimSuffix(g.API, "/")
	if what == whoAmI {
		return api + what
	}
	return api + "/repos/" + g.Repository + "/" + what
}

// answered is an unsuccessful status of GitHub's.
type answered int

func (a answered) Error() string {
	if a >= http.StatusMultipleChoices && a < http.StatusBadRequest {
		return fmt.Sprintf("GitHub answered with a redirect (%d): the repository or GITHUB_API_URL has moved", int(a))
	}
	return fmt.Sprintf("GitHub answered %d", int(a))
}

func (g *GitHub) run() string {
	if g.RunURL == "" {
		return ""
	}
	return "\n" + g.RunURL + "\n"
}

// do calls GitHub's API, with a few retries where they may help. Its errors
// name neither the token nor the body. A POST with a lost answer is not sent
// again: it might be there twice.
func (g *GitHub) do(ctx context.Context, method, what string, body, into any) error {
	for try := 1; ; try++ {
		retry, after, err := g.call(ctx, method, what, body, into)
		if err == nil || !retry || try == tries {
			return err
		}
		if g.Waits.pause(ctx, try, after) != nil {
			return err
		}
	}
}

// each shows the items of a list one by one, until see has seen enough.
func each[T any](ctx context.Context, g *GitHub, what string, q url.Values, see func(T) (enough bool, err error)) error {
	q.Set("per_page", "100")
	for page := 1; page <= mostListed; page++ {
		q.Set("page", fmt.Sprint(page))
		var part []T
		if err := g.do(ctx, http.MethodGet, what+"?"+q.Encode(), nil, &part); err != nil {
			return err
		}
		for _, item := range part {
			if enough, err := see(item); enough || err != nil {
				return err
			}
		}
		if len(part) < 100 {
			return nil
		}
	}
	return fmt.Errorf("there are too many %s to look through", path.Base(what))
}

func (g *GitHub) call(ctx context.Context, method, what string, body, into any) (retry bool, after time.Duration, err error) {
	response, err := g.send(ctx, method, g.address(what), body)
	if err != nil {
		return method != http.MethodPost, 0, errors.New("GitHub does not answer")
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return method != http.MethodPost, 0, errors.New("GitHub broke off its answer")
	case response.StatusCode >= http.StatusMultipleChoices:
		after = (&Client{now: time.Now}).retryAfter(answer{header: response.Header})
		limited := response.StatusCode == http.StatusForbidden && what != whoAmI || response.StatusCode == http.StatusTooManyRequests
		failed := response.StatusCode >= http.StatusInternalServerError && method != http.MethodPost
		return (limited || failed) && after <= longestWait, after, answered(response.StatusCode)
	case into == nil:
		return false, 0, nil
	}
	if json.Unmarshal(text, into) != nil {
		return method != http.MethodPost, 0, errors.New("GitHub answered no JSON")
	}
	return false, 0, nil
}

func (g *GitHub) send(ctx context.Context, method, address string, body any) (*http.Response, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+g.Token)
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	return (&http.Client{Timeout: 30 * time.Second, Transport: githubTransport, CheckRedirect: dropToken}).Do(request)
}

var githubTransport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}

// dropToken keeps our token for the API: an artifact's download address belongs
// to another service, even on the same machine. A redirect that would turn a
// POST into a GET is not followed.
func dropToken(to *http.Request, via []*http.Request) error {
	if to.Method != via[0].Method {
		return http.ErrUseLastResponse
	}
	if len(via) > 5 {
		return errors.New("too many redirects")
	}
	if to.URL.Host != via[0].URL.Host || to.URL.Scheme != via[0].URL.Scheme {
		to.Header.Del("Authorization")
	}
	return nil
}

// KeepSchedule enables the workflow: GitHub switches off the schedule of a
// public repository after 60 days without activity. ref is GITHUB_WORKFLOW_REF.
func (g *GitHub) KeepSchedule(ctx context.Context, ref string) error {
	file, _, _ := strings.Cut(ref, "@")
	return g.do(ctx, http.MethodPut, "actions/workflows/"+path.Base(file)+"/enable", nil, nil)
}

// StateArtifact is the name of the artifact with the last run's state.
const StateArtifact = "safetynet-state"

type artifact struct {
	ID      int64 `json:"id"`
	Expired bool  `json:"expired"`
	Run     struct {
		Branch     string `json:"head_branch"`
		Repository int64  `json:"repository_id"`
		Head       int64  `json:"head_repository_id"`
	} `json:"workflow_run"`
}

// errBadArtifact reports an unreadable state.
var errBadArtifact = errors.New("it cannot be read")

// LastState returns the state of the last run on this branch, or an empty one
// if there is none. A fork's runs do not count. It fails with an Error of kind
// Integrity if the state cannot be read, and of kind Internal if it cannot be
// fetched.
func (g *GitHub) LastState(ctx context.Context, branch string) (State, error) {
	state, err := g.lastState(ctx, branch)
	switch {
	case errors.Is(err, errBadArtifact):
		return state, books.Integrityf("bad_state", "the last run's state cannot be read, so the chain cannot be compared").
			WithHint("delete the newest artifact %s; the next run takes the one before", StateArtifact)
	case err != nil:
		return state, &books.Error{Kind: books.Internal, Code: "state_unknown", Message: "the last run's state cannot be fetched: " + err.Error(),
			Hint: "the job needs the permission actions: read; where there are thousands of artifacts " + StateArtifact + ", delete those of others; without the state nobody compares the chain"}
	}
	return state, nil
}

func (g *GitHub) lastState(ctx context.Context, branch string) (State, error) {
	empty := State{Causes: map[string]string{}}
	for page := 1; page <= mostListed; page++ {
		var found struct {
			Artifacts []artifact `json:"artifacts"`
		}
		list := fmt.Sprintf("actions/artifacts?per_page=100&page=%d&name=%s", page, StateArtifact)
		if err := g.do(ctx, http.MethodGet, list, nil, &found); err != nil {
			return empty, err
		}
		for _, a := range found.Artifacts {
			if !a.Expired && a.Run.Branch == branch && a.Run.Repository == a.Run.Head {
				return g.stateOf(ctx, a.ID)
			}
		}
		if len(found.Artifacts) < 100 {
			return empty, nil
		}
	}
	return empty, errors.New("there are too many artifacts to look through")
}

func (g *GitHub) stateOf(ctx context.Context, id int64) (State, error) {
	empty := State{Causes: map[string]string{}}
	response, err := g.send(ctx, http.MethodGet, g.address(fmt.Sprintf("actions/artifacts/%d/zip", id)), nil)
	if err != nil {
		return empty, errors.New("GitHub does not answer")
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	switch {
	case response.StatusCode == http.StatusGone: // it has expired since it was listed
		return empty, nil
	case err != nil:
		return empty, errors.New("GitHub broke off its answer")
	case response.StatusCode != http.StatusOK:
		return empty, answered(response.StatusCode)
	}
	state, err := unzipState(text)
	if err != nil {
		return empty, errBadArtifact
	}
	return state, nil
}

// unzipState reads a state from an archive with this single file.
func unzipState(text []byte) (State, error) {
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return State{}, err
	}
	if len(archive.File) != 1 {
		return State{}, errors.New("not one file")
	}
	file, err := archive.File[0].Open()
	if err != nil {
		return State{}, err
	}
	defer file.Close()
	if text, err = io.ReadAll(io.LimitReader(file, 1<<20)); err != nil {
		return State{}, err
	}
	return parseState(text)
}

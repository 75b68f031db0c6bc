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
	"path"
	"strings"
	"time"
)

// GitHub is the repository that the safety net runs in.
type GitHub struct {
	API, Repository, Token string // GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN
	RunURL                 string // where this run can be read; may be empty
	Waits                  Waits
}

func (g *GitHub) run() string {
	if g.RunURL == "" {
		return ""
	}
	return "\n" + g.RunURL + "\n"
}

// do calls GitHub's API and tries a little again where that may help. Its
// errors name neither the token nor what was sent. A POST whose answer was lost
// is not sent again: it might be there twice.
func (g *GitHub) do(ctx context.Context, method, what string, body, into any) error {
	for try := 1; ; try++ {
		retry, after, err := g.call(ctx, method, what, body, into)
		if err == nil || !retry || try == tries {
			return err
		}
		if e := g.Waits.pause(ctx, try, after); e != nil {
			return e
		}
	}
}

func (g *GitHub) call(ctx context.Context, method, what string, body, into any) (retry bool, after time.Duration, err error) {
	response, err := g.send(ctx, method, strings.TrimSuffix(g.API, "/")+"/repos/"+g.Repository+"/"+what, body)
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
		limited := response.StatusCode == http.StatusForbidden || response.StatusCode == http.StatusTooManyRequests
		return limited || response.StatusCode >= http.StatusInternalServerError, after, fmt.Errorf("GitHub answered %d", response.StatusCode)
	case into == nil:
		return false, 0, nil
	}
	if json.Unmarshal(text, into) != nil {
		return true, 0, errors.New("GitHub answered no JSON")
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
	return (&http.Client{Timeout: 30 * time.Second}).Do(request)
}

// KeepSchedule enables the workflow, so that GitHub does not switch off the
// schedule of a public repository in which nothing happened for 60 days. ref is
// GITHUB_WORKFLOW_REF.
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

// LastState returns the state that the last run on this branch kept, or an
// empty one. What a fork's run left does not count.
func (g *GitHub) LastState(ctx context.Context, branch string) (State, error) {
	empty := State{Causes: map[string]string{}}
	var found struct {
		Artifacts []artifact `json:"artifacts"`
	}
	if err := g.do(ctx, http.MethodGet, "actions/artifacts?per_page=50&name="+StateArtifact, nil, &found); err != nil {
		return empty, err
	}
	for _, a := range found.Artifacts {
		if !a.Expired && a.Run.Branch == branch && a.Run.Repository == a.Run.Head {
			return g.stateOf(ctx, a.ID)
		}
	}
	return empty, nil
}

func (g *GitHub) stateOf(ctx context.Context, id int64) (State, error) {
	address := fmt.Sprintf("%s/repos/%s/actions/artifacts/%d/zip", strings.TrimSuffix(g.API, "/"), g.Repository, id)
	response, err := g.send(ctx, http.MethodGet, address, nil) // the redirect to the storage goes without our token
	if err != nil {
		return State{}, errors.New("GitHub does not answer")
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode != http.StatusOK {
		return State{}, fmt.Errorf("GitHub answered %d", response.StatusCode)
	}
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil || len(archive.File) != 1 {
		return State{}, errors.New("the last run's state is no archive of one file")
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

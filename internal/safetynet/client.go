package safetynet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"extrato/internal/books"
)

// Identity returns the bearer token to come with.
type Identity func(context.Context) (string, error)

// Client talks to one server.
type Client struct {
	base     *url.URL
	unsent   bool // the address came with a user or a password
	identity Identity
	http     *http.Client
	agent    string
	waits    Waits
	now      func() time.Time
	seen     []Exchange
}

// tries is how often is asked before a server counts as down.
const tries = 3

// maxAnswer is how much of an answer is read.
const maxAnswer = 8 << 20

// NewClient returns a client of the server at base. Each request ends after
// limit. A user and password in base cannot go along with the token: they are
// not sent, never shown, and Run notes it.
func NewClient(base string, who Identity, version string, limit time.Duration, waits Waits, now func() time.Time) (*Client, error) {
	base = strings.TrimSpace(base)
	u, err := url.Parse(base)
	if err != nil || strings.ContainsFunc(base, unicode.IsSpace) || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, books.Invalidf("invalid_setting", "EXTRATO_API_BASE_URL is not the address of a server").WithHint("write it as https://studio.example")
	}
	if strings.Contains(u.Path, "@") {
		return nil, books.Invalidf("invalid_setting", "EXTRATO_API_BASE_URL has a @ behind its host: a password in it is not percent-encoded").
			WithHint("write it as https://studio.example, without a password: the token is in EXTRATO_API_TOKEN")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, books.Invalidf("invalid_setting", "EXTRATO_API_BASE_URL goes on behind the address, with ? or #").WithHint("write it as https://studio.example")
	}
	unsent := u.User != nil
	u.User = nil
	// A connection lost during a pause would cost a try.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, DisableKeepAlives: true}
	return &Client{
		base: u, unsent: unsent, identity: who, agent: "extrato-safetynet/" + version, waits: waits, now: now,
		http: &http.Client{Timeout: limit, Transport: transport,
			// The token is for this server, and a redirected POST becomes a GET.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Exchanges returns the requests and answers, harmless parts only.
func (c *Client) Exchanges() []Exchange { return append([]Exchange{}, c.seen...) }

// answer is a server's whole answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (c *Client) once(ctx context.Context, method, path string, document any) (a answer, err error) {
	x := Exchange{Method: method, Path: path}
	defer func() {
		x.record(a, err)
		c.seen = append(c.seen, x)
	}()
	var body io.Reader = http.NoBody
	if document != nil {
		text, err := json.Marshal(document)
		if err != nil {
			return a, err
		}
		body = bytes.NewReader(text)
	}
	token, err := c.identity(ctx)
	if err != nil {
		return a, again{err, 0}
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base.String(), "/")+path, body)
	if err != nil {
		return a, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("User-Agent", c.agent)
	request.Header.Set("Accept", "application/json")
	if document != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return a, unanswered(ctx, err)
	}
	defer response.Body.Close()
	a.status, a.header = response.StatusCode, response.Header
	if a.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer)); err != nil {
		return a, unanswered(ctx, err)
	}
	return a, nil
}

// unanswered reports an incomplete answer; another try may help, unless the
// whole run is over.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return again{unreachable(err), 0}
}

// ended says why a run is over before its work is.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &books.Error{Kind: books.Internal, Code: "took_too_long", Message: "the whole run took too long", Hint: "look at the server's load and log"}
	}
	return &books.Error{Kind: books.Internal, Code: "interrupted", Message: "interrupted", Hint: "run it again"}
}

// unreachable reports an incomplete answer. The library's message holds the
// URL, so it is dropped here.
func unreachable(err error) *books.Error {
	var slow interface{ Timeout() bool }
	if errors.As(err, &slow) && slow.Timeout() {
		return &books.Error{Kind: books.Internal, Code: "timeout", Message: "the server did not answer in time", Hint: "look at the server's load and log"}
	}
	return &books.Error{Kind: books.Internal, Code: "unreachable", Message: "the server cannot be reached, or broke off its answer", Hint: "start it, or correct EXTRATO_API_BASE_URL"}
}

// again is a temporary error, with the minimal pause before the next try.
type again struct {
	error
	after time.Duration
}

func (a again) Unwrap() error { return a.error }

// request is a request and its handlers.
type request struct {
	method, path string
	document     any
	tries        int
	judge        func(answer) error // an error of type again where another try may help
	lost         func(error) error  // the same for a missing answer; may be nil
}

// ask tries a request until its judge is content, ends it for good, or the
// tries are used up, or the server asks for a longer pause than we take.
func (c *Client) ask(ctx context.Context, r request) error {
	for try := 1; ; try++ {
		a, err := c.once(ctx, r.method, r.path, r.document)
		switch {
		case err == nil:
			err = r.judge(a)
		case r.lost != nil:
			err = r.lost(err)
		}
		var retry again
		if !errors.As(err, &retry) {
			return err
		}
		if try == r.tries || retry.after > longestWait {
			return retry.error
		}
		if err := c.waits.pause(ctx, try, retry.after); err != nil {
			return err
		}
	}
}

// refusal turns an unsuccessful answer into an error.
func (c *Client) refusal(a answer) error {
	known := harmless(a.body)
	switch {
	case a.status == http.StatusUnauthorized:
		e := &books.Error{Kind: books.Unauthorized, Code: "bad_token", Message: "the server does not accept our identity (401)",
			Hint: "check the secret EXTRATO_API_TOKEN: it may have expired; or the identity that EXTRATO_JOB_OIDC_* pins"}
		if c.unsent {
			e.Hint += "; if a proxy asks for the user and password in EXTRATO_API_BASE_URL, let it pass /api/ without them"
		}
		return e
	case a.status == http.StatusForbidden:
		return &books.Error{Kind: books.Forbidden, Code: "forbidden", Message: "the server knows us, but we lack the permission for this (403)",
			Hint: "the token in EXTRATO_API_TOKEN needs the scopes backup, close and read"}
	case known["reason"] == "month_held":
		return books.Refusedf("month_held", "the month was reopened and is held").WithHint("a person closes it: extrato close MONTH")
	case known["reason"] == "month_not_ended":
		return books.Refusedf("month_not_ended", "the server says that the month has not ended").WithHint("compare the clocks, and TZ on both machines")
	case a.status == http.StatusBadRequest && known["backup_required"] == true:
		return errBackupRequired
	case a.status == http.StatusTooManyRequests:
		return again{&books.Error{Kind: books.Internal, Code: "too_many_requests", Message: "the server asks to wait (429)", Hint: "see EXTRATO_RATE_LIMIT"}, c.retryAfter(a)}
	}
	if e := reason(a); e != nil {
		return e
	}
	switch {
	case a.status >= http.StatusInternalServerError:
		return again{&books.Error{Kind: books.Internal, Code: "server_error", Message: fmt.Sprintf("the server failed (%d%s)", a.status, stage(known)),
			Hint: "look in its log"}, c.retryAfter(a)}
	case a.status >= http.StatusOK && a.status < http.StatusMultipleChoices, a.status == http.StatusConflict:
		return again{&books.Error{Kind: books.Internal, Code: "bad_answer", Message: "the answer is not the expected JSON", Hint: "something between us and the server may change answers"}, 0}
	}
	if a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest {
		return again{books.Refusedf("redirected", "the server answered with a redirect (%d), which is not followed: the token is for this address alone", a.status).
			WithHint("put the address that it leads to in EXTRATO_API_BASE_URL, often https:// instead of http://"), c.retryAfter(a)}
	}
	return books.Refusedf("unexpected_answer", "the server answered %d%s", a.status, stage(known)).WithHint("check EXTRATO_API_BASE_URL and the server's log")
}

func stage(known map[string]any) string {
	for _, key := range []string{"stage", "code", "reason"} {
		if text, ok := known[key].(string); ok && text != "" {
			return ", " + text
		}
	}
	return ""
}

func (c *Client) retryAfter(a answer) time.Duration {
	text := a.header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(c.now())
	}
	return 0
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

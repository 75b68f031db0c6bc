package notify

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"regexp"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"extrato/internal/books"
)

// A redirected message is lost: after 301, 302 and 303 the library sends a GET
// without a body, and counts any page answering it as success. 307 and 308 keep
// method and body, so they are followed.

// shoutrrr's services make their own clients, most of them on the default transport.
func init() { //nolint:gochecknoinits // before anyone clones or uses the default transport
	http.DefaultTransport = noRedirects{http.DefaultTransport}
}

// noRedirects turns a redirect into an error if it would lose the message.
type noRedirects struct{ http.RoundTripper }

// RoundTrip sends one request.
func (t noRedirects) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(request)
	if err != nil || !losesBody(request, response) {
		return response, err
	}
	_ = response.Body.Close()
	return nil, redirected(response.StatusCode)
}

func losesBody(request *http.Request, response *http.Response) bool {
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		return false
	}
	switch response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		again := request.Body == nil || request.Body == http.NoBody || request.GetBody != nil
		return !again || response.Header.Get("Location") == ""
	}
	return response.StatusCode >= http.StatusMultipleChoices && response.StatusCode < http.StatusBadRequest
}

// refuseRedirects does the same for services with transports of their own.
func refuseRedirects(service types.Service) {
	switch s := service.(type) {
	case *ntfy.Service:
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.Config.DisableTLSVerification, //nolint:gosec // its owner asks for it in the URL
		}}
		s.SetHTTPClient(&http.Client{Timeout: sendTimeout, Transport: noRedirects{transport}})
	case interface{ GetHTTPClient() *http.Client }: // mattermost, gotify
		if client := s.GetHTTPClient(); client != nil {
			client.Transport = noRedirects{client.Transport}
		}
	}
}

var redirectWords = regexp.MustCompile(`the address answered with a redirect \(\d+\), which loses the message`)

const redirectHint = "put the address that it leads to in the setting, often https:// instead of http://"

func redirected(status int) error {
	return &books.Error{Kind: books.Internal, Code: "redirected", Hint: redirectHint,
		Message: fmt.Sprintf("the address answered with a redirect (%d), which loses the message", status)}
}

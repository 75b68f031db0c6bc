// Package tsa asks a time stamp authority (RFC 3161) for a stamp on a signed
// head of the chain. The authority sees a SHA-256 only.
package tsa

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// Authority is the setting EXTRATO_TSA: the authority's address and, behind #, a
// file with its root certificates in PEM. Without a file the machine's own roots
// are trusted.
type Authority struct {
	address string
	roots   *x509.CertPool // nil: the machine's
	client  *http.Client
}

// Open reads the setting; it returns nil for the empty one. It fails with an
// Error of kind Invalid.
func Open(setting string) (*Authority, error) {
	if setting == "" {
		return nil, nil //nolint:nilnil // no setting, no authority
	}
	refuse := func(why string) (*Authority, error) {
		return nil, books.Invalidf("invalid_setting", "EXTRATO_TSA: %s", why).
			WithHint("write its address and, behind #, the file of its root certificate: https://tsa.example/tsr#/etc/extrato/tsa.pem")
	}
	u, err := url.Parse(setting)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return refuse("it is no address")
	}
	a := &Authority{client: &http.Client{Timeout: 20 * time.Second}}
	if file := u.Fragment; file != "" {
		text, err := os.ReadFile(file)
		a.roots = x509.NewCertPool()
		if err != nil || !a.roots.AppendCertsFromPEM(text) {
			return refuse("the file of the root certificates cannot be read, or holds none")
		}
	}
	u.Fragment, u.RawFragment = "", ""
	a.address = u.String()
	return a, nil
}

// Stamp has a signed head stamped. It returns the token, checked, and its time
// in UTC. It fails with an Error of kind Internal if the authority does not
// answer, and Integrity if its stamp is not good.
func (a *Authority) Stamp(ctx context.Context, checkpoint string) (token []byte, at time.Time, err error) {
	request, nonce, err := proof.StampRequest(checkpoint)
	if err != nil {
		return nil, at, err
	}
	answer, err := a.ask(ctx, request)
	if err != nil {
		return nil, at, (&books.Error{Kind: books.Internal, Code: "tsa_unreachable", Message: "the time stamp authority does not answer"}).
			WithHint("check EXTRATO_TSA; it is asked again by itself").Because(err)
	}
	if token, err = proof.ReadStamp(answer, nonce); err == nil {
		at, err = proof.CheckStamp(token, checkpoint, a.roots)
	}
	return token, at, err
}

// mostBytes bounds an answer.
const mostBytes = 1 << 20

func (a *Authority) ask(ctx context.Context, request []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.address, bytes.NewReader(request))
	if err != nil {
		return nil, errors.New("the address cannot be asked")
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	response, err := a.client.Do(r)
	if err != nil {
		return nil, errors.New("no connection") // its text holds the address, which may hold a password
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, mostBytes))
}

// Check checks a token kept earlier, offline.
func (a *Authority) Check(token []byte, checkpoint string) (time.Time, error) {
	return proof.CheckStamp(token, checkpoint, a.roots)
}

// Package tsatest is a time stamp authority for tests.
package tsatest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

// Authority answers requests over HTTP. Change changes a stamp before it is
// signed; Status, if not 0, answers instead.
type Authority struct {
	*httptest.Server
	RootFile string // its root certificate, PEM
	Use      x509.ExtKeyUsage
	Change   func(*timestamp.Timestamp)
	Status   int
	Asked    atomic.Int64

	rootKey *ecdsa.PrivateKey
	root    *x509.Certificate
}

// New returns an authority with a root of its own.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{Use: x509.ExtKeyUsageTimeStamping}
	a.rootKey, a.root = certificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	a.RootFile = filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(a.RootFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(t, w, r) }))
	t.Cleanup(a.Close)
	return a
}

// Setting is the authority as EXTRATO_TSA names it.
func (a *Authority) Setting() string { return a.URL + "/tsr#" + a.RootFile }

func (a *Authority) serve(t testing.TB, w http.ResponseWriter, r *http.Request) {
	a.Asked.Add(1)
	if a.Status != 0 {
		w.WriteHeader(a.Status)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	asked, err := timestamp.ParseRequest(body)
	if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
		t.Errorf("asked for %v, %v", r.Header, err)
		return
	}
	key, signer := certificate(t, &x509.Certificate{Subject: pkix.Name{CommonName: "tsa"}, ExtKeyUsage: []x509.ExtKeyUsage{a.Use}, KeyUsage: x509.KeyUsageDigitalSignature}, a.root, a.rootKey)
	stamp := &timestamp.Timestamp{
		HashAlgorithm: asked.HashAlgorithm, HashedMessage: asked.HashedMessage, Nonce: asked.Nonce, Time: time.Now().UTC().Truncate(time.Second),
		Policy: []int{1, 2, 3}, Certificates: []*x509.Certificate{a.root}, AddTSACertificate: true,
	}
	if a.Change != nil {
		a.Change(stamp)
	}
	answer, err := stamp.CreateResponseWithOpts(signer, key, crypto.SHA256)
	if err != nil {
		t.Error(err)
	}
	_, _ = w.Write(answer)
}

func certificate(t testing.TB, c, parent *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent, by = c, key
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, made
}

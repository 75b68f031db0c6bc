package tsa_test

import (
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"extrato/internal/books"
	"extrato/internal/tsa"
	"extrato/internal/tsa/tsatest"
)

const head = "extrato/x\n1\nroot\n\n— x y\n"

func open(t *testing.T, setting string) *tsa.Authority {
	t.Helper()
	a, err := tsa.Open(setting)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestA_stamp_is_checked_when_it_comes_and_later_offline(t *testing.T) {
	server := tsatest.New(t)
	a := open(t, server.Setting())
	token, at, err := a.Stamp(t.Context(), head)
	if err != nil || time.Since(at).Abs() > time.Hour {
		t.Fatalf("%s, %v", at, err)
	}
	server.Close()
	if again, err := a.Check(token, head); err != nil || !again.Equal(at) {
		t.Errorf("offline: %s, %v", again, err)
	}
	if _, err := a.Check(token, head+"\n"); code(err) != "bad_stamp" {
		t.Errorf("another head: %v", err)
	}
	if _, err := open(t, tsatest.New(t).Setting()).Check(token, head); code(err) != "bad_stamp" {
		t.Errorf("another root: %v", err)
	}
	if _, err := open(t, "http://127.0.0.1:1").Check(token, head); code(err) != "bad_stamp" {
		t.Errorf("the machine's roots: %v", err)
	}
	for i := 0; i < len(token); i += 7 {
		changed := append([]byte{}, token...)
		changed[i] ^= 1
		if again, err := a.Check(changed, head); err == nil && !again.Equal(at) {
			t.Fatalf("byte %d changes the time", i)
		}
	}
	if _, _, err := a.Stamp(t.Context(), head); code(err) != "tsa_unreachable" || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("a dead authority: %v", err)
	}
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return books.AsError(err).Code
}

func TestA_stamp_that_is_not_good_is_refused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tsatest.Authority)
		code   string
	}{
		"good": {func(*tsatest.Authority) {}, ""},
		"of another head": {func(a *tsatest.Authority) {
			a.Change = func(s *timestamp.Timestamp) { other := sha256.Sum256(nil); s.HashedMessage = other[:] }
		}, "bad_stamp"},
		"of another request": {func(a *tsatest.Authority) { a.Change = func(s *timestamp.Timestamp) { s.Nonce = big.NewInt(1) } }, "bad_stamp"},
		"without a nonce":    {func(a *tsatest.Authority) { a.Change = func(s *timestamp.Timestamp) { s.Nonce = nil } }, "bad_stamp"},
		"without the certificate": {func(a *tsatest.Authority) {
			a.Change = func(s *timestamp.Timestamp) { s.AddTSACertificate, s.Certificates = false, nil }
		}, "bad_stamp"},
		"by a certificate of a server": {func(a *tsatest.Authority) { a.Use = x509.ExtKeyUsageServerAuth }, "bad_stamp"},
		"when the certificate had ended": {func(a *tsatest.Authority) {
			a.Change = func(s *timestamp.Timestamp) { s.Time = s.Time.AddDate(1, 0, 0) }
		}, "bad_stamp"},
		"an error": {func(a *tsatest.Authority) { a.Status = 503 }, "tsa_unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			server := tsatest.New(t)
			c.change(server)
			if token, _, err := open(t, server.Setting()).Stamp(t.Context(), head); code(err) != c.code {
				t.Errorf("%d bytes, %v, want %q", len(token), err, c.code)
			}
		})
	}
}

func TestA_setting_that_is_none_is_refused(t *testing.T) {
	if a, err := tsa.Open(""); a != nil || err != nil {
		t.Errorf("%v, %v", a, err)
	}
	for _, setting := range []string{"tsa.example", "ftp://tsa.example", "https://", "https://tsa.example#/nowhere.pem", "https://tsa.example#tsa_test.go"} {
		if _, err := tsa.Open(setting); code(err) != "invalid_setting" {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

package proof

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"extrato/internal/books"
)

// StampRequest returns an RFC 3161 request for a signed head, in DER, and its
// nonce. The authority sees the head's SHA-256 only.
func StampRequest(checkpoint string) (request []byte, nonce *big.Int, err error) {
	nonce, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, nil, err
	}
	request, err = timestamp.CreateRequest(bytes.NewReader([]byte(checkpoint)), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: nonce})
	return request, nonce, err
}

// ReadStamp returns the token in an authority's answer to the request with this
// nonce. CheckStamp checks it.
func ReadStamp(response []byte, nonce *big.Int) ([]byte, error) {
	stamp, err := timestamp.ParseResponse(response)
	if err != nil {
		return nil, badStamp("the time stamp authority gives no stamp").Because(err)
	}
	if stamp.Nonce == nil || stamp.Nonce.Cmp(nonce) != 0 {
		return nil, badStamp("the time stamp authority answers another request")
	}
	return stamp.RawToken, nil
}

// CheckStamp checks an RFC 3161 token of a signed head, as it was stamped to the
// byte, and returns its time in UTC. The roots come from a setting, never from
// the token. It fails with an Error of kind Integrity.
func CheckStamp(token []byte, checkpoint string, roots *x509.CertPool) (time.Time, error) {
	stamp, err := timestamp.Parse(token) // checks the signature, with a certificate in the token
	if err != nil {
		return time.Time{}, badStamp("the time stamp is broken").Because(err)
	}
	signed, err := pkcs7.Parse(token)
	if err != nil {
		return time.Time{}, badStamp("the time stamp is broken").Because(err)
	}
	signer := signed.GetOnlySigner()
	imprint := sha256.Sum256([]byte(checkpoint))
	switch {
	case signer == nil || len(stamp.Certificates) == 0:
		return time.Time{}, badStamp("the time stamp does not hold the certificate of one signer")
	case stamp.HashAlgorithm != crypto.SHA256 || !bytes.Equal(stamp.HashedMessage, imprint[:]):
		return time.Time{}, badStamp("the time stamp is of another head")
	case !slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageTimeStamping):
		return time.Time{}, badStamp("the time stamp was signed with a certificate for other uses")
	}
	between := x509.NewCertPool()
	for _, c := range stamp.Certificates {
		between.AddCert(c)
	}
	_, err = signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: stamp.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return time.Time{}, badStamp("the time stamp was not made by a trusted authority").Because(err)
	}
	return stamp.Time.UTC(), nil
}

func badStamp(message string) *books.Error {
	return books.Integrityf("bad_stamp", "%s", message).WithHint("check EXTRATO_TSA, and the file of its root certificates")
}

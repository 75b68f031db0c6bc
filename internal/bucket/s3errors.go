package bucket

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"extrato/internal/books"
)

// code returns the store's own word for an error, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// answered returns the status and the headers of the store's answer; 0 and nil
// where there was none.
func answered(err error) (int, http.Header) {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		return response.Response.StatusCode, response.Response.Header
	}
	return 0, nil
}

func status(err error) int {
	code, _ := answered(err)
	return code
}

// isTaken reports whether the store refused to overwrite.
func isTaken(err error) bool { return status(err) == http.StatusPreconditionFailed }

// isMissing reports whether there is no such object; a bucket that is not there
// is another matter. HEAD has no word for either.
func isMissing(err error) bool {
	return status(err) == http.StatusNotFound && code(err) != "NoSuchBucket"
}

// quiet carries an error for errors.Is and shows a text of ours: the SDK's text
// has addresses and identifiers, and a store's may repeat what was sent.
type quiet struct {
	text string
	err  error
}

func (q quiet) Error() string { return q.text }
func (q quiet) Unwrap() error { return q.err }

func errCredentials(bucket string) *books.Error {
	return books.Refusedf("place_refused", "there is no key for bucket %s", bucket).
		WithHint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the files or role that the AWS tools use")
}

// explain turns an error of the SDK into one that says who can fix it and how.
// The caller's own end stays as it is.
func (p *s3Place) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if status(err) == 0 && code(err) == "" {
		if provider := p.client.Options().Credentials; provider != nil {
			if _, missing := provider.Retrieve(ctx); missing != nil {
				return errCredentials(p.bucket)
			}
		}
		return p.unreachable(doing, err)
	}
	why, hint := p.refusal(err)
	e := books.Refusedf("place_refused", "%s did not %s: %s", p, doing, why).WithHint("%s", hint)
	if hint == "" {
		e = p.unreachableError(doing, why).WithHint("it is tried again; if it lasts, look at the store")
	}
	return e.Because(quiet{said(err), err})
}

// said is the store's word and status.
func said(err error) string { return fmt.Sprintf("%s (HTTP %d)", code(err), status(err)) }

// refusal returns a store's refusal in words, and the remedy; no remedy where
// trying again may help.
func (p *s3Place) refusal(err error) (why, hint string) {
	switch c := code(err); {
	case c == "NoSuchBucket":
		return "there is no bucket " + p.bucket, "make the bucket, or mend its name in EXTRATO_BACKUPS_COPY"
	case c == "RequestTimeTooSkewed":
		return "the clocks of this machine and the store differ too much", "set this machine's clock; timedatectl shows whether it is synchronized"
	case c == "InvalidAccessKeyId" || c == "SignatureDoesNotMatch" || c == "InvalidToken" || c == "ExpiredToken":
		return "it does not know the key, or the secret is another", "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a key of one store is unknown to others"
	case c == "PermanentRedirect" || c == "AuthorizationHeaderMalformed" || c == "IllegalLocationConstraintException" || status(err) == http.StatusMovedPermanently:
		return "the bucket is in another region", "write region=" + rightRegion(err) + " behind ? in the entry of EXTRATO_BACKUPS_COPY"
	case c == "InvalidBucketObjectLockConfiguration" || c == "ObjectLockConfigurationNotFoundError" || c == "InvalidRequest" && p.lock > 0:
		return "the bucket cannot lock objects", "object lock is chosen when a bucket is made: make one with it, or leave lock= out"
	case c == "QuotaExceeded" || c == "XMinioStorageFull" || status(err) == http.StatusInsufficientStorage:
		return "it is full", "make room in the store, or let its lifecycle rule remove old versions"
	case c == "NotImplemented" || status(err) == http.StatusNotImplemented:
		return "it does not know conditional writes, which keep copies from being overwritten", "use a store that honours If-None-Match"
	case status(err) == http.StatusForbidden || status(err) == http.StatusUnauthorized:
		return "the key may not", "the key needs the rights s3:PutObject, s3:GetObject, s3:GetObjectVersion, s3:ListBucket and s3:ListBucketVersions, with lock= also s3:PutObjectRetention and s3:GetObjectRetention"
	case status(err) == http.StatusNotFound:
		return "what should be there is not", "check bucket, prefix and endpoint in EXTRATO_BACKUPS_COPY"
	case status(err) >= 500 || status(err) == http.StatusTooManyRequests:
		return "it has a fault of its own, or too much to do", ""
	default:
		return "it refused the request", "check bucket, endpoint and region in EXTRATO_BACKUPS_COPY"
	}
}

// rightRegion is the region named by the answer.
func rightRegion(err error) string {
	_, header := answered(err)
	return cmp.Or(header.Get("X-Amz-Bucket-Region"), "REGION")
}

func (p *s3Place) unreachableError(doing, why string) *books.Error {
	return &books.Error{Kind: books.Internal, Code: "place_unreachable", Message: fmt.Sprintf("%s did not %s: %s", p, doing, why)}
}

// unreachable explains an error of the network.
func (p *s3Place) unreachable(doing string, err error) error {
	var (
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		timeout     net.Error
		dial        *net.OpError
	)
	why, hint := "the connection broke", "it is tried again; if it lasts, check the network and the store"
	switch {
	case errors.As(err, &name):
		why, hint = "there is no host "+name.Name, "check the endpoint in EXTRATO_BACKUPS_COPY and this machine's DNS"
	case errors.As(err, &certificate):
		why, hint = "its certificate cannot be trusted", "give the store a certificate for its name, or put its authority into this machine's certificates"
	case errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch):
		why, hint = "it does not speak TLS at this address", "write http:// instead of https:// in the endpoint, if the network between is your own"
	case errors.Is(err, errStalled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		why = "it does not answer in time"
	case errors.As(err, &dial) && dial.Op == "dial":
		why, hint = "nothing answers at its address", "check the endpoint in EXTRATO_BACKUPS_COPY and whether the store runs"
	}
	return p.unreachableError(doing, why).WithHint("%s", hint).Because(quiet{"network", err})
}

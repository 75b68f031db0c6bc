package bucket

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// s3Place is a prefix in a bucket of S3, or of a store with its protocol. It
// never deletes: its key needs no right to.
type s3Place struct {
	s3Setting
	client *s3.Client
	warn   func(string)
	stall  time.Duration // without a byte moved, a request is given up
}

// defaultStall is long enough for a store to make 0.5 GB durable before its
// answer.
const defaultStall = 2 * time.Minute

// openS3 asks nothing of the store. Credentials come from the standard AWS
// places: environment, shared files, the machine's role.
func openS3(setting string, warn func(string)) (*s3Place, error) {
	s, err := parseS3(setting)
	if err != nil {
		return nil, err
	}
	if warn == nil {
		warn = func(string) {}
	}
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil, errCredentials(s.bucket)
	}
	client := s3.NewFromConfig(settings, func(o *s3.Options) {
		o.Region = cmp.Or(s.region, o.Region, "us-east-1")
		if s.endpoint != "" {
			o.BaseEndpoint = &s.endpoint
		}
		// Stores elsewhere seldom have a name for each bucket.
		o.UsePathStyle = o.BaseEndpoint != nil
		o.HTTPClient = awshttp.NewBuildableClient().WithDialerOptions(shortDial)
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.MaxBackoff = 3, 5*time.Second })
		// An altered object is for the reader to find: it compares all bytes.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	return &s3Place{s3Setting: s, client: client, warn: warn, stall: defaultStall}, nil
}

func (p *s3Place) String() string {
	name := "s3://" + path.Join(p.bucket, p.prefix)
	if p.endpoint != "" {
		name += " (" + p.endpoint + ")"
	}
	return name
}

// key returns an object's name in the bucket.
func (p *s3Place) key(name string) (*string, error) {
	if clean := path.Clean(name); filepath.IsLocal(filepath.FromSlash(name)) && clean != "." {
		return aws.String(path.Join(p.prefix, clean)), nil
	}
	return nil, fmt.Errorf("%q is no name inside the place", name)
}

// Put sends the object in one request. If the store's answer is lost, the next try
// finds the name taken: then the object there is read and compared.
func (p *s3Place) Put(ctx context.Context, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte, retainUntil time.Time) (string, error) {
	key, err := p.key(name)
	if err != nil {
		return "", err
	}
	if err := checkContent(ctx, name, content, size, sum); err != nil {
		return "", err
	}
	if p.lock == 0 {
		retainUntil = time.Time{}
	}
	version, err := p.put(ctx, key, content, size, sum, retainUntil)
	if !isTaken(err) {
		return version, p.explain(ctx, "store "+name, err)
	}
	head, err := p.head(ctx, key, "")
	if isMissing(err) { // some stores refuse to put over a delete marker
		return "", ErrHidden
	}
	if err != nil {
		return "", p.explain(ctx, "compare with the object there", err)
	}
	version = aws.ToString(head.VersionId)
	there, err := p.get(ctx, name, key, version)
	if err != nil {
		return "", err
	}
	defer there.Close()
	if err := sameOrExists(ctx, there, size, sum); err != nil {
		return "", err
	}
	return version, p.Retain(ctx, name, version, retainUntil)
}

// put sends one request, three times if the store answers: another request
// for this name is under way.
func (p *s3Place) put(ctx context.Context, key *string, content io.ReadSeeker, size int64, sum [sha256.Size]byte, retainUntil time.Time) (string, error) {
	for try := 1; ; try++ {
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			return "", err
		}
		watched, watch := p.watch(ctx)
		in := &s3.PutObjectInput{
			Bucket: &p.bucket, Key: key, Body: watchedContent{content, watch}, ContentLength: &size, IfNoneMatch: aws.String("*"),
			ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		}
		if !retainUntil.IsZero() {
			in.ObjectLockMode, in.ObjectLockRetainUntilDate = types.ObjectLockModeCompliance, &retainUntil
		}
		out, err := p.client.PutObject(watched, in)
		if watch.end(); err == nil {
			return aws.ToString(out.VersionId), nil
		}
		if err = watch.cause(err); code(err) != "ConditionalRequestConflict" || try == 3 {
			return "", err
		}
		if err := pause(ctx, time.Duration(try)*time.Second); err != nil {
			return "", err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// InClear reports whether requests leave this machine without TLS.
func (p *s3Place) InClear() bool {
	u, err := url.Parse(aws.ToString(p.client.Options().BaseEndpoint))
	if err != nil || u.Scheme != "http" {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !address.IsLoopback())
}

// Locks returns how long the place locks its objects; zero: not at all.
func (p *s3Place) Locks() time.Duration { return p.lock }

// Retain extends the lock of a version.
func (p *s3Place) Retain(ctx context.Context, name, version string, until time.Time) error {
	key, err := p.key(name)
	if err != nil || p.lock == 0 || until.IsZero() {
		return err
	}
	head, err := p.head(ctx, key, version)
	if err != nil {
		return p.explain(ctx, "look at the lock of "+name, err)
	}
	if held := head.ObjectLockRetainUntilDate; held != nil && !held.Before(until.Truncate(time.Second)) {
		return nil
	}
	watched, watch := p.watch(ctx)
	defer watch.end()
	_, err = p.client.PutObjectRetention(watched, &s3.PutObjectRetentionInput{
		Bucket: &p.bucket, Key: key, VersionId: optional(version),
		Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeCompliance, RetainUntilDate: &until},
	})
	return p.explain(ctx, "lock "+name, watch.cause(err))
}

// optional returns nil for the empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

var _ Place = (*s3Place)(nil)

package bucket

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Open reads the newest version. It fails with ErrHidden under a delete marker.
func (p *s3Place) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	key, err := p.key(name)
	if err != nil {
		return nil, err
	}
	return p.get(ctx, name, key, "")
}

// OpenVersion reads one version.
func (p *s3Place) OpenVersion(ctx context.Context, name, version string) (io.ReadCloser, error) {
	key, err := p.key(name)
	if err != nil {
		return nil, err
	}
	content, err := p.get(ctx, name, key, version)
	if err != nil || version == "" {
		return content, err
	}
	head, err := p.head(ctx, key, "")
	switch {
	case err == nil && aws.ToString(head.VersionId) == version:
		return content, nil
	case err == nil || isMissing(err):
		content.Close()
		return nil, ErrHidden
	default:
		content.Close()
		return nil, p.explain(ctx, "look at "+name, err)
	}
}

func (p *s3Place) head(ctx context.Context, key *string, version string) (*s3.HeadObjectOutput, error) {
	watched, watch := p.watch(ctx)
	defer watch.end()
	out, err := p.client.HeadObject(watched, &s3.HeadObjectInput{Bucket: &p.bucket, Key: key, VersionId: optional(version)})
	return out, watch.cause(err)
}

func (p *s3Place) get(ctx context.Context, name string, key *string, version string) (io.ReadCloser, error) {
	watched, watch := p.watch(ctx)
	out, err := p.client.GetObject(watched, &s3.GetObjectInput{Bucket: &p.bucket, Key: key, VersionId: optional(version)})
	watch.pause()
	if err == nil {
		return &s3Content{p: p, ctx: ctx, name: name, body: out.Body, watch: watch}, nil
	}
	watch.end()
	switch {
	case !isMissing(err) && (version == "" || code(err) != "InvalidArgument"):
		return nil, p.explain(ctx, "open "+name, watch.cause(err))
	case version == "" && p.marked(ctx, key):
		return nil, ErrHidden
	default:
		return nil, ErrNotExist
	}
}

// marked reports whether a delete marker lies over versions of this name. A key
// without the right to list versions sees a missing object.
func (p *s3Place) marked(ctx context.Context, key *string) bool {
	watched, watch := p.watch(ctx)
	defer watch.end()
	list, err := p.client.ListObjectVersions(watched, &s3.ListObjectVersionsInput{Bucket: &p.bucket, Prefix: key, MaxKeys: aws.Int32(10)})
	if err != nil {
		return false
	}
	for _, m := range list.DeleteMarkers {
		if aws.ToString(m.Key) == *key && aws.ToBool(m.IsLatest) {
			return true
		}
	}
	return false
}

// s3Content is an object that is being read; a store that sends nothing is
// given up.
type s3Content struct {
	p     *s3Place
	ctx   context.Context //nolint:containedctx // the caller's, to tell its end from the store's faults
	name  string
	body  io.ReadCloser
	watch *watch
}

func (c *s3Content) Read(b []byte) (int, error) {
	c.watch.moved()
	n, err := c.body.Read(b)
	c.watch.pause()
	if err != nil && err != io.EOF { //nolint:errorlint // a Reader returns it bare
		err = c.p.explain(c.ctx, "read "+c.name, c.watch.cause(err))
	}
	return n, err
}

func (c *s3Content) Close() error {
	c.watch.end()
	return c.body.Close()
}

// List returns the names of the objects in a folder.
func (p *s3Place) List(ctx context.Context, folder string) ([]string, error) {
	if !filepath.IsLocal(filepath.FromSlash(folder)) {
		return nil, fmt.Errorf("%q is no folder inside the place", folder)
	}
	folder = path.Clean(folder)
	objects, _, err := p.list(ctx, folder)
	if err != nil {
		return nil, p.explain(ctx, "list "+folder, err)
	}
	var names []string
	for _, object := range objects {
		name := path.Join(folder, object)
		if name != probeName && name != lockedProbeName {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Folders returns the names of the folders.
func (p *s3Place) Folders(ctx context.Context) ([]string, error) {
	_, folders, err := p.list(ctx, ".")
	slices.Sort(folders)
	return folders, p.explain(ctx, "list the folders", err)
}

// list returns the last parts of the names in a folder.
func (p *s3Place) list(ctx context.Context, folder string) (objects, folders []string, err error) {
	prefix := path.Join(p.prefix, folder) + "/"
	if prefix == "./" {
		prefix = ""
	}
	in := &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: &prefix, Delimiter: aws.String("/")}
	for pages := s3.NewListObjectsV2Paginator(p.client, in); pages.HasMorePages(); {
		watched, watch := p.watch(ctx)
		page, err := pages.NextPage(watched)
		watch.end()
		if err != nil {
			return nil, nil, watch.cause(err)
		}
		for _, o := range page.Contents {
			if name := strings.TrimPrefix(aws.ToString(o.Key), prefix); name != "" {
				objects = append(objects, name)
			}
		}
		for _, f := range page.CommonPrefixes {
			folders = append(folders, strings.TrimSuffix(strings.TrimPrefix(aws.ToString(f.Prefix), prefix), "/"))
		}
	}
	return objects, folders, nil
}

package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"extrato/internal/books"
)

// The probe objects stay: the key has no right to delete. The second one is
// locked, so that a lock is tried from the first start that asks for it.
const (
	probeName       = "extrato-probe"
	lockedProbeName = "extrato-probe-lock"
	probeText       = "extrato puts this object twice to learn whether the store overwrites. It holds nothing.\n"
)

// Probe puts one object twice under one name, reads it back by its version and
// lists the place: all rights that copies need.
func (p *s3Place) Probe(ctx context.Context) error {
	name, until := probeName, time.Time{}
	if p.lock > 0 {
		// A day is enough to see the lock; the probe itself is worth nothing.
		name, until = lockedProbeName, time.Now().Add(24*time.Hour)
	}
	key, err := p.key(name)
	if err != nil {
		return err
	}
	if err := p.probeTwice(ctx, key, until); err != nil {
		return err
	}
	head, err := p.head(ctx, key, "")
	if err != nil {
		return p.explain(ctx, "read the probe object back", err)
	}
	version := aws.ToString(head.VersionId)
	if version == "" {
		p.warn(fmt.Sprintf("%s keeps no versions: a copy that another program deletes or overwrites there is gone. Turn on versioning for the bucket", p))
	}
	content, err := p.OpenVersion(ctx, name, version)
	if err != nil {
		return err
	}
	defer content.Close()
	err = sameOrExists(ctx, content, int64(len(probeText)), sha256.Sum256([]byte(probeText)))
	if errors.Is(err, ErrExists) {
		return books.Refusedf("place_refused", "%s gives back other bytes than it got", p).
			WithHint("look at the object %s there; if this program alone writes there, use another store", *key)
	}
	if err != nil {
		return err
	}
	_, err = p.Folders(ctx)
	return err
}

func (p *s3Place) probeTwice(ctx context.Context, key *string, until time.Time) error {
	text := []byte(probeText)
	for range 2 {
		_, err := p.put(ctx, key, bytes.NewReader(text), int64(len(text)), sha256.Sum256(text), until)
		if isTaken(err) {
			return nil
		}
		if err != nil {
			return p.explain(ctx, "store the probe object", err)
		}
	}
	return books.Refusedf("place_overwrites", "%s took two objects of one name: it would overwrite copies", p).
		WithHint("whoever runs the store must update it to one that honours If-None-Match; until then take this place out of EXTRATO_BACKUPS_COPY")
}

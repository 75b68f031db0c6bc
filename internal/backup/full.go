package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

// FullFolder holds the copies of the whole database.
const FullFolder = "inteiro"

// FullManifest describes a copy of the whole database. Like a month's, it is
// durable before its copy has a name.
type FullManifest struct {
	Format    int              `json:"format"`
	File      string           `json:"file"`
	Database  string           `json:"database"` // sqlite or postgres
	SHA256    string           `json:"sha256"`
	Size      int64            `json:"size"` // in bytes
	Entries   int64            `json:"entries"`
	Head      string           `json:"head"`    // of the chain; "" without entries
	Rows      map[string]int64 `json:"rows"`    // by table
	Changes   string           `json:"changes"` // the state of the database just before, as Store.Changes has it
	CreatedAt string           `json:"created_at"`
	Program   string           `json:"program"`
	Checksum  string           `json:"checksum"`
}

func (m FullManifest) encode() ([]byte, error) { return encodeChecked(&m, &m.Checksum) }

// At returns the copy's instant.
func (m FullManifest) At() (books.Instant, error) {
	var at books.Instant
	err := at.Parse([]byte(m.CreatedAt))
	return at, err
}

// fullTime is the form of a copy's name, in UTC.
const fullTime = "20060102T150405Z"

var fullEndings = map[string]string{"sqlite": ".sqlite", "postgres": ".pgdump"}

// KeepFull puts a copy of the whole database, in content, into the bucket, and
// reads it back. It fails with ErrUnwritable, and with an Error of kind
// Integrity where other bytes come back.
func (b *Backups) KeepFull(ctx context.Context, m FullManifest, content io.Reader) (FullManifest, error) {
	at := b.Now()
	m.Format, m.CreatedAt, m.Program = manifestFormat, books.InstantOf(at).String(), b.Program
	staged, err := b.Bucket.Stage(ctx, fullName(m, at))
	if err != nil {
		return m, unwritable(err)
	}
	defer staged.Discard()
	out := &sink{to: staged, hash: sha256.New()}
	if _, err := io.Copy(out, bucket.WhileWanted(ctx, content)); err != nil {
		return m, unwritable(err)
	}
	m.SHA256, m.Size = hex.EncodeToString(out.hash.Sum(nil)), out.size
	b.step("full copy staged")
	if m, err = b.commitFull(ctx, staged, m, at); err != nil {
		return m, err
	}
	_, err = ReadFull(ctx, b.Bucket, m.File, io.Discard)
	if errors.Is(err, bucket.ErrNotExist) {
		err = corruptf("the copy is gone right after it was written").Because(err)
	}
	return m, err
}

func fullName(m FullManifest, at time.Time) string {
	return FullFolder + "/" + at.UTC().Format(fullTime) + fullEndings[m.Database]
}

// commitFull gives manifest and copy the name of their second, or of the first
// free one after it.
func (b *Backups) commitFull(ctx context.Context, staged bucket.Staged, m FullManifest, at time.Time) (FullManifest, error) {
	const most = 60
	for n := range most {
		m.File = fullName(m, at.Add(time.Duration(n)*time.Second))
		err := b.commitManifest(ctx, m.File, m.encode)
		if err == nil {
			b.step("full manifest written")
			err = staged.Commit(ctx, m.File)
		}
		if errors.Is(err, bucket.ErrExists) {
			continue
		}
		if err != nil {
			return m, unwritable(err)
		}
		b.step("full copy named")
		return m, nil
	}
	return m, books.Conflictf("full_copy_made", "others made %d copies of the database in a minute", most).WithHint("nothing was lost; try again")
}

// ReadFullManifest reads the manifest of a whole copy. It fails with an Error of
// kind Integrity, or with bucket.ErrNotExist.
func ReadFullManifest(ctx context.Context, from bucket.Reader, file string) (FullManifest, error) {
	var m FullManifest
	in, err := from.Open(ctx, ManifestOf(file))
	if err != nil {
		return m, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fullCorrupt("the manifest of %s cannot be read", file).Because(err)
	}
	again, err := m.encode()
	if err != nil || !bytes.Equal(text, again) || m.Format != manifestFormat || fullEndings[m.Database] == "" || path.Base(m.File) != path.Base(file) {
		return m, fullCorrupt("the manifest of %s is not as it was written", file).Because(err)
	}
	return m, nil
}

// ReadFull copies a whole copy's bytes to a writer, and fails with an Error of
// kind Integrity unless they are those of its manifest.
func ReadFull(ctx context.Context, from bucket.Reader, file string, to io.Writer) (FullManifest, error) {
	m, err := ReadFullManifest(ctx, from, file)
	if err != nil {
		return m, err
	}
	in, err := from.Open(ctx, file)
	if err != nil {
		return m, err
	}
	defer in.Close()
	out := &sink{to: to, hash: sha256.New()}
	if _, err := io.Copy(out, bucket.WhileWanted(ctx, in)); err != nil {
		return m, err
	}
	if hex.EncodeToString(out.hash.Sum(nil)) != m.SHA256 || out.size != m.Size {
		return m, fullCorrupt("%s does not hold the bytes that were written", file)
	}
	return m, nil
}

func fullCorrupt(format string, args ...any) *books.Error {
	return books.Integrityf("full_copy_corrupt", format, args...).WithHint("nothing was changed; use an earlier copy, or the one of another place")
}

// NewestFull returns the manifest of the newest whole copy that has one; the
// zero manifest if there is none. The copy itself is not read.
func (b *Backups) NewestFull(ctx context.Context) (FullManifest, error) {
	names, err := b.Bucket.List(ctx, FullFolder)
	if err != nil {
		return FullManifest{}, unwritable(err)
	}
	for _, name := range slices.Backward(names) {
		if _, known := takenAt(name); !known || isFullManifest(name) {
			continue
		}
		m, err := ReadFullManifest(ctx, b.Bucket, name)
		var known *books.Error
		if errors.As(err, &known) || errors.Is(err, bucket.ErrNotExist) {
			continue
		}
		return m, err
	}
	return FullManifest{}, nil
}

func isFullManifest(name string) bool {
	return IsManifest(strings.TrimSuffix(name, bucket.EncryptedSuffix))
}

// takenAt returns the instant in the name of a copy, or of its manifest.
func takenAt(name string) (time.Time, bool) {
	stem, _, _ := strings.Cut(path.Base(name), ".")
	at, err := time.Parse(fullTime, stem)
	return at, err == nil && at.Format(fullTime) == stem
}

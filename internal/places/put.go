package places

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// copyOne puts an object into a place, reads it back, and returns its record,
// which is saved. An error is the folder's or the place's; it is in the record
// too.
func (p *Places) copyOne(ctx context.Context, place bucket.Place, object string) (store.ObjectCopy, error) {
	rec, err := p.recordOf(ctx, place, object)
	if err != nil || Proved(rec.State) { // by another process, meanwhile
		return rec, err
	}
	content, err := p.open(ctx, object)
	if err == nil {
		defer content.Close()
		if sum := hex.EncodeToString(content.sum[:]); rec.SHA256 != sum {
			rec.SHA256, rec.Tried = sum, nil
		}
		rec.Size = content.size
		try, sent := rec, store.ObjectCopy{} // not rec: a call that hangs may still use them
		err = p.within(ctx, place, content.size, func(ctx context.Context) (err error) {
			if sent, err = p.send(ctx, place, try, content); err == nil && sent.State == Pending {
				sent.State, sent.Reason, err = readBack(ctx, place, sent)
			}
			return unready(place, err)
		})
		if err == nil {
			rec = sent
		}
	}
	if err != nil {
		if ctx.Err() != nil { // told to stop: no fault of the place
			return rec, err
		}
		rec.Reason = books.AsError(err).Message
	}
	saved, failed := p.saveSent(ctx, rec)
	return saved, cmp.Or(err, failed)
}

// recordOf returns an object's record, a pending one if there is none.
func (p *Places) recordOf(ctx context.Context, place bucket.Place, object string) (rec store.ObjectCopy, err error) {
	err = p.Store.Read(ctx, func(tx *store.Tx) error {
		rec, err = tx.ObjectCopy(ctx, place.String(), object)
		return err
	})
	if rec.State == "" {
		rec = store.ObjectCopy{Object: object, Place: place.String(), State: Pending, Since: books.InstantOf(p.Now())}
	}
	return rec, err
}

// saveSent saves the end of a try to copy. A copy that another process proved
// meanwhile stays proved, and ciphertexts it has sent stay known.
func (p *Places) saveSent(ctx context.Context, rec store.ObjectCopy) (store.ObjectCopy, error) {
	now := books.InstantOf(p.Now())
	err := p.Store.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.ObjectCopy(ctx, rec.Place, rec.Object)
		switch {
		case err != nil:
			return err
		case Proved(known.State) && !Proved(rec.State):
			rec = known
			return nil
		case Proved(rec.State):
			rec.Tried = nil
		case known.SHA256 == rec.SHA256:
			rec.Tried = known.Tried
		}
		rec.Since = sinceOf(known, rec.State, now)
		if rec.State != Pending {
			rec.CheckedAt = books.NullInstant{V: now, Valid: true}
		}
		return tx.SaveObjectCopy(ctx, rec)
	})
	return rec, err
}

// sinceOf returns since when a copy is in a state.
func sinceOf(known store.ObjectCopy, state string, now books.Instant) books.Instant {
	if known.State == state {
		return known.Since
	}
	return now
}

// send puts an object, encrypted if there are recipients. The record stays
// pending until it is read back; another state is the end of it.
func (p *Places) send(ctx context.Context, place bucket.Place, rec store.ObjectCopy, content *content) (store.ObjectCopy, error) {
	if p.Recipients == nil {
		return p.put(ctx, place, rec, rec.Object, content, content.size, content.sum)
	}
	name := rec.Object + bucket.EncryptedSuffix
	if len(rec.Tried) > 0 || p.Identities != nil {
		found, err := p.adopt(ctx, place, rec, name)
		if err == nil || !errors.Is(err, bucket.ErrNotExist) || errors.Is(err, bucket.ErrHidden) {
			return found, err
		}
	}
	sealed, err := p.Recipients.Encrypt(ctx, content, p.SpoolDir)
	if err != nil {
		return rec, err
	}
	defer sealed.Close()
	// Known before it is sent: if the answer is lost, it is recognized by its sum.
	if rec, err = p.remember(ctx, rec, hex.EncodeToString(sealed.Sum[:])); err != nil {
		return rec, err
	}
	sent, err := p.put(ctx, place, rec, name, sealed.Content, sealed.Size, sealed.Sum)
	if sent.State == Corrupt {
		sent.Reason = strangeReason(name)
	}
	return sent, err
}

// strangeReason is that of a ciphertext that this database knows nothing of.
func strangeReason(name string) string {
	return "another encrypted object stands there under the name " + name +
		"; after a restore into a new database, extrato backup copy --identity FILE opens it and knows it again"
}

func (p *Places) put(ctx context.Context, place bucket.Place, rec store.ObjectCopy, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte) (store.ObjectCopy, error) {
	until := p.lockedUntil(place)
	version, err := place.Put(ctx, name, content, size, sum, until)
	switch {
	case errors.Is(err, bucket.ErrExists):
		rec.State, rec.Reason = Corrupt, "other bytes stand there under the name "+name
		return rec, nil
	case errors.Is(err, bucket.ErrHidden):
		rec.State, rec.Reason = Hidden, hiddenReason
		return rec, nil
	}
	rec.Name, rec.Version, rec.Stored, rec.State, rec.Reason = name, version, hex.EncodeToString(sum[:]), Pending, ""
	return rec, err
}

// remember records a ciphertext before it is sent.
func (p *Places) remember(ctx context.Context, rec store.ObjectCopy, sum string) (store.ObjectCopy, error) {
	err := p.Store.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.ObjectCopy(ctx, rec.Place, rec.Object)
		if err != nil {
			return err
		}
		if known.SHA256 == rec.SHA256 {
			rec.Tried = known.Tried
		}
		rec.Tried = append(slices.Clone(rec.Tried), sum)
		return tx.SaveObjectCopy(ctx, rec)
	})
	return rec, err
}

// adopt takes a ciphertext in the place for the copy, if an earlier try sent it
// and lost the answer, or if the identities open it and it is the object. It fails
// with bucket.ErrNotExist if there is none.
func (p *Places) adopt(ctx context.Context, place bucket.Place, rec store.ObjectCopy, name string) (store.ObjectCopy, error) {
	in, err := place.Open(ctx, name)
	if errors.Is(err, bucket.ErrHidden) {
		rec.State, rec.Reason = Hidden, hiddenReason
		return rec, nil
	}
	if err != nil {
		return rec, err
	}
	defer in.Close()
	file, err := backup.Nameless(p.SpoolDir)
	if err != nil {
		return rec, err
	}
	defer file.Close()
	found, err := read(ctx, in, file)
	if err != nil {
		return rec, err
	}
	mine := slices.Contains(rec.Tried, hex.EncodeToString(found.sum[:]))
	if !mine && p.Identities != nil {
		if mine, err = p.opens(ctx, file, rec); err != nil {
			return rec, err
		}
	}
	if !mine {
		rec.State, rec.Reason = Corrupt, strangeReason(name)
		return rec, nil
	}
	return p.put(ctx, place, rec, name, file, found.size, found.sum) // the same bytes: it returns the version
}

// opens reports whether a ciphertext is an object's.
func (p *Places) opens(ctx context.Context, sealed io.ReadSeeker, rec store.ObjectCopy) (bool, error) {
	if _, err := sealed.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	plain, err := p.Identities.Decrypt(rec.Object, io.NopCloser(sealed))
	if err != nil {
		return false, err
	}
	found, err := read(ctx, plain, io.Discard)
	if err != nil && books.AsError(err).Kind == books.Integrity {
		return false, nil
	}
	return hex.EncodeToString(found.sum[:]) == rec.SHA256, err
}

// content is an object of the backup folder with its size and SHA-256.
type content struct {
	io.ReadSeeker
	measured
	file io.Closer
}

// Close ends the reading.
func (c *content) Close() { _ = c.file.Close() }

type measured struct {
	size int64
	sum  [sha256.Size]byte
}

// read reads to the end, into to.
func read(ctx context.Context, in io.Reader, to io.Writer) (m measured, err error) {
	hash := sha256.New()
	m.size, err = io.Copy(io.MultiWriter(hash, to), bucket.WhileWanted(ctx, in))
	hash.Sum(m.sum[:0])
	return m, err
}

// open opens an object of the backup folder. It fails with an Error of kind
// Integrity if the object is not what its manifest says.
func (p *Places) open(ctx context.Context, object string) (*content, error) {
	want, err := p.announced(ctx, object)
	if err != nil {
		return nil, err
	}
	in, err := p.Local.Open(ctx, object)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", object, err)
	}
	c := &content{file: in}
	if file, ok := in.(*os.File); ok {
		c.ReadSeeker = file
	} else {
		in.Close()
		return nil, fmt.Errorf("%s is no local file", object)
	}
	if c.measured, err = read(ctx, c, io.Discard); err == nil {
		_, err = c.Seek(0, io.SeekStart)
	}
	if err == nil && want != "" && want != hex.EncodeToString(c.sum[:]) {
		err = books.Integrityf("backup_corrupt", "%s in the backup folder is not what its manifest says, so it was not copied", object).
			WithHint("see which backups are damaged: extrato backup verify")
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// announced returns the SHA-256 in an object's manifest, "" if it has none.
func (p *Places) announced(ctx context.Context, object string) (string, error) {
	manifest := manifestOf(object)
	if manifest == "" {
		return "", nil
	}
	in, err := p.Local.Open(ctx, manifest)
	if errors.Is(err, bucket.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", manifest, err)
	}
	defer in.Close()
	var says struct {
		SHA256 string `json:"sha256"`
	}
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(in, most))
	if err == nil && json.Unmarshal(text, &says) != nil {
		err = books.Integrityf("backup_corrupt", "%s in the backup folder cannot be read", manifest).
			WithHint("see which backups are damaged: extrato backup verify")
	}
	return says.SHA256, err
}

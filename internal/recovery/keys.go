package recovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/bucket"
	"extrato/internal/proof"
	"extrato/internal/store"
)

// keyFolder holds the signing keys, each encrypted to all recipients:
// chaves/KEYHASH-RECIPIENTS.key. Other recipients get an object of their own.
const (
	keyFolder = "chaves"
	keyEnd    = ".key"
)

func keyName(key proof.PublicKey, r *bucket.Recipients) string {
	return fmt.Sprintf("%s/%08x-%s%s", keyFolder, key.KeyHash(), r.ID(), keyEnd)
}

// keepKeys writes the signing keys that are missing for these recipients.
// Without recipients a key stays in the database alone.
func (k *Keeper) keepKeys(ctx context.Context) error {
	if k.Recipients == nil {
		return nil
	}
	var names []string
	err := k.within(ctx, func() (err error) {
		names, err = k.Backups.Bucket.List(ctx, keyFolder)
		return err
	})
	if err != nil {
		return unkept(err)
	}
	var keys []store.SigningKey
	err = k.Store.Read(ctx, func(tx *store.Tx) error {
		keys, err = tx.SigningKeys(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		name := keyName(key.Public, k.Recipients)
		if _, there := slices.BinarySearch(names, name); there || key.Secret == "" {
			continue
		}
		if err := k.putKey(ctx, name, key.Secret); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) putKey(ctx context.Context, name, secret string) error {
	if k.CheckPlace != nil {
		if err := k.CheckPlace(ctx); err != nil {
			return err
		}
	}
	sealed, err := k.Recipients.Encrypt(ctx, strings.NewReader(secret), k.SpoolDir)
	if err != nil {
		return err
	}
	defer sealed.Close()
	if err := k.write(ctx, name, sealed.Content); !errors.Is(err, bucket.ErrExists) {
		return err
	}
	return nil // another process was faster
}

// BringKeys puts the signing keys back that an identity opens, and returns how
// many. Objects for other recipients, and other studios', are left alone.
func (s *Source) BringKeys(ctx context.Context, to *store.Store, identities *bucket.Identities) (brought int, err error) {
	names, err := s.from.List(ctx, keyFolder)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, keyEnd) {
			continue
		}
		sealed, err := readAll(ctx, s.from, name)
		if err != nil {
			return brought, err
		}
		plain, err := identities.Decrypt(name, io.NopCloser(bytes.NewReader(sealed)))
		if err != nil {
			continue // for others
		}
		text, err := io.ReadAll(plain)
		if err != nil {
			return brought, err
		}
		key, err := proof.ParseKey(string(text))
		if err != nil {
			continue
		}
		err = to.Write(ctx, func(tx *store.Tx) error {
			found, err := tx.FindSigningKey(ctx, key)
			if found {
				brought++
			}
			return err
		})
		if err != nil {
			return brought, err
		}
	}
	return brought, nil
}

// allKeys adds the public keys made by entries after the studio's copy.
func (b *rebuilding) allKeys(rows [][]*string) [][]*string {
	for _, e := range b.entries {
		key, err := proof.KeyIn(e)
		if err != nil || slices.ContainsFunc(rows, func(row []*string) bool { return *row[1] == key.String() }) {
			continue
		}
		id, text, at := strconv.Itoa(len(rows)+1), key.String(), e.At.SQL().(string)
		rows = append(rows, []*string{&id, &text, &at})
	}
	return rows
}

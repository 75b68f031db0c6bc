package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// SigningKey is a key of the studio for heads of the chain.
type SigningKey struct {
	Public proof.PublicKey
	Secret string // "": lost
	MadeAt books.Instant
}

// SigningKeys returns the studio's keys, the newest first. All of them sign, so
// those who know an old one can follow.
func (t *Tx) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var all []SigningKey
	err := t.list(ctx, "SELECT vkey, secret, made_at FROM signing_keys ORDER BY id DESC", nil, func(scan func(...any) error) error {
		var k SigningKey
		var public string
		err := scan(&public, &k.Secret, &column{value: &k.MadeAt})
		if err == nil {
			k.Public, err = proof.ParsePublicKey(public)
		}
		all = append(all, k)
		return err
	})
	return all, err
}

// AddSigningKey makes key the newest.
func (t *Tx) AddSigningKey(ctx context.Context, key proof.Key) error {
	_, err := t.exec(ctx, `INSERT INTO signing_keys (id, vkey, secret, made_at)
		VALUES ((SELECT coalesce(max(id), 0) + 1 FROM signing_keys), $1, $2, $3)`,
		key.Public().String(), key.Secret(), books.InstantOf(t.s.now()).SQL())
	return err
}

// FindSigningKey puts the secret of a lost key back. It reports whether the key
// is one of the studio's that was lost.
func (t *Tx) FindSigningKey(ctx context.Context, key proof.Key) (found bool, err error) {
	changed, err := t.exec(ctx, "UPDATE signing_keys SET secret = $1 WHERE vkey = $2 AND secret = ''", key.Secret(), key.Public().String())
	return changed > 0, err
}

// makeFirstKey makes the studio's first key and the origin of its log. A key
// that was lost is replaced by a person: the chain then says so.
func (t *Tx) makeFirstKey(ctx context.Context) error {
	keys, err := t.SigningKeys(ctx)
	if err != nil || len(keys) > 0 {
		return err
	}
	return t.AddSigningKey(ctx, proof.NewKey(proof.NewOrigin("")))
}

// Anchor is a head seen by somebody else.
type Anchor struct {
	Size    int64
	Witness string // a cosigner's key, or TSA
	Note    string // the signed head, as it was seen
	Token   string // of a time stamp authority, base64
	At      books.Instant
}

// TSA is the Witness of a time stamp.
const TSA = "tsa"

// Anchors returns all heads seen by others, the largest first.
func (t *Tx) Anchors(ctx context.Context) ([]Anchor, error) {
	var all []Anchor
	err := t.list(ctx, "SELECT size, witness, note, token, at FROM anchors ORDER BY size DESC, witness", nil, func(scan func(...any) error) error {
		var a Anchor
		err := scan(&a.Size, &a.Witness, &a.Note, &a.Token, &column{value: &a.At})
		all = append(all, a)
		return err
	})
	return all, err
}

// SaveAnchor keeps a head seen by somebody else, in the place of an earlier one
// of the same size and witness.
func (t *Tx) SaveAnchor(ctx context.Context, a Anchor) error {
	_, err := t.exec(ctx, `INSERT INTO anchors (size, witness, note, token, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (size, witness) DO UPDATE SET note = excluded.note, token = excluded.token, at = excluded.at`,
		a.Size, a.Witness, a.Note, a.Token, a.At.SQL())
	return err
}

// Tree returns the tree over the chain's entries.
func (t *Tx) Tree(ctx context.Context) (*proof.Tree, error) {
	var entries []books.Fingerprint
	err := t.list(ctx, "SELECT seq, hash FROM closings WHERE seq > 0 ORDER BY seq", nil, func(scan func(...any) error) error {
		var seq int64
		var hash string
		if err := scan(&seq, &hash); err != nil {
			return err
		}
		f, err := books.ParseFingerprint(hash)
		if entries = append(entries, f); err != nil || seq != int64(len(entries)) {
			return books.Integrityf("broken_chain", "entry %d of the chain is missing or cannot be read", len(entries)).WithHint("%s", MendChain)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return proof.TreeOf(entries), nil
}

// NewestHead is, in the place of a number of entries, all of them.
const NewestHead = -1

// Log returns the chain as a log with a signed head: the newest one cosigned by
// somebody else if it has at least that many entries, or else the head of now.
// It signs no fork: it fails with an Error of kind Integrity if a head seen
// before is not one of the chain's, and of kind Refused if the key is lost.
func (t *Tx) Log(ctx context.Context, atLeast int64) (proof.Log, error) {
	var l proof.Log
	keys, err := t.SigningKeys(ctx)
	if err != nil {
		return l, err
	}
	signers, err := signersOf(keys)
	if err != nil {
		return l, err
	}
	for _, k := range keys {
		l.Keys = append(l.Keys, k.Public)
	}
	if l.Tree, err = t.Tree(ctx); err != nil {
		return l, err
	}
	anchors, err := t.Anchors(ctx)
	if err != nil {
		return l, err
	}
	if len(anchors) > 0 {
		if err := CheckAnchor(l.Tree, anchors[0]); err != nil {
			return l, err
		}
	}
	anchors = slices.DeleteFunc(anchors, func(a Anchor) bool { return a.Witness == TSA })
	size := l.Tree.Size()
	if atLeast >= 0 && len(anchors) > 0 && anchors[0].Size >= atLeast {
		size = anchors[0].Size
	}
	if l.Checkpoint, err = proof.Sign(l.Tree.Head(l.Keys[0].Name(), size), signers...); err != nil {
		return l, err
	}
	for _, a := range anchors {
		k, err := proof.ParsePublicKey(a.Witness)
		if err == nil && a.Size == size {
			l.Checkpoint, err = proof.Join(l.Checkpoint, a.Note, k)
			l.Cosigners = append(l.Cosigners, k)
		}
		if err != nil {
			return l, badAnchor(a).Because(err)
		}
	}
	return l, nil
}

func signersOf(keys []SigningKey) ([]proof.Key, error) {
	if len(keys) == 0 || keys[0].Secret == "" {
		return nil, books.Refusedf("no_signing_key", "the studio's key for signing the chain's head is lost").
			WithHint("make a new one; the chain says so: extrato audit rekey --reason TEXT")
	}
	var signers []proof.Key
	for _, k := range keys {
		if k.Secret == "" {
			continue
		}
		s, err := proof.ParseKey(k.Secret)
		if err != nil || s.Public().String() != k.Public.String() {
			return nil, books.Integrityf("bad_signing_key", "the studio's key %s was changed in the database", k.Public).
				WithHint("put its row in signing_keys back from a copy, or make a new key: extrato audit rekey --reason TEXT")
		}
		signers = append(signers, s)
	}
	return signers, nil
}

// CheckAnchor compares a head seen by somebody else with the chain. It fails
// with an Error of kind Integrity.
func CheckAnchor(tree *proof.Tree, a Anchor) error {
	seen, err := proof.ParseHead(a.Note)
	switch {
	case err != nil || seen.Size != a.Size:
		return badAnchor(a).Because(err)
	case seen.Size > tree.Size():
		return books.Integrityf("older_head", "the chain has %d entries, and %s saw %d on %s", tree.Size(), a.witness(), a.Size, a.At).WithHint("%s", MendChain)
	case tree.Head(seen.Origin, seen.Size) != seen:
		return books.Integrityf("forked_log", "the chain's first %d entries are not those that %s saw on %s", a.Size, a.witness(), a.At).WithHint("%s", MendChain)
	}
	return nil
}

func badAnchor(a Anchor) *books.Error {
	return books.Integrityf("bad_anchor", "the record of the head of %d entries that %s saw was changed in the database", a.Size, a.witness()).
		WithHint("keep a copy of the table anchors as it is, then delete that row")
}

func (a Anchor) witness() string {
	if a.Witness == TSA {
		return "the time stamp authority"
	}
	name, _, _ := strings.Cut(a.Witness, "+")
	return cmp.Or(name, "somebody")
}

// KeepCosignature keeps a head of the chain as somebody else saw it. It fails
// with an Error of kind Invalid if the text is no checkpoint or not cosigned
// with this key, Integrity if it is no head of this chain or a signature is
// wrong, and Refused if another key of the same name has cosigned before.
func (t *Tx) KeepCosignature(ctx context.Context, checkpoint string, cosigner proof.PublicKey) (Anchor, error) {
	keys, err := t.SigningKeys(ctx)
	if err != nil {
		return Anchor{}, err
	}
	known := []proof.PublicKey{cosigner}
	for _, k := range keys {
		known = append(known, k.Public)
	}
	seen, err := proof.Open(checkpoint, known...)
	if err != nil {
		return Anchor{}, err
	}
	if len(seen.Cosigned) != 1 {
		return Anchor{}, books.Invalidf("not_cosigned", "%s has not cosigned this head", cosigner.Name())
	}
	a := Anchor{Size: seen.Size, Witness: cosigner.String(), Note: checkpoint, At: books.InstantOf(seen.Cosigned[0].At)}
	tree, err := t.Tree(ctx)
	if err != nil {
		return a, err
	}
	if err := CheckAnchor(tree, a); err != nil {
		return a, err
	}
	before, err := t.Anchors(ctx)
	if err != nil {
		return a, err
	}
	for _, b := range before {
		if other, err := proof.ParsePublicKey(b.Witness); err == nil && other.Name() == cosigner.Name() && b.Witness != a.Witness {
			return a, books.Refusedf("other_cosigner", "another key of %s has cosigned before", cosigner.Name()).
				WithHint("give the cosigner the key it had, or another name")
		}
	}
	return a, t.SaveAnchor(ctx, a)
}

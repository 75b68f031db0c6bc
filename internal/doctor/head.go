package doctor

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"extrato/internal/proof"
	"extrato/internal/store"
	"extrato/internal/tsa"
)

// unseenAfter is the age at which the last cosignature is too old: the safety
// net comes every month.
const unseenAfter = 36 * 24 * time.Hour

// head reports on the key that signs the chain's head, and on the last head
// cosigned by somebody else. Whether those heads fit the chain, chain reports.
func (d *Doctor) head(ctx context.Context, r *Report) {
	var keys []store.SigningKey
	var anchors []store.Anchor
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err1, err2 error
		keys, err1 = tx.SigningKeys(ctx)
		anchors, err2 = tx.Anchors(ctx)
		return errors.Join(err1, err2)
	})
	if err != nil {
		r.failed("signed head", err)
		return
	}
	if len(keys) == 0 || keys[0].Secret == "" {
		r.say("head_key_lost")
		return
	}
	d.stamp(r, anchors)
	for _, a := range anchors {
		cosigner, err := proof.ParsePublicKey(a.Witness)
		switch {
		case err != nil: // a time stamp
		case d.Now().Sub(a.At.Time()) > unseenAfter:
			r.say("head_old", a.Size, d.day(a.At))
			return
		default:
			r.say("head", keys[0].Public.Name(), a.Size, cosigner.Name(), d.day(a.At))
			return
		}
	}
	r.say("head_unseen", keys[0].Public.Name())
}

// stamp reports on the newest head stamped with the time.
func (d *Doctor) stamp(r *Report, anchors []store.Anchor) {
	const name = "time stamp"
	authority, err := tsa.Open(d.Config.TSA)
	switch {
	case err != nil:
		r.failed(name, err)
		return
	case authority == nil:
		return
	}
	i := slices.IndexFunc(anchors, func(a store.Anchor) bool { return a.Witness == store.TSA })
	if i < 0 {
		r.say("stamp_none")
		return
	}
	newest := anchors[i]
	token, err := base64.StdEncoding.DecodeString(newest.Token)
	if err == nil {
		_, err = authority.Check(token, newest.Note)
	}
	if err != nil {
		r.failed(name, err)
		return
	}
	r.say("stamp", newest.Size, d.day(newest.At))
}

package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// versionField says how the row was when its form was shown.
const versionField = "versao"

// errFaster means: another person changed the row since the form was shown.
var errFaster = books.Conflictf("faster", "somebody changed this meanwhile")

// paymentVersions identifies the state of each payment, with its commissions. A
// deleted one has none.
func paymentVersions(ctx context.Context, tx *store.Tx, ids []books.ID, commissions map[books.ID][]*books.Commission) (map[books.ID]string, error) {
	rows, err := tx.LiveByID(ctx, books.PaymentKind, ids)
	if err != nil {
		return nil, err
	}
	versions := map[books.ID]string{}
	for id, row := range rows {
		text := books.AppendRowJSON(nil, row)
		for _, c := range commissions[id] {
			text = books.AppendRowJSON(append(text, '\n'), c)
		}
		sum := sha256.Sum256(text)
		versions[id] = hex.EncodeToString(sum[:8])
	}
	return versions, nil
}

// unchanged refuses a payment other than its form showed it.
func unchanged(ctx context.Context, tx *store.Tx, id books.ID, seen string) recording.Match {
	return func(books.Row) error {
		commissions, err := tx.CommissionsOfAll(ctx, []books.ID{id})
		if err != nil {
			return err
		}
		versions, err := paymentVersions(ctx, tx, []books.ID{id}, commissions)
		if err == nil && versions[id] != seen {
			err = errFaster
		}
		return err
	}
}

package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// rowVersions identifies the state of each row. A deleted one has none.
func rowVersions(ctx context.Context, tx *store.Tx, kind books.Kind, ids []books.ID) (map[books.ID]string, error) {
	rows, err := tx.LiveByID(ctx, kind, ids)
	versions := map[books.ID]string{}
	for id, row := range rows {
		sum := sha256.Sum256(books.AppendRowJSON(nil, row))
		versions[id] = hex.EncodeToString(sum[:8])
	}
	return versions, err
}

// rowUnchanged refuses a row other than its form showed it.
func rowUnchanged(ctx context.Context, tx *store.Tx, seen string) recording.Match {
	return func(row books.Row) error {
		versions, err := rowVersions(ctx, tx, row.Kind(), []books.ID{row.Key()})
		if err == nil && versions[row.Key()] != seen {
			err = errFaster
		}
		return err
	}
}

// isOvertaken reports whether a row was changed or deleted while its form was
// filled in.
func isOvertaken(err error, missing string) bool {
	e := books.AsError(err)
	return e != nil && (e.Code == errFaster.Code || e.Code == missing)
}

// overtaken shows the typed values of a row beside those saved meanwhile.
// factsOf returns the row's values in the order of mine.
func (v *visit) overtaken(kind books.Kind, id books.ID, p page, mine []pair, factsOf func(context.Context, *store.Tx, books.Row) ([]pair, error)) error {
	shown := versionsPage{page: p, Action: p.Here + "/" + idText(id), Mine: v.typed()}
	ctx := v.r.Context()
	var other []pair
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		changes, err := tx.ChangesOf(ctx, kind, id, 0, 1)
		if err != nil {
			return err
		}
		names, err := v.namesIn(ctx, tx, changes)
		if err != nil {
			return err
		}
		who := v.t("somebody")
		if len(changes) > 0 {
			who = v.actorName(changes[0].By, names) + ", " + v.moment(changes[0].At)
		}
		live, err := tx.LiveByID(ctx, kind, []books.ID{id})
		if err != nil {
			return err
		}
		if live[id] == nil {
			if len(changes) == 0 || changes[0].Action != "delete" {
				shown.Closed, err = v.intoStatement(ctx, tx, kind, id, len(changes) > 0)
				return err
			}
			shown.Gone, shown.Lost, shown.Text = true, !v.mayRevive(changes[0]), v.t("row deleted meanwhile", who)
			shown.Mine.Values.Set(reviveField, idText(books.ID(changes[0].ID)))
			return nil
		}
		versions, err := rowVersions(ctx, tx, kind, []books.ID{id})
		if err != nil {
			return err
		}
		shown.Text = v.t("row changed meanwhile", who)
		shown.Mine.Values.Set(versionField, versions[id])
		other, err = factsOf(ctx, tx, live[id])
		return err
	})
	if err != nil {
		return err
	}
	for i, fact := range mine {
		r := versionRow{Label: fact.Label, Mine: cmp.Or(fact.Value, "–")}
		if i < len(other) {
			r.Other = cmp.Or(other[i].Value, "–")
		}
		shown.Rows = append(shown.Rows, r)
	}
	shown.Mine.Values.Set(keyField, v.blankForm().Key)
	return v.show(http.StatusUnprocessableEntity, "versions.html", shown)
}

// intoStatement explains the end of a row that a close took while its form was
// filled in. It fails with errNoPage if there never was one.
func (v *visit) intoStatement(ctx context.Context, tx *store.Tx, kind books.Kind, id books.ID, was bool) (*closedDay, error) {
	if kind == books.SessionKind {
		if month, rests, err := tx.RestsIn(ctx, kind, id); err != nil || rests {
			return v.closedDay(month), err
		}
	}
	if !was {
		return nil, errNoPage
	}
	return &closedDay{Text: v.t("closed meanwhile")}, nil
}

// bringRowBack revives any other row.
func (v *visit) bringRowBack(ctx context.Context, tx *store.Tx, kind books.Kind, id books.ID, f *form) error {
	return v.revive(ctx, tx, kind, id, f, func(ids []books.ID) (map[books.ID]string, error) { return rowVersions(ctx, tx, kind, ids) })
}

// revive undoes the deletion of a row the visitor wants to keep. The form then
// has seen the row's version.
func (v *visit) revive(ctx context.Context, tx *store.Tx, kind books.Kind, id books.ID, f *form, version func([]books.ID) (map[books.ID]string, error)) error {
	if !f.Has(reviveField) {
		return nil
	}
	changes, err := tx.ChangesOf(ctx, kind, id, 0, 1)
	if err != nil || len(changes) == 0 || !v.mayRevive(changes[0]) || idText(books.ID(changes[0].ID)) != f.Value(reviveField) {
		return err
	}
	if _, err := v.Recording.Undo(ctx, tx, v.who.By, changes[0].ID); err != nil {
		return err
	}
	versions, err := version([]books.ID{id})
	if err != nil {
		return err
	}
	f.Values.Set(versionField, versions[id])
	return nil
}

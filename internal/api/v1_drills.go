package api

import (
	"context"

	"extrato/internal/store"
)

// drilled is the last drill of a month at a place.
type drilled struct {
	Month   string  `json:"month" example:"2025-10"`
	Place   string  `json:"place" doc:"Of the backup."`
	File    string  `json:"file" example:"2025_10/backup_2025_10.csv"`
	Result  string  `json:"result" enum:"equal,different,failed" doc:"Whether the backup gave the statement again; failed: the drill could not run."`
	Reason  string  `json:"reason"`
	Next    string  `json:"next" doc:"The command to run, where one helps."`
	Seconds float64 `json:"seconds"`
	At      string  `json:"at"`
}

func (v *v1) listDrills(ctx context.Context, _ *struct{}) (*listed[drilled], error) {
	var items []drilled
	err := v.s.Store.Read(ctx, func(tx *store.Tx) error {
		items = nil
		condition, err := tx.DrillCondition(ctx, v.s.Closer.DrillPlaces())
		for _, d := range condition.Drills {
			items = append(items, drilled{d.Month.String(), d.Place, d.File, d.Result, d.Reason, d.Next, d.Seconds, d.At.String()})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return shownPage(items, ""), nil
}

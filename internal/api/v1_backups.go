package api

import (
	"context"
	"net/http"

	"extrato/internal/places"
	"extrato/internal/store"
)

// copied is the record of one copy of a month's backup.
type copied struct {
	File       string    `json:"file" example:"2025_10/backup_2025_10.csv"`
	Copy       int       `json:"copy"`
	SHA256     string    `json:"sha256"`
	Size       int64     `json:"size"`
	State      string    `json:"state" example:"ok" doc:"What the last verification found: ok, stale, incomplete, corrupt, missing."`
	Reason     string    `json:"reason"`
	Statement  bool      `json:"statement" doc:"The month's statement rests on this copy."`
	CreatedAt  string    `json:"created_at"`
	VerifiedAt string    `json:"verified_at"`
	Places     []inPlace `json:"places" doc:"The copies elsewhere; empty without EXTRATO_BACKUPS_COPY."`
}

// inPlace is the state of a backup in another place.
type inPlace struct {
	Place string `json:"place" example:"s3://studio-backups/extrato"`
	State string `json:"state" enum:"ok,pending,encrypted,hidden,corrupt,missing" doc:"ok and encrypted copies were read back, every byte."`
	At    string `json:"at" doc:"When the place last answered about it or, while it is pending, since when; empty if it is not known yet."`
}

func inPlaces(states []places.State) []inPlace {
	all := []inPlace{}
	for _, s := range states {
		all = append(all, inPlace(s))
	}
	return all
}

func (v *v1) listBackups(ctx context.Context, in *monthInput) (*listed[copied], error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	var items []copied
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		items = nil
		last, err := tx.LastEntry(ctx, m)
		if err != nil {
			return err
		}
		records, err := tx.MonthCopies(ctx, m)
		if err != nil {
			return err
		}
		known, err := tx.Backups(ctx, m)
		for _, b := range known {
			items = append(items, copied{
				File: b.File, Copy: b.Copy, SHA256: b.SHA256, Size: b.Size, State: b.State, Reason: b.Reason,
				Statement: last.HasStatement() && last.BackupFile == b.File, CreatedAt: b.CreatedAt.String(), VerifiedAt: b.VerifiedAt.String(),
				Places: inPlaces(v.s.Closer.Places.Of(records, b.File)),
			})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return shownPage(items, ""), nil
}

type verifyInput struct {
	Month monthText `path:"month"`
	Keyed
}

// verified is the result of verifying a month now.
type verified struct {
	Month     string       `json:"month" example:"2025-10"`
	Statement string       `json:"statement" enum:"ok,changed,none" doc:"Whether the stored statement agrees with the chain."`
	Problems  []string     `json:"problems" doc:"What is not as it was closed."`
	Backups   []readBacked `json:"backups"`
}

type readBacked struct {
	File   string    `json:"file" example:"2025_10/backup_2025_10.csv"`
	State  string    `json:"state" example:"ok" doc:"ok, stale, incomplete, legacy, corrupt, missing."`
	Reason string    `json:"reason"`
	Places []inPlace `json:"places" doc:"The copies elsewhere as they were last read; they are not read now."`
}

func (v *v1) verifyMonth(ctx context.Context, in *verifyInput) (*response[verified], error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	return repeatable(ctx, v, in.Key, "POST /api/v1/months/"+string(in.Month)+"/verify", nil, func() (response[verified], error) {
		problems, closed, err := v.s.Closer.VerifyStatement(ctx, m)
		if err != nil {
			return response[verified]{}, err
		}
		out := verified{Month: m.String(), Statement: "ok", Problems: append([]string{}, problems...), Backups: []readBacked{}}
		switch {
		case !closed:
			out.Statement = "none"
		case len(problems) > 0:
			out.Statement = "changed"
		}
		found, err := v.s.Closer.VerifyBackups(ctx, m, "")
		for _, f := range found {
			out.Backups = append(out.Backups, readBacked{f.File, string(f.State), f.Reason, inPlaces(f.Places)})
		}
		return response[verified]{Status: http.StatusOK, Body: out}, err
	})
}

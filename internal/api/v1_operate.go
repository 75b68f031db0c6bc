package api

import (
	"context"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// made is a backup made now, or found to hold exactly the month's rows.
type made struct {
	Month       string `json:"month" example:"2025-10"`
	Result      string `json:"result" enum:"created,there_already"`
	File        string `json:"file" example:"2025_10/backup_2025_10.csv"`
	SHA256      string `json:"sha256"`
	Fingerprint string `json:"fingerprint"`
	Counts      counts `json:"counts"`
}

type restoreBody struct {
	File   string `json:"file,omitempty" maxLength:"100" example:"2025_10/backup_2025_10.csv" doc:"The copy; without it that of the statement, or the newest recorded one."`
	DryRun bool   `json:"dry_run,omitempty" doc:"Only show the difference."`
}

type restoreInput struct {
	Month monthText `path:"month"`
	Keyed
	Body restoreBody
}

// restoration is the difference between a copy and the live rows, put back or not.
type restoration struct {
	Month   string    `json:"month" example:"2025-10"`
	File    string    `json:"file"`
	DryRun  bool      `json:"dry_run"`
	Missing counts    `json:"missing" doc:"Rows put back."`
	Present counts    `json:"present" doc:"Rows live as in the copy."`
	Links   int       `json:"links" doc:"Links set again between live rows."`
	Clients int       `json:"clients"`
	Artists int       `json:"artists"`
	Notes   []string  `json:"notes"`
	Rows    []backRow `json:"rows" doc:"Each row put back."`
}

type backRow struct {
	Type string `json:"type" example:"pagamento"`
	ID   int64  `json:"id"`
}

type auditBody struct {
	Head string `json:"head,omitempty" maxLength:"64" pattern:"^[0-9a-f]{64}$" doc:"A head kept elsewhere, to be found in the chain."`
}

type auditInput struct {
	Keyed
	Body auditBody
}

type audited struct {
	OK       bool     `json:"ok"`
	Entries  int64    `json:"entries"`
	Head     string   `json:"head" doc:"The last entry's hash."`
	Since    *int64   `json:"since" doc:"Entries after the given head; null without one."`
	Problems []string `json:"problems"`
}

type diagnosisInput struct {
	Fresh bool `query:"fresh" doc:"Look now; it reads every statement."`
}

type diagnosis struct {
	OK       bool        `json:"ok"`
	LookedAt string      `json:"looked_at"`
	Checks   []diagnosed `json:"checks"`
}

type diagnosed struct {
	Name    string `json:"name" example:"backup disk"`
	Code    string `json:"code" example:"same_disk"`
	State   string `json:"state" enum:"ok,warn,fail"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

type shownDiagnosis struct{ Body diagnosis }

type studio struct {
	Name string `json:"name" minLength:"1" maxLength:"80" example:"Estúdio Agulha Fina" doc:"As it stands on statements."`
}

type shownStudio struct {
	Body struct {
		Name string `json:"name" doc:"As it stands on statements; empty: nobody has set it."`
	}
}

type studioInput struct {
	Keyed
	Body studio
}

func (v *v1) registerOperate() {
	register(v, operation{
		method: http.MethodPost, path: "months/{month}/backup", id: "back-up-month", tag: "months", needs: auth.Backup,
		summary: "Back a month up", description: "Of a closed month the copy holds the statement's rows and the late ones. Nothing is written if a verified copy of exactly these rows is there.",
	}, v.backUpMonth)
	register(v, operation{
		method: http.MethodPost, path: "months/{month}/restore", id: "restore-month", tag: "months", needs: auth.Manage, errors: []int{http.StatusNotFound},
		summary: "Put missing rows of a backup back to live", description: "Never removes or overwrites a row. It is refused as a whole if a row is live with other values or rests in a statement. See the difference first, with dry_run.",
	}, v.restoreMonth)
	register(v, operation{
		method: http.MethodPost, path: "closings/verify", id: "verify-closings", tag: "history", needs: auth.Backup,
		summary: "Verify the chain of closings", description: "Computes every entry's hash and every stored statement's fingerprint and totals again.",
	}, v.verifyClosings)
	register(v, operation{
		method: http.MethodGet, path: "doctor", id: "get-diagnosis", tag: "history", needs: auth.Manage,
		summary: "Everything a close depends on", description: "The last report, an hour old at most. Looking changes nothing, and no secret is shown.",
	}, v.diagnose)
	register(v, operation{
		method: http.MethodGet, path: "studio", id: "get-studio", tag: "records", needs: auth.Read, summary: "The studio",
	}, func(ctx context.Context, _ *struct{}) (*shownStudio, error) {
		out := &shownStudio{}
		return out, v.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			out.Body.Name, err = v.s.Recorder.StudioName(ctx, tx)
			return err
		})
	})
	register(v, operation{
		method: http.MethodPost, path: "studio", id: "set-studio", tag: "records", needs: auth.Write, summary: "Name the studio",
	}, func(ctx context.Context, in *studioInput) (*response[studio], error) {
		return onceInTx(ctx, v, in.Key, "POST /api/v1/studio", in.Body, func(tx *store.Tx) (out response[studio], err error) {
			if err = v.s.Recorder.SetStudioName(ctx, tx, in.Body.Name); err == nil {
				out.Body.Name, err = v.s.Recorder.StudioName(ctx, tx)
			}
			out.Status = http.StatusOK
			return out, err
		})
	})
}

func (v *v1) backUpMonth(ctx context.Context, in *verifyInput) (*response[made], error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	ctx, release := v.s.outlive(ctx)
	defer release()
	return repeatable(ctx, v, in.Key, "POST /api/v1/months/"+string(in.Month)+"/backup", nil, func() (response[made], error) {
		r, err := v.s.Closer.CreateBackup(ctx, m, who(ctx).By)
		result := "created"
		if r.Reused {
			result = "there_already"
		}
		return response[made]{Status: http.StatusOK, Body: made{m.String(), result, r.File, r.SHA256, r.Fingerprint.String(), countsOf(r.Counts())}}, err
	})
}

// restoreMonth may be repeated: a second restore finds nothing missing.
func (v *v1) restoreMonth(ctx context.Context, in *restoreInput) (*response[restoration], error) {
	m, err := in.Month.parse()
	if err == nil && in.Body.File != "" {
		_, err = backup.ParseFile(in.Body.File)
	}
	if err != nil {
		return nil, err
	}
	ctx, release := v.s.outlive(ctx)
	defer release()
	return repeatable(ctx, v, in.Key, "POST /api/v1/months/"+string(in.Month)+"/restore", in.Body, func() (response[restoration], error) {
		r, err := v.s.Closer.Restore(ctx, m, in.Body.File, in.Body.DryRun, who(ctx).By)
		return response[restoration]{Status: http.StatusOK, Body: restorationOf(m, r)}, err
	})
}

func restorationOf(m books.Month, r closing.Restoration) restoration {
	out := restoration{
		Month: m.String(), File: r.File, DryRun: r.DryRun, Missing: countsOf(r.Missing), Present: countsOf(r.Present),
		Links: r.Links, Clients: r.Clients, Artists: r.Artists, Notes: append([]string{}, r.Notes...), Rows: []backRow{},
	}
	for _, row := range r.Rows {
		out.Rows = append(out.Rows, backRow{row.Type, int64(row.ID)})
	}
	return out
}

func (v *v1) verifyClosings(ctx context.Context, in *auditInput) (*response[audited], error) {
	return repeatable(ctx, v, in.Key, "POST /api/v1/closings/verify", in.Body, func() (response[audited], error) {
		out := response[audited]{Status: http.StatusOK}
		var a closing.Audit
		var err error
		if in.Body.Head == "" {
			a, err = v.s.Closer.VerifyChain(ctx)
		} else {
			var head books.Fingerprint
			if err = head.UnmarshalText([]byte(in.Body.Head)); err == nil {
				a, err = v.s.Closer.VerifyChainSince(ctx, head)
			}
		}
		out.Body = audited{a.OK, a.Entries, a.Head.String(), a.Since, append([]string{}, a.Problems...)}
		return out, err
	})
}

func (v *v1) diagnose(ctx context.Context, in *diagnosisInput) (*shownDiagnosis, error) {
	if v.s.Doctor == nil {
		return nil, books.NotFoundf("no_doctor", "this server has no doctor").WithHint("run extrato doctor on its machine")
	}
	report, at, err := v.s.Doctor(ctx, in.Fresh)
	if err != nil {
		return nil, err
	}
	out := &shownDiagnosis{diagnosis{OK: report.OK, LookedAt: books.InstantOf(at).String(), Checks: []diagnosed{}}}
	for _, c := range report.Checks {
		out.Body.Checks = append(out.Body.Checks, diagnosed{c.Name, c.Code, string(c.State), c.Message, c.Fix})
	}
	return out, nil
}

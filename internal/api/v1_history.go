package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// attempt is one attempt at a month, successful or not.
type attempt struct {
	ID            int64  `json:"id"`
	Action        string `json:"action" example:"close"`
	Month         string `json:"month" example:"2025-10"`
	By            string `json:"by" example:"schedule"`
	StartedAt     string `json:"started_at"`
	FinishedAt    string `json:"finished_at"`
	Result        string `json:"result" example:"closed" doc:"closed, revised, reopened, already_closed, …, or failed."`
	Code          string `json:"code" doc:"The error's, if it failed."`
	Message       string `json:"message"`
	CorrelationID string `json:"correlation_id"`
	Stage         int    `json:"stage" doc:"Of a close: 1 reading, 2 copying, 3 verifying the backup, 4 storing, 5 removing the rows, 6 finished; of a failed one the stage it came to."`
}

// listOfRuns narrows the list of attempts down.
type listOfRuns struct {
	Action        string    `query:"action" enum:"close,reopen,backup,restore" doc:"Only these."`
	Failed        bool      `query:"failed" doc:"Only failures."`
	CorrelationID string    `query:"correlation_id" maxLength:"128" doc:"Only those of one request."`
	Month         monthText `query:"month" doc:"Only this month's."`
	Part
}

// link is an entry of the chain of closings.
type link struct {
	Seq           int64    `json:"seq"`
	Action        string   `json:"action" example:"closed" doc:"closed, revised, reopened, adopted, restored, keyed."`
	Month         string   `json:"month" example:"2025-10" doc:"Empty of keyed: the key that signs heads was replaced."`
	Revision      int      `json:"revision"`
	At            string   `json:"at"`
	By            string   `json:"by"`
	Reason        string   `json:"reason"`
	CorrelationID string   `json:"correlation_id"`
	Fingerprint   string   `json:"fingerprint" doc:"Of the rows; empty of a statement of v4's."`
	Core          string   `json:"core" doc:"Of the rows without their free texts; empty if there is none."`
	Seal          string   `json:"seal" doc:"Of the statement, byte for byte; empty if the month has none after this entry."`
	Detail        string   `json:"detail" doc:"Of reason, totals and notes."`
	Counts        counts   `json:"counts"`
	Totals        totals   `json:"totals"`
	Backup        *backed  `json:"backup" doc:"null if there was none."`
	Notes         []string `json:"notes"`
	Sealed        sealed   `json:"sealed"`
	Previous      string   `json:"previous_hash"`
	Hash          string   `json:"hash"`
}

// sealed are the values covered by an entry's hash and missing in its other
// fields, so anybody can compute the hash again.
type sealed struct {
	Totals string `json:"totals" doc:"The totals' JSON, byte for byte."`
	Links  int64  `json:"links" doc:"Links of staying sessions to payments in the statement."`
	Salt   string `json:"salt" doc:"16 bytes, as hexadecimal digits."`
}

type person struct {
	UserID int64    `json:"user_id" doc:"0: a trusted job."`
	Name   string   `json:"name"`
	Email  string   `json:"email"`
	Role   string   `json:"role"`
	Scopes []string `json:"scopes" doc:"Of a token."`
	Login  bool     `json:"login" doc:"A person's login, no token."`
	By     string   `json:"by" doc:"Your name in the books."`
}

type shownMe struct{ Body person }

func (v *v1) registerHistory() {
	register(v, operation{
		method: http.MethodGet, path: "runs", id: "list-runs", tag: "history", needs: auth.Read,
		summary: "Every attempt to close, reopen or back up", description: "Newest first, failures too, with their reason.",
	}, v.listRuns)
	register(v, operation{
		method: http.MethodGet, path: "closings", id: "list-closings", tag: "history", needs: auth.Read,
		summary: "The chain of closings", description: "Newest first. Each entry's hash covers the one before; the first entry of the list is the head. " +
			"A hash is SHA-256 over \"extrato chain 1\\n\", the 32 bytes of the hash before (zeros for the first) and these fields in order, as texts, " +
			"each with its length in front as 4 bytes, most significant first: seq, action, month, revision, at in microseconds since 1970, by, correlation_id, " +
			"fingerprint, core, seal, the counts of payments, sessions, commissions, expenses and sealed.links, backup.file, backup.sha256 (empty if there was none), detail. " +
			"The detail is SHA-256 over \"extrato detail 1\\n\", the 16 bytes of sealed.salt and these texts in the same form: reason, sealed.totals, " +
			"how many notes there are, and each note.",
	}, v.listClosings)
	register(v, operation{
		method: http.MethodGet, path: "drills", id: "list-drills", tag: "history", needs: auth.Read,
		summary: "What drills found", description: "A drill restores a backup into a scratch database and compares the statement that comes out. The newest one of each month and place whose backup a statement rests on, newest first.",
	}, v.listDrills)
	register(v, operation{
		method: http.MethodGet, path: "me", id: "get-me", tag: "access", needs: auth.SignedIn,
		summary: "Who you are", description: "The user, role and scopes of this request.",
	}, v.me)
}

func (v *v1) me(ctx context.Context, _ *struct{}) (*shownMe, error) {
	i := who(ctx)
	out := &shownMe{person{UserID: int64(i.UserID), Name: i.Name, Email: i.Email, Role: string(i.Role), Scopes: []string{}, Login: i.Login, By: string(i.By)}}
	for _, scope := range i.Scopes {
		out.Body.Scopes = append(out.Body.Scopes, string(scope))
	}
	return out, nil
}

// after reads the cursor of a numbered list.
func after(p Part, kind string) (int64, error) {
	if p.Cursor == "" {
		return 0, nil
	}
	var text string
	if err := unpackCursor(p.Cursor, &text); err != nil {
		return 0, err
	}
	number, ok := strings.CutPrefix(text, kind)
	n, err := strconv.ParseInt(number, 10, 32)
	if !ok || err != nil || n <= 0 {
		return 0, errCursor
	}
	return n, nil
}

func (v *v1) listRuns(ctx context.Context, in *listOfRuns) (*listed[attempt], error) {
	month, before, err := monthAndPlace(&listOfMonth{in.Month, in.Part}, "run:")
	if err != nil {
		return nil, err
	}
	var runs []store.Run
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		runs, err = tx.Runs(ctx, store.WantedRuns{Month: month, Action: in.Action, Failed: in.Failed, CorrelationID: in.CorrelationID, Before: before, Limit: in.Limit + 1})
		return err
	})
	if err != nil {
		return nil, err
	}
	next := ""
	if len(runs) > in.Limit {
		runs = runs[:in.Limit]
		next = packCursor("run:" + strconv.FormatInt(runs[in.Limit-1].ID, 10))
	}
	items := make([]attempt, 0, len(runs))
	for _, r := range runs {
		items = append(items, attempt{
			ID: r.ID, Action: r.Action, Month: r.Month.String(), By: string(r.By), StartedAt: r.Started.String(), FinishedAt: r.Finished.String(),
			Result: r.Result, Code: r.Code, Message: told(r), CorrelationID: r.CorrelationID, Stage: r.Stage,
		})
	}
	return shownPage(items, next), nil
}

// told leaves out the text of an unexpected failure: it may be a database's.
func told(r store.Run) string {
	if r.Code == "internal" {
		return somethingWrong.Message
	}
	return r.Message
}

func monthAndPlace(in *listOfMonth, kind string) (month books.Month, before int64, err error) {
	if month, err = monthOrNone(in.Month); err == nil {
		before, err = after(in.Part, kind)
	}
	return month, before, err
}

func (v *v1) listClosings(ctx context.Context, in *listOfMonth) (*listed[link], error) {
	month, before, err := monthAndPlace(in, "seq:")
	if err != nil {
		return nil, err
	}
	var chain []books.ChainEntry
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		chain, err = tx.EntriesBefore(ctx, month, before, in.Limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	next := ""
	if len(chain) > in.Limit {
		chain = chain[:in.Limit]
		next = packCursor("seq:" + strconv.FormatInt(chain[in.Limit-1].Seq, 10))
	}
	items := make([]link, 0, len(chain))
	for _, c := range chain {
		l, err := linkOf(c)
		if err != nil {
			return nil, err
		}
		items = append(items, l)
	}
	return shownPage(items, next), nil
}

func linkOf(c books.ChainEntry) (link, error) {
	sums, err := totalsOf(c.Totals)
	notes := c.Notes
	if notes == nil {
		notes = []string{}
	}
	return link{
		Seq: c.Seq, Action: string(c.Action), Month: c.Month.OrNone(), Revision: c.Revision, At: c.At.String(), By: string(c.By), Reason: c.Reason,
		CorrelationID: c.CorrelationID, Fingerprint: c.Fingerprint.OrNone(), Core: c.Core.OrNone(), Seal: c.Seal.OrNone(), Detail: c.Detail.String(), Counts: countsOf(c.Counts), Totals: sums,
		Backup: backedBy(c), Notes: notes, Sealed: sealed{c.Totals, c.Counts.Links, c.Salt.String()}, Previous: c.Previous.String(), Hash: c.Hash.String(),
	}, err
}

package safetynet

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"extrato/internal/books"
)

// errNoV1 reports a server without /api/v1: v4 answers 404 to every GET of it.
var errNoV1 = errors.New("the server has no /api/v1")

type monthState struct {
	Month    string          `json:"month"`
	State    string          `json:"state"`
	Revision int             `json:"revision"`
	Counts   books.Counts    `json:"counts"`
	Totals   json.RawMessage `json:"totals"`
	Late     books.Counts    `json:"late"`
	Backup   string          `json:"backup"`
	DueAt    string          `json:"due_at"`
	From     string          `json:"close_from"`
}

func (m monthState) closed() bool { return m.State == "closed" || m.State == "late" }

// read gets a document of /api/v1.
func (c *Client) read(ctx context.Context, path string, into any) error {
	return c.ask(ctx, request{method: http.MethodGet, path: "/api/v1/" + path, tries: tries, judge: func(a answer) error {
		switch {
		case a.status == http.StatusNotFound && !named(a.body):
			return errNoV1
		case a.status == http.StatusOK && json.Unmarshal(a.body, into) == nil:
			return nil
		}
		return c.refusal(a)
	}})
}

// verify has the server recompute a month's statement and read back its
// backups, once. It fails with an Error of kind Integrity if the statement was
// altered.
func (c *Client) verify(ctx context.Context, month books.Month) error {
	path := "/api/v1/months/" + month.String() + "/verify"
	return c.ask(ctx, request{method: http.MethodPost, path: path, tries: 1, judge: func(a answer) error {
		var found struct {
			Statement string `json:"statement"`
		}
		switch {
		case a.status != http.StatusOK || json.Unmarshal(a.body, &found) != nil:
			return c.refusal(a)
		case found.Statement != "ok":
			return errChanged
		}
		return nil
	}})
}

func (c *Client) month(ctx context.Context, month books.Month) (m monthState, err error) {
	err = c.read(ctx, "months/"+month.String(), &m)
	if err == nil && (m.Month != month.String() || m.State == "") {
		err = errWrongMonth(month)
	}
	return m, err
}

type v4Body struct {
	Month int   `json:"month"`
	Year  int   `json:"year"`
	Force *bool `json:"force,omitempty"`
}

// backup asks for a backup, once. An existing one counts as success.
func (c *Client) backup(ctx context.Context, month books.Month) error {
	body := v4Body{Month: int(month.Month), Year: month.Year}
	return c.ask(ctx, request{method: http.MethodPost, path: "/api/backup/create_service", document: body, tries: 1, judge: func(a answer) error {
		if succeeded(a) || isThere(a) {
			return about(a, month)
		}
		return c.refusal(a)
	}})
}

// generate asks for the statement, and reports whether there was one already.
// An existing one may come from a try with a lost answer. wait, if not nil,
// waits for a close in progress: its answer timed out, or the server reported
// it.
func (c *Client) generate(ctx context.Context, month books.Month, force bool, wait func() error) (existed bool, err error) {
	body, sent := v4Body{Month: int(month.Month), Year: month.Year, Force: &force}, 0
	r := request{method: http.MethodPost, path: "/api/extrato/generate_service", document: body, tries: tries, judge: func(a answer) error {
		sent++
		there := isThere(a) || alreadyExists(a)
		existed = there && sent == 1 // else a previous try may have made it
		switch {
		case isThere(a) && wait != nil:
			return wait()
		case succeeded(a), there:
			return about(a, month)
		}
		return c.refusal(a)
	}}
	r.lost = func(err error) error {
		sent++
		if wait == nil || books.AsError(err).Code != "timeout" {
			return err
		}
		return wait()
	}
	err = c.ask(ctx, r)
	return existed, err
}

func succeeded(a answer) bool {
	return a.status >= http.StatusOK && a.status < http.StatusMultipleChoices && harmless(a.body)["success"] == true
}

// isThere recognises the 409 of v4's endpoints; a proxy's is no answer.
func isThere(a answer) bool {
	var said map[string]json.RawMessage
	return a.status == http.StatusConflict && json.Unmarshal(a.body, &said) == nil && (said["success"] != nil || said["error"] != nil)
}

// about fails with an Error of kind Integrity if a good answer names another
// month than was asked for.
func about(a answer, month books.Month) error {
	var said map[string]any
	_ = json.Unmarshal(a.body, &said)
	for _, part := range []string{"data", "details"} {
		named, _ := said[part].(map[string]any)
		m, y := named["month"], named["year"]
		if m != nil && m != float64(month.Month) || y != nil && y != float64(month.Year) {
			return errWrongMonth(month)
		}
	}
	return nil
}

func errWrongMonth(month books.Month) error {
	return books.Integrityf("wrong_month", "asked for %s, the server answers something else", month).WithHint("check the proxy between this machine and the server")
}

// alreadyExists recognises v4's message for a month with a statement.
func alreadyExists(a answer) bool {
	var said struct {
		Details any `json:"details"`
	}
	return a.status == http.StatusInternalServerError && json.Unmarshal(a.body, &said) == nil && said.Details == "Extrato already exists for month/year"
}

type backed struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

type statement struct {
	Month       string          `json:"month"`
	Revision    int             `json:"revision"`
	Counts      books.Counts    `json:"counts"`
	Totals      json.RawMessage `json:"totals"`
	Fingerprint string          `json:"fingerprint"`
	Adopted     bool            `json:"adopted"`
	Backup      *backed         `json:"backup"`
	Chain       Head            `json:"chain"`
}

// entry is an entry of the chain, with every field of its hash.
type entry struct {
	Seq           int64             `json:"seq"`
	Action        books.Action      `json:"action"`
	Month         string            `json:"month"` // "" of an entry without one
	Revision      int               `json:"revision"`
	At            string            `json:"at"`
	By            books.Actor       `json:"by"`
	Reason        string            `json:"reason"`
	CorrelationID string            `json:"correlation_id"`
	Fingerprint   books.Fingerprint `json:"fingerprint"`
	Core          books.Fingerprint `json:"core"`
	Seal          books.Fingerprint `json:"seal"`
	Detail        books.Fingerprint `json:"detail"`
	Counts        books.Counts      `json:"counts"`
	Totals        json.RawMessage   `json:"totals"`
	Backup        *backed           `json:"backup"`
	Notes         []string          `json:"notes"`
	Sealed        struct {
		Totals string     `json:"totals"`
		Links  int64      `json:"links"`
		Salt   books.Salt `json:"salt"`
	} `json:"sealed"`
	Previous books.Fingerprint `json:"previous_hash"`
	Hash     books.Fingerprint `json:"hash"`
}

// closing converts the entry to the books' type. An unreadable month or instant
// gives another hash.
func (e entry) closing() books.ChainEntry {
	c := books.ChainEntry{
		Seq: e.Seq, Action: e.Action, Revision: e.Revision, By: e.By, Reason: e.Reason, CorrelationID: e.CorrelationID,
		Fingerprint: e.Fingerprint, Core: e.Core, Seal: e.Seal, Detail: e.Detail, Salt: e.Sealed.Salt, Counts: e.Counts, Totals: e.Sealed.Totals, Notes: e.Notes, Previous: e.Previous, Hash: e.Hash,
	}
	c.Counts.Links = e.Sealed.Links
	if e.Backup != nil {
		c.BackupFile, c.BackupSHA256 = e.Backup.File, e.Backup.SHA256
	}
	c.Month, _ = books.ParseMonthOrNone(e.Month)
	_ = c.At.Parse([]byte(e.At))
	return c
}

type backupCopy struct {
	File      string `json:"file"`
	SHA256    string `json:"sha256"`
	State     string `json:"state"`
	Statement bool   `json:"statement"`
	Places    []struct {
		Place string `json:"place"`
		State string `json:"state"`
	} `json:"places"`
}

type list[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next_cursor"`
}

// mostPages bounds how far back a chain is read: 20,000 entries.
const mostPages = 100

// chain returns the entries from the newest down to the one with this number,
// or a few more.
func (c *Client) chain(ctx context.Context, down int64) ([]entry, error) {
	var all []entry
	cursor := ""
	for range mostPages {
		q := url.Values{"limit": {strconv.Itoa(200)}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		var part list[entry]
		if err := c.read(ctx, "closings?"+q.Encode(), &part); err != nil {
			return nil, err
		}
		all = append(all, part.Items...)
		if part.Next == nil || len(part.Items) == 0 || part.Items[len(part.Items)-1].Seq <= down {
			return all, nil
		}
		cursor = *part.Next
	}
	return all, nil
}

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

// errNoV1 says that a server has no /api/v1: v4 answers 404 to every GET of it.
var errNoV1 = errors.New("the server has no /api/v1")

type monthState struct {
	Month    string          `json:"month"`
	State    string          `json:"state"`
	Revision int             `json:"revision"`
	Counts   books.Counts    `json:"counts"`
	Totals   json.RawMessage `json:"totals"`
	Late     books.Counts    `json:"late"`
	Backup   string          `json:"backup"`
}

// read gets a document of /api/v1.
func (c *Client) read(ctx context.Context, path string, into any) error {
	return c.ask(ctx, tries, http.MethodGet, "/api/v1/"+path, nil, func(a answer) error {
		switch {
		case a.status == http.StatusNotFound && harmless(a.body)["correlation_id"] == nil:
			return errNoV1
		case a.status == http.StatusOK && json.Unmarshal(a.body, into) == nil:
			return nil
		}
		return c.refusal(a)
	})
}

func (c *Client) month(ctx context.Context, month books.Month) (m monthState, err error) {
	err = c.read(ctx, "months/"+month.String(), &m)
	if err == nil && (m.Month != month.String() || m.State == "") {
		err = books.Integrityf("wrong_month", "asked for %s, the server answers something else", month)
	}
	return m, err
}

type v4Body struct {
	Month int   `json:"month"`
	Year  int   `json:"year"`
	Force *bool `json:"force,omitempty"`
}

// backup asks for a backup, once. One that is there already is fine.
func (c *Client) backup(ctx context.Context, month books.Month) error {
	body := v4Body{Month: int(month.Month), Year: month.Year}
	err := c.ask(ctx, 1, http.MethodPost, "/api/backup/create_service", body, func(a answer) error {
		if succeeded(a) || a.status == http.StatusConflict {
			return nil
		}
		return c.refusal(a)
	})
	return err
}

// generate asks for the statement. One that is there already is fine: it may
// be that of a try whose answer was lost.
func (c *Client) generate(ctx context.Context, month books.Month, force bool) error {
	body := v4Body{Month: int(month.Month), Year: month.Year, Force: &force}
	return c.ask(ctx, tries, http.MethodPost, "/api/extrato/generate_service", body, func(a answer) error {
		if succeeded(a) || a.status == http.StatusConflict || alreadyExists(a) {
			return nil
		}
		return c.refusal(a)
	})
}

func succeeded(a answer) bool {
	return a.status >= http.StatusOK && a.status < http.StatusMultipleChoices && harmless(a.body)["success"] == true
}

// alreadyExists recognises v4's words for a month that has its statement.
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
	Backup      *backed         `json:"backup"`
	Chain       Head            `json:"chain"`
}

type entry struct {
	Seq         int64           `json:"seq"`
	Month       string          `json:"month"`
	Action      string          `json:"action"`
	Revision    int             `json:"revision"`
	Fingerprint string          `json:"fingerprint"`
	Counts      books.Counts    `json:"counts"`
	Totals      json.RawMessage `json:"totals"`
	Previous    string          `json:"previous_hash"`
	Hash        string          `json:"hash"`
}

type backupCopy struct {
	File      string `json:"file"`
	SHA256    string `json:"sha256"`
	State     string `json:"state"`
	Statement bool   `json:"statement"`
}

type list[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next_cursor"`
}

// mostPages bounds how far back a chain is read: 20,000 entries.
const mostPages = 100

// chain returns the entries from the newest down to seq, or all of them where
// none has that number.
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
		if part.Next == nil || len(part.Items) == 0 || part.Items[len(part.Items)-1].Seq <= down || down == 0 {
			return all, nil
		}
		cursor = *part.Next
	}
	return all, nil
}

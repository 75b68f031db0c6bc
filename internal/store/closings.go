package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"

	"extrato/internal/books"
)

const closingColumns = `seq, action, month, revision, at, actor, reason, correlation_id, fingerprint,
	counts, totals, backup_file, backup_sha256, notes, previous_hash, hash`

// MendChain is the hint where an entry of the chain is not what it was.
const MendChain = `somebody changed it in the database: keep a copy of that as it is; docs/operations.md, "The chain damaged", says how the table closings comes back from a dump`

// chainCounts is how the chain keeps counts.
type chainCounts struct {
	books.Counts
	Links int64 `json:"links"`
}

// AppendClosing puts c at the end of the chain and returns it with its number
// and hashes.
func (t *Tx) AppendClosing(ctx context.Context, c books.Closing) (books.Closing, error) {
	head, err := t.Head(ctx)
	if err != nil {
		return c, err
	}
	c = c.Seal(head)
	counts, err := json.Marshal(chainCounts{c.Counts, c.Counts.Links})
	if err != nil {
		return c, err
	}
	notes, err := json.Marshal(c.Notes)
	if err != nil {
		return c, err
	}
	_, err = t.exec(ctx, "INSERT INTO closings ("+closingColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		c.Seq, string(c.Action), c.Month.String(), c.Revision, c.At.SQL(), string(c.By), c.Reason, c.CorrelationID,
		c.Fingerprint.String(), string(counts), c.Totals, c.BackupFile, c.BackupSHA256, string(notes),
		c.Previous.String(), c.Hash.String())
	return c, err
}

// Head returns the chain's last entry, or the zero Closing of an empty chain.
func (t *Tx) Head(ctx context.Context) (books.Closing, error) {
	return t.closing(ctx, "WHERE seq = (SELECT max(seq) FROM closings)")
}

// LastClosing returns the last entry that says whether month is closed, or the
// zero Closing if it never was. What stands before the chain's first entry says
// nothing.
func (t *Tx) LastClosing(ctx context.Context, month books.Month) (books.Closing, error) {
	return t.closing(ctx, `WHERE seq = (SELECT max(seq) FROM closings WHERE seq > 0 AND month = $1 AND action <> 'restored')`, month.String())
}

func (t *Tx) closing(ctx context.Context, where string, args ...any) (books.Closing, error) {
	var c books.Closing
	t.s.statements.Add(1)
	err := scanClosing(t.tx.QueryRowContext(ctx, "SELECT "+closingColumns+" FROM closings "+where, args...).Scan, &c)
	if errors.Is(err, sql.ErrNoRows) {
		return books.Closing{}, nil
	}
	return c, err
}

// Closings returns all entries, by number, those that are none of the chain's
// as well.
func (t *Tx) Closings(ctx context.Context) ([]books.Closing, error) {
	var all []books.Closing
	err := t.list(ctx, "SELECT "+closingColumns+" FROM closings ORDER BY seq", nil,
		func(scan func(...any) error) error {
			var c books.Closing
			err := scanClosing(scan, &c)
			all = append(all, c)
			return err
		})
	return all, err
}

// LatestClosings returns for each month that has one what LastClosing does.
func (t *Tx) LatestClosings(ctx context.Context) (map[books.Month]books.Closing, error) {
	latest := map[books.Month]books.Closing{}
	err := t.list(ctx, "SELECT "+closingColumns+` FROM closings
		WHERE seq IN (SELECT max(seq) FROM closings WHERE seq > 0 AND action <> 'restored' GROUP BY month) ORDER BY seq`, nil,
		func(scan func(...any) error) error {
			var c books.Closing
			err := scanClosing(scan, &c)
			latest[c.Month] = c
			return err
		})
	return latest, err
}

// latestActions returns of each month's LastClosing what was done; to read whole
// entries takes ten times as long.
func (t *Tx) latestActions(ctx context.Context) (map[string]books.Action, error) {
	latest := map[string]books.Action{}
	err := t.list(ctx, `SELECT month, action FROM closings
		WHERE seq IN (SELECT max(seq) FROM closings WHERE seq > 0 AND action <> 'restored' GROUP BY month)`, nil, func(scan func(...any) error) error {
		var month, action string
		err := scan(&month, &action)
		latest[month] = books.Action(action)
		return err
	})
	return latest, err
}

func scanClosing(scan func(...any) error, c *books.Closing) error {
	var action, month, actor, fingerprint, counts, notes, previous, hash string
	err := scan(&c.Seq, &action, &month, &c.Revision, &column{value: &c.At}, &actor, &c.Reason, &c.CorrelationID,
		&fingerprint, &counts, &c.Totals, &c.BackupFile, &c.BackupSHA256, &notes, &previous, &hash)
	if err != nil {
		return err
	}
	c.Action, c.By = books.Action(action), books.Actor(actor)
	var stored chainCounts
	err = errors.Join(
		c.Month.UnmarshalText([]byte(month)),
		c.Fingerprint.UnmarshalText([]byte(fingerprint)),
		c.Previous.UnmarshalText([]byte(previous)),
		c.Hash.UnmarshalText([]byte(hash)),
		json.Unmarshal([]byte(counts), &stored),
		json.Unmarshal([]byte(notes), &c.Notes),
	)
	if err != nil {
		return books.Integrityf("broken_chain", "entry %d of the chain cannot be read", c.Seq).
			WithHint("%s", MendChain).Because(err)
	}
	c.Counts = stored.Counts
	c.Counts.Links = stored.Links
	return nil
}

// ClosingsBefore returns at most limit entries of the chain, the newest first,
// those below number before; from the head on if that is 0. month, if it is
// not zero, leaves out those of other months.
func (t *Tx) ClosingsBefore(ctx context.Context, month books.Month, before int64, limit int) ([]books.Closing, error) {
	query, args := "SELECT "+closingColumns+" FROM closings WHERE seq < $1", []any{orLast(before), limit}
	if !month.IsZero() {
		query, args = query+" AND month = $3", append(args, month.String())
	}
	var all []books.Closing
	err := t.list(ctx, query+" ORDER BY seq DESC LIMIT $2", args, func(scan func(...any) error) error {
		var c books.Closing
		err := scanClosing(scan, &c)
		all = append(all, c)
		return err
	})
	return all, err
}

func orLast(before int64) int64 {
	if before <= 0 {
		return math.MaxInt32
	}
	return before
}

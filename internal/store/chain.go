package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"

	"extrato/internal/books"
)

// entryColumns are an entry's columns in closings; detailColumns those in
// closing_details, erasable without breaking the entry's hash.
const (
	entryColumns = `seq, action, month, revision, at, actor, correlation_id, fingerprint, core, seal,
	payments, sessions, commissions, expenses, links, backup_file, backup_sha256, detail, previous_hash, hash`
	detailColumns = "reason, totals, notes, salt"
	selectEntry   = "SELECT " + entryColumns + ", " + detailColumns + " FROM closings LEFT JOIN closing_details USING (seq) "
	// statementActions selects the entries that decide whether a month is
	// closed. Entries before the chain's first one decide nothing. See
	// books.Action.Decides.
	statementActions = "seq > 0 AND action IN ('closed', 'revised', 'reopened', 'adopted')"
)

// MendChain is the hint for a changed entry of the chain.
const MendChain = `somebody changed it in the database: keep a copy of that as it is; docs/operations.md, "The chain damaged", says how the table closings comes back from a dump`

// AppendEntry puts c at the end of the chain and returns it with its number and
// hashes. The actor's name goes into the notes, and the entry's number into the
// record of the statement's backup.
func (t *Tx) AppendEntry(ctx context.Context, c books.ChainEntry) (books.ChainEntry, error) {
	head, err := t.Head(ctx)
	if err != nil {
		return c, err
	}
	by, name := c.By.Anonymous()
	if c.By = by; name != "" {
		c.Notes = append([]string{books.ByNote + name}, c.Notes...)
	}
	c.Salt = books.NewSalt()
	c = c.After(head)
	return c, t.InsertEntry(ctx, c)
}

// InsertEntry inserts an entry as it is: the chain's next.
func (t *Tx) InsertEntry(ctx context.Context, c books.ChainEntry) error {
	notes, err := json.Marshal(c.Notes)
	if err != nil {
		return err
	}
	n := c.Counts
	_, err = t.exec(ctx, "INSERT INTO closings ("+entryColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		c.Seq, string(c.Action), c.Month.OrNone(), c.Revision, c.At.SQL(), string(c.By), c.CorrelationID,
		c.Fingerprint.OrNone(), c.Core.OrNone(), c.Seal.OrNone(), n.Payments, n.Sessions, n.Commissions, n.Expenses, n.Links,
		c.BackupFile, c.BackupSHA256, c.Detail.String(), c.Previous.String(), c.Hash.String())
	if err != nil {
		return err
	}
	// If the end of the chain was cut off, this entry's details may still exist.
	_, err = t.exec(ctx, "INSERT INTO closing_details (seq, "+detailColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (seq) DO UPDATE SET reason = excluded.reason, totals = excluded.totals, notes = excluded.notes, salt = excluded.salt`,
		c.Seq, c.Reason, c.Totals, string(notes), c.Salt.String())
	if err == nil && c.HasStatement() && c.BackupFile != "" {
		_, err = t.exec(ctx, "UPDATE backups SET entry = $1 WHERE file = $2", c.Seq, c.BackupFile)
	}
	return err
}

// Head returns the chain's last entry, or the zero ChainEntry of an empty chain.
func (t *Tx) Head(ctx context.Context) (books.ChainEntry, error) {
	return t.entry(ctx, "WHERE seq = (SELECT max(seq) FROM closings)")
}

// LastEntry returns the last entry that decides whether month is closed, or the
// zero ChainEntry if it never was. Entries before the chain's first one decide
// nothing.
func (t *Tx) LastEntry(ctx context.Context, month books.Month) (books.ChainEntry, error) {
	return t.entry(ctx, "WHERE seq = (SELECT max(seq) FROM closings WHERE month = $1 AND "+statementActions+")", month.String())
}

func (t *Tx) entry(ctx context.Context, where string, args ...any) (books.ChainEntry, error) {
	var c books.ChainEntry
	t.s.statements.Add(1)
	err := scanEntry(t.tx.QueryRowContext(ctx, selectEntry+where, args...).Scan, &c)
	if errors.Is(err, sql.ErrNoRows) {
		return books.ChainEntry{}, nil
	}
	return c, err
}

// ChainEntries returns all entries by number, including those before the
// chain's first one.
func (t *Tx) ChainEntries(ctx context.Context) ([]books.ChainEntry, error) {
	var all []books.ChainEntry
	err := t.list(ctx, selectEntry+"ORDER BY seq", nil,
		func(scan func(...any) error) error {
			var c books.ChainEntry
			err := scanEntry(scan, &c)
			all = append(all, c)
			return err
		})
	return all, err
}

// OrphanDetails returns the numbers of details without an entry.
func (t *Tx) OrphanDetails(ctx context.Context) ([]int64, error) {
	var all []int64
	err := t.list(ctx, "SELECT seq FROM closing_details WHERE seq NOT IN (SELECT seq FROM closings) ORDER BY seq", nil, func(scan func(...any) error) error {
		all = append(all, 0)
		return scan(&all[len(all)-1])
	})
	return all, err
}

// LatestEntries returns the LastEntry of each closed or reopened month.
func (t *Tx) LatestEntries(ctx context.Context) (map[books.Month]books.ChainEntry, error) {
	latest := map[books.Month]books.ChainEntry{}
	err := t.list(ctx, selectEntry+"WHERE seq IN (SELECT max(seq) FROM closings WHERE "+statementActions+" GROUP BY month) ORDER BY seq", nil,
		func(scan func(...any) error) error {
			var c books.ChainEntry
			err := scanEntry(scan, &c)
			latest[c.Month] = c
			return err
		})
	return latest, err
}

// MonthHead is what lists need of a month's LastEntry.
type MonthHead struct {
	Seq        int64
	Action     books.Action
	Revision   int
	Counts     books.Counts
	Totals     string
	BackupFile string
}

// HeadOf returns the head of an entry.
func HeadOf(e books.ChainEntry) MonthHead {
	return MonthHead{e.Seq, e.Action, e.Revision, e.Counts, e.Totals, e.BackupFile}
}

// HasStatement is ChainEntry.HasStatement.
func (h MonthHead) HasStatement() bool { return books.ChainEntry{Action: h.Action}.HasStatement() }

// LatestHeads returns the heads of LatestEntries, in a third of the time.
func (t *Tx) LatestHeads(ctx context.Context) (map[books.Month]MonthHead, error) {
	latest := map[books.Month]MonthHead{}
	err := t.list(ctx, `SELECT c.seq, c.action, c.month, c.revision, c.payments, c.sessions, c.commissions, c.expenses, c.links, c.backup_file, coalesce(d.totals, '')
		FROM closings c LEFT JOIN closing_details d ON d.seq = c.seq
		WHERE c.seq IN (SELECT max(seq) FROM closings WHERE `+statementActions+` GROUP BY month)`, nil, func(scan func(...any) error) error {
		var h MonthHead
		var action, month string
		n := &h.Counts
		if err := scan(&h.Seq, &action, &month, &h.Revision, &n.Payments, &n.Sessions, &n.Commissions, &n.Expenses, &n.Links, &h.BackupFile, &h.Totals); err != nil {
			return brokenScan(h.Seq, err)
		}
		var m books.Month
		h.Action = books.Action(action)
		err := m.UnmarshalText([]byte(month))
		latest[m] = h
		return brokenEntry(h.Seq, err)
	})
	return latest, err
}

// latestActions returns the action of each month's LastEntry. Reading whole
// entries takes ten times as long.
func (t *Tx) latestActions(ctx context.Context) (map[string]books.Action, error) {
	latest := map[string]books.Action{}
	err := t.list(ctx, "SELECT month, action FROM closings WHERE seq IN (SELECT max(seq) FROM closings WHERE "+statementActions+" GROUP BY month)", nil, func(scan func(...any) error) error {
		var month, action string
		err := scan(&month, &action)
		latest[month] = books.Action(action)
		return err
	})
	return latest, err
}

func scanEntry(scan func(...any) error, c *books.ChainEntry) error {
	var action, month, at, actor, fingerprint, core, seal, detail, previous, hash string
	var reason, totals, notes, salt sql.NullString
	n := &c.Counts
	err := scan(&c.Seq, &action, &month, &c.Revision, &at, &actor, &c.CorrelationID, &fingerprint, &core, &seal,
		&n.Payments, &n.Sessions, &n.Commissions, &n.Expenses, &n.Links, &c.BackupFile, &c.BackupSHA256, &detail, &previous, &hash,
		&reason, &totals, &notes, &salt)
	if err != nil {
		return brokenScan(c.Seq, err)
	}
	c.Action, c.By, c.Reason, c.Totals = books.Action(action), books.Actor(actor), reason.String, totals.String
	c.Month, err = books.ParseMonthOrNone(month)
	err = errors.Join(
		err,
		c.At.Parse([]byte(at)),
		c.Fingerprint.UnmarshalText([]byte(fingerprint)),
		c.Core.UnmarshalText([]byte(core)),
		c.Seal.UnmarshalText([]byte(seal)),
		c.Detail.UnmarshalText([]byte(detail)),
		c.Previous.UnmarshalText([]byte(previous)),
		c.Hash.UnmarshalText([]byte(hash)),
	)
	if !reason.Valid { // erased; the entry's detail hash then differs
		totals, notes, salt = sql.NullString{String: "{}"}, sql.NullString{String: "null"}, sql.NullString{String: books.Salt{}.String()}
		c.Totals = totals.String
	}
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(notes.String), &c.Notes), c.Salt.UnmarshalText([]byte(salt.String)))
	}
	if err == nil {
		// The hash covers the values, so only their canonical form may be
		// stored.
		again, failed := json.Marshal(c.Notes)
		stored := []string{month, at, fingerprint, core, seal, detail, previous, hash, notes.String, salt.String}
		meant := []string{c.Month.OrNone(), c.At.SQL().(string), c.Fingerprint.OrNone(), c.Core.OrNone(), c.Seal.OrNone(), c.Detail.String(),
			c.Previous.String(), c.Hash.String(), string(again), c.Salt.String()}
		if failed != nil || !slices.Equal(stored, meant) {
			err = errors.New("it is not in the form in which it was written")
		}
	}
	return brokenEntry(c.Seq, err)
}

// brokenEntry explains an entry with a value that none is written with.
func brokenEntry(seq int64, err error) error {
	if err == nil {
		return nil
	}
	return books.Integrityf("broken_chain", "entry %d of the chain cannot be read: %s", seq, err).
		WithHint("%s", MendChain).Because(err)
}

// brokenScan is brokenEntry where a column holds a value of another type, as
// SQLite allows. An error of the database stays as it is.
func brokenScan(seq int64, err error) error {
	if !strings.HasPrefix(err.Error(), "sql: Scan error") {
		return err
	}
	return brokenEntry(seq, err)
}

// EntriesBefore returns at most limit entries of the chain, newest first, below
// number before (0: from the head on). A month other than zero leaves out the
// entries of all others.
func (t *Tx) EntriesBefore(ctx context.Context, month books.Month, before int64, limit int) ([]books.ChainEntry, error) {
	query, args := selectEntry+"WHERE seq < $1", []any{orLast(before), limit}
	if !month.IsZero() {
		query, args = query+" AND month = $3", append(args, month.String())
	}
	var all []books.ChainEntry
	err := t.list(ctx, query+" ORDER BY seq DESC LIMIT $2", args, func(scan func(...any) error) error {
		var c books.ChainEntry
		err := scanEntry(scan, &c)
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

// ClosedByV4 returns the months closed by v4 itself since its database became
// this program's, oldest first.
func (t *Tx) ClosedByV4(ctx context.Context) (months []books.Month, err error) {
	text, err := t.Setting(ctx, TakenOver)
	if err != nil || text == "" {
		return nil, err
	}
	var taken books.Instant
	if err := taken.Parse([]byte(text)); err != nil {
		return nil, err
	}
	latest, err := t.LatestEntries(ctx)
	for month, last := range latest {
		if last.Action == books.Adopted && last.By != "migrate" && last.At > taken {
			months = append(months, month)
		}
	}
	slices.SortFunc(months, func(a, b books.Month) int { return strings.Compare(a.String(), b.String()) })
	return months, err
}

// KeyedEntries returns the entries that replaced the studio's key, oldest first.
func (t *Tx) KeyedEntries(ctx context.Context) ([]books.ChainEntry, error) {
	var all []books.ChainEntry
	err := t.list(ctx, selectEntry+"WHERE seq > 0 AND action = 'keyed' ORDER BY seq", nil, func(scan func(...any) error) error {
		var c books.ChainEntry
		err := scanEntry(scan, &c)
		all = append(all, c)
		return err
	})
	return all, err
}

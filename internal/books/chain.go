package books

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// Action is what a chain entry records.
type Action string

// The actions of the chain.
const (
	Closed   Action = "closed"
	Revised  Action = "revised"
	Reopened Action = "reopened"
	Adopted  Action = "adopted"  // a statement of v4's was found
	Restored Action = "restored" // rows came back from a backup
)

// Actor is who acts, as the chain records it: "cli:ana", "schedule", "token:12".
type Actor string

// Closing is an entry of the append-only chain of closings. Each entry covers
// the hash of the one before, so that none can be changed, dropped or put in
// between without every later hash changing.
type Closing struct {
	Seq           int64
	Action        Action
	Month         Month
	Revision      int
	At            Instant
	By            Actor
	Reason        string
	CorrelationID string
	Fingerprint   Fingerprint
	Counts        Counts
	Totals        string // JSON, as stored in the statement
	BackupFile    string // empty: there was none
	BackupSHA256  string
	Notes         []string // what a person should know: no backup, links that stayed
	Previous      Fingerprint
	Hash          Fingerprint
}

// Seal sets the entry's number, its predecessor's hash and its own hash.
// previous is the head of the chain; the zero Closing starts a chain.
func (c Closing) Seal(previous Closing) Closing {
	c.Seq = previous.Seq + 1
	c.Previous = previous.Hash
	c.Hash = c.computeHash()
	return c
}

// Follows reports whether c is intact and comes right after previous.
func (c Closing) Follows(previous Closing) bool {
	return c.Seq == previous.Seq+1 && c.Previous == previous.Hash && c.Intact()
}

// Intact reports whether the entry's hash is that of its fields.
func (c Closing) Intact() bool { return c.Hash == c.computeHash() }

// computeHash is SHA-256 over a version tag, the hash before (32 zero bytes
// for the first) and the fields in order, each with its length before it.
func (c Closing) computeHash() Fingerprint {
	b := append([]byte("extrato chain 1\n"), c.Previous[:]...)
	field := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	number := func(n int64) { field(strconv.FormatInt(n, 10)) }
	number(c.Seq)
	field(string(c.Action))
	field(c.Month.String())
	number(int64(c.Revision))
	number(int64(c.At))
	field(string(c.By))
	field(c.Reason)
	field(c.CorrelationID)
	field(c.Fingerprint.String())
	for _, n := range []int64{c.Counts.Payments, c.Counts.Sessions, c.Counts.Commissions, c.Counts.Expenses, c.Counts.Links} {
		number(n)
	}
	field(c.Totals)
	field(c.BackupFile)
	field(c.BackupSHA256)
	number(int64(len(c.Notes)))
	for _, note := range c.Notes {
		field(note)
	}
	return sha256.Sum256(b)
}

// HasStatement reports whether the month had a statement after this entry.
func (c Closing) HasStatement() bool {
	return c.Action == Closed || c.Action == Revised || c.Action == Adopted
}

// ParseTotals reads what Totals.JSON wrote.
func ParseTotals(s string) (Totals, error) {
	var t Totals
	err := json.Unmarshal([]byte(s), &t)
	return t, err
}

// NewCorrelationID returns a random name for one run, 16 hexadecimal digits.
func NewCorrelationID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

type correlation struct{}

// WithCorrelationID returns a context that carries the name of the request or
// the run, for logs, runs and answers.
func WithCorrelationID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, correlation{}, id)
}

// CorrelationID returns what WithCorrelationID put into ctx, or a new one.
func CorrelationID(ctx context.Context) string {
	if id, ok := ctx.Value(correlation{}).(string); ok {
		return id
	}
	return NewCorrelationID()
}

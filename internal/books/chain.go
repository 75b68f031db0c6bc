package books

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Action is the event of a chain entry.
type Action string

// The actions of the chain.
const (
	Closed   Action = "closed"
	Revised  Action = "revised"
	Reopened Action = "reopened"
	Adopted  Action = "adopted"  // a statement of v4's was found
	Restored Action = "restored" // rows came back from a backup
	Keyed    Action = "keyed"    // the studio's key was replaced; has no month
)

// Decides reports whether an entry of this kind says if its month has a
// statement. An action of a later version decides nothing here.
func (a Action) Decides() bool {
	return a == Closed || a == Revised || a == Reopened || a == Adopted
}

// Actor names an actor: a kind and a number, "schedule", "user 3", "token
// 1f2e", "github 77"; or a kind and a name, "cli ana", "github
// studio/books@77".
type Actor string

// Anonymous returns the actor without the name, and the name: it goes into an
// entry's detail, where it can be erased. Anything but a number is a name,
// except for a token, whose ids are random.
func (a Actor) Anonymous() (by Actor, name string) {
	kind, who, _ := strings.Cut(string(a), " ")
	if at := strings.LastIndexByte(who, '@'); kind == "github" && at >= 0 {
		return Actor(kind + " " + who[at+1:]), who[:at]
	}
	if kind == "token" || strings.Trim(who, "0123456789") == "" {
		return a, ""
	}
	return Actor(kind), who
}

// Named returns the actor with the name that Anonymous took off.
func (a Actor) Named(name string) Actor {
	kind, number, numbered := strings.Cut(string(a), " ")
	if numbered {
		return Actor(kind + " " + name + "@" + number)
	}
	return Actor(kind + " " + name)
}

// ByNote begins the note with the actor's name.
const ByNote = "by "

// Salt keeps a digest of few possible texts, such as names, from being guessed.
type Salt [16]byte

// NewSalt returns a random salt.
func NewSalt() Salt {
	var s Salt
	rand.Read(s[:]) // never fails
	return s
}

// String returns 32 hexadecimal digits.
func (s Salt) String() string { return hex.EncodeToString(s[:]) }

// MarshalText writes 32 hexadecimal digits.
func (s Salt) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads 32 hexadecimal digits.
func (s *Salt) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(s) {
		return fmt.Errorf("%q is no salt", text)
	}
	_, err := hex.Decode(s[:], text)
	return err
}

// ChainEntry is an entry of the append-only chain of closings. Each entry
// covers the hash of the one before, so no entry can be changed, dropped or
// inserted without changing every later hash. Reason, totals and notes are
// covered through Detail, so they can be withheld or erased and the entry still
// be checked.
type ChainEntry struct {
	Seq           int64
	Action        Action
	Month         Month
	Revision      int
	At            Instant
	By            Actor
	CorrelationID string
	Fingerprint   Fingerprint // of the rows; zero of a statement of v4's
	Core          Fingerprint // of the rows without their free texts; zero if there is none
	Seal          Fingerprint // of the statement as it is stored; zero if the month has none after this entry
	Counts        Counts
	BackupFile    string // empty: there was none
	BackupSHA256  string
	Detail        Fingerprint // of the fields below, up to Salt
	Reason        string
	Totals        string   // JSON, as stored in the statement
	Notes         []string // for a person: the actor's name, no backup, links that stayed
	Salt          Salt
	Previous      Fingerprint
	Hash          Fingerprint
}

// After sets the entry's number, its predecessor's hash, its detail and its own
// hash. previous is the head of the chain; the zero ChainEntry starts a chain.
func (c ChainEntry) After(previous ChainEntry) ChainEntry {
	c.Seq = previous.Seq + 1
	c.Previous = previous.Hash
	c.Detail = c.computeDetail()
	c.Hash = c.computeHash()
	return c
}

// HashIntact reports whether the hash agrees with the entry's fields. Unlike
// Intact, it does not need the detail, which may be erased or withheld.
func (c ChainEntry) HashIntact() bool { return c.Hash == c.computeHash() }

// Follows reports whether c is intact and comes right after previous.
func (c ChainEntry) Follows(previous ChainEntry) bool {
	return c.Seq == previous.Seq+1 && c.Previous == previous.Hash && c.Intact()
}

// Intact reports whether the hash agrees with the entry's fields, and the
// detail with reason, totals and notes.
func (c ChainEntry) Intact() bool { return c.HashIntact() && c.Detail == c.computeDetail() }

// Remarks returns the notes without the actor's name.
func (c ChainEntry) Remarks() []string {
	if len(c.Notes) > 0 && strings.HasPrefix(c.Notes[0], ByNote) {
		return c.Notes[1:]
	}
	return c.Notes
}

// fields collects texts, each with its length in front: 4 bytes, most
// significant first. Numbers are decimal.
type fields []byte

func (f *fields) text(s string) {
	*f = append(binary.BigEndian.AppendUint32(*f, uint32(len(s))), s...)
}

func (f *fields) number(n int64) { f.text(strconv.FormatInt(n, 10)) }

// digest adds 64 hexadecimal digits, or the empty text for none.
func (f *fields) digest(d Fingerprint) { f.text(d.OrNone()) }

// computeHash is
//
//	SHA256("extrato chain 1\n" ‖ previous[32] ‖ fields: seq action month revision
//	    at by correlation_id fingerprint core seal payments sessions commissions
//	    expenses links backup_file backup_sha256 detail)
//
// previous is 32 zero bytes for the first entry, at microseconds since 1970 in
// UTC, month the empty text if there is none. docs/architecture.md, "The chain", has all layouts.
func (c ChainEntry) computeHash() Fingerprint {
	f := fields("extrato chain 1\n")
	f = append(f, c.Previous[:]...)
	f.number(c.Seq)
	f.text(string(c.Action))
	f.text(c.Month.OrNone())
	f.number(int64(c.Revision))
	f.number(int64(c.At))
	f.text(string(c.By))
	f.text(c.CorrelationID)
	f.digest(c.Fingerprint)
	f.digest(c.Core)
	f.digest(c.Seal)
	for _, n := range []int64{c.Counts.Payments, c.Counts.Sessions, c.Counts.Commissions, c.Counts.Expenses, c.Counts.Links} {
		f.number(n)
	}
	f.text(c.BackupFile)
	f.text(c.BackupSHA256)
	f.digest(c.Detail)
	return sha256.Sum256(f)
}

// computeDetail is
//
//	SHA256("extrato detail 1\n" ‖ salt[16] ‖ fields: reason totals n(notes) notes…)
func (c ChainEntry) computeDetail() Fingerprint {
	f := fields("extrato detail 1\n")
	f = append(f, c.Salt[:]...)
	f.text(c.Reason)
	f.text(c.Totals)
	f.number(int64(len(c.Notes)))
	for _, note := range c.Notes {
		f.text(note)
	}
	return sha256.Sum256(f)
}

// HasStatement reports whether the month had a statement after this entry.
func (c ChainEntry) HasStatement() bool {
	return c.Action == Closed || c.Action == Revised || c.Action == Adopted
}

// ParseTotals reads the output of Totals.JSON.
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

// WithCorrelationID returns a context with the id of the request or the run,
// for logs, runs and answers.
func WithCorrelationID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, correlation{}, id)
}

// CorrelationID returns the id put into ctx by WithCorrelationID, or a new one.
func CorrelationID(ctx context.Context) string {
	if id, ok := ctx.Value(correlation{}).(string); ok {
		return id
	}
	return NewCorrelationID()
}

package store

import (
	"context"
	"strings"

	"extrato/internal/books"
)

// ObjectCopy is the record of an object's copy in another place.
type ObjectCopy struct {
	Object    string // its name in the backup folder
	Place     string
	Name      string // its name in the place
	Version   string
	Size      int64    // of the object, in bytes
	SHA256    string   // of the object
	Stored    string   // the SHA-256 of the bytes in the place
	Tried     []string // the SHA-256 of each ciphertext sent without a known end
	State     string   // see package places
	Reason    string
	Since     books.Instant // when it came into this state
	CheckedAt books.NullInstant
}

const copyColumns = "object, place, name, version, size, sha256, stored, tried, state, reason, since, checked_at"

// ObjectCopies returns the records of one place, by object.
func (t *Tx) ObjectCopies(ctx context.Context, place string) ([]ObjectCopy, error) {
	return t.objectCopies(ctx, "WHERE place = $1 ORDER BY object", place)
}

// ObjectCopy returns the record of an object's copy; its State is "" if there
// is none.
func (t *Tx) ObjectCopy(ctx context.Context, place, object string) (ObjectCopy, error) {
	found, err := t.objectCopies(ctx, "WHERE place = $1 AND object = $2", place, object)
	if err != nil || len(found) == 0 {
		return ObjectCopy{}, err
	}
	return found[0], nil
}

// MonthCopies returns the records of the copies of months' backups, of one
// month or of all if it is zero, by object and place.
func (t *Tx) MonthCopies(ctx context.Context, month books.Month) ([]ObjectCopy, error) {
	folder := "____\\___"
	if !month.IsZero() {
		folder = strings.Replace(month.String(), "-", "\\_", 1)
	}
	return t.objectCopies(ctx, `WHERE object LIKE $1 ESCAPE '\' ORDER BY object, place`, folder+`/backup\_%`)
}

func (t *Tx) objectCopies(ctx context.Context, where string, args ...any) ([]ObjectCopy, error) {
	var all []ObjectCopy
	err := t.list(ctx, "SELECT "+copyColumns+" FROM copies "+where, args, func(scan func(...any) error) error {
		var c ObjectCopy
		var tried, checked string
		err := scan(&c.Object, &c.Place, &c.Name, &c.Version, &c.Size, &c.SHA256, &c.Stored, &tried, &c.State, &c.Reason, &column{value: &c.Since}, &checked)
		if err == nil {
			c.Tried = strings.Fields(tried)
			err = readIfAny(&c.CheckedAt, checked)
		}
		all = append(all, c)
		return err
	})
	return all, err
}

// mostTried is how many ciphertexts without a known end are remembered.
const mostTried = 100

// SaveObjectCopy records a copy, or its new state.
func (t *Tx) SaveObjectCopy(ctx context.Context, c ObjectCopy) error {
	checked := ""
	if c.CheckedAt.Valid {
		checked = c.CheckedAt.V.String()
	}
	tried := c.Tried[max(0, len(c.Tried)-mostTried):]
	_, err := t.exec(ctx, "INSERT INTO copies ("+copyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (place, object) DO UPDATE SET name = excluded.name, version = excluded.version, size = excluded.size, sha256 = excluded.sha256,
			stored = excluded.stored, tried = excluded.tried, state = excluded.state, reason = excluded.reason, since = excluded.since, checked_at = excluded.checked_at`,
		c.Object, c.Place, c.Name, c.Version, c.Size, c.SHA256, c.Stored, strings.Join(tried, " "), c.State, c.Reason, c.Since.String(), checked)
	return err
}

// AwaitObjectCopies records objects without a copy in a place yet. A record
// made meanwhile stays.
func (t *Tx) AwaitObjectCopies(ctx context.Context, place string, objects []string, state string, since books.Instant) error {
	for _, object := range objects {
		_, err := t.exec(ctx, "INSERT INTO copies ("+copyColumns+`) VALUES ($1, $2, '', '', 0, '', '', '', $3, '', $4, '')
			ON CONFLICT (place, object) DO NOTHING`, object, place, state, since.String())
		if err != nil {
			return err
		}
	}
	return nil
}

// ForgetObjectCopy removes a record.
func (t *Tx) ForgetObjectCopy(ctx context.Context, place, object string) error {
	_, err := t.exec(ctx, "DELETE FROM copies WHERE place = $1 AND object = $2", place, object)
	return err
}

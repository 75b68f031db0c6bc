package closing

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"extrato/internal/books"
	"extrato/internal/store"
)

// OpenedStatement is a month's statement, found to be what was closed, with its entry.
// For one of v4's, not adopted yet, this is the entry it would get.
type OpenedStatement struct {
	*books.Opened
	Entry books.ChainEntry
}

// OpenStatement returns a month's statement, opened. It fails with books.ErrNotClosed,
// and with an Error of kind Integrity if the statement was changed.
//
// A large statement that was verified is kept, by its seal, for as long as the
// database says that nobody touched it since; otherwise every byte is read again.
func (c *Closer) OpenStatement(ctx context.Context, month books.Month) (OpenedStatement, error) {
	var last books.ChainEntry
	version := ""
	err := c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if last, err = tx.LastEntry(ctx, month); err == nil {
			version, err = tx.StatementVersion(ctx, month)
		}
		return err
	})
	if err != nil {
		return OpenedStatement{}, err
	}
	if o := c.opened.get(last, version); o != nil {
		return OpenedStatement{o, last}, verifyEntry(last, month)
	}
	var stored books.Stored
	again := ""
	err = c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if stored, last, err = c.StoredStatement(ctx, tx, month); err == nil {
			again, err = tx.StatementVersion(ctx, month)
		}
		return err
	})
	if err != nil {
		return OpenedStatement{}, err
	}
	o, err := stored.Open()
	if err == nil && version == again { // else it may have changed while it was read
		c.opened.put(last, version, o)
	}
	return OpenedStatement{o, last}, err
}

// OpenRevision returns an earlier revision of a month's statement, opened, as
// StoredRevision does.
func (c *Closer) OpenRevision(ctx context.Context, month books.Month, revision int) (v OpenedStatement, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		var stored books.Stored
		if stored, v.Entry, err = c.StoredRevision(ctx, tx, month, revision); err == nil {
			v.Opened, err = stored.Open()
		}
		return err
	})
	return v, err
}

// openedSize is how many bytes of statements are kept: one of 100,000 rows. A
// smaller one than worthKeeping is read again faster than anybody notices.
const openedSize = 48 << 20

var worthKeeping = 1 << 20

// openedCache keeps statements by their seals; the one unused for the longest
// time goes first. Its zero value is empty.
type openedCache struct {
	mutex sync.Mutex
	lru   *simplelru.LRU[books.Fingerprint, keptStatement]
	size  int
}

type keptStatement struct {
	*books.Opened
	version string
}

// get returns the statement of an entry, if it is kept and nobody touched it
// since; else nil.
func (c *openedCache) get(e books.ChainEntry, version string) *books.Opened {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.lru == nil || version == "" || !e.HasStatement() {
		return nil
	}
	kept, ok := c.lru.Get(e.Seal)
	if !ok || kept.version != version || kept.Month != e.Month {
		return nil
	}
	return kept.Opened
}

func (c *openedCache) put(e books.ChainEntry, version string, o *books.Opened) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if version == "" || e.Seq == 0 || o.Size() < worthKeeping || o.Size() > openedSize {
		return
	}
	if c.lru == nil {
		c.lru, _ = simplelru.NewLRU(1<<20, func(_ books.Fingerprint, gone keptStatement) { c.size -= gone.Size() }) // it fails below 1 only
	}
	c.lru.Remove(e.Seal)
	c.lru.Add(e.Seal, keptStatement{o, version})
	for c.size += o.Size(); c.size > openedSize; {
		c.lru.RemoveOldest()
	}
}

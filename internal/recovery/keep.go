package recovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// Keeper writes the objects that are missing. It may be used by several
// goroutines and processes: a name is given once, and an object's content
// follows from its name.
type Keeper struct {
	Store   *store.Store
	Backups *backup.Backups
	// CheckPlace refuses a place that is not the studio's; may be nil.
	CheckPlace func(context.Context) error
	Now        func() time.Time
	Log        *slog.Logger
	Recipients *bucket.Recipients // open the signing keys; nil: these are not kept
	SpoolDir   string             // where a copy of the studio is put together; "": the system's folder
}

// StudioEvery is the least time between two copies of the studio made by
// themselves.
const StudioEvery = 15 * time.Minute

// keepTimeout is how long the place of the backups may take.
var keepTimeout = 30 * time.Second

// Kept says what was written.
type Kept struct {
	Entries    int    // of the chain
	Statements int    // without a backup
	Studio     string // the copy of the studio; "": the newest is of the same content
}

// Keep writes every missing entry of the chain, the statements that no backup
// holds and, where there are recipients, the signing keys. It fails with an Error of kind Refused if the place cannot be
// written, and Integrity if an entry was changed, here or there: nothing is
// overwritten.
func (k *Keeper) Keep(ctx context.Context) (kept Kept, err error) {
	if kept, err = k.keepEntries(ctx); err == nil {
		err = k.keepKeys(ctx)
	}
	return kept, err
}

func (k *Keeper) keepEntries(ctx context.Context) (kept Kept, err error) {
	missing, err := k.missing(ctx)
	if err != nil || len(missing) == 0 {
		return kept, err
	}
	if k.CheckPlace != nil {
		if err := k.CheckPlace(ctx); err != nil {
			return kept, err
		}
	}
	var wrong []error
	for _, m := range missing {
		text, err := k.encode(ctx, m)
		if err == nil {
			err = k.put(ctx, m.name(), text)
		}
		switch {
		case err != nil && books.AsError(err).Kind != books.Integrity:
			return kept, err
		case err != nil:
			wrong = append(wrong, err)
		case m.statement:
			kept.Statements++
		default:
			kept.Entries++
		}
	}
	return kept, errors.Join(wrong...)
}

// object is one to be written.
type object struct {
	entry     books.ChainEntry
	last      bool // no later entry decides about its month
	statement bool
}

func (o object) name() string {
	if o.statement {
		return statementName(o.entry.Seq)
	}
	return entryName(o.entry.Seq)
}

// Missing names the objects of the register that are not there.
func (k *Keeper) Missing(ctx context.Context) ([]string, error) {
	missing, err := k.missing(ctx)
	var names []string
	for _, m := range missing {
		names = append(names, m.name())
	}
	return names, err
}

func (k *Keeper) missing(ctx context.Context) ([]object, error) {
	var names []string
	err := k.within(ctx, func() (err error) {
		names, err = k.Backups.Bucket.List(ctx, registerFolder)
		return err
	})
	if err != nil {
		return nil, unkept(err)
	}
	entries, latest, err := k.chain(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(objects(entries, latest), func(o object) bool {
		_, there := slices.BinarySearch(names, o.name())
		return there
	}), nil
}

// isAlone reports whether no backup holds an entry's statement.
func isAlone(e books.ChainEntry) bool { return e.HasStatement() && e.BackupFile == "" }

func (k *Keeper) encode(ctx context.Context, o object) (text []byte, err error) {
	if !o.statement {
		return encodeEntry(o.entry)
	}
	var stored books.Stored
	err = k.Store.Read(ctx, func(tx *store.Tx) error {
		if o.last {
			stored, err = tx.Statement(ctx, o.entry.Month)
		} else {
			stored, err = tx.Revision(ctx, o.entry.Month, o.entry.Revision)
		}
		return err
	})
	if errors.Is(err, books.ErrNotClosed) || err != nil && books.AsError(err).Kind == books.NotFound {
		err = books.Integrityf("statement_gone", "the statement of %s, revision %d, is gone from the database", o.entry.Month, o.entry.Revision).Because(err)
	}
	if err != nil {
		return nil, err
	}
	return encodeStatement(o.entry, stored)
}

// put writes an object. One of this name with the same bytes is as good.
func (k *Keeper) put(ctx context.Context, name string, text []byte) error {
	err := k.write(ctx, name, bytes.NewReader(text))
	if !errors.Is(err, bucket.ErrExists) {
		return err
	}
	var there []byte
	err = k.within(ctx, func() (err error) {
		there, err = readAll(ctx, k.Backups.Bucket, name)
		return err
	})
	if err == nil && !bytes.Equal(there, text) {
		return books.Integrityf("register_differs", "%s in %s is of another closing than this database has", name, k.Backups.Bucket).
			WithHint("was the database put back from an older copy, or is this the folder of another studio? Nothing was overwritten; what the folder holds comes back into an empty database with extrato backup restore --all")
	}
	return err
}

func (k *Keeper) write(ctx context.Context, name string, content io.Reader) error {
	return unkept(k.within(ctx, func() error {
		staged, err := k.Backups.Bucket.Stage(ctx, name)
		if err != nil {
			return err
		}
		defer staged.Discard()
		if _, err := io.Copy(staged, content); err != nil {
			return err
		}
		return staged.Commit(ctx, name)
	}))
}

func (k *Keeper) within(ctx context.Context, fn func() error) error {
	return k.Backups.Within(ctx, keepTimeout, fn)
}

// unkept explains a place that cannot be read or written.
func unkept(err error) error {
	var known *books.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, bucket.ErrExists) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return books.Refusedf("register_unwritable", "what is closed cannot be written beside the backups").
		WithHint("the closings themselves are safe; see what is wrong with the folder in EXTRATO_BACKUPS; it is tried again by itself").Because(err)
}

// KeepStudio writes a copy of the studio as it is now, unless the newest one is
// younger than atLeast or holds the same.
func (k *Keeper) KeepStudio(ctx context.Context, atLeast time.Duration) (name string, err error) {
	newest, err := k.newestStudio(ctx)
	if err != nil || !newest.At.IsZero() && k.Now().Sub(newest.At) < atLeast {
		return "", err
	}
	if k.CheckPlace != nil {
		if err := k.CheckPlace(ctx); err != nil {
			return "", err
		}
	}
	file, digest, err := spoolStudio(ctx, k.Store, k.SpoolDir)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if digest == newest.Sum {
		return "", nil
	}
	at := k.Now().UTC().Truncate(time.Second)
	if !at.After(newest.At) { // the newest one must have the latest name
		at = newest.At.Add(time.Second)
	}
	name = studioName{at, digest}.String()
	if err := k.write(ctx, name, file); err != nil && !errors.Is(err, bucket.ErrExists) {
		return "", err
	}
	return name, k.proveStudio(ctx, name)
}

// proveStudio reads a copy back.
func (k *Keeper) proveStudio(ctx context.Context, name string) error {
	parsed, _ := parseStudio(name)
	return k.within(ctx, func() error {
		in, err := k.Backups.Bucket.Open(ctx, name)
		if err != nil {
			return unkept(err)
		}
		defer in.Close()
		if _, err := readStudio(parsed, in); err != nil {
			return books.Integrityf("studio_corrupt", "%s does not read back as it was written", name).
				WithHint("see what the system says of the disk with the backups; another copy is made by itself").Because(err)
		}
		return nil
	})
}

// NewestStudio returns when the newest copy of the studio was made; zero: there
// is none.
func (k *Keeper) NewestStudio(ctx context.Context) (time.Time, error) {
	newest, err := k.newestStudio(ctx)
	return newest.At, err
}

func (k *Keeper) newestStudio(ctx context.Context) (studioName, error) {
	var names []studioName
	err := k.within(ctx, func() (err error) {
		names, err = studioNames(ctx, k.Backups.Bucket)
		return err
	})
	if err != nil {
		return studioName{}, unkept(err) // a hung call may still write to names
	}
	if len(names) == 0 {
		return studioName{}, nil
	}
	return names[len(names)-1], nil
}

// maxObject is more than any entry or statement needs in memory.
const maxObject = 2 << 30

func readAll(ctx context.Context, r bucket.Reader, name string) ([]byte, error) {
	in, err := r.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxObject))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return text, nil
}

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

type backupFullCommand struct{}

func (backupFullCommand) Help() string {
	return `Copies the whole database into the folder inteiro of EXTRATO_BACKUPS and proves
the copy: the running month's rows are in it too. extrato serve does so by itself,
every 10 minutes in which something changed, and once a day. Nobody waits meanwhile.

The newest copy of each of 48 hours and of each of 35 days stays; older ones go.
A PostgreSQL database needs pg_dump here, of the server's version or later.

Example:
  extrato backup full`
}

// Run copies the database.
func (c *backupFullCommand) Run(a *app) error {
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	keepNow(a.ctx, closer)
	made, _, err := closer.FullCopy(a.ctx, false)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, fullDocument(made))
	}
	a.printf("copied: %s, %s, proved\n  sha256  %s\n", made.File, size(made.Size), made.SHA256)
	return nil
}

type fullResult struct {
	File      string           `json:"file"`
	Database  string           `json:"database"`
	SHA256    string           `json:"sha256"`
	Size      int64            `json:"size"`
	Entries   int64            `json:"entries"`
	Head      string           `json:"head"`
	Rows      map[string]int64 `json:"rows"`
	CreatedAt string           `json:"created_at"`
}

func fullDocument(m backup.FullManifest) fullResult {
	return fullResult{m.File, m.Database, m.SHA256, m.Size, m.Entries, m.Head, m.Rows, m.CreatedAt}
}

// size says a number of bytes for people.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return strconv.FormatInt((bytes+1023)>>10, 10) + " KB"
	}
	return strconv.FormatInt(bytes>>20, 10) + " MB"
}

// restoreFull puts a copy of the whole database into a new one.
func (a *app) restoreFull(file, identity string) error {
	settings, err := a.config()
	if err != nil {
		return err
	}
	if err := namesFolder(settings.DatabaseURL); err != nil {
		return err
	}
	from, name, err := fullSource(settings.Backups, file, identity)
	if err != nil {
		return err
	}
	m, err := backup.ReadFullManifest(a.ctx, from, name)
	if err != nil {
		return noCopy(file, err)
	}
	want := store.Content{Entries: m.Entries, Head: m.Head, Rows: m.Rows}
	options := store.Options{URL: settings.DatabaseURL, Zone: settings.Zone, Now: clock, Log: a.logger(settings)}
	err = store.Load(a.ctx, options, m.Database, want, func(to *os.File) error {
		read, err := backup.ReadFull(a.ctx, from, name, to)
		if err == nil && read.SHA256 != m.SHA256 {
			err = books.Conflictf("full_copy_replaced", "%s was replaced while it was read", name).WithHint("nothing was changed; try again")
		}
		return noCopy(file, err)
	})
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	audit, err := closer.VerifyChain(a.ctx)
	if err != nil {
		return err
	}
	newer, err := newerEntries(a.ctx, closer.Backups.Bucket, m.Entries)
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.stdout, struct {
			fullResult
			Problems []string `json:"problems"`
			Newer    int64    `json:"newer_entries"`
		}{fullDocument(m), append([]string{}, audit.Problems...), newer}); err != nil {
			return err
		}
	} else {
		a.printf("restored: the database as it was at %s\n", when(m.CreatedAt, settings.Zone))
		a.printf("  chain  %d entries, head %s\n", audit.Entries, audit.Head)
		a.printf("  what was recorded after that moment is not in it: compare with your calendar and your bank, and record it again\n")
		if newer > 0 {
			a.printf("  note   %s has %d later entries of closings: extrato backup restore --all, into another new database, brings those months\n", closer.Backups.Bucket, newer)
		}
	}
	if len(audit.Problems) > 0 {
		return shown{books.Integrityf("chain_wrong", "the restored database differs from its chain: %s", audit.Problems[0]).WithHint("it differed when it was copied; extrato audit verify says more")}
	}
	return nil
}

// fullSource returns where a copy is read from, and its name there: a file's path,
// or a name in the folder of the backups.
func fullSource(folder, file, identity string) (bucket.Reader, string, error) {
	var from bucket.Reader
	dir, name := folder, filepath.ToSlash(file)
	if _, err := os.Stat(file); err == nil {
		dir, name = filepath.Dir(file), filepath.Base(file)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, "", err
	}
	from = bucket.NewFolder(dir, nil)
	sealed := strings.HasSuffix(name, bucket.EncryptedSuffix)
	if sealed && identity == "" {
		return nil, "", books.Invalidf("identity_needed", "%s is encrypted", file).WithHint("name the key's file: --identity FILE")
	}
	if identity != "" {
		keys, err := bucket.ReadIdentities(identity)
		if err != nil {
			return nil, "", err
		}
		from = keys.Decrypting(from)
	}
	return from, strings.TrimSuffix(name, bucket.EncryptedSuffix), nil
}

func noCopy(file string, err error) error {
	if errors.Is(err, bucket.ErrNotExist) || errors.Is(err, fs.ErrNotExist) {
		return books.NotFoundf("no_copy", "%s, or its manifest beside it, is not there", file).
			WithHint("name a file of the folder inteiro, with its .manifest.json in the same folder").Because(err)
	}
	return err
}

// newerEntries counts the chain's entries kept in the place of the backups that a
// copy with so many entries lacks.
func newerEntries(ctx context.Context, place bucket.Reader, entries int64) (newer int64, err error) {
	names, err := place.List(ctx, "registro")
	for _, name := range names {
		number, isEntry := strings.CutSuffix(strings.TrimPrefix(name, "registro/"), ".json")
		n, bad := strconv.ParseInt(number, 10, 64)
		if isEntry && bad == nil && n > entries {
			newer++
		}
	}
	return newer, err
}

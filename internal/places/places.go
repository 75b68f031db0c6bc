// Package places keeps a copy of every object of the backup folder in other
// places: folders and buckets.
//
// A round compares the names in the folder with the records of one place. Each
// object without a proved copy is put there, a manifest before its file, and
// read back; only then is the copy recorded as proved. Nothing is overwritten
// or removed. Folder and records decide, so a round may be interrupted at any
// instant and run again, in any process.
package places

import (
	"cmp"
	"context"
	"log/slog"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// The states of a copy in a place.
const (
	OK        = "ok"        // read back, every byte
	Encrypted = "encrypted" // the same; it was not decrypted
	Pending   = "pending"   // not copied and proved yet
	Hidden    = "hidden"    // a delete marker or a later version lies over it
	Missing   = "missing"   // it was there and is gone
	Corrupt   = "corrupt"   // other bytes stand under its name
)

// Late is the age of an object without a proved copy that people should know of.
const Late = 24 * time.Hour

// byWorth are the states, best first.
var byWorth = []string{OK, Encrypted, Pending, Hidden, Missing, Corrupt}

// States returns all states, best first.
func States() []string { return slices.Clone(byWorth) }

// Worse returns the worse of two states.
func Worse(a, b string) string {
	if slices.Index(byWorth, a) < slices.Index(byWorth, b) {
		return b
	}
	return a
}

// Proved reports whether a copy in this state was read back whole.
func Proved(state string) bool { return state == OK || state == Encrypted }

// Bad reports whether a copy in this state was proved once and is not any more,
// or never can be.
func Bad(state string) bool { return state == Hidden || state == Missing || state == Corrupt }

// Places are the places of EXTRATO_BACKUPS_COPY. A nil Places has none.
type Places struct {
	Local      bucket.Reader
	All        []bucket.Place
	Recipients *bucket.Recipients // nil: copies are not encrypted
	Identities *bucket.Identities // open ciphertexts without a record; nil: these are corrupt
	RequireAll bool               // a close waits for every place
	Timeout    time.Duration      // of that wait; 0: five minutes
	Store      *store.Store
	Now        func() time.Time
	Log        *slog.Logger
	SpoolDir   string // for ciphertexts; "": the system's folder

	mu     sync.Mutex
	probed map[string]bool // places that took a probe
	stuck  map[string]int  // calls to a place still hanging after their timeout

	backups map[string]*backup.Backups // see Backups
}

// Names names the places, in the order of the setting.
func (p *Places) Names() (names []string) {
	if p == nil {
		return nil
	}
	for _, place := range p.All {
		names = append(names, place.String())
	}
	return names
}

// Named returns the place with this name.
func (p *Places) Named(name string) (bucket.Place, bool) {
	i := slices.Index(p.Names(), name)
	if i < 0 {
		return nil, false
	}
	return p.All[i], true
}

// Parse opens the entries of EXTRATO_BACKUPS_COPY. folder is that of
// EXTRATO_BACKUPS. It refuses a misspelled entry, one given twice, and a folder
// that is the backup folder or inside it. It asks nothing of the places.
func Parse(entries []string, folder string, warn func(string)) (all []bucket.Place, err error) {
	seen := map[string]bool{}
	for _, entry := range entries {
		if !strings.Contains(entry, "://") && inside(entry, folder) {
			return nil, settingError("%s is the folder of EXTRATO_BACKUPS or inside it", entry).
				WithHint("name a folder on another disk or another machine")
		}
		place, err := bucket.OpenPlace(entry, warn)
		if err != nil {
			return nil, err
		}
		name := place.String()
		if !strings.Contains(entry, "://") {
			name = realPath(name)
		}
		if seen[name] {
			return nil, settingError("%s stands there twice", place).WithHint("write it once")
		}
		seen[name] = true
		all = append(all, place)
	}
	return all, nil
}

func settingError(format string, args ...any) *books.Error {
	return books.Invalidf("place_setting", "EXTRATO_BACKUPS_COPY: "+format, args...)
}

// inside reports whether a folder is another one or below it, by any name.
func inside(folder, of string) bool {
	rel, err := filepath.Rel(realPath(of), realPath(folder))
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// realPath returns a path without links, as far as it exists.
func realPath(folder string) string {
	all, err := filepath.Abs(folder)
	if err != nil {
		return folder
	}
	rest := ""
	for at := all; ; at = filepath.Dir(at) {
		if found, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(found, rest)
		}
		if at == filepath.Dir(at) {
			return all
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// objects returns the names of all objects in the backup folder, each folder's
// manifests first. An unreadable folder does not hide the others: the names come
// with the error.
func (p *Places) objects(ctx context.Context) (all []string, failed error) {
	folders, err := p.Local.Folders(ctx)
	if err != nil {
		return nil, err
	}
	for _, folder := range append(folders, ".") {
		if folder == "lost+found" || strings.HasPrefix(folder, ".") && folder != "." {
			continue // the file system's own
		}
		names, err := p.Local.List(ctx, folder)
		failed = cmp.Or(failed, err)
		for _, name := range names {
			if !strings.HasPrefix(path.Base(name), ".") {
				all = append(all, name)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(path.Dir(a), path.Dir(b)), cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return all, failed
}

func rank(name string) int {
	if backup.IsManifest(name) {
		return 0
	}
	return 1
}

// manifestOf returns the name of an object's manifest; "" for a manifest.
func manifestOf(name string) string {
	if backup.IsManifest(name) {
		return ""
	}
	return backup.ManifestOf(name)
}

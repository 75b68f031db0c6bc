package places_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/places"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// provedFor is the age of a check that still counts.
const provedFor = 40 * 24 * time.Hour

// chronicle is a random history of copies, checks, losses and removals in one
// studio with one folder elsewhere.
type chronicle struct {
	*studio
	t       *rapid.T
	other   string
	place   bucket.Place
	made    []string // every object but manifests, oldest first
	damaged map[string]bool
	removed int
}

func (c *chronicle) must(err error) {
	if err != nil {
		c.t.Fatal(err)
	}
}

// add makes an object and, but for the studio's own tables, its manifest; its
// content is its name.
func (c *chronicle) add(name string) {
	if slices.Contains(c.made, name) {
		return
	}
	c.made = append(c.made, name)
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	files := map[string]string{stem + ".manifest.json": `{"sha256":"` + sha(name) + `"}`, name: name}
	if filepath.Dir(name) == backup.StudioFolder {
		delete(files, stem+".manifest.json")
	}
	for file, text := range files {
		path := filepath.Join(c.Folder, filepath.FromSlash(file))
		c.must(os.MkdirAll(filepath.Dir(path), 0o700))
		c.must(os.WriteFile(path, []byte(text), 0o600))
	}
}

// statement makes a further copy of a month's backup.
func (c *chronicle) statement(t *rapid.T) {
	month := fmt.Sprintf("2025_%02d", rapid.IntRange(1, 3).Draw(t, "month"))
	c.add(fmt.Sprintf("%s/backup_%s.r%d.csv", month, month, len(c.made)+2))
}

// running makes a copy of the running month, and thins older ones here.
func (c *chronicle) running(t *rapid.T) {
	at := c.now().UTC().Format("20060102T150405Z")
	if rapid.Bool().Draw(t, "whole") {
		c.add("inteiro/" + at + ".sqlite")
	} else {
		c.add("estudio/" + at + "." + sha(at) + ".json.gz")
	}
	for _, folder := range []string{backup.FullFolder, backup.StudioFolder} {
		c.must(backup.Thin(context.Background(), c.Local, folder, ""))
	}
}

// there returns the names in the place.
func (c *chronicle) there() (all []string) {
	folders, err := c.place.Folders(context.Background())
	c.must(err)
	for _, folder := range folders {
		names, err := c.place.List(context.Background(), folder)
		c.must(err)
		all = append(all, names...)
	}
	return all
}

func (c *chronicle) records() (all []store.ObjectCopy) {
	c.must(c.Store.Read(context.Background(), func(tx *store.Tx) (err error) {
		all, err = tx.ObjectCopies(context.Background(), c.place.String())
		return err
	}))
	return slices.DeleteFunc(all, func(r store.ObjectCopy) bool { return r.Name == "" })
}

// copyAll runs a round; damaged and altered objects do not stop it. It removes
// nothing but old copies of the running month, beside proved ones.
func (c *chronicle) copyAll(*rapid.T) {
	before, known := c.there(), c.records()
	defer func() {
		after := c.there()
		for _, name := range before {
			if slices.Contains(after, name) {
				continue
			}
			c.removed++
			proved := []string{name}
			for _, rec := range known {
				if filepath.Dir(rec.Object) == filepath.Dir(name) && places.Proved(rec.State) {
					proved = append(proved, rec.Object)
				}
			}
			if !slices.Contains(backup.Expendable(proved, ""), name) {
				c.t.Fatalf("%s was removed", name)
			}
		}
	}()
	round, err := c.Run(context.Background(), c.place, places.Options{})
	if e := books.AsError(err); e != nil && e.Code != "place_empty" {
		c.t.Fatal(err)
	}
	for _, rec := range round.Tried {
		if places.Proved(rec.State) {
			delete(c.damaged, rec.Object) // made again
		}
	}
}

// check reads a copy back, as the scrub does.
func (c *chronicle) check(t *rapid.T) {
	all := c.records()
	if len(all) == 0 {
		return
	}
	_, err := c.Check(context.Background(), c.place, rapid.SampledFrom(all).Draw(t, "checked").Object)
	if e := books.AsError(err); e != nil && e.Code != "no_copy" && e.Code != "place_empty" {
		c.t.Fatal(err)
	}
}

// damage alters or removes a copy in the place, or an object here.
func (c *chronicle) damage(t *rapid.T) {
	all := c.records()
	if len(all) == 0 {
		return
	}
	rec := rapid.SampledFrom(all).Draw(t, "damaged")
	switch rapid.IntRange(0, 2).Draw(t, "how") {
	case 0:
		c.must(os.RemoveAll(filepath.Join(c.other, rec.Name)))
		c.damaged[rec.Object] = true
	case 1:
		c.must(os.WriteFile(filepath.Join(c.other, rec.Name), []byte("altered"), 0o600))
		c.damaged[rec.Object] = true
	default:
		c.must(os.RemoveAll(filepath.Join(c.Folder, rec.Object)))
	}
}

func (c *chronicle) wait(t *rapid.T) {
	c.later(time.Duration(rapid.IntRange(1, 10*24*60).Draw(t, "minutes")) * time.Minute)
}

// wantKept fails unless each month's newest backup that was proved within 40
// days, and the running month's, are in the place; but for those damaged there.
func (c *chronicle) wantKept(*rapid.T) {
	proved := map[string]bool{}
	for _, rec := range c.records() {
		if places.Proved(rec.State) && c.now().Sub(rec.CheckedAt.V.Time()) <= provedFor {
			proved[rec.Object] = true
		}
	}
	seen := map[string]bool{}
	for _, object := range slices.Backward(c.made) {
		folder := filepath.Dir(object)
		if !proved[object] || seen[folder] {
			continue
		}
		seen[folder] = true
		if text, err := os.ReadFile(filepath.Join(c.other, object)); !c.damaged[object] && (err != nil || string(text) != object) {
			c.t.Fatalf("the newest proved copy %s holds %q, %v", object, text, err)
		}
	}
	for _, object := range c.made { // a statement's backup is never removed at all
		if !backup.IsThinned(object) && proved[object] && !c.damaged[object] {
			if _, err := os.Stat(filepath.Join(c.other, object)); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

func TestThe_newest_proved_copy_of_a_statement_is_never_removed(t *testing.T) {
	s := &studio{}
	s.clock.Store(time.Date(2025, time.November, 2, 12, 0, 0, 0, storetest.Zone).UnixMicro())
	s.on(t, storetest.SQLite(t, s.now))
	removed := 0
	rapid.Check(t, func(rt *rapid.T) {
		c := &chronicle{studio: s, t: rt, other: t.TempDir(), damaged: map[string]bool{}}
		c.place = bucket.NewFolderPlace(c.other, nil)
		c.Folder = t.TempDir()
		c.Local = bucket.NewFolder(c.Folder, nil)
		rt.Repeat(map[string]func(*rapid.T){
			"statement": c.statement, "running": c.running, "running again": c.running, "copy": c.copyAll, "copy again": c.copyAll,
			"check": c.check, "damage": c.damage, "wait": c.wait, "": c.wantKept,
		})
		removed += c.removed
	})
	if removed == 0 && !testing.Short() { // a fifth of the histories may be too few
		t.Error("nothing was removed in any history")
	}
}

func TestOld_copies_of_the_running_month_go_from_a_folder_too(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		place := s.All[0]
		var names []string
		for range 100 {
			stem := "inteiro/" + s.now().UTC().Format("20060102T150405Z")
			s.write(t, stem+".sqlite", stem)
			s.write(t, stem+".manifest.json", `{"sha256":"`+sha(stem)+`"}`)
			names = append(names, stem)
			s.later(time.Hour)
		}
		s.run(t, place, places.Options{})
		there := func() int {
			found, err := filepath.Glob(filepath.Join(path, "inteiro", "*"))
			if err != nil {
				t.Fatal(err)
			}
			return len(found)
		}
		s.run(t, place, places.Options{})
		if there() != 200 {
			t.Errorf("%d files, although all are in the backup folder", there())
		}
		if err := backup.Thin(t.Context(), s.Local, backup.FullFolder, ""); err != nil {
			t.Fatal(err)
		}
		s.run(t, place, places.Options{})
		local, _ := filepath.Glob(filepath.Join(s.Folder, "inteiro", "*"))
		if there() != len(local) || len(local) >= 200 {
			t.Errorf("%d files are left there, %d here", there(), len(local))
		}
		// What a bucket's own rule removed is no loss.
		if _, err := s.Check(t.Context(), place, names[0]+".sqlite"); err == nil || books.AsError(err).Code != "no_copy" {
			t.Errorf("a removed copy is checked: %v", err)
		}
		if round := s.run(t, place, places.Options{}); len(round.Tried) != 0 {
			t.Errorf("the next round tries %d objects", len(round.Tried))
		}
	})
}

func TestA_damaged_copy_of_the_running_month_drives_out_no_good_one(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		s.later(-s.now().Sub(s.now().Truncate(24 * time.Hour))) // the start of a day in UTC
		var names []string
		for range 3 { // in one hour
			name := "inteiro/" + s.now().UTC().Format("20060102T150405Z") + ".sqlite"
			names = append(names, name)
			s.write(t, name, "copy")
			s.later(10 * time.Minute)
		}
		s.later(24 * time.Hour)
		newest := "inteiro/" + s.now().UTC().Format("20060102T150405Z") + ".sqlite"
		s.write(t, newest, "copy")
		s.run(t, s.All[0], places.Options{})
		if err := os.WriteFile(filepath.Join(path, names[2]), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Check(t.Context(), s.All[0], names[2]); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := os.Remove(filepath.Join(s.Folder, name)); err != nil {
				t.Fatal(err)
			}
		}
		s.run(t, s.All[0], places.Options{})
		for name, stays := range map[string]bool{names[0]: false, names[1]: true, names[2]: true, newest: true} {
			if _, err := os.Stat(filepath.Join(path, name)); (err == nil) != stays {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestNothing_is_removed_while_the_backup_folder_cannot_be_read(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		path := s.folder(t)
		var names []string
		for range 3 {
			names = append(names, "inteiro/"+s.now().UTC().Format("20060102T150405Z")+".sqlite")
			s.write(t, names[len(names)-1], "copy")
			s.later(time.Minute)
		}
		s.run(t, s.All[0], places.Options{})
		s.Local = unlisted{s.Local}
		if _, err := s.Run(t.Context(), s.All[0], places.Options{}); err == nil || books.AsError(err).Code != "backups_unreadable" {
			t.Errorf("the round ends with %v", err)
		}
		if err := os.Remove(filepath.Join(path, names[0])); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Check(t.Context(), s.All[0], names[0]); err == nil || books.AsError(err).Code != "backups_unreadable" {
			t.Errorf("the check ends with %v", err)
		}
		if found, _ := filepath.Glob(filepath.Join(path, "inteiro", "*")); len(found) != 2 || len(s.records(t, s.All[0])) != 6 {
			t.Errorf("%q and %d records are left", found, len(s.records(t, s.All[0])))
		}
	})
}

// unlisted is a folder in which one folder cannot be listed.
type unlisted struct{ bucket.Reader }

func (u unlisted) List(ctx context.Context, folder string) ([]string, error) {
	if folder == "inteiro" {
		return nil, os.ErrPermission
	}
	return u.Reader.List(ctx, folder)
}

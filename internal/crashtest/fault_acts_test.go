//go:build linux

package crashtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// act is what the program does while something fails.
type act struct {
	deed
	observe func(*testing.T, *studio) observed
	// perform does it, in place of the deed's command; nil: the command alone.
	perform func(*trial, *studio) *ran
	on      []string // the databases that it is for; nil: both
	// check looks at the studio after the fault and finishes the act. damaged
	// allows files to be bad if they are named.
	check func(tr *trial, s *studio, r *ran, damaged bool)
}

// monthActs are the deeds that change a month.
var monthActs = func() (all []act) {
	for _, d := range deeds {
		all = append(all, act{deed: d, observe: d.observe, check: checkMonth})
	}
	return all
}()

var (
	wholeCopy  = act{deed: deed{name: "whole copy", prepare: closed, args: []string{"backup", "full", "--json"}}, check: checkCopy}
	verifying  = act{deed: deed{name: "verify", prepare: closed, args: []string{"backup", "verify"}}, check: checkRead}
	auditing   = act{deed: deed{name: "audit", prepare: closed, args: []string{"audit", "verify"}}, check: checkRead}
	drilling   = act{deed: deed{name: "drill", prepare: closed, args: []string{"drill", "--all"}}, check: checkRead}
	rebuilding = act{deed: deed{name: "rebuild", prepare: databaseLost, args: []string{"backup", "restore", "--all"}}, observe: rebuilt, check: checkRebuilt}
	migrating  = act{deed: deed{name: "migrate", prepare: empty, args: []string{"migrate"}}, check: checkMigrated}
)

// What acts do to the disk. Those with SQLite alone touch no backup: on
// PostgreSQL nothing of theirs is on the disk.
var (
	writing = []act{
		named("close"), named("force"), named("close again"), named("back up"), wholeCopy, recording,
		withSQLite(named("reopen")), withSQLite(named("restore")), withSQLite(migrating),
	}
	reading = []act{
		named("close"), named("force"), named("close again"), named("back up"), named("restore"), verifying, wholeCopy, drilling,
		withSQLite(named("reopen")), withSQLite(auditing), withSQLite(rebuilding),
	}
	backingUp = []act{named("close"), named("force"), named("close again"), named("back up"), wholeCopy}
	roomy     = append(slices.Clone(monthActs), wholeCopy, recording)
	called    = append(slices.Clone(monthActs), wholeCopy, withSQLite(migrating))
	onServer  = append(slices.Clone(monthActs), withCluster(recording))
	takingOut = []act{named("close"), named("restore"), verifying, drilling, wholeCopy, withSQLite(rebuilding)}
)

func withSQLite(a act) act {
	a.on = sqliteOnly
	return a
}

func withCluster(a act) act {
	a.on = []string{"cluster"}
	return a
}

func named(name string) act {
	return monthActs[slices.IndexFunc(monthActs, func(a act) bool { return a.name == name })]
}

// empty makes the studio one that has no database yet.
func empty(t *testing.T, s *studio) {
	s.path = filepath.Join(s.dir, "data", "extrato.db")
	s.url = "sqlite:///" + s.path
	for _, name := range []string{"extrato.db", "backups"} {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// checkMonth: the month is as before or as after; what was answered as done is
// done, and what was answered as untouched is untouched. Running it again
// completes it.
func checkMonth(tr *trial, s *studio, r *ran, damaged bool) {
	t, o := tr.T, tr.ready.observed
	t.Helper()
	s.mustRun(t, []int{0}, "audit", "verify")
	st := s.look(t)
	before, after := sameState(st, o.before), sameState(st, o.after)
	said := r.stdout.String() + r.stderr.String()
	untouched := strings.Contains(said, "nothing was changed") || strings.Contains(said, "the month is untouched")
	switch {
	case !before && !after:
		t.Fatalf("%v\nthe month is neither as before nor as after: %d live and %d stored rows", r, len(st.live), len(st.stored))
	case r.code == 0 && !after, untouched && !before:
		t.Fatalf("%v\nbut the month has %d live and %d stored rows", r, len(st.live), len(st.stored))
	}
	bad := o.named(t, s)
	if r.code == 0 && !damaged {
		kept := slices.Collect(maps.Values(s.csvs(t)))
		for name, text := range o.csvs {
			if !slices.Contains(kept, text) {
				t.Fatalf("%v\nbut there is no %s", r, name)
			}
		}
	}
	switch {
	case bad && !damaged:
		t.Fatalf("%v\nleft a bad copy", r)
	case bad && r.code == 0:
		return // the disk lost what it had answered as durable, and that is named
	}
	s.mustRun(t, tr.act.again, tr.act.args...)
	if st := s.look(t); !sameState(st, o.after) {
		t.Fatalf("run again, the month has %d live and %d stored rows, want %d and %d",
			len(st.live), len(st.stored), len(o.after.live), len(o.after.stored))
	}
	if n := len(s.csvs(t)); n > len(o.csvs)+1 {
		t.Fatalf("there are %d copies, want %d", n, len(o.csvs))
	}
	if n := s.closings(t); n != o.entries {
		t.Fatalf("the chain has %d entries, want %d", n, o.entries)
	}
	s.sound(t)
}

// named fails the test unless verification calls the whole copies good and the
// bad ones bad. It reports whether there are bad ones.
func (o observed) named(t *testing.T, s *studio) bool {
	t.Helper()
	verified := s.mustRun(t, []int{0, 4}, "backup", "verify", "--json")
	var found struct {
		Backups []struct{ File, State string }
	}
	if err := json.Unmarshal(verified.stdout.Bytes(), &found); err != nil {
		t.Fatalf("%v: %v", verified, err)
	}
	files, bad := s.files(t), false
	whole := slices.Collect(maps.Values(o.csvs))
	for _, b := range found.Backups {
		text, there := files[b.File]
		isWhole := there && slices.Contains(whole, text)
		switch claimed := b.State == "ok" || b.State == "stale"; {
		case claimed && !isWhole:
			t.Fatalf("%s is called %s, and it is not: %q", b.File, b.State, text)
		case b.State == "corrupt" || b.State == "missing":
			bad = true
		case !claimed && b.State != "incomplete":
			t.Fatalf("%s is called %s", b.File, b.State)
		}
	}
	if bad != (verified.code == 4) {
		t.Fatalf("%v\nits exit does not fit", verified)
	}
	return bad
}

// checkCopy: a whole copy that was answered as made can be put back, and holds
// every row. Another one can be made.
func checkCopy(tr *trial, s *studio, r *ran, damaged bool) {
	t := tr.T
	t.Helper()
	s.sound(t)
	if r.code == 0 && !damaged {
		checkPutBack(t, s, r)
	}
	checkPutBack(t, s, s.mustRun(t, []int{0}, tr.act.args...))
}

// checkPutBack puts a whole copy into a new database.
func checkPutBack(t *testing.T, s *studio, made *ran) {
	t.Helper()
	var copied struct{ File string }
	if err := json.Unmarshal(made.stdout.Bytes(), &copied); err != nil {
		t.Fatalf("%v: %v", made, err)
	}
	back := *s
	if s.path == "" {
		name := fmt.Sprintf("back_%d", copies.Add(1))
		back.url = withDatabase(t, s.url, name)
		s.admin(t, "CREATE DATABASE "+name)
		t.Cleanup(func() { s.admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	} else {
		back.path = filepath.Join(t.TempDir(), "back.db")
		back.url = "sqlite:///" + back.path
	}
	back.mustRun(t, []int{0}, "backup", "restore", "--full", copied.File)
	if !sameState(back.look(t), s.look(t)) {
		t.Fatalf("%v\nand what was put back has other rows", made)
	}
}

// checkRead: what only reads changes nothing, and says so the next time.
func checkRead(tr *trial, s *studio, r *ran, _ bool) {
	t := tr.T
	t.Helper()
	if !sameState(s.look(t), tr.ready.prepared.look(t)) || !maps.Equal(s.files(t), tr.ready.prepared.files(t)) {
		t.Fatalf("%v\nchanged something", r)
	}
	s.sound(t)
}

// databaseLost leaves a closed month's files in the folder, and no database.
func databaseLost(t *testing.T, s *studio) {
	closed(t, s)
	if err := os.Remove(s.path); err != nil {
		t.Fatal(err)
	}
}

// rebuilt observes how a database comes back when nothing fails.
func rebuilt(t *testing.T, prepared *studio) observed {
	s := prepared.clone(t)
	s.mustRun(t, []int{0}, "backup", "restore", "--all")
	s.sound(t)
	return observed{after: s.look(t), entries: s.closings(t)}
}

// checkRebuilt: a database that was answered as rebuilt has every row and entry,
// and one that was not can be rebuilt.
func checkRebuilt(tr *trial, s *studio, r *ran, _ bool) {
	t := tr.T
	t.Helper()
	if r.code != 0 {
		if again := s.mustRun(t, []int{0, 3}, tr.act.args...); again.code == 3 && s.closings(t) == 0 { // 3: it was, and could not say so
			t.Fatalf("%v\nand then\n%v", r, again)
		}
	}
	s.sound(t)
	if !sameState(s.look(t), tr.ready.after) || s.closings(t) != tr.ready.entries {
		t.Fatalf("%v\nthe database came back with other rows or entries", r)
	}
}

// checkMigrated: a database that was answered as made is there, and running
// migrate again makes it.
func checkMigrated(tr *trial, s *studio, r *ran, _ bool) {
	t := tr.T
	t.Helper()
	if r.code == 0 {
		s.mustRun(t, []int{0}, "audit", "verify")
	}
	s.mustRun(t, []int{0}, tr.act.args...)
	s.sound(t)
	if st := s.look(t); len(st.live) > 0 {
		t.Fatalf("a new database has %d rows", len(st.live))
	}
}

package crashtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// lost is the studio whose database and folder are gone: what is left of it is
// elsewhere.
func (s *studio) lost(t *testing.T) *studio {
	t.Helper()
	c := &studio{program: s.program, dir: t.TempDir()}
	if s.path != "" {
		c.path = filepath.Join(c.dir, "extrato.db")
		c.url = "sqlite:///" + c.path
		return c
	}
	name := fmt.Sprintf("crash_%d", copies.Add(1))
	c.url = withDatabase(t, s.url, name)
	s.admin(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { s.admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return c
}

// objects are the files of a folder with their contents; temporary ones are left
// out.
func (s *studio) objects(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(s.folder(), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(s.folder(), path)
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestRestore_all_killed_at_every_step kills the restore of everything at each of
// its steps, and at random instants: run again, it brings everything back.
func TestRestore_all_killed_at_every_step(t *testing.T) {
	program := build(t, "stoppoints")
	both(t, program, 40, func(t *testing.T, fresh *studio) {
		whole := fresh.clone(t)
		whole.mustRun(t, []int{0}, "close", before)
		whole.mustRun(t, []int{0}, "close", month)
		whole.mustRun(t, []int{0}, "reopen", month, "--reason", "test")
		whole.mustRun(t, []int{0}, "close", month)
		w := &restoredAll{studio: whole, rows: whole.look(t), head: whole.mustRun(t, []int{0}, "audit", "verify").stdout.String(), files: whole.objects(t)}
		steps, took := w.observe(t)
		for n, step := range steps {
			if testing.Short() && n%3 != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%d %s", n+1, step), func(t *testing.T) {
				s := whole.lost(t)
				if killed := s.start(t, []string{fmt.Sprintf("EXTRATO_STOP_AT=%d", n+1)}, w.args()...).wait(t); killed.code != -1 {
					t.Fatalf("%v\nwant it killed", killed)
				}
				w.again(t, s)
			})
		}
		for n := range 8 {
			wait := time.Duration(rand.Int64N(int64(took)))
			t.Run(fmt.Sprintf("random %d after %s", n+1, wait), func(t *testing.T) {
				s := whole.lost(t)
				r := s.start(t, nil, w.args()...)
				time.Sleep(wait)
				_ = r.cmd.Process.Kill() // it may have finished
				r.wait(t)
				w.again(t, s)
			})
		}
	})
}

// restoredAll is what a restore of everything has to come to.
type restoredAll struct {
	*studio
	rows  state
	head  string
	files map[string]string
}

func (w *restoredAll) args() []string {
	return []string{"backup", "restore", "--all", "--from", w.folder()}
}

func (w *restoredAll) observe(t *testing.T) (steps []string, took time.Duration) {
	t.Helper()
	s := w.lost(t)
	trace := filepath.Join(s.dir, "trace")
	began := time.Now()
	if done := s.start(t, []string{"EXTRATO_STOP_AT=0", "EXTRATO_STOP_TRACE=" + trace}, w.args()...).wait(t); done.code != 0 {
		t.Fatal(done)
	}
	took = time.Since(began)
	w.check(t, s)
	text, _ := os.ReadFile(trace)
	steps = strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, step := range []string{"object brought", "tables made", "entry inserted", "live rows inserted", "committed"} {
		if !slices.Contains(steps, step) {
			t.Errorf("the steps are %q, and none of them is %q", steps, step)
		}
	}
	return steps, took
}

// again runs the restore once more: it is done, or was done before the kill.
func (w *restoredAll) again(t *testing.T, s *studio) {
	t.Helper()
	s.awaitQuiet(t)
	if r := s.mustRun(t, []int{0, 3}, w.args()...); r.code == 3 && !strings.Contains(r.stderr.String(), "not_empty") && !strings.Contains(r.stderr.String(), "holds rows in") {
		t.Fatalf("%v\nwant everything restored, or a refusal since it is", r)
	}
	w.check(t, s)
}

func (w *restoredAll) check(t *testing.T, s *studio) {
	t.Helper()
	if got := s.look(t); !sameState(got, w.rows) {
		t.Fatalf("%d live and %d stored rows came back, want %d and %d", len(got.live), len(got.stored), len(w.rows.live), len(w.rows.stored))
	}
	if head := s.mustRun(t, []int{0}, "audit", "verify").stdout.String(); head != w.head {
		t.Fatalf("the audit says %s\nand not %s", head, w.head)
	}
	if files := s.objects(t); !maps.Equal(files, w.files) {
		t.Fatalf("the folder holds %q\nand not %q", slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(w.files)))
	}
}

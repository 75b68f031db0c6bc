package crashtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// deed is a command that is killed, and what has to happen before.
type deed struct {
	name    string
	prepare func(*testing.T, *studio)
	args    []string
	again   []int // what running it again may exit with
}

func closed(t *testing.T, s *studio) { s.mustRun(t, []int{0}, "close", month) }

func late(t *testing.T, s *studio) {
	closed(t, s)
	s.exec(t, `INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, created_at)
		VALUES (90001, '`+month+`-05', 12.30, 'Pix', 1, (SELECT min(id) FROM sessoes), '2020-01-01 12:00:00')`)
	s.exec(t, `INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (90001, '`+month+`-05', 1, 'Pix', 1, '2020-01-01 12:00:00')`)
}

func lost(t *testing.T, s *studio) {
	s.mustRun(t, []int{0}, "backup", "create", month)
	s.exec(t, "DELETE FROM comissoes WHERE pagamento_id IN (SELECT id FROM pagamentos WHERE id % 10 = 3)")
	s.exec(t, `DELETE FROM pagamentos WHERE sessao_id IS NULL AND NOT EXISTS (SELECT 1 FROM sessoes WHERE payment_id = pagamentos.id)
		AND NOT EXISTS (SELECT 1 FROM comissoes WHERE pagamento_id = pagamentos.id)`)
	s.exec(t, "DELETE FROM gastos WHERE id % 10 = 3")
}

var deeds = []deed{
	{name: "close", prepare: func(*testing.T, *studio) {}, args: []string{"close", month}, again: []int{0, 3}},
	{name: "force", prepare: late, args: []string{"close", month, "--force"}, again: []int{0}},
	{name: "reopen", prepare: closed, args: []string{"reopen", month, "--reason", "test"}, again: []int{0, 3}},
	{name: "close again", prepare: func(t *testing.T, s *studio) {
		closed(t, s)
		s.mustRun(t, []int{0}, "reopen", month, "--reason", "test")
		s.exec(t, "UPDATE pagamentos SET valor = 1.23 WHERE id = 1")
	}, args: []string{"close", month}, again: []int{0, 3}},
	{name: "back up", prepare: func(*testing.T, *studio) {}, args: []string{"backup", "create", month}, again: []int{0}},
	{name: "restore", prepare: lost, args: []string{"backup", "restore", month}, again: []int{0}},
}

// TestKilled_at_every_step kills the program at each step of each command: the
// month is as before or as after, nothing half is taken for a backup, and the
// same command, run again, completes.
func TestKilled_at_every_step(t *testing.T) {
	program := build(t, "stoppoints")
	both(t, program, 160, func(t *testing.T, fresh *studio) {
		for _, d := range deeds {
			t.Run(d.name, func(t *testing.T) { d.killEverywhere(t, fresh) })
		}
	})
}

func (d deed) killEverywhere(t *testing.T, fresh *studio) {
	prepared := fresh.clone(t)
	d.prepare(t, prepared)
	o := d.observe(t, prepared)
	if len(o.steps) < 4 {
		t.Fatalf("%s has only the steps %q", d.name, o.steps)
	}
	for n, step := range o.steps {
		if testing.Short() && n%4 != 3 {
			continue
		}
		t.Run(fmt.Sprintf("%d %s", n+1, step), func(t *testing.T) {
			s := prepared.clone(t)
			killed := s.start(t, []string{fmt.Sprintf("EXTRATO_STOP_AT=%d", n+1)}, d.args...).wait(t)
			if killed.code != -1 {
				t.Fatalf("%v\nwant it killed", killed)
			}
			o.check(t, s, d)
		})
	}
}

// observed is what a command does when nobody kills it.
type observed struct {
	steps         []string
	before, after state
	csvs          map[string]string
	csvsBefore    int
	entries       int
	took          time.Duration
}

func (d deed) observe(t *testing.T, prepared *studio) observed {
	t.Helper()
	o := observed{before: prepared.look(t), csvsBefore: len(prepared.csvs(t))}
	s := prepared.clone(t)
	trace := filepath.Join(s.dir, "trace")
	started := time.Now()
	done := s.start(t, []string{"EXTRATO_STOP_AT=0", "EXTRATO_STOP_TRACE=" + trace}, d.args...).wait(t)
	o.took = time.Since(started)
	if done.code != 0 {
		t.Fatal(done)
	}
	text, _ := os.ReadFile(trace) // the program that people use writes none
	o.steps = strings.Split(strings.TrimSpace(string(text)), "\n")
	o.after, o.csvs, o.entries = s.look(t), s.csvs(t), s.closings(t)
	s.sound(t)
	if d.name != "restore" { // which brings rows back
		s.conserved(t, o.before.all(t))
	}
	return o
}

// check looks at a studio after a kill, finishes what was begun, and looks again.
func (o observed) check(t *testing.T, s *studio, d deed) {
	t.Helper()
	st := s.look(t)
	if !sameState(st, o.before) && !sameState(st, o.after) {
		t.Fatalf("the month is neither as before nor as after: %d live and %d stored rows", len(st.live), len(st.stored))
	}
	if len(s.csvs(t)) > o.csvsBefore+1 {
		t.Fatalf("one kill left %d new copies", len(s.csvs(t))-o.csvsBefore)
	}
	o.onlyWholeBackups(t, s)
	s.mustRun(t, d.again, d.args...)
	if st := s.look(t); !sameState(st, o.after) {
		t.Fatalf("run again, the month has %d live and %d stored rows, want %d and %d",
			len(st.live), len(st.stored), len(o.after.live), len(o.after.stored))
	}
	if len(s.csvs(t)) != len(o.csvs) {
		t.Fatalf("there are %d copies, want %d", len(s.csvs(t)), len(o.csvs))
	}
	if n := s.closings(t); n != o.entries {
		t.Fatalf("the chain has %d entries, want %d", n, o.entries)
	}
	s.sound(t)
}

// onlyWholeBackups holds what verification says of each backup against the
// bytes that an undisturbed run has written.
func (o observed) onlyWholeBackups(t *testing.T, s *studio) {
	t.Helper()
	verified := s.mustRun(t, []int{0}, "backup", "verify", "--json")
	var found struct {
		Backups []struct{ File, State string }
	}
	if err := json.Unmarshal(verified.stdout.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	files := s.files(t)
	whole := map[string]bool{}
	for _, text := range o.csvs {
		whole[text] = true
	}
	for _, b := range found.Backups {
		text, there := files[b.File]
		if claimed := b.State == "ok" || b.State == "stale"; claimed != (there && whole[text]) || !claimed && b.State != "incomplete" {
			t.Fatalf("%s is called %s; its file is there: %v, whole: %v", b.File, b.State, there, whole[text])
		}
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".csv") && !whole[text] {
			t.Fatalf("%s is half a file", name)
		}
	}
}

// TestKilled_and_interrupted_at_any_instant stops the program that people use at
// random instants of the close of a large month, without any warning or with
// the signals of a terminal and a service manager.
func TestKilled_and_interrupted_at_any_instant(t *testing.T) {
	program := build(t, "")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	both(t, program, 5000, func(t *testing.T, fresh *studio) {
		random := rand.New(rand.NewPCG(seed, 0))
		d := deeds[0]
		o := d.observe(t, fresh)
		signals := slices.Concat(slices.Repeat([]os.Signal{syscall.SIGKILL}, 20), slices.Repeat([]os.Signal{syscall.SIGINT, syscall.SIGTERM}, 4))
		if testing.Short() {
			signals = signals[17:22]
		}
		came := map[string]int{}
		for i, signal := range signals {
			wait := time.Duration(random.Int64N(int64(o.took)))
			t.Run(fmt.Sprintf("%d %s after %s", i+1, signal, wait), func(t *testing.T) {
				s := fresh.clone(t)
				r := s.start(t, nil, d.args...)
				time.Sleep(wait)
				_ = r.cmd.Process.Signal(signal) // it may have finished
				r.wait(t)
				came[fmt.Sprintf("%s, exit %d", signal, r.code)]++
				// Before its first line of code a signal kills even a program that minds signals; then it has done nothing.
				early := r.code == -1 && sameState(s.look(t), o.before) && maps.Equal(s.files(t), fresh.files(t))
				if signal != syscall.SIGKILL && r.code != 0 && r.code != 1 && !early {
					t.Errorf("%v\nwant it to end by itself, and to say that it was interrupted", r)
				}
				if st := s.look(t); r.code == 0 && !sameState(st, o.after) || r.code == 1 && !sameState(st, o.before) {
					t.Errorf("%v\nbut the month has %d live and %d stored rows", r, len(st.live), len(st.stored))
				}
				o.check(t, s, d)
			})
		}
		t.Logf("%v", came)
	})
}

// TestInterrupted_after_the_commit interrupts a close of two due months when the
// first is closed: it is told as closed, and the second is left alone.
func TestInterrupted_after_the_commit(t *testing.T) {
	program := build(t, "stoppoints")
	both(t, program, 40, func(t *testing.T, fresh *studio) {
		for _, c := range []struct {
			args []string
			code int
			want string
		}{
			{[]string{"close", month, "--json"}, 0, `"result": "closed"`},
			{[]string{"close"}, 1, before + " closed"},
			{[]string{"close", "--json"}, 1, `"code": "interrupted"`},
		} {
			s := fresh.clone(t)
			file := filepath.Join(t.TempDir(), "paused")
			r := s.start(t, []string{"EXTRATO_CLOSE_FROM=" + before, "EXTRATO_PAUSE_AT=committed", "EXTRATO_PAUSE_FILE=" + file}, c.args...)
			_, goOn := pausedAt(t, file)
			if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			await(t, 60*time.Second, "the signal to be taken", func() bool {
				_, err := os.Stat(file + ".interrupted")
				return err == nil
			})
			goOn()
			r.wait(t)
			if r.code != c.code || !strings.Contains(r.stdout.String(), c.want) || r.code != 0 && !strings.Contains(r.stderr.String(), month+" was not closed: interrupted") {
				t.Errorf("%v\nwant exit %d and %s", r, c.code, c.want)
			}
			if n := s.closings(t); n != 1 {
				t.Errorf("the chain has %d entries", n)
			}
			s.sound(t)
		}
	})
}

package crashtest

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
)

// together starts all commands at once and waits for all of them.
func (s *studio) together(t *testing.T, commands ...string) []*ran {
	t.Helper()
	var all []*ran
	for _, c := range commands {
		all = append(all, s.start(t, nil, strings.Fields(c)...))
	}
	for _, r := range all {
		r.wait(t)
	}
	return all
}

func repeated(n int, command string) []string {
	return strings.Split(strings.TrimSuffix(strings.Repeat(command+"\n", n), "\n"), "\n")
}

// TestEight_processes_close_one_month_at_once: one closes it, seven are told so with
// the same document, and there is one backup.
func TestEight_processes_close_one_month_at_once(t *testing.T) {
	program := build(t, "")
	both(t, program, 400, func(t *testing.T, fresh *studio) {
		rows := fresh.look(t).all(t)
		for range rounds() {
			s := fresh.clone(t)
			results, codes := map[string]int{}, map[int]int{}
			var first map[string]any
			for _, r := range s.together(t, repeated(8, "close "+month+" --json")...) {
				codes[r.code]++
				var document map[string]any
				if err := json.Unmarshal(r.stdout.Bytes(), &document); err != nil {
					t.Fatalf("%v: %v", r, err)
				}
				result, _ := document["result"].(string)
				if (result == "closed") != (r.code == 0) {
					t.Errorf("%v", r)
				}
				results[result]++
				for _, own := range []string{"result", "correlation_id", "seconds"} {
					delete(document, own)
				}
				if first == nil {
					first = document
				}
				if !reflect.DeepEqual(document, first) {
					t.Errorf("two processes answer\n%v\n%v", document, first)
				}
			}
			if !maps.Equal(codes, map[int]int{0: 1, 3: 7}) || !maps.Equal(results, map[string]int{"closed": 1, "already_closed": 7}) {
				t.Errorf("exit codes %v, results %v", codes, results)
			}
			if n := len(s.csvs(t)); n != 1 {
				t.Errorf("there are %d copies, want 1", n)
			}
			if n := s.closings(t); n != 1 {
				t.Errorf("the chain has %d entries, want 1", n)
			}
			s.sound(t)
			s.conserved(t, rows)
		}
	})
}

func rounds() int {
	if testing.Short() {
		return 1
	}
	return 3
}

// TestEight_processes_do_different_things_at_once: whatever they do to each other,
// the month is closed once, and no row is lost or doubled.
func TestEight_processes_do_different_things_at_once(t *testing.T) {
	program := build(t, "")
	both(t, program, 400, func(t *testing.T, fresh *studio) {
		rows := fresh.look(t).all(t)
		for range rounds() {
			s := fresh.clone(t)
			for _, r := range s.together(t, "close "+month, "close", "backup create "+month, "months", "close "+month+" --force",
				"backup create "+month, "close --json", "backup verify") {
				if r.code != 0 && (r.code != 3 || !strings.Contains(r.stderr.String(), "already closed")) {
					t.Errorf("%v", r)
				}
			}
			if n := s.closings(t); n != 1 {
				t.Errorf("the chain has %d entries, want 1", n)
			}
			if n := len(s.csvs(t)); n != 1 {
				t.Errorf("there are %d copies, want 1", n)
			}
			s.sound(t)
			s.conserved(t, rows)
			for _, r := range s.together(t, "reopen "+month+" --reason test", "reopen "+month+" --reason test", "close "+month, "close",
				"backup create "+month, "months", "close "+month+" --force", "audit verify") {
				if r.code == 1 || r.code == 4 {
					t.Errorf("%v", r)
				}
			}
			s.sound(t)
			s.conserved(t, rows)
			s.mustRun(t, []int{0, 3}, "close", month)
			s.sound(t)
			s.conserved(t, rows)
			if n := len(s.csvs(t)); n != 1 {
				t.Errorf("there are %d copies of the same rows, want 1", n)
			}
		}
	})
}

package main

import (
	"strings"
	"sync"
	"testing"
)

// screen is a terminal of one line: what is left to see of what was written.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(text)
}

// lines are what stands there: a carriage return writes over the line.
func (s *screen) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(s.text.String(), "\n")
	for i, line := range lines {
		var seen []rune
		for part := range strings.SplitSeq(line, "\r") {
			over := []rune(part)
			seen = append(over, seen[min(len(over), len(seen)):]...)
		}
		lines[i] = strings.TrimRight(string(seen), " ")
	}
	return lines
}

func TestProgress(t *testing.T) {
	t.Parallel()
	t.Run("what_is_written_takes_the_place_of_the_line", func(t *testing.T) {
		t.Parallel()
		var s screen
		line := &progress{to: &s}
		out := terminal{&s, line}
		line.step("reading the backup back")
		if seen := s.lines(); !strings.Contains(seen[0], "reading the backup back") {
			t.Fatalf("the step is not shown: %q", seen)
		}
		if _, err := out.Write([]byte("closed\n")); err != nil {
			t.Fatal(err)
		}
		line.step("verified")
		if seen := s.lines(); seen[0] != "closed" || !strings.Contains(seen[1], "verified") {
			t.Errorf("on the screen are %q", seen)
		}
		line.clear()
		if seen := s.lines(); seen[1] != "" {
			t.Errorf("after the end are %q", seen)
		}
	})
}

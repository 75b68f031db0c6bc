package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// pagesAsked is how often the first page of a statement is asked for.
const pagesAsked = 100

// firstPage closes the live month and measures the first page of its statement,
// read for the first time and again, and the server's memory.
func (s *serving) firstPage() (string, error) {
	if err := s.closeAll([]time.Time{october}); err != nil {
		return "", err
	}
	page := "/extrato/" + strings.ReplaceAll(live, "-", "/")
	before := s.memory("VmRSS")
	var took []time.Duration
	for range pagesAsked {
		began := time.Now()
		if status, err := s.get(page); err != nil || status != http.StatusOK {
			return "", errors.Join(err, fmt.Errorf("GET %s: %d", page, status))
		}
		took = append(took, time.Since(began))
	}
	first, again := took[0], took[1:]
	slices.Sort(again)
	return fmt.Sprintf("The first page of its statement, once closed: %s, then %s (p50), %s (p99). Memory of the server: %d MiB before these %d, %d MiB after.\n",
		milliseconds(first), milliseconds(at(again, .5)), milliseconds(at(again, .99)), before>>20, pagesAsked, s.memory("VmRSS")>>20), nil
}

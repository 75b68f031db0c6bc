package safetynet

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	strictjson "github.com/go-json-experiment/json"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// Head is an entry of the chain of closings.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// State is a run's memory for the next, out of the server's reach.
type State struct {
	Head   Head                `json:"head"`
	Causes map[string]string   `json:"causes"`         // by month: the code of the failure people know of
	Owed   map[string][]string `json:"owed,omitempty"` // by month: hashes of the places still to notify

	Checkpoint string            `json:"checkpoint,omitempty"` // the signed head, as it was seen
	Keys       []proof.PublicKey `json:"keys,omitempty"`       // the studio's, that signed it

	Unsettled []books.Month `json:"unsettled,omitempty"` // for later runs to check again, oldest first
}

// ReadState reads a state; a missing file is an empty one. An unreadable or
// foreign file, or a dangling link, fails with an Error of kind Integrity:
// without the state nobody would notice a rewritten chain.
func ReadState(file string) (State, error) {
	empty := State{Causes: map[string]string{}}
	text, err := os.ReadFile(file)
	if _, there := os.Lstat(file); file == "" || errors.Is(err, fs.ErrNotExist) && errors.Is(there, fs.ErrNotExist) {
		return empty, nil
	}
	var s State
	if err == nil {
		s, err = parseState(text)
	}
	if err != nil {
		return empty, books.Integrityf("bad_state", "the state file cannot be read, so the chain cannot be compared").
			WithHint("put an earlier copy in its place, or remove it to begin anew")
	}
	return s, nil
}

func parseState(text []byte) (State, error) {
	var s State
	var written struct {
		Head struct {
			Seq  *int64  `json:"seq"`
			Hash *string `json:"hash"`
		} `json:"head"`
	}
	// encoding/json takes the last of two equal names, and names in other letters.
	if err := errors.Join(strictjson.Unmarshal(text, &written), strictjson.Unmarshal(text, &s, strictjson.RejectUnknownMembers(true))); err != nil {
		return s, err
	}
	none := s.Head == Head{}
	if written.Head.Seq == nil || written.Head.Hash == nil || !none && (s.Head.Seq < 1 || !isHash(s.Head.Hash)) {
		return s, errors.New("the head is none")
	}
	if s.Causes == nil {
		s.Causes = map[string]string{}
	}
	return s, errors.Join(s.remember(), s.checkHead())
}

// Write replaces the file as a whole, where a link leads to if it is one, and
// makes its folder if there is none.
func (s State) Write(file string) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(file, append(text, '\n'))
}

// remember marks failed months as unsettled: a state of an earlier version
// lacks them.
func (s *State) remember() error {
	for text := range s.Causes {
		month, err := books.ParseMonth(text)
		if err != nil {
			return err
		}
		s.unsettle(month)
	}
	return nil
}

func (s *State) unsettle(month books.Month) {
	if !slices.Contains(s.Unsettled, month) {
		s.Unsettled = append(s.Unsettled, month)
	}
	slices.SortFunc(s.Unsettled, func(a, b books.Month) int { return cmp.Compare(a.String(), b.String()) })
}

// Months returns the months for a run without a named month: the unsettled ones
// before last, oldest first, then last.
func (s State) Months(last books.Month) []books.Month {
	var months []books.Month
	for _, m := range s.Unsettled {
		if m.Before(last) {
			months = append(months, m)
		}
	}
	return append(months, last)
}

// settle keeps a month for later runs until nothing is left to be done or told
// of it.
func (s *State) settle(r Result) {
	untold := len(s.Owed[r.Month.String()]) > 0 || r.Issue == "unknown"
	open := r.Issue == "commented" || r.Issue == "unchanged"
	if r.Error != nil || untold || open || r.why() == "not_due_yet" {
		s.unsettle(r.Month)
		return
	}
	s.Unsettled = slices.DeleteFunc(s.Unsettled, func(m books.Month) bool { return m == r.Month })
}

func writeWhole(file string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), ".safetynet-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}

package safetynet

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"extrato/internal/books"
)

// Head is an entry of the chain of closings.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// State is what one run keeps for the next, where the server cannot reach it.
type State struct {
	Head   Head                `json:"head"`
	Causes map[string]string   `json:"causes"`         // by month: the code of the failure that people were told of
	Owed   map[string][]string `json:"owed,omitempty"` // by month: the places, by a hash, that did not take it
}

// ReadState reads a state; a file that is not there is an empty one. A file
// that cannot be read fails with an Error of kind Integrity: without it nobody
// would notice that the chain was rewritten.
func ReadState(file string) (State, error) {
	empty := State{Causes: map[string]string{}}
	text, err := os.ReadFile(file)
	if file == "" || errors.Is(err, fs.ErrNotExist) {
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
	if err := json.Unmarshal(text, &s); err != nil {
		return s, err
	}
	if s.Head.Seq < 0 || s.Head.Seq > 0 && !isHash(s.Head.Hash) {
		return s, errors.New("the head is none")
	}
	if s.Causes == nil {
		s.Causes = map[string]string{}
	}
	return s, nil
}

// Write replaces the file as a whole, and makes its folder if there is none.
func (s State) Write(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(file, append(text, '\n'))
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

// Package durable makes the names of files and folders last through a power
// cut.
package durable

import (
	"os"
	"path/filepath"
	"runtime"
)

// MakeFolder makes a folder and its missing parents, and makes each one's name
// durable: a power cut would take a new folder with everything in it. Where that
// fails, the new folders go again: the next try would take them for durable.
func MakeFolder(dir string) error {
	there := dir
	for !exists(there) && there != filepath.Dir(there) {
		there = filepath.Dir(there)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for d := dir; d != there; d = filepath.Dir(d) {
		if err := SyncFolder(filepath.Dir(d)); err != nil {
			for made := dir; made != there; made = filepath.Dir(made) {
				_ = os.Remove(made) // others may have put something there
			}
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// SyncFolder makes the names in a folder durable; a variable for tests. Windows
// has no such call.
var SyncFolder = func(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

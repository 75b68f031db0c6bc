package doctor_test

import (
	"os"
	"path/filepath"
	"testing"

	"extrato/internal/doctor"
)

// recoveryFaults are those of what a restore of everything needs.
var recoveryFaults = []fault{
	{"an entry beside the backups that was changed", "", func(t *testing.T, p *patient) {
		name := filepath.Join(p.folder, "registro", "000001.json")
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, append(text, ' '), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}, "restore of everything", doctor.Fail, "registro/000001.json is not what"},
	{"an entry that is not beside the backups", "", func(t *testing.T, p *patient) {
		if err := os.Remove(filepath.Join(p.folder, "registro", "000001.json")); err != nil {
			t.Fatal(err)
		}
	}, "restore of everything", doctor.Warn, "the first is registro/000001.json"},
}

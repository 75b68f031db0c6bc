package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/doctor"
	"extrato/internal/store/storetest"
)

func TestRun_says_how_old_the_last_whole_copy_is(t *testing.T) {
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		p := newPatient(t, db)
		says := func(state doctor.State, want string) {
			t.Helper()
			found := ""
			for _, c := range p.look(t).Checks {
				if c.Name != "whole copy" {
					continue
				}
				found = c.Message
				if c.State != state || !strings.Contains(c.Message, want) || (c.State == doctor.OK) != (c.Fix == "") {
					t.Errorf("%+v, want %s: %s", c, state, want)
				}
			}
			if found == "" {
				t.Error("nothing is said of it")
			}
		}
		says(doctor.OK, "was not copied as a whole yet")
		made, _, err := p.closer.FullCopy(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		at, err := made.At()
		if err != nil {
			t.Fatal(err)
		}
		day := at.Time().In(storetest.Zone).Format("2006-01-02 15:04")
		says(doctor.OK, "is of "+day)
		p.clock = 25 * time.Hour // yesterday's, before tonight's
		says(doctor.OK, "is of "+day)
		p.clock = 27 * time.Hour
		says(doctor.Warn, "is of "+day)

		// A copy in progress, or one that lost its manifest, is none.
		p.clock = 0
		later := filepath.Join(p.folder, "inteiro", "29991231T000000Z"+filepath.Ext(made.File))
		if err := os.WriteFile(later, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		says(doctor.OK, "is of "+day)
		manifest, err := filepath.Glob(filepath.Join(p.folder, "inteiro", "*.manifest.json"))
		if err != nil || len(manifest) != 1 {
			t.Fatal(manifest, err)
		}
		if err := os.Remove(manifest[0]); err != nil {
			t.Fatal(err)
		}
		says(doctor.OK, "was not copied as a whole yet")
	})
}

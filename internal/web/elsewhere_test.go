package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/bucket"
	"extrato/internal/places"
)

// The copies elsewhere are shown to those who look after the studio, on the page
// of the backups and beside each statement.
func TestCopies_elsewhere_are_shown_by_their_state(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		other := t.TempDir()
		all := &places.Places{
			Local: s.closer.Backups.Bucket, All: []bucket.Place{bucket.NewFolderPlace(other, nil)}, Store: s.db.Store, Now: time.Now, Log: s.closer.Log, SpoolDir: t.TempDir(),
		}
		s.closer.Places = all
		m := last()
		s.pays(t, m.First(), 457_00)
		s.closes(t, m)
		statement := "/historico/" + path(m)
		s.Open(statement).Says("Cópias fora conferidas: 0 de 1; por copiar em " + other + ".")
		if _, err := all.Run(t.Context(), all.All[0], places.Options{}); err != nil {
			t.Fatal(err)
		}
		s.Open(statement).Says("Cópias fora conferidas: 1 de 1.")
		s.Open("/backups").Says("Cópias em "+other+": 2 arquivos, tudo conferido.", "Cópias fora conferidas: 1 de 1.")
		file := strings.ReplaceAll(m.String(), "-", "_")
		file += "/backup_" + file + ".csv"
		if err := os.WriteFile(filepath.Join(other, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := all.Check(t.Context(), all.All[0], file); err != nil {
			t.Fatal(err)
		}
		s.Open(statement).Says("conferidas: 0 de 1; trocada ou danificada em " + other + ".")
		s.Open("/backups").Says("Em " + other + " a cópia de 1 arquivo não está como foi posta: " + file + " (trocada ou danificada).")
		s.closer.Places = nil
		s.Open("/backups")
		if strings.Contains(s.Text(), "Cópias fora conferidas") || strings.Contains(s.Text(), other) {
			t.Error("a studio without other places is told of them")
		}
	})
}

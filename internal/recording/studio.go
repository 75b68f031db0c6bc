package recording

import (
	"context"
	"strings"

	"extrato/internal/store"
)

// MaxStudio is how much of a studio's name fits onto a statement, in characters.
const MaxStudio = 80

// studioSetting keeps the studio's name.
const studioSetting = "studio_name"

// StudioName returns the studio's name as it stands on statements, "" if nobody
// has set it.
func (r *Recorder) StudioName(ctx context.Context, tx *store.Tx) (string, error) {
	return tx.Setting(ctx, studioSetting)
}

// SetStudioName sets the studio's name, without surrounding blanks. It fails with
// an Error of kind Invalid on a name that is blank, too long or not text.
func (r *Recorder) SetStudioName(ctx context.Context, tx *store.Tx, name string) error {
	name = strings.TrimSpace(name)
	if err := checkName("name", name, MaxStudio); err != nil {
		return err
	}
	return tx.SetSetting(ctx, studioSetting, name)
}

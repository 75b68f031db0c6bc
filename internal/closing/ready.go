package closing

import (
	"context"

	"extrato/internal/backup"
)

// CheckBackups fails with an Error of kind Refused if a backup could not be
// written now: the place has none of the recorded backups, or cannot be
// written.
func (c *Closer) CheckBackups(ctx context.Context) error {
	if err := c.CheckPlace(ctx); err != nil {
		return err
	}
	staged, err := c.Backups.Bucket.Stage(ctx, "probe")
	if err != nil {
		return backup.ErrUnwritable.WithHint("check the folder in EXTRATO_BACKUPS").Because(err)
	}
	defer staged.Discard()
	if _, err := staged.Write([]byte("probe")); err != nil {
		return backup.ErrUnwritable.WithHint("check the folder in EXTRATO_BACKUPS and its disk").Because(err)
	}
	return nil
}

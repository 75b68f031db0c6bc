package store

import "context"

// PausedQueues names the paused queues of jobs, in order; none before the first
// start of a server.
func (t *Tx) PausedQueues(ctx context.Context) (names []string, err error) {
	exist := "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'river_queue'"
	if t.s.dialect.postgres {
		exist = "SELECT to_regclass('river_queue') IS NOT NULL"
	}
	var there bool
	if err := t.one(ctx, exist, nil, &there); err != nil || !there {
		return nil, err
	}
	err = t.list(ctx, "SELECT name FROM river_queue WHERE paused_at IS NOT NULL ORDER BY name", nil, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

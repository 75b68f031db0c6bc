package places

import (
	"extrato/internal/backup"
	"extrato/internal/bucket"
)

// Backups reads the backups in a place. It is the same object for each call, so
// a hanging place is known as one.
func (p *Places) Backups(place bucket.Place) *backup.Backups {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.backups == nil {
		p.backups = map[string]*backup.Backups{}
	}
	name := place.String()
	if p.backups[name] == nil {
		p.backups[name] = &backup.Backups{Bucket: bucket.ReadOnly(place), Now: p.Now}
	}
	return p.backups[name]
}

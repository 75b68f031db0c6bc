package doctor_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/config"
	"extrato/internal/doctor"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/places"
	"extrato/internal/recovery"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var october = books.Month{Year: 2025, Month: time.October}

// patient is a studio with one closed month, and the doctor that looks at it.
type patient struct {
	*storetest.DB
	folder string
	flags  map[string]string
	clock  time.Duration // how far this machine's clock is ahead
	closer *closing.Closer
	places *places.Places

	checkKey func(string, time.Time) error
}

func now() time.Time { return time.Now().In(storetest.Zone) }

func newPatient(t *testing.T, db *storetest.DB) *patient {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "backups")
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	p := &patient{DB: db, folder: folder, checkKey: auth.CheckKey, flags: map[string]string{
		"DATABASE_URL": db.URL, "EXTRATO_BACKUPS": folder, "EXTRATO_CLOSE_FROM": books.MonthOf(now()).String(),
		"JWT_SECRET_KEY": strings.Repeat("k", 32), "EXTRATO_NOTIFY": "ntfy://ntfy.example/studio",
		"HOST": "127.0.0.1", "PORT": "1", // where nobody answers
	}}
	p.closer = &closing.Closer{
		Store: db.Store, Schedule: schedule, RequireBackup: true, Now: now, Log: logtest.Quiet(t), SpoolDir: t.TempDir(),
		Backups: &backup.Backups{Bucket: bucket.NewFolder(folder, nil), Now: now, Zone: storetest.Zone, Program: "test"},
	}
	setting(store.SafetyNetSeen, now())(t, p)
	p.Exec(t, "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'ana@studio.test', 'artist', TRUE, FALSE)")
	p.payment(t, 1, "2025-10-03")
	if _, err := p.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
		t.Fatal(err)
	}
	k := &recovery.Keeper{Store: p.Store, Backups: p.closer.Backups, Now: now}
	if _, err := k.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := k.KeepStudio(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *patient) payment(t *testing.T, id int, day string) {
	p.Exec(t, `INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at)
		VALUES ($1, $2, 450, 'Pix', 1, '2025-10-01 12:00:00.000000')`, id, day)
}

// look runs the doctor as the command line does.
func (p *patient) look(t *testing.T) doctor.Report {
	t.Helper()
	c, _ := config.Load(p.flags)
	d := &doctor.Doctor{Config: c, Folder: c.Backups, CheckKey: p.checkKey, CheckPlaces: checkPlaces, Now: func() time.Time { return now().Add(p.clock) }, Backups: p.closer.Backups, Places: p.places}
	d.Store, d.OpenErr = store.OpenUntouched(t.Context(), store.Options{URL: c.DatabaseURL, Zone: storetest.Zone, Now: time.Now})
	if d.OpenErr == nil {
		defer d.Store.Close()
	}
	d.Audit = func(ctx context.Context) (doctor.Audited, error) {
		found, err := (&closing.Closer{Store: d.Store, Now: now}).VerifyChain(ctx)
		return doctor.Audited{Entries: found.Entries, Head: found.Head, Problems: found.Problems}, err
	}
	return d.Run(t.Context())
}

func setting(name string, at time.Time) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		t.Helper()
		err := p.Store.Write(t.Context(), func(tx *store.Tx) error {
			if at.IsZero() {
				return tx.SetSetting(t.Context(), name, "")
			}
			return tx.SetSetting(t.Context(), name, books.InstantOf(at).String())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// state is everything that a look must leave as it was.
func (p *patient) state(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range []string{filepath.Dir(p.Path), p.folder} {
		if root == "." {
			continue // PostgreSQL has no file
		}
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return nil //nolint:nilerr // a folder that is not there is a state as well
			}
			text, err := os.ReadFile(path)
			found[path] = fmt.Sprintf("%x", sha256.Sum256(text))
			if strings.HasSuffix(path, "-shm") {
				found[path] = "" // readers note there what they read
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if p.Path != "" {
		return found
	}
	tables := p.texts(t, `SELECT quote_ident(schemaname) || '.' || quote_ident(relname) FROM pg_stat_user_tables WHERE schemaname IN ('public', 'extrato')`)
	for _, table := range tables {
		found[table] = p.texts(t, "SELECT coalesce(md5(string_agg(r.xmin::text || r::text, ',' ORDER BY r::text)), '') FROM "+table+" r")[0]
	}
	return found
}

func (p *patient) texts(t *testing.T, query string) []string {
	t.Helper()
	rows, err := p.SQL.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		all = append(all, "")
		if err := rows.Scan(&all[len(all)-1]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestRun_finds_a_healthy_studio_healthy_and_changes_nothing(t *testing.T) {
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		p := newPatient(t, db)
		before := p.state(t)
		report := p.look(t)
		if !maps.Equal(before, p.state(t)) {
			t.Errorf("the look changed %v to %v", before, p.state(t))
		}
		for _, c := range report.Checks {
			if c.State == doctor.Fail || c.State == doctor.Warn && c.Name != "backup disk" {
				t.Errorf("%+v, want all well", c)
			}
			if c.Message == "" || (c.Fix == "") != (c.State == doctor.OK) {
				t.Errorf("%+v, want a message, and a fix if something is wrong", c)
			}
		}
		if !report.OK || len(report.Checks) < 20 {
			t.Errorf("ok is %v after %d checks", report.OK, len(report.Checks))
		}
	})
}

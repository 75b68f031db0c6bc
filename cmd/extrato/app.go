package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/config"
	"extrato/internal/export"
	"extrato/internal/places"
	"extrato/internal/store"
)

// app holds the parts shared by the commands, opened on demand.
type app struct {
	*Globals
	ctx            context.Context
	stdout, stderr io.Writer
	line           *progress
	parser         *kong.Kong
	closers        []func()
	places         *places.Places // of the settings that config returned last
}

func (a *app) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
}

func (a *app) config() (config.Config, error) {
	c, err := config.Load(a.flags())
	if err != nil {
		return c, books.Invalidf("invalid_setting", "%s", err).WithHint("correct it in the environment, in .env or on the command line")
	}
	if _, err := books.ParseSchedule(c.Schedule); err != nil {
		return c, err
	}
	if a.places, err = a.openPlaces(c); err != nil {
		return c, err
	}
	_, err = closeFrom(c)
	return c, err
}

// flags are the settings from the command line.
func (a *app) flags() map[string]string {
	return map[string]string{"DATABASE_URL": a.Database, "EXTRATO_BACKUPS": a.Backups, "TZ": a.TZ}
}

func (a *app) logger(c config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // config.Load has checked it
	if c.Values["LOG_LEVEL"].Source == "default" {
		level = slog.LevelWarn // a command tells its result by itself
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" || c.LogFormat == "" && !isTerminal(a.stderr) {
		return slog.New(slog.NewJSONHandler(a.stderr, options))
	}
	return slog.New(slog.NewTextHandler(a.stderr, options))
}

// need is the state of the database needed by a command.
type need int

const (
	existing need = iota // it must be there
	orNew                // it is made if it is not
)

// openStore opens the database and brings it to this version.
func (a *app) openStore(c config.Config, n need) (*store.Store, error) {
	s, condition, err := a.openCarefully(c, n)
	if err == nil && n == existing && condition == store.New {
		err = books.NotFoundf("no_database", "the database is empty").
			WithHint("make one: extrato migrate (empty), extrato import --from URL (from v4), extrato demo (to try)")
	}
	if err != nil {
		return nil, a.nameCopies(c, err)
	}
	return s, s.Ready(a.ctx)
}

// nameCopies lets the lack of a database name the copies of one, and the way to
// put it back, instead of the way to a new one.
func (a *app) nameCopies(c config.Config, err error) error {
	lacks := books.AsError(err)
	if lacks.Code != "no_database" {
		return err
	}
	if gone := books.AsError(a.refuseAfresh(c)); gone != nil && gone.Code == "database_gone" {
		return books.NotFoundf(lacks.Code, "%s", gone.Message).WithHint("%s", gone.Hint)
	}
	return err
}

// openCarefully opens the database. It makes no new one if there are backups of
// a studio: its file may only be elsewhere.
func (a *app) openCarefully(c config.Config, n need) (*store.Store, store.Condition, error) {
	if n == orNew && store.Absent(c.DatabaseURL) {
		if err := a.refuseAfresh(c); err != nil {
			return nil, store.New, err
		}
	}
	s, err := a.openRaw(c, n)
	if err != nil {
		return nil, store.New, err
	}
	condition, err := s.Condition(a.ctx)
	if err == nil && n == orNew && condition == store.New {
		err = a.refuseAfresh(c)
	}
	return s, condition, err
}

// refuseAfresh refuses to begin a studio beside the backups of another one.
func (a *app) refuseAfresh(c config.Config) error {
	place, err := bucket.Open(c.Backups, nil)
	if err != nil {
		return err
	}
	copies := &backup.Backups{Bucket: place}
	months, err := copies.Months(a.ctx)
	if err != nil {
		return nil //nolint:nilerr // an unreadable folder is reported by the command that needs backups
	}
	if whole, err := copies.NewestFull(a.ctx); err == nil && whole.File != "" {
		return books.Refusedf("database_gone", "%s is empty, but %s has a copy of a whole database, of %s: there was a studio", store.Place(c.DatabaseURL), place, whole.CreatedAt).
			WithHint("nothing was made; put its database back (or mount its disk, or correct DATABASE_URL), or: extrato backup restore --full %s, or, without logins, extrato backup restore --all; to begin anew all the same: extrato migrate --new", whole.File)
	}
	if len(months) == 0 {
		return nil
	}
	return books.Refusedf("database_gone", "%s is empty, but %s has backups up to %s: there was a studio", store.Place(c.DatabaseURL), place, months[len(months)-1]).
		WithHint("nothing was made; put its database back (or mount its disk, or correct DATABASE_URL); everything comes back with extrato backup restore --all; to begin anew all the same: extrato migrate --new")
}

// namesFolder refuses a folder as database: SQLite would blame the disk.
func namesFolder(url string) error {
	path, ok := strings.CutPrefix(url, "sqlite:///")
	if info, err := os.Stat(path); !ok || err != nil || !info.IsDir() {
		return nil //nolint:nilerr // a missing path is no folder
	}
	return books.Invalidf("invalid_database_url", "%s is a folder", path).
		WithHint("name a file in it: DATABASE_URL=sqlite:///%s", filepath.Join(path, "extrato.db"))
}

func (a *app) openRaw(c config.Config, n need) (*store.Store, error) {
	if err := namesFolder(c.DatabaseURL); err != nil {
		return nil, err
	}
	s, err := store.Open(a.ctx, store.Options{URL: c.DatabaseURL, Zone: c.Zone, Now: clock, Log: a.logger(c)}, n == orNew)
	if err == nil {
		a.closers = append(a.closers, s.Close)
	}
	return s, err
}

// closer opens everything needed to close a month.
func (a *app) closer(n need) (*closing.Closer, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	s, err := a.openStore(c, n)
	if err != nil {
		return nil, err
	}
	return a.closerOn(c, s)
}

func (a *app) closerOn(c config.Config, s *store.Store) (*closing.Closer, error) {
	schedule, err := books.ParseSchedule(c.Schedule)
	if err != nil {
		return nil, err
	}
	from, err := closeFrom(c)
	if err != nil {
		return nil, err
	}
	log := a.logger(c)
	place, err := bucket.Open(c.Backups, func(s string) { log.Warn("backup folder", "note", s) })
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return clock().In(c.Zone) }
	step := a.progress()
	elsewhere := a.places
	elsewhere.Local, elsewhere.Store, elsewhere.Now, elsewhere.Log, elsewhere.SpoolDir = place, s, now, log, s.SpoolDir()
	closer := &closing.Closer{
		Places: elsewhere,
		Store:  s, Schedule: schedule, CloseFrom: from, RequireBackup: c.RequireBackup, Now: now, Log: log, Step: step,
		SpoolDir: s.SpoolDir(),
		Backups: &backup.Backups{
			Bucket: place, Now: now, Zone: c.Zone,
			Program: programVersion(), SpoolDir: s.SpoolDir(), Step: step,
		},
	}
	a.keepAfter(closer)
	return closer, nil
}

// closeFrom reads EXTRATO_CLOSE_FROM; the zero Month means as the database says.
func closeFrom(c config.Config) (books.Month, error) {
	if c.CloseFrom == "" {
		return books.Month{}, nil
	}
	from, err := books.ParseMonth(c.CloseFrom)
	if err != nil {
		return from, books.Invalidf("invalid_setting", "EXTRATO_CLOSE_FROM: %s", err).WithHint("write a month such as 2025-10")
	}
	return from, nil
}

// progress shows finished steps on a terminal, and nothing elsewhere.
func (a *app) progress() func(string) {
	if !isTerminal(a.stderr) || a.JSON {
		return stopAt
	}
	return func(step string) {
		a.line.step(step)
		stopAt(step)
	}
}

// actor names the user of the command line.
func actor() books.Actor {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return books.Actor("cli " + name)
}

// when turns an instant as JSON has it into the studio's time for people; ""
// stays "".
func when(instant string, zone *time.Location) string {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return instant
	}
	return at.In(zone).Format("2006-01-02 15:04")
}

func printJSON(w io.Writer, document any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return err
	}
	_, err := io.WriteString(w, export.Escaped(text.Bytes()))
	return err
}

// printf writes a text for people.
func (a *app) printf(format string, args ...any) { fprintf(a.stdout, format, args...) }

// fprintf writes a text for people. The arguments may be anybody's words, so
// control sequences in them do not reach a terminal.
func fprintf(w io.Writer, format string, args ...any) {
	for i := range args {
		args[i] = visible{args[i]}
	}
	fmt.Fprintf(w, format, args...)
}

type visible struct{ any }

// Format writes the value as fmt would, made visible.
func (v visible) Format(to fmt.State, verb rune) {
	_, _ = io.WriteString(to, export.Visible(fmt.Sprintf(fmt.FormatString(to, verb), v.any)))
}

// countOf says how many of a thing there are.
func countOf[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// monthArgument reads an optional month.
func monthArgument(s string) (books.Month, error) {
	if strings.TrimSpace(s) == "" {
		return books.Month{}, nil
	}
	return books.ParseMonth(s)
}

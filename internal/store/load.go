package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/durable"
)

// Load puts a copy of a whole database, made by Dump, where DATABASE_URL says.
// fetch writes the copy's bytes to a file, and fails unless they are right; want
// is what the database must hold afterwards. Load fails with an Error of kind
// Refused, and changes nothing, where there is a database already, where it is of
// another kind than the copy, or where a server uses it.
func Load(ctx context.Context, o Options, engine string, want Content, fetch func(*os.File) error) error {
	if isPostgres(o.URL) != (engine == "postgres") {
		return books.Refusedf("other_database", "the copy is of a %s database, and DATABASE_URL names another kind", engine).
			WithHint("nothing was changed; set DATABASE_URL to a new %s database for it", engine)
	}
	if engine == "postgres" {
		return loadPostgres(ctx, o, want, fetch)
	}
	rest, ok := strings.CutPrefix(o.URL, "sqlite:///")
	if !ok {
		return errNoURL
	}
	path, err := sqlitePath(rest)
	if err != nil {
		return err
	}
	if err := refuseTaken(path); err != nil {
		return err
	}
	if err := durable.MakeFolder(filepath.Dir(path)); err != nil {
		return unplaced(err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".extrato-restore-*.tmp") // 0600
	if err != nil {
		return unplaced(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := fetch(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return unplaced(err)
	}
	found, err := checkSQLiteCopy(ctx, file.Name())
	if err != nil {
		return err
	}
	if !found.Same(want) {
		return copyDamaged("the copy does not hold the rows that its manifest names")
	}
	return place(file.Name(), path)
}

// place gives a copy the database's name, unless one has it by now.
func place(copied, path string) error {
	err := os.Link(copied, path)
	if errors.Is(err, fs.ErrExist) {
		return refuseTaken(path)
	}
	if err != nil {
		return unplaced(err)
	}
	if err := errors.Join(durable.SyncFolder(filepath.Dir(path)), os.Remove(copied)); err != nil { // a second name would keep it from being opened
		return unplaced(err)
	}
	return nil
}

func unplaced(err error) error {
	return books.Refusedf("database_unwritable", "the database cannot be put into its folder").
		WithHint("nothing was changed; let extrato write that folder, see that its disk has room and knows hard links, then try again").Because(err)
}

// refuseTaken refuses a path with a database, or with the log of one: SQLite
// would write its pages into the restored file.
func refuseTaken(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-journal"} {
		_, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return unplaced(err)
		case name == path:
			return books.Refusedf("database_exists", "%s is there already", path).
				WithHint("nothing was changed; stop extrato serve, move the file away together with its -wal and -shm, and keep them; then try again")
		default:
			return books.Refusedf("database_log_left", "%s is left of another database", name).
				WithHint("nothing was changed; it may hold the newest rows of that database: move it away and keep it, then try again")
		}
	}
	return nil
}

func loadPostgres(ctx context.Context, o Options, want Content, fetch func(*os.File) error) error {
	s, err := Open(ctx, o, false)
	if err != nil {
		return err
	}
	defer s.Close()
	condition, err := s.Condition(ctx)
	if err != nil {
		return err
	}
	if condition != New {
		return books.Refusedf("database_exists", "%s holds books already", Place(o.URL)).
			WithHint("nothing was changed; make a new database (createdb NAME) and name it in DATABASE_URL")
	}
	program, err := s.serverProgram(ctx, "pg_restore")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", ".extrato-restore-*.tmp") // 0600
	if err != nil {
		return unplaced(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := fetch(file); err != nil {
		return err
	}
	list, err := s.restoreList(ctx, program, file.Name())
	if err != nil {
		return err
	}
	defer os.Remove(list)
	if err := s.runOnServer(ctx, program, "--no-password", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--use-list="+list, file.Name()); err != nil {
		return err
	}
	var found Content
	if err := s.Read(ctx, func(t *Tx) error {
		found, err = t.Content(ctx)
		return err
	}); err != nil {
		return err
	}
	if !found.Same(want) {
		return books.Integrityf("full_copy_corrupt", "the restored database does not hold the rows that the copy's manifest names").
			WithHint("do not use it; drop it, and restore an earlier copy into a new one")
	}
	return nil
}

// restoreList writes what of a dump is to be restored: all but the schemas that
// are there, such as public.
func (s *Store) restoreList(ctx context.Context, program, dump string) (string, error) {
	lines, err := listDump(ctx, program, dump)
	if err != nil {
		return "", err
	}
	var there []string
	if err := s.Read(ctx, func(t *Tx) error {
		return t.list(ctx, "SELECT nspname FROM pg_namespace", nil, func(scan func(...any) error) error {
			there = append(there, "")
			return scan(&there[len(there)-1])
		})
	}); err != nil {
		return "", err
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		fields := strings.Fields(line)
		return len(fields) > 5 && fields[3] == "SCHEMA" && slices.Contains(there, fields[5])
	})
	list, err := os.CreateTemp("", ".extrato-restore-*.tmp")
	if err != nil {
		return "", unplaced(err)
	}
	_, err = list.WriteString(strings.Join(lines, "\n"))
	return list.Name(), errors.Join(err, list.Close())
}

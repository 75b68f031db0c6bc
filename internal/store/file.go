package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"extrato/internal/books"
)

// ErrMoved means: SQLite's file is no longer at its path, and later writes
// would be gone with the process.
var ErrMoved = &books.Error{Kind: books.Refused, Code: "database_moved", Message: "the database file was moved, removed or replaced while extrato had it open"}

// openFile is SQLite's file, and its log beside it, as they were opened.
type openFile struct {
	name string // as DATABASE_URL has it; it may be a symlink
	real string // without symlinks: SQLite keeps its log beside this

	lock    sync.Mutex
	db, log os.FileInfo // nil until they were opened
	missed  bool        // the log of the program has it
}

func newOpenFile(path string) *openFile {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		target = path // opening it will say why
	}
	return &openFile{name: path, real: target}
}

// opened notes a connection's file, or finds another file than before. Only the
// writer's connection keeps the log open.
func (f *openFile) opened(writer bool) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	db, err := os.Stat(f.name)
	if err != nil || f.db != nil && !os.SameFile(db, f.db) {
		return f.moved(f.name)
	}
	f.db = db
	if writer {
		f.log, _ = os.Stat(f.real + "-wal") // where SQLite has no log, there is none to lose
	}
	return nil
}

// check fails with ErrMoved unless the paths still lead to the opened files.
func (f *openFile) check() error {
	f.lock.Lock()
	defer f.lock.Unlock()
	if !leadsTo(f.name, f.db) {
		return f.moved(f.name)
	}
	if !leadsTo(f.real+"-wal", f.log) {
		return f.moved(f.real + "-wal")
	}
	return nil
}

func leadsTo(name string, file os.FileInfo) bool {
	now, err := os.Stat(name)
	return file == nil || err == nil && os.SameFile(now, file)
}

func (f *openFile) moved(name string) error {
	return ErrMoved.WithHint("%s is not the file that was opened: stop extrato, put the file back with its -wal (or mount its folder), then start it again", name)
}

// checkFile fails with ErrMoved if SQLite's file is no longer in its place.
func (s *Store) checkFile() error {
	if s.file == nil {
		return nil
	}
	err := s.file.check()
	if missed := err != nil; missed != s.file.missed {
		s.file.missed = missed
		if missed {
			s.log.Error("database file gone", "path", s.file.name, "hint", books.AsError(err).Hint)
		} else {
			s.log.Warn("database file back", "path", s.file.name)
		}
	}
	return err
}

// checkWritten fails if the last commit went into a file without a path.
func (s *Store) checkWritten() error {
	err := s.checkFile()
	if err == nil {
		return nil
	}
	lost := *books.AsError(err)
	lost.Kind, lost.Message = books.Internal, lost.Message+": what was just written may be lost"
	return &lost
}

// fileConnector opens connections to a SQLite file and notes its identity.
type fileConnector struct {
	driver driver.Driver
	dsn    string
	file   *openFile
	writer bool
}

// openFileDB opens a pool on file.
func openFileDB(dsn string, file *openFile, writer bool) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close() // it lent its driver
	return sql.OpenDB(fileConnector{db.Driver(), dsn, file, writer}), nil
}

func (c fileConnector) Driver() driver.Driver { return c.driver }

// Connect opens a connection.
func (c fileConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	if c.writer {
		err = touch(ctx, conn)
	}
	if err == nil {
		err = c.file.opened(c.writer)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &preparedConn{conn.(sqliteConn), map[string]sqliteStmt{}}, nil
}

// touch reads something to make SQLite open its log.
func touch(ctx context.Context, conn driver.Conn) error {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "SELECT count(*) FROM sqlite_schema", nil)
	if err != nil {
		return err
	}
	err = rows.Next(make([]driver.Value, 1))
	return errors.Join(err, rows.Close())
}

// checkNames refuses a file with several names, or one mounted without its
// folder. SQLite keeps the newest rows in a second file beside it, found by
// name: a process with another name for the file does not see them.
func checkNames(file string) error {
	var why string
	switch {
	case linksOf(file) > 1:
		why = "has several names (hard links)"
	case mountedAlone(file):
		why = "is mounted without its folder"
	default:
		return nil
	}
	return books.Refusedf("database_unfit", "%s %s, and SQLite keeps the newest rows in a file beside it", file, why).
		WithHint("remove the other names (find DIR -samefile %s), or mount the whole folder", fmt.Sprintf("%q", file))
}

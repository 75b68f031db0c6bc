package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"extrato/internal/books"
	"extrato/internal/durable"
)

// openSQLite opens one writer connection, whose transactions begin IMMEDIATE,
// and several read-only connections.
func (s *Store) openSQLite(ctx context.Context, rest string, create bool) error {
	path, err := sqlitePath(rest)
	if err != nil {
		return err
	}
	if !fileExists(path) {
		if !create {
			return missingDatabase(path)
		}
		if err := durable.MakeFolder(filepath.Dir(path)); err != nil {
			return books.Refusedf("database_unwritable", "cannot make the folder of the database").
				WithHint("let the user that runs extrato write there, or set DATABASE_URL to another place").Because(err)
		}
		// The file holds clients' names: it is made before SQLite would, for its owner only.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return books.Refusedf("database_unwritable", "cannot make the database").
				WithHint("let the user that runs extrato write its folder, or set DATABASE_URL to another place").Because(err)
		}
		f.Close()
		s.isNew = true
	}
	s.file = newOpenFile(path)
	path = s.file.real
	s.dialect = sqliteDialect(path)
	if err := checkNames(path); err != nil {
		return err
	}
	mode := "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=journal_size_limit(67108864)&_txlock=immediate"
	foreign, err := isV4File(ctx, path)
	if err != nil {
		return s.dialect.explain(err)
	}
	if foreign {
		mode = "_txlock=immediate" // it will be refused: not even its journal mode may change
	}
	s.write, err = openFileDB(sqliteDSN(path, "rw", mode), s.file, true)
	if err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.closeFuncs = append(s.closeFuncs, func() { s.write.Close() })
	s.read, err = openFileDB(sqliteDSN(path, "ro", "_pragma=query_only(1)"), s.file, false)
	if err != nil {
		return err
	}
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(4)
	s.closeFuncs = append(s.closeFuncs, func() { s.read.Close() })
	return s.dialect.explain(s.write.PingContext(ctx))
}

// isV4File reports whether a file holds books of another program.
func isV4File(ctx context.Context, path string) (bool, error) {
	db, err := sql.Open("sqlite", sqliteDSN(path, "rw", ""))
	if err != nil {
		return false, err
	}
	defer db.Close()
	var theirs, ours int
	err = db.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE name = 'pagamentos'), count(*) FILTER (WHERE name = 'goose_db_version')
		FROM sqlite_schema`).Scan(&theirs, &ours)
	return theirs > 0 && ours == 0, err
}

// sqliteDSN puts the pragmas into the DSN, so every connection has them.
func sqliteDSN(path, mode string, more string) string {
	pragmas := "_pragma=busy_timeout(15000)&_pragma=foreign_keys(1)&_pragma=cache_size(-16384)"
	u := url.URL{Scheme: "file", Path: path}
	return u.String() + "?mode=" + mode + "&" + pragmas + "&" + more
}

func sqliteDialect(path string) dialect {
	return dialect{
		path: path,
		// A malformed date belongs to no month, but as text it may sort into one.
		// Between two days of a month all texts begin with the month, so two
		// digits at the end make a day of it.
		validDay: func(column string) string { return " AND " + column + " GLOB '????????[0-9][0-9]'" },
		inOrder:  " NOT INDEXED",
		text:     func(column string) string { return column },
		shown: func(column string) string {
			return "CASE typeof(" + column + ") WHEN 'text' THEN json_quote(" + column + ") ELSE quote(" + column + ") END"
		},
		// A text such as 2025-10-28 14:52:58.000000, with an existing day and
		// time: datetime returns it unchanged. A BLOB equals no text.
		plainInstant: func(column string) string {
			second := "substr(" + column + ", 1, 19)"
			return "(octet_length(" + column + ") = 26 AND datetime(" + second + ") = " + second + `
				AND substr(` + column + ", 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]')"
		},
		idList:   func(param string) string { return "SELECT value FROM json_each(" + param + ")" },
		textList: func(param string) string { return "SELECT value FROM json_each(" + param + ")" },
		again:    func(error) bool { return false },
		answered: isAnswerSQLite,
		explain:  func(err error) error { return explainSQLite(path, err) },
	}
}

// isAnswerSQLite: only where the disk failed may the log hold the commit.
func isAnswerSQLite(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff != sqlite3.SQLITE_IOERR
}

func explainSQLite(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || alreadyExplained(err) {
		return err
	}
	code := e.Code() & 0xff
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // the shared memory has no room
		code = sqlite3.SQLITE_FULL
	}
	switch {
	case e.Code() == sqlite3.SQLITE_READONLY_DBMOVED:
		return ErrMoved.WithHint("stop extrato, put %s back with its -wal, then start it again", path).Because(err)
	}
	switch code {
	case sqlite3.SQLITE_FULL:
		return fullDisk(filepath.Dir(path)).Because(err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return books.Refusedf("database_unwritable", "the database cannot be written").
			WithHint("let the user that runs extrato write the file and its folder%s", unwritable(path)).Because(err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return books.Integrityf("database_corrupt", "the database file is damaged or is no SQLite database").
			WithHint("keep a copy of the file; restore it from a copy, or its months from the backups").Because(err)
	case sqlite3.SQLITE_IOERR:
		return (&books.Error{Kind: books.Internal, Code: "disk_failed", Message: "the disk with the database cannot be read or written"}).
			WithHint("nothing was changed; see what the system says of that disk, then try again").Because(err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return books.Conflictf("busy", "another program holds the database").WithHint("nothing was changed; try again").Because(err)
	}
	return err
}

// fullDisk names the full disk: the database's, or that of its temporary files.
func fullDisk(folder string) *books.Error {
	const room = 16 << 20 // SQLite asks for less at a time
	if free, ok := FreeSpace(folder); ok && free > room {
		temp := cmp.Or(os.Getenv("SQLITE_TMPDIR"), os.Getenv("TMPDIR"), "/var/tmp")
		if free, ok := FreeSpace(temp); ok && free < room {
			return books.Refusedf("disk_full", "the disk with SQLite's temporary files, in %s, is full", temp).
				WithHint("nothing was changed; free some space there or set TMPDIR to another folder, and try again")
		}
	}
	return books.Refusedf("disk_full", "the disk with the database is full").
		WithHint("nothing was changed; free some space and try again")
}

// unwritable names SQLite's unwritable files: a log made beside a read-only
// file stays read-only when the file no longer is.
func unwritable(path string) string {
	var names []string
	for _, ending := range []string{"", "-wal", "-shm"} {
		if err := mayWrite(path + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			names = append(names, path+ending)
		}
	}
	if names == nil {
		return ""
	}
	return "; these cannot be written now: " + strings.Join(names, ", ")
}

func alreadyExplained(err error) bool {
	var e *books.Error
	return errors.As(err, &e)
}

// CheckSpace refuses a statement of size bytes if SQLite's disk has no room for
// it: the transaction's log peaks at one and a half times its size, and as much
// again is kept in reserve. PostgreSQL's disk cannot be seen from here.
func (t *Tx) CheckSpace(size int64) error {
	if t.s.dialect.postgres {
		return nil
	}
	free, ok := FreeSpace(filepath.Dir(t.s.dialect.path))
	if need := 3 * size; ok && free < need {
		unit, bytes := "MB", int64(1<<20)
		if need < 10*bytes {
			unit, bytes = "KB", 1<<10
		}
		return books.Refusedf("disk_full", "the disk with the database has %d %s free, this close needs %d %s", free/bytes, unit, (need+bytes-1)/bytes, unit).
			WithHint("nothing was changed; free some space and try again")
	}
	return nil
}

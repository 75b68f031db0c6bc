package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"extrato/internal/books"
)

// ownSchema holds all our own tables.
const ownSchema = "extrato"

func (s *Store) openPostgres(ctx context.Context, url string) error {
	config, err := parsePostgres(url)
	if err != nil {
		return err
	}
	prepareConnections(&config.ConnConfig.Config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	s.closeFuncs = append(s.closeFuncs, pool.Close)
	s.pool, s.url = pool, url
	s.dialect = s.postgresDialect()
	s.lockConfig = config.ConnConfig.Copy()
	s.lockConfig.RuntimeParams["application_name"] = thisProcess()
	s.write = stdlib.OpenDBFromPool(pool)
	s.read = s.write
	s.closeFuncs = append(s.closeFuncs, func() { s.write.Close() })
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return connectFailed(err)
	}
	defer conn.Release()
	s.anyBytes = conn.Conn().PgConn().ParameterStatus("server_encoding") == "SQL_ASCII"
	return nil
}

// pgReason returns the helpful part of a connection error, without secrets.
func pgReason(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return errors.New(pg.Message)
	}
	var network *net.OpError // one of several, each with an address of the host
	if errors.As(err, &network) {
		return network
	}
	last := err
	for e := err; e != nil; e = errors.Unwrap(e) {
		last = e
	}
	return last
}

func (s *Store) postgresDialect() dialect {
	return dialect{
		postgres:   true,
		readLevel:  sql.LevelRepeatableRead,
		writeLevel: sql.LevelSerializable,
		validDay:   func(string) string { return "" },
		withIDs:    " OVERRIDING SYSTEM VALUE",
		text:       func(column string) string { return "CAST(" + column + " AS TEXT)" },
		shown: func(column string) string {
			return "coalesce(CAST(to_json(CAST(" + column + " AS TEXT)) AS TEXT), 'NULL')"
		},
		idList: func(param string) string {
			return "SELECT CAST(value AS INTEGER) FROM json_array_elements_text(CAST(" + param + " AS JSON))"
		},
		textList: func(param string) string {
			return "SELECT value FROM json_array_elements_text(CAST(" + param + " AS JSON))"
		},
		plainInstant: func(string) string {
			return "TRUE" // all of them, and infinity is in no month's range
		},
		again:    retryablePostgres,
		answered: isAnswerPostgres,
		explain:  s.explainPostgres,
	}
}

// retryablePostgres reports errors after which the same transaction may
// succeed: 40001 and 40P01 (serialization, deadlock); 23503, a new link to a
// leaving row; 23505 on the chain or the revisions, another close was first; a
// stale plan, after somebody altered a table.
func retryablePostgres(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01":
		return true
	case "23503":
		return errReferenced(err) == nil
	case "23505":
		return pg.TableName == "closings" || pg.TableName == "revisions" || pg.TableName == "extrato_run_logs" || pg.TableName == "backups"
	}
	return isStale(err)
}

// isStale reports whether a prepared statement is out of date: somebody altered
// a table.
func isStale(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery"
}

// forgetStale makes every connection prepare its statements again if err is a
// stale one.
func (s *Store) forgetStale(err error) {
	if s.pool != nil && isStale(err) {
		s.pool.Reset()
	}
}

// isAnswerPostgres: a fatal error ended the connection, and proves nothing
// about the commit.
func isAnswerPostgres(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR" || errors.Is(err, pgx.ErrTxCommitRollback)
}

func (s *Store) explainPostgres(err error) error {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case alreadyExplained(err) || errors.Is(err, errBooksHeld): // Write decides
		return err
	case errors.As(err, &connect):
		return connectFailed(err)
	case !errors.As(err, &pg):
		return err
	case pg.Code == "42501" && pg.Routine == "check_enable_rls":
		return errHiddenRows("a table").Because(serverError{err})
	case pg.Code == "22021" && strings.Contains(pg.Message, "0x00"):
		return books.Invalidf("row_does_not_fit", "a text holds a NUL character, which PostgreSQL cannot store").
			WithHint("nothing was changed; leave that character out")
	case pg.Code == "22021" && !s.anyBytes: // stored text is UTF-8, so this came from outside
		return books.Invalidf("not_utf8", "a text is not UTF-8").WithHint(nothingChanged + "send it as UTF-8")
	case strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08"):
		return unreachable(err)
	}
	if known := errReferenced(err); known != nil {
		return known.Because(serverError{err})
	}
	if isStale(err) {
		return books.Conflictf("busy", "somebody is altering the tables").WithHint(nothingChanged + "try again").Because(serverError{err})
	}
	if known := postgresErrors[pg.Code]; known != nil {
		return known.Because(serverError{err})
	}
	return err
}

// serverError shows the server's own words, and unwraps to the whole error.
type serverError struct{ error }

func (s serverError) Error() string { return pgReason(s.error).Error() }
func (s serverError) Unwrap() error { return s.error }

const nothingChanged = "nothing was changed; "

var tooSlow = (&books.Error{Kind: books.Internal, Code: "database_timeout", Message: "the database server ended the work because it took too long"}).
	WithHint(nothingChanged + "try again; if it happens again, raise the server's timeouts for the user in DATABASE_URL, or ask who cancels its statements")

// postgresErrors are the server's errors with a remedy, by PostgreSQL's code.
var postgresErrors = map[string]*books.Error{
	"53100": books.Refusedf("disk_full", "the database server's disk is full").
		WithHint(nothingChanged + "free some space on the server and try again"),
	"53200": (&books.Error{Kind: books.Internal, Code: "database_memory", Message: "the database server has no memory left"}).
		WithHint(nothingChanged + "look at its work_mem and at what else runs there, then try again"),
	"58030": (&books.Error{Kind: books.Internal, Code: "disk_failed", Message: "the database server cannot read or write its disk"}).
		WithHint(nothingChanged + "see what the server's log says of that disk, then try again"),
	"XX001": books.Integrityf("database_corrupt", "the database server finds a table damaged").
		WithHint("keep a copy of the server's files; restore the table from a dump, or its months from the backups"),
	"XX002": books.Integrityf("database_corrupt", "the database server finds an index damaged").
		WithHint("build it anew: REINDEX DATABASE; then look at the disk that it is on"),
	"42501": books.Refusedf("database_unwritable", "the database user may not do this").
		WithHint("let the user in DATABASE_URL read and write v4's tables and the schema %q, and create that schema for extrato migrate", ownSchema),
	"25006": books.Refusedf("database_unwritable", "the server takes no writes: it is a standby, or set to read only").
		WithHint("name the primary server in DATABASE_URL, or reset default_transaction_read_only"),
	"57014": tooSlow, "25P03": tooSlow, "25P04": tooSlow,
	"55P03": books.Conflictf("busy", "somebody holds the rows longer than the server's lock_timeout allows").
		WithHint(nothingChanged + "try again when v4 is quiet"),
	"22021": books.Integrityf("text_not_utf8", "the database holds a text that is not UTF-8").
		WithHint("its encoding checks nothing: extrato doctor names the rows; correct them, or load a dump into a database made with ENCODING 'UTF8'"),
	"22P05": books.Refusedf("row_does_not_fit", "the database's encoding has no place for a character of the text").
		WithHint(nothingChanged + "leave that character out, or load a dump of the database into one made with ENCODING 'UTF8'"),
	"27000": books.Refusedf("rows_kept", "a trigger changes the rows that are to go").
		WithHint(nothingChanged + "extrato doctor names the triggers; drop it, or let it run after the delete"),
}

// connectionClosed reports whether a connection to PostgreSQL has ended.
func connectionClosed(conn *sql.Conn) (ended bool) {
	err := conn.Raw(func(below any) error {
		ended = below.(*stdlib.Conn).Conn().IsClosed()
		return nil
	})
	return ended || errors.Is(err, driver.ErrBadConn)
}

// errBooksHeld means: the wait for the books' tables timed out.
var errBooksHeld = errors.New("the tables are held by another transaction")

// prepareWrite sets up a transaction before its first query, at which
// PostgreSQL takes the snapshot. hold keeps writers out of the books until the
// transaction ends; readers go on. It waits at most timeout for the tables,
// since all later writers queue up behind it.
func (t *Tx) prepareWrite(ctx context.Context, long, hold bool, timeout time.Duration) error {
	if !t.s.dialect.postgres || !long && !hold {
		return nil
	}
	var commands []string
	if long {
		commands = append(commands, "SET LOCAL idle_in_transaction_session_timeout = 0")
	}
	if hold {
		commands = append(commands, fmt.Sprintf("SET LOCAL lock_timeout = %d", timeout.Milliseconds()),
			"LOCK TABLE pagamentos, sessoes, comissoes, gastos, extratos IN SHARE ROW EXCLUSIVE MODE", "SET LOCAL lock_timeout = DEFAULT")
	}
	err := t.onRawConn(func(conn *pgconn.PgConn) error { return conn.Exec(ctx, strings.Join(commands, "; ")).Close() })
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == lockNotAvailable {
		return fmt.Errorf("%w: %w", errBooksHeld, err)
	}
	return err
}

// onRawConn exposes the pgx connection below database/sql.
func (t *Tx) onRawConn(data func(*pgconn.PgConn) error) error {
	t.s.statements.Add(1)
	return t.conn.Raw(func(driver any) error {
		return data(driver.(*stdlib.Conn).Conn().PgConn())
	})
}

// Clock returns PostgreSQL's clock, or the zero Time on SQLite.
func (t *Tx) Clock(ctx context.Context) (time.Time, error) {
	if !t.s.dialect.postgres {
		return time.Time{}, nil
	}
	var at books.Instant
	err := t.one(ctx, "SELECT CAST(clock_timestamp() AS TEXT)", nil, &column{value: &at})
	return at.Time(), err
}

package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// Parsing a statement takes SQLite a tenth of a page's time. Each connection
// keeps its prepared statements; pgx does the same for PostgreSQL.

// sqliteConn is what a connection of the SQLite driver can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteStmt is what a prepared statement of it can do.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// mostPrepared is how many statements a connection keeps. Filters make new ones.
const mostPrepared = 200

// preparedConn is a connection that keeps its prepared statements.
type preparedConn struct {
	sqliteConn
	idle map[string]sqliteStmt // by text; one in use is not in it
}

// isKept reports whether a statement is kept: one of few, and alone in its text.
func isKept(query string) bool {
	verb, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	switch verb {
	case "SELECT", "WITH", "INSERT", "UPDATE", "DELETE":
		return !strings.Contains(query, ";")
	}
	return false
}

func (c *preparedConn) take(ctx context.Context, query string) (sqliteStmt, error) {
	if s := c.idle[query]; s != nil {
		delete(c.idle, query)
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(sqliteStmt), nil
}

// give keeps a statement that is no longer in use.
func (c *preparedConn) give(query string, s sqliteStmt) error {
	if c.idle[query] != nil {
		return s.Close()
	}
	var err error
	if len(c.idle) >= mostPrepared {
		err = c.drop()
	}
	c.idle[query] = s
	return err
}

func (c *preparedConn) drop() (err error) {
	for _, s := range c.idle {
		err = errors.Join(err, s.Close())
	}
	clear(c.idle)
	return err
}

// Close closes the statements and the connection.
func (c *preparedConn) Close() error { return errors.Join(c.drop(), c.sqliteConn.Close()) }

// ExecContext executes a statement.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !isKept(query) {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	if err != nil {
		_ = s.Close() // it repeats the error
		return nil, err
	}
	return result, c.give(query, s)
}

// QueryContext executes a query.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !isKept(query) {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		_ = s.Close() // it repeats the error
		return nil, err
	}
	return &preparedRows{rows, func(closed error) error {
		if closed != nil {
			_ = s.Close() // it repeats the error
			return closed
		}
		return c.give(query, s)
	}}, nil
}

// preparedRows are the rows of a kept statement.
type preparedRows struct {
	driver.Rows
	end func(closed error) error
}

// Close ends the use of the statement.
func (r *preparedRows) Close() error { return r.end(r.Rows.Close()) }

package store

import (
	"context"
	"slices"
	"strings"
)

// Condition is the state of a database, as seen by this program.
type Condition int

// The conditions of a database.
const (
	New     Condition = iota // no books in it
	V4                       // v4's books, not taken over yet
	Older                    // ours, of an earlier version
	Current                  // ours, of this version
	Newer                    // ours, of a later version
)

// Condition inspects the database and changes nothing. It fails with an Error
// of kind Refused on another application's database, and on books in a schema
// outside search_path.
func (s *Store) Condition(ctx context.Context) (Condition, error) {
	if err := s.checkFile(); err != nil {
		return New, err
	}
	have, err := s.tables(ctx)
	if err != nil {
		return New, err
	}
	theirs := slices.ContainsFunc(onlyV4, func(name string) bool { return have[name] })
	switch {
	case !have["goose"] && !theirs:
		return New, s.Read(ctx, func(t *Tx) error { return t.checkEmpty(ctx) })
	case !have["goose"]:
		return V4, nil
	case !theirs && s.dialect.postgres:
		if err := s.Read(ctx, func(t *Tx) error { return t.checkSchemas(ctx) }); err != nil {
			return New, err
		}
	}
	var version int64
	if err := s.read.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+s.versionTable()).Scan(&version); err != nil {
		return New, s.dialect.explain(err)
	}
	latest, err := s.latestVersion()
	switch {
	case err != nil:
		return New, err
	case version > latest:
		return Newer, nil
	case version == 0 && !theirs && !have["settings"]:
		return New, nil // the first migration was interrupted before it made anything
	case version < latest || !have["settings"]:
		return Older, nil
	}
	return Current, nil
}

// tables returns the existing tables that matter; "goose" is our own record.
func (s *Store) tables(ctx context.Context) (map[string]bool, error) {
	query := `SELECT CASE name WHEN 'goose_db_version' THEN 'goose' ELSE name END FROM sqlite_schema WHERE type IN ('table', 'view')`
	if s.dialect.postgres {
		query = `SELECT name FROM unnest(ARRAY['` + strings.Join(onlyV4, "', '") + `']) AS name WHERE to_regclass(name) IS NOT NULL
			UNION ALL SELECT CASE relname WHEN 'goose_db_version' THEN 'goose' ELSE relname END FROM pg_class
			WHERE relnamespace = to_regnamespace('` + ownSchema + `') AND relname IN ('settings', 'goose_db_version')`
	}
	rows, err := s.read.QueryContext(ctx, query) // the writer may be busy
	if err != nil {
		return nil, s.dialect.explain(err)
	}
	defer rows.Close()
	have := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		have[name] = true
	}
	return have, s.dialect.explain(rows.Err())
}

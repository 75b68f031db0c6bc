package store

import (
	"context"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// A guard is a trigger, or its function, that keeps the chain, statements and
// revisions unchanged. The migrations create the guards and define their text.
type guard struct {
	name     string
	function bool
	text     string // the statement that creates it
}

var (
	createGuard = regexp.MustCompile(`(?ms)^CREATE (TRIGGER|FUNCTION) (\S+?)(?:\(\))? .*?(?:^END;|^END \$\$;|\(\);)$`)
	blanks      = regexp.MustCompile(`\s+`)
)

// guards returns all guards, functions first. The last migration to create a
// guard defines its text.
func (s *Store) guards() ([]guard, error) {
	folder := "migrations/sqlite"
	if s.dialect.postgres {
		folder = "migrations/postgres"
	}
	files, err := fs.Glob(migrations, folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	var all []guard
	for _, file := range files {
		text, err := fs.ReadFile(migrations, file)
		if err != nil {
			return nil, err
		}
		for _, found := range createGuard.FindAllStringSubmatch(string(text), -1) {
			g := guard{name: found[2], function: found[1] == "FUNCTION", text: found[0]}
			if i := slices.IndexFunc(all, func(o guard) bool { return o.name == g.name }); i >= 0 {
				all[i] = g
			} else {
				all = append(all, g)
			}
		}
	}
	return all, nil
}

// plainText is a guard's text as databases return it, for a comparison.
func plainText(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	return blanks.ReplaceAllString(strings.ReplaceAll(text, ownSchema+".", ""), " ")
}

// body is the text between the dollar quotes of a function.
func body(text string) string {
	parts := strings.Split(text, "$$")
	if len(parts) != 3 {
		return text
	}
	return parts[1]
}

// MissingGuards names the triggers and their functions that are missing,
// switched off or altered: without them, plain SQL can change closed months.
// extrato migrate puts them back.
func (s *Store) MissingGuards(ctx context.Context) (missing []string, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		missing, err = t.MissingGuards(ctx)
		return err
	})
	return missing, err
}

// MissingGuards is Store.MissingGuards in a transaction.
func (t *Tx) MissingGuards(ctx context.Context) (missing []string, err error) {
	wanted, err := t.s.guards()
	if err != nil {
		return nil, err
	}
	query := "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
	if t.s.dialect.postgres {
		query = `SELECT tgname, pg_get_triggerdef(oid, TRUE) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')
			AND tgrelid IN (to_regclass('extratos'), to_regclass('extrato.closings'), to_regclass('extrato.revisions'))
			UNION ALL SELECT '` + ownSchema + `.' || proname, prosrc FROM pg_proc WHERE pronamespace = to_regnamespace('` + ownSchema + `')`
	}
	there := map[string]string{}
	err = t.list(ctx, query, nil, func(scan func(...any) error) error {
		var name, text string
		err := scan(&name, &text)
		there[name] = text
		return err
	})
	for _, g := range wanted {
		text := g.text
		if g.function {
			text = body(text)
		}
		if found, ok := there[g.name]; !ok || plainText(found) != plainText(text) {
			missing = append(missing, strings.TrimPrefix(g.name, ownSchema+"."))
		}
	}
	return missing, err
}

// addGuards puts missing guards back.
func (s *Store) addGuards(ctx context.Context, done *Migration) error {
	missing, err := s.MissingGuards(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	all, err := s.guards()
	if err != nil {
		return err
	}
	err = s.Write(ctx, func(t *Tx) error {
		if t.s.dialect.postgres {
			if _, err := t.exec(ctx, "SET LOCAL lock_timeout = '2s'"); err != nil {
				return err
			}
		}
		for _, g := range all {
			if !slices.Contains(missing, strings.TrimPrefix(g.name, ownSchema+".")) {
				continue
			}
			for _, query := range g.anew(t.s.dialect.postgres) {
				if _, err := t.exec(ctx, query); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if sqlState(err) == lockNotAvailable {
		return tablesLocked(err)
	}
	for _, name := range missing {
		done.Added = append(done.Added, "guard "+name)
	}
	return s.dialect.explain(err)
}

// anew returns the statements to replace or create a guard.
func (g guard) anew(postgres bool) []string {
	switch {
	case g.function:
		return []string{strings.Replace(g.text, "CREATE ", "CREATE OR REPLACE ", 1)}
	case !postgres:
		return []string{"DROP TRIGGER IF EXISTS " + g.name, g.text}
	}
	table := strings.Fields(g.text[strings.Index(g.text, " ON ")+len(" ON "):])[0]
	return []string{"DROP TRIGGER IF EXISTS " + g.name + " ON " + table, g.text}
}

package main

import (
	"extrato/internal/v4import"
	"strconv"
)

type importCommand struct {
	From string `help:"URL of the v4 database, PostgreSQL or a SQLite file." required:"" placeholder:"URL"`
}

func (importCommand) Help() string {
	return `Copies a v4 database into a new one (DATABASE_URL, a SQLite file is made), all or
nothing, with ids, links and v4's own statements. The source is only read. Reports
amounts rounded to the cent, references to missing rows, and data not copied.
A database of extrato's own is moved with pg_dump or as a file, not with this.

Examples:
  extrato import --from sqlite:////srv/v4/tattoo_studio.db
  DATABASE_URL=sqlite:///data/extrato.db extrato import --from postgres://v4@localhost/studio`
}

// Run imports.
func (c *importCommand) Run(a *app) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	s, err := a.openRaw(config, orNew)
	if err != nil {
		return err
	}
	done, err := v4import.Import(a.ctx, s, c.From, a.progress())
	if err != nil {
		s.RemoveIfNew()
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, done)
	}
	a.printImport(done)
	return nil
}

// shownChanges is how many changes of one sort a person is shown; --json has all.
const shownChanges = 20

func (a *app) printImport(done v4import.Imported) {
	a.printf("imported from %s\n", done.From)
	for _, t := range done.Tables {
		a.printf("  %-17s %d rows\n", t.Table, t.Rows)
	}
	a.printChanges("rounded to two decimals", done.Rounded)
	a.printChanges("references to rows that do not exist, now empty", done.Unlinked)
	a.printChanges("carried as they are, please look at them", done.Doubtful)
	if len(done.Left) > 0 {
		a.printf("not carried\n")
	}
	for _, left := range done.Left {
		name := left.Table
		if left.Column != "" {
			name += "." + left.Column
		}
		a.printf("  %-17s %d rows\n", name, left.Rows)
	}
	for _, month := range done.Adopted {
		a.printf("adopted  v4's statement of %s: it stays as it is\n", month)
	}
	for _, note := range done.Notes {
		a.printf("note     %s\n", note)
	}
}

func (a *app) printChanges(title string, changes []v4import.Change) {
	if len(changes) == 0 {
		return
	}
	a.printf("%s: %d\n", title, len(changes))
	for _, c := range changes[:min(len(changes), shownChanges)] {
		line := c.Table + " " + strconv.FormatInt(c.ID, 10) + "  " + c.Column + " " + c.Old
		if c.New != "" {
			line += " -> " + c.New
		}
		if c.Why != "" {
			line += "  (" + c.Why + ")"
		}
		a.printf("  %s\n", line)
	}
	if more := len(changes) - shownChanges; more > 0 {
		a.printf("  and %d more: extrato import --json lists all\n", more)
	}
}

// Package v4import copies a v4 database into a new one of this program.
package v4import

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Imported is the report of Import: rows copied, values changed, tables left
// behind.
type Imported struct {
	From     string        `json:"from"`     // the source, without user and password
	Tables   []TableRows   `json:"tables"`   // rows copied
	Rounded  []Change      `json:"rounded"`  // numbers with parts of a hundredth, rounded half up
	Unlinked []Change      `json:"unlinked"` // references to missing rows: NULL now
	Doubtful []Change      `json:"doubtful"` // carried as they are, for a person to look at
	Left     []TableRows   `json:"left"`     // tables and columns with data that was not copied
	Adopted  []books.Month `json:"adopted"`  // v4's statements, in the chain from now on
	Notes    []string      `json:"notes"`
}

// TableRows is the number of rows of a table or, if Column is set, of rows with
// data in it.
type TableRows struct {
	Table  string `json:"table"`
	Column string `json:"column,omitempty"`
	Rows   int64  `json:"rows"`
}

// Change is one value changed by the import, or a doubtful one.
type Change struct {
	Table  string `json:"table"`
	ID     int64  `json:"id"`
	Column string `json:"column"`
	Old    string `json:"old"`
	New    string `json:"new,omitempty"` // the rounded value
	Why    string `json:"why,omitempty"` // the doubt
}

// Import copies the v4 database at fromURL, PostgreSQL or a SQLite file, into
// this one, which must be empty, and migrates it first. Ids stay, sequences are
// raised above every id ever used, v4's statements are kept unchanged and
// adopted. The source is read in one snapshot and never written. step (may be
// nil) gets the name of each copied table.
//
// Everything is copied in one transaction, or nothing. Import fails with an
// Error of kind Refused, naming the row, if a value or reference cannot be kept
// here; of kind Integrity if one cannot be read; Refused if this database holds
// a row or is the source; and Refused if the source is this program's and holds
// statements of its own, or is this program's SQLite file. Those move whole,
// with pg_dump or as a file, together with their chain.
func Import(ctx context.Context, s *store.Store, fromURL string, step func(string)) (Imported, error) {
	if step == nil {
		step = func(string) {}
	}
	source, err := s.OpenSource(ctx, fromURL)
	if err != nil {
		return Imported{}, err
	}
	defer source.Close()
	if err := refuseSource(ctx, s, source); err != nil {
		return Imported{}, err
	}
	if err := refuseFull(ctx, s); err != nil {
		return Imported{}, err
	}
	if _, err := s.Migrate(ctx); err != nil {
		return Imported{}, err
	}
	var done Imported
	err = source.Read(ctx, func(from *store.Tx) error {
		return s.Write(ctx, func(to *store.Tx) error {
			im := &importing{from: from, to: to, step: step}
			im.done = Imported{
				From: withoutSecrets(fromURL), Tables: []TableRows{}, Rounded: []Change{}, Unlinked: []Change{},
				Doubtful: []Change{}, Left: []TableRows{}, Adopted: []books.Month{}, Notes: []string{},
			}
			err := im.run(ctx)
			done = im.done
			return err
		})
	})
	return done, err
}

// importing is one import, inside both transactions.
type importing struct {
	from, to *store.Tx
	step     func(string)
	done     Imported
	tables   map[string][]string         // the source's tables and their columns
	dangling map[string]map[int64]string // table.column and id of dangling references that become NULL
	links    []*books.Link
	highest  books.Highest // in statements and in the source's sequences
}

func (im *importing) run(ctx context.Context) error {
	if err := refuseRows(ctx, im.to); err != nil {
		return err
	}
	var err error
	if im.tables, err = allTables(ctx, im.from); err != nil {
		return err
	}
	if err := im.refuseForeign(); err != nil {
		return err
	}
	for _, table := range importTables {
		if err := im.checkKeys(ctx, table); err != nil {
			return err
		}
	}
	if err := im.widenColumns(ctx); err != nil {
		return err
	}
	for _, table := range importTables {
		if err := im.copyTable(ctx, table); err != nil {
			return err
		}
		im.step(table.name)
	}
	// Sessions and payments refer to each other.
	if err := im.to.SetLinks(ctx, im.links); err != nil {
		return err
	}
	if err := im.copyDeposits(ctx); err != nil {
		return err
	}
	if err := im.copyCategories(ctx); err != nil {
		return err
	}
	if err := im.copyMerges(ctx); err != nil {
		return err
	}
	if err := im.raiseSequences(ctx); err != nil {
		return err
	}
	adopted, err := im.to.AdoptStatements(ctx, "import")
	if err != nil {
		return err
	}
	im.done.Adopted = append(im.done.Adopted, adopted...)
	if err := im.reportMonthless(ctx); err != nil {
		return err
	}
	if im.tables["closings"] != nil {
		im.done.Notes = append(im.done.Notes,
			"the source was taken over by extrato: its chain, its earlier revisions and which months it holds stay there")
	}
	return im.listLeft(ctx)
}

// copyDeposits carries the marks of live payments, where the source was taken
// over. It holds no statements of ours, so no payment rests in one.
func (im *importing) copyDeposits(ctx context.Context) error {
	if im.tables["deposits"] == nil {
		return nil
	}
	var ids []books.ID
	err := im.from.List(ctx, "SELECT payment FROM deposits WHERE marked", nil, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		ids = append(ids, books.ID(id))
		return err
	})
	if err != nil {
		return err
	}
	live, err := im.to.LiveByID(ctx, books.PaymentKind, ids)
	if err != nil {
		return err
	}
	marked := slices.Collect(maps.Values(live))
	for _, row := range marked {
		row.(*books.Payment).Deposit = true
	}
	return im.to.ReopenDeposits(ctx, marked)
}

// copyCategories carries the categories of live expenses, where the source was
// taken over.
func (im *importing) copyCategories(ctx context.Context) error {
	if im.tables["expense_categories"] == nil {
		return nil
	}
	categories := map[books.ID]books.Text{}
	err := im.from.List(ctx, "SELECT expense, category FROM expense_categories", nil, func(scan func(...any) error) error {
		var id int64
		var category string
		err := scan(&id, &category)
		categories[books.ID(id)] = books.TextOf(category)
		return err
	})
	if err != nil {
		return err
	}
	live, err := im.to.LiveByID(ctx, books.ExpenseKind, slices.Collect(maps.Keys(categories)))
	if err != nil {
		return err
	}
	rows := slices.Collect(maps.Values(live))
	for _, row := range rows {
		row.(*books.Expense).Category = categories[row.Key()]
	}
	return im.to.SetCategories(ctx, rows)
}

// copyMerges carries the merges of clients, where the source was taken over: else
// the hidden ones would be there again, without rows.
func (im *importing) copyMerges(ctx context.Context) error {
	if im.tables["merged_clients"] == nil {
		return nil
	}
	type merge struct{ client, into books.ID }
	var merges []merge
	err := im.from.List(ctx, "SELECT client, into_client FROM merged_clients ORDER BY change, client", nil, func(scan func(...any) error) error {
		var client, into int64
		err := scan(&client, &into)
		merges = append(merges, merge{books.ID(client), books.ID(into)})
		return err
	})
	for _, m := range merges {
		if err == nil {
			err = im.copyMerge(ctx, m.client, m.into)
		}
	}
	return err
}

func (im *importing) copyMerge(ctx context.Context, client, into books.ID) error {
	there, err := im.to.LiveByID(ctx, books.ClientKind, []books.ID{client, into})
	if err != nil || there[client] == nil || there[into] == nil {
		return err
	}
	im.done.Notes = append(im.done.Notes, fmt.Sprintf("client %d stays merged into client %d; which rows came from there is not known here", client, into))
	return im.to.ImportMerge(ctx, client, into, "import")
}

// reportMonthless reports the commissions that no close would ever include.
func (im *importing) reportMonthless(ctx context.Context) error {
	return im.to.EachMonthlessCommission(ctx, func(id int64, createdAt string) {
		im.done.Doubtful = append(im.done.Doubtful, Change{Table: "comissoes", ID: id, Column: "created_at", Old: createdAt,
			Why: "and the row has no payment, so it belongs to no month"})
	})
}

// widenColumns gives a new PostgreSQL database the columns of older v4
// versions, if the source has data in them.
func (im *importing) widenColumns(ctx context.Context) error {
	if !im.to.Postgres() {
		return nil
	}
	for _, older := range []struct{ column, holds, change string }{
		{"hora", "hora IS NOT NULL", "ADD COLUMN IF NOT EXISTS hora TIME"},
		{"status", "status IS NULL", "ALTER COLUMN status DROP NOT NULL"},
	} {
		if !im.has("sessoes", older.column) {
			continue
		}
		var rows int64
		if err := im.from.One(ctx, "SELECT count(*) FROM sessoes WHERE "+older.holds, nil, &rows); err != nil {
			return err
		}
		if rows == 0 {
			continue
		}
		if _, err := im.to.Exec(ctx, "ALTER TABLE sessoes "+older.change); err != nil {
			return err
		}
		im.done.Notes = append(im.done.Notes, fmt.Sprintf("the source is an older v4 database (sessoes.%s): this one was made like it", older.column))
	}
	im.to.ForgetColumns()
	return nil
}

// raiseSequences keeps the ids of deleted rows from being used again: those in
// statements, and those remembered by the source's sequences alone.
func (im *importing) raiseSequences(ctx context.Context) error {
	im.highest = books.Highest{}
	err := im.to.EachStatement(ctx, func(s books.Stored) error {
		for row, err := range s.Rows() {
			if err != nil {
				im.done.Notes = append(im.done.Notes, fmt.Sprintf("v4's statement of %s cannot be read: %s", s.Month, err))
				return nil
			}
			im.highest.Add(row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for kind := range books.KindCount {
		if kind.Table() == "" {
			continue
		}
		last, err := lastID(ctx, im.from, kind.Table())
		if err != nil {
			return err
		}
		im.highest[kind] = max(im.highest[kind], books.ID(last))
	}
	if err := im.to.RaiseSequences(ctx, im.highest); err != nil {
		return err
	}
	for _, table := range []string{"extratos", "extrato_run_logs"} {
		last, err := lastID(ctx, im.from, table)
		if err == nil {
			err = im.to.RaiseSequence(ctx, table, last)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lastID returns the last id of table's sequence, or 0 if it has none.
func lastID(ctx context.Context, t *store.Tx, table string) (int64, error) {
	exists, of := "SELECT to_regclass($1) IS NOT NULL", table
	last := `SELECT coalesce(max(last_value), 0) FROM pg_sequences
		WHERE to_regclass(format('%I.%I', schemaname, sequencename)) = to_regclass(pg_get_serial_sequence(to_regclass($1)::text, 'id'))`
	if !t.Postgres() {
		// Only a file with AUTOINCREMENT somewhere has this table.
		exists, of = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = $1", "sqlite_sequence"
		last = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = $1"
	}
	var there bool
	if err := t.One(ctx, exists, []any{of}, &there); err != nil || !there {
		return 0, err
	}
	var id int64
	err := t.One(ctx, last, []any{table}, &id)
	return id, err
}

// listLeft names the tables and columns with data that was not copied.
func (im *importing) listLeft(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(im.tables)) {
		spec := slices.IndexFunc(importTables, func(t importTable) bool { return t.name == name })
		if spec < 0 && slices.Contains(ownBookkeeping, name) {
			continue
		}
		columns := []string{""}
		if spec >= 0 {
			columns = importTables[spec].unknown(im.tables[name])
		}
		for _, column := range columns {
			query := "SELECT count(*) FROM " + store.QuoteName(name)
			if column != "" {
				query += " WHERE " + store.QuoteName(column) + " IS NOT NULL"
			}
			left := TableRows{Table: name, Column: column}
			if err := im.from.One(ctx, query, nil, &left.Rows); err != nil {
				return err
			}
			if left.Rows > 0 {
				im.done.Left = append(im.done.Left, left)
			}
		}
	}
	return nil
}

// ownBookkeeping are tables of a taken-over database without data of the
// studio.
var ownBookkeeping = []string{"goose_db_version", "settings", "deposits", "expense_categories", "merged_clients"}

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
)

type backupCommand struct {
	Create  backupCreateCommand  `cmd:"" help:"Back up one month now."`
	Verify  backupVerifyCommand  `cmd:"" help:"Read every byte of the backups back, and report their state."`
	List    backupListCommand    `cmd:"" help:"List the copies of each month's backup."`
	Restore backupRestoreCommand `cmd:"" help:"Put missing rows of a backup back to live, or a whole database."`
	Copy    backupCopyCommand    `cmd:"" help:"Bring all backups to the other places, and prove them there."`
	Full    backupFullCommand    `cmd:"" help:"Copy the whole database, the running month too."`
}

type backupCreateCommand struct {
	Month    string `arg:"" help:"The month, such as 2025-10."`
	NewPlace bool   `help:"The backups made so far are lost for good: begin anew in this folder."`
}

func (backupCreateCommand) Help() string {
	return `Writes the month's rows, reads the file back and proves it. Of a closed month the
copy holds the statement's rows and the late ones. Nothing is written if a verified
copy of exactly these rows is there.

A folder with none of the backups made so far is refused, because a disk that is
not mounted looks the same; --new-place confirms that they are lost.

Example:
  extrato backup create 2025-10`
}

// Run makes a backup.
func (c *backupCreateCommand) Run(a *app) error {
	month, err := books.ParseMonth(c.Month)
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	closer.NewPlace = c.NewPlace
	receipt, err := closer.CreateBackup(a.ctx, month, actor())
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, struct {
			Month       books.Month       `json:"month"`
			Result      string            `json:"result"`
			File        string            `json:"file"`
			SHA256      string            `json:"sha256"`
			Fingerprint books.Fingerprint `json:"fingerprint"`
			Counts      books.Counts      `json:"counts"`
		}{month, created(receipt), receipt.File, receipt.SHA256, receipt.Fingerprint, receipt.Counts()})
	}
	a.printf("%s: %s, %d rows, proved\n  sha256       %s\n  fingerprint  %s\n", strings.ReplaceAll(created(receipt), "_", " "), receipt.File,
		receipt.Counts().Total(), receipt.SHA256, receipt.Fingerprint)
	return nil
}

func created(r backup.Receipt) string {
	if r.Reused {
		return "there_already"
	}
	return "created"
}

type backupVerifyCommand struct {
	Month string `arg:"" optional:"" help:"The month, such as 2025-10; default: all."`
	File  string `help:"This copy alone, as backup list shows it." placeholder:"F"`
}

func (backupVerifyCommand) Help() string {
	return `Reads back every byte of each month's newest copy and of the one its statement
rests on.

  ok          holds exactly the month's rows
  stale       whole, but the rows have changed since
  incomplete  a backup was interrupted; no obstacle
  legacy      a file of v4's, without a manifest
  corrupt     damaged or exchanged        (exit code 4)
  missing     known, but gone             (exit code 4)

Example:
  extrato backup verify 2025-10`
}

// Run verifies backups.
func (c *backupVerifyCommand) Run(a *app) error {
	month, err := monthArgument(c.Month)
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	found, err := closer.VerifyBackups(a.ctx, month, c.File)
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.stdout, struct {
			Backups []closing.Verified `json:"backups"`
		}{found}); err != nil {
			return err
		}
	} else if err := printVerified(a, closer, found); err != nil {
		return err
	}
	bad := 0
	for _, v := range found {
		if v.State == backup.Corrupt || v.State == backup.Missing {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	are, order := "is", ""
	if bad > 1 {
		are, order = "are", " (reopen several newest first, close them oldest first)"
	}
	wrong := books.Integrityf("backup_corrupt", "%d of %d backups %s corrupt or missing", bad, len(found), are).
		WithHint("restore the file from a copy of the folder; without one, keep the remains and make a new copy: extrato backup create MONTH; a closed month uses the new copy after it is reopened and closed again%s", order)
	if e := books.AsError(closer.CheckPlace(a.ctx)); e != nil && e.Kind == books.Refused {
		wrong = wrong.WithHint("%s", e.Hint) // a new copy would be refused there
	}
	return shown{wrong}
}

func printVerified(a *app, closer *closing.Closer, found []closing.Verified) error {
	if len(found) == 0 {
		a.printf("there are no backups\n")
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MONTH\tSTATE\tFILE\tREASON"+elsewhereHead(closer))
	for _, v := range found {
		fprintf(w, "%s\t%s\t%s\t%s", v.Month, v.State, v.File, v.Reason)
		fmt.Fprintln(w, elsewhereCell(v.Places))
	}
	return w.Flush()
}

type backupListCommand struct {
	Month string `arg:"" optional:"" help:"The month, such as 2025-10; default: all."`
}

func (backupListCommand) Help() string {
	return `Lists every copy, without reading the files; "backup verify" does that.

Example:
  extrato backup list`
}

// Run lists the copies.
func (c *backupListCommand) Run(a *app) error {
	month, err := monthArgument(c.Month)
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	copies, err := closer.ListBackups(a.ctx, month)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, struct {
			Backups []closing.Listed `json:"backups"`
		}{copies})
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MONTH\tCOPY\tFILE\tLAST VERIFIED\tFOUND\tSTATEMENT"+elsewhereHead(closer))
	for _, b := range copies {
		fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s", b.Month, b.Copy, b.File, when(b.VerifiedAt, closer.Store.Zone()), b.State, map[bool]string{true: "rests on it"}[b.Statement])
		fmt.Fprintln(w, elsewhereCell(b.Places))
	}
	return w.Flush()
}

type backupRestoreCommand struct {
	Month    string `arg:"" optional:"" help:"The month, such as 2025-10."`
	File     string `help:"The copy to restore; default: that of the month's statement, or the newest recorded one." placeholder:"F"`
	DryRun   bool   `help:"Show each row to be put back, and change nothing."`
	Full     string `help:"Put this copy of the whole database into a new one." placeholder:"FILE"`
	Identity string `help:"With --full or --all: the key's file, for encrypted copies." placeholder:"FILE"`
	restoreAllFlags
}

func (backupRestoreCommand) Help() string {
	return `Puts the rows of a backup that are missing back to the live tables, with their
ids. It never removes or overwrites a row, and refuses as a whole if a row is live
with other values or rests in a statement (reopen that month first), or if the id
of a client or artist belongs to somebody else by now.

It takes the copy of the month's statement, else the newest one this database
made. If the database has no record of that month, it takes the newest whole copy
and says so. Any other copy must be named with --file.

A session paid in two months is in the backup of one of them. If it is not live,
it is taken from there; without such a backup, its payments come back without
their link, and restoring the month again sets the link once the session is back.

Into a new database (extrato migrate), restore all the months, in any order, before
any new row or login is made.

--all makes a new database of the folder of the backups alone, or of the place
named by --from: every statement, the chain with the same head, and the live rows as
they were copied last. It writes nothing if anything is damaged or missing, and names it.
The files of another place are brought into EXTRATO_BACKUPS first; none is overwritten.
Afterwards extrato serve prints a link to make the first login. --json: from, entries,
head, statements, revisions, studio, studio_at, live, clients, users, notes, dry_run, problems.

--full puts a copy made by "backup full" where DATABASE_URL says. It refuses if a
database is there already: stop the server and move the old files away first.

Example:
  extrato backup restore 2025-10 --dry-run
  extrato backup restore 2025-10
  extrato backup restore --all --dry-run
  extrato backup restore --all --from s3://my-studio/extrato --identity key.txt
  extrato backup restore --full inteiro/20251014T183000Z.sqlite`
}

// Run restores a month.
func (c *backupRestoreCommand) Run(a *app) error {
	if err := c.checkAll(); err != nil {
		return err
	}
	if c.All {
		return a.restoreAll(c)
	}
	if c.Full != "" {
		if c.Month != "" || c.File != "" || c.DryRun {
			return books.Invalidf("invalid_usage", "--full takes neither a month nor --file nor --dry-run").WithHint("extrato backup restore --full FILE")
		}
		return a.restoreFull(c.Full, c.Identity)
	}
	if c.Month == "" {
		return books.Invalidf("invalid_usage", "name the month, or say --all, or name a copy of the whole database").WithHint("extrato backup restore 2025-10, or --all, or --full FILE")
	}
	month, err := books.ParseMonth(c.Month)
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	preview, err := closer.Restore(a.ctx, month, c.File, true, actor())
	if err != nil {
		return err
	}
	if !a.JSON {
		printRestoration(a, preview)
		if c.DryRun {
			return printRestored(a, preview)
		}
	}
	if c.DryRun {
		return printJSON(a.stdout, preview)
	}
	done, err := closer.Restore(a.ctx, month, preview.File, false, actor())
	if err != nil {
		return err
	}
	switch {
	case a.JSON:
		return printJSON(a.stdout, done)
	case done.Nothing():
		a.printf("nothing is missing; nothing was changed\n")
	default:
		a.printf("restored\n")
	}
	for _, n := range done.Notes {
		if !slices.Contains(preview.Notes, n) {
			a.printf("  note     %s\n", n)
		}
	}
	return nil
}

func printRestoration(a *app, r closing.Restoration) {
	a.printf("%s\n", r.File)
	a.printf("  missing  %s; clients: %d, artists: %d\n", r.Missing.English(), r.Clients, r.Artists)
	a.printf("  present  %s\n", r.Present.English())
	if r.Links > 0 {
		a.printf("  links    %d between payments and sessions are set again\n", r.Links)
	}
	for _, n := range r.Notes {
		a.printf("  note     %s\n", n)
	}
}

// printRestored shows each row to be put back.
func printRestored(a *app, r closing.Restoration) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, row := range r.Rows {
		var says struct {
			Day         string      `json:"data"`
			Amount      json.Number `json:"valor"`
			Method      string      `json:"forma_pagamento"`
			Client      string      `json:"cliente_name"`
			Artist      string      `json:"artista_name"`
			Description string      `json:"descricao"`
			Name        string      `json:"name"`
			Email       string      `json:"email"`
			Payment     json.Number `json:"payment_id"`
		}
		if err := json.Unmarshal(row.Row, &says); err != nil {
			return err
		}
		words := []string{says.Method, says.Client, says.Artist, says.Description, says.Name, says.Email}
		if row.Type == books.LinkKind.String() {
			words = []string{"sessao " + fmt.Sprint(row.ID) + " and pagamento " + says.Payment.String()}
		}
		words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
		fprintf(w, "  %s %d\t%s\t%s\t%s\n", row.Type, row.ID, says.Day, says.Amount, strings.Join(words, ", "))
	}
	return w.Flush()
}

package main

import (
	"fmt"
	"text/tabwriter"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/store"
)

type drillCommand struct {
	Month    string `arg:"" optional:"" help:"The month, such as 2025-10; default: the last one that was closed."`
	All      bool   `help:"Every closed or reopened month."`
	From     string `help:"The place whose copy is restored, as EXTRATO_BACKUPS_COPY writes it; default: the last one there or, while that has no copy that can be opened, the folder of the backups." placeholder:"PLACE"`
	Identity string `help:"The file with an age key, for encrypted copies: of --from, or else of the last place of EXTRATO_BACKUPS_COPY." placeholder:"FILE"`
}

func (drillCommand) Help() string {
	return `Restores the backup of a month's statement into a scratch database, builds the
statement from it, and compares that with the chain: every byte, row and total.
Where the month stands for itself, it is reopened and closed there as well. Your
database is only read, and keeps the result.

Exit code 4 if a backup gives another statement, 1 if a drill could not run.

Examples:
  extrato drill
  extrato drill --all
  extrato drill 2025-10 --identity key.txt
  extrato drill --all --from /mnt/nas/extrato`
}

// Run drills one month or all.
func (c *drillCommand) Run(a *app) error {
	month, err := monthArgument(c.Month)
	if err != nil {
		return err
	}
	if c.All && c.Month != "" {
		return books.Invalidf("invalid_usage", "a month and --all exclude each other").WithHint("extrato drill --all, or: extrato drill %s", month)
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	from, err := c.from(closer)
	if err != nil {
		return err
	}
	months := []books.Month{month}
	if month.IsZero() {
		if months, err = closer.DrillMonths(a.ctx); err != nil {
			return err
		}
		if !c.All && len(months) > 1 {
			months = months[len(months)-1:]
		}
	}
	drills := []closing.Drilled{}
	for _, m := range months {
		d, err := closer.Drill(a.ctx, m, from)
		if err != nil {
			return err
		}
		drills = append(drills, d)
	}
	return a.showDrills(drills)
}

// from returns the backups at the place of the drill; nil: as the job chooses.
func (c *drillCommand) from(closer *closing.Closer) (*backup.Backups, error) {
	place, err := c.place(closer)
	if err != nil || place == nil {
		return nil, err
	}
	reader := bucket.Reader(place)
	if c.Identity != "" {
		keys, err := bucket.ReadIdentities(c.Identity)
		if err != nil {
			return nil, err
		}
		reader = keys.Decrypting(place)
	}
	return &backup.Backups{Bucket: bucket.ReadOnly(reader), Now: closer.Now}, nil
}

// place returns the place named on the command line; with a key but no name, the
// last of EXTRATO_BACKUPS_COPY.
func (c *drillCommand) place(closer *closing.Closer) (bucket.Place, error) {
	switch {
	case c.From != "":
		return bucket.OpenPlace(c.From, nil)
	case c.Identity == "":
		return nil, nil //nolint:nilnil // none is named
	case len(closer.Places.All) == 0:
		return nil, books.Invalidf("invalid_usage", "there is no place of encrypted copies").
			WithHint("name it: --from PLACE, or EXTRATO_BACKUPS_COPY; the folder of the backups is not encrypted")
	}
	return closer.Places.All[len(closer.Places.All)-1], nil
}

// showDrills prints the results, and returns the error of the worst.
func (a *app) showDrills(drills []closing.Drilled) error {
	different, failed := 0, 0
	for _, d := range drills {
		switch d.Result {
		case store.DrillDifferent:
			different++
		case store.DrillFailed:
			failed++
		}
	}
	if a.JSON {
		if err := printJSON(a.stdout, struct {
			Drills []closing.Drilled `json:"drills"`
		}{drills}); err != nil {
			return err
		}
	} else if err := a.printDrills(drills, len(drills)-different-failed); err != nil {
		return err
	}
	switch {
	case different > 0:
		return shown{books.Integrityf("drill_different", "%d of %d backups do not give the statement again", different, len(drills)).
			WithHint("each line says what still holds the rows, and what to do next")}
	case failed > 0:
		return shown{&books.Error{Kind: books.Internal, Code: "drill_failed", Message: fmt.Sprintf("%d of %d drills could not run", failed, len(drills)),
			Hint: "each line says why"}}
	}
	return nil
}

func (a *app) printDrills(drills []closing.Drilled, equal int) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, d := range drills {
		fprintf(w, "%s\t%s\t%s\t%.1f s\t%s\n", d.Month, d.Result, d.File, d.Seconds, d.Reason)
		if d.Next != "" {
			fprintf(w, "\t\tnext: %s\n", d.Next)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(drills) == 0 {
		a.printf("no month has been closed yet\n")
		return nil
	}
	a.printf("%d of %d backups give their statement again, byte for byte\n", equal, len(drills))
	return nil
}

package main

import (
	"fmt"
	"strings"
	"sync"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/config"
	"extrato/internal/export"
	"extrato/internal/places"
	"extrato/internal/store"
)

// openPlaces opens the places of EXTRATO_BACKUPS_COPY. It asks nothing of them.
func (a *app) openPlaces(c config.Config) (*places.Places, error) {
	log := a.logger(c)
	all, err := places.Parse(c.Copies.Places, c.Backups, func(s string) { log.Warn("place of copies", "note", s) })
	if err != nil {
		return nil, err
	}
	recipients, err := bucket.ParseRecipients(c.Copies.Recipients)
	return &places.Places{All: all, Recipients: recipients, RequireAll: c.Copies.RequireAll}, err
}

type backupCopyCommand struct {
	Check    bool   `help:"Read every copy again, however long ago that was done."`
	NewPlace bool   `help:"The copies in a place that is empty now are lost for good: make them again."`
	Identity string `help:"After a restore into a new database: open encrypted copies with this key, to know them again." placeholder:"FILE"`
}

func (backupCopyCommand) Help() string {
	return `Brings every object of the backup folder to each place of EXTRATO_BACKUPS_COPY,
reads it back there, and says which were copied or could not be. Copies read more
than 30 days ago are read again; --check reads all of them. extrato serve does so
by itself. Nothing is overwritten in a place; only old copies of the running month
are removed, from folders.

A copy found hidden, missing or corrupt is named. The next run makes a missing one
again, and puts a hidden one beside the hidden version. One with other bytes stays
as it is: move it away with the place's own tools, then copy again.

  ok          read back, every byte
  encrypted   the same; it was not opened
  pending     not copied yet
  hidden      a delete marker or a later version lies over it     (exit code 4)
  missing     it was there and is gone                            (exit code 4)
  corrupt     other bytes stand under its name                    (exit code 4)

A place that held copies and is empty now is refused, because a disk that is not
mounted looks the same; --new-place confirms that they are lost.

A database that was restored knows of no copies. Plain ones it knows again by their
bytes; encrypted ones once --identity opens them.

Example:
  EXTRATO_BACKUPS_COPY=/mnt/nas/extrato extrato backup copy --check`
}

// copiedTo is the result of copying to one place, as JSON has it.
type copiedTo struct {
	Place   string         `json:"place"`
	Proved  int            `json:"proved"`
	Copied  int            `json:"copied"`
	Checked int            `json:"checked"` // copies read again
	Failed  []copyState    `json:"failed"`
	Error   *failureDetail `json:"error,omitempty"`
	err     error
}

type copyState struct {
	Object string `json:"object"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// Run copies everything to all places, at the same time.
func (c *backupCopyCommand) Run(a *app) error {
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	keepNow(a.ctx, closer) // what is missing in the folder itself
	if len(closer.Places.All) == 0 {
		return books.Invalidf("no_places", "there are no other places").
			WithHint("name them: EXTRATO_BACKUPS_COPY=/mnt/nas/extrato,s3://BUCKET/PREFIX?endpoint=URL")
	}
	if c.Identity != "" {
		if closer.Places.Identities, err = bucket.ReadIdentities(c.Identity); err != nil {
			return err
		}
	}
	results := make([]copiedTo, len(closer.Places.All))
	var all, one sync.WaitGroup
	said := make(chan store.ObjectCopy)
	one.Go(func() {
		for rec := range said {
			a.sayCopied(rec)
		}
	})
	for i, place := range closer.Places.All {
		all.Go(func() {
			results[i] = c.copyTo(a, closer.Places, place, said)
		})
	}
	all.Wait()
	close(said)
	one.Wait()
	return a.copiedAll(results)
}

func (c *backupCopyCommand) copyTo(a *app, all *places.Places, place bucket.Place, said chan<- store.ObjectCopy) copiedTo {
	round, err := all.Run(a.ctx, place, places.Options{
		All: true, Again: c.Check, NewPlace: c.NewPlace, Done: func(rec store.ObjectCopy) { said <- rec },
	})
	result := copiedTo{Place: round.Place, Proved: round.Proved, Copied: round.Copied, Checked: round.Checked, Failed: []copyState{}, err: err}
	for _, rec := range round.Tried {
		if places.Proved(rec.State) {
			continue
		}
		result.Failed = append(result.Failed, copyState{rec.Object, rec.State, rec.Reason})
		if places.Bad(rec.State) && (result.err == nil || err != nil && books.AsError(err).Kind != books.Integrity) {
			result.err = a.badCopy(all, rec)
		}
	}
	return result
}

// badCopy explains a copy that is not as it was put, and says what still holds
// the object.
func (a *app) badCopy(all *places.Places, rec store.ObjectCopy) error {
	holders, err := all.Holders(a.ctx, rec)
	if err != nil {
		return err
	}
	hint := map[string]string{
		places.Hidden:  "with the place's own key remove what lies over it, find out who put it there, then: extrato backup copy",
		places.Missing: "find out who removed it, then: extrato backup copy",
		places.Corrupt: "move it away with the place's own tools, keep it for whoever helps you, then: extrato backup copy",
	}[rec.State]
	if len(holders) == 0 {
		return places.BadCopy(rec).WithHint("nothing else is known to hold it; keep what is there, and look for another copy of %s", rec.Object)
	}
	return places.BadCopy(rec).WithHint("it is still in %s; %s", strings.Join(holders, " and in "), hint)
}

// sayCopied shows an object that was tried.
func (a *app) sayCopied(rec store.ObjectCopy) {
	switch {
	case a.JSON:
	case rec.Reason != "":
		a.printf("%-9s %s → %s: %s\n", rec.State, rec.Object, rec.Place, rec.Reason)
	default:
		a.printf("%-9s %s → %s\n", rec.State, rec.Object, rec.Place)
	}
}

// copiedAll shows the results, and returns the worst error: something stored is
// not what it should be, before a refusal, before what may heal by itself.
func (a *app) copiedAll(results []copiedTo) error {
	var worst error
	for i, r := range results {
		if r.err == nil {
			continue
		}
		wrong := detail(explained(r.err))
		results[i].Error = &wrong
		if worst == nil || books.AsError(r.err).Kind.ExitCode() > books.AsError(worst).Kind.ExitCode() {
			worst = r.err
		}
	}
	if a.JSON {
		if err := printJSON(a.stdout, struct {
			Places []copiedTo `json:"places"`
		}{results}); err != nil {
			return err
		}
		if worst != nil {
			return shown{worst}
		}
		return nil
	}
	for _, r := range results {
		a.printf("%s: %s proved, %d of them now, %d read again", r.Place, countOf(r.Proved, "object"), r.Copied, r.Checked)
		if r.err != nil {
			a.printf("; NOT COMPLETE: %s", books.AsError(r.err).Message)
		}
		a.printf("\n")
	}
	return worst
}

// elsewhereHead is the head of elsewhereCell's column; "" where there are no
// other places.
func elsewhereHead(closer *closing.Closer) string {
	if len(closer.Places.Names()) == 0 {
		return ""
	}
	return "\tELSEWHERE"
}

// elsewhereCell is the end of a line of a table: in how many places a backup is
// proved, and which lack it.
func elsewhereCell(states []places.State) string {
	if len(states) == 0 {
		return ""
	}
	proved := 0
	var others []string
	for _, s := range states {
		if places.Proved(s.State) {
			proved++
			continue
		}
		others = append(others, s.State+" in "+s.Place)
	}
	text := fmt.Sprintf("%d of %d", proved, len(states))
	if len(others) > 0 {
		text += ": " + strings.Join(others, ", ")
	}
	return "\t" + export.Visible(text)
}

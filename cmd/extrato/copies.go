package main

import (
	"sync"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/config"
	"extrato/internal/places"
	"extrato/internal/store"
)

// openPlaces opens the places of EXTRATO_BACKUPS_COPY. It asks nothing of them.
func openPlaces(c config.Config, warn func(string)) (*places.Places, error) {
	all, err := places.Parse(c.Copies.Places, c.Backups, warn)
	if err != nil {
		return nil, err
	}
	recipients, err := bucket.ParseRecipients(c.Copies.Recipients)
	return &places.Places{All: all, Recipients: recipients, RequireAll: c.Copies.RequireAll}, err
}

type backupCopyCommand struct {
	NewPlace bool `help:"The copies in a place that is empty now are lost for good: make them again."`
}

func (backupCopyCommand) Help() string {
	return `Brings every object of the backup folder to each place of EXTRATO_BACKUPS_COPY,
reads it back there, and says which were copied or could not be. extrato serve does
so by itself. Nothing is overwritten or removed in a place.

A copy that is gone is made again. A hidden one is put again beside the hidden
version. One with other bytes stays as it is: move it away with the place's own
tools, then copy again.

  ok          read back, every byte
  encrypted   the same; it was not opened
  pending     not copied yet
  hidden      a delete marker or a later version lies over it     (exit code 4)
  missing     it was there and is gone                            (exit code 4)
  corrupt     other bytes stand under its name                    (exit code 4)

A place that held copies and is empty now is refused, because a disk that is not
mounted looks the same; --new-place confirms that they are lost.

Example:
  EXTRATO_BACKUPS_COPY=/mnt/nas/extrato extrato backup copy`
}

// copiedTo is the result of copying to one place, as JSON has it.
type copiedTo struct {
	Place  string         `json:"place"`
	Proved int            `json:"proved"`
	Copied int            `json:"copied"`
	Failed []copyState    `json:"failed"`
	Error  *failureDetail `json:"error,omitempty"`
	err    error
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
	if len(closer.Places.All) == 0 {
		return books.Invalidf("no_places", "there are no other places").
			WithHint("name them: EXTRATO_BACKUPS_COPY=/mnt/nas/extrato,s3://BUCKET/PREFIX?endpoint=URL")
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
		All: true, NewPlace: c.NewPlace, Done: func(rec store.ObjectCopy) { said <- rec },
	})
	result := copiedTo{Place: round.Place, Proved: round.Proved, Failed: []copyState{}, err: err}
	for _, rec := range round.Tried {
		if places.Proved(rec.State) {
			result.Copied++
			continue
		}
		result.Failed = append(result.Failed, copyState{rec.Object, rec.State, rec.Reason})
		if places.Bad(rec.State) && (result.err == nil || err != nil && books.AsError(err).Kind != books.Integrity) {
			result.err = badCopy(rec)
		}
	}
	return result
}

// badCopy explains a copy that is not as it was put.
func badCopy(rec store.ObjectCopy) error {
	hint := map[string]string{
		places.Hidden:  "with the place's own key remove what lies over it, then extrato backup copy; find out who put it there",
		places.Missing: "find out who removed it, then extrato backup copy",
		places.Corrupt: "move it away with the place's own tools, keep it for whoever helps you, then extrato backup copy",
	}[rec.State]
	return places.BadCopy(rec).WithHint("the backup folder still holds it; %s", hint)
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
		a.printf("%s: %s proved, %d of them now", r.Place, countOf(r.Proved, "object"), r.Copied)
		if r.err != nil {
			a.printf("; NOT COMPLETE: %s", books.AsError(r.err).Message)
		}
		a.printf("\n")
	}
	return worst
}

package main

import (
	"errors"
	"io"
	"os"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/export"
	"extrato/internal/recording"
	"extrato/internal/store"
)

type statementCommand struct {
	Month      string `arg:"" help:"The month, such as 2025-10."`
	Format     string `help:"text, json, csv, pdf or xlsx." default:"text" enum:"text,json,csv,pdf,xlsx"`
	Unverified bool   `help:"Show it even if it was changed, under a warning."`
	Artist     *int32 `help:"Only this artist's rows, by id." placeholder:"ID"`
	Lang       string `help:"pt or en." default:"pt" enum:"pt,en"`
	Output     string `short:"o" help:"Write to a new file instead of the terminal." placeholder:"FILE"`
}

func (statementCommand) Help() string {
	return `Examples:
  extrato statement 2025-10
  extrato statement 2025-10 --format pdf -o outubro.pdf
  extrato statement 2025-10 --artist 12 --lang en

PDF and JSON of a whole statement carry their proof: extrato verify FILE.

A changed statement is refused (exit code 4). To see it all the same, such as one
that v4 put in its place:
  extrato statement 2025-10 --unverified`
}

// Run prints a statement.
func (c *statementCommand) Run(a *app) error {
	month, err := books.ParseMonth(c.Month)
	if err != nil {
		return err
	}
	artist, err := artistID("--artist", c.Artist)
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	if a.JSON {
		c.Format = "json"
	}
	read := closer.Statement
	if c.Unverified {
		read = closer.Unverified
	}
	statement, err := read(a.ctx, month)
	if err != nil {
		return err
	}
	if statement.Wrong != nil {
		fprintf(a.stderr, "extrato: warning: %s\n", statement.Wrong)
	}
	out := exported(closer, statement)
	err = closer.Store.Read(a.ctx, func(tx *store.Tx) error {
		out.Studio, err = (&recording.Recorder{Store: closer.Store}).StudioName(a.ctx, tx)
		if err != nil || out.Unverified {
			return err
		}
		return out.Attach(closing.ProveIn(a.ctx, tx, month))
	})
	if err != nil {
		return err
	}
	if artist != 0 {
		if out, err = extract(a, closer, out, artist); err != nil {
			return err
		}
	}
	return c.write(a, out)
}

// extract returns one artist's part.
func extract(a *app, closer *closing.Closer, s export.Statement, artist books.ID) (export.Statement, error) {
	name, err := closer.ArtistName(a.ctx, s.Month, artist)
	if err != nil {
		return s, err
	}
	part := s.ForArtist(artist, name)
	if len(part.Rows) == 0 {
		err = books.NotFoundf("no_artist", "the statement of %s has nothing of an artist %d", s.Month, artist).
			WithHint("the artists' ids are in: extrato user list")
	}
	return part, err
}

func exported(closer *closing.Closer, s closing.Statement) export.Statement {
	out := export.With(s.Header, s.Rows, s.Entry, closer.Store.Zone())
	out.Unverified = s.Wrong != nil
	return out
}

func (c *statementCommand) write(a *app, s export.Statement) error {
	lang, err := export.ParseLang(c.Lang)
	if err != nil {
		return err
	}
	out := a.stdout
	if c.Output != "" {
		f, err := newFile(c.Output)
		if err != nil {
			return err
		}
		if err := errors.Join(c.format(f, s, lang), f.Close()); err != nil {
			return errors.Join(err, os.Remove(c.Output))
		}
		return nil
	}
	return c.format(out, s, lang)
}

// newFile opens a new file. An existing one is never replaced: it may be the last
// good export.
func newFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, books.Invalidf("file_exists", "%s exists", name).WithHint("name a new file, or remove that one")
	}
	if err != nil {
		return nil, books.Invalidf("file_unwritable", "%s cannot be written", name).Because(err).
			WithHint("name a file in a folder that exists and that you may write")
	}
	return f, nil
}

func (c *statementCommand) format(w io.Writer, s export.Statement, lang export.Lang) error {
	if f, ok := export.FormatNamed(c.Format); ok {
		return f.Write(w, s, lang)
	}
	if c.Format == "json" {
		return export.WriteJSON(w, s)
	}
	return export.WriteText(w, s, lang)
}

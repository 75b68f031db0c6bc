package main

import (
	"errors"
	"os"
	"time"

	"extrato/internal/books"
	"extrato/internal/export"
	"extrato/internal/verify"
)

type verifyCommand struct {
	Files  []string `arg:"" help:"Files and folders to check, together."`
	Key    []string `help:"The studio's public key, known from elsewhere: 44 characters, or NAME+HASH+KEY. Can be repeated." placeholder:"KEY"`
	Render string   `help:"Write the pages of the one statement anew, from what was checked, to this new PDF." placeholder:"FILE"`
	Lang   string   `help:"Of these pages: pt or en." default:"pt" enum:"pt,en"`
}

func (verifyCommand) Help() string {
	return `Checks statements (PDF or JSON), the text of a statement's QR code, backups with their
manifests, checkpoints, and folders made by extrato audit export. It needs no database,
no settings and no network. It says what it checked and what it trusted; several files are
also held against each other: a backup against its statement, an old statement against a newer
export.

The pages of a PDF prove nothing: the attachment is checked. Compare the totals, or make the pages
anew with --render.

Exit codes: 0 all proved, 4 something is wrong, 2 something cannot be read or is unknown,
3 there is nothing to hold it against.

Examples:
  extrato verify extrato_2025-10.pdf
  extrato verify extrato_2025-10.pdf --key AbC…=
  extrato verify extrato_2025-10.pdf backup_2025_10.csv
  extrato verify old-statement.pdf export/`
}

// Run checks the files.
func (c *verifyCommand) Run(a *app) error {
	results, err := verify.Files(c.Files, c.Key)
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.stdout, struct {
			Files []verify.Result `json:"files"`
		}{results}); err != nil {
			return err
		}
	} else {
		for _, r := range results {
			printResult(a, r)
		}
	}
	if err := verifyError(results); err != nil {
		return shown{err}
	}
	return c.render(a, results)
}

func printResult(a *app, r verify.Result) {
	a.printf("%s: %s\n", r.File, r.Result)
	if r.Reason != "" {
		a.printf("  why      %s\n", r.Reason)
	}
	for _, line := range r.Checked {
		a.printf("  checked  %s\n", line)
	}
	for _, line := range r.Trusted {
		a.printf("  trusted  %s\n", line)
	}
}

// verifyError is about the worst outcome.
func verifyError(results []verify.Result) error {
	for _, worst := range []struct {
		outcome verify.Outcome
		kind    books.ErrorKind
		code    string
		hint    string
	}{
		{verify.Wrong, books.Integrity, "not_proved", "keep the file, and ask for a new one"},
		{verify.Unknown, books.Invalid, "not_readable", "give the files as the program wrote them"},
		{verify.Unanchored, books.Refused, "not_anchored", "give what it says beside it, too"},
	} {
		for _, r := range results {
			if r.Result == worst.outcome {
				return (&books.Error{Kind: worst.kind, Code: worst.code, Message: r.File + ": " + r.Reason}).WithHint("%s", worst.hint)
			}
		}
	}
	return nil
}

// render writes the pages of the one statement anew.
func (c *verifyCommand) render(a *app, results []verify.Result) error {
	if c.Render == "" {
		return nil
	}
	if len(results) != 1 {
		return books.Invalidf("usage", "--render makes the pages of one statement").WithHint("name one file")
	}
	f, err := newFile(c.Render)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if a.TZ != "" {
		zone, err = time.LoadLocation(a.TZ)
	}
	if err != nil {
		err = books.Invalidf("invalid_setting", "%q is no time zone", a.TZ).WithHint("write one such as America/Sao_Paulo")
	} else {
		err = results[0].Render(f, zone, export.Lang(c.Lang))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Render))
	}
	return nil
}

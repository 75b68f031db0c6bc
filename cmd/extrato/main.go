// Command extrato closes a studio's months: it backs a month's rows up, proves
// the backup, and turns them into an immutable statement.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // the zones, for machines without them

	"github.com/alecthomas/kong"

	"extrato/internal/books"
)

// cli is the command line. Each command's file holds its flags and its Run.
type cli struct {
	Globals

	Demo      demoCommand      `cmd:"" help:"Make a believable studio, close its months, show the last statement."`
	Serve     serveCommand     `cmd:"" help:"Answer HTTP and close due months by itself."`
	Close     closeCommand     `cmd:"" help:"Back up, verify and close a month, or all due months."`
	Reopen    reopenCommand    `cmd:"" help:"Put a closed month's rows back to live, exactly as they were."`
	Months    monthsCommand    `cmd:"" help:"List the months with their state: open, due, closed, late, held."`
	Statement statementCommand `cmd:"" help:"Print or export one month's statement."`
	Backup    backupCommand    `cmd:"" help:"Make, verify, list and restore backups."`
	Drill     drillCommand     `cmd:"" help:"Restore a backup into a scratch database, and prove that it gives the statement again."`
	Audit     auditCommand     `cmd:"" help:"Check or show the chain of closings."`
	Verify    verifyCommand    `cmd:"" help:"Check statements, backups and exports without database, settings or network."`
	Doctor    doctorCommand    `cmd:"" help:"Check everything a close depends on."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database to this version: a new one, an older one, or v4's in place."`
	Import    importCommand    `cmd:"" help:"Copy a v4 database into this new one."`
	User      userCommand      `cmd:"" help:"Users: add, list, disable, enable, password."`
	Token     tokenCommand     `cmd:"" help:"Tokens for programs: create, list, revoke."`
	Safetynet safetynetCommand `cmd:"" help:"Look after a server from elsewhere: make the close happen, prove it, report."`
	Version   versionCommand   `cmd:"" help:"Print version, commit and Go version."`
	Help      helpCommand      `cmd:"" help:"Explain a command."`
}

// Globals are the flags of every command.
type Globals struct {
	Database string `help:"Database URL (DATABASE_URL), such as sqlite:///data/extrato.db." placeholder:"URL"`
	Backups  string `help:"Folder of the backups (EXTRATO_BACKUPS)." placeholder:"DIR"`
	TZ       string `name:"tz" help:"The studio's time zone (TZ)." placeholder:"ZONE"`
	JSON     bool   `name:"json" help:"Print one JSON document."`
}

func main() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // else a closed stdout kills the program
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends at once
	stopsWith(ctx)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exited is how kong leaves after it printed help.
type exited int

// output is standard output. It keeps the first error, so an unwritten document
// does not count as written.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.err = cmp.Or(o.err, err)
	return n, err
}

// unwanted reports whether the reader has closed the pipe, as head does: that
// is no failure.
func (o *output) unwanted() bool { return errors.Is(o.err, syscall.EPIPE) }

// run is the program without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	out := &output{Writer: stdout}
	code = runOn(ctx, args, out, stderr)
	if code == 0 && out.err != nil && !out.unwanted() {
		return report(io.Discard, stderr, false, (&books.Error{Kind: books.Internal, Code: "output_lost", Message: "the output could not be written"}).
			WithHint("the command succeeded, only its output was lost").Because(out.err))
	}
	return code
}

func runOn(ctx context.Context, args []string, out *output, stderr io.Writer) (code int) {
	var stdout io.Writer = out
	var c cli
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exited:
			code = int(e)
		default: // a fault of the program must not look like success
			_, _ = stderr.Write(debug.Stack())
			code = report(stdout, stderr, c.JSON, fmt.Errorf("fault in the program: %v", e))
		}
	}()
	parser, err := newParser(&c, stdout, stderr)
	if err != nil {
		return report(stdout, stderr, false, err)
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	command, err := parser.Parse(args)
	if out.err != nil && errors.Is(err, out.err) {
		return 0 // the command was right, only the help could not be written
	}
	if err != nil {
		return report(stdout, stderr, slices.Contains(args, "--json"), usageError(err))
	}
	line := &progress{to: stderr}
	defer line.clear()
	stdout, stderr = line.before(stdout), line.before(stderr)
	a := &app{Globals: &c.Globals, ctx: ctx, stdout: stdout, stderr: stderr, line: line, parser: parser}
	defer a.close()
	err = command.Run(a)
	if out.unwanted() && errors.Is(err, syscall.EPIPE) {
		return 0
	}
	return report(stdout, stderr, c.JSON, brokenOff(ctx, err))
}

// brokenOff returns the error of an interruption if err came from one:
// interrupted parts have many words for it.
func brokenOff(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && books.AsError(err).Code == "internal" {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// withoutURLs removes URLs, and so passwords, from a message.
func withoutURLs(message string) string {
	words := strings.Fields(message)
	for i, word := range words {
		if strings.Contains(word, "://") {
			words[i] = "(a URL)"
		}
	}
	return strings.Join(words, " ")
}

// usageError adds the place of the command's help.
func usageError(err error) error {
	var parse *kong.ParseError
	hint := "extrato help"
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		hint = "extrato help " + parse.Context.Selected().Path()
	}
	return books.Invalidf("usage", "%s", withoutURLs(err.Error())).WithHint("%s", hint)
}

func newParser(c *cli, stdout, stderr io.Writer) (*kong.Kong, error) {
	return kong.New(c, kong.Name("extrato"),
		kong.Description("Closes a studio's months: backs the rows up, proves the backup, makes the statement."),
		kong.Writers(stdout, stderr), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.KindMapper(reflect.Int, number), kong.KindMapper(reflect.Int32, number),
		kong.Exit(func(code int) { panic(exited(code)) }))
}

// failure is how an error looks with --json.
type failure struct {
	Error         failureDetail `json:"error"`
	CorrelationID string        `json:"correlation_id"` // a new one if no run began
}

type failureDetail struct {
	Kind    books.ErrorKind `json:"kind"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Hint    string          `json:"hint"`
}

// shown is an error already printed as JSON on stdout.
type shown struct{ error }

func (s shown) Unwrap() error { return s.error }

// withRun is an error of a run, with its correlation id.
type withRun struct {
	error
	id string
}

func (w withRun) Unwrap() error { return w.error }

// report tells the user about err and returns the exit code.
func report(stdout, stderr io.Writer, asJSON bool, err error) int {
	if err == nil {
		return 0
	}
	e := explained(err)
	var done shown
	if asJSON && !errors.As(err, &done) {
		f := failure{Error: detail(e)}
		var of withRun
		if errors.As(err, &of) {
			f.CorrelationID = of.id
		}
		f.CorrelationID = cmp.Or(f.CorrelationID, books.NewCorrelationID())
		if err := printJSON(stdout, f); err != nil && !errors.Is(err, syscall.EPIPE) {
			fprintf(stderr, "extrato: %s\n", err)
		}
	}
	fprintf(stderr, "extrato: %s\n", strings.ReplaceAll(e.Error(), "\n", " "))
	if e.Hint != "" {
		fprintf(stderr, "hint: %s\n", e.Hint)
	}
	return e.Kind.ExitCode()
}

// explained returns err as an Error, and an interruption in plain words.
func explained(err error) *books.Error {
	if errors.Is(err, context.Canceled) {
		return (&books.Error{Kind: books.Internal, Code: "interrupted", Message: "interrupted"}).
			WithHint("no change was left half done; run the command again")
	}
	return books.AsError(err)
}

func detail(e *books.Error) failureDetail {
	return failureDetail{Kind: e.Kind, Code: e.Code, Message: e.Error(), Hint: e.Hint}
}

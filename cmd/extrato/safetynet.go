package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"extrato/internal/books"
	"extrato/internal/config"
	"extrato/internal/notify"
	"extrato/internal/proof"
	"extrato/internal/safetynet"
)

type safetynetCommand struct {
	Month        string        `arg:"" optional:"" name:"month" help:"The month, such as 2025-10. Without it, months left by earlier runs and the last one to end."`
	Force        bool          `help:"Take late rows in as a revision; close a month waiting for a person, unless it is held."`
	State        string        `help:"The file with a run's result for the next: the head of the chain." placeholder:"FILE"`
	Out          string        `help:"Where result.json and summary.md go." placeholder:"DIR"`
	Timeout      time.Duration `help:"How long one request may take." default:"45s"`
	CloseTimeout time.Duration `help:"How long in all to wait for a running close." default:"6m"`
	Key          string        `help:"A key of the studio's that you vouch for, after the one known here was lost." placeholder:"KEY"`
	NewKey       string        `help:"Only make a key for EXTRATO_SAFETYNET_KEY, under this name." placeholder:"NAME"`
	KeepSchedule bool          `help:"Only enable the workflow again, so that GitHub does not switch its schedule off."`
}

func (safetynetCommand) Help() string {
	return `The second layer. Runs on another machine than the server, talks only HTTP, makes
backup and close happen where they have not, proves the result, and reports. In a
job of GitHub Actions it keeps one issue per month. It reads EXTRATO_API_BASE_URL,
EXTRATO_API_TOKEN, EXTRATO_NOTIFY, and there SAFETYNET_MONTH, _YEAR and _FORCE. With
EXTRATO_SAFETYNET_KEY it cosigns the head of the chain after it has checked that the
chain continues the one it saw before.

Examples:
  extrato safetynet --state /var/lib/extrato-safetynet/state.json
  extrato safetynet 2025-10 --force
  extrato safetynet --new-key safetynet`
}

// requestsLimit bounds all requests to the server, for all months; reportLimit
// bounds fetching the last state, and notifying people after each month.
const (
	requestsLimit = 15 * time.Minute
	reportLimit   = 5 * time.Minute
	// leastNotifying is left for the last of many months if places hang.
	leastNotifying = 30 * time.Second
)

func within(ctx context.Context, limit time.Duration, do func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	do(ctx)
}

// Run checks one month or, if none is named, each month in need of it.
func (c *safetynetCommand) Run(a *app) error {
	settings, wrong := c.settings(a)
	now := func() time.Time { return clock().In(settings.Zone) }
	waits := safetynet.Waits{First: settings.Net.Pause, Sleep: safetynet.Sleep}
	github := onGitHub(waits)
	if c.KeepSchedule {
		return keepSchedule(a.ctx, github)
	}
	if c.NewKey != "" {
		return c.makeKey(a)
	}
	month, force, err := c.asked()
	if err != nil {
		return err
	}
	notifier, mute := usablePlaces(settings.Notify)
	net := &safetynet.Net{Now: now, CloseTimeout: c.CloseTimeout}
	var stateErr error
	within(a.ctx, reportLimit, func(ctx context.Context) { net.State, stateErr = c.lastState(ctx, github) })
	keep := func() error {
		if c.State != "" && stateErr == nil {
			return unwritten(net.State.Write(c.State))
		}
		return nil
	}
	wrong = cmp.Or(wrong, c.takeKeys(net, settings.Net.Key))
	wrong = cmp.Or(wrong, keep()) // before anything is changed, or anybody told
	if wrong == nil {
		net.Server, wrong = c.server(settings, waits, now)
	}
	months := []books.Month{month}
	switch last := safetynet.Month(now()); {
	case month.IsZero() && wrong != nil:
		months[0] = last
	case month.IsZero():
		if github != nil { // the next run asks again
			within(a.ctx, reportLimit, func(ctx context.Context) { _ = github.Recall(ctx, &net.State) })
		}
		months = net.State.Months(last)
	}
	result := (&watch{net, github, notifier, force, wrong, cmp.Or(stateErr, mute)}).over(a.ctx, months)
	result.FailBecause(keep())
	return c.leave(a, result)
}

// makeKey prints a new key.
func (c *safetynetCommand) makeKey(a *app) error {
	if !proof.ValidName(c.NewKey) {
		return books.Invalidf("usage", "%q cannot be the name of a key", c.NewKey).WithHint("write it in letters, digits, dots, slashes and hyphens, such as safetynet.example/studio")
	}
	key := proof.NewCosigner(c.NewKey)
	if a.JSON {
		return printJSON(a.stdout, map[string]string{"secret": key.Secret(), "key": key.Public().String()})
	}
	a.printf("%s\n", "EXTRATO_SAFETYNET_KEY="+key.Secret())
	a.printf("%s\n", "public key: "+key.Public().String())
	return nil
}

// takeKeys reads the key that cosigns, and the one a person vouches for.
func (c *safetynetCommand) takeKeys(net *safetynet.Net, secret string) error {
	if secret != "" {
		key, err := proof.ParseKey(secret)
		if err != nil || !key.Public().Cosigns() {
			return books.Invalidf("invalid_setting", "EXTRATO_SAFETYNET_KEY is no key of a cosigner").WithHint("make one: extrato safetynet --new-key NAME")
		}
		net.Cosigner = &key
	}
	if c.Key != "" {
		key, err := proof.ParsePublicKey(c.Key)
		if err != nil || key.Cosigns() {
			return books.Invalidf("usage", "--key is no public key of a studio").WithHint("it stands on printed statements and in extrato audit checkpoint --json")
		}
		net.Trust = []proof.PublicKey{key}
	}
	return nil
}

// watch holds the parts needed to check months.
type watch struct {
	net    *safetynet.Net
	github *safetynet.GitHub
	teller safetynet.Notifier
	force  bool  // for the last of the months
	wrong  error // why nothing can be asked
	also   error // reported if nothing worse happens
}

// over looks after each of the months and tells people, and returns the last
// one's result, with those before it.
func (w *watch) over(ctx context.Context, months []books.Month) safetynet.Result {
	var done []safetynet.Result
	until, telling := w.net.Now().Add(requestsLimit), reportLimit
	for i, month := range months {
		last := i == len(months)-1
		result := safetynet.NewResult(month, w.net.Now())
		wrong := w.wrong
		if !month.EndedBy(w.net.Now()) { // the running month is no failure
			wrong = safetynet.ErrNotEnded(month)
		}
		if result.FailBecause(wrong); wrong == nil { // a missing secret is a failure to report
			share := until.Sub(w.net.Now()) / time.Duration(len(months)-i)
			within(ctx, share, func(ctx context.Context) { result = w.net.Run(ctx, month, w.force && last) })
		}
		if last {
			result.Add(w.also)
		}
		if ctx.Err() == nil { // an interrupted run reports nothing
			began := w.net.Now()
			within(ctx, telling, func(ctx context.Context) { w.net.Notify(ctx, &result, w.github, w.teller) })
			took := w.net.Now().Sub(began)
			until, telling = until.Add(took), max(telling-took, leastNotifying)
		}
		done = append(done, result)
	}
	result := done[len(done)-1]
	result.Earlier = done[:len(done)-1]
	return result
}

// settings returns the settings, and the fault of one needed by the net; it
// ignores those of a server.
func (c *safetynetCommand) settings(a *app) (config.Config, error) {
	settings, _ := config.Load(a.flags())
	var wrong error
	if text := settings.Problems[config.File]; text != "" {
		wrong = books.Invalidf("invalid_setting", "%s", text).WithHint("correct it, or set the variables in the environment")
	}
	if settings.Zone == nil {
		settings.Zone = time.UTC
		wrong = cmp.Or(wrong, error(books.Invalidf("invalid_setting", "TZ is not a time zone").WithHint("write a name such as America/Sao_Paulo")))
	}
	if text := settings.Problems["EXTRATO_SAFETYNET_PAUSE"]; text != "" {
		settings.Net.Pause = 5 * time.Second
		wrong = cmp.Or(wrong, error(books.Invalidf("invalid_setting", "%s", text)))
	}
	return settings, wrong
}

// usablePlaces returns the usable places, and the first unusable one as an error.
func usablePlaces(urls []string) (safetynet.Notifier, error) {
	notifier, err := notify.NewNotifier(urls)
	if err == nil {
		return notifier, nil
	}
	usable := slices.DeleteFunc(slices.Clone(urls), func(url string) bool {
		_, err := notify.NewNotifier([]string{url})
		return err != nil
	})
	notifier, _ = notify.NewNotifier(usable)
	return notifier, err
}

// server returns the client of the server, with our identity.
func (c *safetynetCommand) server(settings config.Config, waits safetynet.Waits, now func() time.Time) (*safetynet.Client, error) {
	who, err := identity(settings, now)
	if err != nil {
		return nil, err
	}
	return safetynet.NewClient(settings.Net.BaseURL, who, programVersion(), c.Timeout, waits, now)
}

func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return books.Refusedf("cannot_write", "the state file cannot be written").WithHint("see --state").Because(err)
}

// asked returns the month, the zero Month if none is named, and whether it is
// forced; the form of a workflow gives both through the environment.
func (c *safetynetCommand) asked() (books.Month, bool, error) {
	force, text := c.Force, c.Month
	if given := os.Getenv("SAFETYNET_FORCE"); given != "" {
		f, err := strconv.ParseBool(given)
		if err != nil {
			return books.Month{}, false, books.Invalidf("usage", "SAFETYNET_FORCE is neither true nor false")
		}
		force = force || f
	}
	m, y := os.Getenv("SAFETYNET_MONTH"), os.Getenv("SAFETYNET_YEAR")
	if text == "" && m+y != "" {
		month, err1 := strconv.Atoi(m)
		year, err2 := strconv.Atoi(y)
		if err1 != nil || err2 != nil {
			return books.Month{}, false, books.Invalidf("usage", "SAFETYNET_MONTH and SAFETYNET_YEAR are numbers, and given together")
		}
		text = fmt.Sprintf("%04d-%02d", year, month)
	}
	month, err := monthArgument(text)
	return month, force, err
}

// identity is the token's or, in a job of GitHub Actions without one, the job's.
func identity(c config.Config, now func() time.Time) (safetynet.Identity, error) {
	address, secret := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	token := strings.TrimSpace(c.Net.Token)
	switch {
	case strings.ContainsFunc(token, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return nil, books.Invalidf("invalid_setting", "EXTRATO_API_TOKEN holds a blank or a control character").WithHint("it is one line, as extrato token create printed it")
	case token != "":
		return safetynet.Token(token), nil
	case address != "" && secret != "" && c.Job.Audience != "":
		return safetynet.Job(address, secret, c.Job.Audience, now), nil
	}
	return nil, books.Invalidf("no_token", "EXTRATO_API_TOKEN is not set").
		WithHint("make one on the server: extrato token create safetynet --scope backup --scope close --scope read; on GitHub, EXTRATO_JOB_OIDC_AUDIENCE and id-token: write do without")
}

// onGitHub returns the repository of this job, nil elsewhere.
func onGitHub(waits safetynet.Waits) *safetynet.GitHub {
	g := &safetynet.GitHub{API: os.Getenv("GITHUB_API_URL"), Repository: os.Getenv("GITHUB_REPOSITORY"), Token: os.Getenv("GITHUB_TOKEN"), Waits: waits}
	if g.API == "" || g.Repository == "" || g.Token == "" {
		return nil
	}
	if server, run := os.Getenv("GITHUB_SERVER_URL"), os.Getenv("GITHUB_RUN_ID"); server != "" && run != "" {
		g.RunURL = server + "/" + g.Repository + "/actions/runs/" + run
	}
	return g
}

func keepSchedule(ctx context.Context, g *safetynet.GitHub) error {
	ref := os.Getenv("GITHUB_WORKFLOW_REF")
	if g == nil || ref == "" {
		return books.Invalidf("usage", "--keep-schedule is for a job of GitHub Actions with GITHUB_TOKEN")
	}
	if err := g.KeepSchedule(ctx, ref); err != nil {
		return &books.Error{Kind: books.Internal, Code: "schedule_not_kept", Message: err.Error(),
			Hint: "GitHub ends the schedule of a public repository after 60 quiet days: enable the workflow by hand, or commit something"}
	}
	return nil
}

// lastState reads the file or, in a job without one, the last run's artifact.
func (c *safetynetCommand) lastState(ctx context.Context, g *safetynet.GitHub) (safetynet.State, error) {
	state, err := safetynet.ReadState(c.State)
	if err != nil || g == nil || c.State == "" {
		return state, err
	}
	if _, there := os.Stat(c.State); there == nil {
		return state, nil
	}
	return g.LastState(ctx, os.Getenv("GITHUB_REF_NAME"))
}

// leave writes a run's report and state, and returns its error.
func (c *safetynetCommand) leave(a *app, r safetynet.Result) error {
	worst := r.Worst()
	var failed error
	if c.Out != "" {
		failed = r.Leave(c.Out)
	}
	for name, text := range map[string]string{
		"GITHUB_STEP_SUMMARY": r.Summary(),
		"GITHUB_OUTPUT":       fmt.Sprintf("month=%s\nresult=%s\nexit_code=%d\nissue=%s\n", worst.Month, worst.Outcome, worst.ExitCode, worst.Issue),
	} {
		if err := appendTo(os.Getenv(name), text); err != nil && failed == nil {
			failed = books.Refusedf("cannot_write", "%s cannot be written", name).Because(err)
		}
	}
	if a.JSON {
		if err := printJSON(a.stdout, r); err != nil {
			return err
		}
	} else {
		for line := range strings.Lines(r.Summary()) {
			a.printf("%s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	if worst.Error == nil {
		return failed
	}
	return shown{&books.Error{Kind: worst.Error.Kind, Code: worst.Error.Code, Message: worst.Error.Message, Hint: worst.Error.Hint}}
}

func appendTo(file, text string) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the runner names the file
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

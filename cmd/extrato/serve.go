package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"extrato/internal/api"
	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/config"
	"extrato/internal/doctor"
	"extrato/internal/jobs"
	"extrato/internal/notify"
	"extrato/internal/recording"
	"extrato/internal/server"
	"extrato/internal/store"
	"extrato/internal/tsa"
	"extrato/internal/web"
)

type serveCommand struct {
	Host        string        `help:"Address to listen on (HOST)." placeholder:"ADDRESS"`
	Port        string        `help:"Port to listen on (PORT); 0 is any free one." placeholder:"PORT"`
	StopTimeout time.Duration `help:"How long a running close may take to finish after SIGTERM; then it rolls back." default:"25s"`
	Check       bool          `help:"Serve nothing; ask the server at this address whether it is ready: exit 0 or 1."`
}

func (serveCommand) Help() string {
	return `Answers HTTP (pages, API, v4's endpoints) and closes every month that is due by
itself. Any number may run on one PostgreSQL, one on a SQLite file. It needs
JWT_SECRET_KEY, and nothing else to begin with.

Example:
  export JWT_SECRET_KEY=$(openssl rand -hex 32)
  extrato serve --port 8080`
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(a *app) error {
	settings, err := a.config()
	if err != nil {
		return err
	}
	if c.Host != "" {
		settings.Host = c.Host
	}
	if c.Port != "" {
		settings.Port = c.Port
	}
	if c.Check {
		return checkReady(a.ctx, settings.Host, settings.Port)
	}
	if err := withKey(settings); err != nil {
		return err
	}
	s, err := a.openStore(settings, orNew)
	if err != nil {
		return err
	}
	return a.serve(settings, s, c.StopTimeout, nil)
}

// checkReady asks a server beside this process whether it is ready. It
// supervises a container whose image has no other program for it.
func checkReady(ctx context.Context, host, port string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	address := reachable(net.JoinHostPort(host, port))
	notReady := (&books.Error{Kind: books.Internal, Code: "not_ready", Message: "no server at " + address + " is ready"}).
		WithHint("its log tells more, and so does http://%s/readyz", address)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", http.NoBody)
	if err != nil {
		return notReady.Because(err)
	}
	// Where a redirect leads is not the server beside this process.
	asks := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := asks.Do(request)
	if err != nil {
		return notReady.Because(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return notReady
	}
	return nil
}

// reachable turns an address to listen on into one to dial: the unspecified
// address (0.0.0.0) cannot be dialed.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	return address
}

// serve runs until the first signal, or until one of its parts ends. ready, if
// given, gets the address once it is open.
func (a *app) serve(settings config.Config, s *store.Store, timeout time.Duration, ready func(address string)) error {
	log := a.serviceLog(settings)
	for _, name := range slices.Sorted(maps.Keys(settings.Notes)) {
		log.Warn("setting of v4's", "name", name, "note", settings.Notes[name])
	}
	if err := s.LockServing(); err != nil {
		return err
	}
	// The first signal asks to stop; running work goes on until it is finished.
	working, breakOff := context.WithCancel(context.WithoutCancel(a.ctx))
	defer breakOff()
	forget := onSecondSignal(func() {
		breakOff()
		time.AfterFunc(endWithin, func() { // something hangs; a kill loses nothing
			log.Error("ended in the middle", "after", endWithin.String())
			os.Exit(1)
		})
	})
	defer forget()

	p, err := a.assemble(working, settings, s, log)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(working, "tcp", net.JoinHostPort(settings.Host, settings.Port))
	if err != nil {
		return books.Refusedf("cannot_listen", "cannot listen on %s", net.JoinHostPort(settings.Host, settings.Port)).
			WithHint("another program may use that port; set HOST and PORT").Because(err)
	}
	defer listener.Close()
	if err := p.jobs.Start(working); err != nil {
		return err
	}
	web := p.frame(settings, log).HTTP(working, p.handler)
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	address := "http://" + reachable(listener.Addr().String())
	go p.closes.KeepLooking(a.ctx, firstLook, lookAgain)
	log.Info("serving", "address", address, "version", programVersion(), "database", store.Place(settings.DatabaseURL))
	a.offerSetUp(working, p.guard, address)
	if ready != nil {
		ready(address)
	}
	select {
	case <-a.ctx.Done():
	case err = <-failed:
	}
	p.stopping.Store(true)
	log.Info("stopping", "timeout", timeout.String())
	return errors.Join(err, stop(working, breakOff, web, p, timeout, log))
}

// Doctor looks at a running server after firstLook, when its start is over, and
// then from time to time.
const (
	firstLook = 5 * time.Minute
	lookAgain = time.Hour
)

// parts are the parts of a running server.
type parts struct {
	guard    *auth.Guard
	jobs     *jobs.Runner
	api      *api.Server
	pages    []auth.Route // for people; those for programs are the api's own
	closes   *web.Web     // the closes that pages began
	handler  http.Handler // over all of them, and nothing else
	public   func(*http.Request) bool
	stopping atomic.Bool
}

// assemble wires everything together.
func (a *app) assemble(ctx context.Context, settings config.Config, s *store.Store, log *slog.Logger) (*parts, error) {
	closer, err := a.closerOn(settings, s)
	if err != nil {
		return nil, err
	}
	closer.Log, closer.Step, closer.Backups.Step = log, stopAt, stopAt // no progress bar: nobody watches
	closer.Keep = keepEntries(closer)                                  // the jobs copy the live rows
	closes := api.NewCloses()
	closer.Observe = closes.Observe
	if err := auth.EnsureServiceAccount(ctx, s); err != nil {
		return nil, err
	}
	p := &parts{}
	p.guard = newGuard(settings, s, log)
	notifier, err := notify.NewNotifier(settings.Notify)
	if err != nil {
		return nil, err
	}
	authority, err := tsa.Open(settings.TSA)
	if err != nil {
		return nil, err
	}
	p.jobs, err = jobs.New(ctx, jobs.Options{
		Store: s, Closer: closer, Notifier: notifier, Heartbeat: notify.NewHeartbeat(settings.HeartbeatURL, log),
		Enabled: settings.MonthlyJob, Keeper: keeper(closer), TSA: authority, FullEvery: jobs.FullEvery, Log: log, Now: closer.Now, CheckEvery: lookEvery(), PollEvery: lookEvery(),
	})
	if err != nil {
		return nil, err
	}
	closer.Announce = p.jobs.Announce
	closer.Keep = func(context.Context) { p.jobs.Keep() }
	rules := &recording.Recorder{Store: s, Now: closer.Now}
	look := doctorOf(settings, closer)
	look.InServer = true
	pages := web.New(web.Options{
		Guard: p.guard, Store: s, Recording: rules, Closer: closer, Log: log, Now: closer.Now, Working: ctx, Version: programVersion(),
		Backups: func(context.Context) web.Place { return placeOf(settings.Backups, s.Path()) },
		Doctor:  look.Run, Settings: look.Settings, Queued: p.jobs.Queued,
		Mends: map[string]func(context.Context, books.Actor) error{
			doctor.MendGuards:  func(ctx context.Context, _ books.Actor) error { _, err := s.Migrate(ctx); return err },
			doctor.MendAccount: func(ctx context.Context, _ books.Actor) error { return auth.EnsureServiceAccount(ctx, s) },
			doctor.MendQueues:  func(ctx context.Context, _ books.Actor) error { return p.jobs.ResumeQueues(ctx) },
			doctor.MendCopies:  closer.BackUpUnbacked,
		},
	})
	p.closes = pages
	p.api = &api.Server{
		Closer: closer, Store: s, Guard: p.guard, Recorder: rules, Log: log, Now: closer.Now,
		Version: programVersion(), Closes: closes, Queued: p.jobs.Queued, PausedQueues: p.jobs.PausedQueues, Stopping: p.stopping.Load, Working: ctx,
		Page: pages.Answer, Doctor: pages.Diagnosis,
	}
	p.pages = append(pages.Routes(), p.jobPage(pages)...)
	routed := p.api.Handler(p.pages...)
	p.handler, p.public = p.guard.Logins(routed), routed.Public
	return p, nil
}

// placeOf looks at where backups go; database is "" for PostgreSQL.
func placeOf(folder, database string) (place web.Place) {
	place.Folder = folder
	place.Writable, place.SameDisk = doctor.LookAtFolder(folder, database)
	place.Free, _ = store.FreeSpace(folder)
	return place
}

func (p *parts) frame(settings config.Config, log *slog.Logger) server.Frame {
	return server.Frame{Log: log, Proxies: settings.TrustedProxies, Now: clock, Public: p.public, Page: p.api.Page}
}

// jobPage is River's own page, behind admin login. It takes every method.
func (p *parts) jobPage(pages *web.Web) []auth.Route {
	show := p.guard.Require(auth.Manage, p.jobs.Handler(), pages.Refuse)
	withPolicy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", jobPagePolicy)
		show.ServeHTTP(w, r)
	})
	return []auth.Route{auth.At("", jobs.Prefix, auth.Manage, withPolicy), auth.At("", jobs.Prefix+"/", auth.Manage, withPolicy)}
}

// jobPagePolicy allows the inline styles and scripts of River's page.
const jobPagePolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'"

func newGuard(c config.Config, s *store.Store, log *slog.Logger) *auth.Guard {
	return auth.New(auth.Options{
		Store: s, Key: c.JWTKey, Now: clock, Log: log, Tries: c.Rate.Tries, Per: c.Rate.Per,
		Job: auth.JobPins(c.Job), Login: auth.Provider(c.Login), Emails: c.Emails,
	})
}

// offerSetUp prints the one-time link for the first login.
func (a *app) offerSetUp(ctx context.Context, guard *auth.Guard, address string) {
	link, offered, err := guard.SetupLink(ctx, address)
	if err == nil && offered {
		fprintf(a.stderr, "\nNobody can sign in yet. Make the first login here, within a day:\n  %s\n\n", link)
	}
}

// serviceLog is the log of an unattended process: it says more than a
// command's.
func (a *app) serviceLog(settings config.Config) *slog.Logger {
	if v := settings.Values["LOG_LEVEL"]; v.Source == "default" {
		v.Source = "service"
		settings.Values["LOG_LEVEL"] = v
	}
	return a.logger(settings)
}

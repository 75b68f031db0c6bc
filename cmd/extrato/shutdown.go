package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// endWithin limits the end of interrupted work.
const endWithin = 5 * time.Second

// stop lets running work finish, for at most timeout; then the rest rolls back.
func stop(working context.Context, breakOff func(), web *http.Server, p *parts, timeout time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(working, timeout)
	defer cancel()
	jobsEnded := make(chan error, 1)
	go func() { jobsEnded <- p.jobs.Stop(ctx) }()
	webErr := errors.Join(web.Shutdown(ctx), p.closes.Finish(ctx)) // no page begins a close after Shutdown
	jobsErr := <-jobsEnded
	if webErr == nil && jobsErr == nil {
		log.Info("stopped")
		return nil
	}
	log.Warn("stopped in the middle; what was running rolled back")
	breakOff()
	_ = web.Close()
	return nil
}

// onSecondSignal calls breakOff at the second signal: the first one asks to stop.
func onSecondSignal(breakOff func()) (forget func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		seen := 0
		for {
			select {
			case <-signals:
				if seen++; seen > 1 {
					breakOff()
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

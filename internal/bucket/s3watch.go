package bucket

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// errStalled ends a request whose bytes do not move.
var errStalled = errors.New("no byte moved for too long")

func shortDial(d *net.Dialer) { d.Timeout = 10 * time.Second }

// watch ends a request whose bytes do not move. A transfer may take as long as
// the line needs, so a deadline for the whole would be wrong.
type watch struct {
	ctx    context.Context //nolint:containedctx // the request's own
	timer  *time.Timer
	after  time.Duration
	cancel context.CancelCauseFunc
}

func (p *s3Place) watch(ctx context.Context) (context.Context, *watch) {
	watched, cancel := context.WithCancelCause(ctx)
	return watched, &watch{watched, time.AfterFunc(p.stall, func() { cancel(errStalled) }), p.stall, cancel}
}

func (w *watch) moved() { w.timer.Reset(w.after) }
func (w *watch) pause() { w.timer.Stop() }
func (w *watch) end()   { w.timer.Stop(); w.cancel(nil) }

// cause returns errStalled where the watch ended the request, else err.
func (w *watch) cause(err error) error {
	if err != nil && errors.Is(context.Cause(w.ctx), errStalled) {
		return errStalled
	}
	return err
}

// watchedContent notes each read of an object that is being sent.
type watchedContent struct {
	io.ReadSeeker
	watch *watch
}

func (c watchedContent) Read(b []byte) (int, error) {
	c.watch.moved()
	return c.ReadSeeker.Read(b)
}

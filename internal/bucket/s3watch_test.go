package bucket

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatch_ends_a_request_only_when_no_byte_moves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &s3Place{stall: time.Minute}
		ctx, w := p.watch(t.Context())
		defer w.end()
		up := watchedContent{strings.NewReader(strings.Repeat("x", 10)), w}
		down := &s3Content{p: p, ctx: t.Context(), body: io.NopCloser(strings.NewReader(strings.Repeat("x", 10))), watch: w}
		for _, r := range []io.Reader{up, up, up, down, down} {
			time.Sleep(50 * time.Second)
			if _, err := r.Read(make([]byte, 1)); err != nil || ctx.Err() != nil {
				t.Fatalf("ended while bytes moved: %v, %v", err, ctx.Err())
			}
		}
		time.Sleep(time.Hour) // between two reads of a download its reader may take its time
		if ctx.Err() != nil {
			t.Fatal("ended while nobody read")
		}
		w.moved()
		time.Sleep(time.Minute + time.Second)
		if !errors.Is(context.Cause(ctx), errStalled) || !errors.Is(w.cause(io.ErrUnexpectedEOF), errStalled) {
			t.Errorf("ended by %v", context.Cause(ctx))
		}
	})
}

// Package notify sends notifications to people, over any service of shoutrrr,
// and pings a heartbeat monitor. No message holds a client's name, one person's
// amount or a secret, and no error a URL.
package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"extrato/internal/books"
)

// Notifier sends messages to the places of EXTRATO_NOTIFY.
type Notifier struct {
	places  []string
	senders map[string]types.Service
}

// sendTimeout is how long a service may take.
const sendTimeout = 15 * time.Second

// NewNotifier reads shoutrrr URLs. It fails with an Error of kind Invalid
// naming the unusable one, counted from one.
func NewNotifier(urls []string) (*Notifier, error) {
	t := &Notifier{senders: map[string]types.Service{}}
	for i, url := range urls {
		sender, err := new(router.ServiceRouter).Locate(url)
		if err != nil {
			// The text after the scheme holds secrets, and so do shoutrrr's
			// errors.
			scheme, _, ok := strings.Cut(url, "://")
			if !ok {
				scheme = "text that is no"
			}
			return nil, books.Invalidf("invalid_setting", "EXTRATO_NOTIFY: the %s URL (number %d) cannot be used", scheme, i+1).
				WithHint("see shoutrrr's page on the service for its form, such as telegram://TOKEN@telegram?chats=ID; the next URL begins behind a comma")
		}
		refuseRedirects(sender)
		place := placeOf(url)
		if t.senders[place] == nil {
			t.places = append(t.places, place)
		}
		t.senders[place] = sender
	}
	return t, nil
}

// placeOf names a place without telling it.
func placeOf(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	sum := sha256.Sum256([]byte(url))
	return scheme + "-" + hex.EncodeToString(sum[:4])
}

// Places names all places, in order.
func (t *Notifier) Places() []string { return t.places }

// ErrUnknownPlace means: this process's EXTRATO_NOTIFY lacks the place. Another
// process may have other settings.
var ErrUnknownPlace = errors.New("EXTRATO_NOTIFY of this process does not have this place")

// Notify sends a message to one place. It fails with ErrUnknownPlace, or if the
// service did not take the message; the error does not say where it is. When
// ctx ends it waits no longer; the message may then still arrive.
func (t *Notifier) Notify(ctx context.Context, place string, m Message) error {
	sender := t.senders[place]
	if sender == nil {
		return ErrUnknownPlace
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- sender.Send(m.Title+"\n\n"+m.Text, &types.Params{"title": m.Title}) }()
	select {
	case err := <-sent:
		if err == nil {
			return nil
		}
		refused := &books.Error{Kind: books.Internal, Code: "message_refused", Message: "the service " + place + " did not take the message"}
		// Its own words may hold the URL; most services pass ours on as text only.
		if words := redirectWords.FindString(err.Error()); words != "" {
			refused.Message, refused.Hint = refused.Message+": "+words, redirectHint
		}
		return refused
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Heartbeat pings a monitor such as healthchecks.io: URL/start, URL, URL/fail.
type Heartbeat struct {
	url    string
	log    *slog.Logger
	client *http.Client
}

// NewHeartbeat returns a monitor at url; with "" it does nothing.
func NewHeartbeat(url string, log *slog.Logger) *Heartbeat {
	return &Heartbeat{strings.TrimSuffix(url, "/"), log, &http.Client{Timeout: 10 * time.Second}}
}

// On reports whether there is a monitor.
func (h *Heartbeat) On() bool { return h.url != "" }

// Start signals the start of work. A failed ping is logged and stops nothing;
// taken reports whether the monitor took it.
func (h *Heartbeat) Start(ctx context.Context) (taken bool) { return h.ping(ctx, "/start") }

// Success signals the end of work, or that there is none.
func (h *Heartbeat) Success(ctx context.Context) (taken bool) { return h.ping(ctx, "") }

// Fail signals a failure.
func (h *Heartbeat) Fail(ctx context.Context) (taken bool) { return h.ping(ctx, "/fail") }

func (h *Heartbeat) ping(ctx context.Context, what string) (taken bool) {
	if h.url == "" {
		return false
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+what, http.NoBody)
	if err != nil {
		h.log.Warn("heartbeat not sent", "cause", "EXTRATO_HEARTBEAT_URL is no URL")
		return false
	}
	response, err := h.client.Do(request)
	if err != nil { // its text holds the URL, a secret
		if e := (*books.Error)(nil); errors.As(err, &e) {
			h.log.Warn("heartbeat not taken", "cause", e.Message, "hint", e.Hint)
		} else if ctx.Err() == nil {
			h.log.Warn("heartbeat not sent", "cause", "the monitor does not answer")
		}
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		h.log.Warn("heartbeat not taken", "status", response.StatusCode)
		return false
	}
	return true
}

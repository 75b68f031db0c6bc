package notify_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/notify"
)

// redirecting answers everything with a redirect to a page that takes anything,
// and keeps what bodies arrived there.
func redirecting(t *testing.T, status int, location string) (host string, arrived func() string) {
	var bodies strings.Builder
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/page") {
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(status)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(&bodies, "%s %s\n", r.Method, body)
		fmt.Fprint(w, `{"id":1}`)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), bodies.String
}

func TestA_redirected_message_is_not_taken(t *testing.T) {
	m := notify.Silent(40)
	for _, status := range []int{300, 301, 302, 303, 304, 305} {
		for _, form := range []string{
			"generic://%s/hook?disabletls=yes", "mattermost://%s/token?disabletls=yes", "rocketchat://%s/tokenA/tokenB?disabletls=yes",
			"signal://%s/+5511999990000/+5511999990001?disabletls=yes", "ntfy://%s/topic?scheme=http", "gotify://%s/Aaa.bbb.ccc.ddd?disabletls=yes",
		} {
			host, arrived := redirecting(t, status, "/page")
			notifier, err := notify.NewNotifier([]string{fmt.Sprintf(form, host)})
			if err != nil {
				t.Logf("%s: %v", form, books.AsError(err))
				continue
			}
			err = notifier.Notify(t.Context(), notifier.Places()[0], m)
			if err == nil || arrived() != "" {
				t.Errorf("%d, %s: taken, %q arrived", status, form, arrived())
			}
			if e := books.AsError(err); strings.HasPrefix(form, "generic") && (e == nil || !strings.Contains(e.Message, fmt.Sprintf("redirect (%d)", status)) || e.Hint == "" || strings.Contains(e.Error()+e.Hint, host)) {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
}

func TestA_redirect_that_keeps_the_message_is_followed(t *testing.T) {
	for _, status := range []int{307, 308} {
		host, arrived := redirecting(t, status, "/page")
		notifier, err := notify.NewNotifier([]string{"generic://" + host + "/hook?disabletls=yes"})
		if err != nil {
			t.Fatal(err)
		}
		if err := notifier.Notify(t.Context(), notifier.Places()[0], notify.Silent(40)); err != nil || !strings.HasPrefix(arrived(), "POST ") || !strings.Contains(arrived(), "40") {
			t.Errorf("%d: %v, %q arrived", status, err, arrived())
		}
		for _, location := range []string{"", "/hook"} { // to nowhere, and for ever
			host, _ = redirecting(t, status, location)
			if notifier, err = notify.NewNotifier([]string{"generic://" + host + "/hook?disabletls=yes"}); err != nil {
				t.Fatal(err)
			}
			if notifier.Notify(t.Context(), notifier.Places()[0], notify.Silent(40)) == nil {
				t.Errorf("%d to %q counts as told", status, location)
			}
		}
	}
}

func TestA_redirected_heartbeat_is_not_taken(t *testing.T) {
	for _, status := range []int{301, 302, 303, 304, 307, 308} {
		host, arrived := redirecting(t, status, "/page")
		var log bytes.Buffer
		taken := notify.NewHeartbeat("http://"+host+"/secret", logtest.New(t, &log)).Success(t.Context())
		follows := status >= 307
		if taken != follows || follows != (arrived() == "POST \n") {
			t.Errorf("%d: taken %v, %q arrived", status, taken, arrived())
		}
		if !follows && (!strings.Contains(log.String(), fmt.Sprintf("redirect (%d)", status)) || strings.Contains(log.String(), "secret")) {
			t.Errorf("%d: %s", status, log.String())
		}
	}
}

package doctor

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sort"
	"strings"
	"time"
)

// servingTimeout is how long a server on this machine may take to answer.
const servingTimeout = 3 * time.Second

// serving asks this machine's server whether it is ready and has the safety
// net's endpoints. It sends no token, so the server does nothing.
func (d *Doctor) serving(ctx context.Context, r *Report) {
	host := d.Config.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if d.problem("PORT") != "" || d.Config.Port == "0" || d.Config.Port == "" {
		return // where it listens only it knows
	}
	place := net.JoinHostPort(host, d.Config.Port)
	status, body, err := ask(ctx, http.MethodGet, "http://"+place+"/readyz")
	var said struct {
		Status string            `json:"status"`
		Checks map[string]string `json:"checks"`
	}
	switch {
	case err != nil:
		r.say("server_none", place)
		return
	case json.Unmarshal(body, &said) != nil || said.Checks == nil:
		r.say("server_other", place)
		return
	case status != http.StatusOK:
		r.say("server_unready", place, problemIn(said.Checks))
		return
	}
	for _, path := range []string{"/api/backup/create_service", "/api/extrato/generate_service"} {
		if status, _, err := ask(ctx, http.MethodPost, "http://"+place+path); err != nil || status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
			r.say("server_open", place, status, path)
			return
		}
	}
	r.say("server", place)
}

func problemIn(checks map[string]string) string {
	var words []string
	for name, word := range checks {
		if word != "ok" {
			words = append(words, name+" "+word)
		}
	}
	sort.Strings(words)
	return strings.Join(words, ", ")
}

func ask(ctx context.Context, method, address string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, servingTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	response, err := (&http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would be another's answer
	}).Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, 1<<16))
	return response.StatusCode, body, err
}

package safetynet_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
)

func generates(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "generate_service") }

// replace answers with something else than the server did.
func replace(resp *http.Response, status int, kind string, body []byte) error {
	_ = resp.Body.Close()
	resp.StatusCode, resp.Status = status, ""
	resp.Header = http.Header{"Content-Type": {kind}, "Content-Length": {strconv.Itoa(len(body))}}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

// broken is what a broken proxy shows: with all that must not go on from there.
func broken(r *rig) func(*http.Response) error {
	return func(resp *http.Response) error {
		return replace(resp, http.StatusInternalServerError, "text/html",
			[]byte("<html><h1>500</h1><pre>Traceback: "+client+" "+r.token+" "+user+":"+password+"</pre></html>"))
	}
}

// half cuts the server's own answer in two.
func half(resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return replace(resp, resp.StatusCode, resp.Header.Get("Content-Type"), body[:len(body)/2])
}

// spoil spoils the answers of all requests, or of those to close alone.
func spoil(r *rig, all bool, how func(*http.Response) error) {
	r.answer = func(_ int, resp *http.Response) error {
		if all || generates(resp.Request) {
			return how(resp)
		}
		return nil
	}
}

func (r *rig) closeMonth() { r.must(r.t, 0, "close", last.String()) }

// empty takes all rows out of the books.
func empty(r *rig) {
	r.exec(r.t, "DELETE FROM comissoes", "UPDATE sessoes SET payment_id = NULL", "DELETE FROM pagamentos", "DELETE FROM sessoes", "DELETE FROM gastos")
}

// addLate adds a row to the month behind its close.
func (r *rig) addLate() {
	r.exec(r.t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, created_at) VALUES (90, '"+last.String()+"-09', 7, 'Pix', 1, 1, '"+last.String()+"-09 12:00:00')")
}

// seen lets the net run once, so that it keeps the head of the chain.
func (r *rig) seen() {
	r.start()
	if out := r.run(); out.code != 0 {
		r.t.Fatalf("the first run: exit %d\n%s", out.code, out.texts["stdout"])
	}
	r.stop()
}

// useUp makes calls until the server has had enough of them.
func (r *rig) useUp() {
	for range 100 {
		q, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.target.String()+"/api/backup/create_service", strings.NewReader("{"))
		if err != nil {
			r.t.Error(err)
			return
		}
		q.Header.Set("Authorization", "Bearer "+r.all)
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			r.t.Error(err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	r.t.Error("the server never has enough")
}

// slowClose lets somebody else hold the database while the server closes, until
// the net has looked three times.
func slowClose(r *rig) {
	r.timeout = "2s"
	db := r.beside(r.t)
	other, err := db.Conn(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = other.Close()
		db.Close()
	})
	do := func(query string) {
		if _, err := other.ExecContext(r.t.Context(), query); err != nil {
			r.t.Error(err)
		}
	}
	looks := 0
	r.before = func(_ int, q *http.Request) bool {
		switch {
		case generates(q) && r.path != "":
			do("BEGIN IMMEDIATE")
			looks = 1
		case generates(q):
			do("BEGIN")
			do("LOCK TABLE extratos IN EXCLUSIVE MODE")
			looks = 1
		case looks > 0 && looks < 4:
			if looks++; looks == 4 {
				do("ROLLBACK")
				r.closedBeside()
			}
		}
		return false
	}
}

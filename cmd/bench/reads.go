package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Every kind of read at a rate the server can bear: the latency without
// saturation.

// monthRows is how many rows each closed month has; the live one has as many
// as the flag says.
const monthRows = 1000

// reads measures every route of each database at a fixed rate.
func reads(ctx context.Context, o options, dir, extrato string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "# Every read\n\nWritten by `go run ./cmd/bench -rows %d -reads %s -rate %d`: so many requests a second, evenly, over every route in turn. "+
		"%d closed months of %s rows; times from the moment at which a request was to be sent. "+
		"The first answer of each comes before that, alone: nothing is in memory then, as after every change of the books.\n", o.sizes[0], o.reads, o.rate, 12*o.years, thousands(monthRows))
	for _, name := range o.databases {
		for _, size := range o.sizes {
			own, err := studioFolder(dir, name, size)
			if err != nil {
				return err
			}
			d, err := newDatabase(o, name, own, extrato)
			if err != nil {
				return err
			}
			table, err := readsOf(ctx, o, d, size, own, extrato)
			if !o.keep || o.server == "" {
				err = errors.Join(err, d.close())
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprint(os.Stderr, table)
			text.WriteString(table)
		}
	}
	return os.WriteFile(filepath.Join(o.out, "reads.md"), []byte(text.String()), 0o644) //nolint:gosec // for everybody to read
}

// studioFolder makes the folder of one studio: a studio that begins where the
// backups of another lie is refused.
func studioFolder(dir, database string, rows int) (string, error) {
	own := filepath.Join(dir, fmt.Sprintf("%s-%d", database, rows))
	return own, os.MkdirAll(own, 0o755) //nolint:gosec // PostgreSQL's own user works there
}

func newDatabase(o options, name, dir, extrato string) (database, error) {
	if name == "sqlite" {
		return newSQLite(dir, extrato)
	}
	return newPostgres(dir, extrato, o.server)
}

func readsOf(ctx context.Context, o options, d database, size int, dir, extrato string) (string, error) {
	s, err := oldStudio(ctx, d, size, o.years, dir, extrato)
	if err != nil {
		return "", err
	}
	defer s.stop()
	asks, err := s.asks(o.years)
	if err != nil {
		return "", err
	}
	if err := o.wait(); err != nil {
		return "", err
	}
	found := s.askEvenly(ctx, asks, o.reads, o.rate)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	for _, f := range found.failed[:min(len(found.failed), 5)] {
		fmt.Fprintln(os.Stderr, "failed:", f)
	}
	text := fmt.Sprintf("\n## %s, %s live rows\n\n%s\nFailed: %d of %d. Peak memory of the server: %d MiB.\n", d.name(), thousands(size), found.table(),
		len(found.failed), len(found.failed)+len(found.took), s.memory("VmHWM")>>20)
	page, err := s.firstPage()
	return text + page, err
}

// wait waits for Enter, if asked to.
func (o options) wait() error {
	if !o.pause {
		return nil
	}
	fmt.Fprintln(os.Stderr, "prepared; press Enter to measure")
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

// oldStudio starts a server over a studio with years of closed months before
// the live one.
func oldStudio(ctx context.Context, d database, size, years int, dir, extrato string) (*serving, error) {
	if err := d.prepare(ctx, monthOf(size)); err != nil {
		return nil, err
	}
	address, err := d.fresh(ctx)
	if err != nil {
		return nil, err
	}
	months := monthsBefore(years)
	err = withDB(d, func(db *sql.DB) error {
		for i, m := range months {
			if err := fillMonth(ctx, db, m, 50_000_000+i*monthRows); err != nil {
				return err
			}
		}
		if err := fillSessions(ctx, db); err != nil || d.name() == sqliteName {
			return err
		}
		return raiseSequences(ctx, db)
	})
	if err != nil {
		return nil, err
	}
	s, err := startServer(ctx, dir, extrato, address)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.signIn(), s.closeAll(months)); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// monthsBefore are the months of so many years, up to August 2025: the live
// month's neighbours are left alone.
func monthsBefore(years int) []time.Time {
	var months []time.Time
	for i := range 12 * years {
		months = append(months, october.AddDate(-years, i-1, 0))
	}
	return months
}

func (s *serving) closeAll(months []time.Time) error {
	for _, m := range months {
		path := "/api/v1/months/" + m.Format("2006-01") + "/close"
		if status, err := s.post(path, "{}"); err != nil || status != http.StatusOK {
			return errors.Join(err, fmt.Errorf("POST %s: %d", path, status))
		}
	}
	return nil
}

// fillMonth adds a month's rows, in v4's shares, with ids from base on.
func fillMonth(ctx context.Context, db *sql.DB, first time.Time, base int) error {
	shares := monthOf(monthRows)
	var sessions, payments, commissions, expenses []string
	for i := 1; i <= shares.payments; i++ {
		id, at := base+i, first.AddDate(0, 0, i%28)
		day, made := date(at), at.Add(11*time.Hour+time.Duration(i)*time.Minute).Format("2006-01-02 15:04:05.000000")
		client, artist, session := 1+i%shares.clients, 1+i%shares.artists, "NULL"
		if i <= shares.sessions {
			sessions = append(sessions, fmt.Sprintf("(%d, '%s', %d.50, %d, %d, 'paid', '%s')", id, day, 100+i, client, artist, made))
			session = number(id)
		}
		payments = append(payments, fmt.Sprintf("(%d, '%s', %d.50, 'Pix', %d, %d, %s, 'sombreamento, braço', '%s')", id, day, 100+i, client, artist, session, made))
		if i <= shares.commissions {
			commissions = append(commissions, fmt.Sprintf("(%d, %d, %d, 50, %d.25, '%s')", id, id, artist, 50+i, made))
		}
		if i <= shares.expenses {
			expenses = append(expenses, fmt.Sprintf("(%d, '%s', %d.90, 'tinta', 'Pix', %d, '%s')", id, day, 10+i, artist, made))
		}
	}
	for _, query := range []string{
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES " + strings.Join(sessions, ", "),
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, sessao_id, observacoes, created_at) VALUES " + strings.Join(payments, ", "),
		fmt.Sprintf("UPDATE sessoes SET payment_id = id WHERE id > %d AND id <= %d", base, base+monthRows),
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES " + strings.Join(commissions, ", "),
		"INSERT INTO gastos (id, data, valor, descricao, forma_pagamento, created_by, created_at) VALUES " + strings.Join(expenses, ", "),
	} {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// ask is one read: its name, and its path the n-th time.
type ask struct {
	name string
	path func(n int) string
}

// asks lists every read: each GET operation of the server's own description
// with its variants, the pages, v4's paths and the monitoring paths.
func (s *serving) asks(years int) ([]ask, error) {
	var list []ask
	always := func(paths ...string) {
		for _, p := range paths {
			list = append(list, ask{p, func(int) string { return p }})
		}
	}
	always("/", "/login", "/api/docs/style.css", "/api/docs", "/api/v1/openapi.json",
		"/health", "/ready", "/api/health", "/health/extrato", "/healthz", "/readyz", "/metrics")
	always("/historico", "/historico/2025/10", "/extrato", "/meses/2025/10/fechar", "/acesso", "/caixa/2025-10-14", "/pagamentos", "/pagamentos?mes=2025-10", "/clientes",
		"/gastos?mes=2025-10", "/comissoes?mes=2025-10", "/artistas")
	always("/sessoes", "/sessoes?aba=agenda", "/sessoes?aba=mes&mes=2025-10", "/sessoes?artista=7", "/sessoes?texto=joao", fmt.Sprintf("/sessoes?cliente=%d", sessionsBase+7), fmt.Sprintf("/sessoes/%d", sessionsBase+100),
		"/sessoes?depois=2024-10-01_2025-09-01+12%3A00%3A00_60000001&vistos=5000")
	always("/backups", "/tarefas", "/registro", "/ajustes")
	months := monthsBefore(years)
	for _, page := range []string{"/extrato/%s", "/meses/%s/fechar", "/meses/%s/reabrir"} {
		list = append(list, ask{fmt.Sprintf(page, "{year}/{month}") + " (closed)", func(n int) string { return fmt.Sprintf(page, months[n*7%len(months)].Format("2006/01")) }})
	}
	closed := func(n int) string { return months[n*7%len(months)].Format("2006-01") }
	list = append(list, ask{"/extrato/api?mes&ano", func(n int) string { return "/extrato/api?" + months[n*7%len(months)].Format("mes=1&ano=2006") }})
	described, err := s.described()
	if err != nil {
		return nil, err
	}
	for _, path := range described {
		more, err := s.asksOf(path, closed)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// described returns the paths of the GET operations below /api/v1.
func (s *serving) described() ([]string, error) {
	var api struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := s.document("/api/v1/openapi.json", &api); err != nil {
		return nil, err
	}
	var paths []string
	for path, methods := range api.Paths {
		if _, ok := methods["get"]; ok && path != "/api/v1/doctor" { // it reads every statement
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// live is the open month.
const live = "2025-10"

func (s *serving) asksOf(path string, closed func(int) string) ([]ask, error) {
	in := func(month string) string { return strings.ReplaceAll(path, "{month}", month) }
	fixed := func(name, url string) ask { return ask{name, func(int) string { return url }} }
	switch {
	case strings.HasSuffix(path, "/statement"):
		parts, err := s.parts(in(closed(0)), 15)
		if err != nil {
			return nil, err
		}
		return []ask{
			{path, func(n int) string { return in(closed(n)) }},
			{path + "?limit=200", func(n int) string { return in(closed(n)) + "?limit=200" }},
			{path + "?artist", func(n int) string { return in(closed(n)) + "?artist=7" }},
			fixed(path+"?cursor, the 15th part", parts),
		}, nil
	case strings.Contains(path, "{month}") && strings.Contains(path, "/statement."):
		return []ask{{path, func(n int) string { return in(closed(n)) }}}, nil
	case strings.Contains(path, "{month}"):
		return []ask{{path + " (closed)", func(n int) string { return in(closed(n)) }}, fixed(path+" (live)", in(live))}, nil
	case strings.Contains(path, "{id}") && !strings.HasSuffix(path, "/{id}"): // what belongs to one row
		return nil, nil
	case strings.Contains(path, "{id}"):
		var all struct {
			Items []struct {
				ID int64 `json:"id"`
			} `json:"items"`
		}
		if err := s.document(strings.TrimSuffix(path, "/{id}")+"?limit=200", &all); err != nil || len(all.Items) == 0 {
			return nil, err
		}
		return []ask{{path, func(n int) string {
			return strings.ReplaceAll(path, "{id}", fmt.Sprint(all.Items[n*7%len(all.Items)].ID))
		}}}, nil
	}
	return s.asksOfList(path, closed)
}

func (s *serving) asksOfList(path string, closed func(int) string) ([]ask, error) {
	fixed := func(query string) ask { return ask{path + query, func(int) string { return path + query }} }
	list := []ask{fixed("")}
	switch name := path[strings.LastIndexByte(path, '/')+1:]; name {
	case "payments", "sessions", "commissions", "expenses":
		// Far behind, where the day before has to be passed.
		far, err := s.parts(path+"?limit=200", 8)
		if err != nil {
			return nil, err
		}
		list = append(list, fixed("?limit=200"), fixed("?month="+live), ask{path + "?month (closed)", func(n int) string { return path + "?month=" + closed(n) }},
			ask{path + "?cursor, the 8th part", func(int) string { return far }})
		if name != "expenses" {
			list = append(list, fixed("?artist=7"), fixed("?month="+live+"&artist=7"))
		}
	case "search", "closed":
		return []ask{fixed("?q=sombreamento")}, nil
	case "changes": // of one row
		return []ask{fixed("?row=payment:1")}, nil
	case "runs", "closings":
		list = append(list, fixed("?limit=200"), ask{path + "?month (closed)", func(n int) string { return path + "?month=" + closed(n) }})
	}
	return list, nil
}

// parts returns where the n-th part of a list is, or the last one.
func (s *serving) parts(path string, n int) (string, error) {
	at := path
	for range n - 1 {
		var page struct {
			Next *string `json:"next_cursor"`
		}
		if err := s.document(at, &page); err != nil {
			return "", err
		}
		if page.Next == nil {
			break
		}
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		at = path + separator + "cursor=" + *page.Next
	}
	return at, nil
}

// document reads a JSON document.
func (s *serving) document(path string, to any) error {
	resp, err := s.client.Get(s.base + path) //nolint:noctx,gosec // our own server; the client has a time limit
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %d", path, resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(to)
}

// askEvenly asks for everything once, and then for one thing after the other,
// so many a second, whether or not those before were answered.
func (s *serving) askEvenly(ctx context.Context, asks []ask, lasts time.Duration, rate int) *times64 {
	t := &times64{byPath: map[string][]time.Duration{}, first: map[string]time.Duration{}}
	for _, a := range asks {
		began := time.Now()
		if status, err := s.get(a.path(0)); err != nil || status >= http.StatusBadRequest {
			t.failed = append(t.failed, fmt.Sprintf("%s: %d %v", a.name, status, err))
		}
		t.first[a.name] = time.Since(began)
	}
	var all sync.WaitGroup
	began := time.Now()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if due.Sub(began) >= lasts || ctx.Err() != nil {
			break
		}
		time.Sleep(time.Until(due))
		a := asks[n%len(asks)]
		all.Go(func() {
			status, err := s.get(a.path(n / len(asks)))
			t.add(a.name, status, err, time.Since(due))
		})
	}
	all.Wait()
	return t
}

package main

import (
	"bufio"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"extrato/internal/pgtest"
)

const postgresName = "PostgreSQL"

//go:embed postgres.sql
var postgresSQL []byte

// v4Indexes are the indexes only a v4 database has. Every delete pays for
// them.
const v4Indexes = `
	CREATE INDEX ix_clients_id ON clients (id);
	CREATE INDEX ix_users_id ON users (id);
	CREATE INDEX ix_sessoes_id ON sessoes (id);
	CREATE INDEX ix_sessoes_artista_id ON sessoes (artista_id);
	CREATE INDEX ix_sessoes_cliente_id ON sessoes (cliente_id);
	CREATE INDEX ix_pagamentos_id ON pagamentos (id);
	CREATE INDEX ix_pagamentos_artista_id ON pagamentos (artista_id);
	CREATE INDEX ix_pagamentos_cliente_id ON pagamentos (cliente_id);
	CREATE INDEX ix_pagamentos_forma_pagamento ON pagamentos (forma_pagamento);
	CREATE INDEX ix_comissoes_id ON comissoes (id);
	CREATE INDEX ix_comissoes_artista_id ON comissoes (artista_id);
	CREATE INDEX ix_gastos_id ON gastos (id);
	CREATE INDEX ix_gastos_created_by ON gastos (created_by);
	CREATE INDEX ix_extratos_id ON extratos (id);
	CREATE INDEX ix_extratos_mes ON extratos (mes);
	CREATE INDEX ix_extratos_ano ON extratos (ano);`

// postgresServer is PostgreSQL, beside its own shell.
type postgresServer struct {
	extrato, shell, script string
	cluster                *pgtest.Cluster // nil if the server is somebody else's
	admin                  string          // the URL of a database outside all runs
}

const (
	originalName = "extrato_bench_original"
	copyName     = "extrato_bench_copy"
)

// newPostgres uses the server at the URL or, without one, starts its own.
func newPostgres(dir, extrato, server string) (database, error) {
	p := &postgresServer{extrato: extrato, admin: server, script: filepath.Join(dir, "postgres.sql")}
	if err := os.WriteFile(p.script, postgresSQL, 0o600); err != nil {
		return nil, err
	}
	var err error
	if server != "" {
		p.shell, err = exec.LookPath("psql")
		return p, err
	}
	if p.cluster, err = pgtest.Launch(); err != nil {
		return nil, err
	}
	p.shell, p.admin = p.cluster.Program("psql"), p.cluster.URL()
	return p, nil
}

func (p *postgresServer) name() string { return postgresName }

func (p *postgresServer) versions(ctx context.Context) (version string, err error) {
	err = p.with(ctx, p.admin, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)").Scan(&version)
	})
	return version, err
}

func (p *postgresServer) url(database string) string {
	u, err := url.Parse(p.admin)
	if err != nil {
		return "" // newPostgres has connected to it
	}
	u.Path = "/" + database
	return u.String()
}

func (p *postgresServer) with(ctx context.Context, url string, fn func(*pgx.Conn) error) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errors.New("the URL given by -postgres cannot be read")
	}
	config.RuntimeParams["timezone"] = "UTC"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(fn(conn), conn.Close(ctx))
}

func (p *postgresServer) exec(ctx context.Context, url string, queries ...string) error {
	return p.with(ctx, url, func(conn *pgx.Conn) error {
		for _, q := range queries {
			if _, err := conn.Exec(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
}

func (p *postgresServer) prepare(ctx context.Context, m month) error {
	err := p.exec(ctx, p.admin, "DROP DATABASE IF EXISTS "+originalName+" WITH (FORCE)",
		"CREATE DATABASE "+originalName+" TEMPLATE template0 ENCODING 'UTF8'")
	if err != nil {
		return err
	}
	original, dir := p.url(originalName), filepath.Dir(p.script)
	if _, err := run(ctx, dir, environment(dir, original), p.extrato, "migrate"); err != nil {
		return err
	}
	// Sessions and payments refer to each other, so one key comes afterwards, as in a dump.
	err = p.exec(ctx, original, v4Indexes, "ALTER TABLE sessoes DROP CONSTRAINT sessoes_payment_id_fkey")
	if err != nil {
		return err
	}
	for _, t := range m.tables() {
		if err := p.load(ctx, original, t); err != nil {
			return fmt.Errorf("load %s: %w", t.name, err)
		}
	}
	return p.exec(ctx, original,
		"ALTER TABLE sessoes ADD CONSTRAINT sessoes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES pagamentos (id)",
		"VACUUM (ANALYZE)")
}

// load streams a table's rows in COPY's text format; none of them needs
// escaping.
func (p *postgresServer) load(ctx context.Context, url string, t table) error {
	in, out := io.Pipe()
	go func() {
		w := bufio.NewWriterSize(out, 1<<20)
		for row := range t.rows {
			for i, v := range row {
				if i > 0 {
					w.WriteByte('\t')
				}
				if s, ok := v.(string); ok {
					w.WriteString(s)
				} else {
					w.WriteString(`\N`)
				}
			}
			w.WriteByte('\n')
		}
		_ = out.CloseWithError(w.Flush())
	}()
	return p.with(ctx, url, func(conn *pgx.Conn) error {
		_, err := conn.PgConn().CopyFrom(ctx, in, "COPY "+t.name+" ("+strings.Join(t.columns, ", ")+") FROM STDIN")
		_ = in.CloseWithError(io.ErrClosedPipe) // ends the goroutine if the server stopped reading
		return err
	})
}

func (p *postgresServer) fresh(ctx context.Context) (string, error) {
	err := p.exec(ctx, p.admin, "DROP DATABASE IF EXISTS "+copyName+" WITH (FORCE)", "CREATE DATABASE "+copyName+" TEMPLATE "+originalName)
	if err != nil {
		return "", err
	}
	return p.url(copyName), p.exec(ctx, p.url(copyName), "VACUUM (ANALYZE)", "CHECKPOINT")
}

func (p *postgresServer) open() (*sql.DB, error) { return sql.Open("pgx", p.url(copyName)) }

func (p *postgresServer) serverCPU() float64 {
	if p.cluster == nil {
		return 0
	}
	time.Sleep(100 * time.Millisecond) // the last connection's backend ends a little later
	ticks, err := p.cluster.CPU()
	if err != nil {
		return 0
	}
	return float64(ticks) / 100
}

func (p *postgresServer) plain() []string {
	return []string{p.shell, "-X", "-q", "-d", p.url(copyName), "-f", p.script}
}

func (p *postgresServer) close() error {
	if p.cluster != nil {
		return p.cluster.Remove()
	}
	return p.exec(context.Background(), p.admin, "DROP DATABASE IF EXISTS "+copyName+" WITH (FORCE)", "DROP DATABASE IF EXISTS "+restoredName+" WITH (FORCE)",
		"DROP DATABASE IF EXISTS "+originalName+" WITH (FORCE)")
}

package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"extrato/internal/books"
)

func isPostgres(databaseURL string) bool {
	scheme, _, ok := strings.Cut(databaseURL, "://")
	scheme, _, _ = strings.Cut(scheme, "+") // SQLAlchemy names its driver there
	return ok && (scheme == "postgres" || scheme == "postgresql")
}

// percentEncode is the hint for a password with characters special in a URL.
const percentEncode = "in the user and the password write %40 for @, %2F for /, %3F for ?, %23 for #, %3A for : and %25 for %"

// sslModes are the values accepted by PostgreSQL's own programs.
var sslModes = []string{"", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// parsePostgres reads a PostgreSQL URL. Its errors repeat nothing of the URL:
// the password's place in a broken one is unknown.
func parsePostgres(databaseURL string) (*pgxpool.Config, error) {
	const form = "write postgres://user:password@host:5432/database" //nolint:gosec // a form, no credentials
	scheme, rest, _ := strings.Cut(databaseURL, "://")
	scheme, _, _ = strings.Cut(scheme, "+")
	if end := strings.IndexAny(rest, "/?#"); strings.Contains(rest, "#") || end >= 0 && strings.Contains(rest[end:], "@") {
		return nil, books.Invalidf("invalid_database_url", "the PostgreSQL URL has a @ or # behind its host: the password is not percent-encoded").
			WithHint("%s", percentEncode)
	}
	parsed, err := url.Parse(scheme + "://" + rest)
	if err != nil {
		return nil, books.Invalidf("invalid_database_url", "the PostgreSQL URL cannot be read").WithHint("%s; %s", form, percentEncode)
	}
	if !slices.Contains(sslModes, parsed.Query().Get("sslmode")) {
		return nil, books.Invalidf("invalid_database_url", "the PostgreSQL URL has an unknown sslmode").
			WithHint("write one of %s", strings.Join(sslModes[1:], ", "))
	}
	config, err := pgxpool.ParseConfig(parsed.String())
	if err != nil {
		return nil, books.Invalidf("invalid_database_url", "the PostgreSQL URL cannot be read").
			WithHint("%s; look at the port and the parameters behind the question mark", form)
	}
	return config, nil
}

// prepareConnections sets the parameters of every connection, over those of the
// URL, the role and the database.
func prepareConnections(config *pgconn.Config) {
	parameters := config.RuntimeParams
	// PostgreSQL then refuses a query if a policy would filter its rows. A
	// connection pooler refuses the parameter itself.
	parameters["row_security"] = "off"
	// These timeouts would end a close during a slow fsync. Contexts set the
	// limits instead.
	parameters["statement_timeout"] = "0"
	parameters["idle_in_transaction_session_timeout"] = "0"
	parameters["timezone"] = "UTC"
	parameters["datestyle"] = "ISO"
	parameters["client_encoding"] = "UTF8" // an older database may keep its text in another
	parameters["application_name"] = "extrato"
	// Compiling a query takes longer than the largest month does: seconds where a
	// condition looks into other tables.
	parameters["jit"] = "off"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	config.AfterConnect = configureSession
}

// configureSession appends our schema to the current search_path, lifts the
// timeouts of newer servers, and makes COMMIT wait for the server's disk.
func configureSession(ctx context.Context, conn *pgconn.PgConn) error {
	answers, err := conn.Exec(ctx, `
		SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), '`+ownSchema+`'), false);
		SELECT set_config(name, '0', false) FROM (VALUES ('idle_session_timeout'), ('transaction_timeout')) AS s (name)
			WHERE current_setting(name, true) <> '0';
		SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
		SELECT pg_backend_pid(), current_setting('row_security'), current_setting('session_replication_role')`).ReadAll()
	if err != nil {
		return err
	}
	row := answers[len(answers)-1].Rows[0]
	switch {
	case string(row[0]) != fmt.Sprint(conn.PID()) || string(row[1]) != "off":
		return errPooler
	case string(row[2]) != "origin":
		return books.Refusedf("database_unfit", "session_replication_role is %s: PostgreSQL checks no foreign key and runs no trigger", row[2]).
			WithHint("ALTER ROLE … RESET session_replication_role, for the user in DATABASE_URL; look at ALTER DATABASE too")
	}
	return nil
}

// errPooler refuses a shared connection: settings, locks and prepared
// statements would be another client's.
var errPooler = books.Refusedf("database_pooler", "DATABASE_URL leads to a connection pooler such as PgBouncer, not to PostgreSQL itself").
	WithHint("name PostgreSQL's own host and port, often 5432; extrato keeps a pool of its own")

// ErrUnreachable means: the database server does not answer, or closed the
// connection.
var ErrUnreachable = &books.Error{Kind: books.Internal, Code: "database_unreachable", Message: "the database does not answer"}

func unreachable(err error) error {
	return ErrUnreachable.WithHint("check DATABASE_URL and that PostgreSQL runs; extrato doctor tells more").Because(pgReason(err))
}

// connectFailed explains a failed connection. An answer of the server is no
// reason to check that it runs.
func connectFailed(err error) error {
	var known *books.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &known):
		return known
	case !errors.As(err, &pg):
		if strings.Contains(err.Error(), "refused TLS") {
			return books.Refusedf("login_refused", "the server offers no TLS, and DATABASE_URL asks for it").
				WithHint("let PostgreSQL offer it (ssl = on), or write ?sslmode=disable where the line is private")
		}
		return unreachable(err)
	}
	switch {
	case pg.Code == "28P01" || pg.Code == "28000":
		return books.Refusedf("login_refused", "the server does not let the user in").
			WithHint("check user and password in DATABASE_URL, and pg_hba.conf on the server; %s", percentEncode).Because(pgReason(err))
	case pg.Code == "3D000":
		return books.NotFoundf("no_database", "the server has no such database").
			WithHint("correct DATABASE_URL, or make the database: createdb NAME").Because(pgReason(err))
	case pg.Code == "53300":
		return (&books.Error{Kind: books.Internal, Code: "too_many_connections", Message: "the server has no connection left"}).
			WithHint("end other programs' connections or raise max_connections, then try again").Because(pgReason(err))
	case pg.Code == "08P01" || pg.Code == "58000" && strings.Contains(pg.Message, "bouncer"):
		return errPooler
	case pg.Code == "42704" || strings.HasPrefix(pg.Code, "22"):
		return books.Invalidf("invalid_database_url", "the server does not take a parameter of DATABASE_URL").
			WithHint("leave it out: behind the question mark stand PostgreSQL's own settings, sslmode and connect_timeout").Because(pgReason(err))
	}
	return unreachable(err)
}

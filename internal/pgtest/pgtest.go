// Package pgtest gives tests a private PostgreSQL: a real server of Debian's
// (or any other) package, started by initdb in a temporary folder on a free
// port of 127.0.0.1, for one test process alone. Nothing on the machine is
// touched, and server and folder end with the test process in every case. It is
// for tests only; package arch's table lists its importers.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// shared is the cluster of New's databases. The first test in need of it
// starts it.
var shared struct {
	sync.Mutex
	cluster *Cluster
	err     error
}

var databases atomic.Int64

// disable names a variable. Its value "off" skips every test on PostgreSQL: for
// the quick loop of a developer, never in CI.
const disable = "EXTRATO_TEST_POSTGRESQL"

// New returns the postgres:// URL of a new, empty UTF-8 database. It is
// dropped when t ends, in spite of open connections. All databases of a test
// process are on one cluster. Without PostgreSQL on the machine t is skipped,
// or fails where CI=true.
func New(t testing.TB) string {
	t.Helper()
	c, err := sharedCluster()
	if err != nil {
		giveUp(t, err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	// template0, because nobody can be connected to it and make CREATE fail.
	if err := c.exec("CREATE DATABASE " + name + " TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return c.url(name)
}

// Start returns a running cluster of t's own, for tests of stopping and
// starting a server. It is removed when t ends. Without PostgreSQL it does as
// New.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c, err := launch()
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(func() {
		if err := c.remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Main runs a package's tests, stops their shared cluster, and exits:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// A package without it leaves nothing behind either; the sweeper removes the
// cluster a moment after its process has ended.
func Main(m *testing.M) {
	code := m.Run()
	if err := removeShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Load runs a file of SQL, such as a plain pg_dump, against the database at
// url with psql, and fails t at the first error in it.
func Load(t testing.TB, url, sqlFile string) {
	t.Helper()
	bin, err := findBinaries()
	if err != nil {
		giveUp(t, err)
	}
	sql, err := os.ReadFile(sqlFile)
	if err != nil {
		t.Fatal(err)
	}
	// -X: the developer's ~/.psqlrc must not decide about a test.
	psql := exec.CommandContext(t.Context(), bin+"/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url)
	psql.Stdin = strings.NewReader(restrictLine.ReplaceAllString(string(sql), ""))
	if out, err := psql.CombinedOutput(); err != nil {
		t.Fatalf("load %s: %v\n%s", sqlFile, err, out)
	}
}

// restrictLine matches a line of pg_dump since August 2025; an older psql
// refuses it. No row of data looks like this: COPY would double the backslash.
var restrictLine = regexp.MustCompile(`(?m)^\\(un)?restrict [0-9A-Za-z]+\n`)

func sharedCluster() (*Cluster, error) {
	if os.Getenv(disable) == "off" {
		return nil, fmt.Errorf("%w: %s=off", errMissing, disable)
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = launch()
	}
	return shared.cluster, shared.err
}

func removeShared() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		return nil
	}
	return shared.cluster.remove()
}

// giveUp ends t: a machine without PostgreSQL may go without these tests,
// and CI and a PostgreSQL that does not start may not.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, errMissing) || os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	complain.Do(func() { fmt.Fprintf(os.Stderr, "\n*** TESTS ARE SKIPPED: %v ***\n\n", err) })
	t.Skip(err)
}

var complain sync.Once

// exec runs one statement as superuser.
func (c *Cluster) exec(sql string) error {
	// Not the test's context: it has ended when its cleanups run.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // its only statement was answered
	_, err = conn.Exec(ctx, sql)
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Cluster is a private PostgreSQL server, reachable over TCP on 127.0.0.1
// alone. It runs with PostgreSQL's own defaults, fsync and synchronous_commit
// among them, but for less memory and 200 connections. Every local user is
// trusted. Its methods are for one goroutine at a time.
type Cluster struct {
	bin      string // the folder of PostgreSQL's programs
	dir      string
	port     string
	account  *account
	settings []string
	server   *exec.Cmd
	ended    chan struct{} // closed when server has ended
	sweeper  *sweeper
}

// URL returns the URL of the cluster's database "postgres", empty in a new
// cluster. It stays the same when the cluster is stopped and started.
func (c *Cluster) URL() string { return c.url("postgres") }

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%s/%s?sslmode=disable", c.port, database)
}

// Stop shuts the server down as an administrator would, closing all
// connections, and returns when it has ended. A stopped server stays stopped.
func (c *Cluster) Stop(t testing.TB) {
	t.Helper()
	if err := c.stop(); err != nil {
		t.Fatal(err)
	}
}

// Start starts a stopped server on its old port with its data, and returns
// when it takes connections.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server and all its processes with SIGKILL, and returns when they
// are gone. Start starts it again, with all that it had acknowledged.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	children := childrenOf(c.server.Process.Pid)
	if err := c.server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-c.ended
	for _, pid := range children {
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill() // it may have ended by itself
		}
	}
	for deadline := time.Now().Add(time.Minute); slices.ContainsFunc(children, runs); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("processes of a killed PostgreSQL live on")
		}
	}
}

// launch makes a new cluster and starts it with these settings (name=value)
// besides its own. Its error is errMissing if this machine has no PostgreSQL.
func launch(settings ...string) (*Cluster, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, settings: settings}
	if c.account, err = serverAccount(); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "extrato-pgtest-"); err != nil {
		return nil, err
	}
	if c.sweeper, err = startSweeper(c.dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := c.create(); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// create fills the cluster's folder and starts the server on a free port.
func (c *Cluster) create() error {
	if err := c.account.own(c.dir); err != nil {
		return err
	}
	err := c.initdb()
	if err != nil {
		return err
	}
	for range 5 {
		if c.port, err = FreePort(); err != nil {
			return err
		}
		// Another process may have taken the port in the meantime.
		if err = c.start(); err == nil {
			return nil
		}
	}
	return err
}

func (c *Cluster) initdb() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	runtime.LockOSThread() // as in run
	defer runtime.UnlockOSThread()
	// --no-sync concerns initdb's writes, not the server's.
	cmd := c.command(ctx, "initdb", "-D", c.data(), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", c.dir, err, out)
	}
	return nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// command returns a program of PostgreSQL's, to run as the cluster's owner.
func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir // the owner may not be able to read the test's folder
	cmd.SysProcAttr = processOf(c.account)
	return cmd
}

func (c *Cluster) start() error {
	log, err := os.Create(c.logFile())
	if err != nil {
		return err
	}
	defer log.Close() // the server has its own handle
	args := []string{"-D", c.data(), "-p", c.port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "shared_buffers=32MB", "-c", "max_connections=200"}
	for _, setting := range c.settings {
		args = append(args, "-c", setting) // of two for the same name, the last counts
	}
	c.server = c.command(context.Background(), "postgres", args...)
	c.server.Stdout, c.server.Stderr = log, log
	if c.ended, err = run(c.server); err != nil {
		return err
	}
	return c.awaitReady()
}

// run starts cmd; the channel it returns is closed when cmd has ended.
func run(cmd *exec.Cmd) (chan struct{}, error) {
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The kernel notifies a child of the death of its forking thread, not of
		// the process: the thread has to live as long as the child.
		runtime.LockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	return ended, <-started
}

func (c *Cluster) awaitReady() error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		select {
		case <-c.ended:
			return fmt.Errorf("PostgreSQL did not start: %s", c.logged())
		case <-time.After(10 * time.Millisecond):
		}
		if c.ready() {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("PostgreSQL was not ready after a minute: %s", c.logged()), c.stop())
}

// ready reads the server's own file: a connection to the port could reach the
// server of another process.
func (c *Cluster) ready() bool {
	pid, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	lines := strings.Split(string(pid), "\n")
	return err == nil && len(lines) > 7 &&
		lines[0] == strconv.Itoa(c.server.Process.Pid) && strings.TrimSpace(lines[7]) == "ready"
}

func (c *Cluster) stop() error {
	if c.server == nil || c.server.Process == nil {
		return nil // it never started
	}
	// An error means it has ended already; the wait below finds out too.
	_ = c.server.Process.Signal(os.Interrupt)
	select {
	case <-c.ended:
		return nil
	case <-time.After(time.Minute):
		_ = c.server.Process.Kill()
		return fmt.Errorf("PostgreSQL did not stop within a minute: %s", c.logged())
	}
}

// remove stops the server and deletes the folder.
func (c *Cluster) remove() error { return errors.Join(c.stop(), c.sweeper.sweep()) }

func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

func (c *Cluster) logged() string {
	log, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(log)
}

// FreePort returns a free port on loopback.
func FreePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

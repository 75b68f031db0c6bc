// Package s3test starts a real S3 server for tests: versitygw on a free
// loopback port, with versions, object lock and users.
//
//	s := s3test.Start(t)                  // credentials are in the environment now
//	name := s.NewBucket(t)                // with versions and object lock
//	setting := s.Setting(name, "studio")  // an entry of EXTRATO_BACKUPS_COPY
//	front := s3test.Proxy(t, s)           // faults of the network, see proxy.go
//
// Where versitygw is missing, the test is skipped with a loud line, and fails
// under CI=true; `make versitygw` builds it.
package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/build"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// The administrator's credentials of every server.
const (
	AccessKey = "extrato-test"
	SecretKey = "extrato-test-secret"
)

// Server is a running versitygw.
type Server struct {
	Endpoint string // http://127.0.0.1:PORT, the same after Stop and Run
	Data     string // the folder of the buckets: object a/b of bucket c is the file c/a/b
	dir      string
	program  string
	address  string
	process  *os.Process
	ended    chan struct{}
	output   *locked
	made     int
}

// Start starts a server for the length of the test and puts the
// administrator's credentials into the environment of this process.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartIn(t, t.TempDir())
}

// StartIn is Start with the server's files in dir, such as a small disk.
func StartIn(t testing.TB, dir string) *Server {
	t.Helper()
	program, err := find()
	if err != nil {
		lacks(t, err.Error())
	}
	s, err := Launch(program, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	for _, v := range s.Env() {
		t.Setenv(v[0], v[1])
	}
	return s
}

// Env returns the variables for a process that talks to this server, each with
// its name and value; no other credentials of this machine are read.
func (s *Server) Env() [][2]string { return environment(AccessKey, SecretKey) }

func environment(access, secret string) [][2]string {
	return [][2]string{
		{"AWS_ACCESS_KEY_ID", access}, {"AWS_SECRET_ACCESS_KEY", secret}, {"AWS_SESSION_TOKEN", ""}, {"AWS_PROFILE", ""},
		{"AWS_REGION", ""}, {"AWS_DEFAULT_REGION", ""}, {"AWS_ENDPOINT_URL", ""}, {"AWS_ENDPOINT_URL_S3", ""},
		{"AWS_CONFIG_FILE", os.DevNull}, {"AWS_SHARED_CREDENTIALS_FILE", os.DevNull}, {"AWS_EC2_METADATA_DISABLED", "true"},
	}
}

// find returns versitygw where `make versitygw` puts it, or in PATH.
func find() (string, error) {
	for _, dir := range filepath.SplitList(build.Default.GOPATH) {
		program := filepath.Join(dir, "bin", "versitygw")
		if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() {
			return program, nil
		}
	}
	if program, err := exec.LookPath("versitygw"); err == nil {
		return program, nil
	}
	return "", errors.New("no S3 server: versitygw is neither in GOPATH/bin nor in PATH; make versitygw builds it")
}

// lacks skips a test that this machine cannot run, and fails it in CI.
func lacks(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	fmt.Fprintf(os.Stderr, "\n*** %s IS SKIPPED: %s ***\n\n", t.Name(), what)
	t.Skip(what)
}

// Launch starts a server with its files in dir and returns when it answers.
// program is the path of versitygw. Who calls it must Stop it.
func Launch(program, dir string) (*Server, error) {
	s := &Server{program: program, dir: dir, Data: filepath.Join(dir, "data"), output: &locked{}}
	for _, folder := range []string{s.Data, s.folder("versions"), s.folder("users")} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return nil, err
		}
	}
	var err error
	for range 5 { // the free port may be taken by others before the server has it
		if s.address, err = freeAddress(); err != nil {
			return nil, err
		}
		s.Endpoint = "http://" + s.address
		if err = s.Run(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func (s *Server) folder(name string) string { return filepath.Join(s.dir, name) }

func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Run starts the server at its address, again after Stop, and returns when it
// answers.
func (s *Server) Run() error {
	cmd := exec.Command(s.program, //nolint:gosec,noctx // found by find, ended by Stop
		"--port", s.address, "--quiet", "--health", "/health", "--keep-alive",
		"--iam-dir", s.folder("users"), "--iam-cache-disable", "posix", "--versioning-dir", s.folder("versions"), s.Data)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+AccessKey, "ROOT_SECRET_ACCESS_KEY="+SecretKey)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	dieWithParent(cmd)
	started := make(chan error)
	s.ended = make(chan struct{})
	go func() {
		// The kernel sends the death signal when the thread ends, not the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(s.ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process = cmd.Process
	return s.awaitReady()
}

func (s *Server) awaitReady() error {
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for range 600 {
		select {
		case <-s.ended:
			return fmt.Errorf("versitygw ended: %s", s.output)
		case <-time.After(100 * time.Millisecond):
		}
		ask, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.Endpoint+"/health", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(ask)
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
	}
	s.Stop()
	return fmt.Errorf("versitygw does not get ready: %s", s.output)
}

// Stop kills the server and waits for its end. Its files stay.
func (s *Server) Stop() {
	if s.process != nil {
		_ = s.process.Kill()
		<-s.ended
	}
}

// Setting returns an entry of EXTRATO_BACKUPS_COPY.
func (s *Server) Setting(bucket, prefix string) string {
	return fmt.Sprintf("s3://%s/%s?endpoint=%s&region=us-east-1", bucket, prefix, s.Endpoint)
}

// locked is a buffer for several goroutines.
type locked struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

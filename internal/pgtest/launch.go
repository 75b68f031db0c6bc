package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrMissing says that this machine has no PostgreSQL.
var ErrMissing = errMissing

// Launch starts a cluster for a program that measures instead of testing, with
// all of PostgreSQL's own defaults. It fails with ErrMissing. Whoever calls it
// calls Remove.
func Launch() (*Cluster, error) { return launch("shared_buffers=128MB", "max_connections=100") }

// Remove stops the server and deletes what it held.
func (c *Cluster) Remove() error { return c.remove() }

// Database returns the URL of one of the cluster's databases.
func (c *Cluster) Database(name string) string { return c.url(name) }

// CPU returns how many ticks of 10 ms the server's connections that have ended
// took of the processors. It fails where the system is not Linux.
func (c *Cluster) CPU() (ticks int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.server.Process.Pid))
	if err != nil {
		return 0, err
	}
	// See proc_pid_stat(5): after the name, the 14th and 15th field are those
	// of the children that it waited for, in user and in system mode.
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	if len(fields) < 15 {
		return 0, fmt.Errorf("the system describes PostgreSQL in %d fields", len(fields))
	}
	for _, field := range fields[13:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks, nil
}

// Program returns the path of one of the programs that came with this
// PostgreSQL, such as psql.
func (c *Cluster) Program(name string) string { return filepath.Join(c.bin, name) }

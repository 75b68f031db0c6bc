package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrMissing means this machine has no PostgreSQL.
var ErrMissing = errMissing

// Launch starts a cluster for measurements, with all of PostgreSQL's own
// defaults. It fails with ErrMissing. The caller calls Remove.
func Launch() (*Cluster, error) { return launch("shared_buffers=128MB", "max_connections=100") }

// Remove stops the server and deletes its data.
func (c *Cluster) Remove() error { return c.remove() }

// Database returns the URL of one of the cluster's databases.
func (c *Cluster) Database(name string) string { return c.url(name) }

// CPU returns the CPU time of the server's closed connections, in ticks of
// 10 ms. It fails on systems other than Linux.
func (c *Cluster) CPU() (ticks int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.server.Process.Pid))
	if err != nil {
		return 0, err
	}
	// See proc_pid_stat(5): after the name, the 14th and 15th field are those
	// of its waited-for children, in user and in system mode.
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

// Program returns the path of one of PostgreSQL's programs, such as psql.
func (c *Cluster) Program(name string) string { return filepath.Join(c.bin, name) }

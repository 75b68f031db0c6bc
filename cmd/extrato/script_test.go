package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for the scripts' sql
	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver "sqlite", for the scripts' sql

	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"extrato": main})
}

// TestScripts runs the program as people do: each file in testdata/script is a
// session at a shell. Beside testscript's own, the commands are:
//
//	exits CODE COMMAND…   runs it and insists on the exit code, and on an error line if it is not 0
//	sql DATABASE QUERY    runs SQL beside the program; prints what a SELECT returns
//	load DATABASE FILE    runs a file of SQL
//	shape FILE            compares the form of the JSON on stdout: every key and its type
//	snapshot DIR…         remembers the bytes of every file
//	unchanged DIR…        insists that they are as they were
//	corrupt FILE          changes one byte in the middle
//	postgres VAR          puts the URL of a new, empty PostgreSQL database into VAR
//	tmpfs DIR SIZE        mounts a small disk
//	fill DIR              fills that disk
//	agekey FILE VAR       makes a key of age's, and puts its recipient into VAR
//	offline CODE COMMAND… is exits without a network
//
// THIS, LAST and BEFORE are the running month and the two before it.
func TestScripts(t *testing.T) {
	deadline, _ := t.Deadline()
	testscript.RunT(watched{t}, testscript.Params{
		Deadline: deadline,
		Dir:      "testdata/script", Condition: condition, RequireUniqueNames: true, RequireExplicitExec: true, Setup: setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "sql": runSQL, "load": loadSQL, "shape": shape, "snapshot": snapshot, "unchanged": unchanged,
			"corrupt": corrupt, "postgres": postgres(t), "tmpfs": tmpfs, "fill": fill, "agekey": ageKey, "offline": offline(t),
		},
	})
}

// watched is a test whose programs' stderr may hold nothing that no log may.
type watched struct{ *testing.T }

// Run, Verbose and Log are what testscript asks for. It logs all that a
// program says, if its test is verbose.
func (w watched) Run(name string, f func(testscript.T)) {
	w.T.Run(name, func(t *testing.T) { f(watched{t}) })
}

func (watched) Verbose() bool { return true }

func (w watched) Log(args ...any) {
	text := fmt.Sprint(args...)
	looking := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "[stderr]"):
			looking = true
		case strings.HasPrefix(line, "[stdout]") || strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "# "):
			looking = false
		case looking:
			logtest.Check(w.T, "stderr of a program", []byte(line))
		}
	}
	if testing.Verbose() || w.Failed() {
		w.T.Log(text)
	}
}

func setUp(env *testscript.Env) error {
	running := books.MonthOf(time.Now().In(storetest.Zone))
	env.Setenv("THIS", running.String())
	env.Setenv("LAST", running.Add(-1).String())
	env.Setenv("BEFORE", running.Add(-2).String())
	env.Setenv("NOW", time.Now().UTC().Format("2006-01-02 15:04:05.000000"))
	env.Values["snapshots"] = map[string]map[string]string{}
	text, err := os.ReadFile("testdata/studio.sql")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(env.WorkDir, "studio.sql"), text, 0o600)
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	stderr := ts.ReadFile("stderr")
	if code != want {
		ts.Fatalf("%q exits with %d, want %d", args[1:], code, want)
	}
	if strings.Contains(stderr, "goroutine ") || strings.Contains(stderr, "panic") {
		ts.Fatalf("%q tells of its insides", args[1:])
	}
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	told := slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "extrato: ") })
	if told != (code != 0) {
		ts.Fatalf("%q exits with %d and says %q", args[1:], code, stderr)
	}
	if code == 0 || len(lines) > 2 {
		if stderr != "" && !strings.Contains(stderr, `"level":"WARN"`) {
			ts.Fatalf("%q is not quiet: %q", args[1:], stderr)
		}
	}
}

func open(ts *testscript.TestScript, database string) *sql.DB {
	driver, dsn := "sqlite", "file:"+ts.MkAbs(database)+"?_pragma=busy_timeout(5000)"
	if strings.HasPrefix(database, "postgres") {
		driver, dsn = "pgx", database
	}
	db, err := sql.Open(driver, dsn)
	ts.Check(err)
	return db
}

func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql DATABASE QUERY")
	}
	db := open(ts, args[0])
	defer db.Close()
	if !strings.HasPrefix(args[1], "SELECT") {
		_, err := db.Exec(args[1])
		ts.Check(err)
		return
	}
	rows, err := db.Query(args[1])
	ts.Check(err)
	defer rows.Close()
	columns, err := rows.Columns()
	ts.Check(err)
	for rows.Next() {
		values, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
		texts := make([]string, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		ts.Check(rows.Scan(dest...))
		for i := range values {
			texts[i] = values[i].String
		}
		_, _ = fmt.Fprintln(ts.Stdout(), strings.Join(texts, "|"))
	}
	ts.Check(rows.Err())
}

func loadSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: load DATABASE FILE")
	}
	db := open(ts, args[0])
	defer db.Close()
	_, err := db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

func shape(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shape FILE")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		ts.Fatalf("stdout is no JSON: %v", err)
	}
	if decoder.More() {
		ts.Fatalf("stdout has more than one JSON document")
	}
	var have []string
	forms("", document, &have)
	slices.Sort(have)
	have = slices.Compact(have)
	want := strings.Fields(ts.ReadFile(args[0]))
	slices.Sort(want)
	if !slices.Equal(have, want) {
		ts.Fatalf("the document has\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// forms lists the paths of a document with the type of what is there.
func forms(path string, value any, all *[]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			forms(strings.TrimPrefix(path+"."+key, "."), inner, all)
		}
	case []any:
		if len(v) == 0 {
			*all = append(*all, path+"=none")
		}
		for _, inner := range v {
			forms(path+"[]", inner, all)
		}
	case string:
		*all = append(*all, path+"=string")
	case json.Number:
		*all = append(*all, path+"=number")
	case bool:
		*all = append(*all, path+"=bool")
	case nil:
		*all = append(*all, path+"=null")
	}
}

// bytesIn returns the hash of every file below a folder. What SQLite's readers
// note for each other is left out.
func bytesIn(ts *testscript.TestScript, dir string) map[string]string {
	found := map[string]string{}
	ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, "-shm") {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	}))
	return found
}

func snapshot(ts *testscript.TestScript, _ bool, args []string) {
	for _, dir := range args {
		ts.Value("snapshots").(map[string]map[string]string)[dir] = bytesIn(ts, dir)
	}
}

func unchanged(ts *testscript.TestScript, _ bool, args []string) {
	for _, dir := range args {
		before, ok := ts.Value("snapshots").(map[string]map[string]string)[dir]
		if !ok {
			ts.Fatalf("there is no snapshot of %s", dir)
		}
		after := bytesIn(ts, dir)
		for path := range after {
			if before[path] != after[path] {
				ts.Fatalf("%s has changed or is new", path)
			}
		}
		if len(after) != len(before) {
			ts.Fatalf("files are gone from %s: %v, now %v", dir, before, after)
		}
	}
}

func corrupt(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	text[len(text)/2] ^= 1
	ts.Check(os.WriteFile(path, text, 0o600))
}

func postgres(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Setenv(args[0], pgtest.New(t))
	}
}

func ageKey(ts *testscript.TestScript, _ bool, args []string) {
	key, err := age.GenerateX25519Identity()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(key.String()+"\n"), 0o600))
	ts.Setenv(args[1], key.Recipient().String())
}

// canMount tries once whether small disks can be mounted, which takes root.
var canMount = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "extrato-disk-")
	if err == nil {
		defer os.Remove(dir)
		err = mount(dir, "64k")
		_ = exec.Command("umount", "-l", dir).Run()
	}
	if err != nil && os.Getenv("CI") != "true" {
		fmt.Fprintf(os.Stderr, "\n*** TESTS ARE SKIPPED: no small disk can be mounted: %v ***\n\n", err)
		return false
	}
	return true // in CI the script itself has to fail
})

func condition(name string) (bool, error) {
	if name == "disk" {
		return canMount(), nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

func mount(dir, size string) error {
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	return nil
}

func tmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(mount(dir, args[1]))
	ts.Defer(func() { _ = exec.Command("umount", "-l", dir).Run() })
}

func fill(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(filepath.Join(ts.MkAbs(args[0]), "filler"))
	ts.Check(err)
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
}

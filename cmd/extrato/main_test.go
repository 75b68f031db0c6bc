package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// answer runs the program in this process.
func answer(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	code = run(t.Context(), args, &out, &problems)
	logtest.Check(t, "stderr", problems.Bytes())
	return code, out.String(), problems.String()
}

// fullDisk is a standard output that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutput_that_could_not_be_written_is_no_success(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, problems := answer(t, "migrate"); code != 0 {
		t.Fatal(problems)
	}
	for _, command := range []string{"version", "months", "months --json", "doctor", "audit show", "audit verify", "backup list", "help close --json", "close", "help", "close --help", "--version"} {
		if command == "doctor" {
			t.Setenv("JWT_SECRET_KEY", strings.Repeat("k", 32))
		}
		var problems bytes.Buffer
		code := run(t.Context(), strings.Fields(command), fullDisk{}, &problems)
		wantsText := command != "audit show" // the chain is empty, so it says nothing
		if (code == 1) != wantsText || strings.Contains(problems.String(), syscall.ENOSPC.Error()) != wantsText {
			t.Errorf("%s exits with %d and says %q", command, code, problems.String())
		}
	}
}

// broken is a standard output that makes the program panic once.
type broken struct{ times int }

func (b *broken) Write(p []byte) (int, error) {
	if b.times++; b.times == 1 {
		panic("as if a pointer were nil")
	}
	return len(p), nil
}

func TestA_fault_in_the_program_is_no_success(t *testing.T) {
	for _, command := range []string{"version", "version --json", "help"} {
		var problems bytes.Buffer
		code := run(t.Context(), strings.Fields(command), &broken{}, &problems)
		if code != 1 || !strings.Contains(problems.String(), "fault in the program: as if a pointer were nil") || !strings.Contains(problems.String(), "main_test.go") {
			t.Errorf("%s exits with %d and says %q", command, code, problems.String())
		}
	}
}

// gone is a standard output that nobody reads any more.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestOutput_that_nobody_reads_is_no_failure_and_hides_none(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, problems := answer(t, "migrate"); code != 0 {
		t.Fatal(problems)
	}
	for command, want := range map[string]int{"version": 0, "months": 0, "months --json": 0, "audit verify": 0, "backup list": 0, "help close --json": 0, "close": 0, "help": 0,
		"--help": 0, "close --help": 0, "backup --help": 0, "--version": 0, "close --hlep": 2,
		"statement 2025-10": 2, "statement 2025-10 --json": 2, "close 2999-01": 2, "close 2100-01 --json": 3} {
		var problems bytes.Buffer
		code := run(t.Context(), strings.Fields(command), gone{}, &problems)
		if code != want || (problems.Len() > 0) != (want > 0) || strings.Contains(problems.String(), "pipe") {
			t.Errorf("%s exits with %d and says %q, want %d", command, code, problems.String(), want)
		}
	}
}

func TestDemo_twice_at_once_makes_one_studio(t *testing.T) {
	t.Chdir(t.TempDir())
	type end struct {
		code          int
		out, problems string
	}
	ends := make(chan end)
	for range 2 {
		go func() {
			var out, problems bytes.Buffer
			code := run(t.Context(), []string{"demo", "--no-serve"}, &out, &problems)
			ends <- end{code, out.String(), problems.String()}
		}()
	}
	for range 2 {
		if e := <-ends; e.code != 0 || !strings.Contains(e.out, "13 entries in the chain") {
			t.Errorf("exit %d, %s\n%s", e.code, e.problems, e.out)
		}
	}
	if code, _, problems := answer(t, "demo", "--no-serve"); code != 0 {
		t.Errorf("a third exits with %d: %s", code, problems)
	}
}

func TestVersion_is_told_to_who_asks_with_a_flag(t *testing.T) {
	for _, rest := range [][]string{nil, {"--json"}} {
		_, want, _ := answer(t, append([]string{"version"}, rest...)...)
		code, out, problems := answer(t, append([]string{"--version"}, rest...)...)
		if code != 0 || out != want || !strings.Contains(out, programVersion()) || problems != "" {
			t.Errorf("exit %d, %q, %q; version says %q", code, out, problems, want)
		}
	}
}

func TestHelp_is_one_JSON_document_where_that_is_asked(t *testing.T) {
	code, out, problems := answer(t, "help", "backup", "verify", "--json")
	var document struct{ Help string }
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != 0 || problems != "" || !strings.Contains(document.Help, "extrato backup verify 2025-10") {
		t.Errorf("exit %d, %q, %q: %v", code, out, problems, err)
	}
}

func TestHelp_explains_every_command_and_flag_with_an_example(t *testing.T) {
	parser, err := newParser(new(cli), io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, leaf := range parser.Model.Leaves(true) {
		if leaf.Type != kong.CommandNode {
			continue
		}
		commands++
		name := strings.Fields(strings.TrimPrefix(leaf.FullPath(), "extrato "))
		code, help, problems := answer(t, append(name, "--help")...)
		if code != 0 || problems != "" || !strings.Contains(help, "Example") || !strings.Contains(help, "extrato "+strings.Join(name, " ")) {
			t.Errorf("extrato %s --help exits with %d and says %q, %q", name, code, help, problems)
		}
		if _, other, _ := answer(t, append([]string{"help"}, name...)...); other != help {
			t.Errorf("extrato help %s says %q, with --help it says %q", name, other, help)
		}
		for _, group := range leaf.AllFlags(true) {
			for _, flag := range group {
				if flag.Help == "" || !strings.Contains(help, "--"+flag.Name) {
					t.Errorf("%s does not explain --%s", name, flag.Name)
				}
			}
		}
	}
	if commands < 15 {
		t.Errorf("%d commands were looked at, want all", commands)
	}
}

func TestReport_turns_every_kind_into_its_exit_code(t *testing.T) {
	for kind, want := range map[books.ErrorKind]int{
		books.Internal: 1, books.Conflict: 1, books.Invalid: 2, books.NotFound: 2,
		books.Refused: 3, books.Unauthorized: 3, books.Forbidden: 3, books.Integrity: 4,
	} {
		var out, problems bytes.Buffer
		err := fmt.Errorf("close: %w", &books.Error{Kind: kind, Code: "some_code", Message: "it\nfailed", Hint: "try"})
		if code := report(&out, &problems, true, withRun{err, "c0ffee"}); code != want {
			t.Errorf("%s exits with %d, want %d", kind, code, want)
		}
		if want := "extrato: close: it failed\nhint: try\n"; problems.String() != want {
			t.Errorf("%s says %q, want %q", kind, problems.String(), want)
		}
		var document failure
		if err := json.Unmarshal(out.Bytes(), &document); err != nil || document.Error.Kind != kind || document.Error.Code != "some_code" ||
			document.Error.Hint != "try" || document.CorrelationID != "c0ffee" {
			t.Errorf("%s is told as %s", kind, out.String())
		}
	}
	if code := report(io.Discard, io.Discard, true, errors.New("unknown")); code != 1 {
		t.Errorf("an error without a kind exits with %d, want 1", code)
	}
}

// TestInterrupt_leaves_the_month_whole presses Ctrl-C at random moments of a
// close that takes a while.
func TestInterrupt_leaves_the_month_whole(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("DATABASE_URL", "sqlite:///extrato.db")
	t.Setenv("EXTRATO_BACKUPS", "backups")
	const rows, tries = 2000, 8
	makeBusyMonth(t, rows)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	start := time.Now()
	if out, err := exec.Command("extrato", "close", "2025-10").CombinedOutput(); err != nil {
		t.Fatalf("close: %v\n%s", err, out)
	}
	whole := time.Since(start)
	interrupted := 0
	for range tries {
		if code, _, problems := answer(t, "reopen", "2025-10", "--reason", "test"); code != 0 {
			t.Fatal(problems)
		}
		var problems bytes.Buffer
		process := exec.Command("extrato", "close", "2025-10")
		process.Stderr = &problems
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(whole))))
		_ = process.Process.Signal(os.Interrupt)
		err := process.Wait()
		state, live := octoberIs(t)
		switch code := process.ProcessState.ExitCode(); {
		case err == nil && (state != "closed" || live != 0):
			t.Errorf("the close succeeded, and October is %s with %d live rows", state, live)
		case err == nil:
		case code == -1: // before the program listened to signals
			interrupted++
		default:
			interrupted++
			if code != 1 || !strings.HasPrefix(problems.String(), "extrato: interrupted\nhint: ") {
				t.Errorf("the interrupted close exits with %d and says %q", code, problems.String())
			}
		}
		if state == "closed" && live != 0 || state != "closed" && live != rows {
			t.Errorf("October is %s with %d live rows", state, live)
		}
		if state != "closed" {
			if code, _, problems := answer(t, "close", "2025-10"); code != 0 {
				t.Fatalf("closing again: %s", problems)
			}
		}
	}
	if code, out, problems := answer(t, "audit", "verify"); code != 0 {
		t.Errorf("the chain is broken: %s%s", out, problems)
	}
	t.Logf("%d of %d closes were interrupted; one takes %s", interrupted, tries, whole)
	left, err := filepath.Glob("backups/2025_10/.*")
	if err != nil || len(left) > tries {
		t.Errorf("%d unfinished files are left: %v", len(left), left)
	}
}

func makeBusyMonth(t *testing.T, rows int) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:///extrato.db", Zone: storetest.Zone, Now: time.Now}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := []books.Row{&books.Artist{ID: 1, Name: "Ana", Role: "artist"}}
	day, err := books.ParseDay("2025-10-03")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		all = append(all, &books.Payment{ID: books.ID(i + 1), Date: day, Amount: 450_00, Method: "Pix", ArtistID: 1, CreatedAt: books.At(day.In(storetest.Zone))})
	}
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertRows(t.Context(), all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func octoberIs(t *testing.T) (state string, live int64) {
	t.Helper()
	code, out, problems := answer(t, "months", "--json")
	var document struct {
		Months []struct {
			Month, State string
			Counts, Late books.Counts
		}
	}
	if err := json.Unmarshal([]byte(out), &document); code != 0 || err != nil || len(document.Months) == 0 {
		t.Fatalf("months: %d, %v, %s", code, err, problems)
	}
	october := document.Months[0]
	if october.State == "closed" || october.State == "late" {
		return "closed", october.Late.Total()
	}
	return october.State, october.Counts.Total()
}

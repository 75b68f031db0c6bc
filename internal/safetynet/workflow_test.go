package safetynet_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"extrato/internal/safetynet"
)

const (
	workflowFile = "../../.github/workflows/monthly_extrato_backup.yml"
	actionFile   = "../../.github/actions/safetynet/action.yml"
)

func TestWorkflows_pass_actionlint(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	project, err := actionlint.NewProjects().At(workflowFile)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(workflowFile), "*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	faults, err := linter.LintFiles(files, project)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

type step struct {
	Name, Run, Uses, If string
	With, Env           map[string]string
}

type workflow struct {
	On struct {
		Schedule []struct{ Cron string }
		Dispatch struct{ Inputs map[string]any } `yaml:"workflow_dispatch"`
	}
	Concurrency struct {
		Group  string
		Cancel bool `yaml:"cancel-in-progress"`
	}
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Steps       []step
	}
	Runs struct{ Steps []step }
}

func read(t *testing.T, file string) (w workflow) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, &w)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var expression = regexp.MustCompile(`\$\{\{\s*([\w.-]+)[^}]*\}\}`)

func fill(text string, values map[string]string) string {
	return expression.ReplaceAllStringFunc(text, func(e string) string { return values[expression.FindStringSubmatch(e)[1]] })
}

func TestWorkflow_gives_inputs_through_the_environment_only(t *testing.T) {
	w := read(t, workflowFile)
	steps := read(t, actionFile).Runs.Steps
	for _, job := range w.Jobs {
		steps = append(steps, job.Steps...)
	}
	for _, s := range steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q puts an expression into a script", s.Name)
		}
	}
}

func TestWorkflow_may_no_more_than_it_needs(t *testing.T) {
	w := read(t, workflowFile)
	if len(w.Permissions) != 0 {
		t.Errorf("the workflow as a whole may %v", w.Permissions)
	}
	want := map[string]map[string]string{
		"safetynet":     {"contents": "read", "issues": "write", "actions": "read", "id-token": "write"},
		"keep-schedule": {"contents": "read", "actions": "write"},
	}
	if len(w.Jobs) != len(want) {
		t.Errorf("there are %d jobs", len(w.Jobs))
	}
	for name, job := range w.Jobs {
		if !maps.Equal(job.Permissions, want[name]) {
			t.Errorf("job %s may %v, want %v", name, job.Permissions, want[name])
		}
		if job.Timeout == 0 || job.Timeout > 30 {
			t.Errorf("job %s may take %d minutes", name, job.Timeout)
		}
		for _, s := range job.Steps {
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
				t.Errorf("job %s leaves GitHub's token in the checkout", name)
			}
			if s.Uses != "" && !strings.HasPrefix(s.Uses, "actions/") && !strings.HasPrefix(s.Uses, "./") {
				t.Errorf("job %s runs the code of others: %s", name, s.Uses)
			}
			if name == "keep-schedule" && (s.Uses != "" && !strings.HasPrefix(s.Uses, "actions/") || s.Env["EXTRATO_API_TOKEN"] != "") {
				t.Errorf("the job that may write actions does more than that: %+v", s)
			}
		}
	}
}

func TestWorkflow_comes_on_days_2_to_7_and_keeps_what_failed_for_a_week(t *testing.T) {
	w := read(t, workflowFile)
	if len(w.On.Schedule) != 1 {
		t.Fatalf("it has the schedules %v", w.On.Schedule)
	}
	comesOnDays2To7(t, w.On.Schedule[0].Cron)
	for _, input := range []string{"month", "year", "force"} {
		if _, ok := w.On.Dispatch.Inputs[input]; !ok {
			t.Errorf("it cannot be run by hand with %s", input)
		}
	}
	if w.Concurrency.Group == "" || w.Concurrency.Cancel {
		t.Errorf("two runs may run at once, or one end another: %+v", w.Concurrency)
	}
	days := map[string]string{}
	for _, s := range w.Jobs["safetynet"].Steps {
		if strings.HasPrefix(s.Uses, "actions/upload-artifact@") {
			days[s.With["name"]] = s.With["retention-days"] + " " + s.If
			if s.With["overwrite"] != "true" {
				t.Errorf("a job that is run again cannot leave %s", s.With["name"])
			}
		}
	}
	if days["safetynet-failure"] != "7 failure()" || !strings.HasSuffix(days[safetynet.StateArtifact], " always()") {
		t.Errorf("it keeps %v", days)
	}
}

// run runs the run: steps of a job, and of the composite action where it is
// used, as the runner does.
func runSteps(t *testing.T, steps []step, values map[string]string, env []string, dir string) (string, error) {
	t.Helper()
	var said strings.Builder
	for _, s := range steps {
		if s.Uses == "./.github/actions/safetynet" {
			inputs := map[string]string{"inputs.github-token": "ghs_token_of_github"}
			for k, v := range s.With {
				inputs["inputs."+k] = fill(v, values)
			}
			out, err := runSteps(t, read(t, actionFile).Runs.Steps, inputs, env, dir)
			said.WriteString(out)
			if err != nil {
				return said.String(), err
			}
			continue
		}
		if s.Run == "" {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		cmd.Dir, cmd.Env = dir, append([]string{}, env...)
		for k, v := range s.Env {
			cmd.Env = append(cmd.Env, k+"="+fill(v, values))
		}
		out, err := cmd.CombinedOutput()
		said.Write(out)
		if err != nil {
			return said.String(), err
		}
	}
	return said.String(), nil
}

// goHere makes the folder of a go that builds in this checkout, whose packages
// are compiled already, wherever the steps stand.
func goHere(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := "#!/bin/sh\ncd '" + root + "' && exec '" + program + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWorkflow_runs_from_its_own_file runs the steps as they stand in the YAML.
// scripts/test_workflow_locally.sh runs it against a server of yours.
func TestWorkflow_runs_from_its_own_file(t *testing.T) {
	base, secret, own := os.Getenv("LOCAL_BASE_URL"), os.Getenv("LOCAL_TOKEN"), false
	var s *server
	if base == "" {
		s, own, secret = newServer(t), true, token
		base = s.URL
	}
	gh, dir, temp := newGitHub(t), t.TempDir(), t.TempDir()
	summary := filepath.Join(temp, "summary.md")
	env := append(os.Environ(), "PATH="+goHere(t)+":"+os.Getenv("PATH"), "RUNNER_TEMP="+temp, "GITHUB_API_URL="+gh.URL, "GITHUB_REPOSITORY=studio/books", "GITHUB_REF_NAME=main",
		"GITHUB_STEP_SUMMARY="+summary, "GITHUB_OUTPUT="+filepath.Join(temp, "output"), "EXTRATO_SAFETYNET_PAUSE=10ms",
		"GITHUB_WORKFLOW_REF=studio/books/.github/workflows/monthly_extrato_backup.yml@refs/heads/main", "EXTRATO_API_TOKEN=", "EXTRATO_API_BASE_URL=")
	values := map[string]string{"secrets.EXTRATO_API_BASE_URL": base, "secrets.EXTRATO_API_TOKEN": secret, "vars.TZ": "America/Sao_Paulo",
		"inputs.month": os.Getenv("LOCAL_MONTH"), "inputs.year": os.Getenv("LOCAL_YEAR"), "inputs.force": os.Getenv("LOCAL_FORCE"), "github.token": "ghs_token_of_github"}
	w := read(t, workflowFile)
	out, err := runSteps(t, w.Jobs["safetynet"].Steps, values, env, dir)
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the steps end with %v", err)
	}
	if out, err := runSteps(t, w.Jobs["keep-schedule"].Steps, values, env, dir); err != nil {
		t.Errorf("the schedule is not kept: %v\n%s", err, out)
	}
	for _, call := range gh.calls {
		t.Log("GitHub:", call)
	}
	text, err := os.ReadFile(summary)
	if err != nil || !strings.Contains(string(text), "## Extrato ") {
		t.Errorf("the summary is %q, %v", text, err)
	}
	if last := gh.calls[len(gh.calls)-1]; last != "PUT actions/workflows/monthly_extrato_backup.yml/enable " {
		t.Errorf("the last call is %s", last)
	}
	if own {
		failsWithTheCode(t, s, w.Jobs["safetynet"].Steps, values, env, dir, gh)
	}
}

func failsWithTheCode(t *testing.T, s *server, steps []step, values map[string]string, env []string, dir string, gh *github) {
	t.Helper()
	s.fault = answering(1, ever, 401, "{}")
	out, err := runSteps(t, steps, values, env, dir)
	if exit := (&exec.ExitError{}); err == nil || !asExit(err, &exit) || exit.ExitCode() != 3 || len(gh.issues) != 1 {
		t.Errorf("with a bad token the steps end with %v, %d issues\n%s", err, len(gh.issues), out)
	}
	for _, text := range append(gh.calls, out) {
		if strings.Contains(text, token) || strings.Contains(text, "ghs_token_of_github") {
			t.Errorf("a secret is in %s", text)
		}
	}
}

func asExit(err error, into **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError) //nolint:errorlint // exec returns it unwrapped
	*into = e
	return ok
}

func TestJob_comes_with_its_own_identity(t *testing.T) {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("audience") != "studio" || r.URL.Query().Get("v") != "2" || r.Header.Get("Authorization") != "Bearer runner" {
			w.WriteHeader(401)
			return
		}
		say(w, 200, map[string]any{"value": token})
	}))
	t.Cleanup(issuer.Close)
	s, n := newServer(t), newNet()
	n.who = jobIdentity(issuer.URL+"?v=2", "runner", n)
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 {
		t.Errorf("exit %d: %s", r.ExitCode, r.Summary())
	}
	n.who = jobIdentity(issuer.URL+"?v=2", "another", n)
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 1 || r.Error.Code != "no_identity" {
		t.Errorf("exit %d: %s", r.ExitCode, r.Summary())
	}
}

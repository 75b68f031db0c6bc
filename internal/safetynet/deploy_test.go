package safetynet_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

const deploy = "../../deploy/"

// comesOnDays2To7 fails the test unless a cron expression names days 2 to 7 of
// every month, once a day, at a minute that is neither full nor round.
func comesOnDays2To7(t *testing.T, expression string) {
	t.Helper()
	schedule, err := cron.ParseStandard(expression)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 31, 23, 59, 0, 0, time.UTC)
	for month := time.February; month <= time.April; month++ {
		for day := 2; day <= 7; day++ {
			at = schedule.Next(at)
			if at.Month() != month || at.Day() != day || at.Minute()%5 == 0 {
				t.Fatalf("%q comes at %s, want day %d of %s", expression, at, day, month)
			}
		}
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCron_line_comes_when_it_should_and_names_flags_that_there_are(t *testing.T) {
	for line := range strings.Lines(text(t, deploy+"safetynet.cron")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		comesOnDays2To7(t, strings.Join(fields[:5], " "))
		if fields[5] != "extrato" { // cron.d names the user
			t.Errorf("it runs as %s", fields[5])
		}
		if strings.Contains(line, "%") || !strings.HasSuffix(line, "\n") {
			t.Errorf("cron reads this otherwise: %q", line)
		}
		knowsFlags(t, strings.Join(fields[6:], " "))
		return
	}
	t.Error("there is no line")
}

var flagged = regexp.MustCompile(`--([a-z-]+)`)

// knowsFlags fails the test if a command line names a flag that safetynet does
// not have.
func knowsFlags(t *testing.T, command string) {
	t.Helper()
	if !strings.Contains(command, "safetynet --state ") {
		t.Errorf("no state is kept: %s", command)
	}
	source := text(t, "../../cmd/extrato/safetynet.go")
	for _, m := range flagged.FindAllStringSubmatch(command, -1) {
		field := "\n\t" + strings.ToUpper(m[1][:1]) + m[1][1:] + " "
		if !strings.Contains(source, field) {
			t.Errorf("safetynet has no --%s", m[1])
		}
	}
}

func TestSystemd_finds_nothing_wrong_with_the_units(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		fmt.Fprintln(os.Stderr, "\n*** SKIPPED: this machine has no systemd-analyze; the units are not checked ***")
		t.Skip(err)
	}
	dir := t.TempDir()
	units := []string{"safetynet.service", "safetynet.timer", "extrato.service"}
	for i, name := range units {
		unit := strings.ReplaceAll(text(t, deploy+name), "/usr/local/bin/extrato", "/bin/true") // a program that is there
		if err := os.WriteFile(filepath.Join(dir, name), []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
		units[i] = filepath.Join(dir, name)
	}
	verify := exec.CommandContext(t.Context(), analyze, append([]string{"verify", "--man=no"}, units...)...)
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	service, timer := text(t, deploy+"safetynet.service"), text(t, deploy+"safetynet.timer")
	for _, want := range []string{"Type=oneshot", "EnvironmentFile=", "DynamicUser=yes", "StateDirectory=extrato-safetynet", "TimeoutStartSec=30min"} {
		if !strings.Contains(service, want) {
			t.Errorf("the service has no %s", want)
		}
	}
	_, command, _ := strings.Cut(service, "ExecStart=")
	command, _, _ = strings.Cut(command, "\n")
	knowsFlags(t, command)
	_, when, _ := strings.Cut(timer, "OnCalendar=")
	when, _, _ = strings.Cut(when, "\n")
	if !strings.Contains(timer, "Persistent=true") {
		t.Error("a machine that was off does not make up for it")
	}
	out, err := exec.CommandContext(t.Context(), analyze, "calendar", "--iterations=12", "--base-time=2026-01-31 12:00:00", when).CombinedOutput()
	var days []string
	for _, m := range regexp.MustCompile(`\d{4}-(\d\d-\d\d) \d\d:37:00`).FindAllStringSubmatch(string(out), -1) {
		days = append(days, m[1])
	}
	if want := "[02-02 02-03 02-04 02-05 02-06 02-07 03-02 03-03 03-04 03-05 03-06 03-07]"; err != nil || !strings.HasPrefix(fmt.Sprint(unique(days)), strings.TrimSuffix(want, "]")) {
		t.Errorf("the timer comes on %v, %v\n%s", days, err, out)
	}
}

// What the unit's head recommends must be where the unit may write.
func TestUnit_of_the_server_may_write_where_it_says_that_things_are_kept(t *testing.T) {
	unit := text(t, deploy+"extrato.service")
	if strings.Contains(unit, "\nDocumentation=file:") {
		t.Error("it leads to a file that nobody installs")
	}
	values := map[string]string{}
	for line := range strings.Lines(unit) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			values[key] = value
		}
	}
	may := []string{"/var/lib/" + values["StateDirectory"], values["ReadWritePaths"]}
	found := regexp.MustCompile(`(?:EXTRATO_BACKUPS=|DATABASE_URL=sqlite:///|WorkingDirectory=)(/\S+)`).FindAllStringSubmatch(unit, -1)
	for _, m := range found {
		inside := func(dir string) bool { return dir != "" && (m[1] == dir || strings.HasPrefix(m[1], dir+"/")) }
		if values["ProtectSystem"] != "strict" || !inside(may[0]) && !inside(may[1]) {
			t.Errorf("%s is not writable: %q", m[1], may)
		}
	}
	if len(found) != 3 || values["DynamicUser"] != "" || values["User"] == "" || values["RequiresMountsFor"] != values["ReadWritePaths"] {
		t.Errorf("whose the folder of the backups is: %v", values)
	}
	head, _, _ := strings.Cut(unit, "[Unit]")
	for where, said := range map[string]string{"the unit's head": head, "operations.md": text(t, "../../docs/operations.md")} {
		for _, want := range append(may, values["EnvironmentFile"], values["User"]) {
			if !strings.Contains(said, want) {
				t.Errorf("%s does not say %s", where, want)
			}
		}
	}
}

// unique drops a day that systemd names twice, in UTC and in its own zone.
func unique(days []string) []string {
	var once []string
	for i, day := range days {
		if i == 0 || day != days[i-1] {
			once = append(once, day)
		}
	}
	return once
}

// The commands of cron and of systemd, as they stand, run by a user who may
// nothing, in folders that are made as the guide says.
func TestCommands_of_the_units_run_for_a_user_who_may_nothing(t *testing.T) {
	program := build(t)
	_, cron, _ := strings.Cut(text(t, deploy+"safetynet.cron"), "* * extrato ")
	_, unit, _ := strings.Cut(text(t, deploy+"safetynet.service"), "ExecStart=")
	unit, _, _ = strings.Cut(unit, "\n")
	for name, command := range map[string]string{"cron": cron, "systemd": unit} {
		s, box := newServer(t), t.TempDir()
		s.lock.Lock()
		s.closeMonth(last.String())
		s.lock.Unlock()
		settings := map[string]string{"EXTRATO_API_BASE_URL": s.URL, "EXTRATO_API_TOKEN": token, "EXTRATO_NOTIFY": "", "TZ": "America/Sao_Paulo"}
		env := []string{"HOME=/", "PATH=/usr/bin:/bin", "STATE_DIRECTORY=" + box}
		var file strings.Builder
		for k, v := range settings {
			fmt.Fprintf(&file, "%s=%s\n", k, v)
			if name == "systemd" { // it reads the file itself
				env = append(env, k+"="+v)
			}
		}
		if name == "cron" {
			if err := os.WriteFile(filepath.Join(box, ".env"), []byte(file.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.NewReplacer("/var/lib/extrato-safetynet", box, "/usr/local/bin/extrato", program).Replace(command))
		cmd.Dir, cmd.Env = "/", env
		asNobody(t, cmd, box, filepath.Dir(program))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "closed and proved") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		for _, left := range []string{"state.json", "out/result.json", "out/summary.md"} {
			if _, err := os.Stat(filepath.Join(box, left)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// asNobody lets root run a command as nobody, to whom box belongs.
func asNobody(t *testing.T, cmd *exec.Cmd, box, programs string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for _, dir := range []string{filepath.Dir(box), filepath.Dir(programs)} { // of this test alone, and closed
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	inside, _ := filepath.Glob(filepath.Join(box, ".env"))
	for _, name := range append(inside, box) {
		if err := os.Chown(name, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
}

// What the guide's recipes name is what the units use.
func TestGuide_names_the_files_and_users_of_the_units(t *testing.T) {
	portuguese, english, _ := strings.Cut(text(t, "../../docs/MONTHLY_EXTRATO_BACKUP_GUIDE.md"), "\n## English\n")
	var recipes []string
	for _, part := range []string{portuguese, english} {
		recipe := ""
		for line := range strings.Lines(part) {
			if strings.HasPrefix(line, "    ") {
				recipe += line
			}
		}
		recipes = append(recipes, recipe)
	}
	if recipes[0] != recipes[1] || strings.Count(recipes[0], "\n") != 18 || strings.Count(recipes[0], "    rm safetynet.env\n") != 3 {
		t.Errorf("the recipes are not six lines each, the last of which removes the secrets, the same in both languages:\n%s\n%s", recipes[0], recipes[1])
	}
	for _, file := range regexp.MustCompile(`deploy/[\w.-]+`).FindAllString(recipes[0], -1) {
		text(t, "../../"+file)
	}
	service, cron, job := text(t, deploy+"safetynet.service"), text(t, deploy+"safetynet.cron"), text(t, deploy+"safetynet-cronjob.yaml")
	for _, c := range []struct{ file, says, recipe string }{
		{service, "\nEnvironmentFile=/etc/extrato-safetynet.env\n", "safetynet.env /etc/extrato-safetynet.env\n"},
		{service, "\nExecStart=/usr/local/bin/extrato ", "-o /usr/local/bin/extrato ./cmd/extrato"},
		{cron, " extrato cd /var/lib/extrato-safetynet && /usr/local/bin/extrato ", "-o extrato -g extrato /var/lib/extrato-safetynet "},
		{job, "secretRef: {name: extrato-safetynet}", "secret generic extrato-safetynet "},
		{job, "image: extrato ", "s|image: extrato .*|image: "},
		{job, "kind: CronJob\nmetadata:\n  name: extrato-safetynet\n", "--from=cronjob/extrato-safetynet "},
	} {
		if !strings.Contains(c.file, c.says) || !strings.Contains(recipes[0], c.recipe) {
			t.Errorf("the unit says %q, the guide %q", c.says, c.recipe)
		}
	}
}

// A checkout is where people write them, and what Docker is given whole.
func TestFiles_with_secrets_come_into_no_commit_and_no_image(t *testing.T) {
	for file, lines := range map[string][]string{".gitignore": {".env", "*.env"}, ".dockerignore": {"**/.env", "**/*.env"}} {
		there := strings.Split(text(t, "../../"+file), "\n")
		for _, want := range lines {
			if !slices.Contains(there, want) {
				t.Errorf("%s does not name %s", file, want)
			}
		}
	}
}

func TestScript_makes_a_server_of_its_own_and_leaves_nothing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program twice")
	}
	temp, checkout := t.TempDir(), t.TempDir()
	// A checkout with a .env: a server that took it could not start.
	for name, content := range map[string]string{".env": "EXTRATO_NOTIFY=nonsense://x\nEXTRATO_HEARTBEAT_URL=http://127.0.0.1:1/x\n", "scripts/test_workflow_locally.sh": text(t, "../../scripts/test_workflow_locally.sh")} {
		file := filepath.Join(checkout, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	script := exec.CommandContext(t.Context(), filepath.Join(checkout, "scripts/test_workflow_locally.sh"))
	script.WaitDelay = time.Second // a server that is left behind must not keep us
	script.Env = append(os.Environ(), "PATH="+goHere(t)+":"+os.Getenv("PATH"), "TMPDIR="+temp, "EXTRATO_API_BASE_URL=", "EXTRATO_API_TOKEN=")
	out, err := script.CombinedOutput()
	said := string(out)
	if err != nil || !strings.Contains(said, "closed and proved") || !strings.Contains(said, "a demo studio is made") || !strings.Contains(said, "--- PASS: TestWorkflow_runs_from_its_own_file") {
		t.Errorf("%v\n%s", err, said)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*", "studio")); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	if out, err := exec.CommandContext(t.Context(), "pgrep", "-f", temp).CombinedOutput(); err == nil {
		t.Errorf("its server still runs: %s", out)
	}
}

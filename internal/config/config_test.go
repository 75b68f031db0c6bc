package config_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"extrato/internal/config"
)

// clean gives the test a folder without .env and an environment without ours.
func clean(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, v := range config.Variables {
		t.Setenv(v.Name, "")
	}
}

// unset removes a variable until the test ends.
func unset(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "")
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}

func dotenv(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(".env", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLoad_knows_the_defaults(t *testing.T) {
	clean(t)
	c, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.DatabaseURL != "sqlite:///data/extrato.db" || c.Backups != "data/backups" || c.Zone.String() != "America/Sao_Paulo" ||
		!c.RequireBackup || !c.MonthlyJob || c.Schedule != "0 2 1 * *" || c.CloseFrom != "" || c.LogLevel != "info" || c.LogFormat != "" {
		t.Errorf("the defaults are %+v", c)
	}
	for _, v := range config.Variables {
		if c.Values[v.Name].Source != "default" || v.Meaning == "" {
			t.Errorf("%s comes from %q and means %q", v.Name, c.Values[v.Name].Source, v.Meaning)
		}
	}
}

func TestLoad_takes_flags_before_the_environment_before_the_file_before_the_defaults(t *testing.T) {
	clean(t)
	want := func(value, source string, flags map[string]string) {
		t.Helper()
		c, err := config.Load(flags)
		if have := c.Values["EXTRATO_BACKUPS"]; err != nil || have.Text != value || have.Source != source || c.Backups != value {
			t.Errorf("read %+v and %q, %v, want %q from %s", have, c.Backups, err, value, source)
		}
	}
	want("data/backups", "default", nil)
	dotenv(t, "# backups\nexport EXTRATO_BACKUPS='from file'\n")
	want("from file", ".env", nil)
	dotenv(t, "\ufeffEXTRATO_BACKUPS=from Windows\r\n")
	want("from Windows", ".env", nil)
	dotenv(t, "# backups\nexport EXTRATO_BACKUPS='from file'\n")
	t.Setenv("EXTRATO_BACKUPS", "from environment")
	want("from environment", "environment", nil)
	want("from flag", "flag", map[string]string{"EXTRATO_BACKUPS": "from flag"})
}

func TestLoad_reads_switches_and_refuses_what_is_neither(t *testing.T) {
	clean(t)
	for text, want := range map[string]bool{
		"true": true, "TRUE": true, "1": true, "Yes": true, "on": true, "false": false, "0": false, "NO": false, "oFF": false,
	} {
		t.Setenv("EXTRATO_REQUIRE_BACKUP", text)
		t.Setenv("ENABLE_MONTHLY_EXTRATO_JOB", text)
		if c, err := config.Load(nil); err != nil || c.RequireBackup != want || c.MonthlyJob != want {
			t.Errorf("%q is read as %v and %v, %v", text, c.RequireBackup, c.MonthlyJob, err)
		}
	}
	for _, text := range []string{"maybe", "2", "sim", " true", "t"} {
		t.Setenv("EXTRATO_REQUIRE_BACKUP", text)
		c, err := config.Load(nil)
		if err == nil || !strings.Contains(err.Error(), "EXTRATO_REQUIRE_BACKUP") {
			t.Errorf("%q is taken: %v", text, err)
		}
		if !c.RequireBackup {
			t.Errorf("%q switches the guard off", text)
		}
	}
}

func TestLoad_refuses_what_it_cannot_understand_and_reads_the_rest(t *testing.T) {
	for name, texts := range map[string][]string{
		"TZ":         {"America/Sampa", "Local", ":", "../etc/passwd", "UTC+3x"},
		"LOG_LEVEL":  {"loud", "trace"},
		"LOG_FORMAT": {"xml", "text,json"},
	} {
		for _, text := range texts {
			clean(t)
			t.Setenv(name, text)
			t.Setenv("EXTRATO_BACKUPS", "elsewhere")
			c, err := config.Load(nil)
			if err == nil || !strings.HasPrefix(err.Error(), name+": ") || c.Problems[name] != err.Error() || len(c.Problems) != 1 {
				t.Errorf("%s=%q: %v, %v", name, text, err, c.Problems)
			}
			if c.Backups != "elsewhere" {
				t.Errorf("%s=%q hides the other settings", name, text)
			}
		}
	}
	clean(t)
	t.Setenv("TZ", ":Europe/Lisbon")
	if c, err := config.Load(nil); err != nil || c.Zone.String() != "Europe/Lisbon" {
		t.Errorf("POSIX's colon before a zone: %v, %v", c.Zone, err)
	}
}

func TestLoad_takes_a_comma_that_stands_in_a_URL_for_a_part_of_it(t *testing.T) {
	clean(t)
	for text, want := range map[string][]string{
		"": nil, " , ,": nil,
		"ntfy://ntfy.sh/a": {"ntfy://ntfy.sh/a"},
		"ntfy://a/b,generic+https://c/d , telegram://e@f":       {"ntfy://a/b", "generic+https://c/d", "telegram://e@f"},
		"smtp://u:p@h:587/?from=a@x.y&to=a@x.y,b@x.y":           {"smtp://u:p@h:587/?from=a@x.y&to=a@x.y,b@x.y"},
		"smtp://h/?from=a@x.y&to=a@x.y,b@x.y, ntfy://a/b,":      {"smtp://h/?from=a@x.y&to=a@x.y,b@x.y", "ntfy://a/b"},
		"telegram://e@telegram?chats=1,-2,@three,ntfy://a/b":    {"telegram://e@telegram?chats=1,-2,@three", "ntfy://a/b"},
		"ntfy://ntfy.sh/a,ntfy.sh/b":                            {"ntfy://ntfy.sh/a", "ntfy.sh/b"},
		"nonsense,ntfy://a/b":                                   {"nonsense", "ntfy://a/b"},
		"generic://h/x?template=json%2Cntfy://a,\n\tntfy://a/b": {"generic://h/x?template=json%2Cntfy://a", "ntfy://a/b"},
	} {
		t.Setenv("EXTRATO_NOTIFY", text)
		if c, err := config.Load(nil); err != nil || !slices.Equal(c.Notify, want) {
			t.Errorf("%q is read as %q, %v, want %q", text, c.Notify, err, want)
		}
	}
}

func TestLoad_refuses_a_heartbeat_that_cannot_be_sent_and_does_not_repeat_it(t *testing.T) {
	clean(t)
	for _, text := range []string{"", "https://hc-ping.com/uuid", "http://127.0.0.1:8000/ping/x", "HTTPS://monitor.example/"} {
		t.Setenv("EXTRATO_HEARTBEAT_URL", text)
		if c, err := config.Load(nil); err != nil || c.HeartbeatURL != text {
			t.Errorf("%q: %q, %v", text, c.HeartbeatURL, err)
		}
	}
	for _, text := range []string{"SECRET", "http://", "https:///SECRET", "ftp://h/SECRET", "//h/SECRET", "http://:80/SECRET", "https:SECRET", "http://h\n/SECRET", "://SECRET", "http://[SECRET"} {
		t.Setenv("EXTRATO_HEARTBEAT_URL", text)
		c, err := config.Load(nil)
		if err == nil || c.Problems["EXTRATO_HEARTBEAT_URL"] != err.Error() || !strings.HasPrefix(err.Error(), "EXTRATO_HEARTBEAT_URL is no URL") || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLoad_names_the_line_of_the_file_that_it_cannot_read(t *testing.T) {
	clean(t)
	for text, want := range map[string]string{
		"nonsense\n": "line 1 ", "A=1\n\n# x\nnonsense\nB=2\n": "line 4 ", "A=1\nB\nC=3\n": "line 2 ",
		"A='two\nlines'\nwhat is this\n": "line 3 ", "A=1\nB='open\nC=3\n": "line 2 ", "\ufeffA=1\r\nno-no no\r\n": "line 2 ",
	} {
		dotenv(t, text)
		if _, err := config.Load(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is told as %v, want %s", text, err, want)
		}
	}
}

func TestLoad_tells_nothing_of_a_file_that_it_cannot_read(t *testing.T) {
	clean(t)
	dotenv(t, "DATABASE_URL=postgres://ana:geheim@db/studio\nthis is no line-of=geheim\n")
	c, err := config.Load(nil)
	if err == nil || !strings.Contains(err.Error(), ".env") || strings.Contains(err.Error(), "geheim") || c.Problems[config.File] != err.Error() {
		t.Errorf("a broken file is told as %v", err)
	}
	clean(t)
	if err := os.Mkdir(".env", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(nil); err == nil || !strings.Contains(err.Error(), "the file .env cannot be read") {
		t.Errorf("a folder in its place is told as %v", err)
	}
}

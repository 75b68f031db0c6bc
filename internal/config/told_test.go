package config_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"extrato/internal/config"
)

var update = flag.Bool("update", false, "write the table in docs/settings.md anew")

// told are settings as people have them, and what they are told: "" is nothing.
var told = []struct{ name, text, says string }{
	{"TZ", "America/Sampa", "is no time zone; write a name such as America/Sao_Paulo"},
	{"TZ", "Local", "is no time zone"},
	{"TZ", "BRT+3", "is no time zone"},
	{"TZ", ":America/Sao_Paulo", ""},
	{"TZ", "UTC", ""},
	{"EXTRATO_REQUIRE_BACKUP", "sim", "is neither true (1, yes, on) nor false (0, no, off)"},
	{"EXTRATO_REQUIRE_BACKUP", "OFF", ""},
	{"EXTRATO_BACKUPS_REQUIRE", "everything", "is not one of local, all"},
	{"EXTRATO_BACKUPS_REQUIRE", "all", "all needs places; name them in EXTRATO_BACKUPS_COPY"},
	{"EXTRATO_BACKUPS_REQUIRE", "LOCAL", ""},
	{"ENABLE_MONTHLY_EXTRATO_JOB", "enabled", "is neither true (1, yes, on) nor false (0, no, off)"},
	{"JWT_SECRET_KEY", "secret", "has 6 characters; it needs at least 32"},
	{"LOG_LEVEL", "WARNING", ""},
	{"LOG_LEVEL", "verbose", "is not one of debug, info, warn, error"},
	{"LOG_FORMAT", "%(asctime)s %(message)s", "a format of Python's, which is not used here"},
	{"LOG_FORMAT", "xml", "is not one of text, json"},
	{"EXTRATO_HEARTBEAT_URL", "hc-ping.com/uuid", "is no URL that can be asked"},
	{"EXTRATO_HEARTBEAT_URL", "https://hc-ping.com/uuid", ""},
	{"EXTRATO_RATE_LIMIT", "10", "is no limit; write 10/m, 100/h or off"},
	{"EXTRATO_RATE_LIMIT", "0/m", "is no limit"},
	{"EXTRATO_RATE_LIMIT", "Off", ""},
	{"EXTRATO_TRUSTED_PROXIES", "10.0.0.0/8, ::1", ""},
	{"EXTRATO_TRUSTED_PROXIES", "proxy", "is neither an address nor a network such as 10.0.0.0/8"},
	{"EXTRATO_SAFETYNET_PAUSE", "5", "is no pause; write a time such as 5s"},
	{"EXTRATO_SAFETYNET_PAUSE", "10m", "1m at most"},
	{"PORT", "http", "is no port; write a number from 0 (any free one) to 65535"},
	{"PORT", "70000", "is no port"},
	{"PORT", "0080", ""},
}

func TestLoad_tells_people_what_is_wrong_with_what_they_have(t *testing.T) {
	doc := "# Settings as people have them, and what they are told\n\nMade by `go test ./internal/config -update`.\n\n| Setting | Answer |\n|---|---|\n"
	for _, c := range told {
		clean(t)
		t.Setenv(c.name, c.text)
		loaded, err := config.Load(nil)
		answer := loaded.Notes[c.name]
		if err != nil {
			answer = err.Error()
			if len(loaded.Problems) != 1 || loaded.Problems[c.name] != answer || !strings.HasPrefix(answer, c.name) {
				t.Errorf("%s=%s is told as %q: %q", c.name, c.text, answer, loaded.Problems)
			}
		}
		if (answer == "") != (c.says == "") || !strings.Contains(answer, c.says) {
			t.Errorf("%s=%s is told as %q, want %q", c.name, c.text, answer, c.says)
		}
		if answer == "" {
			answer = "taken"
		}
		doc += fmt.Sprintf("| `%s=%s` | %s |\n", c.name, c.text, answer)
	}
	compare(t, doc)
}

func compare(t *testing.T, doc string) {
	t.Helper()
	t.Chdir(home)
	const file = "../../docs/settings.md"
	if *update {
		if err := os.WriteFile(file, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != doc {
		t.Errorf("docs/settings.md is not what the settings are told; run go test ./internal/config -update (%v)", err)
	}
}

// home is this package's folder.
var home = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()

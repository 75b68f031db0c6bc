package config_test

import (
	"strings"
	"testing"

	"extrato/internal/config"
)

// Each line is how python-dotenv, v4's reader, takes it.
func TestLoad_reads_the_file_as_v4s_reader_does(t *testing.T) {
	for text, want := range map[string]string{
		`V=Zk$9Qm$X$$`: "Zk$9Qm$X$$", `V="Zk$9Qm"`: "Zk$9Qm", `V='Zk$9Qm'`: "Zk$9Qm", `V=a\$b`: `a\$b`, `V=$(date)`: "$(date)", "V=`date`": "`date`",
		"HOME_=x\nV=${HOME_}y": "xy", "HOME_=x\nV='${HOME_}y'": "xy", "HOME_=x\nV=\"${HOME_}y\"": "xy", "HOME_=x\nV=$HOME_": "$HOME_",
		`V=${NONE_:-d}e`: "de", `V=${NONE_}e`: "e", `V=${NONE_:-}e`: "e", `V=${NONE_-d}`: "", `V=${A:b}`: "${A:b}", `V=${A`: "${A", "V=${V2}\nV2=late": "", "V=1\nV=${V}2": "12",
		"V=${ENV_}": "from environment", "ENV_=file\nV=${ENV_}": "from environment", "V=${EMPTY_:-d}e": "e",
		`V=a#b`: "a#b", `V=a #b`: "a", "V=a\t#b": "a", `V=#a`: "#a", `V= #a`: "", `V="a #b"`: "a #b", `V='a #b'`: "a #b", `V="a" #b`: "a", `V="a"#b`: "a", `V=a # b # c`: "a",
		`V='a\'b'`: "a'b", `V="a\"b"`: `a"b`, `V='a\nb'`: `a\nb`, `V="a\nb"`: "a\nb", `V="a\tb\\n"`: "a\tb\\n", `V="\x41"`: `\x41`, `V=a\nb`: `a\nb`, `V='a\'`: `a\`, `V="a\\"`: `a\`,
		"V=\"a\nb\"": "a\nb", "V='a\r\nb'": "a\nb", "V=\"a\n#b\nc\" # d": "a\n#b\nc",
		` V = a `: "a", `export V=a`: "a", "export\tV=a": "a", "\texport 'V'=a": "a", `V=a  b `: "a  b", `V=" a "`: " a ", "V=a\rW=b": "a", "V=a\r\nW=b": "a", "\ufeffV=a": "a",
		`V=`: "", `V=""`: "", "V=\nW=b": "", `V==a`: "=a", `V=a=b`: "a=b", `V=a'b'`: "a'b'", "V=a\u00a0#b": "a", "V=a\u00a0b": "a\u00a0b", "# V=a\n\n \t\n#\nV=b": "b", "x-y.z=1\nV=a": "a",
	} {
		clean(t)
		t.Setenv("ENV_", "from environment")
		t.Setenv("EMPTY_", "")
		dotenv(t, strings.NewReplacer("V=", "EXTRATO_BACKUPS=", "'V'", "'EXTRATO_BACKUPS'", " V =", " EXTRATO_BACKUPS =", "${V}", "${EXTRATO_BACKUPS:-none}").Replace(text)+"\nEXTRATO_API_TOKEN=end")
		unset(t, "EXTRATO_BACKUPS")
		c, err := config.Load(nil)
		if want == "" {
			want = "data/backups" // the default
		}
		if err != nil || c.Backups != want || c.Net.Token != "end" {
			t.Errorf("%q is read as %q, want %q, %v", text, c.Backups, want, err)
		}
	}
}

const v4File = "FLASK_ENV=production\nHOST=0.0.0.0\nPORT=5000\nTZ=UTC\nLOG_LEVEL=WARNING\nLOG_FORMAT=%(asctime)s %(levelname)s %(message)s # Python\n"

func TestLoad_recognises_v4s_file_and_says_which_values_are_v4s(t *testing.T) {
	clean(t)
	dotenv(t, v4File)
	c, err := config.Load(nil)
	if err != nil || c.LogFormat != "" || c.LogLevel != "warn" || c.Zone.String() != "UTC" || c.Port != "5000" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, name := range []string{"LOG_FORMAT", "HOST", "PORT", "TZ"} {
		if !strings.HasPrefix(c.Notes[name], "v4's, from .env: ") {
			t.Errorf("nothing is said of %s: %q", name, c.Notes)
		}
	}
	t.Setenv("PORT", "8081")
	t.Setenv("LOG_FORMAT", "json")
	if c, err := config.Load(nil); err != nil || c.Notes["PORT"] != "" || c.Notes["LOG_FORMAT"] != "" || c.LogFormat != "json" {
		t.Errorf("what the environment says is taken for v4's: %q, %v", c.Notes, err)
	}
	t.Setenv("LOG_FORMAT", "%(message)s") // as v4's compose file sets it
	if c, err := config.Load(nil); err != nil || !strings.HasPrefix(c.Notes["LOG_FORMAT"], "v4's, from the environment: ") {
		t.Errorf("%q, %v", c.Notes, err)
	}
	clean(t)
	dotenv(t, "HOST=0.0.0.0\nPORT=5000\nTZ=UTC\n")
	if c, err := config.Load(nil); err != nil || len(c.Notes) != 0 {
		t.Errorf("a file of ours is taken for v4's: %q, %v", c.Notes, err)
	}
	dotenv(t, "LOG_FORMAT=xml\n")
	if _, err := config.Load(nil); err == nil {
		t.Error("a log format that nobody has is taken")
	}
}

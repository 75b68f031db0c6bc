package safetynet_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/safetynet"
)

func TestState_that_no_run_wrote_is_not_taken_for_none(t *testing.T) {
	head := `"head":{"seq":3,"hash":"` + hex64(3) + `"}`
	for text, ok := range map[string]bool{
		`{` + head + `}`: true,
		`{` + head + `,"causes":{"2025-10":"timeout"},"unsettled":["2025-09"]}`: true,
		`{"head":{"seq":0,"hash":""},"causes":{}}`:                              true, // of a run that saw no chain
		`{}`: false, `null`: false, ``: false, `[]`: false, `{"head":null}`: false, `{"head":{}}`: false, `{"causes":{}}`: false,
		`{"head":{"seq":3}}`: false, `{"head":{"hash":"` + hex64(3) + `"}}`: false, `{"head":{"seq":0,"hash":"x"}}`: false,
		`{"head":{"seq":0,"hash":"` + hex64(3) + `"}}`: false, `{"head":{"seq":3,"hash":""}}`: false, `{"head":{"seq":-1,"hash":"` + hex64(3) + `"}}`: false,
		`{` + head + `,"chain":1}`: false, `{` + head + `,"causes":{"october":"timeout"}}`: false, `{` + head + `,"unsettled":["2025-13"]}`: false,
		`{` + head + `}{}`: false, `{` + head + `,` + head + `}`: false, `{"head":{"seq":3,"seq":4,"hash":"` + hex64(3) + `"}}`: false,
		`{"HEAD":{"seq":3,"hash":"` + hex64(3) + `"}}`: false, `{"head":{"Seq":3,"hash":"` + hex64(3) + `"}}`: false,
	} {
		file := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := safetynet.ReadState(file)
		if e := books.AsError(err); ok != (err == nil) || err != nil && (e.Code != "bad_state" || e.Kind != books.Integrity) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestState_behind_a_link_is_written_where_the_link_leads(t *testing.T) {
	dir := t.TempDir()
	link, target := filepath.Join(dir, "link"), filepath.Join(dir, "state.json")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if _, err := safetynet.ReadState(link); books.AsError(err) == nil || books.AsError(err).Code != "bad_state" {
		t.Errorf("a link to nothing: %v", err)
	}
	want := safetynet.State{Head: safetynet.Head{Seq: 3, Hash: hex64(3)}}
	for range 2 {
		if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := want.Write(link); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if got, err := safetynet.ReadState(target); err != nil || got.Head != want.Head {
		t.Errorf("%+v, %v", got, err)
	}
}

// Who cannot keep what was seen must not close an issue, or a month, on it.
func TestProgram_that_cannot_keep_its_state_changes_nothing(t *testing.T) {
	s, gh, box := newServer(t), newGitHub(t), t.TempDir()
	gh.add(map[string]any{"body": "<!-- extrato-safetynet:" + last.String() + " -->"})
	if err := os.Symlink(filepath.Join(box, "not mounted"), filepath.Join(box, "volume")); err != nil {
		t.Fatal(err)
	}
	out := inJob(t, build(t), s.URL, token, gh, box, nil, "--state", filepath.Join(box, "volume", "state.json"))
	if out.code != 3 || out.result.Error.Code != "cannot_write" || s.asked != 0 || gh.issues[0]["state"] != "open" || len(gh.issues[0]["comments"].([]string)) != 1 {
		t.Errorf("exit %d, %d requests, %v: %s", out.code, s.asked, gh.issues, out.texts["stdout"])
	}
}

// What a secret is pasted with must not hinder; what the net does not need is
// none of its business; of what it needs people are told.
func TestSettings_that_are_wrong_are_told_of_or_do_not_matter(t *testing.T) {
	program := build(t)
	for name, c := range map[string]struct {
		env    []string
		exit   int
		names  string // the setting
		closes bool
	}{
		"a token with a line end":      {[]string{"EXTRATO_API_TOKEN= " + token + "\r\n"}, 0, "", true},
		"an address with blanks":       {[]string{"EXTRATO_API_BASE_URL= ADDRESS \n"}, 0, "", true},
		"a token of two lines":         {[]string{"EXTRATO_API_TOKEN=" + token + "\n" + password}, 2, "EXTRATO_API_TOKEN", false},
		"a token with a control":       {[]string{"EXTRATO_API_TOKEN=" + token + "\x01x"}, 2, "EXTRATO_API_TOKEN", false},
		"a token of blanks":            {[]string{"EXTRATO_API_TOKEN= \n"}, 2, "EXTRATO_API_TOKEN", false},
		"an address with a blank in":   {[]string{"EXTRATO_API_BASE_URL=ADDRESS/a b"}, 2, "EXTRATO_API_BASE_URL", false},
		"a time zone that is none":     {[]string{"TZ=" + password}, 2, "TZ", false},
		"a pause that is none":         {[]string{"EXTRATO_SAFETYNET_PAUSE=long"}, 2, "EXTRATO_SAFETYNET_PAUSE", false},
		"a place that cannot be used":  {[]string{"EXTRATO_NOTIFY=slack://" + password + ",PLACE"}, 2, "EXTRATO_NOTIFY", true},
		"what only a server needs":     {[]string{"LOG_LEVEL=loud", "EXTRATO_SCHEDULE=monthly", "EXTRATO_CLOSE_FROM=x", "PORT=x", "JWT_SECRET_KEY=short", "EXTRATO_RATE_LIMIT=x"}, 0, "", true},
		"what only a server needs, II": {[]string{"ENABLE_MONTHLY_EXTRATO_JOB=perhaps", "EXTRATO_REQUIRE_BACKUP=x", "LOG_FORMAT=x", "EXTRATO_TRUSTED_PROXIES=x"}, 0, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, gh := newServer(t), newGitHub(t)
			place, _ := newWebhook(t)
			fill := strings.NewReplacer("ADDRESS", s.URL, "PLACE", "generic://"+place.Listener.Addr().String()+"/x?disabletls=yes")
			var env []string
			for _, setting := range c.env {
				env = append(env, fill.Replace(setting))
			}
			out := inJob(t, program, s.URL, token, gh, "", env)
			if out.code != c.exit || (s.months[last.String()] == "closed") != c.closes {
				t.Errorf("exit %d, months %v: %s%s", out.code, s.months, out.texts["stdout"], out.texts["stderr"])
			}
			if want := min(c.exit, 1); len(gh.issues) != want || want == 1 && !strings.Contains(fmt.Sprint(gh.issues[0]["body"]), c.names) {
				t.Errorf("issues %v", gh.issues)
			}
			if strings.Contains(c.names, "NOTIFY") && len(place.told) != 1 {
				t.Errorf("the other place was told %q", place.told)
			}
			quiet(t, out.texts, []string{token, password, gitToken})
		})
	}
}

func TestMonth_of_a_run_by_hand_with_a_wrong_zone_is_told_of(t *testing.T) {
	s, gh := newServer(t), newGitHub(t)
	s.fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		t.Errorf("the server was asked for %s", r.URL.Path)
		return false
	}
	out := inJob(t, build(t), s.URL, token, gh, "", []string{"TZ=Nowhere"}, "2025-03")
	if out.code != 2 || out.result.Month.String() != "2025-03" || len(gh.issues) != 1 {
		t.Errorf("exit %d, %s, %v", out.code, out.result.Month, gh.issues)
	}
}

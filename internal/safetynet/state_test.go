package safetynet_test

import (
	"os"
	"path/filepath"
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
		`{` + head + `}{}`: false,
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

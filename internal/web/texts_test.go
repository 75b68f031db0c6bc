package web

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"extrato/internal/auth"
	"extrato/internal/closing"
)

// asked finds which words the templates and the code ask for, by name.
func asked(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	add := func(all ...string) {
		for _, n := range all {
			names[n] = true
		}
	}
	find := func(text, pattern, before string, after ...string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			add(before + m[1])
			for _, a := range after {
				add(before + m[1] + a)
			}
		}
	}
	read := func(files fs.FS, glob string, see func(string)) {
		paths, err := fs.Glob(files, glob)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", glob, err)
		}
		for _, p := range paths {
			text, err := fs.ReadFile(files, p)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(p, "_test.go") && !strings.HasPrefix(p, "texts_") {
				see(string(text))
			}
		}
	}
	read(templateFiles, "templates/*.html", func(text string) {
		find(text, `\b(?:t|count)\s+(?:\([^)]*\)\s+|[.$]\S+\s+)?"([^"]+)"`, "")
		find(text, `\.(?:Field|Choice) "([^"]+)"`, "field ")
		find(text, `\.Words "[^"]+" "([^"]+)"`, "")
	})
	read(os.DirFS("."), "*.go", func(text string) {
		find(text, `\bt\("([^"]+)"[,)]`, "")
		find(text, `\b(?:some|either)\([^"()]*(?:\([^()]*\))?, "([^"]+)"\)`, "")
		find(text, `\bcount\([^"()]*(?:\([^()]*\))?[^"()]*"([^"]+)"`, "")
		find(text, `(?:sorry\([^"]+|http\.Status\w+: +|status, name (?::=|=) http\.Status\w+, |http\.Status\w+, )"([a-z -]+)"`, "", " title", " text")
		find(text, `"([a-z_0-9]+)": +(?:"[a-z]+"|whole)[,}]`, "error ")
		find(text, `(?:State|State, p\.Class|t\.State, t\.Class)(?: =|:)? *"(state [a-z ]+)"`, "")
	})
	read(os.DirFS("typed"), "*.go", func(text string) { find(text, `errors\.New\("([a-z]+)"\)`, "amount ") })
	for _, e := range entries {
		add("nav " + e.Text)
	}
	for _, s := range shortcuts {
		add(s.Text)
	}
	for _, s := range stepNames {
		add(step{Name: s}.Title(), step{Name: s}.Text())
	}
	for _, r := range auth.Roles() {
		add("role " + string(r))
	}
	for _, s := range auth.Scopes() {
		add("scope " + string(s))
	}
	for _, n := range refusals {
		add("refused "+n, "refused "+n+" fix")
	}
	for _, c := range closing.Checks() {
		add("check "+c, "check "+c+" none")
	}
	add(stageNames...)
	askedOfOperating(add)
	add("refused other", "refused other fix", "backup corrupt", "backup missing")
	for _, action := range []string{"add", "change", "delete", "undo", "merge"} {
		add("changed " + action)
	}
	// What the frame of all handlers, and rules of others, refuse.
	add("busy title", "busy text", "broken typed", "away typed", "error undo_too_late", "error month_closed", "error changed_since",
		"error row_in_use", "error linked_row_gone", "error event_taken", "error undo_of_artist", "error merged_since", "error undo_of_merge")
	return names
}

func TestEvery_text_is_there_and_used_in_each_language(t *testing.T) {
	names := asked(t)
	places := regexp.MustCompile(`%[.0-9]*[a-z%]`)
	for name, words := range portuguese.texts {
		if strings.TrimSpace(words) == "" || strings.TrimSpace(english.texts[name]) == "" {
			t.Errorf("%q has no words in one language", name)
		}
		if a, b := places.FindAllString(words, -1), places.FindAllString(english.texts[name], -1); !slices.Equal(a, b) {
			t.Errorf("%q has places for %v in Portuguese and for %v in English", name, a, b)
		}
		if !names[name] {
			t.Errorf("nobody asks for the words %q", name)
		}
	}
	for name := range english.texts {
		if portuguese.texts[name] == "" {
			t.Errorf("%q has no words in Portuguese", name)
		}
	}
	// Names that a pattern made up are no words anybody asks for by that name.
	for name := range names {
		if portuguese.texts[name] == "" && !strings.HasPrefix(name, "error ") &&
			!strings.HasSuffix(name, " title") && !strings.HasSuffix(name, " text") && !isStatusName(name) {
			t.Errorf("there are no words for %q", name)
		}
	}
}

func TestNo_two_parts_of_a_catalogue_have_the_same_name(t *testing.T) {
	for lang, parts := range map[*language][]map[string]string{portuguese: partsPt, english: partsEn} {
		sum := 0
		for _, part := range parts {
			sum += len(part)
		}
		if sum != len(lang.texts) {
			t.Errorf("the parts in %s have %d names, together %d", lang.Code, sum, len(lang.texts))
		}
	}
}

// isStatusName reports whether a name is the beginning of the two of a problem.
func isStatusName(name string) bool { return portuguese.texts[name+" title"] != "" }

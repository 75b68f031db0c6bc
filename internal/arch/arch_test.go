package arch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestImports_point_one_way(t *testing.T) {
	broken, err := Check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range broken {
		t.Error(sentence)
	}
}

func TestCheck(t *testing.T) {
	for name, tree := range map[string]struct {
		files map[string]string // file: what it imports
		want  []string
	}{
		"allows_what_the_table_allows": {
			files: map[string]string{
				"internal/store/store.go":          "extrato/internal/books",
				"internal/store/storetest/rows.go": "extrato/internal/pgtest",
				"cmd/extrato/close.go":             "extrato/internal/closing",
				"cmd/extrato/main.go":              "os",
				"cmd/bench/main.go":                "extrato/internal/pgtest",
			},
		},
		"finds_an_import_against_the_direction": {
			files: map[string]string{"internal/books/month.go": "extrato/internal/store"},
			want:  []string{"internal/books/month.go: internal/books may not import store"},
		},
		"finds_neighbours_that_must_not_meet": {
			files: map[string]string{"internal/web/month.go": "extrato/internal/api"},
			want:  []string{"internal/web/month.go: internal/web may not import api"},
		},
		"finds_the_test_database_in_the_program": {
			files: map[string]string{
				"cmd/extrato/main.go":     "extrato/internal/pgtest",
				"internal/store/store.go": "extrato/internal/pgtest",
			},
			want: []string{
				"cmd/extrato/main.go: cmd/extrato may not import pgtest",
				"internal/store/store.go: internal/store may not import pgtest",
			},
		},
		"knows_a_package_below_another_as_its_own": {
			files: map[string]string{
				"internal/closing/closing.go":  "extrato/internal/store/storetest",
				"internal/store/sqlite/dsn.go": "extrato/internal/books",
			},
			want: []string{
				"internal/closing/closing.go: internal/closing may not import store/storetest",
				"internal/store/sqlite/dsn.go: package internal/store/sqlite is not in the table of internal/arch",
			},
		},
		"finds_packages_that_are_not_in_the_table": {
			files: map[string]string{
				"internal/util/util.go": "strings",
				"pkg/books/books.go":    "strings",
				"books/books.go":        "strings",
				"embed.go":              "embed",
			},
			want: []string{
				"books/books.go: package books is not in the table of internal/arch",
				"embed.go: package . is not in the table of internal/arch",
				"internal/util/util.go: package internal/util is not in the table of internal/arch",
				"pkg/books/books.go: package pkg/books is not in the table of internal/arch",
			},
		},
		"leaves_tests_and_what_go_ignores_alone": {
			files: map[string]string{
				"internal/books/month_test.go":      "extrato/internal/store",
				"internal/books/testdata/broken.go": "extrato/internal/store",
				".git/hook.go":                      "extrato/internal/store",
				"_old/old.go":                       "extrato/internal/store",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, imported := range tree.files {
				write(t, filepath.Join(root, file), "package p\n\nimport _ \""+imported+"\"\n")
			}
			got, err := Check(root)
			if err != nil || !slices.Equal(got, tree.want) {
				t.Errorf("got %v:\n%s\nwant:\n%s", err, strings.Join(got, "\n"), strings.Join(tree.want, "\n"))
			}
		})
	}
}

func TestCheck_fails_on_a_file_that_it_cannot_read(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "internal/books/month.go"), "not Go")
	if got, err := Check(root); err == nil {
		t.Errorf("got %q and no error", got)
	}
}

func TestFiles_and_functions_have_a_size_one_can_read(t *testing.T) {
	broken, err := CheckSizes("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range broken {
		t.Error(sentence)
	}
}

func TestComments_are_plain_English(t *testing.T) {
	wrong, err := CheckWords("../..")
	if wrong != "" || err != nil {
		t.Error(wrong, err)
	}
}

func TestCheck_sizes(t *testing.T) {
	long := "func long() {\n" + strings.Repeat("\tlong()\n", 60) + "}\n"
	table := "var _ = f\n\nfunc f() {\n\t_ = []string{\n" + strings.Repeat("\t\t\"x\",\n", 80) + "\t}\n\t_ = `" + strings.Repeat("\n", 80) + "`\n}\n"
	subtests := "func f() {\n" + strings.Repeat("\tg(func() {\n"+strings.Repeat("\t\tf()\n", 20)+"\t})\n", 4) + "}\n"
	for name, tree := range map[string]struct {
		file, text string
		want       []string
	}{
		"finds_a_long_function":                 {"a.go", long, []string{"a.go: long has 62 lines, the limit is 60"}},
		"finds_a_long_method_of_a_test":         {"a_test.go", strings.Replace(long, "long", "(x T) long", 1), []string{"a_test.go: long has 62 lines, the limit is 60"}},
		"finds_a_long_file":                     {"a.go", strings.Repeat("// x\n", 399), []string{"a.go: 401 lines, the limit is 400"}},
		"finds_a_long_test_file":                {"a_test.go", strings.Repeat("// x\n", 399), []string{"a_test.go: 401 lines, the limit is 400"}},
		"takes_the_longest_file":                {"a.go", strings.Repeat("// x\n", 398), nil},
		"leaves_tables_out":                     {"a.go", table, nil},
		"counts_a_closure_with_its_function":    {"a.go", subtests, []string{"a.go: f has 90 lines, the limit is 60"}},
		"counts_the_subtests_of_a_test_alone":   {"a_test.go", subtests, nil},
		"finds_a_long_closure_in_a_tests_table": {"a_test.go", "func f() {\n\tx = []T{{func() {\n" + strings.Repeat("\t\tf()\n", 60) + "\t}}}\n}\n", []string{"a_test.go: f has 62 lines, the limit is 60"}},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, tree.file), "package p\n\n"+tree.text)
			got, err := CheckSizes(root)
			if err != nil || !slices.Equal(got, tree.want) {
				t.Errorf("got %q, %v, want %q", got, err, tree.want)
			}
		})
	}
}

func TestCheck_words(t *testing.T) {
	plain := "// Close closes a month and returns its statement: no row is lost here.\n"
	for name, tree := range map[string]struct {
		text string
		ok   bool
	}{
		"takes_plain_comments":                 {strings.Repeat(plain, 10), true},
		"finds_relative_words":                 {strings.Repeat(plain, 3) + "// It closes what is due.\n", false},
		"finds_them_behind_code":               {strings.Repeat(plain, 3) + "var x = 1 // whoever comes\n", false},
		"leaves_code_and_directives_alone":     {strings.Repeat(plain, 3) + "//go:generate that which\nvar who = \"what that\"\n", true},
		"takes_one_in_fifty_words_of_comments": {strings.Repeat(plain, 5) + "// that\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "a.go"), "package p\n\n"+tree.text)
			if wrong, err := CheckWords(root); (wrong == "") != tree.ok || err != nil {
				t.Errorf("%q, %v", wrong, err)
			}
		})
	}
}

func TestThe_architecture_names_files_and_functions_that_exist(t *testing.T) {
	broken, err := CheckDocument("../..", "docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range broken {
		t.Error(sentence)
	}
}

func TestCheck_document(t *testing.T) {
	for name, doc := range map[string]struct {
		text string
		want []string
	}{
		"takes_what_is_there":          {"`cmd/x/a.go`: `T.Do` and `Do`, then `x`; the folder `cmd/x`", nil},
		"finds_a_missing_file":         {"see\n`cmd/x/b.go`: `Do`", []string{"doc.md:2: there is no cmd/x/b.go"}},
		"finds_a_missing_folder":       {"`internal/y`", []string{"doc.md:1: there is no internal/y"}},
		"finds_a_missing_function":     {"`cmd/x/a.go`: `Undo`", []string{"doc.md:1: cmd/x/a.go has no function Undo"}},
		"finds_a_missing_method":       {"`cmd/x/a.go` has `Do` and `T.Undo`", []string{"doc.md:1: cmd/x/a.go has no function T.Undo"}},
		"tells_methods_from_functions": {"`cmd/x/a.go`: `U.Do`", []string{"doc.md:1: cmd/x/a.go has no function U.Do"}},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "cmd/x/a.go"), "package x\n\ntype T struct{}\n\nfunc (t *T) Do() {}\n\nfunc Do() {}\n")
			write(t, filepath.Join(root, "doc.md"), doc.text)
			got, err := CheckDocument(root, "doc.md")
			if err != nil || !slices.Equal(got, doc.want) {
				t.Errorf("got %q, %v, want %q", got, err, doc.want)
			}
		})
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

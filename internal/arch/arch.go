// Package arch holds the rules of the code itself, and finds violations:
// imports, sizes of files and functions, the English of comments, the names in
// docs/architecture.md. Its test reads the source files: a test running go list
// would stay green from the test cache.
package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const module = "extrato"

// allowed lists for each package below internal/ the others of ours it may
// import. A new package adds its line here; that line is the design review.
// Test files may import more.
var allowed = map[string][]string{
	"books":   {},
	"durable": {},
	"bucket":  {"books", "durable"},
	"config":  {},
	"arch":    {},
	"proof":   {"books"}, // checked without a database
	"tsa":     {"books", "proof"},

	"store":     {"books", "durable", "proof"},
	"backup":    {"books", "bucket"},
	"recovery":  {"books", "bucket", "proof", "store", "backup"},
	"places":    {"backup", "books", "bucket", "store"},
	"closing":   {"backup", "books", "bucket", "places", "proof", "store"},
	"export":    {"books", "proof"},
	"verify":    {"backup", "books", "export", "proof"},
	"notify":    {"books"},
	"auth":      {"books", "store"},
	"recording": {"books", "store"},
	"v4import":  {"books", "store"},
	"figures":   {"books", "store", "web/typed"},
	"server":    {"books"},
	"jobs":      {"books", "proof", "bucket", "closing", "backup", "places", "store", "notify", "recovery", "tsa"},

	"web/typed": {"books"}, // amounts, percentages and days as people type them

	"api": {"books", "store", "closing", "backup", "places", "proof", "auth", "recording", "figures", "export", "doctor"},
	"web": {"books", "store", "closing", "backup", "places", "proof", "auth", "recording", "figures", "export", "doctor", "web/typed"},

	// The watcher shares no database code with the watched.
	"safetynet": {"books", "proof", "notify"},
	"doctor":    {"books", "bucket", "config", "durable", "proof", "store", "backup", "places", "recovery", "tsa"},
	"demo":      {"books", "store"},

	// For tests and measurements only.
	"pgtest":            {},
	"logtest":           {},
	"store/storetest":   {"books", "store", "pgtest", "logtest"},
	"store/v4test":      {"backup", "books", "bucket", "closing", "logtest", "pgtest", "store", "store/storetest"},
	"auth/authtest":     {"books", "store", "auth"},
	"web/webtest":       {},
	"bucket/buckettest": {"bucket"},
	"bucket/s3test":     {},
	"tsa/tsatest":       {},
	"crashtest":         {},
	"faultdisk":         {}, // a file system that fails as told
	"doctest":           {}, // counts of long tests for docs/reliability.md
}

// Check reads all Go files below root, a tree like this project's, and returns
// a sentence for each import not allowed by the table and for each package
// missing in it. Packages below cmd/ wire the others together and may import
// all of them; only cmd/bench, which nobody installs, may import pgtest.
func Check(root string) ([]string, error) {
	var broken []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && ignored(name):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		imports, err := imports(root, name)
		broken = append(broken, judge(name, imports)...)
		return err
	})
	return broken, err
}

// ignored reports whether the go command leaves the folder alone.
func ignored(dir string) bool {
	base := path.Base(dir)
	return dir != "." && (base[0] == '.' || base[0] == '_') || base == "testdata" || base == "vendor" || base == "node_modules"
}

// judge returns the violations in the imports of one file.
func judge(file string, imports []string) []string {
	folder := path.Dir(file)
	from, isInternal := strings.CutPrefix(folder, "internal/")
	isCommand := strings.HasPrefix(folder, "cmd/")
	may, listed := allowed[from]
	if !isCommand && (!isInternal || !listed) {
		return []string{fmt.Sprintf("%s: package %s is not in the table of internal/arch", file, folder)}
	}
	var broken []string
	for _, imported := range imports {
		if isCommand && (imported != "pgtest" || folder == "cmd/bench") || slices.Contains(may, imported) {
			continue
		}
		broken = append(broken, fmt.Sprintf("%s: %s may not import %s", file, folder, imported))
	}
	return broken
}

// imports returns a file's imports of our packages, named as in the table.
func imports(root, file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var ours []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if name, ok := strings.CutPrefix(imported, module+"/"); ok {
			ours = append(ours, strings.TrimPrefix(name, "internal/"))
		}
	}
	return ours, nil
}

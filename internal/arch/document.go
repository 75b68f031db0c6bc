package arch

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	code     = regexp.MustCompile("`([^`]+)`")
	place    = regexp.MustCompile(`^(?:cmd|internal|docs|deploy|scripts|bench)/[\w./-]+$`)
	function = regexp.MustCompile(`^(?:[A-Za-z]\w*\.)?[A-Za-z]\w*$`)
)

// CheckDocument reads a Markdown document below root. It returns a sentence for
// each file or folder it names that does not exist, and for each function named
// behind a Go file, in the same line, that the file does not have:
//
//	`internal/closing/close.go`: `Closer.Close`
func CheckDocument(root, document string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		return nil, err
	}
	var broken []string
	for i, line := range strings.Split(string(text), "\n") {
		file, has := "", map[string]bool{}
		for _, m := range code.FindAllStringSubmatchIndex(line, -1) {
			name, before := line[m[2]:m[3]], line[:m[0]]
			switch {
			case place.MatchString(name):
				if file, has, err = named(root, name); err != nil {
					broken = append(broken, fmt.Sprintf("%s:%d: %s", document, i+1, err))
				}
			case file != "" && function.MatchString(name) && introduced(before) && !has[name]:
				broken = append(broken, fmt.Sprintf("%s:%d: %s has no function %s", document, i+1, file, name))
			}
		}
	}
	return broken, nil
}

// introduced reports whether a name follows a file's: behind a colon, "has" or
// "and".
func introduced(before string) bool {
	before = strings.TrimRight(before, " ")
	return strings.HasSuffix(before, ":") || strings.HasSuffix(before, " has") || strings.HasSuffix(before, " and") || strings.HasSuffix(before, ",")
}

// named returns a Go file with the names of its functions, or nothing for
// another file or a folder that exists.
func named(root, name string) (file string, has map[string]bool, err error) {
	if _, err := fs.Stat(os.DirFS(root), name); errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("there is no %s", name)
	}
	if !strings.HasSuffix(name, ".go") {
		return "", nil, nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, 0)
	if err != nil {
		return "", nil, err
	}
	has = map[string]bool{}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		full := f.Name.Name
		if f.Recv != nil {
			receiver := f.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			full = fmt.Sprint(receiver) + "." + full
		}
		has[full] = true
	}
	return name, has, nil
}

package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The longest file and function. A function's tables, its composite literals and
// texts of several lines, do not count; a test's closures count as functions of their
// own, since most are subtests.
const (
	maxFile     = 400
	maxFunction = 60
)

// CheckSizes reads all Go files below root and returns a sentence for each file
// and function over its limit.
func CheckSizes(root string) ([]string, error) {
	var broken []string
	err := eachGoFile(root, func(name string) error {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if n := bytes.Count(text, []byte("\n")); n > maxFile {
			broken = append(broken, fmt.Sprintf("%s: %d lines, the limit is %d", name, n, maxFile))
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, name, text, 0)
		if err != nil {
			return err
		}
		isTest := strings.HasSuffix(name, "_test.go")
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			for _, n := range lengths(files, f, isTest) {
				if n > maxFunction {
					broken = append(broken, fmt.Sprintf("%s: %s has %d lines, the limit is %d", name, f.Name.Name, n, maxFunction))
				}
			}
		}
		return nil
	})
	return broken, err
}

// eachGoFile calls fn with the name of each Go file below root, tests too.
func eachGoFile(root string, fn func(name string) error) error {
	return fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && ignored(name):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		return fn(name)
	})
}

// lengths returns the number of lines of a function without its tables and, if
// apart is set, without its closures, followed by theirs.
func lengths(files *token.FileSet, f ast.Node, apart bool) (all []int) {
	own := lines(files, f)
	ast.Inspect(f, func(node ast.Node) bool {
		switch inner := node.(type) {
		case *ast.FuncLit:
			if inner == f || !apart {
				return true
			}
			own -= lines(files, inner) - 1
			all = append(all, lengths(files, inner, apart)...)
			return false
		case *ast.BasicLit:
			own -= lines(files, inner) - 1
		case *ast.CompositeLit:
			own -= lines(files, inner) - 1
			ast.Inspect(inner, func(node ast.Node) bool {
				closure, ok := node.(*ast.FuncLit)
				if ok && apart {
					all = append(all, lengths(files, closure, apart)...)
				} else if ok {
					own += lines(files, closure) - 1
				}
				return !ok
			})
			return false
		}
		return true
	})
	return append([]int{own}, all...)
}

func lines(files *token.FileSet, n ast.Node) int {
	return files.Position(n.End()).Line - files.Position(n.Pos()).Line + 1
}

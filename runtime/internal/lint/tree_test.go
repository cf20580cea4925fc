package lint

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// module is the path of the module that the rules hold over.
const module = "github.com/thinkey/thinkey"

// file is one text file of the tree.
type file struct {
	path   string // from the module's root, with slashes
	src    []byte
	fset   *token.FileSet
	syntax *ast.File // nil if it isn't Go, or Go that the build doesn't see (testdata)
}

// dir is the folder of f from the module's root: for Go, its package's place in the list.
func (f *file) dir() string { return path.Dir(f.path) }

// isTest says whether only tests compile f.
func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// at makes a finding about the line of pos.
func (f *file) at(pos token.Pos, format string, args ...any) finding {
	return finding{f.path, f.fset.Position(pos).Line, fmt.Sprintf(format, args...)}
}

// finding is one break of a rule.
type finding struct {
	path string
	line int
	what string // what is wrong; what to do
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.what) }

// moduleRoot is the nearest folder above that holds go.mod.
func moduleRoot(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder; run it inside the module")
		}
		dir = up
	}
}

// readTree reads every text file of the module. A Go file that doesn't parse is an error of the test, not the end of it.
func readTree(t *testing.T, root string) []*file {
	var files []*file
	fset := token.NewFileSet()
	for _, name := range paths(t, root) {
		full := filepath.Join(root, filepath.FromSlash(name))
		if st, err := os.Lstat(full); err != nil || !st.Mode().IsRegular() {
			continue // deleted and not committed yet, or a link
		}
		src, err := os.ReadFile(full)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !isText(src) {
			continue
		}
		f, err := parse(fset, name, src)
		if err != nil {
			t.Errorf("%v; make it parse", err)
			continue
		}
		files = append(files, f)
	}
	return files
}

// parse makes a file of its path and text.
func parse(fset *token.FileSet, name string, src []byte) (*file, error) {
	f := &file{path: name, src: src, fset: fset}
	if !isGo(name) {
		return f, nil
	}
	var err error
	f.syntax, err = parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	return f, err
}

// paths lists the files that are, or will be, committed: what git tracks and what it doesn't ignore. Without git, every
// file that isn't hidden.
func paths(t *testing.T, root string) []string {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil && len(out) > 0 {
		names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
		slices.Sort(names)
		return slices.Compact(names)
	}
	var names []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci", d.IsDir() && p == filepath.Join(root, "bin"):
			return filepath.SkipDir
		case d.Type().IsRegular():
			rel, err := filepath.Rel(root, p)
			names = append(names, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// isGo says whether the build sees the file: go/build skips testdata and names that start with "_" or ".".
func isGo(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "testdata" || strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".") {
			return false
		}
	}
	return strings.HasSuffix(name, ".go")
}

// isText is a guess that suits this tree: valid UTF-8 without NUL.
func isText(src []byte) bool { return utf8.Valid(src) && bytes.IndexByte(src, 0) < 0 }

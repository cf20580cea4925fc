package template

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the templates that are copies of examples")

// copies are the templates that are examples, word for word but for what replaced says.
var copies = []struct{ template, example string }{
	{"token", "../../../examples/token/go"},
	{"auction", "../../../examples/auction"},
}

var replaced = strings.NewReplacer(
	"../README.md", "examples/token/README.md in the sources of thinkey",
	"../rust", "examples/token/rust",
	"github.com/thinkey/thinkey/examples/auction", "example.com/{{.Name}}",
	"// README.md draws", "// examples/auction/README.md in the sources of thinkey draws",
	"//	rust                 the same contracts in Rust\n", "",
	"//	client, client/demo  an auction on a live network\n", "",
)

// apart says whether a file of an example is not part of a project: what starts networks of the tree's own program, and what
// tests the contracts in Rust beside those in Go.
func apart(name string) bool {
	return !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "client/") || name == "rust_test.go"
}

// written says whether a file of a template is no copy.
func written(name string) bool {
	return name == "chain_test.go.tmpl" || !strings.HasSuffix(name, ".go.tmpl")
}

// A project begins with what the examples are now.
func TestCopies(t *testing.T) {
	for _, c := range copies {
		want := read(t, c.example, "", apart)
		for name, text := range want {
			want[name] = replaced.Replace(text)
		}
		if *update {
			rewrite(t, c.template, want)
		}
		got := read(t, c.template, ".tmpl", written)
		for name, text := range want {
			if got[name] != text {
				t.Errorf("%s/%s.tmpl is not %s/%s any more; run: make golden", c.template, name, c.example, name)
			}
		}
		for name := range got {
			if _, ok := want[name]; !ok {
				t.Errorf("%s/%s.tmpl is a copy of nothing; run: make golden", c.template, name)
			}
		}
		if len(want) == 0 {
			t.Errorf("no files in %s", c.example)
		}
	}
}

// read reads a directory's files but some, by name without suffix.
func read(t *testing.T, dir, suffix string, leave func(name string) bool) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || leave(name) {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		files[strings.TrimSuffix(name, suffix)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rewrite replaces the copies in a template's directory.
func rewrite(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name := range read(t, dir, "", written) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, name+".tmpl")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

package cli

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/blake2b"
)

// newProject runs new in a directory, which is the working directory for the rest of the test.
func newProject(t *testing.T, args ...string) (project, answered) {
	t.Helper()
	a := run(t, t.TempDir(), append(append([]string{"new"}, args...), "--json")...)
	var p project
	if a.code == exitOK {
		if err := json.Unmarshal([]byte(a.out), &p); err != nil {
			t.Fatalf("%q: %v", a.out, err)
		}
	}
	return p, a
}

// Every template in every language: all is filled in, and nothing names this tree but what must.
func TestNew(t *testing.T) {
	for _, template := range templateNames() {
		for _, language := range []string{"go", "rust"} {
			for _, source := range []string{"", noSource} {
				t.Chdir(t.TempDir())
				p, a := newProject(t, "my_first", "--template", template, "--lang", language, "--source", source)
				if a.code != exitOK || p.Embedded != (source == noSource) {
					t.Fatalf("%s in %s: %+v", template, language, a)
				}
				checkProject(t, p)
			}
		}
	}
}

// checkProject looks at what new wrote.
func checkProject(t *testing.T, p project) {
	t.Helper()
	found := inProject(t, p.Dir)
	if !slices.Equal(found, p.Files) {
		t.Errorf("%s: made %v, and says that it made %v", p.Template, found, p.Files)
	}
	for _, name := range []string{"README.md", ".gitignore"} {
		if !slices.Contains(found, name) {
			t.Errorf("%s in %s: there is no %s", p.Template, p.Language, name)
		}
	}
	kit := 0
	for _, name := range found {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		inSDK := strings.HasPrefix(name, sdkDir)
		if strings.Contains(string(text), "{{.") && !inSDK || strings.HasSuffix(name, templateSuffix) || strings.Contains(string(text), "thinkey/examples") {
			t.Errorf("%s in %s: %s is not filled in", p.Template, p.Language, name)
		}
		if strings.Contains(string(text), "thinkey/sdk/kit\"") {
			kit++
		}
	}
	if (kit == 0) != p.Embedded {
		t.Errorf("%s in %s: %d files import sdk/kit", p.Template, p.Language, kit)
	}
}

// inProject are the files below a directory.
func inProject(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// What can't be made is refused with what to do, and leaves nothing behind.
func TestNewRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("there", 0o700); err != nil {
		t.Fatal(err)
	}
	before := inProject(t, ".")
	for _, x := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"Shop"}, exitUsage, "lower-case Latin letters"},
		{[]string{"1shop"}, exitUsage, "begins with a letter"},
		{[]string{"../shop"}, exitUsage, "lower-case Latin letters"},
		{[]string{strings.Repeat("a", 41)}, exitUsage, "1 to 40"},
		{[]string{"fn"}, exitUsage, "my_fn"},
		{[]string{"shop", "--template", "tokn"}, exitUsage, `did you mean \"token\"`},
		{[]string{"shop", "--lang", "c"}, exitUsage, "write go or rust"},
		{[]string{"shop", "--source", "."}, exitUsage, "holds no sources of thinkey"},
		{[]string{"there"}, exitFailed, "there is there already"},
		{[]string{"shop", "--dir", "there"}, exitFailed, "there already"},
		{[]string{"shop", "--dir", "none/shop"}, exitFailed, "no such file or directory"},
	} {
		if _, a := newProject(t, x.args...); a.code != x.code || !strings.Contains(a.err, x.says) || a.out != "" {
			t.Errorf("%v: %+v, want %q", x.args, a, x.says)
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil || len(entries) != 1 || len(inProject(t, ".")) != len(before) {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A project that can't be written as a whole is not there at all.
func TestNewWhole(t *testing.T) {
	t.Chdir(t.TempDir())
	p := project{Name: "shop", Template: "counter", Language: "go"}
	layout, err := p.findTemplate()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.write("file", layout); err == nil {
		t.Error("written below a file")
	}
	broken := project{Name: "shop", Template: "counter", Language: "go", Source: t.TempDir()}
	if err := os.WriteFile(filepath.Join(broken.Source, "go.mod"), []byte("module "+thinkeyModule+"\n"), 0o600); err != nil {
		t.Fatal(err) // and there is no go.sum
	}
	if err := broken.make(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	entries, err := os.ReadDir(".")
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// What go.mod says of a project is what the one of this tree says.
func TestRequirements(t *testing.T) {
	version, required := requirements(source(t, "go.mod"))
	if version != goVersion {
		t.Errorf("go.mod has go %s, and projects without sources go %s", version, goVersion)
	}
	if !strings.Contains(required, "\tgithub.com/spf13/cobra v") || !strings.Contains(required, "kilic/bls12-381") || strings.Contains(required, "indirect //") {
		t.Errorf("%s", required)
	}
	for line := range strings.Lines(required) {
		if words := strings.Fields(line); len(words) != 4 || words[2] != "//" || words[3] != "indirect" {
			t.Errorf("%q", line)
		}
	}
	if got := quoteModule("/a b/c"); got != `"/a b/c"` {
		t.Error(got)
	}
}

// The hash that stands in for that of golang.org/x/crypto is the same, whatever the length.
func TestStandIn(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a program")
	}
	t.Chdir(t.TempDir())
	newProject(t, "shop", "--source", noSource)
	program := `package main

import ("fmt"; "golang.org/x/crypto/blake2b")

func main() {
	for n := range 400 { fmt.Printf("%x\n", blake2b.Sum256(make([]byte, n))) }
}
`
	dir := filepath.Join("shop", "try")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	out := goRun(t, "shop", "run", "./try")
	for n := range 400 {
		line, rest, _ := strings.Cut(out, "\n")
		if want := hexOf(blake2b.Sum256(make([]byte, n))); line != want {
			t.Fatalf("%d bytes: %s, want %s", n, line, want)
		}
		out = rest
	}
}

func hexOf(sum [32]byte) string { return hex.EncodeToString(sum[:]) }

// goRun runs the go command, without a network.
func goRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.Command("go", args...)
	c.Dir, c.Env = dir, append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
	return string(out)
}

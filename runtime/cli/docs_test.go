package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is where this package's tests find it.
const repository = "../.."

var pagesDir = filepath.Join(repository, "runtime", "docs", "cli")

// pages are the files that match a pattern, by name.
func pages(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = string(content)
	}
	return found
}

// The pages of the command line are those that the commands give now, and the same each time.
func TestPages(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	dirs := []string{first, second}
	if *update {
		dirs = append(dirs, pagesDir)
	}
	for _, dir := range dirs {
		if a := run(t, t.TempDir(), "docs", dir); a.code != exitOK {
			t.Fatalf("%+v", a)
		}
	}
	want, again, got := inDir(t, first), inDir(t, second), inDir(t, pagesDir)
	for name, text := range want {
		if again[name] != text {
			t.Errorf("%s differs from run to run", name)
		}
		if got[name] != text {
			t.Errorf("runtime/docs/cli/%s is stale or missing; run: make docs", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("runtime/docs/cli/%s is of no command; run: make docs", name)
		}
	}
}

func inDir(t *testing.T, dir string) map[string]string { return pages(t, filepath.Join(dir, "*.md")) }

// documents are those written by hand, by path from the repository's root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{"README.md": pages(t, filepath.Join(repository, "README.md"))["README.md"]}
	for name, text := range inDir(t, filepath.Join(repository, "runtime", "docs")) {
		found["runtime/docs/"+name] = text
	}
	if len(found) < 5 {
		t.Fatalf("%d documents", len(found))
	}
	return found
}

var (
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	codeBlock  = regexp.MustCompile("(?s)```sh\n(.*?)```")
	commandIn  = regexp.MustCompile(`(?:^|\$\()(?:bin/)?thinkey ([^#)|]*)`)
	targetIn   = regexp.MustCompile(`^make ([a-z]+)`)
	linkTo     = regexp.MustCompile(`\]\(([^)#]+)\)`)
	pathIn     = regexp.MustCompile(`^(?:sdk|consensus|contracts|actors|runtime|examples)/[\w./-]+$`)
	makeTarget = regexp.MustCompile(`(?m)^([a-z]+):.*## `)
)

// quoted are the lines that a document shows as code.
func quoted(text string) (lines []string) {
	for _, block := range codeBlock.FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.Split(block[1], "\n")...)
	}
	for _, span := range codeSpan.FindAllStringSubmatch(text, -1) {
		lines = append(lines, span[1])
	}
	return lines
}

// What a document names is there: commands with their flags and arguments, targets of make, files that it links to.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	commands := 0
	for path, text := range documents(t) {
		for _, line := range quoted(text) {
			line = strings.TrimSpace(line)
			for _, m := range commandIn.FindAllStringSubmatch(line, -1) {
				commands++
				words, _, _ := strings.Cut(m[1], " > ") // into a file
				if err := checkCommand(strings.Fields(words)); err != nil {
					t.Errorf("%s: %q: %v", path, line, err)
				}
			}
			if m := targetIn.FindStringSubmatch(line); m != nil && !slices.Contains(targets, m[1]) {
				t.Errorf("%s: %q is no target", path, line)
			}
			if pathIn.MatchString(line) {
				mustExist(t, path, line, filepath.Join(repository, line))
			}
		}
		for _, m := range linkTo.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "://") {
				mustExist(t, path, m[1], filepath.Join(repository, filepath.Dir(path), m[1]))
			}
		}
	}
	if commands < 10 {
		t.Errorf("%d commands found: the pattern misses them", commands)
	}
}

func mustExist(t *testing.T, document, name, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("%s names %s: %v", document, name, err)
	}
}

// checkCommand says why the program would not take these words.
func checkCommand(words []string) error {
	root := (&app{}).root()
	cmd, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if args := cmd.Flags().Args(); len(args) > 0 || cmd.HasSubCommands() { // a name alone speaks of the command
		return cmd.ValidateArgs(args)
	}
	return nil
}

// Every route and every code of an error that the sources define is in the HTTP API's page, and every code in its tables is
// defined.
func TestAPIPage(t *testing.T) {
	page := documents(t)["runtime/docs/API.md"]
	route := regexp.MustCompile(`\{Method: "(GET|POST)", Path: "(/[^"]*)"|on\("(GET|POST)", "(/[^"]*)", .*, (\S+), `)
	routes := 0
	for _, m := range route.FindAllStringSubmatch(source(t, "runtime/api/routes.go"), -1) {
		routes++
		if m[1] == "" { // of a chain
			m[1], m[2] = m[3], "/v1"+m[4]
			if m[5] == "nil" {
				m[2] = "/v1/chains/{chain}" + m[4]
			}
		}
		if name := "| `" + m[1] + " " + strings.TrimSuffix(m[2], "{$}") + "` |"; !strings.Contains(page, name) {
			t.Errorf("API.md has no row %s", name)
		}
	}
	code := regexp.MustCompile(`(?m)^\t\w+ +(?:Kind )?= "([a-z_]+)"`)
	var codes []string
	for _, path := range []string{"sdk/client/error.go", "runtime/ingress/refusal.go", "actors/account/refusal.go"} {
		for _, m := range code.FindAllStringSubmatch(source(t, path), -1) {
			codes = append(codes, m[1])
			if !strings.Contains(page, "`"+m[1]+"`") {
				t.Errorf("API.md does not name the code %s of %s", m[1], path)
			}
		}
	}
	if routes < 20 || len(codes) < 40 {
		t.Errorf("%d routes and %d codes found: the patterns miss some", routes, len(codes))
	}
	_, errors, _ := strings.Cut(page, "## Errors")
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(errors, -1) {
		if !slices.Contains(codes, m[1]) {
			t.Errorf("API.md explains the code %s, which nothing defines", m[1])
		}
	}
}

// source is a file of the repository.
func source(t *testing.T, path string) string {
	t.Helper()
	content, err := fs.ReadFile(os.DirFS(repository), path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

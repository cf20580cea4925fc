package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const firstActor = "../docs/FIRST_ACTOR.md"

// step is a block of a page, by the mark above it:
//
//	run         commands, which must succeed
//	fails       commands, of which the last must fail
//	background  a `thinkey dev`, which runs to the end of the page
//	shows       lines that the commands before it printed, in this order; … stands for anything
//	in FILE     lines of that file
type step struct{ mark, text string }

var (
	fence     = regexp.MustCompile("(?ms)^(?:<!-- ([a-z]+(?: [\\w.]+)?) -->\n)?```(\\w*)\n(.*?)^```$")
	devAlone  = regexp.MustCompile(`^thinkey dev((?: --?[\w=-]+)*)\n$`)
	knownMark = regexp.MustCompile(`^(run|fails|background|shows|in [\w.]+|)$`)
)

// steps are the marked blocks of a page.
func steps(t *testing.T, page string) (list []step) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		if !knownMark.MatchString(m[1]) {
			t.Errorf("%s: unknown mark %q", page, m[1])
		}
		if m[1] != "" {
			list = append(list, step{m[1], m[3]})
		}
	}
	if marks := strings.Count(string(text), "<!-- "); marks != len(list) || marks < 10 {
		t.Fatalf("%s has %d marks, and %d of them stand above a block", page, marks, len(list))
	}
	return list
}

// reader is somebody who types what a page says, all of it in one shell.
type reader struct {
	t     *testing.T
	home  string
	state string // a script that makes a shell what the last one was
	said  string // by the last commands
}

// environ is where a reader's tools find what they have: Go's caches are this process's.
func (r *reader) environ(more ...string) []string {
	env := append(os.Environ(), "HOME="+r.home, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GOFLAGS=-mod=readonly", "GOPROXY=off")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			r.t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return append(env, more...)
}

// types runs commands in a shell that has the directory and the variables of the one before.
func (r *reader) types(text string) error {
	script := "set -a\n. " + r.state + "\nset -eu\n" + text + "\n{ export -p; printf 'cd \"%s\"\\n' \"$PWD\"; } > " + r.state + "\n"
	shell := exec.Command("sh", "-c", script)
	shell.Dir, shell.Env = r.home, r.environ()
	out, err := shell.CombinedOutput()
	r.said = string(out)
	r.t.Logf("%s\n%s", strings.TrimSpace(text), r.said)
	return err
}

// sees fails the test unless the lines were printed.
func (r *reader) sees(lines string) {
	rest := r.said
	for line := range strings.Lines(lines) {
		parts := strings.Split(strings.TrimSpace(line), "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		found := regexp.MustCompile(strings.Join(parts, ".*")).FindStringIndex(rest)
		if found == nil {
			r.t.Errorf("the page shows %q here, and the commands printed\n%s", strings.TrimSpace(line), r.said)
			return
		}
		rest = rest[found[1]:]
	}
}

// background starts the network that the page asks for, on a port that is free.
func (r *reader) background(text string) {
	m := devAlone.FindStringSubmatch(text)
	if m == nil {
		r.t.Fatalf("%q can't run in the background; only thinkey dev can", text)
	}
	p, err := start(r.home, filepath.Join(r.home, "ready"), r.environ(), strings.Fields(m[1])...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = p.kill() })
	url, err := p.awaitReady()
	if err == nil {
		err = r.types("THINKEY_NODE=" + url)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// follow does what a step says.
func (r *reader) follow(s step) {
	mark, file, _ := strings.Cut(s.mark, " ")
	switch mark {
	case "run":
		if err := r.types(s.text); err != nil {
			r.t.Fatal(err)
		}
	case "fails":
		var ended *exec.ExitError
		if err := r.types(s.text); !errors.As(err, &ended) {
			r.t.Fatalf("the page says that this fails, and it ended with %v", err)
		}
	case "background":
		r.background(s.text)
	case "shows":
		r.sees(s.text)
	case "in":
		if err := r.types("cat " + file); err != nil || !strings.Contains(r.said, s.text) {
			r.t.Errorf("%s does not hold\n%s", file, s.text)
		}
	}
}

// Who follows the page, command by command, sees what it says.
func TestFirstActor(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and tests a project")
	}
	t.Parallel()
	r := newReader(t)
	for _, s := range steps(t, firstActor) {
		r.follow(s)
	}
}

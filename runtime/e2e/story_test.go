package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestStories(t *testing.T) {
	vectors, err := filepath.Abs(filepath.Join("..", "..", "consensus", "order", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := filepath.Abs(filepath.Join("..", "..", "examples", "token", "rust", "token.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]func(*testscript.TestScript, bool, []string){"dev": dev, "halt": halt, "crash": crash, "exits": exits, "keep": keep, "find": find, "until": until, "flip": flip, "plant": plant, "up": up}
	for _, taken := range []string{"cat", "cd", "cmp", "cp", "env", "exec", "exists", "grep", "kill", "mkdir", "mv", "rm", "skip", "stderr", "stdin", "stdout", "stop", "wait"} {
		if commands[taken] != nil {
			t.Fatalf("command %q is testscript's own: ours would never be run", taken)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("BIN", bin)
			env.Setenv("VECTORS", vectors)
			env.Setenv("TOKEN", token)
			env.Setenv("TMPDIR", os.TempDir()) // where networks that stories make at once write down their ports
			env.Values[processes{}] = make(map[string]*process)
			return os.Mkdir(home, 0o700)
		},
		Cmds: commands,
	})
}

// processes is the key of a story's running processes, by name.
type processes struct{}

func running(ts *testscript.TestScript) map[string]*process {
	return ts.Value(processes{}).(map[string]*process)
}

func dev(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: dev NAME [flags]")
	}
	environ := []string{"HOME=" + ts.Getenv("HOME"), "PATH=" + ts.Getenv("PATH")}
	p, err := start(ts.MkAbs("."), ts.MkAbs(args[0]+".ready"), environ, args[1:]...)
	ts.Check(err)
	ts.Defer(func() { _ = p.kill() })
	url, err := p.awaitReady()
	ts.Check(err)
	running(ts)[args[0]] = p
	ts.Setenv("THINKEY_NODE", url)
	ts.Setenv("ADDR", strings.TrimPrefix(url, "http://"))
}

func halt(ts *testscript.TestScript, neg bool, args []string) {
	p := running(ts)[args[0]]
	if neg || p == nil {
		ts.Fatalf("usage: halt NAME, of a process that runs")
	}
	err := p.stop()
	ts.Logf("[%s]\n%s", args[0], p.out.String())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), p.out.Bytes(), 0o600))
}

func crash(ts *testscript.TestScript, neg bool, args []string) {
	p := running(ts)[args[0]]
	if neg || p == nil {
		ts.Fatalf("usage: crash NAME, of a process that runs")
	}
	ts.Check(p.kill())
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keep VAR")
	}
	line, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
	ts.Setenv(args[0], line)
}

// find keeps what the first group of a pattern matches in what the last command printed.
func find(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: find VAR PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	for _, from := range []string{"stdout", "stderr"} {
		if found := pattern.FindStringSubmatch(ts.ReadFile(from)); len(found) > 1 {
			ts.Setenv(args[0], found[1])
			return
		}
	}
	ts.Fatalf("nothing matches %s", args[1])
}

// until runs a command again and again until what it prints matches a pattern.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN command …")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(5 * time.Minute)
	for {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("what it prints never matches %s", args[0])
		}
	}
}

// up starts the nodes of a test network, or some of them; they are stopped with the story.
func up(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: up DIR [N...]")
	}
	down := exec.Command(filepath.Join(bin, "thinkey"), "testnet", "down", "--dir", ts.MkAbs(args[0]))
	down.Env = []string{"HOME=" + ts.Getenv("HOME")}
	ts.Defer(func() {
		if out, err := down.CombinedOutput(); err != nil {
			ts.Logf("%s", out)
		}
	})
	err := ts.Exec("thinkey", append([]string{"testnet", "up", "--dir", args[0]}, args[1:]...)...)
	if err != nil {
		logged, _ := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "node-*", "node.log"))
		for _, name := range logged {
			ts.Logf("%s:\n%s", name, tail(ts.ReadFile(name)))
		}
	}
	ts.Check(err)
}

// tail is the end of what a process logged: why it ended.
func tail(logged string) string { return logged[max(0, len(logged)-4<<10):] }

// flip changes a bit of a file, in the middle.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	b := []byte(ts.ReadFile(args[0]))
	b[len(b)/2] ^= 4
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

// plant builds the program with a bug in it.
func plant(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: plant PROGRAM FILE OLD NEW")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	ts.Check(err)
	file := filepath.Join(root, filepath.FromSlash(args[1]))
	src, err := os.ReadFile(file)
	ts.Check(err)
	if n := strings.Count(string(src), args[2]); n != 1 {
		ts.Fatalf("%q stands %d times in %s", args[2], n, args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs("planted"), []byte(strings.Replace(string(src), args[2], args[3], 1)), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: ts.MkAbs("planted")}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("overlay"), overlay, 0o600))
	build := exec.Command("go", "build", "-overlay", ts.MkAbs("overlay"), "-o", ts.MkAbs(filepath.Join("planted-bin", args[0])), "./runtime/cmd/thinkey")
	build.Dir = root
	out, err := build.CombinedOutput()
	ts.Logf("%s", out)
	ts.Check(err)
	ts.Setenv("PATH", ts.MkAbs("planted-bin")+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; if it should, run go test -update and read the diff\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

// answered is what a run of the program came to.
type answered struct {
	code     int
	out, err string
}

// run runs the program with a home and a configuration of its own.
func run(t *testing.T, home string, args ...string) answered {
	t.Helper()
	return runWith(t, []string{"THINKEY_KEYS=" + filepath.Join(home, "keys"), "THINKEY_CONFIG=" + emptyConfig(t, home)}, "", args...)
}

func runWith(t *testing.T, environ []string, in string, args ...string) answered {
	t.Helper()
	var out, err bytes.Buffer
	code := Run(context.Background(), args, Streams{In: strings.NewReader(in), Out: &out, Err: &err, Environ: environ})
	return answered{code, out.String(), err.String()}
}

func emptyConfig(t *testing.T, home string) string {
	t.Helper()
	path := filepath.Join(home, "config.toml")
	if _, err := os.Stat(path); err != nil {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// errorOf is the error object that a run with --json ended with.
func errorOf(t *testing.T, a answered) (code, message, hint string) {
	t.Helper()
	var object struct {
		Error struct{ Code, Message, Hint string }
	}
	if err := json.Unmarshal([]byte(a.err), &object); err != nil {
		t.Fatalf("standard error is %q: %v", a.err, err)
	}
	return object.Error.Code, object.Error.Message, object.Error.Hint
}

// A mistake in a command has exit code 2, and an error that names the value and what to do (U1, U3).
func TestUsage(t *testing.T) {
	for _, x := range []struct {
		args []string
		says []string
	}{
		{[]string{"tranfer"}, []string{`unknown command ("thinkey tranfer")`, `did you mean "thinkey transfer"?`}},
		{[]string{"key", "lst"}, []string{`("thinkey key lst")`, `"thinkey key list"`, "export, import, list, new, show"}},
		{[]string{"bench", "paymnt"}, []string{`"thinkey bench payment"`}},
		{[]string{"completion", "bsh"}, []string{`"thinkey completion bash"`}},
		{[]string{"help", "trnsfer"}, []string{`"thinkey transfer"`}},
		{[]string{"help", "key", "lst"}, []string{`"thinkey key list"`}},
		{[]string{"help", "trace", "x"}, []string{`has no commands ("x")`, "thinkey help trace"}},
		{[]string{"transfer", "alice", "bob"}, []string{"AMOUNT is missing", "write: thinkey transfer FROM TO AMOUNT"}},
		{[]string{"status", "now"}, []string{`unexpected argument ("now")`, "write: thinkey status"}},
		{[]string{"status", "--fast"}, []string{"--fast", "see: thinkey status --help"}},
		{[]string{"transfer", "alice", "bob", "-1"}, []string{`"-1" is taken for a flag; numbers are 0 or more`, "thinkey transfer --help"}},
		{[]string{"transfer", "alice", "bob", "1.5"}, []string{`"1.5"`, "whole number"}},
		{[]string{"trace", "xyz"}, []string{`"xyz"`, "64 lower-case hexadecimal digits", "copy it"}},
		{[]string{"mine", "0"}, []string{`N ("0")`, "1 to 1000"}},
		{[]string{"send", "alice", "bob", "m", "--input", "abc"}, []string{`--input ("abc")`, "hexadecimal"}},
		{[]string{"send", "alice", "bob", "m", "--amount", "x"}, []string{"--amount", `"x"`}},
		{[]string{"deploy"}, []string{"CODE is missing", "write: thinkey deploy CODE [FIELDS...]"}},
		{[]string{"call", "alice", "bob"}, []string{"METHOD is missing"}},
		{[]string{"deploy", "x", "--amount", "1.5"}, []string{"--amount", `"1.5"`}},
		{[]string{"deploy", "x", "--salt", "1"}, []string{`--salt ("1")`, "hexadecimal"}},
		{[]string{"deploy", "x", "a=1", "--init", "{}"}, []string{"--init and fields", "leave one out"}},
		{[]string{"call", "a", "b", "c", "--amount", "x"}, []string{"--amount", `"x"`}},
		{[]string{"publish"}, []string{"FILE is missing"}},
		{[]string{"replay", "7"}, []string{"--data is missing", "thinkey replay 7 --data DIR"}},
		{[]string{"replay", "-q", "0x7"}, []string{`"0x7" is no height`}},
		{[]string{"dev", "--block", "1ns"}, []string{`--block ("1ns")`, "auto, manual"}},
		{[]string{"dev", "--api", "0.0.0.0:7070"}, []string{"can be reached from outside", "127.0.0.1:7070"}},
		{[]string{"dev", "--api", ":7070"}, []string{"can be reached from outside"}},
		{[]string{"dev", "--api", "127.0.0.1:70700"}, []string{`port "70700"`, "0 to 65535"}},
		{[]string{"dev", "--api", "7070"}, []string{`--api ("7070")`, "loopback address and a port"}},
		{[]string{"dev", "--account", "alice"}, []string{`--account ("alice")`, "NAME=AMOUNT"}},
		{[]string{"dev", "--account", "Alice=1"}, []string{`--account ("Alice=1")`, "a name has"}},
		{[]string{"dev", "--account", "tk1a=1"}, []string{"look like an address"}},
		{[]string{"dev", "--account", "a=0"}, []string{"has nothing"}},
		{[]string{"dev", "--account", "a=1", "--account", "a=2"}, []string{"names a twice"}},
		{[]string{"dev", "--account", "a=340282366920938463463374607431768211455", "--account", "b=1"}, []string{"2^128-1"}},
		{[]string{"dev", "--reset"}, []string{"--reset without --data", "memory"}},
		{[]string{"status", "--node", "localhost:1"}, []string{`setting node ("localhost:1", from flag)`, "http://127.0.0.1:7070"}},
		{[]string{"status", "--timeout", "0s"}, []string{`setting timeout ("0s", from flag)`, "30s"}},
		{[]string{"status", "--log", "loud"}, []string{`setting log ("loud", from flag)`, "debug, info, warn or error"}},
	} {
		t.Run(strings.Join(x.args, " "), func(t *testing.T) {
			a := run(t, t.TempDir(), x.args...)
			if a.code != exitUsage || a.out != "" || !strings.HasPrefix(a.err, "error: ") {
				t.Errorf("exit code %d, out %q, err %q", a.code, a.out, a.err)
			}
			for _, part := range x.says {
				if !strings.Contains(a.err, part) {
					t.Errorf("%q does not say %q", a.err, part)
				}
			}
		})
	}
}

// With --json an error is an object, wherever the flag stands (U2).
func TestErrorObject(t *testing.T) {
	for _, args := range [][]string{{"mine", "x", "--json"}, {"--json", "mine", "x"}} {
		a := run(t, t.TempDir(), args...)
		code, message, hint := errorOf(t, a)
		if a.code != exitUsage || code != "usage" || message != `N ("x")` || !strings.Contains(hint, "1 to 1000") || a.out != "" {
			t.Errorf("%v: %+v", args, a)
		}
	}
	a := run(t, t.TempDir(), "mine", "--nothing", "--json") // the flag behind the mistake
	if code, _, _ := errorOf(t, a); code != "usage" {
		t.Errorf("%+v", a)
	}
}

// A node that isn't there has an exit code of its own (U1).
func TestUnreachable(t *testing.T) {
	a := run(t, t.TempDir(), "status", "--node", "http://127.0.0.1:1", "--json")
	code, message, hint := errorOf(t, a)
	if a.code != exitUnreachable || code != "unreachable" || !strings.Contains(message, "127.0.0.1:1") || !strings.Contains(hint, "thinkey dev") {
		t.Errorf("%+v", a)
	}
}

func TestVersion(t *testing.T) {
	text := run(t, t.TempDir(), "version")
	flagged := run(t, t.TempDir(), "--version")
	if text.code != exitOK || !strings.HasPrefix(text.out, "thinkey "+release+" go1.") || flagged.out != text.out {
		t.Errorf("%+v, %+v", text, flagged)
	}
	var b build
	if err := json.Unmarshal([]byte(run(t, t.TempDir(), "version", "--json").out), &b); err != nil || b != thisBuild() {
		t.Errorf("%+v, %v", b, err)
	}
}

// Every command has words, and every setting a flag somewhere, so that docs and completion have something to show.
func TestCommands(t *testing.T) {
	a := &app{}
	root := a.root()
	dir := t.TempDir()
	if got := run(t, dir, "docs", filepath.Join(dir, "pages")); got.code != exitOK || !strings.Contains(got.out, "pages of") {
		t.Fatalf("%+v", got)
	}
	for _, name := range []string{"dev", "key new", "key list", "key show", "key import", "key export", "account show", "account list", "transfer", "send",
		"publish", "deploy", "call", "query", "code show", "setcode", "events", "trace", "block show", "block list", "block follow", "replay", "audit", "order check", "mine", "status", "config show", "config path", "version", "bench"} {
		cmd, rest, err := root.Find(strings.Fields(name))
		if err != nil || len(rest) > 0 || cmd.Short == "" {
			t.Errorf("command %s: %v, rest %v", name, err, rest)
			continue
		}
		page := "thinkey_" + strings.ReplaceAll(name, " ", "_") + ".md"
		if _, err := os.Stat(filepath.Join(dir, "pages", page)); err != nil {
			t.Error(err)
		}
	}
	if a := run(t, dir, "completion", "bash"); a.code != exitOK || !strings.Contains(a.out, "__start_thinkey") {
		t.Errorf("completion: code %d", a.code)
	}
}

// silent never has anything to read, and tells when it is asked.
type silent struct{ asked chan struct{} }

func (s silent) Read([]byte) (int, error) {
	close(s.asked)
	select {}
}

// A command that waits for its input ends with the first signal.
func TestInterruptedInput(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in := silent{make(chan struct{})}
	go func() {
		<-in.asked
		cancel()
	}()
	var out, err bytes.Buffer
	code := Run(ctx, []string{"order", "check", "-"}, Streams{In: in, Out: &out, Err: &err, Environ: []string{"THINKEY_CONFIG=" + emptyConfig(t, t.TempDir())}})
	if code != exitFailed || err.String() != "error: interrupted\n" || out.Len() > 0 {
		t.Errorf("exit code %d, %q, %q", code, err.String(), out.String())
	}
}

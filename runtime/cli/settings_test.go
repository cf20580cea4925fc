package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A flag beats the environment, that beats the file, and that the default (U6).
func TestPrecedence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte("node = \"http://file:1\"\nkeys = \"/file\"\ntimeout = \"1s\"\nvalid-for = 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := loadSettings(sources{path: path, named: true,
		environ: []string{"THINKEY_NODE=http://env:1", "THINKEY_KEYS=/env", "OTHER=1", "THINKEY_CONFIG=" + path},
		flags:   map[string]string{"node": "http://flag:1/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ key, value, origin string }{
		{"node", "http://flag:1/", "flag"}, {"keys", "/env", "environment"}, {"timeout", "1s", "file " + path},
		{"valid-for", "7", "file " + path}, {"log", "warn", "default"},
	} {
		if s.text(x.key) != x.value || s.origin[x.key] != x.origin {
			t.Errorf("%s is %q from %s, want %q from %s", x.key, s.text(x.key), s.origin[x.key], x.value, x.origin)
		}
	}
	if s.node() != "http://flag:1" || s.timeout().Seconds() != 1 || s.validFor() != 7 || s.level().String() != "WARN" {
		t.Errorf("node %s, timeout %s, valid for %d, level %s", s.node(), s.timeout(), s.validFor(), s.level())
	}
}

// What is not a setting is refused with the nearest that is.
func TestUnknownSetting(t *testing.T) {
	for _, x := range []struct {
		name, file, env string
		says            []string
	}{
		{"file", "nod = \"http://x:1\"", "", []string{`"nod"`, `did you mean "node"?`}},
		{"table", "[node]\nurl = \"x\"", "", []string{"setting node", "wrong type"}},
		{"type", "timeout = true", "", []string{"timeout", "wrong type"}},
		{"environment", "", "THINKEY_KEYES=x", []string{`"keyes"`, "environment", `did you mean "keys"?`}},
		{"value", "", "THINKEY_TIMEOUT=soon", []string{`"soon"`, "environment", "30s"}},
		{"empty", "seed = \"\"", "", []string{"setting seed", "must not be empty"}},
		{"toml", "node = ", "", []string{"line 1", "column"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(path, []byte(x.file), 0o600); err != nil {
				t.Fatal(err)
			}
			a := runWith(t, []string{x.env}, "", "config", "show", "--config", path)
			if a.code != exitUsage {
				t.Errorf("%+v", a)
			}
			for _, part := range x.says {
				if !strings.Contains(a.err, part) {
					t.Errorf("%q does not say %q", a.err, part)
				}
			}
			if a := runWith(t, []string{x.env}, "", "config", "path", "--config", path); a.code != exitOK || a.out != path+"\n" {
				t.Errorf("config path helps nobody: %+v", a)
			}
		})
	}
}

// A file that was named must be there; the one at the usual place may be missing.
func TestMissingFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.toml")
	if a := runWith(t, nil, "", "config", "show", "--config", missing); a.code != exitUsage || !strings.Contains(a.err, missing) {
		t.Errorf("%+v", a)
	}
	t.Setenv("HOME", t.TempDir())
	if a := runWith(t, nil, "", "config", "show"); a.code != exitOK {
		t.Errorf("%+v", a)
	}
}

func TestConfigShow(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	a := runWith(t, []string{"THINKEY_LOG=info"}, "", "config", "show", "--origin", "--node", "http://h:1")
	golden(t, "config.golden", strings.ReplaceAll(a.out, home, "HOME"))
	if a := runWith(t, nil, "", "config", "show", "--json"); !strings.HasPrefix(a.out, `{"key":"node","value":"http://127.0.0.1:7070"}`) {
		t.Errorf("%+v", a)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"node", "keys", "seed", "timeout"}
	for typed, want := range map[string]string{"nod": "node", "key": "keys", "time-out": "timeout", "sed": "seed", "ndoe": "node"} {
		if got := nearest(typed, words); got != want {
			t.Errorf("nearest of %s is %s, want %s", typed, got, want)
		}
	}
	for typed, want := range map[string]string{"nod": `did you mean "--node"? See x`, "ndoe": `did you mean "--node"? See x`, "zzzzzz": "see x", "set": `did you mean "--seed"? See x`} {
		if got := meant("--", typed, words, "see x"); got != want {
			t.Errorf("%s: %s, want %s", typed, got, want)
		}
	}
	if got := meant("", "node", nil, "see x"); got != "see x" {
		t.Error(got)
	}
	if d := distance("kitten", "sitting"); d != 3 {
		t.Errorf("distance %d", d)
	}
}

package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A flag beats the environment, that beats the file, and that the default (U6).
func TestPrecedence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte("node = \"http://file:1\"\nkeys = \"/file\"\ntimeout = \"1s\"\nvalid-for = 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := loadSettings(sources{known: allSettings, path: path, named: true, prefix: envPrefix, except: []string{envConfig + "=", envNodePrefix},
		environ: []string{"THINKEY_NODE=http://env:1", "THINKEY_KEYS=/env", "OTHER=1", "THINKEY_CONFIG=" + path, "THINKEY_NODE_API=other"},
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
	if s.nodes()[0] != "http://flag:1" || s.timeout().Seconds() != 1 || s.validFor() != 7 || s.level().String() != "WARN" {
		t.Errorf("node %s, timeout %s, valid for %d, level %s", s.nodes(), s.timeout(), s.validFor(), s.level())
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

// A node's configuration goes through the same layers, each key with its own form.
func TestNodePrecedence(t *testing.T) {
	h := nodeHome(t.TempDir())
	text := "api = '127.0.0.1:1'\nplacement = '127.0.0.1:2'\ngossip = '127.0.0.1:3'\nseeds = ['127.0.0.1:4']\nchains = [1, 2]\nkeep-states = 5\n"
	if err := os.WriteFile(h.file(nodeConfigFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"THINKEY_NODE=http://h:1", "THINKEY_NODE_API=127.0.0.1:11", "THINKEY_NODE_PLACEMENT=127.0.0.1:12", "THINKEY_NODE_SEEDS=127.0.0.1:14,127.0.0.1:15", "THINKEY_NODE_CHAINS=1,3"}
	c, err := readNodeConfig(h, environ, map[string]string{"api": "127.0.0.1:21", "trusted": ""})
	if err != nil {
		t.Fatal(err)
	}
	want := defaultNodeConfig()
	want.API, want.Placement, want.Gossip, want.Seeds, want.Chains, want.KeepStates = "127.0.0.1:21", "127.0.0.1:12", "127.0.0.1:3", []string{"127.0.0.1:14", "127.0.0.1:15"}, []uint32{1, 3}, 5
	want.origin = c.origin
	if !reflect.DeepEqual(c, want) {
		t.Errorf("%+v, want %+v", c, want)
	}
	for key, origin := range map[string]string{"api": "flag", "placement": "environment", "gossip": "file " + h.file(nodeConfigFile), "block": "default", "seeds": "environment"} {
		if c.origin[key] != origin {
			t.Errorf("%s is from %s, want %s", key, c.origin[key], origin)
		}
	}
}

// What a node can't mean is refused, with where it was said.
func TestBadNodeSettings(t *testing.T) {
	for _, x := range []struct{ file, env, says string }{
		{"transprt = 'x'", "", `unknown setting "transprt"`},
		{"api = ['127.0.0.1:1']", "", "setting api"},
		{"seeds = '127.0.0.1:1'\nkeep-states = true", "", "setting keep-states (true, from file"},
		{"chains = [1, 'b']", "", `setting chains ("b", from file`},
		{"chains = [[1]]", "", "write it as a list"},
		{"", "THINKEY_NODE_GOSSIP=host:1", `setting gossip ("host:1", from environment); write an IP address`},
		{"", "THINKEY_NODE_TRUSTED=12", `setting trusted ("12", from environment)`},
		{"", "THINKEY_NODE_BLOCK=manual", `setting block ("manual", from environment)`},
		{"", "THINKEY_NODE_APPI=x", `did you mean "api"?`},
		{"gossip = '0.0.0.0:7172'", "", "nobody reaches that address"},
		{"transport = '192.0.2.1:7171'", "", `placement ("127.0.0.1:7173"): other nodes, who reach 192.0.2.1:7171, don't reach it`},
		{"dev-seed = 'x'", "THINKEY_NODE_API=0.0.0.0:1", `setting api ("0.0.0.0:1", from environment) can be reached from outside`},
	} {
		h := nodeHome(t.TempDir())
		if err := os.WriteFile(h.file(nodeConfigFile), []byte(x.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if a := runWith(t, []string{x.env}, "", "config", "show", "--home", string(h)); a.code != exitUsage || !strings.Contains(a.err, x.says) {
			t.Errorf("%+v: %+v", x, a)
		}
	}
}

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/keys"
)

func write(t *testing.T, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// A key goes out of one home and into another and stays the same; what is shown of it is never secret (U4).
func TestKeyJourney(t *testing.T) {
	home, other := t.TempDir(), t.TempDir()
	word := write(t, home, "password", "correct horse\n", 0o600)
	made := run(t, home, "key", "new", "alice", "--password-file", word, "--json")
	var e keyEntry
	if err := json.Unmarshal([]byte(made.out), &e); err != nil || made.code != exitOK {
		t.Fatalf("%+v: %v", made, err)
	}
	if e.Name != "alice" || e.Path != filepath.Join(home, "keys", "alice.json") {
		t.Errorf("%+v", e)
	}
	carried := filepath.Join(home, "carried.json")
	if a := run(t, home, "key", "export", "alice", carried, "--password-file", word); a.code != exitOK {
		t.Fatalf("%+v", a)
	}
	if a := run(t, other, "key", "import", carried, "--name", "away", "--password-file", word, "-q"); a.code != exitOK || a.out != e.Address.String()+"\n" {
		t.Fatalf("%+v", a)
	}
	if a := run(t, other, "key", "show", "away", "-q"); a.out != e.Address.String()+"\n" {
		t.Errorf("%+v", a)
	}
	if a := run(t, other, "key", "list"); !strings.HasPrefix(a.out, "away  "+e.Address.String()) {
		t.Errorf("%+v", a)
	}
	for _, a := range []answered{made, run(t, home, "key", "show", "alice"), run(t, home, "key", "list", "--json")} {
		if strings.Contains(a.out+a.err, "correct horse") {
			t.Errorf("shows the password: %+v", a)
		}
	}
}

func TestKeySeed(t *testing.T) {
	home := t.TempDir()
	word := write(t, home, "password", "w", 0o600)
	seed := write(t, home, "seed", strings.Repeat("07", 32)+"\n", 0o600)
	a := run(t, home, "key", "import", "--seed-file", seed, "--name", "s", "--password-file", word, "--json")
	want := keys.FromSeed([32]byte([]byte(strings.Repeat("\x07", 32)))).Public().String()
	if a.code != exitOK || !strings.Contains(a.out, want) {
		t.Errorf("%+v, want %s", a, want)
	}
	for _, bad := range []string{"", strings.Repeat("07", 31), strings.Repeat("0g", 32), strings.Repeat("07", 33)} {
		path := write(t, t.TempDir(), "seed", bad, 0o600)
		a := run(t, home, "key", "import", "--seed-file", path, "--name", "t", "--password-file", word)
		if a.code != exitFailed || !strings.Contains(a.err, "64 hexadecimal digits") || bad != "" && strings.Contains(a.err, bad) {
			t.Errorf("%q: %+v", bad, a)
		}
	}
	open := write(t, home, "open", strings.Repeat("07", 32), 0o644)
	if a := run(t, home, "key", "import", "--seed-file", open, "--name", "t", "--password-file", word); a.code != exitFailed || !strings.Contains(a.err, "chmod 600") {
		t.Errorf("%+v", a)
	}
}

// One mistake each.
func TestKeyMistakes(t *testing.T) {
	home := t.TempDir()
	word, wrong := write(t, home, "password", "right\n", 0o600), write(t, home, "wrong", "left\n", 0o600)
	if a := run(t, home, "key", "new", "alice", "--password-file", word); a.code != exitOK {
		t.Fatalf("%+v", a)
	}
	write(t, filepath.Join(home, "keys"), "other.json", "{}", 0o600) // is in nobody's way
	for _, x := range []struct {
		code int
		kind string
		args []string
		says string
	}{
		{exitFailed, "failed", []string{"key", "show", "other"}, "not a valid key file: format"},
		{exitFailed, "failed", []string{"key", "list"}, "other.json"},
		{exitFailed, "key_exists", []string{"key", "new", "alice", "--password-file", word}, "alice"},
		{exitFailed, "failed", []string{"key", "new", "../x", "--password-file", word}, "../x"},
		{exitFailed, "key_not_found", []string{"key", "show", "bob"}, "bob"},
		{exitFailed, "key_not_found", []string{"key", "export", "bob", filepath.Join(home, "x")}, "bob"},
		{exitFailed, "wrong_password", []string{"key", "export", "alice", filepath.Join(home, "x"), "--password-file", wrong}, "wrong password"},
		{exitUsage, "usage", []string{"key", "import"}, "one source"},
		{exitUsage, "usage", []string{"key", "import", "--seed-file", word}, "--name is missing"},
		{exitFailed, "no_file", []string{"key", "new", "carol", "--password-file", filepath.Join(home, "none")}, "none"},
		{exitFailed, "no_file", []string{"key", "import", filepath.Join(home, "gone"), "--password-file", word}, "gone"},
		{exitFailed, "key_exists", []string{"key", "import", filepath.Join(home, "keys", "alice.json"), "--password-file", word}, "alice"},
		{exitFailed, "failed", []string{"key", "new", "carol", "--password-fd", "99"}, "99"},
	} {
		a := run(t, home, append(x.args, "--json")...)
		code, message, _ := errorOf(t, a)
		if a.code != x.code || code != x.kind || !strings.Contains(message, x.says) || strings.Contains(a.err, "right") {
			t.Errorf("%v: %+v", x.args, a)
		}
	}
}

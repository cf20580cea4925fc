package keyfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/sdk/keys"
)

var soundCost = defaultCost

func TestMain(m *testing.M) {
	defaultCost = cost{passes: 1, memoryKiB: 16, threads: 1}
	os.Exit(m.Run())
}

var password = []byte("correct horse")

// store is a directory with the keys of these names in it, and the keys.
func store(t *testing.T, names ...string) (string, []keys.PrivateKey) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "keys")
	var made []keys.PrivateKey
	for _, name := range names {
		key, err := Generate()
		if err != nil {
			t.Fatal(err)
		}
		if err := Create(dir, name, key, password); err != nil {
			t.Fatal(err)
		}
		made = append(made, key)
	}
	return dir, made
}

func wants(t *testing.T, what string, err, want error, text ...string) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: error %v, want %v", what, err, want)
		return
	}
	for _, part := range text {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %q does not say %q", what, err, part)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	dir, made := store(t, "bob", "alice", "a-b", "a.b")
	for i, name := range []string{"bob", "alice", "a-b", "a.b"} {
		key, err := Open(dir, name, password)
		if err != nil || key.Seed() != made[i].Seed() {
			t.Errorf("Open(%s): another key, or %v", name, err)
		}
	}
	entries, err := List(dir)
	want := []Entry{{"a-b", made[2].Public()}, {"a.b", made[3].Public()}, {"alice", made[1].Public()}, {"bob", made[0].Public()}}
	if err != nil || !slices.Equal(entries, want) {
		t.Errorf("List = %v, %v, want %v", entries, err, want)
	}
	if made[0].Seed() == made[1].Seed() {
		t.Error("Generate gave the same key twice")
	}
}

func TestDefaultCost(t *testing.T) {
	if err := soundCost.check(); err != nil || soundCost.memoryKiB < 64<<10 || soundCost.passes < 3 {
		t.Errorf("default cost %+v is weaker than RFC 9106 advises, or refused: %v", soundCost, err)
	}
	cheap := defaultCost
	defaultCost = soundCost
	defer func() { defaultCost = cheap }()
	dir, made := store(t, "alice")
	key, err := Open(dir, "alice", password)
	if err != nil || key.Seed() != made[0].Seed() {
		t.Errorf("Open: another key, or %v", err)
	}
}

// The portable file: the same key under another password and path, then into another directory under another name.
func TestExportImport(t *testing.T) {
	_, made := store(t, "alice")
	path, other := filepath.Join(t.TempDir(), "carried"), []byte("other")
	wants(t, "Write", Write(path, "alice", made[0], other), nil)
	wants(t, "Write again", Write(path, "alice", made[0], other), ErrExists, path)
	entry, key, err := Read(path, other)
	if err != nil || entry != (Entry{"alice", made[0].Public()}) || key.Seed() != made[0].Seed() {
		t.Fatalf("Read = %v, %v", entry, err)
	}
	dir, _ := store(t)
	wants(t, "Create", Create(dir, "imported", key, password), nil)
	_, _, err = Read(path, password)
	wants(t, "Read with the old password", err, ErrPassword)
}

func TestRefusals(t *testing.T) {
	dir, made := store(t, "alice")
	_, err := Open(dir, "alice", []byte("wrong horse"))
	wants(t, "wrong password", err, ErrPassword, "alice.json")
	_, err = Open(dir, "alice", nil)
	wants(t, "no password", err, ErrPasswordEmpty)
	_, err = Open(dir, "bob", password)
	wants(t, "no key", err, ErrNotFound, "bob.json")
	_, err = Open(filepath.Join(dir, "none"), "bob", password)
	wants(t, "no directory", err, ErrNotFound)
	_, err = Open(filepath.Join(dir, "alice.json"), "bob", password)
	wants(t, "a file for a directory", err, ErrFormat, "directory")
	wants(t, "name taken", Create(dir, "alice", made[0], password), ErrExists, "alice.json")
	wants(t, "empty password", Create(dir, "carol", made[0], nil), ErrPasswordEmpty)
	entries, err := List(filepath.Join(dir, "none"))
	if entries != nil || err != nil {
		t.Errorf("List of no directory: %v, %v", entries, err)
	}
}

func TestNames(t *testing.T) {
	dir, _ := store(t)
	key := keys.FromSeed([32]byte{1})
	for _, name := range []string{"a", "0", "a..", "x" + strings.Repeat("-", 62)} {
		wants(t, name, Create(dir, name, key, password), nil)
	}
	for _, name := range []string{"", ".a", "-a", "_a", "A", "a/b", "../a", "a b", "a\x00", "é", "a\n", strings.Repeat("x", 64)} {
		wants(t, name, Create(dir, name, key, password), ErrFormat, "name")
		_, err := Open(dir, name, password)
		wants(t, name, err, ErrFormat, "name")
		wants(t, name, Write(filepath.Join(dir, "x"), name, key, password), ErrFormat, "name")
	}
}

// F1: of many at once, one wins, and the file is the winner's.
func TestConcurrentCreate(t *testing.T) {
	dir, _ := store(t)
	const n = 16
	results := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { results[i] = Create(dir, "alice", keys.FromSeed([32]byte{byte(i)}), password) })
	}
	group.Wait()
	won := -1
	for i, err := range results {
		if err == nil && won >= 0 {
			t.Errorf("%d and %d both created the key", won, i)
		}
		if err == nil {
			won = i
			continue
		}
		wants(t, fmt.Sprint("creator ", i), err, ErrExists)
	}
	key, err := Open(dir, "alice", password)
	if err != nil || won < 0 || key.Seed() != [32]byte{byte(won)} {
		t.Errorf("the key is not that of the winner, %d: %v", won, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
}

// F1: even one that comes between the question and the answer.
func TestWriteNewNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	wants(t, "first", writeNew(path, []byte("first")), nil)
	wants(t, "second", writeNew(path, []byte("second")), ErrExists)
	if content, err := os.ReadFile(path); err != nil || string(content) != "first" {
		t.Errorf("content %q, %v", content, err)
	}
}

// F2.
func TestPermissions(t *testing.T) {
	dir, _ := store(t, "alice")
	path := filepath.Join(dir, "alice.json")
	for _, made := range []struct {
		path string
		mode os.FileMode
	}{{path, 0o600}, {dir, 0o700}, {filepath.Dir(dir), 0o700}} {
		if stat, err := os.Stat(made.path); err != nil || stat.Mode().Perm() != made.mode {
			t.Errorf("%s: %v, %v, want mode %o", made.path, stat.Mode(), err, made.mode)
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o610, 0o601} {
		chmod(t, path, mode)
		_, err := Open(dir, "alice", password)
		wants(t, mode.String(), err, ErrPermissions, "chmod 600 '"+path+"'")
		_, _, err = Read(path, password)
		wants(t, mode.String(), err, ErrPermissions)
		_, err = List(dir)
		wants(t, mode.String(), err, ErrPermissions)
	}
	chmod(t, path, 0o400)
	for _, mode := range []os.FileMode{0o720, 0o702} {
		chmod(t, dir, mode)
		_, err := Open(dir, "alice", password)
		wants(t, mode.String(), err, ErrPermissions, "chmod 700 '"+dir+"'")
		_, err = List(dir)
		wants(t, mode.String(), err, ErrPermissions)
		wants(t, mode.String(), Create(dir, "bob", keys.FromSeed([32]byte{}), password), ErrPermissions)
	}
	chmod(t, dir, 0o755)
	_, err := Open(dir, "alice", password)
	wants(t, "a directory that others can only read", err, nil)
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// List leaves out what is no key file, and says so, without hiding the others.
func TestListNamesTheBadOnes(t *testing.T) {
	dir, made := store(t, "alice", "bob")
	for name, content := range map[string]string{"notes.txt": "x", "broken.json": "x", "large.json": strings.Repeat(" ", maxFile+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Rename(filepath.Join(dir, "bob.json"), filepath.Join(dir, "Bob.json")), os.Mkdir(filepath.Join(dir, "sub.json"), 0o700)); err != nil {
		t.Fatal(err)
	}
	entries, err := List(dir)
	if !slices.Equal(entries, []Entry{{"alice", made[0].Public()}}) {
		t.Errorf("entries %v", entries)
	}
	wants(t, "List", err, ErrFormat, "broken.json", "JSON", "large.json", "larger than", "Bob.json", "renamed", "sub.json", "regular")
	if strings.Contains(err.Error(), "notes") {
		t.Errorf("a file of another kind is named: %v", err)
	}
	_, err = Open(dir, "large", password)
	wants(t, "large", err, ErrFormat)
}

// F4: two files that change places.
func TestSwappedFiles(t *testing.T) {
	dir, _ := store(t, "alice", "bob")
	if err := os.Rename(filepath.Join(dir, "bob.json"), filepath.Join(dir, "alice.json")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, "alice", password)
	wants(t, "swapped", err, ErrFormat, "name", `"bob"`)
}

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Whatever a file holds that is replayed or judged, the answer names it and says what is wrong with it: a state that no chain comes to
// (package evidence has written the sample), one that was cut or changed anywhere, a device without end, a directory.
func TestHostileFiles(t *testing.T) {
	sample := filepath.Join("..", "..", "consensus", "evidence", "testdata", "full.recording")
	raw, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	refused := func(path, want string) {
		t.Helper()
		for command, f := range map[string]func() error{
			"replay":         func() error { _, err := tried(t.Context(), "", path); return err },
			"evidence judge": func() error { _, err := readCase(path); return err },
		} {
			if err := f(); err == nil || !strings.Contains(err.Error(), path) || command == "replay" && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", command, err)
			}
		}
	}
	refused(sample, "an accumulator is not full")
	refused("/dev/zero", "more than")
	refused(dir, "is a directory")
	refused(filepath.Join(dir, "none"), "no such file")
	path := filepath.Join(dir, "changed")
	write := func(b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range raw {
		bad := slices.Clone(raw)
		bad[i] ^= 1
		write(bad)
		refused(path, "")
		write(raw[:i])
		refused(path, "")
	}
	write(bytes.Repeat([]byte{1}, 1<<20))
	refused(path, "")
}

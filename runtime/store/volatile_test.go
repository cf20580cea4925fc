package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// What wasn't synced is not in the file: a process that is killed now leaves it so.
func TestVolatile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := volatileFS{vfs.Default}.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		does func() error
		then string
	}{
		{func() error { _, err := f.Write([]byte("one ")); return err }, ""},
		{f.Sync, "one "},
		{func() error { _, err := f.Write([]byte("two ")); return err }, "one "},
		{f.SyncData, "one two "},
		{func() error { _, err := f.Write([]byte("three")); return err }, "one two "},
		{func() error { _, err := f.SyncTo(13); return err }, "one two "},
		{f.Close, "one two three"},
	} {
		if err := step.does(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != step.then {
			t.Fatalf("the file has %q (%v), want %q", got, err, step.then)
		}
	}
}

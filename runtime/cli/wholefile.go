package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeWhole writes a file that is seen whole or not at all, and is there after a crash.
func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// removeIfThere removes a file; no name is no file.
func removeIfThere(path string) error {
	if path == "" {
		return nil
	}
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeReadyFile says where the API is served, for scripts that started the process.
func writeReadyFile(path, url string) error {
	if path == "" {
		return nil
	}
	ready := struct {
		API string `json:"api"`
		PID int    `json:"pid"`
	}{url, os.Getpid()}
	text, err := json.Marshal(ready)
	if err != nil {
		return err
	}
	if err := writeWhole(path, append(text, '\n')); err != nil {
		return failed("no_ready_file", "--ready-file: %v", err).do("name a file in a directory that you can write to")
	}
	return nil
}

// errLong: a file has more bytes than anything of its kind.
var errLong = errors.New("too long")

// readUpTo reads a file, and no more of it than such a file can have: a name may be that of a device, and a file grow.
func readUpTo(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("%s has more than %d bytes: %w", path, limit, errLong)
	}
	return content, err
}

// isThere says whether a file exists.
func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

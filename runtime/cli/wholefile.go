package cli

import (
	"encoding/json"
	"errors"
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

// isThere says whether a file exists.
func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

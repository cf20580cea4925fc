package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is several times what a key file takes.
const maxFile = 4 << 10

const (
	readByOthers  fs.FileMode = 0o077 // group and others, reading or more
	writeByOthers fs.FileMode = 0o022
)

// writeNew makes the file path with this content, whole and durable, or fails and leaves what was there (F1).
func writeNew(path string, content []byte) error {
	dir := filepath.Dir(path)
	temp, err := writeTemp(dir, content)
	if err != nil {
		return err
	}
	// Not os.Rename: that replaces what has the name, and between asking and renaming another process may take it.
	err = os.Link(temp, path)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s: %w", path, ErrExists)
	}
	return errors.Join(err, os.Remove(temp), syncDir(dir))
}

// writeTemp writes and syncs content under a name that is no key's. What a crash leaves of it is encrypted or empty.
func writeTemp(dir string, content []byte) (string, error) {
	f, err := os.CreateTemp(dir, ".new-key-*")
	if err != nil {
		return "", err
	}
	err = f.Chmod(0o600)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// makeDir makes dir and what is missing above it, each synced into its parent.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// checkDir refuses a directory in which others could put their files for ours.
func checkDir(dir string) error {
	stat, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", dir, ErrNotFound)
	}
	if err != nil {
		return err
	}
	if !stat.IsDir() {
		return fmt.Errorf("%s: %w", dir, fault("directory", "it is a file"))
	}
	if stat.Mode()&writeByOthers != 0 {
		return tooWide(dir, stat, "700")
	}
	return nil
}

// readPrivate returns the content of a regular file that its owner alone can read (F2) and that is no larger than a key
// file may be (F3).
func readPrivate(path string) ([]byte, error) {
	// Before opening, because opening a pipe waits for its writer.
	stat, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if !stat.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, fault("file", "it is not a regular file"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := readOpen(f, path)
	return content, errors.Join(err, f.Close())
}

func readOpen(f *os.File, path string) ([]byte, error) {
	stat, err := f.Stat() // of what is open: the path may have changed hands
	if err != nil {
		return nil, err
	}
	if stat.Mode()&readByOthers != 0 {
		return nil, tooWide(path, stat, "600")
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s: %w", path, fault("file", "it is larger than %d bytes", maxFile))
	}
	return content, nil
}

func tooWide(path string, stat fs.FileInfo, mode string) error {
	quoted := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	return fmt.Errorf("%s: %w (%#o); run: chmod %s %s", path, ErrPermissions, stat.Mode().Perm(), mode, quoted)
}

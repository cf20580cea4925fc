package keyfile

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/sdk/keys"
)

// What can go wrong with a key file. Each comes wrapped with the path and what to do.
var (
	// ErrExists: a key of this name is there. Choose another name; move the old file away by hand to replace it.
	ErrExists = errors.New("key file exists already and is never overwritten")
	// ErrNotFound: no key of this name. List says which there are.
	ErrNotFound = errors.New("no such key file")
	// ErrPassword: the password is wrong or the file was changed; no one can tell which.
	ErrPassword = errors.New("wrong password, or the key file was changed")
	// ErrPermissions: others can read the file or change the directory. The text has the command that mends it.
	ErrPermissions = errors.New("permissions are too wide")
	// ErrFormat: not a key file, or one with a field out of its bounds. The text names the field.
	ErrFormat = errors.New("not a valid key file")
)

const extension = ".json"

// Entry is what a key file says in clear. Only a key that Open or Read returned proves it.
type Entry struct {
	Name   string
	Public keys.PublicKey
}

// Generate returns a new key from the system's random generator.
func Generate() (keys.PrivateKey, error) {
	var seed [32]byte
	if _, err := io.ReadFull(rand.Reader, seed[:]); err != nil {
		return keys.PrivateKey{}, fmt.Errorf("random seed: %w", err)
	}
	return keys.FromSeed(seed), nil
}

// Create writes key as DIR/NAME.json, making the directory where it is missing. Of several at once for one name, one
// succeeds and the others get ErrExists (F1).
func Create(dir, name string, key keys.PrivateKey, password []byte) error {
	path, err := pathOf(dir, name)
	if err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	if err := checkDir(dir); err != nil {
		return err
	}
	return Write(path, name, key, password)
}

// Open returns the key of DIR/NAME.json.
func Open(dir, name string, password []byte) (keys.PrivateKey, error) {
	path, r, err := locate(dir, name)
	if err != nil {
		return keys.PrivateKey{}, err
	}
	return unseal(path, r, password)
}

// Find returns what DIR/NAME.json says in clear, whatever other files hold.
func Find(dir, name string) (Entry, error) {
	_, r, err := locate(dir, name)
	return r.Entry, err
}

func locate(dir, name string) (path string, r record, err error) {
	if path, err = pathOf(dir, name); err != nil {
		return path, r, err
	}
	if err = checkDir(dir); err != nil {
		return path, r, err
	}
	r, err = readNamed(path, name)
	return path, r, err
}

// List returns the keys of a directory by name; none if there is no directory. Files that are no sound key files are left
// out and named in the error, so both results count.
func List(dir string) ([]Entry, error) {
	found, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	var entries []Entry
	var faults []error
	for _, file := range found {
		name, ok := strings.CutSuffix(file.Name(), extension)
		if !ok {
			continue
		}
		r, err := readNamed(filepath.Join(dir, file.Name()), name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		entries = append(entries, r.Entry)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, errors.Join(faults...)
}

// Write writes key to a new file at path, to be carried elsewhere; its directory must exist.
func Write(path, name string, key keys.PrivateKey, password []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	if len(password) == 0 {
		return ErrPasswordEmpty
	}
	// Asked again when the file gets its name; asked here so that nobody waits for the derivation in vain.
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	r, err := seal(name, key, password)
	if err != nil {
		return err
	}
	return writeNew(path, r.encode())
}

// Read returns the key of any key file, with the name that it had where it was written.
func Read(path string, password []byte) (Entry, keys.PrivateKey, error) {
	r, err := readRecord(path)
	if err != nil {
		return Entry{}, keys.PrivateKey{}, err
	}
	key, err := unseal(path, r, password)
	if err != nil {
		return Entry{}, keys.PrivateKey{}, err
	}
	return r.Entry, key, nil
}

func pathOf(dir, name string) (string, error) {
	return filepath.Join(dir, name+extension), checkName(name)
}

func readRecord(path string) (record, error) {
	content, err := readPrivate(path)
	if err != nil {
		return record{}, err
	}
	r, err := parse(content)
	if err != nil {
		return record{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// readNamed is readRecord for a file whose name must be that of the key (F4).
func readNamed(path, name string) (record, error) {
	r, err := readRecord(path)
	if err == nil && r.Name != name {
		err = fmt.Errorf("%s: %w", path, fault("name", "%q is not the name of the file: was it renamed?", r.Name))
	}
	return r, err
}

package wasm

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/sdk/chain"
)

// wazeroVersion is that of go.mod, which a test compares. wazero doesn't know its own version in a test's binary.
const wazeroVersion = "v1.12.0"

// artifacts is the compiled code on disk: a directory for each module, in which wazero keeps what it likes, and beside it the
// instrumented module, as instrumenting takes longer than all else of loading, and a sum over all that. wazero's own
// checksum covers the machine code alone: one flipped bit in the list of functions would be jumped to.
//
//	Dir / code-<versions> / <hash of the code> / sum         SHA-256 over names and contents of the others
//	                                           / module      what meter made of it
//	                                           / wazero-…/…  wazero's
//
// A directory without its sum, or with a wrong one, is removed. It is never trusted, and never needed.
type artifacts struct {
	dir string
	max int64

	mu       sync.Mutex // guards what follows, and one trim at a time
	measured bool       // by trim; until then nothing is known of what was there before
	bytes    int64      // about what all modules take
}

const (
	artifactPrefix = "code-"
	sumName        = "sum"
	moduleName     = "module"
)

// openArtifacts makes the directory for what this version compiles, and removes that of others.
func openArtifacts(dir string, max int64) (*artifacts, error) {
	name := fmt.Sprintf("%s%s-m%d-g%d", artifactPrefix, wazeroVersion, meter.Version, gas.TableVersion)
	a := &artifacts{dir: filepath.Join(dir, name), max: max}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return nil, err
	}
	all, err := os.ReadDir(dir)
	for _, d := range all {
		if strings.HasPrefix(d.Name(), artifactPrefix) && d.Name() != name {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, d.Name())))
		}
	}
	return a, err
}

func (a *artifacts) path(hash chain.CodeHash) string { return filepath.Join(a.dir, hash.String()) }

// has says that a module was compiled, as far as can be seen without reading it all. Where there is no disk, none was.
func (a *artifacts) has(hash chain.CodeHash) bool {
	if a == nil {
		return false
	}
	_, err := os.Stat(filepath.Join(a.path(hash), sumName))
	return err == nil
}

// open is the cache for one module; metered is the module that it is of, or nil if there is nothing sound in it.
func (a *artifacts) open(hash chain.CodeHash) (cache wazero.CompilationCache, metered []byte, err error) {
	path := a.path(hash)
	if isSound(path) {
		metered, err = os.ReadFile(filepath.Join(path, moduleName))
	} else {
		err = os.RemoveAll(path)
	}
	if err != nil {
		return nil, nil, err
	}
	cache, err = wazero.NewCompilationCacheWithDir(path)
	return cache, metered, err
}

func isSound(path string) bool {
	want, err := os.ReadFile(filepath.Join(path, sumName))
	if err != nil {
		return false
	}
	got, err := sum(path)
	return err == nil && bytes.Equal(got, want)
}

// sum is the hash over all in a module's directory but its sum.
func sum(path string) ([]byte, error) {
	all := sha256.New()
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == filepath.Join(path, sumName) {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		one := sha256.New()
		if _, err := io.Copy(one, f); err != nil {
			return err
		}
		fmt.Fprintf(all, "%q", name[len(path):])
		all.Write(one.Sum(nil))
		return nil
	})
	return all.Sum(nil), err
}

// touch notes that a module was used: it stays when others go.
func (a *artifacts) touch(hash chain.CodeHash) {
	now := time.Now()
	_ = os.Chtimes(filepath.Join(a.path(hash), sumName), now, now) // or it goes earlier
}

// seal writes the metered module beside what wazero has written for it, and the sum over that, and makes room if it is too
// much. A crash in between leaves a directory without a sum.
func (a *artifacts) seal(hash chain.CodeHash, metered []byte) error {
	if err := os.WriteFile(filepath.Join(a.path(hash), moduleName), metered, 0o600); err != nil {
		return err
	}
	b, err := sum(a.path(hash))
	if err != nil {
		return err
	}
	// A name of its own, as another process may be doing the same. What crashes before the rename is removed by open.
	temporary, err := os.CreateTemp(a.dir, ".sum")
	if err != nil {
		return err
	}
	_, err = temporary.Write(b)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(a.path(hash), sumName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return a.added(footprint(a.path(hash)))
}

// added makes room if a module that takes n bytes is too much. It looks at all modules only then, and the first time: with ten
// thousand small ones on the disk that takes half a second, which every code that is compiled would have to wait for.
func (a *artifacts) added(n int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bytes += n; a.measured && a.bytes <= a.max {
		return nil
	}
	return a.trim()
}

func (a *artifacts) remove(hash chain.CodeHash) error { return os.RemoveAll(a.path(hash)) }

// trim measures all modules and, if they are too much, removes those that were used longest ago, and some more: it is a while
// until they are too much again. a.mu is held.
func (a *artifacts) trim() error {
	list, err := os.ReadDir(a.dir)
	if err != nil {
		return err
	}
	type module struct {
		path string
		used time.Time
		size int64
	}
	var all []module
	total := int64(0)
	for _, d := range list {
		m := module{path: filepath.Join(a.dir, d.Name())}
		if i, err := os.Stat(filepath.Join(m.path, sumName)); err == nil {
			m.used = i.ModTime()
		}
		m.size = footprint(m.path)
		total += m.size
		all = append(all, m)
	}
	enough := a.max
	if total > a.max {
		enough -= a.max / 8
	}
	slices.SortFunc(all, func(a, b module) int { return a.used.Compare(b.used) })
	for _, m := range all {
		if total <= enough {
			break
		}
		err = errors.Join(err, os.RemoveAll(m.path))
		total -= m.size
	}
	a.measured, a.bytes = true, total
	return err
}

// diskBlock is what disks give a file at least, and a directory.
const diskBlock = 4 << 10

// footprint is what all below path takes of a disk, about: a small module is seven files and directories, of which each takes more
// than is in it.
func footprint(path string) (n int64) {
	walkSizes(path, func(size int64) { n += max(1, (size+diskBlock-1)/diskBlock) * diskBlock })
	return n
}

// sizeOf is the bytes of all files below path.
func sizeOf(path string) (n int64) {
	walkSizes(path, func(size int64) { n += size })
	return n
}

// walkSizes calls add with the bytes of each file below path, and with 0 for each directory; what can't be read counts for nothing.
func walkSizes(path string, add func(size int64)) {
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
		case d.IsDir():
			add(0)
		default:
			if i, err := d.Info(); err == nil {
				add(i.Size())
			}
		}
		return nil
	})
}

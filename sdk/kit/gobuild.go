package kit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/thinkey/thinkey/contracts/build"
)

// Go is a contract in Go, by the folder of its package. It is built when it is first deployed, and kept in the user's cache
// while its sources, those it imports, the builder's and the version of Go are the same.
type Go string

func (g Go) code() (*code, error) {
	dir, err := filepath.Abs(string(g))
	if err != nil {
		return nil, err
	}
	once, _ := builds.LoadOrStore(dir, sync.OnceValues(func() ([]byte, error) { return buildGo(dir) }))
	bytes, err := once.(func() ([]byte, error))()
	if err != nil {
		return nil, err
	}
	return Module{Code: bytes}.code()
}

// builds are the contracts of this process, by folder: each is built once.
var builds sync.Map

// buildGo builds the contract in dir, or finds it in the cache.
func buildGo(dir string) ([]byte, error) {
	file := ""
	if key, err := sourcesKey(dir); err == nil { // else the build says what is wrong, or goes without the cache
		if cache, err := cacheDir("built"); err == nil {
			file = filepath.Join(cache, key+".wasm")
			if code, err := os.ReadFile(file); err == nil {
				return code, nil
			}
		}
	}
	code, _, err := build.Go(context.Background(), dir)
	if err != nil || file == "" {
		return code, err
	}
	return code, writeWhole(file, code)
}

// writeWhole writes a file that another process may be reading or writing.
func writeWhole(file string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "new-")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := cmp.Or(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// sourcesKey is a hash of all that a build depends on.
func sourcesKey(dir string) (string, error) {
	const list = `{{if not .Standard}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .SFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{end}}`
	files, err := goList(dir, "-f", list, ".")
	if err != nil {
		return "", err
	}
	builder, err := goList(dir, "-e", "-f", list, "github.com/thinkey/thinkey/contracts/build")
	if err != nil {
		return "", err
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, string(version), runtime.Version())
	for name := range strings.Lines(files + builder) {
		if err := hashFile(h, strings.TrimSpace(name)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// goList lists packages with all they import, as a contract is built.
func goList(dir string, args ...string) (string, error) {
	c := exec.Command("go", append([]string{"list", "-deps"}, args...)...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "CGO_ENABLED=0")
	out, err := c.Output()
	return string(out), err
}

func hashFile(w io.Writer, name string) error {
	if name == "" {
		return nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, name, len(b))
	_, err = io.Copy(w, bytes.NewReader(b))
	return err
}

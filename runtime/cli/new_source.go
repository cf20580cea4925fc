package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/guest"
	guests "github.com/thinkey/thinkey/sdk/guest/template"
	"github.com/thinkey/thinkey/sdk/rust"
)

const (
	// thinkeyModule is the Go module of the sources.
	thinkeyModule = "github.com/thinkey/thinkey"
	// sdkDir is where a project keeps the SDK's sources if it has them itself.
	sdkDir = "thinkey-sdk"
	// noSource is --source for the SDK's sources in the program.
	noSource = "none"
	// goVersion is that of go.mod where there is none to copy from, which a test compares.
	goVersion = "1.26.0"
)

// findSource finds the sources of thinkey.
func (p *project) findSource() error {
	switch named := p.Source; named {
	case noSource:
		p.Source = ""
	case "":
		p.Source = builtIn()
	default:
		dir, err := filepath.Abs(named)
		if err != nil {
			return err
		}
		if !isSource(dir) {
			return usage("--source (%q) holds no sources of thinkey", named).do("name the directory with the go.mod of %s", thinkeyModule)
		}
		p.Source = dir
	}
	if p.Embedded = p.Source == ""; p.Embedded {
		p.Source = sdkDir
	}
	return nil
}

// builtIn is the directory of the sources that this program was built in, if it is still there. A program that was built
// with -trimpath doesn't know.
func builtIn() string {
	_, file, _, ok := runtime.Caller(0)
	dir := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	if !ok || !filepath.IsAbs(file) || !isSource(dir) {
		return ""
	}
	return dir
}

func isSource(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(text), "module "+thinkeyModule+"\n")
}

// crate is the SDK for Rust, as a file of the project names it.
func (p *project) crate(file string) string {
	if p.Embedded {
		return path.Join(strings.Repeat("../", strings.Count(file, "/")), sdkDir, "rust")
	}
	return filepath.Join(p.Source, "sdk", "rust")
}

// modules are the files that say to the go command where the SDK is, by name.
func (p *project) modules() (map[string]string, error) {
	if p.Embedded {
		if p.Language != "go" {
			return nil, nil
		}
		return map[string]string{"go.mod": fmt.Sprintf(`module example.com/%s

go %s

require %s v0.0.0

require golang.org/x/crypto v0.0.0 // indirect

replace %[3]s => ./%[4]s

// Only what the SDK's tests need of it: if the contract imports more, remove this line and run go mod tidy.
replace golang.org/x/crypto => ./%[4]s/crypto
`, p.Name, goVersion, thinkeyModule, sdkDir)}, nil
	}
	own, err := os.ReadFile(filepath.Join(p.Source, "go.mod"))
	if err != nil {
		return nil, err
	}
	sums, err := os.ReadFile(filepath.Join(p.Source, "go.sum"))
	if err != nil {
		return nil, err
	}
	name, dir := p.Name, ""
	if p.Language == "rust" {
		name, dir = p.Name+"/test", "test/"
	}
	version, required := requirements(string(own))
	return map[string]string{
		dir + "go.sum": string(sums),
		dir + "go.mod": fmt.Sprintf("module example.com/%s\n\ngo %s\n\nrequire %s v0.0.0\n\nrequire (\n%s)\n\nreplace %s => %s\n",
			name, version, thinkeyModule, required, thinkeyModule, quoteModule(p.Source)),
	}, nil
}

// requirements are the version of Go and the modules of a go.mod, as lines of another's that needs them through it: with
// them and the sums go finds everything where it was when thinkey was built.
func requirements(text string) (version, required string) {
	inside := false
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 2 && words[0] == "go":
			version = words[1]
		case len(words) == 2 && words[0] == "require" && words[1] == "(":
			inside = true
		case len(words) == 1 && words[0] == ")":
			inside = false
		case inside && len(words) >= 2 && words[0] != "//":
			required += "\t" + words[0] + " " + words[1] + " // indirect\n"
		}
	}
	return version, required
}

// quoteModule writes a directory as go.mod wants it.
func quoteModule(dir string) string {
	if strings.ContainsAny(dir, " \t\"'`()[]{},;") {
		return strconv.Quote(dir)
	}
	return dir
}

// writeSDK writes what a contract needs of the SDK, from the sources in the program.
func (p *project) writeSDK(dir string) error {
	if p.Language == "rust" {
		return p.copySources(dir, path.Join(sdkDir, "rust"), rust.Files)
	}
	module := func(name, requires string) string { return "module " + name + "\n\ngo " + goVersion + "\n" + requires }
	for name, text := range map[string]string{
		"go.mod":        module(thinkeyModule, "\nrequire golang.org/x/crypto v0.0.0\n"),
		"crypto/go.mod": module("golang.org/x/crypto", ""),
	} {
		if err := p.put(dir, path.Join(sdkDir, name), text); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		to    string
		files fs.FS
		from  string
	}{
		{"sdk/guest", guest.Sources, "."}, {"sdk/abi", abi.Sources, "."},
		{"sdk/keys", guests.Files, "standin/keys"}, {"crypto/blake2b", guests.Files, "standin/blake2b"},
	} {
		files, err := fs.Sub(part.files, part.from)
		if err != nil {
			return err
		}
		if err := p.copySources(dir, path.Join(sdkDir, part.to), files); err != nil {
			return err
		}
	}
	return nil
}

// copySources writes sources as they are, without tests and without what embeds them.
func (p *project) copySources(dir, to string, files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && base == "template":
			return fs.SkipDir
		case d.IsDir(), strings.HasSuffix(base, "_test.go"), base == "sources.go", base == "embed.go":
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return p.put(dir, path.Join(to, strings.TrimSuffix(name, templateSuffix)), string(text))
	})
}

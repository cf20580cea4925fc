package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// project is what new makes.
type project struct {
	Name     string `json:"name"`
	Template string `json:"template"`
	Language string `json:"language"`
	Dir      string `json:"dir"`
	// Source is where the SDK is: the sources that thinkey was built in, or a directory of the project.
	Source string `json:"source"`
	// Embedded says that it is the latter: tests can't use sdk/kit then.
	Embedded bool     `json:"embedded"`
	Files    []string `json:"files"`
}

func (a *app) newNew() *cobra.Command {
	p := &project{}
	cmd := a.command("new NAME", "Make the project of a contract", func(_ *cobra.Command, args []string) error {
		p.Name = args[0]
		if err := p.make(); err != nil {
			return err
		}
		return a.answer(p, func() { a.print("%s", p.words()) })
	})
	cmd.Long = `Make the directory NAME with a contract that builds, its tests, and a README that says what to do next. Nothing is downloaded.

Templates: ` + strings.Join(templateWords(), "; ") + `.

The project uses the sources that thinkey was built in (--source names others). Where there are none, those of the SDK are
written into the project, without sdk/kit: its tests then run in plain Go, not on a chain.`
	cmd.Example = "  thinkey new lottery\n  thinkey new gold --template token --lang rust"
	f := cmd.Flags()
	f.StringVar(&p.Template, "template", "counter", "what to begin with: "+strings.Join(templateNames(), ", "))
	f.StringVar(&p.Language, "lang", "go", "language: go, rust")
	f.StringVar(&p.Dir, "dir", "", "directory to make (default NAME)")
	f.StringVar(&p.Source, "source", "", "sources of thinkey, or none for those in the program (default: what it was built in)")
	return cmd
}

// make writes the project, whole or not at all.
func (p *project) make() error {
	if err := checkProjectName(p.Name); err != nil {
		return err
	}
	if p.Dir == "" {
		p.Dir = p.Name
	}
	layout, err := p.findTemplate()
	if err != nil {
		return err
	}
	if err := p.findSource(); err != nil {
		return err
	}
	if _, err := os.Lstat(p.Dir); !errors.Is(err, fs.ErrNotExist) {
		return failed("exists", "%s is there already", p.Dir).do("choose another name, or another directory with --dir")
	}
	parent := filepath.Dir(filepath.Clean(p.Dir))
	stage, err := os.MkdirTemp(parent, ".thinkey-new-*")
	if err != nil {
		return failed("not_written", "%s can't be made: %v", p.Dir, innermost(err)).do("name a directory in one that is there and that you can write to")
	}
	if err = p.write(stage, layout); err == nil {
		if err = os.Chmod(stage, 0o755); err == nil {
			err = os.Rename(stage, p.Dir)
		}
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(stage))
	}
	return nil
}

// projectName is what is a good name for a directory, a Go module, a crate and a file.
var projectName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// takenNames mean something to a compiler.
var takenNames = strings.Fields(`abstract alloc as async await become box break case chan const continue core crate default defer do dyn
	else enum extern fallthrough false final fn for func go goto if impl import in interface internal let loop macro main map match mod move
	mut override package priv proc_macro pub range ref return self static std struct super switch test thinkey trait true try type typeof
	union unsafe unsized use var vendor virtual where while yield`)

func checkProjectName(name string) error {
	switch {
	case !projectName.MatchString(name):
		return usage("name (%q)", name).do("a name has 1 to 40 lower-case Latin letters, digits and _, and begins with a letter")
	case slices.Contains(takenNames, name):
		return usage("name (%q) means something to compilers", name).do("choose another name, such as my_%s", name)
	}
	return nil
}

// words are for people: what to do next.
func (p *project) words() string {
	t := "made " + p.Dir + "\n"
	if p.Embedded {
		t += "the SDK is in " + filepath.Join(p.Dir, sdkDir) + ": the sources of thinkey were not found, so tests run without a chain (--source names some)\n"
	}
	return t + "next: cd " + p.Dir + " && " + p.next() + "\nmore: " + filepath.Join(p.Dir, "README.md") + "\n"
}

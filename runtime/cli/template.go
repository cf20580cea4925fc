package cli

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	guests "github.com/thinkey/thinkey/sdk/guest/template"
	"github.com/thinkey/thinkey/sdk/rust"
)

// templates are what new can begin with, by name; each in every language.
var templates = map[string]string{
	"auction": "of several contracts that send messages to each other",
	"counter": "counts to a goal, and gives a prize to who reaches it",
	"token":   "whose balances live with their holders",
}

func templateNames() []string { return slices.Sorted(maps.Keys(templates)) }

func templateWords() (list []string) {
	for _, name := range templateNames() {
		list = append(list, name+" ("+templates[name]+")")
	}
	return list
}

// buildActors builds all contracts of the auction.
const buildActors = "for actor in auctioneer recorder collector bidder; do thinkey build contract/$actor; done"

// next are the commands with which to go on.
func (p *project) next() string {
	switch {
	case p.Template == "auction" && p.Language == "go": // several contracts
		return "go test ./... && thinkey build contract/auctioneer"
	case p.Template == "auction" && p.Embedded:
		return buildActors
	case p.Template == "auction":
		return buildActors + " && go -C test test ./..."
	case p.Language == "go":
		return "go test ./... && thinkey build"
	case p.Embedded:
		return "thinkey build"
	}
	return "thinkey build && go -C test test ./..."
}

// findTemplate is the files of the template, in its language.
func (p *project) findTemplate() (fs.FS, error) {
	if _, ok := templates[p.Template]; !ok {
		return nil, usage("--template (%q)", p.Template).
			do("%s", meant("", p.Template, templateNames(), "there are: "+strings.Join(templateNames(), ", ")))
	}
	var all fs.FS
	dir := p.Template
	switch p.Language {
	case "go":
		all = guests.Files
	case "rust":
		all, dir = rust.Files, path.Join("template", dir)
	default:
		return nil, usage("--lang (%q)", p.Language).do("write go or rust")
	}
	return fs.Sub(all, dir)
}

// templateSuffix is that of files which tools of this source tree must not take for its own.
const templateSuffix = ".tmpl"

// write writes the project into a directory that is there.
func (p *project) write(dir string, layout fs.FS) error {
	err := fs.WalkDir(layout, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || p.leavesOut(name) {
			return err
		}
		text, err := fs.ReadFile(layout, name)
		if err != nil {
			return err
		}
		return p.put(dir, strings.TrimSuffix(name, templateSuffix), p.filling(name).Replace(string(text)))
	})
	if err != nil {
		return err
	}
	modules, err := p.modules()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		if err := p.put(dir, name, modules[name]); err != nil {
			return err
		}
	}
	if p.Embedded {
		err = p.writeSDK(dir)
	}
	slices.Sort(p.Files)
	return err
}

// put writes a file of the project.
func (p *project) put(dir, name, text string) error {
	p.Files = append(p.Files, name)
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if path.Ext(name) == ".sh" {
		mode = 0o755
	}
	return os.WriteFile(file, []byte(text), mode)
}

// leavesOut says whether a file needs what the project has not: sdk/kit, without the sources of thinkey. Every test but
// contract_test.go does.
func (p *project) leavesOut(name string) bool {
	return p.Embedded && strings.HasSuffix(name, "_test.go"+templateSuffix) && path.Base(name) != "contract_test.go"+templateSuffix
}

// filling replaces what a file of a template leaves open.
func (p *project) filling(file string) *strings.Replacer {
	kit, source := "", fmt.Sprintf("The SDK is in `%s`.", p.Source)
	switch {
	case p.Embedded && p.Language == "rust":
		source = "The SDK is in `" + sdkDir + "`. Tests on a chain need the sources of thinkey: `thinkey new --source DIR`."
	case p.Embedded:
		source = "The SDK is in `" + sdkDir + "`, without `sdk/kit`: tests on a chain need the sources of thinkey (`thinkey new --source DIR`)."
	case p.Language == "rust":
		kit = "\ngo -C test test ./...                          # test/chain_test.go on a chain in the process, in every order"
	default:
		kit = ", chain_test.go on a chain in the process, in every order"
	}
	return strings.NewReplacer("{{.Name}}", p.Name, "{{.SDK}}", filepath.ToSlash(p.crate(file)), "{{.Kit}}", kit, "{{.Source}}", source)
}

package lint

import (
	"bytes"
	"fmt"
	"go/format"
	"path"
	"regexp"
	"slices"
)

// registries are named by no source, doc or recipe: who builds chooses where packages come from (GOPROXY and the like).
// Written in two parts, so that this file keeps the rule.
var registries = [][]byte{[]byte("proxy.golang" + ".org"), []byte("registry.npmjs" + ".org"), []byte("deb.debian" + ".org")}

// machinePath is an absolute path that exists on one machine alone.
var machinePath = regexp.MustCompile(`(^|[^\w./-])/work` + `/`)

// hygiene holds L9.
func hygiene(files []*file) []finding {
	var found []finding
	for _, f := range files {
		number := 0
		for line := range bytes.Lines(f.src) {
			number++
			for _, r := range registries {
				if namesRegistry(f.path) && bytes.Contains(line, r) {
					found = append(found, finding{f.path, number, fmt.Sprintf("names the package registry %s; leave it to the user's settings", r)})
				}
			}
			if machinePath.Match(line) {
				found = append(found, finding{f.path, number, "names a path of one machine; write it from the repository's root"})
			}
		}
	}
	return found
}

// namesRegistry says whether a file is of a kind that could name a registry; go.sum and the like are not ours to write.
func namesRegistry(p string) bool {
	return path.Base(p) == "Makefile" || slices.Contains([]string{".go", ".md", ".json"}, path.Ext(p))
}

// formatted holds L10.
func formatted(files []*file) []finding {
	var found []finding
	for _, f := range files {
		if f.syntax == nil {
			continue
		}
		want, err := format.Source(f.src)
		if err != nil || bytes.Equal(want, f.src) {
			continue // what doesn't parse is reported where the tree is read
		}
		found = append(found, finding{f.path, firstDifference(f.src, want), "is not as gofmt writes it; run gofmt -w " + f.path})
	}
	return found
}

// firstDifference is the first line in which a and b, which differ, do so.
func firstDifference(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return bytes.Count(a[:n], []byte("\n")) + 1
}

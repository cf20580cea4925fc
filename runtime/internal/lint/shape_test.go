package lint

import (
	"bytes"
	"go/ast"
	"path"
	"strings"
	"unicode"
)

// The sizes of L5.
const (
	maxFunctionLines = 70
	maxFileLines     = 500
)

// sizes holds L5. Tests and generated files may be longer.
func sizes(files []*file) []finding {
	var found []finding
	for _, f := range files {
		if f.syntax == nil || f.isTest() || ast.IsGenerated(f.syntax) {
			continue
		}
		if n := lineCount(f.src); n > maxFileLines && !excused(fileHead(f.syntax)...) {
			found = append(found, f.at(f.syntax.Package, "file has %d lines (at most %d); split it by what belongs together, "+
				"or say why not in a comment `// lint:long <reason>` above the package clause", n, maxFileLines))
		}
		for _, d := range f.syntax.Decls {
			found = append(found, longFunctions(f, d)...)
		}
	}
	return found
}

// longFunctions finds the functions of one declaration that are too long; a literal counts with the function it is in.
func longFunctions(f *file, d ast.Decl) []finding {
	var found []finding
	check := func(name string, n ast.Node, doc *ast.CommentGroup) {
		lines := f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line + 1
		if lines > maxFunctionLines && !excused(doc) {
			found = append(found, f.at(n.Pos(), "%s has %d lines (at most %d); split it, "+
				"or say why not in a comment `// lint:long <reason>` right above it", name, lines, maxFunctionLines))
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		bare := &ast.FuncDecl{Recv: d.Recv, Name: d.Name, Type: d.Type, Body: d.Body} // its comment doesn't count
		check(d.Name.Name, bare, d.Doc)
	case *ast.GenDecl:
		ast.Inspect(d, func(n ast.Node) bool {
			lit, ok := n.(*ast.FuncLit)
			if ok {
				check("function literal", lit, d.Doc)
			}
			return !ok
		})
	}
	return found
}

// excused says whether one of the comments gives a reason for being long.
func excused(comments ...*ast.CommentGroup) bool {
	for _, g := range comments {
		if g == nil {
			continue
		}
		for _, c := range g.List {
			if reason, ok := strings.CutPrefix(c.Text, "// lint:long "); ok && strings.TrimSpace(reason) != "" {
				return true
			}
		}
	}
	return false
}

// fileHead is every comment above the package clause.
func fileHead(syntax *ast.File) []*ast.CommentGroup {
	n := 0
	for n < len(syntax.Comments) && syntax.Comments[n].End() < syntax.Package {
		n++
	}
	return syntax.Comments[:n]
}

// lineCount is the number of lines of src, a last one without newline counted.
func lineCount(src []byte) int {
	n := bytes.Count(src, []byte("\n"))
	if len(src) > 0 && src[len(src)-1] != '\n' {
		n++
	}
	return n
}

// emptyWords say nothing about what a thing is (L6).
var emptyWords = map[string]bool{
	"manager": true, "handler": true, "helper": true, "util": true, "common": true, "misc": true, "impl": true,
}

// names holds L6.
func names(files []*file) []finding {
	var found []finding
	for _, f := range files {
		if f.syntax == nil {
			continue
		}
		say := func(n ast.Node, what, name string) {
			if w := emptyWord(name); w != "" {
				found = append(found, f.at(n.Pos(), "%s %s is named %q; name it after what it is or does", what, name, w))
			}
		}
		say(f.syntax.Name, "file", path.Base(f.path))
		say(f.syntax.Name, "package", f.syntax.Name.Name)
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if t, ok := n.(*ast.TypeSpec); ok && t.Name.IsExported() {
				say(t.Name, "type", t.Name.Name)
			}
			return true
		})
	}
	return found
}

// emptyWord returns the first empty word of a name, in any case or plural, "" if it has none. Run together in lower
// case, as packages are, it is found at the end: httputil, but not simple.
func emptyWord(name string) string {
	for _, w := range words(name) {
		w = strings.TrimSuffix(w, "s")
		for empty := range emptyWords {
			if strings.HasSuffix(w, empty) {
				return empty
			}
		}
	}
	return ""
}

// words splits a name at case changes and at all that isn't a letter, in lower case.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
		}
		word = nil
	}
	letters := []rune(name)
	for i, r := range letters {
		lowerNext := i+1 < len(letters) && unicode.IsLower(letters[i+1])
		lowerBefore := i > 0 && unicode.IsLower(letters[i-1])
		if !unicode.IsLetter(r) || unicode.IsUpper(r) && (lowerBefore || lowerNext) {
			flush()
		}
		if unicode.IsLetter(r) {
			word = append(word, r)
		}
	}
	flush()
	return out
}

// noSleep holds L7, for tests and for pure packages.
func noSleep(files []*file) []finding {
	var found []finding
	for _, f := range files {
		if f.syntax == nil || !f.isTest() && !is(f.dir(), pure) {
			continue
		}
		name := importName(f.syntax, "time")
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Sleep" {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && name != "" && x.Name == name {
				found = append(found, f.at(n.Pos(), "sleeps; wait for the event itself (a channel, a condition polled with a ticker and a deadline), or use testing/synctest"))
			}
			return true
		})
	}
	return found
}

// importName is the name under which a file knows the standard package p, "" if it doesn't.
func importName(syntax *ast.File, p string) string {
	for _, im := range syntax.Imports {
		switch {
		case importPath(im.Path.Value) != p:
		case im.Name != nil:
			return im.Name.Name
		default:
			return path.Base(p)
		}
	}
	return ""
}

// packageComments holds L8. One file of the package is enough; in a folder of tests alone, a test file.
func packageComments(files []*file) []finding {
	first := map[string]*file{} // by folder: where to report
	said := map[string]bool{}
	var dirs []string
	for _, f := range files {
		if f.syntax == nil {
			continue
		}
		if first[f.dir()] == nil {
			first[f.dir()] = f
			dirs = append(dirs, f.dir())
		}
		text := f.syntax.Doc.Text()
		if strings.HasPrefix(text, "Package ") || strings.HasPrefix(text, "Command ") {
			said[f.dir()] = true
		}
	}
	var found []finding
	for _, dir := range dirs {
		if f := first[dir]; !said[dir] {
			found = append(found, f.at(f.syntax.Package, "package %s has no comment; say in its doc.go what it is for (\"// Package %s …\")", dir, f.syntax.Name.Name))
		}
	}
	return found
}

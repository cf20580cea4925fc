package lint

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// impure is what a pure package may not import (L3), with all below.
var impure = []string{"time", "os", "net", "sync", "log", "math/rand", "crypto/rand"}

// purity holds L3. Tests of a pure package may do what they like.
func purity(files []*file) []finding {
	var found []finding
	for _, f := range files {
		if f.syntax == nil || f.isTest() || !is(f.dir(), pure) {
			continue
		}
		for _, im := range f.syntax.Imports {
			p := importPath(im.Path.Value)
			if slices.ContainsFunc(impure, func(base string) bool { return within(p, base) }) {
				found = append(found, f.at(im.Pos(), "pure package %s imports %s; take what it gives as an argument", f.dir(), p))
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				found = append(found, f.at(g.Pos(), "pure package %s starts a goroutine; take an Each(n, func(i)) from the caller", f.dir()))
			}
			return true
		})
	}
	return found
}

// typed is one pure package with its types.
type typed struct {
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

// loadPure type-checks the pure packages that the tree has.
func loadPure(t *testing.T, root string, files []*file) []typed {
	var dirs []string
	for _, f := range files {
		if f.syntax != nil && !f.isTest() && is(f.dir(), pure) {
			dirs = append(dirs, "./"+f.dir())
		}
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	if len(dirs) == 0 {
		return nil
	}
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax,
		Dir: root,
	}, dirs...)
	if err != nil {
		t.Fatal(err)
	}
	var loaded []typed
	for _, p := range pkgs {
		if len(p.Errors) > 0 { // one is enough: vet shows the rest
			t.Errorf("%s: %v; make it compile", p.PkgPath, p.Errors[0])
		}
		loaded = append(loaded, typed{p.Fset, p.Syntax, p.TypesInfo})
	}
	return loaded
}

// mapOrder holds L4: no range over a map, and no keys or values of one taken as a sequence, but sorted at once or with a
// reason beside it.
func mapOrder(p typed) []finding {
	var found []finding
	for _, syntax := range p.files {
		reasons := reasonLines(p.fset, syntax)
		sorted := map[ast.Expr]bool{} // arguments of slices.Sorted…
		report := func(n ast.Node, what string) {
			pos := p.fset.Position(n.Pos())
			if !reasons[pos.Line] {
				found = append(found, finding{pos.Filename, pos.Line, what +
					"; go over slices.Sorted(maps.Keys(m)), or say why not in a comment `// sorted: …` or `// any order: …`"})
			}
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.RangeStmt:
				if t := p.info.TypeOf(n.X); t != nil && isMap(t) {
					report(n, "ranges over a map in a pure package")
				}
			case *ast.CallExpr:
				pkg, name := callee(p.info, n)
				switch {
				case pkg == "slices" && strings.HasPrefix(name, "Sorted") && len(n.Args) > 0:
					sorted[n.Args[0]] = true
				case pkg == "maps" && (name == "Keys" || name == "Values" || name == "All") && !sorted[n]:
					report(n, "takes maps."+name+" unsorted in a pure package")
				}
			}
			return true
		})
	}
	return found
}

// reasonLines are the lines that a comment with a reason excuses: its own if it stands behind code, the one after its
// group if it stands alone.
func reasonLines(fset *token.FileSet, syntax *ast.File) map[int]bool {
	line := func(pos token.Pos) int { return fset.Position(pos).Line }
	code := map[int]bool{}
	ast.Inspect(syntax, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.Comment, *ast.CommentGroup:
			return false
		}
		code[line(n.Pos())], code[line(n.End())] = true, true
		return true
	})
	excused := map[int]bool{}
	for _, g := range syntax.Comments {
		at := line(g.End()) + 1
		if code[line(g.Pos())] {
			at = line(g.Pos())
		}
		if slices.ContainsFunc(g.List, givesReason) {
			excused[at] = true
		}
	}
	return excused
}

// givesReason says whether c is a mark of L4 with a reason behind it.
func givesReason(c *ast.Comment) bool {
	for _, mark := range []string{"// sorted:", "// any order:"} {
		if reason, ok := strings.CutPrefix(c.Text, mark); ok && strings.TrimSpace(reason) != "" {
			return true
		}
	}
	return false
}

// isMap says whether a range over t goes in map order, also where t is a type parameter.
func isMap(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Interface:
		for e := range u.EmbeddedTypes() {
			if isMap(e) {
				return true
			}
		}
	case *types.Union:
		for term := range u.Terms() {
			if isMap(term.Type()) {
				return true
			}
		}
	}
	return false
}

// callee is the package and name of the function that call calls, "" if it isn't a package's function.
func callee(info *types.Info, call *ast.CallExpr) (pkg, name string) {
	fun := ast.Unparen(call.Fun)
	if ix, ok := fun.(*ast.IndexExpr); ok {
		fun = ix.X
	}
	var id *ast.Ident
	switch fun := fun.(type) {
	case *ast.SelectorExpr:
		id = fun.Sel
	case *ast.Ident:
		id = fun
	default:
		return "", ""
	}
	obj, ok := info.Uses[id].(*types.Func)
	if !ok || obj.Pkg() == nil || obj.Signature().Recv() != nil {
		return "", ""
	}
	return obj.Pkg().Path(), obj.Name()
}

// relative makes the path of f start at the module's root.
func relative(root string, f finding) finding {
	if rel, err := filepath.Rel(root, f.path); err == nil {
		f.path = filepath.ToSlash(rel)
	}
	return f
}

package lint

import (
	"os/exec"
	"testing"
)

// rule is one house rule over the files of a tree.
type rule struct {
	name  string
	check func(files []*file) []finding
}

// rules are those that need no types; L4 stands apart.
var rules = []rule{
	{"L1 import order", importOrder},
	{"L2 doors", oneDoor},
	{"L3 purity", purity},
	{"L5 sizes", sizes},
	{"L6 names", names},
	{"L7 sleep", noSleep},
	{"L8 package comments", packageComments},
	{"L9 text", hygiene},
	{"L10 gofmt", formatted},
}

// TestHouse holds every rule over the tree.
func TestHouse(t *testing.T) {
	root := moduleRoot(t)
	files := readTree(t, root)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.check(files) {
				t.Error(f)
			}
		})
	}
	t.Run("L4 map order", func(t *testing.T) {
		skipIfShort(t)
		for _, p := range loadPure(t, root, files) {
			for _, f := range mapOrder(p) {
				t.Error(relative(root, f))
			}
		}
	})
}

// TestTools runs the checkers that others wrote.
func TestTools(t *testing.T) {
	skipIfShort(t)
	root := moduleRoot(t)
	for _, c := range []struct {
		name string
		args []string
	}{
		{"vet", []string{"vet", "./..."}},
		{"staticcheck", []string{"tool", "staticcheck", "./..."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("go", c.args...)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("go %v: %v\n%s", c.args, err, out)
			}
		})
	}
}

// skipIfShort skips what compiles the module.
func skipIfShort(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the module; run without -short")
	}
}

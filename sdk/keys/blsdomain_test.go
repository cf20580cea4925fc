package keys

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/assert"
)

var blsDomains = []BLSDomain{BLSPreparation, BLSConfirmation, BLSTimeout, blsPossession}

// Every kind has a tag, none that of another or of what contracts verify, and none that the library would cut.
func TestBLSTags(t *testing.T) {
	seen := map[string]bool{string(blsDomain): true}
	for _, d := range blsDomains {
		tag := d.tag()
		if seen[tag] || len(tag) < 16 || len(tag) > 255 || !strings.HasPrefix(tag, "thinkey-v1-") || !strings.Contains(tag, "BLS12381G1_XMD:SHA-256_SSWU_RO_") {
			t.Errorf("domain %d has the tag %q", d, tag)
		}
		seen[tag] = true
	}
	for _, d := range []BLSDomain{0, blsPossession + 1, 255} {
		breaks(t, "a domain that there is not", func() { d.tag() })
	}
}

// breaks says whether f breaks an invariant.
func breaks(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if _, ok := recover().(assert.Failure); !ok {
			t.Errorf("%s breaks no invariant", name)
		}
	}()
	f()
}

// compiles type-checks a file without imports of this package as for a platform.
func compiles(t *testing.T, name, arch string, src any) error {
	t.Helper()
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Sizes: types.SizesFor("gc", arch)}
	_, err = conf.Check("keys", fset, []*ast.File{syntax}, nil)
	return err
}

func TestPlatformsOf32BitsDoNotCompile(t *testing.T) {
	for arch, want := range map[string]bool{"amd64": true, "arm64": true, "riscv64": true, "wasm": true, "386": false, "arm": false, "mips": false} {
		if err := compiles(t, "platform.go", arch, nil); (err == nil) != want {
			t.Errorf("%s: error %v", arch, err)
		}
	}
}

func TestTagsOver255BytesDoNotCompile(t *testing.T) {
	for n, want := range map[int]bool{255: true, 256: false} {
		src := "package keys\nconst tag = `" + strings.Repeat("t", n) + "`\nconst _ = uint8(len(tag))\n"
		if err := compiles(t, "tag.go", "amd64", src); (err == nil) != want {
			t.Errorf("%d bytes: error %v", n, err)
		}
	}
}

package lint

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// kind is what the list of packages says of one beside its place.
type kind int

const (
	shell    kind = iota // may do I/O
	pure                 // decides only: L3 and L4 hold
	signpost             // a doc.go that shows the way into a top folder: imports nothing, nothing imports it
)

// place is one line of the list of packages.
type place struct {
	path string // from the module's root; "/..." stands for all packages below
	kind kind
}

// order is the list of packages (L1). What stands later may import what stands before, never the other way.
var order = []place{
	{"sdk", signpost}, {"contracts", signpost}, {"consensus", signpost}, {"actors", signpost}, {"cluster", signpost},
	{"runtime", signpost}, {"examples", signpost},

	{"sdk/assert", pure},
	{"sdk/wire", pure},
	{"sdk/keys", pure},
	{"sdk/chain", pure},
	{"sdk/merkle", pure},
	{"sdk/keys/keyfile", shell},
	{"sdk/light", pure},
	{"sdk/abi", pure},
	{"sdk/schema", pure},
	{"sdk/guest", shell},
	{"sdk/guest/template", shell},
	{"sdk/rust", shell},
	{"sdk/client", shell},
	{"consensus/order", pure},
	{"consensus/committee", pure},
	{"contracts/gas", pure},
	{"contracts/exec", pure},
	{"contracts/wasm/module", pure},
	{"contracts/wasm/meter", pure},
	{"contracts/wasm", shell},
	{"contracts/wasm/conform", shell}, // tests alone
	{"contracts/native", shell},
	{"contracts/build", shell},
	{"consensus/block", pure},
	{"consensus/evidence", pure},
	{"consensus/bft", pure},
	{"actors/account", pure},
	{"actors/host", shell},
	{"consensus/driver", shell},
	{"cluster/overlay", pure},
	{"cluster/entrance", shell},
	{"cluster/mesh", shell},
	{"cluster/transport", shell},
	{"cluster/weather", shell},
	{"cluster/placement", shell},
	{"runtime/relay", shell}, // needs nothing of runtime, and the test kit carries with it
	{testKit, shell},
	{"runtime/internal/...", shell}, // any package of runtime may import one
	{"runtime/docs", shell},         // tests alone
	{"runtime/store", shell},
	{"runtime/keep", shell},
	{"runtime/fetch", shell},
	{"runtime/ingress", shell},
	{"runtime/audit", shell},
	{"runtime/byzantine", shell},
	{"runtime/node", shell},
	{"runtime/api", shell},
	{"runtime/explorer", shell},
	{"runtime/sim", shell},
	{"runtime/cli", shell},
	{"runtime/cmd/thinkey", shell},
	{"runtime/e2e", shell},
	{"runtime/docs", shell},
	{"examples/...", shell}, // one example: contract, client, story; imports sdk and itself alone
}

// testKit is the one package that only tests import.
const testKit = "sdk/kit"

// find returns the index of dir in the list, or -1.
func find(dir string) int {
	return slices.IndexFunc(order, func(p place) bool {
		below, all := strings.CutSuffix(p.path, "...")
		return p.path == dir || all && strings.HasPrefix(dir, below)
	})
}

// is says whether dir is on the list with the kind k.
func is(dir string, k kind) bool {
	i := find(dir)
	return i >= 0 && order[i].kind == k
}

// importOrder holds L1.
func importOrder(files []*file) []finding {
	var found []finding
	for _, f := range files {
		if f.syntax == nil {
			continue
		}
		if find(f.dir()) < 0 {
			found = append(found, f.at(f.syntax.Package, "package %s is not on the list of packages; add it to the list where it belongs", f.dir()))
			continue
		}
		for _, im := range f.syntax.Imports {
			to, own := strings.CutPrefix(importPath(im.Path.Value), module+"/")
			if !own {
				continue
			}
			if wrong := forbidden(f, to); wrong != "" {
				found = append(found, f.at(im.Pos(), "%s imports %s, %s", f.dir(), to, wrong))
			}
		}
	}
	return found
}

// forbidden says why f may not import the module's package to, "" if it may.
func forbidden(f *file, to string) string {
	from, at := find(f.dir()), find(to)
	switch {
	case at < 0:
		return "which is not on the list of packages; add it to the list where it belongs"
	case order[at].kind == signpost, order[from].kind == signpost:
		return "but a top folder holds a doc.go alone; move the code into a package of its own"
	case example(f.dir()) != "":
		if f.isTest() && to == testKit || strings.HasPrefix(to, "sdk/") && to != testKit || example(to) == example(f.dir()) {
			return ""
		}
		return "but an example imports sdk alone, its tests also " + testKit + "; show it through what sdk offers"
	case f.isTest():
		return ""
	case to == testKit:
		return "which only tests import; move what both need to a package before it"
	case at > from:
		return "which stands later in the list of packages; move what both need before " + f.dir() + " or take it as an argument"
	}
	return ""
}

// example is the name of the example that dir belongs to, "" if it belongs to none.
func example(dir string) string {
	below, ok := strings.CutPrefix(dir, "examples/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(below, "/")
	return name
}

// door says where a dependency may be imported (L2).
type door struct {
	dependency string   // import path; what is below counts too
	open       []string // the packages that may, alone
	tests      []string // folders in whose tests it may be too, with all below
	instead    string   // what to do
}

var doors = []door{
	{"github.com/tetratelabs/wazero", []string{"contracts/wasm"}, []string{"contracts/wasm"}, "use contracts/wasm"},
	{"github.com/asynkron/protoactor-go", []string{"actors/host", "cluster/placement"}, nil, "use actors/host or cluster/placement"},
	{"github.com/hashicorp/memberlist", []string{"cluster/mesh"}, nil, "use cluster/mesh"},
	{"github.com/cockroachdb/pebble", []string{"runtime/store"}, nil, "use runtime/store"},
	{"github.com/kilic/bls12-381", []string{"sdk/keys"}, nil, "use sdk/keys"},
	{"github.com/consensys/gnark-crypto", []string{"sdk/keys"}, nil, "use sdk/keys"},
	{"github.com/oasisprotocol/curve25519-voi", []string{"sdk/keys"}, nil, "use sdk/keys"},
	{"net/http", []string{"runtime/api", "runtime/explorer", "sdk/client"}, []string{"runtime"}, "use sdk/client, or serve it in runtime/api"},
	{"crypto/ed25519", []string{"cluster/transport"}, nil, "use sdk/keys: the standard library accepts other signatures than consensus does, which TLS between nodes doesn't mind"},
}

// oneDoor holds L2.
func oneDoor(files []*file) []finding {
	var found []finding
	for _, f := range files {
		if f.syntax == nil {
			continue
		}
		for _, im := range f.syntax.Imports {
			for _, d := range doors {
				if within(importPath(im.Path.Value), d.dependency) && !d.lets(f) {
					found = append(found, f.at(im.Pos(), "imports %s outside of its door; %s", importPath(im.Path.Value), d.instead))
				}
			}
		}
	}
	return found
}

// lets says whether f may import the dependency.
func (d door) lets(f *file) bool {
	inTests := func(dir string) bool { return within(f.dir(), dir) }
	return slices.Contains(d.open, f.dir()) || f.isTest() && slices.ContainsFunc(d.tests, inTests)
}

// within says whether p is base or below it.
func within(p, base string) bool { return p == base || strings.HasPrefix(p, base+"/") }

// importPath is the path in an import's literal, which has parsed.
func importPath(literal string) string {
	p, err := strconv.Unquote(literal)
	if err != nil {
		return literal
	}
	return path.Clean(p)
}

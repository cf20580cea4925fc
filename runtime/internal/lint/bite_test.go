package lint

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// bite is a source text and what one rule says of it.
type bite struct {
	rule string
	path string
	src  string
	want string // part of the one finding; "" if the rule is kept
}

var bites = slices.Concat(orderBites, doorBites, pureBites, shapeBites, textBites)

var orderBites = []bite{
	{"L1 import order", "consensus/order/a.go", imports("sdk/wire"), ""},
	{"L1 import order", "sdk/wire/a.go", imports("consensus/order"), "sdk/wire/a.go:3: sdk/wire imports consensus/order, which stands later"},
	{"L1 import order", "sdk/wire/a_test.go", imports("consensus/order"), ""},
	{"L1 import order", "sdk/keys/a.go", imports("sdk/keys/keyfile"), "which stands later"},
	{"L1 import order", "sdk/light/a.go", imports("sdk/keys/keyfile"), ""},
	{"L1 import order", "runtime/node/a.go", imports("runtime/api"), "which stands later"},
	{"L1 import order", "sdk/novel/a.go", "package novel\n", "package sdk/novel is not on the list of packages; add it to the list where it belongs"},
	{"L1 import order", "a.go", "package root\n", "package . is not on the list"},
	{"L1 import order", "sdk/wire/a.go", imports("sdk/novel"), "imports sdk/novel, which is not on the list"},
	{"L1 import order", "runtime/store/a.go", imports("runtime/internal/frame"), ""},
	{"L1 import order", "runtime/internal/frame/a.go", imports("runtime/store"), "which stands later"},
	{"L1 import order", "runtime/doc.go", imports("sdk/wire"), "a top folder holds a doc.go alone"},
	{"L1 import order", "runtime/node/a.go", imports("sdk"), "a top folder holds a doc.go alone"},
	{"L1 import order", "runtime/sim/a.go", imports("sdk/kit"), "which only tests import"},
	{"L1 import order", "runtime/sim/a_test.go", imports("sdk/kit"), ""},
	{"L1 import order", "examples/payment/client/a.go", imports("sdk/client"), ""},
	{"L1 import order", "examples/payment/client/demo/a.go", imports("examples/payment/client"), ""},
	{"L1 import order", "examples/payment/client/a.go", imports("examples/token/client"), "an example imports sdk alone"},
	{"L1 import order", "examples/payment/client/a.go", imports("runtime/node"), "an example imports sdk alone"},
	{"L1 import order", "examples/payment/client/a.go", imports("sdk/kit"), "an example imports sdk alone"},
	{"L1 import order", "examples/payment/a_test.go", imports("sdk/kit"), ""},
	{"L1 import order", "examples/payment/a_test.go", imports("runtime/node"), "an example imports sdk alone"},
	{"L1 import order", "runtime/cli/a.go", imports("examples/payment/client"), "which stands later"},
}

var doorBites = []bite{
	{"L2 doors", "contracts/wasm/a.go", load("github.com/tetratelabs/wazero/api"), ""},
	{"L2 doors", "contracts/exec/a.go", load("github.com/tetratelabs/wazero"), "contracts/exec/a.go:3: imports github.com/tetratelabs/wazero outside of its door; use contracts/wasm"},
	{"L2 doors", "contracts/exec/a_test.go", load("github.com/tetratelabs/wazero"), "outside of its door"},
	{"L2 doors", "cluster/placement/a.go", load("github.com/asynkron/protoactor-go/cluster"), ""},
	{"L2 doors", "actors/account/a.go", load("github.com/asynkron/protoactor-go/actor"), "outside of its door"},
	{"L2 doors", "cluster/transport/a.go", load("github.com/hashicorp/memberlist"), "outside of its door"},
	{"L2 doors", "runtime/store/a.go", load("github.com/cockroachdb/pebble/v2/vfs"), ""},
	{"L2 doors", "runtime/node/a.go", load("github.com/cockroachdb/pebble/v2"), "outside of its door"},
	{"L2 doors", "sdk/chain/a.go", load("github.com/kilic/bls12-381"), "outside of its door"},
	{"L2 doors", "sdk/keys/a.go", load("github.com/consensys/gnark-crypto/ecc/bls12-381"), ""},
	{"L2 doors", "sdk/keys/a_test.go", load("github.com/consensys/gnark-crypto/ecc/bls12-381"), ""},
	{"L2 doors", "sdk/light/a_test.go", load("github.com/consensys/gnark-crypto/ecc/bls12-381"), "outside of its door"},
	{"L2 doors", "sdk/keys/keyfile/a.go", load("github.com/oasisprotocol/curve25519-voi/primitives/ed25519"), "outside of its door"},
	{"L2 doors", "sdk/keys/a.go", load("github.com/oasisprotocol/curve25519-voi/primitives/ed25519"), ""},
	{"L2 doors", "runtime/node/a.go", load("net/http/pprof"), "outside of its door"},
	{"L2 doors", "runtime/node/a_test.go", load("net/http"), ""},
	{"L2 doors", "examples/payment/a_test.go", load("net/http"), "outside of its door"},
	{"L2 doors", "sdk/client/a.go", load("net/http"), ""},
	{"L2 doors", "sdk/keys/a_test.go", load("crypto/ed25519"), "other signatures than consensus does"},
}

var pureBites = []bite{
	{"L3 purity", "sdk/wire/a.go", load("time"), "sdk/wire/a.go:3: pure package sdk/wire imports time"},
	{"L3 purity", "sdk/wire/a_test.go", load("time"), ""},
	{"L3 purity", "runtime/node/a.go", load("time"), ""},
	{"L3 purity", "sdk/chain/a.go", load("net/netip"), "imports net/netip"},
	{"L3 purity", "sdk/chain/a.go", load("sync/atomic"), "imports sync/atomic"},
	{"L3 purity", "sdk/chain/a.go", load("log/slog"), "imports log/slog"},
	{"L3 purity", "sdk/chain/a.go", load("os"), "imports os"},
	{"L3 purity", "sdk/chain/a.go", load("math/rand/v2"), "imports math/rand/v2"},
	{"L3 purity", "sdk/chain/a.go", load("crypto/rand"), "imports crypto/rand"},
	{"L3 purity", "sdk/chain/a.go", load("math/bits"), ""},
	{"L3 purity", "consensus/bft/a.go", "package bft\n\nfunc f() {\n\tgo f()\n}\n", "consensus/bft/a.go:4: pure package consensus/bft starts a goroutine"},
	{"L3 purity", "consensus/driver/a.go", "package driver\n\nfunc f() {\n\tgo f()\n}\n", ""},
}

var shapeBites = []bite{
	{"L5 sizes", "sdk/wire/a.go", "package wire\n\n" + function(70), ""},
	{"L5 sizes", "sdk/wire/a.go", "package wire\n\n// F is long.\n" + function(71), "sdk/wire/a.go:4: F has 71 lines (at most 70)"},
	{"L5 sizes", "sdk/wire/a_test.go", "package wire\n\n" + function(71), ""},
	{"L5 sizes", "sdk/wire/a.go", "package wire\n\n// F is long.\n//\n// lint:long one line to an opcode\n" + function(71), ""},
	{"L5 sizes", "sdk/wire/a.go", "package wire\n\n// lint:long \n" + function(71), "F has 71 lines"},
	{"L5 sizes", "sdk/wire/a.go", "package wire\n\nvar f = func() {" + strings.Repeat("\n", 70) + "}\n", "sdk/wire/a.go:3: function literal has 71 lines"},
	{"L5 sizes", "sdk/wire/a.go", "package wire\n" + strings.Repeat("\n", 499), ""},
	{"L5 sizes", "sdk/wire/a.go", "package wire\n" + strings.Repeat("\n", 500), "sdk/wire/a.go:1: file has 501 lines (at most 500)"},
	{"L5 sizes", "sdk/wire/a.go", "// lint:long a table\n\npackage wire\n" + strings.Repeat("\n", 500), ""},
	{"L5 sizes", "sdk/wire/a.go", "// Code generated by x. DO NOT EDIT.\n\npackage wire\n\n" + function(500), ""},

	{"L6 names", "sdk/wire/simple.go", "package wire\n\n// Implicit is fine, and so is an unexported name.\ntype Implicit struct{}\n\ntype handler int\n", ""},
	{"L6 names", "sdk/wire/test_helpers_test.go", "package wire\n", `file test_helpers_test.go is named "helper"`},
	{"L6 names", "sdk/wire/a.go", "package httputil\n", `package httputil is named "util"`},
	{"L6 names", "sdk/wire/a.go", "package wire\n\ntype HTTPHandler int\n", `sdk/wire/a.go:3: type HTTPHandler is named "handler"`},
	{"L6 names", "sdk/wire/a.go", "package wire\n\ntype ManagersOf[T any] struct{}\n", `is named "manager"`},

	{"L7 sleep", "runtime/node/a_test.go", "package node\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n", "runtime/node/a_test.go:5: sleeps"},
	{"L7 sleep", "runtime/node/a_test.go", "package node\n\nimport clock \"time\"\n\nvar f = clock.Sleep\n", "a_test.go:5: sleeps"},
	{"L7 sleep", "runtime/node/a_test.go", "package node\n\nimport \"time\"\n\nvar f = time.Second\n", ""},
	{"L7 sleep", "runtime/node/a.go", "package node\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n", ""},
	{"L7 sleep", "sdk/wire/a.go", "package wire\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n", "sleeps"},

	{"L8 package comments", "sdk/wire/a.go", "// Package wire encodes.\npackage wire\n", ""},
	{"L8 package comments", "runtime/cmd/thinkey/main.go", "// Command thinkey is the node.\npackage main\n", ""},
	{"L8 package comments", "sdk/wire/a.go", "package wire\n", "sdk/wire/a.go:1: package sdk/wire has no comment"},
	{"L8 package comments", "sdk/wire/a.go", "// lint:long a table\npackage wire\n", "has no comment"},
}

var textBites = []bite{
	{"L9 text", "README.md", "fine\nsee " + "/work" + "/main\n", "README.md:2: names a path of one machine"},
	{"L9 text", "README.md", "see runtime" + "/work" + "/main and ." + "/work" + "/main\n", ""},
	{"L9 text", "Makefile", "x:\n\tGOPROXY=https://" + "proxy.golang" + ".org go build\n", "Makefile:2: names the package registry"},
	{"L9 text", "a/package.json", "https://" + "registry.npmjs" + ".org", "a/package.json:1: names the package registry"},
	{"L9 text", "go.sum", "proxy.golang" + ".org", ""},

	{"L10 gofmt", "sdk/wire/a.go", "package wire\n\nvar a = 1\n", ""},
	{"L10 gofmt", "sdk/wire/a.go", "package wire\n\nvar a  = 1\n", "sdk/wire/a.go:3: is not as gofmt writes it; run gofmt -w sdk/wire/a.go"},
}

// imports is a source that imports a package of the module, on line 3.
func imports(to string) string { return load(module + "/" + to) }

// load is a source that imports p, on line 3.
func load(p string) string { return fmt.Sprintf("package a\n\nimport _ %q\n", p) }

// function is the source of a function F of n lines.
func function(n int) string { return "func F() {" + strings.Repeat("\n", n-1) + "}\n" }

// TestRulesBite shows for every rule a source that it refuses and one that it lets pass.
func TestRulesBite(t *testing.T) {
	refuses, passes := map[string]bool{}, map[string]bool{}
	for i, b := range bites {
		t.Run(fmt.Sprintf("%s %d", b.rule, i), func(t *testing.T) {
			f, err := parse(token.NewFileSet(), b.path, []byte(b.src))
			if err != nil {
				t.Fatal(err)
			}
			r := slices.IndexFunc(rules, func(r rule) bool { return r.name == b.rule })
			expect(t, b.src, rules[r].check([]*file{f}), b.want)
		})
		refuses[b.rule] = refuses[b.rule] || b.want != ""
		passes[b.rule] = passes[b.rule] || b.want == ""
	}
	for _, r := range rules {
		if !refuses[r.name] || !passes[r.name] {
			t.Errorf("rule %s: refuses a source: %v, lets one pass: %v; show both", r.name, refuses[r.name], passes[r.name])
		}
	}
}

// expect compares the findings with the one wanted, or none.
func expect(t *testing.T, src string, found []finding, want string) {
	t.Helper()
	switch {
	case want == "" && len(found) > 0:
		t.Errorf("found %v, want nothing, in:\n%s", found, src)
	case want != "" && (len(found) != 1 || !strings.Contains(found[0].String(), want)):
		t.Errorf("found %v, want one with %q, in:\n%s", found, want, src)
	}
}

// TestMapOrderBites does the same for L4, which needs types.
func TestMapOrderBites(t *testing.T) {
	for i, c := range []struct {
		body string
		want string
	}{
		{"for range m {\n}", "a.go:8: ranges over a map in a pure package"},
		{"for range s {\n}", ""},
		{"for range named {\n}", "ranges over a map"},
		{"for range generic {\n}", "ranges over a map"},
		{"for range m { // any order: counts only\n}", ""},
		{"// any order: counts only,\n// whatever comes first\nfor range m {\n}", ""},
		{"// sorted: the caller sorts\nfor range m {\n}", ""},
		{"// sorted:\nfor range m {\n}", "ranges over a map"},
		{"// sorted: too far away\n\nfor range m {\n}", "ranges over a map"},
		{"for range m { // any order: says nothing of the inner one\nfor range named {\n}\n}", "a.go:9: ranges over a map"},
		{"for range maps.Keys(m) {\n}", "takes maps.Keys unsorted"},
		{"_ = slices.Collect(maps.Values[map[int]int](m))", "takes maps.Values unsorted"},
		{"for range slices.Sorted(maps.Keys(m)) {\n}", ""},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			src := "package a\n\nimport (\n\"maps\"; \"slices\"\n)\ntype M map[int]int; var _, _ = maps.Keys[M], slices.Sorted[int]\n" +
				"func f[G ~map[int]int](m map[int]int, s []int, named M, generic G) {\n" + c.body + "\n}\n"
			expect(t, src, mapOrder(check(t, src)), c.want)
		})
	}
}

// check gives the types of one source.
func check(t *testing.T, src string) typed {
	p := typed{fset: token.NewFileSet(), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
	syntax, err := parser.ParseFile(p.fset, "a.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	p.files = []*ast.File{syntax}
	conf := types.Config{Importer: importer.Default()}
	if _, err := conf.Check("a", p.fset, p.files, p.info); err != nil {
		t.Fatal(err)
	}
	return p
}

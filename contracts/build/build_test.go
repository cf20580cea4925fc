package build_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/thinkey/thinkey/contracts/build"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/schema"
)

const counter = "../wasm/testdata/counter"

// repository is this one's directory.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// project writes a module of its own, as a contract's author has one, that finds the SDK in this repository.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	return projectOn(t, repository(t), files)
}

// projectOn is a project that finds the SDK in root.
func projectOn(t *testing.T, root string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module contract\n\ngo 1.26.0\n\nrequire github.com/thinkey/thinkey v0.0.0\n\nreplace github.com/thinkey/thinkey => " + root + "\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// source is a contract whose init function holds some code, beside a method.
func source(initial string) string {
	return `package main

import "github.com/thinkey/thinkey/sdk/guest"

type State struct{ N uint64 }

func (s *State) Set(_ guest.Context, in struct{ N uint64 }) error { s.N = in.N; return nil }

func init() {
	` + initial + `
}

func main() {}
`
}

const serve = `guest.Serve[State](guest.Handle("set", (*State).Set))`

// B1, B3: two builds in two directories, with the SDK in two directories, give the same bytes, which the chain accepts.
func TestReproducible(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(counter, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "sdk")
	if err := os.Symlink(repository(t), elsewhere); err != nil {
		t.Fatal(err)
	}
	var codes [][]byte
	for _, root := range []string{repository(t), elsewhere} {
		code, report, err := build.Go(context.Background(), projectOn(t, root, map[string]string{"main.go": string(text)}))
		if err != nil {
			t.Fatal(err)
		}
		if !report.Trimmed || !slices.Equal(report.Exports, []string{"handle", "merge", "bounce", "query", "memory"}) || report.Schema.Name != "Counter" {
			t.Errorf("%+v", report)
		}
		if report.Bytes > 1_400_000 || report.Pages > 44 {
			t.Errorf("%d bytes, %d pages; no more than 1.4 MB and 44 pages were needed once", report.Bytes, report.Pages)
		}
		codes = append(codes, code)
	}
	if !bytes.Equal(codes[0], codes[1]) {
		t.Errorf("two builds of %d and %d bytes differ", len(codes[0]), len(codes[1]))
	}
	for _, path := range []string{os.TempDir(), repository(t), "/contracts/wasm/testdata", "GOROOT="} {
		if bytes.Contains(codes[0], []byte(path)) {
			t.Errorf("%q is in the module", path)
		}
	}
	if c, err := schema.Read(codes[0]); err != nil || c.Schema().Name != "Counter" {
		t.Errorf("schema: %v", err)
	}
	again, report, err := build.Finish(codes[0])
	if err != nil || len(again) > len(codes[0]) || report.Bytes != len(again) {
		t.Errorf("finished again: %d bytes, %+v, %v", len(again), report, err)
	}
}

// A contract without views and hooks doesn't export their entries.
func TestOnlyWhatItHas(t *testing.T) {
	_, report, err := build.Go(context.Background(), project(t, map[string]string{"main.go": source(serve)}))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(report.Exports, []string{"handle", "memory"}) || slices.Contains(report.Imports, abi.Reply) {
		t.Errorf("exports %v, imports %v", report.Exports, report.Imports)
	}
}

// Every error says what to do.
func TestErrors(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct{ name, dir, want string }{
		{"no directory", filepath.Join(empty, "lost"), "name the directory of a Go package"},
		{"a file", "build.go", "not a directory"},
		{"no Go files", project(t, map[string]string{}), "there are no Go files"},
		{"another package", project(t, map[string]string{"a.go": "package other\n"}), "the package is called other; a contract is a package main"},
		{"no main", project(t, map[string]string{"a.go": "package main\n"}), "function main is undeclared"},
		{"broken", project(t, map[string]string{"a.go": "package main\n\nfunc main() { lost() }\n"}), "undefined: lost"},
		{"no contract", project(t, map[string]string{"a.go": "package main\n\nfunc main() {}\n"}), "holds no contract; call guest.Serve"},
		{"no Serve", project(t, map[string]string{"a.go": source("")}), "holds no contract; call guest.Serve"},
		{"bad type", project(t, map[string]string{"a.go": source(`guest.NewMap[string, map[string]int]("m")`)}), "guest.NewMap for entries of their own"},
		{"host call", project(t, map[string]string{"a.go": source(`guest.SHA256(nil)`)}), "sha256 was called before there is a message"},
		{"endless", project(t, map[string]string{"a.go": source("<-make(chan int)")}), "deadlock"},
		{"reserved", project(t, map[string]string{"a.go": source(`guest.Serve[State](guest.Handle("add", (*State).Set))`)}), "never reaches a contract"},
	} {
		if _, _, err := build.Go(context.Background(), c.dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestNoGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, _, err := build.Go(context.Background(), counter); !errors.Is(err, build.ErrNoGo) {
		t.Errorf("%v, want %v", err, build.ErrNoGo)
	}
}

// Who ends it while the compiler runs is told so, and not that the contract doesn't compile.
func TestInterrupted(t *testing.T) {
	dir, tools := project(t, map[string]string{"a.go": source("")}), t.TempDir()
	script := "#!/bin/sh\ncase $1 in list) echo main;; build) echo > began; exec /bin/sleep 1000;; esac\n"
	if err := errors.Join(os.WriteFile(filepath.Join(tools, "go"), []byte(script), 0o700), syscall.Mkfifo(filepath.Join(dir, "began"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = os.ReadFile(filepath.Join(dir, "began")) // waits for who writes
		cancel()
	}()
	for range 2 { // before it begins, too
		if _, _, err := build.Go(ctx, dir); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}

// small is a module as another toolchain makes one: names, an export too many, and a function that nothing reaches.
func small() *module.Module {
	end := byte(module.OpEnd)
	return &module.Module{
		Types:    []module.FuncType{{}, {Params: []module.ValueType{module.I32, module.I32}}},
		Imports:  []module.Import{{Module: abi.Module, Name: abi.Log, Type: 1}, {Module: abi.Module, Name: abi.Fail, Type: 1}},
		Funcs:    []uint32{0, 0, 0},
		Memories: []module.Limits{{Min: 1}},
		Tables:   []module.Limits{{Min: 1}},
		Elements: []module.Element{{Offset: []byte{byte(module.OpI32Const), 0, end}, Funcs: []uint32{4}}},
		Exports:  []module.Export{{Name: "memory", Kind: module.ExternMemory}, {Name: "handle", Index: 3}, {Name: "other", Index: 2}},
		Bodies: []module.Body{
			{Code: []byte{byte(module.OpI32Const), 0, byte(module.OpI32Const), 0, byte(module.OpCall), 0, end}},
			{Code: []byte{byte(module.OpI32Const), 0, byte(module.OpI32Const), 0, byte(module.OpCall), 1, end}},
			{Code: []byte{end}},
		},
		Customs: []module.Custom{{Name: "producers", Bytes: []byte{0}}},
	}
}

func TestFinish(t *testing.T) {
	code, report, err := build.Finish(small().Encode())
	if err != nil {
		t.Fatal(err)
	}
	if report.Functions != 2 || !slices.Equal(report.Imports, []string{"fail"}) || !slices.Equal(report.Exports, []string{"memory", "handle"}) || report.Schema != nil {
		t.Errorf("%+v", report)
	}
	m, err := module.Decode(code)
	if err != nil || len(m.Customs) != 0 || m.Exports[1].Index != 1 || m.Bodies[0].Code[5] != 0 || m.Elements[0].Funcs[0] != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	start := uint32(2)
	for _, c := range []struct {
		name   string
		change func(m *module.Module)
		want   string
	}{
		{"no handle", func(m *module.Module) { m.Exports = m.Exports[:1] }, `no export "handle"`},
		{"start", func(m *module.Module) { m.Start = &start }, "do its work in handle"},
		{"unknown import", func(m *module.Module) { m.Imports[1].Name = "lost" }, "no such host function"},
		{"schema", func(m *module.Module) { m.Customs = []module.Custom{{Name: abi.SchemaSection, Bytes: []byte("{")}} }, abi.SchemaSection},
		{"calls nothing", func(m *module.Module) { m.Bodies[1].Code[5] = 9 }, "calls function 9"},
	} {
		m := small()
		c.change(m)
		if _, _, err := build.Finish(m.Encode()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
	if _, _, err := build.Finish([]byte("no module")); err == nil {
		t.Error("what is no module was finished")
	}
}

package module

import (
	"slices"
	"strings"
)

// remove is what to do about something that a contract must not have.
const remove = "remove it: `thinkey build` does"

// contract checks the rules of a contract: it takes only the host's functions and gives only what the host calls.
func (v *validator) contract() *Refusal {
	if v.m.Start != nil {
		return refuse(-1, "there is a start section: nothing runs but what a message asks for").instead("do the work in handle, or " + remove)
	}
	for i := range v.m.Imports {
		if r := v.imported(&v.m.Imports[i]); r != nil {
			return r
		}
	}
	if len(v.m.Memories) != 1 {
		return refuse(-1, "there is no memory: a contract has exactly one")
	}
	for _, e := range v.m.Exports {
		if r := v.exported(e); r != nil {
			return r
		}
	}
	for _, o := range v.p.Exports {
		if _, ok := v.m.Export(o.Name); !ok && o.Required {
			return v.missing(o)
		}
	}
	return nil
}

// imported checks one import.
func (v *validator) imported(im *Import) *Refusal {
	name := im.Module + "." + im.Name
	if im.Kind != ExternFunc {
		return refuse(-1, "the import %q is a %s: a contract imports functions alone", name, im.Kind).instead("link without --import-memory and --import-table")
	}
	if im.Module != v.p.Module {
		r := refuse(-1, "the import %q: the interface that is understood here is %q", name, v.p.Module)
		if strings.HasPrefix(im.Module, "wasi") {
			return r.instead("there is no WASI on a chain; `thinkey build` replaces what the Go runtime takes of it")
		}
		return r.instead("build with an SDK of that version")
	}
	var want FuncType
	ok := false
	if v.p.Imports != nil {
		want, ok = v.p.Imports(im.Module, im.Name)
	}
	if !ok {
		return refuse(-1, "the import %q: there is no such host function", name).instead("build with an SDK of the version " + v.p.Module)
	}
	if got := v.m.Types[im.Type]; !got.Equal(want) {
		return refuse(-1, "the import %q has the type %s, but the host function has %s", name, got, want)
	}
	return nil
}

// exported checks one export.
func (v *validator) exported(e Export) *Refusal {
	i := slices.IndexFunc(v.p.Exports, func(o Offer) bool { return o.Name == e.Name })
	if i < 0 {
		return refuse(-1, "the export %q is not one that a contract has", e.Name).instead(remove)
	}
	o := v.p.Exports[i]
	if e.Kind != o.Kind {
		return refuse(-1, "the export %q is a %s, not a %s", e.Name, e.Kind, o.Kind)
	}
	if e.Kind != ExternFunc {
		return nil
	}
	if got := v.m.Types[v.typeOf[e.Index]]; !got.Equal(o.Type) {
		return refuse(-1, "the export %q has the type %s, not %s", e.Name, got, o.Type)
	}
	return nil
}

// missing refuses for an export that isn't there.
func (v *validator) missing(o Offer) *Refusal {
	r := refuse(-1, "there is no export %q, which every contract has", o.Name)
	switch o.Kind {
	case ExternFunc:
		return r.instead("Go: //go:wasmexport " + o.Name + "; Rust: #[no_mangle] pub extern \"C\" fn " + o.Name + "(); C: __attribute__((export_name(\"" + o.Name + "\")))")
	case ExternMemory:
		return r.instead("link with --export-memory, which is the default")
	}
	return r
}

package module

import "fmt"

// alien is a thing of a later WebAssembly that is known by name and refused.
type alien struct {
	name    string
	feature string
}

// Advice by feature: what a user changes in the build. A feature without an entry gets mvpAdvice.
const mvpAdvice = "compile for WebAssembly 1.0: clang -mcpu=mvp, Rust's wasm32v1-none target, Go needs nothing"

var advice = map[string]string{
	"vector instructions (SIMD)": "compile without SIMD: clang -mcpu=mvp or -mno-simd128, Rust's wasm32v1-none target, and no v128 types",
	"threads":                    "compile without atomics and shared memory: clang -mno-atomics without -pthread, Rust's wasm32v1-none target; an actor handles one message at a time",
	"reference types":            "compile with clang -mcpu=mvp or -mno-reference-types, or Rust's wasm32v1-none target; references stand only in element segments",
	"multi-value":                "compile with clang -mcpu=mvp or -mno-multivalue, or Rust's wasm32v1-none target; return a struct through a pointer",
	"tail calls":                 "compile with clang -mcpu=mvp or -mno-tail-call, or Rust's wasm32v1-none target",
	"exceptions":                 "compile with clang -fno-exceptions, Rust's -C panic=abort",
	"64-bit memory":              "compile for wasm32",
	"several memories":           "link without a second memory; one memory of at most 16 MiB is what a contract has",
	"extended constants":         "compile with clang -mcpu=mvp or -mno-extended-const, or Rust's wasm32v1-none target",
	"garbage-collected types":    "compile to linear memory: Go, Rust, C and AssemblyScript do",
}

// adviceFor never is empty.
func adviceFor(feature string) string {
	if a, ok := advice[feature]; ok {
		return a
	}
	return mvpAdvice
}

// aliens are the opcodes of later WebAssemblies, so that a refusal can name them.
var aliens = map[Opcode]alien{
	0x06: {"try", "exceptions"}, 0x07: {"catch", "exceptions"}, 0x08: {"throw", "exceptions"}, 0x09: {"rethrow", "exceptions"},
	0x0a: {"throw_ref", "exceptions"}, 0x18: {"delegate", "exceptions"}, 0x19: {"catch_all", "exceptions"}, 0x1f: {"try_table", "exceptions"},
	0x12: {"return_call", "tail calls"}, 0x13: {"return_call_indirect", "tail calls"}, 0x15: {"return_call_ref", "tail calls"},
	0x14: {"call_ref", "reference types"}, 0x1c: {"select with a type", "reference types"},
	0x25: {"table.get", "reference types"}, 0x26: {"table.set", "reference types"},
	0xd0: {"ref.null", "reference types"}, 0xd1: {"ref.is_null", "reference types"}, 0xd2: {"ref.func", "reference types"},
	0xd4: {"ref.as_non_null", "reference types"}, 0xd5: {"br_on_null", "reference types"}, 0xd6: {"br_on_non_null", "reference types"},
	0xd3: {"ref.eq", "garbage-collected types"}, 0xfb: {"an instruction behind 0xfb", "garbage-collected types"},
	0xfd: {"a vector instruction", "vector instructions (SIMD)"}, 0xfe: {"an atomic instruction", "threads"},
	0xfc0f: {"table.grow", "reference types"}, 0xfc10: {"table.size", "reference types"}, 0xfc11: {"table.fill", "reference types"},
	0xfc12: {"memory.discard", "memory control"}, 0xfc13: {"i64.add128", "wide arithmetic"}, 0xfc14: {"i64.sub128", "wide arithmetic"},
	0xfc15: {"i64.mul_wide_s", "wide arithmetic"}, 0xfc16: {"i64.mul_wide_u", "wide arithmetic"},
}

// foreigner finds an opcode that is known and refused.
func foreigner(o Opcode) (alien, bool) {
	a, ok := aliens[o]
	return a, ok
}

// refuseOpcode is the refusal of an instruction that is not decoded, or not allowed where it stands.
func refuseOpcode(offset int, o Opcode) *Refusal {
	r := refuse(offset, "is no instruction of WebAssembly 1.0")
	r.Instruction = o.String()
	if a, ok := foreigner(o); ok {
		r.What = "is not accepted (" + a.feature + ")"
		return r.instead(adviceFor(a.feature))
	}
	return r.instead(mvpAdvice)
}

// foreignTypes are the types of later WebAssemblies, by their byte.
var foreignTypes = map[byte]alien{
	0x7b: {"v128", "vector instructions (SIMD)"}, 0x6f: {"externref", "reference types"}, 0x70: {"funcref", "reference types"},
	0x63: {"a nullable reference", "reference types"}, 0x64: {"a reference", "reference types"}, 0x69: {"exnref", "exceptions"},
	0x78: {"i8", "garbage-collected types"}, 0x77: {"i16", "garbage-collected types"}, 0x6e: {"anyref", "garbage-collected types"},
	0x6d: {"eqref", "garbage-collected types"}, 0x6c: {"i31ref", "garbage-collected types"}, 0x6b: {"structref", "garbage-collected types"},
	0x6a: {"arrayref", "garbage-collected types"}, 0x73: {"nullfuncref", "garbage-collected types"}, 0x72: {"nullexternref", "garbage-collected types"},
	0x71: {"nullref", "garbage-collected types"}, 0x5f: {"a struct type", "garbage-collected types"}, 0x5e: {"an array type", "garbage-collected types"},
	0x50: {"a subtype", "garbage-collected types"}, 0x4f: {"a final subtype", "garbage-collected types"}, 0x4e: {"a recursive group of types", "garbage-collected types"},
}

// foreignType names a type that is not accepted.
func foreignType(b byte) string {
	if a, ok := foreignTypes[b]; ok {
		return a.name
	}
	return fmt.Sprintf("type %#02x", b)
}

// refuseType is the refusal of a type where only the four numbers (or what the caller names) are allowed.
func refuseType(offset int, b byte, where string) *Refusal {
	r := refuse(offset, "%s is %s, which is not accepted there", where, foreignType(b))
	if a, ok := foreignTypes[b]; ok {
		return r.instead(adviceFor(a.feature))
	}
	return r
}

package wasm_test

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm"
)

func BenchmarkGo(b *testing.B) {
	wasm.MeasureContract(b, buildGo(b, "testdata/counter"), "init", "\x00\x00\x00\x00\x00\x00\x00\x05")
}

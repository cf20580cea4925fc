package conform

import (
	"math"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// edgeCount is how many values of each type are tried.
const edgeCount = 64

// edges are the values at which arithmetic goes wrong, if it does: edgeCount of each type, by their bits.
var edges = map[module.ValueType][]uint64{
	module.I32: edgesI32(),
	module.I64: edgesI64(),
	module.F32: edgesF32(),
	module.F64: edgesF64(),
}

// edgesI32 are small numbers, the ends of the ranges of 8, 16, 24 and 32 bits, powers of two, and patterns.
func edgesI32() []uint64 {
	all := []uint32{0, 1, 2, 3, 5, 7, 10, 31, 32, 33, 63, 64, 65, 100, 0x55555555, 0xaaaaaaaa, 0x12345678, 0x9abcdef0, 0xdeadbeef, 1000000007}
	for _, n := range []int{7, 8, 15, 16, 24, 31} {
		p := uint32(1) << n
		all = append(all, p-1, p, p+1, -p, -p-1, -p+1)
	}
	for i := uint32(1); len(all) < edgeCount; i++ {
		all = append(all, -i)
	}
	out := make([]uint64, edgeCount)
	for i := range out {
		out[i] = uint64(all[i])
	}
	return out
}

// edgesI64 are those of 32 bits' ends too: where a 64-bit operation that keeps 32 bits shows.
func edgesI64() []uint64 {
	all := []uint64{0, 1, 2, 3, 7, 10, 31, 32, 33, 63, 64, 65, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 0x123456789abcdef0, 0xfedcba9876543210, 0xdeadbeef00000000, 0x00000000deadbeef}
	for _, n := range []int{7, 8, 15, 16, 31, 32, 53, 63} {
		p := uint64(1) << n
		all = append(all, p-1, p, p+1, -p, -p-1)
	}
	for i := uint64(1); len(all) < edgeCount; i++ {
		all = append(all, -i)
	}
	return all[:edgeCount]
}

// edgesF32 are zeros, denormals, halves (ties of nearest), the ends of the integer ranges with their neighbours,
// infinities, and NaNs quiet and signalling with payloads.
func edgesF32() []uint64 {
	var out []uint64
	for _, v := range []float32{0, 0.5, 1, 1.5, 2.5, 0.1, 3.1415927, 1 << 23, 1<<23 + 1, 1 << 24, 8388607.5, 1 << 31, 1 << 32, 1 << 63, 1 << 64, math.MaxFloat32, 1.1754944e-38, 1.1754942e-38, math.SmallestNonzeroFloat32} {
		out = append(out, from32(v), from32(v)|sign32)
	}
	for _, v := range []float32{1, 1 << 31, 1 << 32, 1 << 63, 1 << 64} {
		below := math.Nextafter32(v, 0)
		out = append(out, from32(below), from32(below)|sign32)
	}
	above := math.Nextafter32(1<<31, math.MaxFloat32)
	out = append(out, from32(above), from32(above)|sign32, 0x7f80_0000, 0xff80_0000)
	out = append(out, canonical32, canonical32|sign32, 0x7fc0_0001, 0xffc1_2345, 0x7fff_ffff, 0xffff_ffff)       // quiet
	return append(out, 0x7f80_0001, 0xff80_0001, 0x7fa0_0000, 0xffbf_ffff, 0x7f81_2345, 0xffa5_5555)[:edgeCount] // signalling
}

func edgesF64() []uint64 {
	var out []uint64
	for _, v := range []float64{0, 0.5, 1, 2.5, math.Pi, 1 << 52, 4503599627370495.5, 1 << 31, 1<<31 - 1, 1 << 32, 1 << 63, 1 << 64, math.MaxFloat32, math.MaxFloat64, 2.2250738585072014e-308, 2.225073858507201e-308, math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat32} {
		out = append(out, from64(v), from64(v)|sign64)
	}
	for _, v := range []float64{1, 1 << 31, 1 << 32, 1 << 63, 1 << 64} {
		below := math.Nextafter(v, 0)
		out = append(out, from64(below), from64(below)|sign64)
	}
	above := math.Nextafter(1<<31+1, 0)
	out = append(out, from64(above)|sign64, from64(1<<31+1)|sign64, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000)
	out = append(out, from64(1e-46), from64(3.4028235677973366e38)) // no f32, and the first that rounds to infinity
	out = append(out, canonical64, canonical64|sign64, 0x7ff8_0000_0000_0001, 0xfff8_1234_5678_9abc, 0x7fff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff)
	return append(out, 0x7ff0_0000_0000_0001, 0xfff0_0000_0000_0001, 0x7ff4_0000_0000_0000, 0xfff7_ffff_ffff_ffff, 0x7ff0_0000_2000_0000, 0xfff0_0000_1fff_ffff)[:edgeCount]
}

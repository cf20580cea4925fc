// lint:long one line to an opcode

package conform

import (
	"math"
	"math/bits"

	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// numeric is an instruction that makes one number of one or two others, as the WebAssembly specification (4.3) defines
// it. It is written from the specification alone, to be held against both engines.
type numeric struct {
	op     module.Opcode
	params []module.ValueType
	result module.ValueType
	unary  func(a uint64) uint64
	binary func(a, b uint64) uint64
}

// arithmetic says whether a NaN that this makes has bits that the specification leaves open: the instrumented module
// makes them canonical. abs, neg, copysign and reinterpret only move bits.
func (n *numeric) arithmetic() bool {
	name := n.op.String()
	switch name[4:] {
	case "abs", "neg", "copysign", "reinterpret_i32", "reinterpret_i64":
		return false
	}
	return n.result == module.F32 || n.result == module.F64
}

// eval computes; it panics with a trap.
func (n *numeric) eval(a, b uint64) uint64 {
	if n.unary != nil {
		return n.unary(a)
	}
	return n.binary(a, b)
}

// numerics is every numeric instruction.
var numerics = []numeric{
	testI32(module.OpI32Eqz, func(a uint32) bool { return a == 0 }),
	compareI32(module.OpI32Eq, func(a, b uint32) bool { return a == b }),
	compareI32(module.OpI32Ne, func(a, b uint32) bool { return a != b }),
	compareI32(module.OpI32LtS, func(a, b uint32) bool { return int32(a) < int32(b) }),
	compareI32(module.OpI32LtU, func(a, b uint32) bool { return a < b }),
	compareI32(module.OpI32GtS, func(a, b uint32) bool { return int32(a) > int32(b) }),
	compareI32(module.OpI32GtU, func(a, b uint32) bool { return a > b }),
	compareI32(module.OpI32LeS, func(a, b uint32) bool { return int32(a) <= int32(b) }),
	compareI32(module.OpI32LeU, func(a, b uint32) bool { return a <= b }),
	compareI32(module.OpI32GeS, func(a, b uint32) bool { return int32(a) >= int32(b) }),
	compareI32(module.OpI32GeU, func(a, b uint32) bool { return a >= b }),

	{op: module.OpI64Eqz, params: l1, result: module.I32, unary: func(a uint64) uint64 { return truth(a == 0) }},
	compareI64(module.OpI64Eq, func(a, b uint64) bool { return a == b }),
	compareI64(module.OpI64Ne, func(a, b uint64) bool { return a != b }),
	compareI64(module.OpI64LtS, func(a, b uint64) bool { return int64(a) < int64(b) }),
	compareI64(module.OpI64LtU, func(a, b uint64) bool { return a < b }),
	compareI64(module.OpI64GtS, func(a, b uint64) bool { return int64(a) > int64(b) }),
	compareI64(module.OpI64GtU, func(a, b uint64) bool { return a > b }),
	compareI64(module.OpI64LeS, func(a, b uint64) bool { return int64(a) <= int64(b) }),
	compareI64(module.OpI64LeU, func(a, b uint64) bool { return a <= b }),
	compareI64(module.OpI64GeS, func(a, b uint64) bool { return int64(a) >= int64(b) }),
	compareI64(module.OpI64GeU, func(a, b uint64) bool { return a >= b }),

	compareF32(module.OpF32Eq, func(a, b float32) bool { return a == b }),
	compareF32(module.OpF32Ne, func(a, b float32) bool { return a != b }),
	compareF32(module.OpF32Lt, func(a, b float32) bool { return a < b }),
	compareF32(module.OpF32Gt, func(a, b float32) bool { return a > b }),
	compareF32(module.OpF32Le, func(a, b float32) bool { return a <= b }),
	compareF32(module.OpF32Ge, func(a, b float32) bool { return a >= b }),
	compareF64(module.OpF64Eq, func(a, b float64) bool { return a == b }),
	compareF64(module.OpF64Ne, func(a, b float64) bool { return a != b }),
	compareF64(module.OpF64Lt, func(a, b float64) bool { return a < b }),
	compareF64(module.OpF64Gt, func(a, b float64) bool { return a > b }),
	compareF64(module.OpF64Le, func(a, b float64) bool { return a <= b }),
	compareF64(module.OpF64Ge, func(a, b float64) bool { return a >= b }),

	oneI32(module.OpI32Clz, func(a uint32) uint32 { return uint32(bits.LeadingZeros32(a)) }),
	oneI32(module.OpI32Ctz, func(a uint32) uint32 { return uint32(bits.TrailingZeros32(a)) }),
	oneI32(module.OpI32Popcnt, func(a uint32) uint32 { return uint32(bits.OnesCount32(a)) }),
	twoI32(module.OpI32Add, func(a, b uint32) uint32 { return a + b }),
	twoI32(module.OpI32Sub, func(a, b uint32) uint32 { return a - b }),
	twoI32(module.OpI32Mul, func(a, b uint32) uint32 { return a * b }),
	twoI32(module.OpI32DivS, func(a, b uint32) uint32 { return uint32(divide(int64(int32(a)), int64(int32(b)), math.MaxInt32)) }),
	twoI32(module.OpI32DivU, func(a, b uint32) uint32 { return a / nonzero(b) }),
	twoI32(module.OpI32RemS, func(a, b uint32) uint32 { return uint32(int64(int32(a)) % int64(int32(nonzero(b)))) }),
	twoI32(module.OpI32RemU, func(a, b uint32) uint32 { return a % nonzero(b) }),
	twoI32(module.OpI32And, func(a, b uint32) uint32 { return a & b }),
	twoI32(module.OpI32Or, func(a, b uint32) uint32 { return a | b }),
	twoI32(module.OpI32Xor, func(a, b uint32) uint32 { return a ^ b }),
	twoI32(module.OpI32Shl, func(a, b uint32) uint32 { return a << (b % 32) }),
	twoI32(module.OpI32ShrS, func(a, b uint32) uint32 { return uint32(int32(a) >> (b % 32)) }),
	twoI32(module.OpI32ShrU, func(a, b uint32) uint32 { return a >> (b % 32) }),
	twoI32(module.OpI32Rotl, func(a, b uint32) uint32 { return bits.RotateLeft32(a, int(b%32)) }),
	twoI32(module.OpI32Rotr, func(a, b uint32) uint32 { return bits.RotateLeft32(a, -int(b%32)) }),

	oneI64(module.OpI64Clz, func(a uint64) uint64 { return uint64(bits.LeadingZeros64(a)) }),
	oneI64(module.OpI64Ctz, func(a uint64) uint64 { return uint64(bits.TrailingZeros64(a)) }),
	oneI64(module.OpI64Popcnt, func(a uint64) uint64 { return uint64(bits.OnesCount64(a)) }),
	twoI64(module.OpI64Add, func(a, b uint64) uint64 { return a + b }),
	twoI64(module.OpI64Sub, func(a, b uint64) uint64 { return a - b }),
	twoI64(module.OpI64Mul, func(a, b uint64) uint64 { return a * b }),
	twoI64(module.OpI64DivS, func(a, b uint64) uint64 { return uint64(divide(int64(a), int64(b), math.MaxInt64)) }),
	twoI64(module.OpI64DivU, func(a, b uint64) uint64 { return a / nonzero(b) }),
	twoI64(module.OpI64RemS, remainder64),
	twoI64(module.OpI64RemU, func(a, b uint64) uint64 { return a % nonzero(b) }),
	twoI64(module.OpI64And, func(a, b uint64) uint64 { return a & b }),
	twoI64(module.OpI64Or, func(a, b uint64) uint64 { return a | b }),
	twoI64(module.OpI64Xor, func(a, b uint64) uint64 { return a ^ b }),
	twoI64(module.OpI64Shl, func(a, b uint64) uint64 { return a << (b % 64) }),
	twoI64(module.OpI64ShrS, func(a, b uint64) uint64 { return uint64(int64(a) >> (b % 64)) }),
	twoI64(module.OpI64ShrU, func(a, b uint64) uint64 { return a >> (b % 64) }),
	twoI64(module.OpI64Rotl, func(a, b uint64) uint64 { return bits.RotateLeft64(a, int(b%64)) }),
	twoI64(module.OpI64Rotr, func(a, b uint64) uint64 { return bits.RotateLeft64(a, -int(b%64)) }),

	{op: module.OpF32Abs, params: f1, result: module.F32, unary: func(a uint64) uint64 { return a &^ sign32 }},
	{op: module.OpF32Neg, params: f1, result: module.F32, unary: func(a uint64) uint64 { return a ^ sign32 }},
	oneF32(module.OpF32Ceil, func(a float32) float32 { return float32(math.Ceil(float64(a))) }),
	oneF32(module.OpF32Floor, func(a float32) float32 { return float32(math.Floor(float64(a))) }),
	oneF32(module.OpF32Trunc, func(a float32) float32 { return float32(math.Trunc(float64(a))) }),
	oneF32(module.OpF32Nearest, func(a float32) float32 { return float32(math.RoundToEven(float64(a))) }),
	oneF32(module.OpF32Sqrt, func(a float32) float32 { return float32(math.Sqrt(float64(a))) }),
	twoF32(module.OpF32Add, func(a, b float32) float32 { return a + b }),
	twoF32(module.OpF32Sub, func(a, b float32) float32 { return a - b }),
	twoF32(module.OpF32Mul, func(a, b float32) float32 { return a * b }),
	twoF32(module.OpF32Div, func(a, b float32) float32 { return a / b }),
	twoF32(module.OpF32Min, func(a, b float32) float32 { return float32(least(float64(a), float64(b))) }),
	twoF32(module.OpF32Max, func(a, b float32) float32 { return float32(-least(-float64(a), -float64(b))) }),
	{op: module.OpF32Copysign, params: f2, result: module.F32, binary: func(a, b uint64) uint64 { return a&^sign32 | b&sign32 }},

	{op: module.OpF64Abs, params: d1, result: module.F64, unary: func(a uint64) uint64 { return a &^ sign64 }},
	{op: module.OpF64Neg, params: d1, result: module.F64, unary: func(a uint64) uint64 { return a ^ sign64 }},
	oneF64(module.OpF64Ceil, math.Ceil),
	oneF64(module.OpF64Floor, math.Floor),
	oneF64(module.OpF64Trunc, math.Trunc),
	oneF64(module.OpF64Nearest, math.RoundToEven),
	oneF64(module.OpF64Sqrt, math.Sqrt),
	twoF64(module.OpF64Add, func(a, b float64) float64 { return a + b }),
	twoF64(module.OpF64Sub, func(a, b float64) float64 { return a - b }),
	twoF64(module.OpF64Mul, func(a, b float64) float64 { return a * b }),
	twoF64(module.OpF64Div, func(a, b float64) float64 { return a / b }),
	twoF64(module.OpF64Min, least),
	twoF64(module.OpF64Max, func(a, b float64) float64 { return -least(-a, -b) }),
	{op: module.OpF64Copysign, params: d2, result: module.F64, binary: func(a, b uint64) uint64 { return a&^sign64 | b&sign64 }},

	{op: module.OpI32WrapI64, params: l1, result: module.I32, unary: func(a uint64) uint64 { return uint64(uint32(a)) }},
	truncate32(module.OpI32TruncF32S, f1, func(a float64) uint32 { return uint32(int32(within(a, math.MinInt32, 1<<31))) }),
	truncate32(module.OpI32TruncF32U, f1, func(a float64) uint32 { return uint32(within(a, 0, 1<<32)) }),
	truncate32(module.OpI32TruncF64S, d1, func(a float64) uint32 { return uint32(int32(within(a, math.MinInt32, 1<<31))) }),
	truncate32(module.OpI32TruncF64U, d1, func(a float64) uint32 { return uint32(within(a, 0, 1<<32)) }),
	{op: module.OpI64ExtendI32S, params: i1, result: module.I64, unary: func(a uint64) uint64 { return uint64(int32(a)) }},
	{op: module.OpI64ExtendI32U, params: i1, result: module.I64, unary: func(a uint64) uint64 { return uint64(uint32(a)) }},
	truncate64(module.OpI64TruncF32S, f1, func(a float64) uint64 { return uint64(int64(within(a, math.MinInt64, 1<<63))) }),
	truncate64(module.OpI64TruncF32U, f1, func(a float64) uint64 { return uint64(within(a, 0, 1<<64)) }),
	truncate64(module.OpI64TruncF64S, d1, func(a float64) uint64 { return uint64(int64(within(a, math.MinInt64, 1<<63))) }),
	truncate64(module.OpI64TruncF64U, d1, func(a float64) uint64 { return uint64(within(a, 0, 1<<64)) }),
	{op: module.OpF32ConvertI32S, params: i1, result: module.F32, unary: func(a uint64) uint64 { return from32(float32(int32(a))) }},
	{op: module.OpF32ConvertI32U, params: i1, result: module.F32, unary: func(a uint64) uint64 { return from32(float32(uint32(a))) }},
	{op: module.OpF32ConvertI64S, params: l1, result: module.F32, unary: func(a uint64) uint64 { return from32(float32(int64(a))) }},
	{op: module.OpF32ConvertI64U, params: l1, result: module.F32, unary: func(a uint64) uint64 { return from32(float32(a)) }},
	{op: module.OpF32DemoteF64, params: d1, result: module.F32, unary: func(a uint64) uint64 { return from32(float32(to64(a))) }},
	{op: module.OpF64ConvertI32S, params: i1, result: module.F64, unary: func(a uint64) uint64 { return from64(float64(int32(a))) }},
	{op: module.OpF64ConvertI32U, params: i1, result: module.F64, unary: func(a uint64) uint64 { return from64(float64(uint32(a))) }},
	{op: module.OpF64ConvertI64S, params: l1, result: module.F64, unary: func(a uint64) uint64 { return from64(float64(int64(a))) }},
	{op: module.OpF64ConvertI64U, params: l1, result: module.F64, unary: func(a uint64) uint64 { return from64(float64(a)) }},
	{op: module.OpF64PromoteF32, params: f1, result: module.F64, unary: func(a uint64) uint64 { return from64(float64(to32(a))) }},
	{op: module.OpI32ReinterpretF32, params: f1, result: module.I32, unary: func(a uint64) uint64 { return a }},
	{op: module.OpI64ReinterpretF64, params: d1, result: module.I64, unary: func(a uint64) uint64 { return a }},
	{op: module.OpF32ReinterpretI32, params: i1, result: module.F32, unary: func(a uint64) uint64 { return a }},
	{op: module.OpF64ReinterpretI64, params: l1, result: module.F64, unary: func(a uint64) uint64 { return a }},

	oneI32(module.OpI32Extend8S, func(a uint32) uint32 { return uint32(int8(a)) }),
	oneI32(module.OpI32Extend16S, func(a uint32) uint32 { return uint32(int16(a)) }),
	oneI64(module.OpI64Extend8S, func(a uint64) uint64 { return uint64(int8(a)) }),
	oneI64(module.OpI64Extend16S, func(a uint64) uint64 { return uint64(int16(a)) }),
	oneI64(module.OpI64Extend32S, func(a uint64) uint64 { return uint64(int32(a)) }),

	truncate32(module.OpI32TruncSatF32S, f1, func(a float64) uint32 { return uint32(saturateS(a, 32)) }),
	truncate32(module.OpI32TruncSatF32U, f1, func(a float64) uint32 { return uint32(saturateU(a, 32)) }),
	truncate32(module.OpI32TruncSatF64S, d1, func(a float64) uint32 { return uint32(saturateS(a, 32)) }),
	truncate32(module.OpI32TruncSatF64U, d1, func(a float64) uint32 { return uint32(saturateU(a, 32)) }),
	truncate64(module.OpI64TruncSatF32S, f1, func(a float64) uint64 { return uint64(saturateS(a, 64)) }),
	truncate64(module.OpI64TruncSatF32U, f1, func(a float64) uint64 { return saturateU(a, 64) }),
	truncate64(module.OpI64TruncSatF64S, d1, func(a float64) uint64 { return uint64(saturateS(a, 64)) }),
	truncate64(module.OpI64TruncSatF64U, d1, func(a float64) uint64 { return saturateU(a, 64) }),
}

const (
	sign32 = 1 << 31
	sign64 = 1 << 63
)

// The types of one or two operands.
var (
	i1 = []module.ValueType{module.I32}
	i2 = []module.ValueType{module.I32, module.I32}
	l1 = []module.ValueType{module.I64}
	l2 = []module.ValueType{module.I64, module.I64}
	f1 = []module.ValueType{module.F32}
	f2 = []module.ValueType{module.F32, module.F32}
	d1 = []module.ValueType{module.F64}
	d2 = []module.ValueType{module.F64, module.F64}
)

func to32(a uint64) float32   { return math.Float32frombits(uint32(a)) }
func from32(a float32) uint64 { return uint64(math.Float32bits(a)) }
func to64(a uint64) float64   { return math.Float64frombits(a) }
func from64(a float64) uint64 { return math.Float64bits(a) }

// truth is a boolean as WebAssembly has it.
func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func testI32(op module.Opcode, f func(a uint32) bool) numeric {
	return numeric{op: op, params: i1, result: module.I32, unary: func(a uint64) uint64 { return truth(f(uint32(a))) }}
}

func compareI32(op module.Opcode, f func(a, b uint32) bool) numeric {
	return numeric{op: op, params: i2, result: module.I32, binary: func(a, b uint64) uint64 { return truth(f(uint32(a), uint32(b))) }}
}

func compareI64(op module.Opcode, f func(a, b uint64) bool) numeric {
	return numeric{op: op, params: l2, result: module.I32, binary: func(a, b uint64) uint64 { return truth(f(a, b)) }}
}

func compareF32(op module.Opcode, f func(a, b float32) bool) numeric {
	return numeric{op: op, params: f2, result: module.I32, binary: func(a, b uint64) uint64 { return truth(f(to32(a), to32(b))) }}
}

func compareF64(op module.Opcode, f func(a, b float64) bool) numeric {
	return numeric{op: op, params: d2, result: module.I32, binary: func(a, b uint64) uint64 { return truth(f(to64(a), to64(b))) }}
}

func oneI32(op module.Opcode, f func(a uint32) uint32) numeric {
	return numeric{op: op, params: i1, result: module.I32, unary: func(a uint64) uint64 { return uint64(f(uint32(a))) }}
}

func twoI32(op module.Opcode, f func(a, b uint32) uint32) numeric {
	return numeric{op: op, params: i2, result: module.I32, binary: func(a, b uint64) uint64 { return uint64(f(uint32(a), uint32(b))) }}
}

func oneI64(op module.Opcode, f func(a uint64) uint64) numeric {
	return numeric{op: op, params: l1, result: module.I64, unary: f}
}

func twoI64(op module.Opcode, f func(a, b uint64) uint64) numeric {
	return numeric{op: op, params: l2, result: module.I64, binary: f}
}

func oneF32(op module.Opcode, f func(a float32) float32) numeric {
	return numeric{op: op, params: f1, result: module.F32, unary: func(a uint64) uint64 { return from32(f(to32(a))) }}
}

func twoF32(op module.Opcode, f func(a, b float32) float32) numeric {
	return numeric{op: op, params: f2, result: module.F32, binary: func(a, b uint64) uint64 { return from32(f(to32(a), to32(b))) }}
}

func oneF64(op module.Opcode, f func(a float64) float64) numeric {
	return numeric{op: op, params: d1, result: module.F64, unary: func(a uint64) uint64 { return from64(f(to64(a))) }}
}

func twoF64(op module.Opcode, f func(a, b float64) float64) numeric {
	return numeric{op: op, params: d2, result: module.F64, binary: func(a, b uint64) uint64 { return from64(f(to64(a), to64(b))) }}
}

// truncate32 makes an i32 of a float of either width: an f32 is exactly an f64.
func truncate32(op module.Opcode, params []module.ValueType, f func(a float64) uint32) numeric {
	return truncate64(op, params, func(a float64) uint64 { return uint64(f(a)) }).to(module.I32)
}

func truncate64(op module.Opcode, params []module.ValueType, f func(a float64) uint64) numeric {
	widen := to64
	if params[0] == module.F32 {
		widen = func(a uint64) float64 { return float64(to32(a)) }
	}
	return numeric{op: op, params: params, result: module.I64, unary: func(a uint64) uint64 { return f(widen(a)) }}
}

func (n numeric) to(result module.ValueType) numeric {
	n.result = result
	return n
}

// nonzero is a divisor, or a trap.
func nonzero[T uint32 | uint64](b T) T {
	if b == 0 {
		panic(trapDivide)
	}
	return b
}

// divide is the signed quotient; the one that exceeds the largest value traps.
func divide(a, b, largest int64) int64 {
	nonzero(uint64(b))
	if b == -1 && a == -largest-1 {
		panic(trapOverflow)
	}
	return a / b
}

func remainder64(a, b uint64) uint64 {
	if nonzero(b) == math.MaxUint64 {
		return 0 // also of the least value, whose quotient has no room
	}
	return uint64(int64(a) % int64(b))
}

// least is the smaller of two numbers, -0 before +0, NaN if one is.
func least(a, b float64) float64 {
	switch {
	case a != a || b != b:
		return math.NaN()
	case a == 0 && b == 0:
		return math.Float64frombits(math.Float64bits(a) | math.Float64bits(b))
	case a < b:
		return a
	}
	return b
}

// within truncates; outside of [low, above) it traps.
func within(a, low, above float64) float64 {
	if a != a {
		panic(trapNotANumber)
	}
	a = math.Trunc(a)
	if a < low || a >= above {
		panic(trapOverflow)
	}
	return a
}

// saturateS truncates to a signed integer; what has no room becomes the nearest, NaN zero.
func saturateS(a float64, size int) int64 {
	low := int64(-1) << (size - 1)
	switch {
	case a != a:
		return 0
	case a < float64(low):
		return low
	case a >= -float64(low):
		return -(low + 1)
	}
	return int64(math.Trunc(a))
}

// saturateU truncates to an unsigned integer.
func saturateU(a float64, size int) uint64 {
	switch {
	case a != a || a <= 0:
		return 0
	case a >= math.Ldexp(1, size):
		return math.MaxUint64 >> (64 - size)
	}
	return uint64(math.Trunc(a))
}

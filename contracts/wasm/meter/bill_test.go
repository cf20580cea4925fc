package meter

import (
	"fmt"
	"slices"

	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// bill is a machine that runs an instrumented body and looks at what is paid for what runs. The gas global starts at 0, so
// that every check that finds something to pay refills.
type bill struct {
	*machine
	added  []bool // by instruction: not of the original
	checks []bool // by instruction: the first of a check
	ran    int64  // tenths, of the original
	paid   int64  // units, before the last refill
	ways   int64  // instructions run that may begin a region
	errors []string
}

func newBill(body []byte, l *layout, args []uint64) *bill {
	b := &bill{machine: load(body, l)}
	b.locals = append(slices.Clone(args), make([]uint64, 3)...)
	b.classify()
	b.refill = func() {
		b.paid = b.total()
		b.globals[l.gas] = 0
	}
	b.step = b.look
	b.store = func(at, size uint64) {
		for _, a := range []uint64{at, at + size - 1} {
			if bucket := a >> l.shift & 63; b.globals[l.dirty]>>bucket&1 == 0 {
				b.fault("byte %#x is stored to before its bucket is marked (G7)", a)
			}
		}
	}
	return b
}

func (b *bill) fault(format string, args ...any) {
	b.errors = append(b.errors, fmt.Sprintf(format, args...))
}

// total is what was paid so far.
func (b *bill) total() int64 { return b.paid - int64(b.globals[b.layout.gas]) }

// classify finds what was added, by its shape: random bodies use no globals.
func (b *bill) classify() {
	b.added, b.checks = make([]bool, len(b.code)), make([]bool, len(b.code))
	uses := func(i int, o module.Opcode, global uint32) bool { return b.code[i].Op == o && b.code[i].A == global }
	add := func(i, n int) {
		for j := range n {
			b.added[i+j] = true
		}
	}
	for i := 0; i < len(b.code); i++ {
		n := 0
		switch {
		case uses(i, module.OpGlobalGet, b.layout.gas) && b.code[i+2].Op == module.OpI64Sub:
			n = 4
		case uses(i, module.OpGlobalGet, b.layout.gas):
			n = 6
			b.checks[i] = true
		case uses(i, module.OpGlobalGet, b.layout.stack) && b.code[i+2].Op == module.OpI32Add:
			n = 10
		case uses(i, module.OpGlobalGet, b.layout.stack):
			n = 4
		case uses(i, module.OpGlobalGet, b.layout.dirty):
			for n = 1; !uses(i+n-1, module.OpGlobalSet, b.layout.dirty); n++ {
			}
		case b.code[i].Op == module.OpLocalTee && b.code[i].A > 4:
			n = 1
		default:
			continue
		}
		add(i, n)
		i += n - 1
	}
}

// look is before every instruction: it must have been paid (G1).
func (b *bill) look(in *module.Instruction) {
	if b.added[b.at] {
		return
	}
	price, _ := PriceOf(in.Op)
	b.ran += int64(price)
	if in.Op >= module.OpBlock && in.Op <= module.OpReturn {
		b.ways++
	}
	if paid := b.total() * gas.Tenths; b.ran > paid {
		b.fault("%s ran when %d tenths were paid, with %d to pay (G1)", in.Op, paid, b.ran)
	}
}

// settle is at the end: nothing more was paid than rounding asks for, and nothing is left to check where the host is told.
func (b *bill) settle(outside bool) {
	if b.trap {
		return // in the middle of what was paid for
	}
	const locals = 2 * gas.LocalZero
	if over := b.total()*gas.Tenths - b.ran - locals; over > (b.ways+1)*gas.Tenths {
		b.fault("%d tenths too much were paid, on %d regions at most", over, b.ways+1)
	}
	if left := -int64(b.globals[b.layout.gas]); outside && left > 0 {
		b.fault("%d were not checked at the end (G2)", left)
	}
}

package meter

import "github.com/thinkey/thinkey/contracts/wasm/module"

const (
	// maxFrames bounds the frames that are counted. wazero's interpreter ends at 2,000; what isn't counted (a leaf, a
	// made function, refill, host calls) takes less than the rest.
	maxFrames = 1_790
	// valuesPerWord: wazero's compiler gives every value that is ever spilled a slot of its own, so a frame grows with
	// the code, not with what is live. A word is counted for so many values that a body can make. The limit of the
	// compiler's stack (about 84 MB) is 80 times that of the words counted at 1 MiB.
	valuesPerWord = 32
	// leafWords is what a function that calls nothing may take without being counted: only one such frame is there at
	// any time.
	leafWords = 512
)

// settle decides what depends on the whole body.
func (p *plan) settle(f *module.FunctionFacts, outside bool) shape {
	p.marks.sort()
	p.prepay()
	if !p.calls && !p.loops && !outside && p.total <= leafLag {
		for i := range p.edits {
			if p.edits[i].kind == chargeCheck {
				p.edits[i].kind = charge
			}
		}
	}
	for _, e := range p.edits {
		switch e.kind {
		case canonical32, select32:
			p.widths[0] = true
		case canonical64, select64:
			p.widths[1] = true
		}
	}
	s := shape{check: outside && p.blocks[0].lag > 0}
	if words := p.words(f); p.calls || words > leafWords {
		s.words = words
	}
	return s
}

// words is what a frame counts for (G4). It is more than MaxStack if it would never fit.
func (p *plan) words(f *module.FunctionFacts) uint32 {
	values := uint64(f.Instructions) + uint64(f.Blocks)*uint64(f.Locals)
	words := max(uint64(p.maxStack/maxFrames)+1, uint64(f.Locals+f.Stack), values/valuesPerWord)
	return uint32(min(words, uint64(p.maxStack)+1))
}

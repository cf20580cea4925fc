package guest

// The image of a contract holds its stack and its heap as the start-up code left them, and every handling begins there. The
// stack is grown first, so that no handling has to move it to a larger place.

type room [12 << 10]byte

var _ = growStack()

//go:noinline
func growStack() bool {
	var r room
	return fill(&r) == 0
}

//go:noinline
func fill(r *room) byte {
	clear(r[:])
	return r[len(codecs)%len(r)]
}

// settle leaves a good place to begin at. The allocator holds a free place of every common size, and has met with what it
// meets in a failure, so that few handlings need more memory than the image has: an engine can't take that back. The stack
// below the caller's frame is wiped, so that what once stood there doesn't look as if it were in use: by what the image
// holds, the builder finds out which functions can still be called.
func settle() {
	for _, size := range [...]int{8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 256} {
		warm[0] = make([]byte, size)
		warm[1] = make([]*byte, size/8)
	}
	fallOver(len(codecs))
	warm[0], warm[1] = nil, nil
	growStack()
}

// warm makes what is put there come from the heap.
var warm [2]any

// fallOver panics as a contract does that goes beyond a slice.
func fallOver(n int) {
	defer func() { warm[0] = Format("%v", recover()) }()
	warm[1] = codecs[n].codec
}

package guest

import "unsafe"

// Buffers of the package, which hold what passes between the host and the codecs: an allocation each costs more than what
// is done with it. They are safe because a handling has an image of its own (G1), and nothing is kept in one across code of
// the contract but the state's, which has its own. Together in memory, they touch a page or two of it. What is longer than
// its buffer is allocated.
var (
	inputBuffer [1 << 10]byte // the message's input
	stateBuffer [1 << 10]byte // the state as it was stored
	entryBuffer [1 << 10]byte // an entry that is read
	valueBuffer [1 << 10]byte // what is encoded to be handed to the host
	keyBuffer   [256]byte     // a key under way
)

// encoded is v as bytes, until the next call.
func (c *codec) encoded(v unsafe.Pointer) []byte { return c.put(valueBuffer[:0], v) }

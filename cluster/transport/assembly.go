package transport

import "time"

// assembly puts the fragments of one class together, one message at a time: their sender finishes one before it begins the next.
type assembly struct {
	channel uint32
	size    int
	buf     []byte
	charged int
	since   time.Time
}

// firstAlloc is how much is allocated on the word of a sender; the rest as it comes.
const firstAlloc = 64 << 10

// begin starts a message; the sender's fault if it can't be.
func (a *assembly) begin(f begin, r room, now time.Time) error {
	switch {
	case a.size > 0:
		return junk("a message begins within another")
	case f.size == 0 || int64(f.size) > int64(r.message):
		return junk("a message of %d bytes (1 to %d of its class are allowed)", f.size, r.message)
	}
	*a = assembly{channel: f.channel, size: int(f.size), buf: make([]byte, 0, min(int(f.size), firstAlloc)), charged: messageCost, since: now}
	return a.more(f.part)
}

// more adds a fragment.
func (a *assembly) more(part []byte) error {
	if a.size == 0 {
		return junk("a fragment of no message")
	}
	left := a.size - len(a.buf)
	if len(part) > left || len(part) < min(left, fragmentBytes) {
		return junk("a fragment of %d bytes where %d are missing", len(part), left)
	}
	if len(a.buf)+len(part) > cap(a.buf) { // twice what has come, and never more than will
		a.buf = append(make([]byte, 0, min(a.size, 2*cap(a.buf))), a.buf...)
	}
	a.buf = append(a.buf, part...)
	a.charged += len(part) + fragmentCost
	return nil
}

// take returns the message if it is whole, and makes place for the next.
func (a *assembly) take() (done assembly, ok bool) {
	if a.size == 0 || len(a.buf) < a.size {
		return assembly{}, false
	}
	done, *a = *a, assembly{}
	return done, true
}

package host

import (
	"sync/atomic"

	"github.com/thinkey/thinkey/actors/account"
)

// load is an account.Load that many count at once.
type load struct {
	messages atomic.Int64
	bytes    atomic.Int64
}

// add returns the sum.
func (l *load) add(d account.Load) account.Load {
	return account.Load{Messages: int(l.messages.Add(int64(d.Messages))), Bytes: l.bytes.Add(d.Bytes)}
}

func (l *load) now() account.Load { return l.add(account.Load{}) }

// total is what may wait at all; half of it behind missing nonces (H6).
func (h *Host) total() account.Load {
	return account.Load{Messages: h.config.Lane.Total, Bytes: h.config.Lane.Bytes}
}

func (h *Host) mostApart() account.Load {
	t := h.total()
	return account.Load{Messages: t.Messages / 2, Bytes: t.Bytes / 2}
}

// over says which part of l is more than most; nil if none is.
func over(l, most account.Load, what string) *Busy {
	switch {
	case l.Messages > most.Messages:
		return &Busy{"messages" + what, most.Messages}
	case l.Bytes > most.Bytes:
		return &Busy{"bytes of messages" + what, int(most.Bytes)}
	}
	return nil
}

// free gives back what reserve took.
func (h *Host) free(l account.Load) { h.waiting.add(account.Load{}.Minus(l)) }

package node

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/keys"
)

// answering is a node's way to others on which it changes what it answers to who catches up.
type answering struct {
	Net
	change func(raw []byte) []byte // nil for no answer
}

func (a answering) Send(to keys.PublicKey, raw []byte) {
	if raw[0] == frameRun {
		if raw = a.change(raw); raw == nil {
			return
		}
	}
	a.Net.Send(to, raw)
}

func (a answering) Peers() []keys.PublicKey { return a.Net.(peersNet).Peers() }

// behind are four members of whom the last was away for some blocks.
func behind(t *testing.T, blocks uint64, change func(i int, raw []byte) []byte) *committeeRig {
	t.Helper()
	r := newCommittee(t, 4)
	for i := range 3 {
		c := r.config(i, true)
		if change != nil {
			c.Member.Net = answering{c.Member.Net, func(raw []byte) []byte { return change(i, raw) }}
		}
		r.nodes[i] = open(t, c)
	}
	for nonce := range blocks {
		r.pay(0, payment(r.nodes[0], 1, 2, 1, nonce))
	}
	return r
}

// back starts the one that was away, and waits until it has all.
func (r *committeeRig) back(t *testing.T, change func(c *Config)) *Node {
	t.Helper()
	c := r.config(3, false)
	c.Member.Resend = 50 * time.Millisecond
	if change != nil {
		change(&c)
	}
	r.nodes[3] = open(t, c)
	r.await(r.nodes[0].Head().Header.Height)
	r.agree()
	return r.nodes[3]
}

// Who was away gets what it lacks from several at once, and a peer that is silent, or lies in whichever way, costs time alone: what it sent is
// held against it, and asked of another.
func TestCatchUp(t *testing.T) {
	const blocks = 60
	changed := func(change func(a *answer)) func(i int, raw []byte) []byte {
		return func(i int, raw []byte) []byte {
			if i != 1 {
				return raw
			}
			a, err := decodeRun(append([]byte(nil), raw[1:]...))
			if err != nil {
				t.Error(err)
			}
			change(&a)
			return encodeRun(&a)
		}
	}
	for _, c := range []struct {
		name   string
		change func(i int, raw []byte) []byte
		lies   bool
	}{
		{name: "honest"},
		{name: "silent", change: func(i int, raw []byte) []byte {
			if i == 1 {
				return nil
			}
			return raw
		}},
		{"bytes", changed(func(a *answer) {
			for i := range a.blocks {
				a.blocks[i].Raw[len(a.blocks[i].Raw)-1] ^= 1
			}
		}), true},
		{"certificate", changed(func(a *answer) {
			for i := range a.blocks {
				a.blocks[i].Certificate.Signature[9] ^= 1
			}
		}), true},
		{"one certificate", changed(func(a *answer) {
			if n := len(a.blocks); n > 0 {
				a.blocks[n/2].Certificate.Signature[9] ^= 1
			}
		}), true},
		{"others", changed(func(a *answer) {
			for i := range a.blocks {
				a.blocks[i] = a.blocks[0]
			}
		}), true},
		{"junk", func(i int, raw []byte) []byte {
			if i == 1 {
				return raw[:len(raw)-1]
			}
			return raw
		}, true},
		{"nothing", changed(func(a *answer) { a.blocks, a.head = nil, 0 }), false},
		{"too long", changed(func(a *answer) {
			a.blocks = append(a.blocks, bft.Final{Raw: make([]byte, rangeBytes), Certificate: a.blocks[0].Certificate})
		}), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			lies := caughtUp(t, blocks, c.change)
			for range 2 {
				if c.lies && lies == 0 { // what has come otherwise meanwhile is not looked at
					lies = caughtUp(t, blocks, c.change)
				}
			}
			if lies > 0 != c.lies {
				t.Errorf("%v faults were seen", lies)
			}
		})
	}
}

// caughtUp lets a node come back that lacks some blocks, where another one changes what it answers, and is how many faults it has seen.
func caughtUp(t *testing.T, blocks uint64, change func(i int, raw []byte) []byte) float64 {
	var asked [3]atomic.Int32
	r := behind(t, blocks, func(i int, raw []byte) []byte {
		asked[i].Add(1)
		if change == nil {
			return raw
		}
		return change(i, raw)
	})
	n := r.back(t, nil)
	for i := range asked {
		if asked[i].Load() == 0 {
			t.Errorf("node %d was asked for nothing", i)
		}
	}
	lies := counted(t, n, "thinkey_consensus_rejected_total")
	until(t, "it has caught up", func() bool { return !n.CatchUp().Active })
	if a, err := n.Account(testAddress(1)); err != nil || a.Account.Nonce != blocks {
		t.Errorf("%+v, %v", a, err)
	}
	return lies
}

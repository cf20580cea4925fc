package sim

import (
	"bytes"
	"strings"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// own holds I10 for the chain's own entries: a block of a chain that is alone changes those of fees, queue, code, which of it is warm,
// and failed rounds, each once, committee and attributes if its header changes the committee, and the history, which is that of all blocks before it.
type own struct {
	blind
	history merkle.Accumulator
	parent  chain.Header
}

func newOwn(b blind) *own { return &own{blind: b, parent: b.w.origin.header} }

func (o *own) final(res *block.Result, f *bft.Final) {
	p := &o.parent
	anchor := chain.Anchor{Height: p.Height, Hash: p.Hash(), Outbox: p.Roots.Outbox, State: p.Roots.State, Load: p.Load}
	before := o.history.Encode()
	if p.Height == 0 {
		before = nil
	}
	o.history.Append(merkle.LeafHash(anchor.Append(nil)))
	o.parent = res.Block.Header
	changed, handsOver := map[string]bool{}, o.parent.Next != o.parent.Committee
	for _, c := range res.Changes {
		if !c.Account.IsSystem() {
			continue
		}
		switch {
		case c.Account.Chain() != o.w.id || changed[c.Key] || !mayChange(c.Key, len(o.w.worlds) > 1) && !(handsOver && (c.Key == chain.KeyCommittee || c.Key == chain.KeyFormer || c.Key == chain.KeyParams)):
			o.w.violate("I10 validity", nil, "height %d changes entry %q of chain %d", f.Certificate.Height, c.Key, c.Account.Chain())
		case c.Key == chain.KeyHistory && !(bytes.Equal(c.Before, before) && bytes.Equal(c.After, o.history.Encode())):
			o.w.violate("I10 validity", nil, "height %d: its history is not that of the %d blocks before it", f.Certificate.Height, o.history.Count)
		}
		changed[c.Key] = true
	}
	if !changed[chain.KeyHistory] {
		o.w.violate("I10 validity", nil, "height %d leaves its parent out of the history", f.Certificate.Height)
	}
}

// betweenChains says whether an entry is about other chains.
func betweenChains(key string) bool {
	if key == chain.KeyFull || key == chain.KeyTree || key == chain.KeyHeld {
		return true
	}
	for _, one := range []string{
		chain.ViewKey(0), chain.ViewCommitteeKey(0), chain.OutKey(0), chain.InKey(0), chain.TakenKey(0), chain.SentKey(0), chain.EnteredKey(0), chain.CreditedKey(0),
		chain.CreditKey(0, 0),
	} {
		if len(key) == len(one) && strings.HasPrefix(key, strings.TrimRight(one, "\x00")) {
			return true
		}
	}
	return false
}

// mayChange says whether blocks change an entry of the chain.
func mayChange(key string, inTree bool) bool {
	switch key {
	case chain.KeyFees, chain.KeyQueue, chain.KeyHistory, chain.KeyWarm:
		return true
	}
	if inTree && betweenChains(key) {
		return true
	}
	for _, one := range []string{chain.QueuedKey(0), chain.FailedKey(0, 0), chain.CodeKey(chain.CodeHash{})} {
		if len(key) == len(one) && strings.HasPrefix(key, strings.TrimRight(one, "\x00")) {
			return true
		}
	}
	return false
}

package sim

import (
	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/sdk/chain"
)

// nonces holds I6: the external messages of each account stand in the chain in the order of their nonces, none twice, those
// that failed included; and the account's nonce says how many they are.
type nonces struct{ blind }

func (o *nonces) final(res *block.Result, f *bft.Final) {
	next := o.w.final.nonces
	seen := map[chain.Address]uint64{}
	for i := range res.Block.Inputs {
		m := res.Block.Inputs[i].Message
		if want := next[m.From] + seen[m.From]; m.Nonce != want {
			o.w.violate("I6 nonces", nil, "height %d has nonce %d of %s, and %d is the next", f.Certificate.Height, m.Nonce, m.From, want)
		}
		seen[m.From]++
	}
	for _, r := range res.Records {
		if want := next[r.Address] + seen[r.Address]; r.Account.Nonce != want {
			o.w.violate("I6 nonces", nil, "height %d leaves %s with nonce %d after %d messages", f.Certificate.Height, r.Address, r.Account.Nonce, want)
		}
	}
}

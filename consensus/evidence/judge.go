package evidence

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Trust is what a judge knows of the chain: a final block, or a network and a committee of it.
type Trust struct {
	// Block is the hash of the last final block before the height of the case. If it is zero the others count.
	Block     chain.BlockHash
	Network   chain.NetworkID
	Committee chain.Hash
}

// ErrNotTrusted: the case is against the committee of another chain, or of another epoch, than the judge trusts.
var ErrNotTrusted = errors.New("evidence is against a committee that is not the trusted one")

// Verdict is what a case proves.
type Verdict struct {
	About
	// Words say what was done.
	Words string
	// Fault is what is wrong with an invalid block; nil otherwise.
	Fault *block.Fault
}

// Judge says who is guilty of what; an error if the case doesn't prove it to who trusts no more than t. Codes run the case's
// code, and read it from there (Case.Code); nil for a chain without code.
func (k *Case) Judge(t Trust, codes native.Codes) (_ *Verdict, err error) {
	defer blameContent(&err)
	if err := k.trusted(t); err != nil {
		return nil, err
	}
	c, err := light.NewCommittee(k.before().Network, k.Committee)
	if err != nil {
		return nil, err
	}
	v := &Verdict{About: k.About()}
	if k.Contradiction != nil {
		if _, err := c.Guilty(&k.Contradiction.Evidence); err != nil {
			return nil, err
		}
	} else {
		claim, err := k.Backing.claim()
		if err != nil {
			return nil, err
		}
		rules := block.Rules{Programs: native.Programs{Codes: codes}}
		if _, v.Fault, err = k.Backing.Witness.Convict(c, claim, rules); err != nil {
			return nil, err
		}
	}
	v.Words = k.words(v)
	return v, nil
}

// blameContent makes a panic an error. What the program promises itself about a chain's state may not hold for one that somebody wrote
// into a file; nobody is guilty by that, and whoever looks at the file goes on.
func blameContent(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: it holds what no chain comes to: %v", ErrCase, p)
	}
}

// Network is the network that the case is of.
func (k *Case) Network() chain.NetworkID { return k.before().Network }

// trusted holds G2: network and committee are those that the judge trusts, or that the block names which it trusts.
func (k *Case) trusted(t Trust) error {
	before := k.before()
	switch {
	case t.Block != chain.BlockHash{}:
		if hash := before.Hash(); hash != t.Block {
			return fmt.Errorf("%w: it stands on block %d with the hash %s, not on %s", ErrNotTrusted, before.Height, hash, t.Block)
		}
	case t.Network != before.Network:
		return fmt.Errorf("%w: it is of network %s, not of %s", ErrNotTrusted, before.Network, t.Network)
	case t.Committee != k.Committee.Hash():
		return fmt.Errorf("%w: it is the one of chain %d in epoch %d with the hash %s, not %s",
			ErrNotTrusted, k.Committee.Chain, k.Committee.Epoch, k.Committee.Hash(), t.Committee)
	}
	return nil
}

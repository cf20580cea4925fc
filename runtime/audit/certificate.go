package audit

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// elect finds who agrees on what comes next in the state where replay stands, and who agreed on the block there (SPEC 6.7).
func (r *run) elect() {
	h := r.at.header
	before := r.next
	r.now, r.next = nil, r.seats([]byte(r.at.state.entries[committeeSlot(r.id)]))
	for _, c := range []*light.Committee{r.next, before} {
		if c != nil && c.Hash() == h.Committee {
			r.now = c
		}
	}
	if r.now == nil && h.Committee != h.Next {
		r.now = r.replaced(h.Height)
	}
	if r.now == nil && h.Height == r.joined.from {
		r.now = r.formerly()
	}
}

func committeeSlot(id chain.ID) exec.Slot {
	return exec.Slot{Account: chain.SystemAddress(id), Key: chain.KeyCommittee}
}

// seats is a committee as the state has it; nil for none, or one that doesn't decode.
func (r *run) seats(raw []byte) *light.Committee {
	of, err := chain.DecodeCommittee(raw)
	if err != nil || len(of.Seats) == 0 {
		return nil
	}
	c, err := r.committee(r.at.header.Network, of)
	if err != nil {
		r.add(Certificates, r.at.header.Height, "committee %s: %v", of.Hash(), err)
		return nil
	}
	return c
}

// committee makes what checks a committee's signatures.
func (r *run) committee(n chain.NetworkID, of chain.Committee) (*light.Committee, error) {
	if r.Signatures != nil {
		return light.NewCommitteeWith(n, of, r.Signatures)
	}
	return r.committees.Committee(n, of)
}

// replaced is the committee that a block has replaced, as its undo record says.
func (r *run) replaced(height uint64) (c *light.Committee) {
	record, err := r.raw.Undo(r.id, height)
	if err != nil {
		return nil
	}
	_ = store.DecodeUndo(record, func(slot exec.Slot, before []byte) { // what is wrong with it is met where it lies
		if slot == committeeSlot(r.id) {
			c = r.seats(before)
		}
	})
	return c
}

// certificate holds a block to SPEC 4.9.
func (r *run) certificate(k *store.Kept, h *chain.Header) {
	if k.Height < r.joined.from { // who certified it is not known; those that stand on it are certified
		return
	}
	r.looked(Certificates, 1)
	c := r.now
	if r.next != nil && r.next.Hash() == h.Committee {
		c = r.next
	}
	if r.at == nil && (c == nil || c.Hash() != h.Committee) && h.Height > 0 && h.Committee != block.NoCommittee {
		r.skip("the state that names a committee is not known", Certificates)
		return
	}
	r.certificates.take(c, h, k.Certificate, r.uncertified)
}

func (r *run) uncertified(height uint64, err error) {
	r.add(Certificates, height, "block %d %v", height, err)
}

// remembering is what remembers the certificates that held: the directories of a network have the same ones, and show those of their neighbours in
// the tree. To check one takes longer than all else of a block that has few messages.
func remembering() *keep.Memory { return &keep.Memory{Most: 1 << 21} } // some 100 MB

// vouched are certificates that name their blocks, and of which nobody has looked yet whether they are signed: some together take less time than
// each alone. The zero value has none.
type vouched struct {
	waiting []*chain.Certificate
	by      *light.Committee // who must have certified them
}

// together is how many are checked together: more than that gain little.
const together = 64

// take looks at the certificate that is kept for a block. What is wrong with it found is told, now or, at the latest, by settle.
func (v *vouched) take(c *light.Committee, h *chain.Header, raw []byte, found func(height uint64, err error)) {
	cert, err := named(c, h, raw)
	if err != nil {
		v.settle(found)
		found(h.Height, err)
	}
	if cert == nil {
		return
	}
	if len(v.waiting) == together || v.by != nil && v.by != c {
		v.settle(found)
	}
	v.by, v.waiting = c, append(v.waiting, cert)
}

// settle looks at those that wait.
func (v *vouched) settle(found func(height uint64, err error)) {
	if len(v.waiting) > 0 && v.by.AllFinal(v.waiting) != nil {
		for _, cert := range v.waiting {
			if err := v.by.Final(cert); err != nil {
				found(cert.Height, fmt.Errorf("is not certified: %w", err))
			}
		}
	}
	v.by, v.waiting = nil, nil
}

// named is the certificate that is kept for a block (SPEC 4.9), if it is one of the committee for that block, whether it is signed or not; or
// what is wrong with it. Genesis needs none, and neither does a block of a chain that one validator runs.
func named(c *light.Committee, h *chain.Header, raw []byte) (*chain.Certificate, error) {
	switch {
	case len(raw) > 0 && (h.Height == 0 || h.Committee == block.NoCommittee):
		return nil, fmt.Errorf("has a certificate of %d bytes, and needs none", len(raw))
	case h.Height == 0 || h.Committee == block.NoCommittee:
		return nil, nil
	case c == nil || h.Committee != c.Hash():
		return nil, fmt.Errorf("names committee %s, which is not the chain's", h.Committee)
	case len(raw) == 0:
		return nil, errors.New("has no certificate")
	}
	cert, err := chain.DecodeCertificate(raw)
	if err == nil {
		err = c.Names(h, &cert)
	}
	if err != nil {
		return nil, fmt.Errorf("is not certified: %w", err)
	}
	return &cert, nil
}

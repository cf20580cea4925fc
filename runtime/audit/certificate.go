package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
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
	if err := r.certificates.certified(c, h, k.Certificate); err != nil {
		r.add(Certificates, k.Height, "block %d %v", k.Height, err)
	}
}

// vouched are certificates that hold, by what they are of: the directories of a network have the same ones, and to check one takes longer than
// all else of a block that has few messages. The zero value has none.
type vouched struct {
	good map[vouch]struct{}
}

// vouch is a certificate's bytes with what they were checked against. They name the block.
type vouch struct {
	committee chain.Hash
	bytes     [sha256.Size]byte
}

// mostVouched bounds what is remembered: 64 MiB.
const mostVouched = 1 << 20

// certified is certified, of which what held before is known.
func (v *vouched) certified(c *light.Committee, h *chain.Header, raw []byte) error {
	if c == nil || len(raw) == 0 {
		return certified(c, h, raw)
	}
	of := h.Hash()
	key := vouch{c.Hash(), sha256.Sum256(append(of[:], raw...))}
	if _, ok := v.good[key]; ok {
		return nil
	}
	err := certified(c, h, raw)
	if err == nil && len(v.good) < mostVouched {
		if v.good == nil {
			v.good = map[vouch]struct{}{}
		}
		v.good[key] = struct{}{}
	}
	return err
}

// certified says what is wrong with the certificate that is kept for a block (SPEC 4.9). Genesis needs none, and neither does
// a block of a chain that one validator runs.
func certified(c *light.Committee, h *chain.Header, raw []byte) error {
	switch {
	case len(raw) > 0 && (h.Height == 0 || h.Committee == block.NoCommittee):
		return fmt.Errorf("has a certificate of %d bytes, and needs none", len(raw))
	case h.Height == 0 || h.Committee == block.NoCommittee:
		return nil
	case c == nil || h.Committee != c.Hash():
		return fmt.Errorf("names committee %s, which is not the chain's", h.Committee)
	case len(raw) == 0:
		return errors.New("has no certificate")
	}
	cert, err := chain.DecodeCertificate(raw)
	if err == nil {
		err = c.Block(h, &cert)
	}
	if err != nil {
		return fmt.Errorf("is not certified: %w", err)
	}
	return nil
}

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
	r.certificates.take(c, h, k.Certificate, r.uncertified)
}

func (r *run) uncertified(height uint64, err error) {
	r.add(Certificates, height, "block %d %v", height, err)
}

// vouched are certificates that hold, by what they are of: the directories of a network have the same ones, and to check one takes longer than
// all else of a block that has few messages. So those of some blocks are checked together, too. The zero value has none.
type vouched struct {
	good    map[vouch]struct{}
	waiting []waiting
	by      *light.Committee // who must have certified those that wait
}

// waiting is a certificate that names its block, and of which nobody has looked yet whether it is signed.
type waiting struct {
	of          vouch
	certificate *chain.Certificate
}

// together is how many are checked together: more than that gain little.
const together = 64

// vouch is a certificate's bytes with what they were checked against. They name the block.
type vouch struct {
	committee chain.Hash
	bytes     [sha256.Size]byte
}

// mostVouched bounds what is remembered: 64 MiB.
const mostVouched = 1 << 20

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
	of := h.Hash()
	key := vouch{c.Hash(), sha256.Sum256(append(of[:], raw...))}
	if _, ok := v.good[key]; ok {
		return
	}
	if len(v.waiting) == together || v.by != nil && v.by != c {
		v.settle(found)
	}
	v.by, v.waiting = c, append(v.waiting, waiting{key, cert})
}

// settle looks at those that wait.
func (v *vouched) settle(found func(height uint64, err error)) {
	certs := make([]*chain.Certificate, len(v.waiting))
	for i := range v.waiting {
		certs[i] = v.waiting[i].certificate
	}
	all := len(certs) == 0 || v.by.AllFinal(certs) == nil
	for i, cert := range certs {
		if !all {
			if err := v.by.Final(cert); err != nil {
				found(cert.Height, fmt.Errorf("is not certified: %w", err))
				continue
			}
		}
		if v.good == nil {
			v.good = map[vouch]struct{}{}
		}
		if len(v.good) < mostVouched {
			v.good[v.waiting[i].of] = struct{}{}
		}
	}
	v.by, v.waiting = nil, v.waiting[:0]
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

package chain

import (
	"fmt"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Step is a phase of consensus, as its signatures name it (SPEC 5.1).
type Step uint8

// The steps. A certificate is made of either. A proposal is signed as its leader's preparation.
const (
	// Preparation: the seat has verified the block.
	Preparation Step = 1
	// Confirmation: the seat holds a preparation certificate.
	Confirmation Step = 2
)

// Certificate shows that the seats in Bitmap signed (step, network, chain, epoch, height, round, block): one aggregated
// BLS12-381 signature on G1.
type Certificate struct {
	Step      Step
	Network   NetworkID
	Chain     ID
	Epoch     uint64
	Height    uint64
	Round     uint32
	Block     BlockHash
	Signature keys.BLSSignature
	// Bitmap has a bit for each seat that signed. A seat counts once; the key of a node with k seats is added k times, and so
	// is its signature.
	Bitmap Seats
}

// Vote is what the seats signed.
func (c *Certificate) Vote() Vote {
	return Vote{c.Step, c.Network, c.Chain, c.Epoch, c.Height, c.Round, c.Block}
}

const certificateVersion = 1

// Append writes the canonical encoding.
func (c *Certificate) Append(b []byte) []byte {
	b = append(append(b, certificateVersion, byte(c.Step)), c.Network[:]...)
	b = wire.AppendU64(wire.AppendU32(b, uint32(c.Chain)), c.Epoch)
	b = wire.AppendU32(wire.AppendU64(b, c.Height), c.Round)
	b = append(append(b, c.Block[:]...), c.Signature[:]...)
	return wire.AppendBytes(b, c.Bitmap)
}

// DecodeCertificate reads what Append writes.
func DecodeCertificate(b []byte) (Certificate, error) {
	r := wire.NewReader(b)
	c := ReadCertificate(r)
	return c, r.Done()
}

// ReadCertificate reads what Append writes, as a part of something else.
func ReadCertificate(r *wire.Reader) (c Certificate) {
	r.Version("certificate", certificateVersion)
	c.Step = Step(r.U8("step"))
	if r.Err() == nil && c.Step != Preparation && c.Step != Confirmation {
		r.Fail(fmt.Sprintf("step %d", c.Step), wire.ErrValue)
	}
	c.Network = readHash[NetworkID](r, "network")
	c.Chain = readChain(r)
	c.Epoch = r.U64("epoch")
	c.Height = r.U64("height")
	c.Round = r.U32("round")
	c.Block = readHash[BlockHash](r, "block")
	r.Into("signature", c.Signature[:])
	c.Bitmap = r.Bytes("bitmap", MaxSeats/8)
	if r.Err() == nil && !c.Bitmap.canonical() {
		r.Fail("bitmap", wire.ErrValue)
	}
	return c
}

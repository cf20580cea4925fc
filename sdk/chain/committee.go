package chain

import (
	"errors"
	"fmt"

	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Committee is who agrees on a chain's blocks for an epoch. A node with more stake holds several seats, each an entry of its
// own with the same keys; seats count, not nodes (SPEC 5.2).
type Committee struct {
	Chain ID     `json:"chain"`
	Epoch uint64 `json:"epoch"`
	// Silent is c: how many seats may be silent without switching early consensus off (SPEC 5.3).
	Silent uint32 `json:"silent"`
	// Seed decides the order in which seats lead.
	Seed  Hash   `json:"seed"`
	Seats []Seat `json:"seats"`
}

// Seat is one seat of a committee.
type Seat struct {
	// Node is the key of the account that registered the node, and of the node in the network.
	Node keys.PublicKey `json:"node"`
	// Key signs its votes. Its possession was proven when the node was registered, or in the genesis.
	Key keys.BLSPublicKey `json:"key"`
}

const (
	committeeVersion = 1
	seatBytes        = 32 + keys.BLSKeyBytes
	// committeeBytes is the length of the smallest encoded committee, maxCommitteeBytes that of the largest.
	committeeBytes    = 1 + 4 + 8 + 4 + 32 + 4 + seatBytes
	maxCommitteeBytes = committeeBytes + (MaxSeats-1)*seatBytes
)

// ErrCommittee is returned for a committee that can't agree on anything.
var ErrCommittee = errors.New("committee can't agree")

// Hash names the committee in headers. A chain that one validator runs has none: the hash of no seats is the same for all.
func (c *Committee) Hash() Hash {
	if len(c.Seats) == 0 {
		return wire.Sum(wire.TagCommittee)
	}
	return wire.Sum(wire.TagCommittee, c.Append(nil))
}

// Append writes the canonical encoding.
func (c *Committee) Append(b []byte) []byte {
	b = wire.AppendU64(wire.AppendU32(append(b, committeeVersion), uint32(c.Chain)), c.Epoch)
	b = append(wire.AppendU32(b, c.Silent), c.Seed[:]...)
	b = wire.AppendU32(b, uint32(len(c.Seats)))
	for i := range c.Seats {
		b = append(append(b, c.Seats[i].Node[:]...), c.Seats[i].Key[:]...)
	}
	return b
}

// DecodeCommittee reads what Append writes, and checks it. It does not check the keys: that takes 0.2 ms each, and
// light.NewCommittee does it where they are needed.
func DecodeCommittee(b []byte) (Committee, error) {
	r := wire.NewReader(b)
	r.Version("committee", committeeVersion)
	c := Committee{Chain: readChain(r), Epoch: r.U64("epoch"), Silent: r.U32("silent"), Seed: readHash[Hash](r, "seed")}
	c.Seats = readList(r, "seats", MaxSeats, seatBytes, func() (s Seat) {
		r.Into("node", s.Node[:])
		r.Into("key", s.Key[:])
		return s
	})
	if err := r.Done(); err != nil {
		return Committee{}, fmt.Errorf("committee: %w", err)
	}
	return c, c.Check()
}

// Check names what keeps the committee from agreeing: no seats, too many, or too few for what is to be tolerated; or keys
// of which one node's stand beside another's: each node has one BLS key, and no other has it.
func (c *Committee) Check() error {
	n := len(c.Seats)
	switch {
	case c.Chain == 0:
		return fmt.Errorf("%w: chain 0: chains count from 1", ErrCommittee)
	case n == 0 || n > MaxSeats:
		return fmt.Errorf("%w: %d seats: it must have 1 to %d", ErrCommittee, n, MaxSeats)
	case int64(c.Silent) > int64(n-1)/2:
		return fmt.Errorf("%w: early consensus past %d silent seats of %d: it must be at most %d", ErrCommittee, c.Silent, n, (n-1)/2)
	}
	key, node := make(map[keys.PublicKey]keys.BLSPublicKey, n), make(map[keys.BLSPublicKey]keys.PublicKey, n)
	for i, s := range c.Seats {
		if k, ok := key[s.Node]; ok && k != s.Key {
			return fmt.Errorf("%w: seat %d: node %s has another BLS key at an earlier seat", ErrCommittee, i, s.Node)
		}
		if o, ok := node[s.Key]; ok && o != s.Node {
			return fmt.Errorf("%w: seat %d: node %s has the BLS key of node %s", ErrCommittee, i, s.Node, o)
		}
		key[s.Node], node[s.Key] = s.Key, s.Node
	}
	return nil
}

// Held are the seats of a node; empty if it has none.
func (c *Committee) Held(node keys.PublicKey) (s Seats) {
	for i := range c.Seats {
		if c.Seats[i].Node == node {
			s = s.With(i)
		}
	}
	return s
}

// Nodes is how many nodes have seats, where a node's seats stand together; else it counts once for each place where they begin.
func (c *Committee) Nodes() (n int) {
	for i := range c.Seats {
		if i == 0 || c.Seats[i].Key != c.Seats[i-1].Key {
			n++
		}
	}
	return n
}

// Quorums are the numbers of seats that decide (SPEC 5.2, 5.3).
func (c *Committee) Quorums() Quorums { return QuorumsOf(len(c.Seats), int(c.Silent)) }

package keep

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Epoch is a node's part in the epoch that the last block is in, or begins (SPEC 6.7).
type Epoch struct {
	Seats  chain.Committee // as the state has it
	Roster *bft.Roster
	Own    chain.Seats // of the node; none if it follows
	// Config is the replica's, without its patience and without a signer.
	Config bft.Config
}

// EpochOf reads who agrees from the state after a block. So a node that starts again, wherever it stopped, is in the same epoch as
// one that went on (K3).
func EpochOf(b *block.Before, made func(chain.NetworkID, chain.Committee) (*light.Committee, error), node keys.PublicKey) (*Epoch, error) {
	seats, err := b.Committee()
	if err != nil {
		return nil, err
	}
	former, err := b.Former()
	if err != nil {
		return nil, err
	}
	c, err := made(b.Header.Network, seats)
	if err != nil {
		return nil, fmt.Errorf("committee of epoch %d: %w", seats.Epoch, err)
	}
	e := &Epoch{Seats: seats, Roster: bft.NewRoster(c), Own: c.Held(node)}
	e.Config = bft.Config{Committee: c, Leaders: committee.NewLeaders(seats.Seed, len(seats.Seats)), Me: e.Roster.Member(node)}
	if len(former.Seats) == 0 {
		return e, nil
	}
	e.Config.Begins = former.Last + 1
	if e.Config.Former, err = made(b.Header.Network, former.Committee); err != nil {
		return nil, fmt.Errorf("committee of epoch %d: %w", former.Epoch, err)
	}
	return e, nil
}

package sim

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/keep"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// epoch is an epoch as the world knows it.
type epoch struct {
	seats     chain.Committee
	committee *light.Committee
	leaders   *committee.Leaders
}

// begin is the beginning of the next epoch.
func (w *World) begin(seats chain.Committee) error {
	c, err := w.origin.rules.Committees(w.origin.header.Network, seats)
	if err != nil {
		return fmt.Errorf("committee: %w", err)
	}
	w.epochs = append(w.epochs, &epoch{seats, c, committee.NewLeaders(seats.Seed, len(seats.Seats))})
	return nil
}

// epochOf is that of a block; nil if it has not begun.
func (w *World) epochOf(h *chain.Header) *epoch {
	if h.Epoch < uint64(len(w.epochs)) {
		return w.epochs[h.Epoch]
	}
	return nil
}

// held are the seats of a node.
func (e *epoch) held(p bft.Peer) chain.Seats { return e.committee.Held(nodeKey(int(p))) }

// Next is driver.Epochs'.
func (n *node) Next() (c bft.Config, err error) {
	if n.epoch, err = keep.EpochOf(n.ledger.before(), n.ledger.rules.Committees, nodeKey(int(n.peer))); err != nil {
		return c, err
	}
	if e := n.epoch; e.Seats.Epoch > 0 {
		n.w.tell(n, "is in epoch %d, with %d of %d seats", e.Seats.Epoch, e.Own.Count(), len(e.Seats.Seats))
	}
	c = n.epoch.Config
	c.PatienceMillis, c.ResendMillis = patienceMillis, resendMillis
	c.Sign = n.signature
	return c, nil
}

// signature is that of the node's seats in its epoch.
func (n *node) signature(d keys.BLSDomain, m []byte) committee.Part {
	return n.w.origin.sign(int(n.peer), d, m, n.epoch.Own)
}

// whom is the node that its replica knows by a number.
func (n *node) whom(p bft.Peer) bft.Peer {
	if p == bft.Everyone {
		return p
	}
	key, ok := n.epoch.Roster.Node(p)
	if !ok {
		return bft.Outside
	}
	return bft.Peer(int(key[0]) - 1 + int(key[1])<<8)
}

// registered is where the registry has a chain's committee.
func registered(id chain.ID) exec.Slot {
	return exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCommittee(id)}
}

// news says whether a committee is registered that doesn't agree yet, as a node of the main chain sees it. Of others the crossing says so.
func (l *ledger) news() bool {
	slot := registered(chain.Main)
	raw, err := l.n.disk.state().Entry(slot.Account, slot.Key)
	if err != nil || raw == nil {
		return false // what can't be read is met elsewhere
	}
	c, err := chain.DecodeCommittee(raw)
	if err != nil {
		return false
	}
	c.Epoch = l.n.epoch.Seats.Epoch
	return c.Hash() != l.n.epoch.Seats.Hash()
}

// registrar is a registry that has no keys to ask for, and takes the committee of every chain from everybody.
type registrar struct{ native.Programs }

// Program is exec.Programs'.
func (r registrar) Program(self chain.Address, a chain.Account, m *chain.Message) (exec.Program, error) {
	if self == chain.RegistryAddress() && m.Method == chain.MethodCommittee {
		return register{}, nil
	}
	return r.Programs.Program(self, a, m)
}

type register struct{}

// Handle is exec.Program's.
func (register) Handle(env *exec.Env) error {
	c, err := chain.DecodeCommittee(env.Input)
	if err != nil || !env.Context.Tree.Has(c.Chain) {
		return exec.Fail(chain.StatusBadInput, "committee: %v", err)
	}
	return env.Write(chain.RegisteredCommittee(c.Chain), env.Input)
}

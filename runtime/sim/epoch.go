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
	params    chain.Params
	committee *light.Committee
	leaders   *committee.Leaders
}

// begin is the beginning of the next epoch.
func (w *World) begin(seats chain.Committee, params chain.Params) error {
	c, err := w.origin.rules.Committees(w.origin.header.Network, seats)
	if err != nil {
		return fmt.Errorf("committee: %w", err)
	}
	w.epochs = append(w.epochs, &epoch{seats, params, c, committee.NewLeaders(seats.Seed, len(seats.Seats))})
	return nil
}

// epochOf is that of a block; nil if it has not begun.
func (w *World) epochOf(h *chain.Header) *epoch {
	if h.Epoch < uint64(len(w.epochs)) {
		return w.epochs[h.Epoch]
	}
	return nil
}

// follows says whether the chain's last epoch is that of a charter.
func (w *World) follows(raw []byte) bool {
	c, err := chain.DecodeCharter(raw)
	now := w.epochs[len(w.epochs)-1]
	c.Seats.Epoch = now.seats.Epoch
	return err == nil && c.Seats.Hash() == now.seats.Hash() && c.Params.Equal(now.params)
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
	return exec.Slot{Account: chain.RegistryAddress(), Key: chain.RegisteredCharter(id)}
}

// news says whether a charter is registered that is not taken over yet, as a node of the main chain sees it. Of others the crossing says so.
func (l *ledger) news() bool {
	slot := registered(chain.Main)
	raw, err := l.n.disk.state().Entry(slot.Account, slot.Key)
	if err != nil || raw == nil {
		return false // what can't be read is met elsewhere
	}
	c, err := chain.DecodeCharter(raw)
	if err != nil {
		return false
	}
	c.Seats.Epoch = l.n.epoch.Seats.Epoch
	return c.Seats.Hash() != l.n.epoch.Seats.Hash() || !c.Params.Equal(l.params())
}

// registrar is a registry that has no keys to ask for, and takes the committee and the attributes of every chain from everybody. Of a valve
// it tells the parent as the real one does.
type registrar struct{ native.Programs }

// Program is exec.Programs'.
func (r registrar) Program(self chain.Address, a chain.Account, m *chain.Message) (exec.Program, error) {
	if self == chain.RegistryAddress() && (m.Method == chain.MethodCommittee || m.Method == chain.MethodParams) {
		return register{}, nil
	}
	return r.Programs.Program(self, a, m)
}

type register struct{}

// Handle is exec.Program's.
func (register) Handle(env *exec.Env) error {
	if env.Message.Method == chain.MethodParams {
		return register{}.attributes(env)
	}
	c, err := chain.DecodeCommittee(env.Input)
	if err != nil || !env.Context.Tree.Has(c.Chain) {
		return exec.Fail(chain.StatusBadInput, "committee: %v", err)
	}
	now, err := charterOf(env, c.Chain)
	if err != nil {
		return err
	}
	return env.Write(chain.RegisteredCharter(c.Chain), chain.Charter{Seats: c, Params: now.Params}.Encode())
}

// attributes registers those of a chain's next epoch.
func (register) attributes(env *exec.Env) error {
	in, err := chain.DecodeParamsInput(env.Input)
	if err != nil || !env.Context.Tree.Has(in.Chain) {
		return exec.Fail(chain.StatusBadInput, "params: %v", err)
	}
	now, err := charterOf(env, in.Chain)
	if err != nil {
		return err
	}
	if err := env.Write(chain.RegisteredCharter(in.Chain), chain.Charter{Seats: now.Seats, Params: in.Params}.Encode()); err != nil || in.Chain == chain.Main {
		return err
	}
	raw, err := env.Read(chain.RegisteredKey(in.Chain))
	if err != nil {
		return err
	}
	g, err := chain.DecodeRegistration(raw)
	if err != nil {
		return err
	}
	g.Params = in.Params
	if err := env.Write(chain.RegisteredKey(in.Chain), g.Encode()); err != nil || in.Params.Valve == now.Params.Valve {
		return err
	}
	valve := chain.ValveInput{Chain: in.Chain, Valve: in.Params.Valve}
	return env.Send(chain.Sent{To: chain.DigestsAddress(g.Parent), Method: chain.MethodValve, Input: valve.Encode(), GasLimit: valveGas})
}

// valveGas is enough for word of a valve, whatever waits there.
const valveGas = 10_000_000

// charterOf is what a chain takes over; of one that is alone the genesis registers nothing.
func charterOf(env *exec.Env, id chain.ID) (chain.Charter, error) {
	raw, err := env.Read(chain.RegisteredCharter(id))
	if raw == nil || err != nil {
		return chain.Charter{Params: env.Context.Params}, err
	}
	return chain.DecodeCharter(raw)
}

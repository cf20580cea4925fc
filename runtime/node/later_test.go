package node

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// registry calls the registry in the name of account 1, and waits.
func (r *treeRig) registry(nonce uint64, method string, amount uint64, input []byte) {
	r.t.Helper()
	call := chain.CallInput{To: chain.RegistryAddress(), Method: method, GasLimit: 50_000_000, Input: input}
	from := chain.KeyAddress(chain.Main, keys.FromSeed([32]byte{1}).Public())
	x := &chain.Message{
		Network: r.genesis.Network(), Kind: chain.External, From: from, To: from, Payer: from, Nonce: nonce, ValidUntil: 1_000_000,
		Amount: chain.NewAmount(amount), Method: chain.MethodCall, Input: call.Encode(),
	}
	sent := chain.Sent{To: call.To, Method: method, Amount: x.Amount, GasLimit: call.GasLimit, Input: input}
	x.GasLimit = exec.ExternalGas(x) + exec.SendGas(&sent) + call.GasLimit + gas.Bounce
	x.Sign(keys.FromSeed([32]byte{1}))
	if a := r.process.Node(chain.Main).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		r.t.Fatal(a.Refused)
	}
	at := r.arrives(chain.Main, sent.Relay(from, x, 0).ID())
	h, _, err := r.process.Node(chain.Main).Block(at.Final.Height)
	if err != nil {
		r.t.Fatal(err)
	}
	if e := h.Events[at.Final.Event].Receipt; e.Status != chain.StatusOK {
		r.t.Fatalf("%s: %s: %s", method, e.Status, e.Reason)
	}
}

// All nodes of a chain that was made by a message begin it alike, whatever the registry takes in before one of them starts it.
func TestLaterAlike(t *testing.T) {
	r := newTree(t, map[chain.ID]chain.ID{2: 1})
	applicant := func(i int, name string) []chain.Applicant {
		node, secret := memberKeys(i)
		return []chain.Applicant{chain.Apply(r.genesis.Network(), name, node, secret, 1)}
	}
	create := chain.CreateInput{Parent: chain.Main, Name: "three", Nodes: applicant(3, "three")}
	r.registry(0, chain.MethodCreate, chain.ChainDeposit, create.Encode())
	early, err := r.process.Node(chain.Main).later(3)
	if err != nil {
		t.Fatal(err)
	}
	create.Name, create.Nodes = "four", applicant(3, "four")
	r.registry(1, chain.MethodCreate, chain.ChainDeposit, create.Encode())
	r.registry(2, chain.MethodCommittee, 0, chain.CommitteeInput{Chain: 3, Nodes: applicant(4, "three")}.Encode())
	late, err := r.process.Node(chain.Main).later(3)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(early.Encode(), late.Encode()) {
		t.Errorf("%+v\nbecame\n%+v", early, late)
	}
	if err := r.process.Start(3); err != nil {
		t.Fatal(err)
	}
}

// A chain that was registered before the oldest state that is here can't run, and keeps no other from running.
func TestGrowWithoutOldStates(t *testing.T) {
	r := newTreeOf(t, map[chain.ID]chain.ID{2: 1}, func(chain.ID) uint64 { return 1_000_000_000 }, func(c *Config) { c.KeepStates = 4 })
	node, secret := memberKeys(3)
	create := func(nonce uint64, name string) {
		in := chain.CreateInput{Parent: chain.Main, Name: name, Nodes: []chain.Applicant{chain.Apply(r.genesis.Network(), name, node, secret, 1)}}
		r.registry(nonce, chain.MethodCreate, chain.ChainDeposit, in.Encode())
	}
	create(0, "three")
	main := r.process.Node(chain.Main)
	for nonce := uint64(0); ; nonce++ {
		if _, err := main.later(3); errors.Is(err, store.ErrPruned) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		final(t, main, payment(main, 2, 3, 1, nonce))
	}
	create(1, "four")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var began []chain.ID
	err := r.process.Grow(ctx, func(chain.ID, chain.Branch) bool { return true }, func(n *Node) error {
		began = append(began, n.Chain())
		cancel()
		return nil
	})
	if err != nil || !slices.Equal(began, []chain.ID{4}) {
		t.Errorf("%v %v", began, err)
	}
}

// create registers a chain under another one, of which validators are the committee, in the name of the owner of all others.
func (f *forest) create(id, under chain.ID, name string, seats ...int) {
	f.t.Helper()
	in := chain.CreateInput{Parent: under, Name: name}
	for _, v := range seats {
		node, secret := memberKeys(v)
		in.Nodes = append(in.Nodes, chain.Apply(f.genesis.Network(), name, node, secret, 1))
	}
	n := f.runs[0].Node(chain.Main)
	call := registryCall(chain.MethodCreate, in.Encode())
	sent, err := n.submit(ownerKey, chain.KeyAddress(chain.Main, ownerKey.Public()), call, chain.NewAmount(chain.ChainDeposit))
	if err != nil {
		f.t.Fatal(err)
	}
	if err := n.posted(f.t.Context(), sent); err != nil {
		f.t.Fatal(err)
	}
	f.wires[id] = NewSwitch()
	knows := func(n *Node) {
		for head := n.Head().Header.Height; !n.limbs().Has(id); head = n.Head().Header.Height {
			if err := n.AwaitAbove(f.t.Context(), head); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	for _, p := range f.runs {
		knows(p.Node(chain.Main))
		if err := p.Start(id); err != nil {
			f.t.Fatal(err)
		}
	}
	for _, n := range f.runs[0].Nodes() { // else they would send back at once what is for it
		knows(n)
	}
}

// A chain begins under others whose committees have changed, of which some were registered and never agreed on anything: it is shown those
// that do, level by level, and takes in what its ancestors and their other children send.
func TestLaterKnowsWhoAgrees(t *testing.T) {
	f := newForest(t, 2, 2, 1)
	f.crosses(0, 1, 2)
	f.stop(1) // chain 2 sees the last of these alone, or both: the registry can't tell
	f.change(2, 0)
	f.change(2, 0, 1)
	f.start(1, false)
	f.reaches(2, 1)
	f.change(1, 0, 1)
	f.reaches(1, 1)
	f.create(3, 2, "three", 0)
	f.create(4, 3, "four", 1)
	f.crosses(0, 2, 3)
	f.crosses(0, 2, 4)
	f.crosses(0, 1, 4)
	f.change(2, 1)
	f.reaches(2, 2)
	f.change(1, 0)
	f.change(3, 0, 1)
	f.reaches(3, 1)
	f.crosses(0, 2, 3)
	f.crosses(0, 1, 4)
	for id, least := range map[chain.ID]uint64{1: 2, 2: 2, 3: 1, 4: 0} {
		if c, _, err := f.runs[0].Node(id).Committee(); err != nil || c.Epoch < least {
			t.Errorf("chain %d is in epoch %d, want %d at least (%v)", id, c.Epoch, least, err)
		}
		f.trail(id)
	}
}

// trail holds what leads from the genesis to a chain's committee to the chain, and every byte of it.
func (f *forest) trail(id chain.ID) {
	f.t.Helper()
	p := f.runs[0]
	first, err := light.NewCommittee(f.genesis.Network(), f.genesis.Committee)
	if err != nil {
		f.t.Fatal(err)
	}
	made, err := p.chains.Trail(p.Node(chain.Main).limbs(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	want, _, err := p.Node(id).Committee()
	if err != nil {
		f.t.Fatal(err)
	}
	raw := made.Encode()
	shown := func(raw []byte) (*light.Trust, error) {
		t, err := light.DecodeTrail(raw)
		if err != nil {
			return nil, err
		}
		return t.Follow(first)
	}
	if t, err := shown(raw); err != nil || t.Committee.Hash() != want.Hash() || t.Committee.Chain() != id || !t.Tree.Has(4) {
		f.t.Fatalf("chain %d: %+v, %v", id, t, err)
	}
	for i := 0; i < len(raw); i += 1 + len(raw)/200 {
		raw[i] ^= 4
		if t, err := shown(raw); err == nil {
			f.t.Errorf("chain %d: byte %d of the trail may be anything: %+v", id, i, t)
		}
		raw[i] ^= 4
	}
}

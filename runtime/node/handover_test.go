package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/consensus/evidence"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// forest are several validators, a process each with a directory of its own, that run the chains of one tree together.
type forest struct {
	t       *testing.T
	genesis *chain.Genesis
	wires   map[chain.ID]*Switch
	dirs    []string
	runs    []*Process // by validator; nil where none runs
	nonces  map[chain.ID]uint64
}

// ownerKey is that of the account that changes committees.
var ownerKey = keys.FromSeed([32]byte{3})

// newForest has a main chain, of which validator 0 is the committee, and chain 2 under it, of which the given ones are. The first
// validators are started.
func newForest(t *testing.T, validators, started int, seats ...int) *forest {
	on := func(id, under chain.ID, seats ...int) chain.Genesis {
		g := chain.Genesis{Name: fmt.Sprint("test ", id), Chain: id, Under: under, TimeMillis: 1, Params: chain.DefaultParams()}
		g.Committee = chain.Committee{Chain: id, Seed: chain.Hash{1}}
		for _, v := range seats {
			node, secret := memberKeys(v)
			g.AddSeat(node, secret)
		}
		for _, n := range []byte{1, 2, 3, 250} {
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: chain.KeyAddress(id, keys.FromSeed([32]byte{n}).Public()), Balance: chain.NewAmount(1_000_000)})
		}
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
		return g
	}
	g := on(chain.Main, 0, 0)
	g.Chains = []chain.Genesis{on(2, chain.Main, seats...)}
	g.Owner = chain.KeyAddress(chain.Main, ownerKey.Public())
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	f := &forest{t: t, genesis: &g, wires: map[chain.ID]*Switch{1: NewSwitch(), 2: NewSwitch()}, runs: make([]*Process, validators), nonces: map[chain.ID]uint64{}}
	for range validators {
		f.dirs = append(f.dirs, t.TempDir())
	}
	t.Cleanup(f.close) // before the directories go: a store may begin a log at any block
	for v := range started {
		f.start(v, true)
	}
	return f
}

// start starts a validator. Validator 0 carries digests. Chains that are made later are founded whenever they are started.
func (f *forest) start(v int, founding bool) {
	f.t.Helper()
	c := testConfig(f.t, nil, f.dirs[v], Pace{})
	c.Workers, c.Heartbeat = 1, time.Hour
	node, secret := memberKeys(v)
	p := ProcessConfig{Config: c, Network: f.genesis, Seat: func(id chain.ID) *Member {
		return &Member{Node: node, Secret: secret, Net: f.wires[id].Port(node), Founding: founding || id > 2, Patience: time.Second, Resend: 100 * time.Millisecond}
	}}
	if v == 0 {
		key := carrierKey
		p.Carrier = &key
	}
	var err error
	if f.runs[v], err = OpenProcess(p); err != nil {
		f.t.Fatal(err)
	}
}

func (f *forest) stop(v int) {
	if p := f.runs[v]; p != nil {
		f.runs[v] = nil
		if err := p.Close(); err != nil {
			f.t.Error(err)
		}
	}
}

func (f *forest) close() {
	for v := range f.runs {
		f.stop(v)
	}
	for _, w := range f.wires {
		w.Close()
	}
}

func registryCall(method string, input []byte) chain.CallInput {
	return chain.CallInput{To: chain.RegistryAddress(), Method: method, GasLimit: 50_000_000, Input: input}
}

// change registers the next committee of a chain.
func (f *forest) change(id chain.ID, seats ...int) {
	f.t.Helper()
	in := chain.CommitteeInput{Chain: id}
	registered, err := f.runs[0].Node(chain.Main).Branch(id)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, v := range seats {
		node, secret := memberKeys(v)
		in.Nodes = append(in.Nodes, chain.Apply(f.genesis.Network(), registered.Name, node, secret, 1))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.runs[0].Node(chain.Main).post(ownerKey)(ctx, registryCall(chain.MethodCommittee, in.Encode())); err != nil {
		f.t.Fatal(err)
	}
}

// reaches waits until all validators that run have a chain in an epoch, and returns the height at which the first of them has it.
func (f *forest) reaches(id chain.ID, epoch uint64) (height uint64) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for v, p := range f.runs {
		if p == nil {
			continue
		}
		n := p.Node(id)
		for {
			c, head, err := n.Committee()
			if err != nil {
				f.t.Fatal(err)
			}
			if c.Epoch >= epoch {
				height = head.Header.Height
				break
			}
			if err := n.AwaitAbove(ctx, head.Header.Height); err != nil {
				f.t.Fatalf("validator %d has chain %d at height %d, in epoch %d: %v", v, id, head.Header.Height, c.Epoch, err)
			}
		}
	}
	return height
}

// pay makes a payment on chain 2, at a validator, and waits until all that run have it. It returns the certificate.
func (f *forest) pay(at int) *chain.Certificate {
	f.t.Helper()
	x := f.transfer(2, 2)
	n := f.runs[at].Node(2)
	if a := n.Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		f.t.Fatal(a.Refused)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	where, err := n.Await(ctx, x.ID())
	if err != nil || where.Final == nil {
		f.t.Fatalf("%+v, %v", where, err)
	}
	for v, p := range f.runs {
		if p == nil {
			continue
		}
		if err := p.Node(2).AwaitAbove(ctx, where.Final.Height-1); err != nil {
			f.t.Fatalf("validator %d has chain 2 at height %d: %v", v, p.Node(2).Head().Header.Height, err)
		}
	}
	cert, err := n.Certificate(where.Final.Height)
	if err != nil {
		f.t.Fatal(err)
	}
	return cert
}

// transfer is the next payment of account 1 on a chain to account 2 on another.
func (f *forest) transfer(from, to chain.ID) *chain.Message {
	key := keys.FromSeed([32]byte{1})
	sender, receiver := chain.KeyAddress(from, key.Public()), chain.KeyAddress(to, keys.FromSeed([32]byte{2}).Public())
	x := &chain.Message{
		Network: f.genesis.Network(), Kind: chain.External, From: sender, To: sender, Payer: sender, Nonce: f.nonces[from], ValidUntil: 1_000_000,
		Amount: chain.NewAmount(7), Method: chain.MethodTransfer, Input: chain.TransferInput{To: receiver}.Encode(),
	}
	f.nonces[from]++
	x.GasLimit = exec.TransferGas(x)
	return x.Sign(key)
}

// crosses makes a payment from one chain to the other, and waits until it is there.
func (f *forest) crosses(at int, from, to chain.ID) {
	f.t.Helper()
	x := f.transfer(from, to)
	if a := f.runs[at].Node(from).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		f.t.Fatal(a.Refused)
	}
	in, err := chain.DecodeTransfer(x.Input)
	if err != nil {
		f.t.Fatal(err)
	}
	id := (&chain.Sent{To: in.To, Method: chain.MethodAdd, Amount: x.Amount, GasLimit: gas.Add}).Relay(x.From, x, 0).ID()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := f.runs[at].Node(to)
	for {
		height := n.Head().Header.Height
		if m, err := n.Message(id); err == nil && m.Final != nil {
			return
		}
		if err := n.AwaitAbove(ctx, height); err != nil {
			f.t.Fatalf("message %s from chain %d is not on chain %d: %v", id, from, to, err)
		}
	}
}

// agree holds I2 over the validators that run, and every block to the committee that its header names (SPEC 6.7).
func (f *forest) agree(id chain.ID) {
	f.t.Helper()
	var first *Node
	for v, p := range f.runs {
		if p == nil {
			continue
		}
		n := p.Node(id)
		if first == nil {
			first = n
		}
		c := n.origin.Committee
		for height := uint64(1); height <= min(first.Head().Header.Height, n.Head().Header.Height); height++ {
			a, _ := first.store.Header(id, height)
			b, err := n.store.Header(id, height)
			if err != nil || a.Hash() != b.Hash() {
				f.t.Fatalf("block %d of chain %d at validator %d is %s, and elsewhere %s (%v)", height, id, v, b.Hash(), a.Hash(), err)
			}
			known, err := n.committees.Committee(b.Network, c)
			if err != nil {
				f.t.Fatal(err)
			}
			cert, err := n.Certificate(height)
			if err == nil {
				err = known.Block(&b, cert)
			}
			if err != nil || b.Epoch != c.Epoch {
				f.t.Fatalf("block %d of chain %d, epoch %d, at validator %d: %v", height, id, b.Epoch, v, err)
			}
			if b.Next != b.Committee {
				d, err := n.kept.Sealed(&b)
				if err != nil {
					f.t.Fatal(err)
				}
				c = d.Next
			}
		}
	}
}

// A change that is registered on the parent makes the new committee agree on the chain's blocks, whichever of the old members it has.
// Who has left follows, and who stops is not missed; who was away all the time comes from the genesis into the epoch, and votes. All
// may start again. What crosses between the chains does, in every epoch.
func TestHandover(t *testing.T) {
	for _, c := range []struct{ before, after []int }{
		{[]int{0, 1, 2, 3}, []int{2, 3, 4, 5}},
		{[]int{0, 1, 2, 3}, []int{0, 1, 2, 3, 4, 5, 6}},
		{[]int{1}, []int{2, 3, 4, 5}},
		{[]int{0, 1, 2, 3}, []int{1, 2, 3}},
	} {
		t.Run(fmt.Sprintf("%d to %d", len(c.before), len(c.after)), func(t *testing.T) {
			t.Parallel()
			last := slices.Max(append(slices.Clone(c.before), c.after...))
			joins := last > slices.Max(c.before)
			started := last + 1
			if joins {
				started-- // the last one comes later
			}
			f := newForest(t, last+1, started, c.before...)
			f.pay(c.before[0])
			f.crosses(0, 1, 2) // first: nothing certifies a genesis to other chains
			f.crosses(0, 2, 1)
			f.change(2, c.after...)
			f.reaches(2, 1)
			if cert := f.pay(c.after[0]); cert.Epoch != 1 {
				t.Fatalf("the payment is certified in epoch %d", cert.Epoch)
			}
			f.crosses(0, 2, 1)
			f.crosses(0, 1, 2)
			if joins {
				f.start(last, true)
				f.reaches(2, 1)
			}
			for _, v := range c.before {
				if v > 0 && !slices.Contains(c.after, v) { // validator 0 runs the main chain
					f.stop(v)
				}
			}
			if joins {
				f.votes(last, slices.Index(c.after, last))
			}
			f.agree(2)
			f.again()
			f.pay(c.after[0])
			f.crosses(0, 2, 1)
			f.agree(2)
		})
	}
}

// The main chain's own committee changes by its registry, without a proof, and all chains under it go on with what the new one
// certifies. Of two changes that come before the chain has taken the first, the last counts.
func TestHandoverOfMain(t *testing.T) {
	t.Parallel()
	f := newForest(t, 4, 4, 1, 2)
	f.crosses(0, 1, 2)
	f.change(1, 0, 1, 2, 3)
	f.reaches(1, 1)
	f.crosses(0, 1, 2)
	f.crosses(0, 2, 1)
	f.change(1, 3)
	f.change(2, 0)
	f.change(2, 1, 2, 3)
	f.change(1, 0, 1, 2)
	f.again()
	f.crosses(0, 1, 2)
	f.crosses(0, 2, 1)
	for id, want := range map[chain.ID]int{1: 3, 2: 3} {
		c, _, err := f.runs[0].Node(id).Committee()
		if err != nil || len(c.Seats) != want || c.Epoch < 2 && id == 1 {
			t.Errorf("chain %d has %d seats in epoch %d, want %d (%v)", id, len(c.Seats), c.Epoch, want, err)
		}
		f.agree(id)
	}
}

// again stops all validators and starts those that ran.
func (f *forest) again() {
	f.t.Helper()
	var ran []int
	for v := range f.runs {
		if f.runs[v] != nil {
			ran = append(ran, v)
			f.stop(v)
		}
	}
	for _, v := range ran {
		f.start(v, false)
	}
}

// votes pays until a seat stands in a certificate.
func (f *forest) votes(at, seat int) {
	f.t.Helper()
	for range 20 {
		if f.pay(at).Bitmap.Has(seat) {
			return
		}
	}
	f.t.Fatalf("seat %d doesn't vote", seat)
}

// twoVotes are two preparations in one round of height 1 of chain 2, by the one seat of a validator in an epoch.
func (f *forest) twoVotes(by int, seats chain.Committee, before *chain.Header) *evidence.Case {
	f.t.Helper()
	_, secret := memberKeys(by)
	claim := func(block byte) light.Claim {
		v := chain.Vote{
			Step: chain.Preparation, Network: before.Network, Chain: 2, Epoch: seats.Epoch, Height: before.Height + 1, Block: chain.BlockHash{block},
		}
		s, err := committee.Sign(secret, v.Domain(), v.Append(nil), chain.SeatsOf(0)).Point.Signature()
		if err != nil {
			f.t.Fatal(err)
		}
		return light.Claim{Vote: &v, Seats: chain.SeatsOf(0), Signature: s}
	}
	k, err := evidence.Against(seats, *before, light.Evidence{First: claim(1), Second: claim(2)})
	if err != nil {
		f.t.Fatal(err)
	}
	return k
}

// Signatures name their epoch. What convicts a member of a former committee does so in every later epoch: the block before the height
// at fault names who was in it. Nobody is convicted by what the seats of another epoch would have to have signed.
func TestEvidenceOfAFormerEpoch(t *testing.T) {
	f := newForest(t, 2, 2, 0)
	f.crosses(0, 1, 2)
	f.change(2, 1)
	height := f.reaches(2, 1)
	n := f.runs[1].Node(2)
	first, err := n.store.Header(2, 0)
	if err != nil {
		t.Fatal(err)
	}
	k := f.twoVotes(0, n.origin.Committee, &first)
	if err := n.member.believe(k.Encode()); err != nil || !n.docket.has(evidence.Name(k.Encode())) {
		t.Fatal(err)
	}
	if v, err := k.Judge(evidence.Trust{Block: first.Hash()}, nil); err != nil || v.Epoch != 0 || len(v.Guilty) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	now, _, err := n.Committee()
	if err != nil {
		t.Fatal(err)
	}
	last, err := n.store.Header(2, height)
	if err != nil || last.Next == last.Committee {
		t.Fatalf("block %d: %+v, %v", height, last, err)
	}
	if err := n.member.believe(f.twoVotes(0, now, &last).Encode()); !errors.Is(err, errFalse) {
		t.Errorf("a vote in the seat of another: %v", err)
	}
	if _, err := k.Judge(evidence.Trust{Block: last.Hash()}, nil); !errors.Is(err, evidence.ErrNotTrusted) {
		t.Errorf("judged by another block: %v", err)
	}
}

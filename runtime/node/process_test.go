package node

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// treeRig is a process that runs a tree of chains, a validator each.
type treeRig struct {
	t       *testing.T
	genesis *chain.Genesis
	process *Process
}

// carrierKey pays for digests.
var carrierKey = keys.FromSeed([32]byte{250})

// newTree has accounts 1, 2, 3 and the carrier's with money on every chain; parents are given by chain, the main chain's left out.
func newTree(t *testing.T, parents map[chain.ID]chain.ID) *treeRig {
	return newTreeOf(t, parents, func(chain.ID) uint64 { return 1_000_000 })
}

// newTreeOf gives each of them as much as their chain says.
func newTreeOf(t *testing.T, parents map[chain.ID]chain.ID, has func(chain.ID) uint64, change ...func(*Config)) *treeRig {
	on := func(id, under chain.ID) chain.Genesis {
		g := chain.Genesis{Name: fmt.Sprint("test ", id), Chain: id, Under: under, TimeMillis: 1, Params: chain.DefaultParams()}
		node, secret := memberKeys(int(id))
		g.Committee = chain.Committee{Chain: id, Seed: chain.Hash{1}}
		g.AddSeat(node, secret)
		for _, n := range []byte{1, 2, 3, 250} {
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: chain.KeyAddress(id, keys.FromSeed([32]byte{n}).Public()), Balance: chain.NewAmount(has(id))})
		}
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
		return g
	}
	g := on(chain.Main, 0)
	for id := chain.ID(2); int(id) <= len(parents)+1; id++ {
		g.Chains = append(g.Chains, on(id, parents[id]))
	}
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	r := &treeRig{t: t, genesis: &g}
	c := testConfig(t, nil, t.TempDir(), Pace{})
	c.Workers, c.Heartbeat = 1, time.Hour
	for _, f := range change {
		f(&c)
	}
	key := carrierKey
	process, err := OpenProcess(ProcessConfig{Config: c, Network: &g, Carrier: &key, Seat: func(id chain.ID) *Member {
		node, secret := memberKeys(int(id))
		s := NewSwitch()
		t.Cleanup(s.Close)
		return &Member{Node: node, Secret: secret, Net: s.Port(node), Founding: true}
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.process = process
	t.Cleanup(r.close)
	return r
}

// close ends the process, once.
func (r *treeRig) close() {
	if r.process == nil {
		return
	}
	if err := r.process.Close(); err != nil {
		r.t.Error(err)
	}
	r.process = nil
}

// transfer is a signed transfer from account n on one chain to account m on another.
func (r *treeRig) transfer(from chain.ID, n byte, to chain.ID, m byte, amount, nonce uint64) *chain.Message {
	sender := chain.KeyAddress(from, keys.FromSeed([32]byte{n}).Public())
	receiver := chain.KeyAddress(to, keys.FromSeed([32]byte{m}).Public())
	x := &chain.Message{
		Network: r.genesis.Network(), Kind: chain.External, From: sender, To: sender, Payer: sender, Nonce: nonce, ValidUntil: 1_000_000,
		Amount: chain.NewAmount(amount), Method: chain.MethodTransfer, Input: chain.TransferInput{To: receiver}.Encode(),
	}
	x.GasLimit = exec.TransferGas(x)
	return x.Sign(keys.FromSeed([32]byte{n}))
}

// relayOf is the message that a transfer sends.
func (r *treeRig) relayOf(x *chain.Message) chain.MessageID {
	in, err := chain.DecodeTransfer(x.Input)
	if err != nil {
		r.t.Fatal(err)
	}
	return (&chain.Sent{To: in.To, Method: chain.MethodAdd, Amount: x.Amount, GasLimit: gas.Add}).Relay(x.From, x, 0).ID()
}

func (r *treeRig) balance(id chain.ID, n byte) chain.Amount {
	a, err := r.process.Node(id).Account(chain.KeyAddress(id, keys.FromSeed([32]byte{n}).Public()))
	if err != nil {
		r.t.Fatal(err)
	}
	return a.Account.Balance
}

// arrives waits until a message was processed on a chain.
func (r *treeRig) arrives(id chain.ID, message chain.MessageID) Message {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := r.process.Node(id)
	for {
		height := n.Head().Header.Height
		if m, err := n.Message(message); err == nil && m.Final != nil {
			return m
		}
		if err := n.AwaitAbove(ctx, height); err != nil {
			r.t.Fatalf("message %s is not on chain %d: %v", message, id, err)
		}
	}
}

// TestTree pays from every chain of a tree of three levels to every other.
func TestTree(t *testing.T) {
	r := newTree(t, map[chain.ID]chain.ID{2: 1, 3: 1, 4: 2, 5: 2})
	nonces := map[chain.ID]uint64{}
	for from := chain.ID(1); from <= 5; from++ {
		for to := chain.ID(1); to <= 5; to++ {
			if from == to {
				continue
			}
			x := r.transfer(from, 1, to, 2, 7, nonces[from])
			nonces[from]++
			if a := r.process.Node(from).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
				t.Fatal(a.Refused)
			}
			r.arrives(to, r.relayOf(x))
			t.Logf("chain %d to chain %d", from, to)
		}
	}
	for id := chain.ID(1); id <= 5; id++ {
		if a, b := r.balance(id, 1), r.balance(id, 2); a != chain.NewAmount(1_000_000-4*7) || b != chain.NewAmount(1_000_000+4*7) {
			t.Errorf("chain %d: %s and %s", id, a, b)
		}
	}
}

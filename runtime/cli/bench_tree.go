package cli

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// treeBench are the size and shape of a benchmark of a tree: a main chain, and chains right under it, a validator for each in one
// process.
type treeBench struct {
	Chains   int     `json:"chains"`   // under the main one
	Accounts int     `json:"accounts"` // on each of them
	Messages int     `json:"messages"` // payments of each chain's accounts
	Across   float64 `json:"across"`   // share of the payments that go to another chain
	Seed     int64   `json:"seed"`
	// GasPrice is what a unit of gas costs. Where it costs something, what a payment to another chain leaves of its gas goes back to its
	// payer as a relay of its own (SPEC 2.3).
	GasPrice uint64 `json:"gas_price"`
	// InWaves carries digests when all chains have done a wave, and not when there is one.
	InWaves bool   `json:"in_waves,omitempty"`
	Dir     string `json:"dir"`
	// Profile, if set, is where the CPU profiles of the steps go.
	Profile string `json:"profile,omitempty"`
}

func (o treeBench) path(name string) string { return filepath.Join(o.Dir, name) }

func (o treeBench) config(dir string) node.Config {
	c := benchOptions{Dir: dir}.config(node.Pace{})
	c.Workers = 1
	return c
}

const (
	maxBenchChains = 64
	maxBenchPrice  = 1000 // what an account has is enough for millions of payments at that
)

// priceFlag adds --gas-price.
func (o *treeBench) priceFlag(f *pflag.FlagSet) {
	f.Uint64Var(&o.GasPrice, "gas-price", 1, "what a unit of gas costs; 0 for free gas, of which nothing goes back to who paid")
}

func (o treeBench) check() error {
	switch {
	case o.Chains < 1 || o.Chains > maxBenchChains:
		return usage("--chains (%d)", o.Chains).do("write a number from 1 to %d", maxBenchChains)
	case o.Accounts < 2 || o.Accounts > 1_000_000:
		return usage("--accounts (%d)", o.Accounts).do("write a number from 2 to 1000000")
	case o.Messages < 1 || o.Messages > 10_000_000:
		return usage("--messages (%d)", o.Messages).do("write a number from 1 to 10000000")
	case o.GasPrice > maxBenchPrice:
		return usage("--gas-price (%d)", o.GasPrice).do("write a number from 0 to %d", maxBenchPrice)
	case o.Across < 0 || o.Across > 1:
		return usage("--across (%g)", o.Across).do("write a share from 0 to 1")
	}
	return nil
}

// business is the id of the i-th chain under the main one, from 0 on.
func business(i int) chain.ID { return chain.Main + 1 + chain.ID(i) }

// benchCarrier is the number of the key that pays for digests.
const benchCarrier = math.MaxUint32

// payerAddress is the account of a key's number on a chain.
func payerAddress(id chain.ID, n uint32) chain.Address {
	return chain.KeyAddress(id, benchKey(n).Public())
}

// genesis is that of the tree.
func (o treeBench) genesis() *chain.Genesis {
	on := func(id, under chain.ID, accounts int) chain.Genesis {
		g := chain.Genesis{Name: fmt.Sprint("bench ", id), Chain: id, Under: under, TimeMillis: 1, Params: chain.DefaultParams()}
		if g.Params.MinGasPrice = o.GasPrice; !o.InWaves {
			g.Params.BlockGas = chain.MaxBlockGas // a wave that crosses is no load, whose relays would be slowed down
		}
		public, secret := validatorKeys(benchSeed, int(id))
		g.Committee = chain.Committee{Chain: id, Seed: chain.Hash{1}}
		g.AddSeat(public, secret)
		g.Accounts = make([]chain.GenesisAccount, accounts+1)
		pieces(accounts+1, func(i int) {
			n := uint32(i)
			if i == accounts {
				n = benchCarrier
			}
			g.Accounts[i] = chain.GenesisAccount{Address: payerAddress(id, n), Balance: chain.NewAmount(1 << 60)}
		})
		sortAccounts(g.Accounts)
		return g
	}
	g := on(chain.Main, 0, 0)
	for i := range o.Chains {
		g.Chains = append(g.Chains, on(business(i), chain.Main, o.Accounts))
	}
	return &g
}

func sortAccounts(list []chain.GenesisAccount) {
	slices.SortFunc(list, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
}

// benchTree is a tree under test.
type benchTree struct {
	*node.Process
	network *chain.Genesis
	wires   []*node.Switch
	carried map[chain.ID]uint64 // heights up to which digests were carried here
	nonce   uint64              // of the next digest's message
}

// open starts the chains, or those that are named.
func (o treeBench) open(dir string, g *chain.Genesis, chains ...chain.ID) (*benchTree, error) {
	t := &benchTree{network: g, carried: map[chain.ID]uint64{}}
	key := benchKey(benchCarrier)
	c := node.ProcessConfig{Config: o.config(dir), Network: g, Chains: chains, Carrier: &key, Seat: func(id chain.ID) *node.Member {
		public, secret := validatorKeys(benchSeed, int(id))
		s := node.NewSwitch()
		t.wires = append(t.wires, s)
		return &node.Member{Node: public, Secret: secret, Net: s.Port(public), Founding: true, Patience: time.Minute}
	}}
	c.Engine = engineIn("")
	if o.InWaves {
		c.Carrier = nil
	}
	p, err := node.OpenProcess(c)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	t.Process = p
	tuneMemory(p.Nodes()...)
	return t, nil
}

func (t *benchTree) close() (err error) {
	if t.Process != nil {
		err = t.Close()
	}
	for _, s := range t.wires {
		s.Close()
	}
	return err
}

// traffic is payments that are signed and not yet submitted: of each chain, in order.
type traffic [][][]byte

// paying is one of the traffic.
type paying struct {
	from, to     uint32
	chain, other chain.ID
	nonce        uint64
}

// sign makes the message.
func (p paying) sign(network chain.NetworkID, price uint64) *chain.Message {
	from := payerAddress(p.chain, p.from)
	m := &chain.Message{
		Network: network, Kind: chain.External, From: from, To: from, Payer: from, Nonce: p.nonce, ValidUntil: math.MaxUint64, Amount: chain.NewAmount(1),
		GasPrice: price, Method: chain.MethodTransfer, Input: chain.TransferInput{To: payerAddress(p.other, p.to)}.Encode(), Proof: make([]byte, 96),
	}
	m.GasLimit = exec.TransferGas(m)
	return m.Sign(benchKey(p.from))
}

// relayOf is the id of the relay that the payment sends.
func relayOf(m *chain.Message) (chain.MessageID, error) {
	in, err := chain.DecodeTransfer(m.Input)
	return (&chain.Sent{To: in.To, Method: chain.MethodAdd, Amount: m.Amount, GasLimit: gas.Add}).Relay(m.From, m, 0).ID(), err
}

// traffic signs payments between random pairs; of each chain the same number.
func (o treeBench) traffic(network chain.NetworkID) (t traffic) {
	random := rand.New(rand.NewPCG(uint64(o.Seed), uint64(o.Chains)))
	for i := range o.Chains {
		nonces := make([]uint64, o.Accounts)
		list := make([]paying, o.Messages)
		for j := range list {
			p := paying{from: uint32(random.IntN(o.Accounts)), to: uint32(random.IntN(o.Accounts)), chain: business(i), other: business(i)}
			if o.Chains > 1 && random.Float64() < o.Across {
				p.other = business((i + 1 + random.IntN(o.Chains-1)) % o.Chains)
			}
			p.nonce = nonces[p.from]
			nonces[p.from]++
			list[j] = p
		}
		signed := make([][]byte, len(list))
		pieces(len(list), func(j int) { signed[j] = list[j].sign(network, o.GasPrice).Encode() })
		t = append(t, signed)
	}
	return t
}

// play submits all payments, to all chains in turn, a wave to each when it has done the one before, calls between behind each wave, and
// waits until everything has arrived, and what went back for it. So a chain's blocks are as large whatever the number of chains.
func (t *benchTree) play(x traffic, between func() error) error {
	left := slices.Clone(x)
	for more := true; more; {
		more = false
		for i := range left {
			n, size := t.Node(business(i)), min(wave, len(left[i]))
			if err := submitPatiently(n, left[i][:size]); err != nil {
				return err
			}
			left[i] = left[i][size:]
			more = more || len(left[i]) > 0
		}
		for i := range left {
			if err := t.Node(business(i)).AwaitRoom(context.Background(), 1); err != nil {
				return err
			}
		}
		if err := between(); err != nil {
			return err
		}
	}
	return t.settle(between)
}

// settle calls between, and waits until all chains have taken in what was sent to them, until nothing is under way any more.
func (t *benchTree) settle(between func() error) error {
	for {
		was, err := t.sent()
		if err != nil {
			return err
		}
		if err := between(); err != nil { // behind sent: what was sent is in blocks that this carries
			return err
		}
		for _, n := range t.Nodes() {
			if err := t.arrived(n, was[n.Chain()]); err != nil {
				return err
			}
		}
		is, err := t.sent()
		if err != nil || maps.Equal(was, is) {
			return err
		}
	}
}

// sent is how many relays were sent to each chain.
func (t *benchTree) sent() (map[chain.ID]uint64, error) {
	sent := map[chain.ID]uint64{}
	for _, from := range t.Nodes() {
		var slots []exec.Slot
		for _, to := range t.Nodes() {
			slots = append(slots, exec.Slot{Account: chain.SystemAddress(from.Chain()), Key: chain.OutKey(to.Chain())})
		}
		shown, err := from.Relay().Show(slots)
		if err != nil {
			return nil, err
		}
		for i, to := range t.Nodes() {
			if shown == nil {
				continue // it has made no block
			}
			out, err := chain.DecodeOutward(shown.Values[i])
			if err != nil {
				return nil, err
			}
			sent[to.Chain()] += out.Next
		}
	}
	return sent, nil
}

// submitPatiently is submitAll that does what a sender is told to: what goes to a chain that doesn't keep up is submitted again when
// what was taken is done.
func submitPatiently(n *node.Node, list [][]byte) error {
	for len(list) > 0 {
		var later [][]byte
		for i, a := range n.Submit(list) {
			var refused *ingress.Refusal
			switch {
			case errors.As(a.Refused, &refused) && refused.Code == ingress.CodeChainLoaded:
				later = append(later, list[i])
			case a.Refused != nil:
				return fmt.Errorf("message %s: %w", a.ID, a.Refused)
			}
		}
		if list = later; len(list) > 0 {
			ctx, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
			_ = n.AwaitAbove(ctx, n.Head().Header.Height)
			stop()
		}
	}
	return nil
}

// carry brings the digests of all chains to the main one, together.
func (t *benchTree) carry() error {
	var list [][]byte
	key, from := benchKey(benchCarrier), payerAddress(chain.Main, benchCarrier)
	for _, n := range t.Nodes()[1:] {
		for {
			run, err := n.Relay().Run(t.carried[n.Chain()] + 1)
			if err != nil {
				return err
			}
			if run == nil {
				break
			}
			call := chain.CallInput{To: chain.DigestsAddress(chain.Main), Method: chain.MethodDigest, GasLimit: digestGas, Input: run.Append(nil)}
			m := &chain.Message{
				Network: t.network.Network(), Kind: chain.External, From: from, To: from, Payer: from, Nonce: t.nonce, ValidUntil: math.MaxUint64,
				GasPrice: t.network.Params.MinGasPrice, Method: chain.MethodCall, Input: call.Encode(),
			}
			m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: call.Method, Input: call.Input}) + digestGas + gas.Bounce
			list = append(list, m.Sign(key).Encode())
			t.carried[n.Chain()], t.nonce = run.Last().Height, t.nonce+1
		}
	}
	main := t.Node(chain.Main)
	if err := submitAll(main, list); err != nil {
		return err
	}
	return main.AwaitRoom(context.Background(), 1)
}

// digestGas is enough for a certificate, and for as many headers as fit.
const digestGas = 100_000_000

// awaitBlock waits for blocks until something holds.
func awaitBlock(n *node.Node, holds func() bool) error {
	for {
		height := n.Head().Header.Height
		if holds() {
			return nil
		}
		if err := n.AwaitAbove(context.Background(), height); err != nil {
			return err
		}
	}
}

// arrived waits until so many relays have come to the node's chain, and nothing waits there.
func (t *benchTree) arrived(n *node.Node, relays uint64) error {
	if err := n.AwaitRoom(context.Background(), 1); err != nil {
		return err
	}
	var slots []exec.Slot
	for _, limb := range t.network.Tree() {
		slots = append(slots, exec.Slot{Account: chain.SystemAddress(n.Chain()), Key: chain.InKey(limb.ID)})
	}
	var fault error
	err := awaitBlock(n, func() bool {
		var sum uint64
		shown, err := n.Relay().Show(slots)
		if err != nil || shown == nil {
			fault = err
			return err != nil || relays == 0
		}
		for _, v := range shown.Values {
			in, err := chain.DecodeNumber(v)
			if err != nil {
				fault = err
			}
			sum += in
		}
		return fault != nil || sum >= relays
	})
	return errors.Join(err, fault)
}

// arrivals are what a chain's blocks took in from others: relays, and the bytes of what shows them.
func arrivals(n *node.Node) (relays, proof int, err error) {
	for height := uint64(1); height <= n.Head().Header.Height; height++ {
		raw, err := n.RawBlock(height)
		if err != nil {
			return 0, 0, err
		}
		b, err := chain.DecodeBlock(raw)
		if err != nil {
			return 0, 0, err
		}
		if len(b.Arrived.Imports) == 0 {
			continue
		}
		for i := range b.Arrived.Views {
			proof += len(b.Arrived.Views[i].Append(nil))
		}
		for _, im := range b.Arrived.Imports {
			relays, proof = relays+len(im.Messages), proof+len(im.Proof)
		}
	}
	return relays, proof, nil
}

// measured is the CPU time of the process while f runs.
func measured(f func() error) (time.Duration, error) {
	begin := cpu()
	err := f()
	return cpu() - begin, err
}

// inputsOf are the external messages of a chain's blocks, block by block, each with its count before it.
func inputsOf(n *node.Node) (frames [][]byte, messages int, err error) {
	for height := uint64(1); height <= n.Head().Header.Height; height++ {
		raw, err := n.RawBlock(height)
		if err != nil {
			return nil, 0, err
		}
		b, err := chain.DecodeBlock(raw)
		if err != nil {
			return nil, 0, err
		}
		frames = append(frames, binary.BigEndian.AppendUint32(nil, uint32(len(b.Inputs))))
		for _, in := range b.Inputs {
			frames = append(frames, in.Message.Encode())
		}
		messages += len(b.Inputs)
	}
	return frames, messages, nil
}

package kit

import (
	"fmt"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Send lets the account from send a message with the method to another, and runs it with all that descends from it in a
// block; in a tree, in blocks of all chains that it comes to, unless relays are held. The trace shows what happened, be it good or bad.
func (k *Chain) Send(from, to *Account, method string, list ...Detail) *Trace {
	k.t.Helper()
	d := k.sending(list)
	k = from.chain
	in := chain.CallInput{To: to.address, Method: method, GasLimit: d.gas, Input: k.input(to, method, &d)}
	m := k.external(from, chain.MethodCall, in.Encode(), d.money())
	s := chain.Sent{Method: method, Input: in.Input}
	return k.post(k.seal(from, m, exec.SendGas(&s)+d.gas+bounceGas))
}

// Call is Send of a message that must succeed, and all that descends from it.
func (k *Chain) Call(from, to *Account, method string, list ...Detail) *Trace {
	k.t.Helper()
	k.notHeld("Call, which must know what came of it,")
	return k.Send(from, to, method, list...).ExpectOK()
}

// Transfer sends money.
func (k *Chain) Transfer(from, to *Account, amount uint64) *Trace {
	k.t.Helper()
	return from.chain.post(from.chain.transfer(from, to, chain.NewAmount(amount)))
}

// External lets the code of from handle a message signed by its own key (SPEC 2.2).
func (k *Chain) External(from *Account, method string, list ...Detail) *Trace {
	k.t.Helper()
	d := k.sending(list)
	k = from.chain
	m := k.external(from, method, k.input(from, method, &d), d.money())
	return k.post(k.seal(from, m, d.gas))
}

func (k *Chain) transfer(from, to *Account, amount chain.Amount) *chain.Message {
	k.t.Helper()
	m := k.external(from, chain.MethodTransfer, chain.TransferInput{To: to.address}.Encode(), amount)
	m.GasLimit = exec.TransferGas(m)
	return k.sign(from, m)
}

// external is an external message of an account's, all but its gas.
func (k *Chain) external(from *Account, method string, input []byte, amount chain.Amount) *chain.Message {
	k.t.Helper()
	k.check(from.key != nil, "%s has no key, so it can't send from outside: let a key account send to it", from.name)
	k.check(len(input) <= chain.MaxInputBytes || method == chain.MethodPublish, "an input of %d bytes: at most %d are allowed", len(input), chain.MaxInputBytes)
	return &chain.Message{
		Network: k.now.header.Network, Kind: chain.External, From: from.address, To: from.address, Payer: from.address,
		Nonce: k.nonce(from), ValidUntil: k.Height() + 1000, Amount: amount, GasPrice: k.gasPrice, Method: method, Input: input,
	}
}

// nonce is the account's next, behind those of messages that are held.
func (k *Chain) nonce(of *Account) uint64 {
	n := of.chain.record(of.address).Nonce
	if k.held != nil {
		for _, m := range k.held.messages {
			if m.From == of.address {
				n++
			}
		}
	}
	return n
}

// seal gives m what it costs and the given gas beyond that, and signs it.
func (k *Chain) seal(from *Account, m *chain.Message, gas uint64) *chain.Message {
	k.t.Helper()
	m.GasLimit = exec.ExternalGas(m) + gas
	return k.sign(from, m)
}

func (k *Chain) sign(from *Account, m *chain.Message) *chain.Message {
	k.t.Helper()
	k.check(m.GasLimit <= chain.MaxMessageGas, "a gas limit of %d: at most %d are allowed", m.GasLimit, uint64(chain.MaxMessageGas))
	if err := block.CheckForm(m.Network, k.id, m); err != nil {
		k.t.Fatalf("kit: %v", err)
	}
	return m.Sign(*from.key)
}

// post runs m in a block, or leaves it to whom messages are collected for.
func (k *Chain) post(m *chain.Message) *Trace {
	k.t.Helper()
	t := &Trace{chain: k, message: m}
	if k.held != nil {
		k.held.messages, k.held.traces = append(k.held.messages, m), append(k.held.traces, t)
		return t
	}
	k.play(&scenario{[]*chain.Message{m}, []*Trace{t}})
	return t
}

// play runs what was sent, each chain's in a block of its own, and carries what that sends.
func (n *network) play(s *scenario) {
	n.t.Helper()
	n.last = s.traces
	n.begin(s.traces)
	n.tick(n.pace)
	behind := n.posts()
	for _, k := range n.chains {
		if list := s.of(k, behind); len(list) > 0 || !n.isTree() {
			n.tell(k.run(list))
		}
	}
	n.settle()
	n.show()
}

// apart runs m at once, whatever is held, in a block that no report counts. It must succeed.
func (k *Chain) apart(m *chain.Message) {
	k.t.Helper()
	held, used := k.held, k.used
	k.held, k.used = nil, make(gasUse)
	t := &Trace{chain: k, message: m}
	k.tick(k.pace)
	t.story = (*chapter)(nil).and(k.run([]posted{{m, 1}}), 1)
	k.held, k.used = held, used
	if !t.OK() {
		k.t.Fatalf("kit: this set-up failed\n%s", t)
	}
}

// scenario is what is sent while messages are collected.
type scenario struct {
	messages []*chain.Message
	traces   []*Trace
}

// posted is an external message with its number among those that run together.
type posted struct {
	*chain.Message
	number int
}

// of are the messages for a chain, numbered behind others.
func (s *scenario) of(k *Chain, behind int) (list []posted) {
	for i, m := range s.messages {
		if m.From.Chain() == k.id {
			list = append(list, posted{m, behind + i + 1})
		}
	}
	return list
}

// collect runs f, with what it sends held back.
func (k *Chain) collect(what string, f func(k *Chain)) *scenario {
	k.t.Helper()
	k.notHeld(what)
	k.held = &scenario{}
	defer func() { k.held = nil }()
	f(k)
	s := k.held
	for _, at := range k.chains {
		var gas uint64
		list := s.of(at, 0)
		for _, m := range list {
			gas += m.GasLimit
		}
		params, err := at.now.params()
		k.must(err)
		k.check(gas <= block.GasBudget(params), "%s of %s may use %d gas, and a block has %d: give them less with kit.Gas",
			what, plural(len(list), "message"), gas, block.GasBudget(params))
	}
	return s
}

// Together runs all that f sends in one block of each chain, where all of it is under way at once. Traces that f was given are
// complete afterwards, unless relays are held.
func (k *Chain) Together(f func(k *Chain)) []*Trace {
	k.t.Helper()
	s := k.collect("Together", f)
	k.play(s)
	return s.traces
}

// fly takes a flight to its end; choose says which of n messages that can be processed is next.
func fly[M comparable, S any](f *order.Flight[M, S], choose func(n int) int) {
	for ready := f.Ready(); len(ready) > 0; ready = f.Ready() {
		f.Take(ready[choose(len(ready))])
	}
}

// first chooses what waits longest.
func first(int) int { return 0 }

// run makes a block of messages, of what comes from other chains, and of all that descends from them, in an order of the chain's choice.
func (k *Chain) run(messages []posted) *ran {
	k.t.Helper()
	s, err := k.newScene(messages)
	k.must(err)
	f := s.flight()
	if k.random == nil {
		fly(f, first)
	} else {
		fly(f, k.random.IntN)
	}
	r, err := k.advanceTo(s, f, verified)
	k.must(err)
	k.used.count(r)
	return r
}

// advanceTo makes what came of a run the chain's next block.
func (k *Chain) advanceTo(s *scene, f *flight, c care) (*ran, error) {
	next, err := k.conclude(s, f, c)
	if err != nil {
		return nil, err
	}
	k.now = next
	return &ran{scene: s, turns: f.Order(), height: next.header.Height}, nil
}

// care is how much is done to be sure of a block.
type care uint8

const (
	built    care = iota // it is built, which checks that its order is possible
	verified             // it is verified from its bytes, too
)

// conclude makes the block of a run that has come to its end, and the moment behind it.
func (k *Chain) conclude(s *scene, f *flight, c care) (*moment, error) {
	if s.err != nil {
		return nil, s.err
	}
	did := &block.Run{Context: s.context, Arrival: s.arrival}
	for n := range s.roots {
		if l := f.State(uint32(n)); l != nil {
			o, err := s.overlayOf(l)
			if err != nil {
				return nil, err
			}
			did.Accounts = append(did.Accounts, o)
		}
	}
	before := s.on.before(k.tree)
	res, err := block.Build(before, k.rules, did)
	if err != nil {
		return nil, err
	}
	k.made = append(k.made, res.Version)
	next, err := s.on.after(res)
	if err != nil {
		return nil, err
	}
	if err := k.conserved(next); err != nil {
		return nil, err
	}
	if c == verified {
		if err := s.verify(before, res); err != nil {
			return nil, err
		}
	}
	for _, p := range res.Published {
		k.codes.published(p)
	}
	return next, nil
}

// verify does what every member of a committee does before it votes.
func (s *scene) verify(before *block.Before, built *block.Result) error {
	res, fault, err := block.Verify(before, s.chain.rules, built.Raw)
	switch {
	case err != nil:
		return err
	case fault != nil:
		return s.unrepeatable(fault)
	}
	return s.chain.tree.Discard(res.Version)
}

// unrepeatable is what a verifier's fault says of a program: the block was built from what it did the first time.
func (s *scene) unrepeatable(fault *block.Fault) error {
	if p := s.messages[fault.Message]; p != nil && fault.Part == block.PartReplay {
		return fmt.Errorf("%w (%s)", s.unequal(fault.Account, p.Delivery), fault)
	}
	return fmt.Errorf("a block that was built is refused: %w", fault)
}

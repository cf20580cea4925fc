package kit

import (
	"maps"
	"math"
	"slices"

	"github.com/RaduBerinde/btreemap"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// begin starts a new story if nothing is under way, and tells it to the traces from now on.
func (n *network) begin(traces []*Trace) {
	if n.isQuiet() {
		n.story, n.open = nil, nil
	}
	n.open = append(slices.Clip(n.open), traces...)
}

// isQuiet says whether nothing is under way between chains.
func (n *network) isQuiet() bool {
	for _, from := range n.chains {
		for to, sent := range from.now.sent { // any order: it is a question
			if sent.relays != n.on(to).now.in[from.id].relays {
				return false
			}
		}
	}
	return true
}

// posts is how many external messages the story has.
func (n *network) posts() int {
	if n.story == nil {
		return 0
	}
	return n.story.posts
}

// tell adds a block to the story.
func (n *network) tell(r *ran) {
	posts := n.posts()
	for _, d := range r.scene.inputs {
		if d.Message.Kind == chain.External {
			posts++
		}
	}
	n.story = n.story.and(r, posts)
}

// show lets the open traces tell the story so far.
func (n *network) show() {
	for _, t := range n.open {
		t.story = n.story
	}
}

// settle carries digests and relays until nothing moves any more but what is held.
func (n *network) settle() {
	n.t.Helper()
	if !n.isTree() {
		return
	}
	for moved := true; moved; {
		n.carryDigests()
		moved = false
		for _, k := range n.chains {
			if k.isWaitedFor() {
				r := k.run(nil)
				k.check(!r.scene.arrival.Arrived.IsEmpty(), "chain %s makes a block for what other chains have for it, and takes nothing in", k.name)
				n.tell(r)
				moved = true
			}
		}
	}
}

// isWaitedFor says whether other chains have something for the chain that makes a block worth its while.
func (k *Chain) isWaitedFor() bool {
	before := k.now.before(k.tree)
	context, err := before.Next(k.rules, k.clock)
	k.must(err)
	ready, err := k.relays.Ready(block.NewArrival(before, k.rules, context))
	k.must(err)
	return ready
}

// carryDigests brings to every parent what its children's blocks sent out of their branch: from the leaves up, as a parent's block may
// matter to its own parent then.
func (n *network) carryDigests() {
	n.t.Helper()
	for _, k := range slices.Backward(n.chains[1:]) {
		for digest := k.unrecorded(); digest != nil; digest = k.unrecorded() {
			k.parent.recordDigest(digest)
		}
	}
}

// unrecorded is the digest of the chain's blocks that its parent does not know; nil if none of them sent anything out of the branch.
func (k *Chain) unrecorded() *chain.Digest {
	raw, err := k.parent.now.Entry(chain.DigestsAddress(k.parent.id), chain.ChildKey(k.id))
	k.must(err)
	child, err := chain.DecodeChild(raw)
	k.must(err)
	leaves := false
	for height := child.Anchor.Height + 1; height <= k.Height() && !leaves; height++ {
		m, err := k.at(height)
		k.must(err)
		leaves = slices.ContainsFunc(m.header.Leaving, func(l chain.Leaving) bool { return !k.limbs.Below(l.Chain, k.id) })
	}
	if !leaves {
		return nil
	}
	digest, err := carried{k}.Run(child.Anchor.Height + 1)
	k.must(err)
	return digest
}

// recordDigest makes a block in which a child's digest is recorded.
func (k *Chain) recordDigest(digest *chain.Digest) {
	const enough = 100_000_000 // for a certificate, and as many headers as fit
	from, to, input := k.accounts[k.called(carrier)], chain.DigestsAddress(k.id), digest.Append(nil)
	call := chain.CallInput{To: to, Method: chain.MethodDigest, GasLimit: enough, Input: input}
	m := k.external(from, chain.MethodCall, call.Encode(), chain.Amount{})
	held, used := k.held, k.used
	k.held, k.used = nil, make(gasUse)
	r := k.run([]posted{{k.seal(from, m, exec.SendGas(&chain.Sent{Method: chain.MethodDigest, Input: input})+enough+bounceGas), 1}})
	k.held, k.used = held, used
	for l := range r.happenings() {
		if l.handled == nil || l.handled.Outcome.Status != chain.StatusOK {
			t := &Trace{chain: k, message: m, story: (*chapter)(nil).and(r, 1)}
			k.t.Fatalf("kit: chain %s doesn't record a digest of its child\n%s", k.name, t)
		}
	}
}

// bound is the number below which relays may go on.
func (n *network) bound(p pair) uint64 {
	if b, ok := n.bounds[p]; ok {
		return b
	}
	return math.MaxUint64
}

// Hold keeps relays from one chain to another from now on: they leave, their digest is recorded, and they don't arrive. "" stands for
// any chain.
func (k *Chain) Hold(from, to string) {
	k.t.Helper()
	k.notHeld("Hold")
	k.bounds = maps.Clone(k.bounds)
	if k.bounds == nil {
		k.bounds = make(map[pair]uint64)
	}
	for _, p := range k.pairs(from, to) {
		k.bounds[p] = min(k.bound(p), k.on(p.to).now.in[p.from].relays)
	}
}

// Release lets relays from one chain to another go on, those that are held and all others; "" stands for any chain. They arrive in
// one block, as far as one block of the source has sent them.
func (k *Chain) Release(from, to string) {
	k.t.Helper()
	k.notHeld("Release")
	k.bounds = maps.Clone(k.bounds)
	for _, p := range k.pairs(from, to) {
		delete(k.bounds, p)
	}
	k.goOn()
}

// ReleaseNext lets the next relays from one chain to another arrive, that many, in the order in which they were sent. Those behind
// them stay held.
func (k *Chain) ReleaseNext(from, to string, relays int) {
	k.t.Helper()
	k.notHeld("ReleaseNext")
	p := pair{k.named(from).id, k.named(to).id}
	waiting := len(k.underWay(k.named(from), k.named(to)))
	k.check(relays >= 1 && relays <= waiting, "%s from %s to %s: %d are held", plural(relays, "relay"), from, to, waiting)
	k.check(k.bound(p) != math.MaxUint64, "relays from %s to %s are not held", from, to)
	k.bounds = maps.Clone(k.bounds)
	k.bounds[p] = k.on(p.to).now.in[p.from].relays + uint64(relays)
	k.goOn()
}

func (k *Chain) goOn() {
	k.t.Helper()
	k.tick(k.pace)
	k.settle()
	k.show()
}

// pairs are those of chains by their names.
func (k *Chain) pairs(from, to string) (list []pair) {
	k.t.Helper()
	k.check(k.isTree(), "there is one chain, so there are no relays between chains: kit.New(t, kit.Chains(2))")
	for _, name := range []string{from, to} {
		if name != "" {
			k.named(name)
		}
	}
	for _, a := range k.chains {
		for _, b := range k.chains {
			if a != b && (from == "" || a.name == from) && (to == "" || b.name == to) {
				list = append(list, pair{a.id, b.id})
			}
		}
	}
	return list
}

// underWay are the relays that have left one chain and not arrived on another, in order.
func (n *network) underWay(from, to *Chain) (list []*chain.Message) {
	if !n.isTree() {
		return nil
	}
	first := ticket{to.id, to.now.in[from.id].relays}
	for _, d := range from.now.past.sent.Ascend(btreemap.GE(first), btreemap.LE(ticket{to.id, math.MaxUint64})) {
		list = append(list, d.all[d.place].Message)
	}
	return list
}

// UnderWay is how many relays have left one chain and not arrived on another.
func (k *Chain) UnderWay(from, to string) int {
	k.t.Helper()
	return len(k.underWay(k.named(from), k.named(to)))
}

// Envelope shows the relays that are held on their way from one chain to another, as anybody may carry them (SPEC 8.2), and what the
// destination knows: whoever knows that can verify the envelope without a node. One envelope has relays of one block.
func (k *Chain) Envelope(from, to string) (light.Envelope, light.Trust) {
	k.t.Helper()
	k.notHeld("Envelope")
	source, at := k.named(from), k.named(to)
	k.check(k.UnderWay(from, to) > 0, "nothing is held on its way from %s to %s", from, to)
	bounds := k.bounds
	defer func() { k.bounds = bounds }()
	k.bounds = maps.Clone(bounds)
	for p := range k.bounds { // any order: it closes all ways but one
		k.bounds[p] = k.on(p.to).now.in[p.from].relays
	}
	delete(k.bounds, pair{source.id, at.id})
	before := at.now.before(at.tree)
	context, err := before.Next(at.rules, k.clock)
	k.must(err)
	a := block.NewArrival(before, at.rules, context)
	trust := light.Trust{Tree: k.limbs, Committee: k.on(k.limbs.Common(source.id, at.id)).committee}
	if common := trust.Committee.Chain(); common == at.id {
		trust.Known = chain.Known{Anchor: at.now.header.Anchor(), Epoch: at.now.header.Epoch, Committee: at.now.header.Next}
	} else {
		trust.Known, err = a.Known(common)
		k.must(err)
	}
	refused, err := k.relays.Bring(a)
	k.must(err)
	k.check(len(refused) == 0 && len(a.Arrived.Imports) > 0, "the relays from %s to %s are not proven: %v", from, to, refused)
	e := light.Envelope{Import: a.Arrived.Imports[0]}
	for _, v := range a.Arrived.Views {
		if v.Last().Chain == trust.Committee.Chain() {
			e.Views = append(e.Views, v)
		}
	}
	return e, trust
}

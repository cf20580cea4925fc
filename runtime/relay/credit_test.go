package relay_test

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// The tree main(a(a1, a2), b).
const (
	main = chain.Main
	a    = 2
	b    = 3
	a1   = 4
	a2   = 5
)

var family = chain.Tree{{ID: main}, {ID: a, Parent: main}, {ID: b, Parent: main}, {ID: a1, Parent: a}, {ID: a2, Parent: a}}

// amount is an entry of a chain's own that holds one.
func (c *trunk) amount(key string) chain.Amount {
	c.t.Helper()
	raw, err := c.State().Entry(chain.SystemAddress(c.id), key)
	if err != nil {
		c.t.Fatal(err)
	}
	n, err := chain.DecodeAmount(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// held is all the money of a chain: accounts with their deposits, and fees.
func (c *trunk) held(extra ...chain.Address) chain.Amount {
	c.t.Helper()
	sum := c.amount(chain.KeyFees)
	list := append([]chain.Address{wallet(c.id, carrierWallet), chain.DigestsAddress(c.id), chain.RegistryAddress()}, extra...)
	for n := byte(1); n <= 3; n++ {
		list = append(list, wallet(c.id, n))
	}
	for _, at := range list {
		if at.Chain() != c.id {
			continue
		}
		account, err := c.State().Account(at)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, x := range []chain.Amount{account.Balance, account.Deposit} {
			if sum, err = sum.Add(x); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	return sum
}

// solvent holds every child's record to SPEC 8.7.
func (f *forest) solvent(tree chain.Tree) {
	f.t.Helper()
	for _, l := range tree[1:] {
		p := f.trunks[l.Parent]
		raw, err := p.State().Entry(chain.DigestsAddress(p.id), chain.ChildKey(l.ID))
		if err != nil {
			f.t.Fatal(err)
		}
		child, err := chain.DecodeChild(raw)
		if err != nil {
			f.t.Fatal(err)
		}
		if held := chain.Held(child.Issued, p.amount(chain.EnteredKey(l.ID)), p.amount(chain.CreditedKey(l.ID))); held.Less(child.Left) {
			f.t.Errorf("chain %d: %s left, %s held", l.ID, child.Left, held)
		}
	}
}

// arrived holds that every relay between two chains was taken in.
func (f *forest) arrived(except ...chain.ID) {
	f.t.Helper()
	for _, from := range f.ids {
		for _, to := range f.ids {
			sent, err := f.trunks[from].State().Entry(chain.SystemAddress(from), chain.OutKey(to))
			if err != nil {
				f.t.Fatal(err)
			}
			out, err := chain.DecodeOutward(sent)
			if err != nil {
				f.t.Fatal(err)
			}
			raw, err := f.trunks[to].State().Entry(chain.SystemAddress(to), chain.InKey(from))
			if err != nil {
				f.t.Fatal(err)
			}
			in, err := chain.DecodeNumber(raw)
			if err != nil {
				f.t.Fatal(err)
			}
			if skip := len(except) > 0 && (from == except[0] || to == except[0]); in > out.Next || in < out.Next && !skip {
				f.t.Errorf("chain %d to chain %d: %d sent, %d taken in", from, to, out.Next, in)
			}
		}
	}
}

// Value flows in all directions, far more of it than the lower chains began with, while they make blocks in any order: every digest is
// recorded, what may leave a branch is never below zero, all arrives, and nothing is lost.
func TestCredits(t *testing.T) {
	seed := uint64(rand.Uint32())
	rnd := rand.New(rand.NewPCG(seed, 1))
	issued := map[chain.ID]uint64{main: 1_000_000_000, a: 3_000_000, b: 900_000_000, a1: 2_000_000, a2: 1_500_000}
	f := newForest(t, family, func(id chain.ID) uint64 { return issued[id] }, nil)
	total := func() (sum chain.Amount) {
		for _, id := range f.ids {
			var err error
			if sum, err = sum.Add(f.trunks[id].held()); err != nil {
				t.Fatal(err)
			}
		}
		return sum
	}
	before := total()
	order := append([]chain.ID(nil), f.ids...)
	for range 40 {
		for range rnd.IntN(6) {
			from, to := f.trunks[f.ids[rnd.IntN(5)]], wallet(f.ids[rnd.IntN(5)], byte(1+rnd.IntN(3)))
			n := byte(1 + rnd.IntN(3))
			has, err := from.State().Account(wallet(from.id, n))
			if err != nil {
				t.Fatal(err)
			}
			// It sends when what it sent is done, so that it can pay for it: gas of about 220,000 at a price of 1 is bought first.
			if balance := low(has.Balance); balance > 2_000_000 && has.Nonce == from.nonces[wallet(from.id, n)] {
				from.pay(n, (balance-1_000_000)/uint64(1+rnd.IntN(4)), uint64(rnd.IntN(2)), to)
			}
		}
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for range 1 + rnd.IntN(3) {
			f.round(order[:1+rnd.IntN(5)])
			f.solvent(family)
		}
	}
	f.settle()
	f.solvent(family)
	f.arrived()
	if len(f.refused) > 0 {
		t.Errorf("seed %d: digests were refused: %v", seed, f.refused)
	}
	if after := total(); after != before {
		t.Errorf("seed %d: %s became %s", seed, before, after)
	}
	for _, id := range []chain.ID{a1, a2} {
		if f.trunks[a].amount(chain.CreditedKey(id)).IsZero() {
			t.Errorf("seed %d: nothing came to chain %d from above: the test has lost its bite", seed, id)
		}
	}
}

// low is an amount below 2^64.
func low(x chain.Amount) (n uint64) {
	for _, c := range x.String() {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// forge lets the chain's committee say whatever it wants: that an account has a balance, that relays left it, and what they carry.
func (c *trunk) forge(rich chain.Address, balance uint64, outbox []block.Outgoing, leaving []chain.Leaving) {
	c.t.Helper()
	record := exec.Record{Address: rich}
	var err error
	if record.Account, err = c.State().Account(rich); err != nil {
		c.t.Fatal(err)
	}
	record.Account.Balance = chain.NewAmount(balance)
	system := chain.SystemAddress(c.id)
	history, err := c.State().Entry(system, chain.KeyHistory)
	if err != nil {
		c.t.Fatal(err)
	}
	past, nodes := remember(c, history)
	changes := []exec.Change{
		{Slot: exec.Slot{Account: rich}, After: record.Account.Encode()}, {Slot: exec.Slot{Account: system, Key: chain.KeyHistory}, Before: history, After: past},
		{Slot: exec.Slot{Account: system, Key: chain.KeyHeld}, After: chain.EncodeAmount(chain.NewAmount(1 << 63))}, // and what it sends on
	}
	for i, o := range outbox {
		if i+1 < len(outbox) && outbox[i+1].To == o.To {
			continue // the last counts
		}
		key := exec.Slot{Account: system, Key: chain.OutKey(o.To)}
		changes = append(changes, exec.Change{Slot: key, After: chain.Outward{Next: o.Number + 1}.Encode()})
	}
	c.say(&block.Result{Changes: changes, Records: []exec.Record{record}, Outbox: outbox, History: nodes, Block: &chain.Block{}}, leaving)
}

// say makes a block final that says what its committee wants, and changes the state as it wants.
func (c *trunk) say(r *block.Result, leaving []chain.Leaving) {
	c.t.Helper()
	changes := r.Changes
	var updates []merkle.Update
	for i := range changes {
		updates = append(updates, merkle.Update{Path: block.SlotPath(changes[i].Slot), Value: merkle.ValueHash(changes[i].After)})
	}
	h := *c.header
	h.Height, h.Parent, h.TimeMillis, h.Leaving = h.Height+1, c.hash, h.TimeMillis+1, leaving
	var err error
	if r.Version, err = c.tree.Update(nil, sorted(updates), nil); err != nil {
		c.t.Fatal(err)
	}
	h.Roots.State, h.Roots.Outbox = chain.Hash(r.Version.Root()), block.OutboxRoot(r.Outbox)
	r.Block.Header, r.Hash = h, h.Hash()
	r.Raw = r.Block.Append(nil)
	c.commit(accountTag(c.hash), r)
}

// A chain whose committee is wholly rotten makes money of nothing and sends it to all others, telling the truth about what leaves: they
// get what had come to it and not a unit more. All others go on.
func TestRotten(t *testing.T) {
	const fortune, minted = 1_000_000, 1_000_000_000
	f := newForest(t, family, func(chain.ID) uint64 { return fortune }, nil)
	f.trunks[b].pay(1, fortune/2, 0, wallet(a1, 2)) // enters its branch
	f.settle()
	others := func() (sum uint64) {
		for _, id := range []chain.ID{main, a, b, a2} {
			sum += low(f.trunks[id].held())
		}
		return sum
	}
	before := others()
	rotten := f.trunks[a1]
	rotten.forge(wallet(a1, 1), minted, nil, nil)
	rotten.pay(1, 3*fortune+fortune/2, 0, wallet(b, 1)) // all that was ever there, but for the carrier's
	f.settle()
	if got := others(); got != before+3*fortune+fortune/2 {
		t.Fatalf("%d came, and what it had could", got-before)
	}
	for i, to := range []chain.ID{a, a2, main, b, b} {
		rotten.pay(1, uint64(2+i), 0, wallet(to, 2))
	}
	f.settle()
	if got := others(); got != before+3*fortune+fortune/2 {
		t.Errorf("others have %d more than it ever had", got-before-3*fortune-fortune/2)
	}
	if len(f.refused) > 0 {
		t.Errorf("a digest was carried in vain: %v", f.refused)
	}
	f.othersGoOn(t, others)
}

// It tells a lie about what leaves, too: its digests are recorded, and nobody takes in what it sent.
func TestRottenLies(t *testing.T) {
	const fortune = 1_000_000
	for _, said := range []uint64{0, 3*fortune + 1} { // nothing, and all that the branch has
		f := newForest(t, family, func(chain.ID) uint64 { return fortune }, nil)
		f.settle()
		rotten := f.trunks[a1]
		m := &chain.Message{
			Network: rotten.header.Network, Kind: chain.Relay, From: wallet(a1, 1), To: wallet(b, 1), Payer: wallet(a1, 1), Amount: chain.NewAmount(4 * fortune),
			Method: chain.MethodAdd, GasLimit: 10_000,
		}
		rotten.forge(wallet(a1, 1), 1, []block.Outgoing{{To: b, Number: 0, Message: m.Seal()}}, []chain.Leaving{{Chain: b, Amount: chain.NewAmount(said)}})
		others := func() (sum uint64) {
			for _, id := range []chain.ID{main, a, b, a2} {
				sum += low(f.trunks[id].held())
			}
			return sum
		}
		before := others()
		rotten.carry(true)
		f.trunks[a].carry(true)
		faults := f.trunks[b].grow()
		if len(faults) != 1 || others() != before {
			t.Errorf("%d: faults %v, %d became %d", said, faults, before, others())
		}
		if len(f.refused) > 0 {
			t.Errorf("%d: refused %v", said, f.refused)
		}
		f.othersGoOn(t, others)
	}
}

// othersGoOn pays between all chains but a1, and to it.
func (f *forest) othersGoOn(t *testing.T, others func() uint64) {
	t.Helper()
	before := others()
	honest := []chain.ID{main, a, b, a2}
	for i, from := range honest {
		f.trunks[from].pay(3, 5, 0, wallet(honest[(i+1)%4], 3))
		f.trunks[from].pay(3, 5, 0, wallet(honest[(i+2)%4], 3))
	}
	f.trunks[b].pay(3, 7, 0, wallet(a1, 3))
	f.settle()
	f.solvent(family)
	f.arrived(a1)
	// What goes to the rotten chain is credited there, and it can send that on.
	if got := others(); got > before || got+7 < before {
		t.Errorf("%d became %d", before, got)
	}
	account, err := f.trunks[a1].State().Account(wallet(a1, 3))
	if err != nil || account.Balance != chain.NewAmount(1_000_007) {
		t.Errorf("chain a1: %+v, %v", account, err)
	}
}

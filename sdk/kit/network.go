package kit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// network is what the chains of a test share: who is who, what is collected, and what is under way.
type network struct {
	t        testing.TB
	chains   []*Chain   // by id; the main chain first
	limbs    chain.Tree // what chains there are, before they are made too
	codes    codes
	pace     time.Duration // between a block and the next
	clock    uint64        // the time in milliseconds: no block that is made now is earlier
	gasPrice uint64
	seed     uint64
	random   *rand.Rand   // chooses who goes first; nil: who waits longest
	issued   chain.Amount // on each chain
	accounts map[string]*Account
	known    map[chain.Address]*Account
	held     *scenario // what is sent is collected and not run; nil at other times
	last     []*Trace
	used     gasUse
	latest   *world // of the last snapshot

	// Of a tree of chains alone:
	relays     *relay.Chains
	committees committees
	story      *chapter        // what happened since nothing was under way
	open       []*Trace        // those that something of is under way
	bounds     map[pair]uint64 // relays with this number and above are held; without, none is
}

// pair is two chains, of which the first sends to the second.
type pair struct{ from, to chain.ID }

// limb is a chain to be made.
type limb struct {
	name  string
	under int // its parent's place in the list
}

// plenty is all the money that there is on a chain: what accounts are given, they get from its bank. A tree divides it.
var plenty = chain.Mul(1<<62, 1<<62)

const mostChains = 16 // what 16 of them hold together is an Amount still

// start makes the chains of a network.
func (n *network) start(s *setup) error {
	g := &chain.Genesis{Name: "kit", Chain: chain.Main, TimeMillis: uint64(s.start.UnixMilli()), Params: s.params}
	n.clock, n.issued = g.TimeMillis, plenty
	if n.isTree() {
		n.issued = chain.Mul(1<<60, 1<<60)
	}
	for i, l := range s.limbs {
		k := &Chain{network: n, id: chain.Main + chain.ID(i), name: l.name, tree: merkle.New()}
		at := g
		if i > 0 {
			k.parent = n.chains[l.under]
			g.Chains = append(g.Chains, chain.Genesis{Name: l.name, Chain: k.id, Under: k.parent.id, TimeMillis: g.TimeMillis, Params: s.params})
			at = &g.Chains[i-1]
		}
		if n.isTree() {
			k.found(at)
		}
		n.chains = append(n.chains, k)
		k.fund(at)
	}
	for _, k := range n.chains {
		if err := k.create(g); err != nil {
			return err
		}
	}
	return nil
}

// found gives a chain of a tree its committee: one seat, whose votes the others can check.
func (k *Chain) found(g *chain.Genesis) {
	node := client.DevKey("kit", "node "+k.name)
	k.secret = keys.BLSFromSeed([32]byte(node.Public()))
	g.Committee = chain.Committee{Chain: k.id, Seed: chain.Hash{1}}
	g.AddSeat(node.Public(), k.secret)
}

// carrier is who pays for the digests of a chain's children.
const carrier = "carrier"

// fund gives all money of a chain to its bank; in a tree but what it takes to carry digests.
func (k *Chain) fund(g *chain.Genesis) {
	give := func(name string, v chain.Amount) {
		key := client.DevKey("kit", name)
		a := k.register(&Account{name: k.called(name), address: chain.KeyAddress(k.id, key.Public()), key: &key})
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a.address, Balance: v})
	}
	bank := k.issued
	if k.isTree() {
		carriers := chain.Mul(1<<50, 1<<50)
		bank, _ = bank.Sub(carriers)
		give(carrier, carriers)
	}
	give("bank", bank)
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
	k.register(&Account{name: k.called("system"), address: chain.SystemAddress(k.id)})
}

// bank is the account that everybody's money comes from.
func (k *Chain) bank() *Account { return k.accounts[k.called("bank")] }

// create makes the chain's block at height 0.
func (k *Chain) create(main *chain.Genesis) error {
	k.rules = block.Rules{Programs: native.Programs{Codes: k.codes}}
	g := main
	if k.isTree() {
		var err error
		if g, err = main.Of(k.id); err != nil {
			return err
		}
		if k.committee, err = k.committees.Committee(g.Network(), g.Committee); err != nil {
			return err
		}
		k.rules = block.Rules{
			Programs: native.Programs{Codes: k.codes, Committees: k.committees}, Committees: k.committees.Committee,
		}
		k.relays.Add(k.id, carried{k})
	}
	first, err := genesis(g, k.tree)
	if err != nil {
		return err
	}
	if k.isTree() {
		first.past = newPast()
		first.past.moments.ReplaceOrInsert(0, first)
	}
	first.holds, k.now = k.issued, first
	return nil
}

// isTree says whether there are several chains.
func (n *network) isTree() bool { return len(n.limbs) > 1 }

// main is the main chain.
func (n *network) main() *Chain { return n.chains[0] }

// on is the chain with an id; the main chain for one that there isn't: nobody has anything there.
func (n *network) on(id chain.ID) *Chain {
	if i := int(id) - int(chain.Main); i >= 0 && i < len(n.chains) {
		return n.chains[i]
	}
	return n.main()
}

// named is the chain with that name.
func (n *network) named(name string) *Chain {
	n.t.Helper()
	i := slices.IndexFunc(n.chains, func(k *Chain) bool { return k.name == name })
	if i < 0 {
		n.t.Fatalf("kit: no chain is called %q; there are %s", name, strings.Join(n.chainNames(), ", "))
	}
	return n.chains[i]
}

func (n *network) chainNames() (list []string) {
	for _, k := range n.chains {
		list = append(list, k.name)
	}
	return list
}

// called is the full name of what the chain calls by a name: "bob@b". On the main chain that is the name itself.
func (k *Chain) called(name string) string {
	if k == k.main() || strings.Contains(name, "@") {
		return name
	}
	return name + "@" + k.name
}

// find splits a full name into the chain and the name there.
func (k *Chain) find(name string) (*Chain, string) {
	k.t.Helper()
	at := strings.LastIndexByte(name, '@')
	if at < 0 || !k.isTree() {
		return k, name
	}
	return k.named(name[at+1:]), name[:at]
}

// committees are those of the network's chains, with their keys decoded. A signature that was found good is not checked again: in
// an exploration the same blocks are shown in a thousand orders.
type committees map[chain.Hash]*light.Committee

// Committee implements native.Committees, and block.Rules' too.
func (c committees) Committee(network chain.NetworkID, of chain.Committee) (*light.Committee, error) {
	hash := of.Hash()
	if known := c[hash]; known != nil && known.Network() == network {
		return known, nil
	}
	public := make([]keys.BLSPublicKey, len(of.Seats))
	for i := range of.Seats {
		public[i] = of.Seats[i].Key
	}
	all, err := keys.NewBLSKeys(public)
	if err != nil {
		return nil, fmt.Errorf("committee: %w", err)
	}
	made, err := light.NewCommitteeWith(network, of, &remembering{BLSKeys: all, good: map[string]bool{}})
	if err == nil {
		c[hash] = made
	}
	return made, err
}

// remembering checks signatures, each good one once.
type remembering struct {
	*keys.BLSKeys
	good map[string]bool
}

// Verify says what is wrong with a signature.
func (r *remembering) Verify(d keys.BLSDomain, signature keys.BLSSignature, signed ...keys.BLSSigned) error {
	key := fmt.Sprintf("%d %x %v", d, signature, signed)
	if r.good[key] {
		return nil
	}
	err := r.BLSKeys.Verify(d, signature, signed...)
	if err == nil {
		r.good[key] = true
	}
	return err
}

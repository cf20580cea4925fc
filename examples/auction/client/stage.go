package client

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/examples/auction/contract/protocol"
	"github.com/thinkey/thinkey/sdk/chain"
	sdk "github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/guest"
)

// People are the accounts that a network must have from the start.
var People = []string{"alice", "bob", "carol", "founder", "seller"}

// Purse is what each of them has.
const Purse = 100

// Modules are the contracts, as thinkey build makes them.
type Modules struct{ Collector, Auctioneer, Recorder, Bidder []byte }

// Places say on which chain everybody is, by name. Nil is a network of one chain.
type Places map[string]string

// Apart is an auction over a main chain and three others: collector and seller are on the main chain, the recorder on c, one auctioneer
// on a and one on b, and bidders on all of them.
var Apart = Places{
	"seller": "main", "collector": "main", "recorder": "c", "east": "a", "west": "b", "alice": "a", "bob": "b", "carol": "c", "agent": "c",
}

// of is the chain of somebody; "" where there is one.
func (p Places) of(name string) string { return p[name] }

// founder is who makes an account on a chain.
func (p Places) founder(of string) string {
	if p == nil {
		return "founder"
	}
	return "founder@" + p[of]
}

// stage is a network with an auction on it.
type stage struct {
	ctx    context.Context
	node   *sdk.Client
	out    io.Writer
	places Places

	seed   string
	chains map[string]chain.ID // by name; "" is the one of a network that has no other
	cast   []string            // names of the accounts that balances are shown of, in order
	at     map[string]chain.Address
	names  map[chain.Address]string
	agency chain.CodeHash // the bidder's code
}

// graceMillis is how long auctioneers are waited for behind the end of a sale. None is late here.
const graceMillis = 60_000

// gasOfTree suffices for every call here and all that follows; what isn't used comes back.
const gasOfTree = 20_000_000

// open publishes the modules and makes the accounts of the auction.
func open(ctx context.Context, node string, m Modules, places Places, out io.Writer) (*stage, error) {
	s := &stage{
		ctx: ctx, node: sdk.New(node), out: out, places: places,
		chains: make(map[string]chain.ID), at: make(map[string]chain.Address), names: make(map[chain.Address]string),
	}
	if err := s.look(node); err != nil {
		return nil, err
	}
	for _, name := range People {
		if name != "founder" {
			s.know(name, chain.KeyAddress(s.chains[places.of(name)], sdk.DevKey(s.seed, name).Public()))
		}
	}
	s.say("modules")
	hashes := make(map[string]chain.CodeHash)
	for _, c := range []struct {
		name  string
		users []string
		code  []byte
	}{
		{"collector", []string{"collector"}, m.Collector}, {"auctioneer", []string{"east", "west"}, m.Auctioneer},
		{"recorder", []string{"recorder"}, m.Recorder}, {"bidder", []string{"agent"}, m.Bidder},
	} {
		for _, on := range s.homes(c.users...) {
			var err error
			if hashes[c.name], err = s.publish(c.name, on, c.code); err != nil {
				return nil, fmt.Errorf("publish %s: %w", c.name, err)
			}
		}
	}
	if err := s.pass(chain.CodeDelay); err != nil {
		return nil, err
	}
	s.agency = hashes["bidder"]
	return s, s.found(hashes)
}

// look asks the network what it is.
func (s *stage) look(node string) error {
	about, err := s.node.Info(s.ctx)
	if err != nil {
		return err
	}
	want := "manual"
	if s.places != nil {
		want = "auto"
	}
	if about.Dev == nil || about.Pace != want {
		return fmt.Errorf("the node at %s is no development network with blocks on %s; start one with: thinkey dev --block %s", node, want, want)
	}
	s.seed, s.chains[""] = about.Dev.Seed, about.Chain
	list, err := s.node.Chains(s.ctx)
	if err != nil {
		return err
	}
	for _, c := range list.Chains {
		s.chains[c.Name] = c.Chain
	}
	for name, on := range s.places {
		if s.chains[on] == 0 {
			return fmt.Errorf("the network has no chain %s, where %s is to be: start it with: thinkey dev --chains 3", on, name)
		}
	}
	for _, on := range s.homes(slices.Sorted(maps.Keys(s.places))...) {
		name := "founder"
		if s.places != nil {
			name += "@" + on
		}
		s.know(name, chain.KeyAddress(s.chains[on], sdk.DevKey(s.seed, "founder").Public()))
	}
	return nil
}

// homes are the chains of some, each once.
func (s *stage) homes(names ...string) (list []string) {
	if s.places == nil {
		return []string{""}
	}
	for _, name := range names {
		if on := s.places.of(name); !slices.Contains(list, on) {
			list = append(list, on)
		}
	}
	slices.Sort(list)
	return list
}

// found makes the contracts' accounts. Each is told whom it may believe when it is made.
func (s *stage) found(code map[string]chain.CodeHash) error {
	s.say("\naccounts of the auction, made by founder")
	if err := s.deploy(s.places.founder("recorder"), "recorder", code["recorder"], guest.Encode(protocol.RecorderInit{Grace: graceMillis}), 0); err != nil {
		return err
	}
	recorder := guest.Address(s.at["recorder"])
	for _, name := range []string{"east", "west"} {
		if err := s.deploy(s.places.founder(name), name, code["auctioneer"], guest.Encode(protocol.AuctioneerInit{Recorder: recorder}), 0); err != nil {
			return err
		}
	}
	both := []guest.Address{guest.Address(s.at["east"]), guest.Address(s.at["west"])}
	in := guest.Encode(protocol.CollectorInit{Recorder: recorder, Auctioneers: both})
	return s.deploy(s.places.founder("collector"), "collector", code["collector"], in, 0)
}

func (s *stage) publish(name, on string, code []byte) (chain.CodeHash, error) {
	in := chain.PublishInput{Code: code}
	m, err := sdk.NewSigner(s.on(on), sdk.DevKey(s.seed, "founder")).Publish(s.ctx, in)
	if err != nil {
		return chain.CodeHash{}, err
	}
	t, err := s.submit(m)
	if err != nil {
		return chain.CodeHash{}, err
	}
	where := ""
	if on != "" {
		where = "  on chain " + on
	}
	s.say("  %-10s  %7d bytes  hash %s  gas %d%s", name, len(code), in.Hash().String()[:16]+"…", t.Root.GasUsed, where)
	return in.Hash(), wentWell(t)
}

// pass makes that many blocks on every chain. Where blocks are made when there is something for them, the founder pays itself.
func (s *stage) pass(blocks int) error {
	if s.places == nil {
		return s.node.Mine(s.ctx, blocks)
	}
	for range blocks {
		for _, on := range s.homes(slices.Sorted(maps.Keys(s.places))...) {
			m, err := s.signer("founder@"+on).Transfer(s.ctx, s.at["founder@"+on], chain.NewAmount(1))
			if err != nil {
				return err
			}
			if _, err := s.submit(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// deploy makes an account with code, known by its name from then on. The salt is the name.
func (s *stage) deploy(by, name string, code chain.CodeHash, input []byte, amount uint64) error {
	in := chain.DeployInput{Code: code, GasLimit: 1_000_000, Input: input}
	copy(in.Salt[:], name)
	s.know(name, chain.MadeAddress(s.at[by].Chain(), s.at[by], in.Salt, code))
	m, err := s.signer(by).Deploy(s.ctx, in, chain.NewAmount(amount))
	if err != nil {
		return err
	}
	t, err := s.submit(m)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", name, err)
	}
	s.say("  %-10s  %s%s", name, s.at[name], s.where(s.at[name]))
	return wentWell(t)
}

// where says on which chain an account is, if there are several.
func (s *stage) where(a chain.Address) string {
	for name, id := range s.chains { // any order: of a chain's two names the one that says something
		if s.places != nil && name != "" && id == a.Chain() {
			return "  on chain " + name
		}
	}
	return ""
}

// know gives an address a name.
func (s *stage) know(name string, a chain.Address) {
	s.cast, s.at[name], s.names[a] = append(s.cast, name), a, name
}

// on is the node as that of a chain.
func (s *stage) on(name string) *sdk.Client {
	if name == "" {
		return s.node
	}
	return s.node.On(name)
}

// signer signs with somebody's key, on the chain where that account is.
func (s *stage) signer(name string) *sdk.Signer {
	key, on, _ := strings.Cut(name, "@")
	if on == "" {
		on = s.places.of(name)
	}
	return sdk.NewSigner(s.on(on), sdk.DevKey(s.seed, key))
}

// call lets an account of a key send a message of the protocol, in a block of its own.
func (s *stage) call(by string, m guest.Message) (*sdk.Trace, error) {
	amount, err := chain.ParseAmount(m.Amount.String())
	if err != nil {
		return nil, err
	}
	in := chain.CallInput{To: chain.Address(m.To), Method: m.Method, Input: m.Input, GasLimit: gasOfTree}
	signed, err := s.signer(by).Call(s.ctx, in, amount)
	if err != nil {
		return nil, err
	}
	return s.submit(signed)
}

// submit hands a message to the node, sees to it that it is processed with all that it leads to, and is the tree of that.
func (s *stage) submit(m *chain.Message) (*sdk.Trace, error) {
	if _, err := s.node.Submit(s.ctx, m); err != nil {
		return nil, err
	}
	var err error
	if s.places == nil {
		err = s.node.Mine(s.ctx, 1)
	} else {
		err = s.node.Follow(s.ctx, m.ID(), func(sdk.Progress) error { return nil })
	}
	if err != nil {
		return nil, err
	}
	t, err := s.node.Trace(s.ctx, m.ID())
	if err == nil && !t.Complete {
		err = fmt.Errorf("the tree of message %s is not complete", m.ID())
	}
	return &t, err
}

// lot is the kitten in its first sale.
func (s *stage) lot(kitten string) protocol.Lot {
	return protocol.Lot{Collector: guest.Address(s.at["collector"]), Kitten: kitten, Round: 1}
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// wentWell is the first failure in a tree.
func wentWell(t *sdk.Trace) (err error) {
	t.Walk(func(n *sdk.TraceNode, _ int) {
		if n.Status != chain.StatusOK && err == nil {
			err = fmt.Errorf("message %s: %s: %s", n.Method, n.Status, n.Reason)
		}
	})
	return err
}

package client

import (
	"context"
	"fmt"
	"io"

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

// stage is a network with an auction on it.
type stage struct {
	ctx  context.Context
	node *sdk.Client
	out  io.Writer

	seed   string
	chain  chain.ID
	cast   []string // names of the accounts that balances are shown of, in order
	at     map[string]chain.Address
	names  map[chain.Address]string
	agency chain.CodeHash // the bidder's code
}

// graceMillis is how long auctioneers are waited for behind the end of a sale. None is late here.
const graceMillis = 60_000

// gasOfTree suffices for every call here and all that follows; what isn't used comes back.
const gasOfTree = 20_000_000

// open publishes the modules and makes the accounts of the auction.
func open(ctx context.Context, node string, m Modules, out io.Writer) (*stage, error) {
	s := &stage{ctx: ctx, node: sdk.New(node), out: out, at: make(map[string]chain.Address), names: make(map[chain.Address]string)}
	about, err := s.node.Info(ctx)
	if err != nil {
		return nil, err
	}
	if about.Dev == nil || about.Pace != "manual" {
		return nil, fmt.Errorf("the node at %s is no development network with blocks on demand; start one with: thinkey dev --block manual", node)
	}
	s.seed, s.chain = about.Dev.Seed, about.Chain
	for _, name := range People {
		s.know(name, chain.KeyAddress(s.chain, sdk.DevKey(s.seed, name).Public()))
	}
	s.say("modules")
	hashes := make(map[string]chain.CodeHash)
	for _, c := range []struct {
		name string
		code []byte
	}{{"collector", m.Collector}, {"auctioneer", m.Auctioneer}, {"recorder", m.Recorder}, {"bidder", m.Bidder}} {
		if hashes[c.name], err = s.publish(c.name, c.code); err != nil {
			return nil, fmt.Errorf("publish %s: %w", c.name, err)
		}
	}
	if err := s.node.Mine(ctx, chain.CodeDelay); err != nil {
		return nil, err
	}
	s.agency = hashes["bidder"]
	return s, s.found(hashes)
}

// found makes the contracts' accounts. Each is told whom it may believe when it is made.
func (s *stage) found(code map[string]chain.CodeHash) error {
	s.say("\naccounts of the auction, made by founder")
	if err := s.deploy("founder", "recorder", code["recorder"], guest.Encode(protocol.RecorderInit{Grace: graceMillis}), 0); err != nil {
		return err
	}
	recorder := guest.Address(s.at["recorder"])
	for _, name := range []string{"east", "west"} {
		if err := s.deploy("founder", name, code["auctioneer"], guest.Encode(protocol.AuctioneerInit{Recorder: recorder}), 0); err != nil {
			return err
		}
	}
	both := []guest.Address{guest.Address(s.at["east"]), guest.Address(s.at["west"])}
	return s.deploy("founder", "collector", code["collector"], guest.Encode(protocol.CollectorInit{Recorder: recorder, Auctioneers: both}), 0)
}

func (s *stage) publish(name string, code []byte) (chain.CodeHash, error) {
	in := chain.PublishInput{Code: code}
	m, err := s.signer("founder").Publish(s.ctx, in)
	if err != nil {
		return chain.CodeHash{}, err
	}
	t, err := s.submit(m)
	if err != nil {
		return chain.CodeHash{}, err
	}
	s.say("  %-10s  %7d bytes  hash %s  gas %d", name, len(code), in.Hash().String()[:16]+"…", t.Root.GasUsed)
	return in.Hash(), wentWell(t)
}

// deploy makes an account with code, known by its name from then on. The salt is the name.
func (s *stage) deploy(by, name string, code chain.CodeHash, input []byte, amount uint64) error {
	in := chain.DeployInput{Code: code, GasLimit: 1_000_000, Input: input}
	copy(in.Salt[:], name)
	s.know(name, chain.MadeAddress(s.chain, s.at[by], in.Salt, code))
	m, err := s.signer(by).Deploy(s.ctx, in, chain.NewAmount(amount))
	if err != nil {
		return err
	}
	t, err := s.submit(m)
	if err != nil {
		return fmt.Errorf("deploy %s: %w", name, err)
	}
	s.say("  %-10s  %s", name, s.at[name])
	return wentWell(t)
}

// know gives an address a name.
func (s *stage) know(name string, a chain.Address) {
	s.cast, s.at[name], s.names[a] = append(s.cast, name), a, name
}

func (s *stage) signer(name string) *sdk.Signer {
	return sdk.NewSigner(s.node, sdk.DevKey(s.seed, name))
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

// submit hands a message to the node, makes a block, and is the tree that came of it.
func (s *stage) submit(m *chain.Message) (*sdk.Trace, error) {
	if _, err := s.node.Submit(s.ctx, m); err != nil {
		return nil, err
	}
	if err := s.node.Mine(s.ctx, 1); err != nil {
		return nil, err
	}
	t, err := s.node.Trace(s.ctx, m.ID())
	if err == nil && !t.Complete {
		err = fmt.Errorf("the tree of message %s is not complete after a block", m.ID())
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

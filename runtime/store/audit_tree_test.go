package store_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// treeOf is the genesis of a tree: chains 2 and 3 under the main chain, 4 under 2, a validator each, accounts with money on all.
func treeOf(t *testing.T) *chain.Genesis {
	t.Helper()
	on := func(id, under chain.ID) chain.Genesis {
		g := chain.Genesis{Name: fmt.Sprint("tree ", id), Chain: id, Under: under, TimeMillis: 1, Params: chain.DefaultParams()}
		public, secret := seat(id)
		g.Committee = chain.Committee{Chain: id, Seed: chain.Hash{1}}
		g.AddSeat(public, secret)
		for n := range byte(4) {
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: chain.KeyAddress(id, payer(n).Public()), Balance: chain.NewAmount(1_000_000)})
		}
		slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return a.Address.Compare(b.Address) })
		return g
	}
	g := on(chain.Main, 0)
	g.Chains = []chain.Genesis{on(2, 1), on(3, 1), on(4, 2)}
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	return &g
}

func seat(id chain.ID) (keys.PublicKey, keys.BLSSecret) {
	return keys.FromSeed([32]byte{1, byte(id)}).Public(), keys.BLSFromSeed([32]byte{1, byte(id)})
}

// payer is the key of account n on every chain; that of account 0 pays for digests.
func payer(n byte) keys.PrivateKey { return keys.FromSeed([32]byte{2, n}) }

func carrier() *keys.PrivateKey {
	key := payer(0)
	return &key
}

// runTree lets the chains of a tree, all in one directory, run while f pays. Without a carrier no digest goes up.
func runTree(t *testing.T, g *chain.Genesis, dir string, carrier *keys.PrivateKey, f func(p *node.Process)) {
	t.Helper()
	c := node.Defaults()
	c.Dir, c.Pace, c.Log, c.CacheBytes = dir, node.Pace{}, slog.New(slog.DiscardHandler), 8<<20
	c.Fatal = func(err error) { t.Errorf("node failed: %v", err) }
	c.Workers, c.Heartbeat = 1, time.Hour
	p, err := node.OpenProcess(node.ProcessConfig{Config: c, Network: g, Carrier: carrier, Seat: func(id chain.ID) *node.Member {
		public, secret := seat(id)
		s := node.NewSwitch()
		t.Cleanup(s.Close)
		return &node.Member{Node: public, Secret: secret, Net: s.Port(public), Founding: true}
	}})
	if err != nil {
		t.Fatal(err)
	}
	f(p)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// payAcross sends money from account n on one chain to account 2 on another, and returns its message and what crosses.
func payAcross(t *testing.T, p *node.Process, g *chain.Genesis, from chain.ID, n byte, to chain.ID, amount, nonce uint64) (paid, crosses chain.MessageID) {
	t.Helper()
	sender, receiver := chain.KeyAddress(from, payer(n).Public()), chain.KeyAddress(to, payer(2).Public())
	x := &chain.Message{
		Network: g.Network(), Kind: chain.External, From: sender, To: sender, Payer: sender, Nonce: nonce, ValidUntil: 1_000_000,
		Amount: chain.NewAmount(amount), Method: chain.MethodTransfer, Input: chain.TransferInput{To: receiver}.Encode(),
	}
	x.GasLimit = exec.TransferGas(x)
	x.Sign(payer(n))
	if a := p.Node(from).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	return x.ID(), (&chain.Sent{To: receiver, Method: chain.MethodAdd, Amount: x.Amount, GasLimit: gas.Add}).Relay(sender, x, 0).ID()
}

// arrives waits until a message was processed on a chain.
func arrives(t *testing.T, p *node.Process, id chain.ID, message chain.MessageID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	n := p.Node(id)
	for {
		height := n.Head().Header.Height
		if m, err := n.Message(message); err == nil && m.Final != nil {
			return
		}
		if err := n.AwaitAbove(ctx, height); err != nil {
			t.Fatalf("message %s is not on chain %d: %v", message, id, err)
		}
	}
}

// allToAll pays from every chain of treeOf to every other, and waits for all.
func allToAll(t *testing.T, p *node.Process, g *chain.Genesis, nonce uint64) {
	t.Helper()
	type awaited struct {
		to chain.ID
		id chain.MessageID
	}
	var list []awaited
	for from := chain.ID(1); from <= 4; from++ {
		next := nonce
		for to := chain.ID(1); to <= 4; to++ {
			if from != to {
				_, crosses := payAcross(t, p, g, from, 1, to, 7, next)
				list = append(list, awaited{to, crosses})
				next++
			}
		}
	}
	for _, a := range list {
		arrives(t, p, a.to, a.id)
	}
}

// auditTree audits one chain of a store.
func auditTree(t *testing.T, s *store.Store, id chain.ID) audit.Report {
	t.Helper()
	r, err := audit.Run(context.Background(), audit.Options{Store: s, Chain: id})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keyOf is the last key of chain 1 that is described so.
func (p *planted) keyOf(words string) []byte { p.t.Helper(); return p.keyOn(chain.Main, words) }

func (p *planted) keyOn(id chain.ID, words string) (key []byte) {
	p.t.Helper()
	for _, k := range p.Keys(id) {
		if strings.Contains(store.Describe(k), words) {
			key = k
		}
	}
	if key == nil {
		p.t.Fatalf("no key is %q", words)
	}
	return key
}

// flip changes a bit of the value under a key.
func (p *planted) flip(key []byte) {
	p.t.Helper()
	value := bytes.Clone(p.value(key))
	value[len(value)/2] ^= 1
	p.put(key, value)
}

// another puts the value under a key under one that differs in its last byte.
func (p *planted) another(key []byte) {
	p.t.Helper()
	other := bytes.Clone(key)
	other[len(other)-1] ^= 0x80
	p.put(other, p.value(key))
}

// outboxOf changes an outbox that is kept.
func (p *planted) outboxOf(change func([]block.Outgoing) []block.Outgoing) {
	p.t.Helper()
	key := p.keyOf("outbox of block")
	list, err := block.DecodeOutbox(p.value(key))
	p.must(err)
	p.put(key, block.EncodeOutbox(change(list)))
}

// last adds one to the last byte of an entry of the chain's own.
func last(value []byte) []byte {
	value[len(value)-1]++
	return value
}

var treeRows = []corruption{
	{"number in an outbox", func(p *planted) {
		p.outboxOf(func(list []block.Outgoing) []block.Outgoing { list[0].Number++; return list })
	}, []string{audit.Outboxes}, says("place 0 of its outbox is kept as message")},
	{"amount in an outbox", func(p *planted) {
		p.outboxOf(func(list []block.Outgoing) []block.Outgoing {
			m := list[0].Message.Clone()
			more(&m.Amount, 1)
			list[0].Message = m.Seal()
			return list
		})
	}, []string{audit.Outboxes}, says("and the header says")},
	{"relay too many in an outbox", func(p *planted) {
		p.outboxOf(func(list []block.Outgoing) []block.Outgoing { return append(list, list[0]) })
	}, []string{audit.Outboxes}, says("relays, and")},
	{"outbox that does not decode", func(p *planted) { p.put(p.keyOf("outbox of block"), []byte{9}) }, []string{audit.Outboxes}, says("its outbox: ")},
	{"lost outbox", func(p *planted) { p.lose(p.keyOf("outbox of block")) }, []string{audit.Outboxes}, says("its outbox is missing")},
	{"outbox of a block that has none", func(p *planted) {
		p.put(store.PartKey('o', 0), p.value(p.keyOf("outbox of block")))
	}, []string{audit.Outboxes}, says("block 0")},
	{"empty outbox", func(p *planted) { p.put(store.PartKey('o', 0), nil) }, []string{audit.Outboxes}, says("holds nothing")},
	{"departure from elsewhere", func(p *planted) {
		p.put(p.keyOf("departure"), store.PlaceValue(store.Place{Height: 1}))
	}, []string{audit.Departures}, says("is said to stand in block 1 at place 0")},
	{"lost departure", func(p *planted) { p.lose(p.keyOf("departure")) }, []string{audit.Departures}, says("is not kept")},
	{"departure of nothing", func(p *planted) { p.another(p.keyOf("departure")) }, []string{audit.Departures}, says("1 departures about chain 4 are kept that no block made")},
	{"node of the chain's blocks", func(p *planted) { p.flip(p.keyOf("accumulator node, list 1,")) }, []string{audit.Accumulators}, says("list of chain 1's blocks is kept as")},
	{"node of a child's blocks", func(p *planted) { p.flip(p.keyOf("accumulator node, list 2,")) }, []string{audit.Accumulators}, says("list of chain 2's blocks is kept as")},
	{"lost node", func(p *planted) { p.lose(p.keyOf("accumulator node, list 3,")) }, []string{audit.Accumulators}, says("is not kept")},
	{"node of nothing", func(p *planted) { p.another(p.keyOf("accumulator node, list 3,")) }, []string{audit.Accumulators}, says("chain 3 are kept that no block made")},
	{"proof of what is recorded", func(p *planted) { p.flip(p.keyOf("proof 1 of chain 2")) }, []string{audit.Proofs}, says("proof 1 about chain 2")},
	{"proof of how many are", func(p *planted) { p.flip(p.keyOf("proof 2 of chain 2")) }, []string{audit.Proofs}, says("proof 2 about chain 2")},
	{"proof of what is expected", func(p *planted) { p.flip(p.keyOf("proof 3 of chain 4")) }, []string{audit.Proofs}, says("proof 3 about chain 4")},
	{"lost proof", func(p *planted) { p.lose(p.keyOf("proof 3 of chain 4")) }, []string{audit.Proofs}, says("is not kept")},
	{"proof of nothing", func(p *planted) { p.another(p.keyOf("proof 3 of chain 4")) }, []string{audit.Proofs}, says("chain 4 are kept that no block made")},
	{"damaged proof", func(p *planted) { p.spoil(p.keyOf("proof 3 of chain 4")) }, []string{audit.Checksums}, says("damaged: chain 1")},
	{"damaged departure", func(p *planted) { p.spoil(p.keyOf("departure")) }, []string{audit.Checksums}, says("damaged: chain 1")},
	{"damaged node", func(p *planted) { p.spoil(p.keyOf("accumulator node")) }, []string{audit.Checksums}, says("damaged: chain 1")},
	{"damaged outbox", func(p *planted) { p.spoil(p.keyOf("outbox of block")) }, []string{audit.Checksums}, says("damaged: chain 1")},
	{"number expected from a chain", func(p *planted) { p.own(chain.InKey(2), last) }, inState, says("the chain's entry in/2")},
	{"number of the next relay", func(p *planted) { p.own(chain.OutKey(2), last) }, inState, says("the chain's entry out/2")},
	{"value that a branch brought", func(p *planted) { p.own(chain.TakenKey(2), last) }, inState, says("the chain's entry taken/2")},
	{"value that is held", func(p *planted) { p.own(chain.KeyHeld, last) }, inMoney, says(`the chain's entry "held"`)},
	{"value that was sent", func(p *planted) { p.own(chain.SentKey(4), last) }, inState, says("the chain's entry sent/4")},
	{"value that entered a branch", func(p *planted) { p.own(chain.EnteredKey(2), last) }, inState, says("the chain's entry entered/2")},
	{"history", func(p *planted) { p.own(chain.KeyHistory, last) }, inState, says(`"history"`)},
	{"number that is none", func(p *planted) { p.entry(system, chain.InKey(3), nil) }, inState, says("the chain's entry in/3: it is empty")},
	{"full of nothing", func(p *planted) { p.entry(system, chain.KeyFull, nil) }, inState, says(`"full": it is empty`)},
	{"chain that there is not", func(p *planted) { p.entry(system, chain.InKey(0), chain.EncodeNumber(1)) }, inState, says("no such entry")},
	{"view that does not decode", func(p *planted) { p.entry(system, chain.ViewKey(3), []byte{9}) }, inState, says("the chain's entry view/3")},
	{"storage of a system actor", func(p *planted) {
		p.entry(chain.DigestsAddress(chain.Main), "more", []byte{1})
	}, append([]string{audit.EntryIndex}, inState...), says(`lacks the entry "more"`)},
	{"money of a system actor", func(p *planted) {
		key := store.SlotKey(exec.Slot{Account: chain.DigestsAddress(chain.Main)})
		a, err := chain.DecodeAccount(p.value(key))
		p.must(err)
		more(&a.Balance, 1)
		p.put(key, a.Encode())
	}, inMoney, says(chain.DigestsAddress(chain.Main).String())},
}

// TestAuditOfTree: nothing is found in what the chains of a tree left, and each thing that is wrong in what they keep for each
// other is.
func TestAuditOfTree(t *testing.T) {
	g, dir := treeOf(t), t.TempDir()
	runTree(t, g, dir, carrier(), func(p *node.Process) { allToAll(t, p, g, 0) })
	s := openStore(t, dir)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for id := chain.ID(1); id <= 4; id++ {
		r := auditTree(t, s, id)
		if !r.OK() || r.Imported.IsZero() || r.Exported.IsZero() || r.Chain != id {
			t.Fatalf("chain %d: %s", id, words(t, &r))
		}
		for _, name := range []string{audit.Outboxes, audit.Departures, audit.Accumulators, audit.Proofs, audit.Certificates} {
			if r.Check(name).Looked == 0 {
				t.Errorf("chain %d: %s looked at nothing", id, name)
			}
		}
		for h := uint64(1); h <= r.Height; h++ {
			if r, err := audit.Replay(context.Background(), audit.Options{Store: s, Chain: id}, h); err != nil || !r.OK() {
				t.Fatalf("chain %d, block %d: %v %s", id, h, err, words(t, r))
			}
		}
	}
	p := &planted{&ledger{t: t, store: s}, store.Planter{Store: s}, map[string][]byte{}}
	for _, row := range treeRows {
		t.Run(row.name, func(t *testing.T) {
			p.ledger.t = t
			row.plant(p)
			r := auditTree(t, s, chain.Main)
			if want := slices.Sorted(slices.Values(row.fails)); r.OK() || !slices.Equal(failed(&r), want) {
				t.Errorf("failed: %q, expected %q\n%s", failed(&r), want, words(t, findings(&r)))
			}
			if c := r.Check(row.fails[0]); !slices.ContainsFunc(c.Findings, func(f audit.Finding) bool { return strings.Contains(f.Words, row.says(p)) }) {
				t.Errorf("no finding of %q says %q\n%s", c.Name, row.says(p), words(t, c.Findings))
			}
			p.restore()
		})
	}
	if r := auditTree(t, s, chain.Main); !r.OK() {
		t.Fatalf("put back: %s", words(t, findings(&r)))
	}
}

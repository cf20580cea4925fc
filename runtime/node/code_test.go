package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/runtime/audit"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

const rich = 1 << 44

// priced is a genesis whose network takes gas and deposits.
func priced(accounts ...byte) *chain.Genesis {
	g := testGenesis(rich, accounts...)
	g.Params.MinGasPrice, g.Params.DepositPerAccount, g.Params.DepositPerByte = 1, 5000, 10
	return g
}

// openPair opens two nodes on directories.
func openPair(t *testing.T, g *chain.Genesis, maker, taker string) (*pairOf, [2]*fake) {
	c, f := withCode(testConfig(t, g, maker, Pace{Manual: true}), nil)
	d, e := withCode(testConfig(t, g, taker, Pace{Manual: true}), nil)
	return &pairOf{t, open(t, c), open(t, d)}, [2]*fake{f, e}
}

func (p *pairOf) close() {
	closeNode(p.t, p.maker)
	closeNode(p.t, p.taker)
}

// wants compares what came of a block.
func (p *pairOf) wants(got string, want ...string) {
	p.t.Helper()
	if got != strings.Join(sorted(want), "\n") {
		p.t.Fatalf("block %d:\n%s\nwant\n%s", p.maker.Head().Header.Height, got, strings.Join(sorted(want), "\n"))
	}
}

// The life of code: published, callable two blocks later and not one earlier, deployed, called, refusing, replaced, asked;
// and the same after both nodes were closed and opened again. The second node has seen nothing but blocks.
func TestLifeOfCode(t *testing.T) {
	dirs := [2]string{t.TempDir(), t.TempDir()}
	p, engines := openPair(t, priced(1, 2, 3), dirs[0], dirs[1])
	n := p.maker
	one, two := module("tally", "one", 70_000), module("tally", "two", 0)
	stone := module("stone", "for good", 0)
	stone.Immutable = true
	p.wants(p.block(publishing(n, 1, 0, one), publishing(n, 2, 0, two), publishing(n, 3, 0, stone)), "1 publish: ok", "2 publish: ok", "3 publish: ok")
	early, _ := deploying(n, 1, 1, one.Hash(), 1)
	p.wants(p.block(early), "1 deploy: ok", "made init: not yet possible", "1 bounce: ok")
	deploy, made := deploying(n, 1, 2, one.Hash(), 1)
	p.wants(p.block(deploy), "1 deploy: ok", "made init: ok")
	again, _ := deploying(n, 1, 3, one.Hash(), 1)
	p.wants(p.block(again), "1 deploy: ok", "made init: account exists", "1 bounce: ok")
	p.wants(p.block(calling(n, 2, 1, 0, made, "put", "b"), calling(n, 1, 4, 0, made, "put", "a"), calling(n, 3, 1, 0, made, "no", "")),
		"1 call: ok", "2 call: ok", "3 call: ok", "made put: ok", "made put: ok", "made no: refused", "3 bounce: ok")
	if got := p.answers(made, "count", ""); got != "2 at 5" {
		t.Errorf("asked for its count, it says %q", got)
	}
	for _, q := range []struct{ method, input, want string }{
		{"count", "a", "1 at 5"}, {"count", "zz", "0 at 5"}, {"put", "c", "refused: a view can't write"},
	} {
		if got := p.answers(made, q.method, q.input); got != q.want {
			t.Errorf("%s %q: %q, want %q", q.method, q.input, got, q.want)
		}
	}
	paid := testAddress(9)
	p.wants(p.block(calling(n, 1, 5, 30, made, "pay", string(paid[:]))), "1 call: ok", "made pay: ok", "9 add: ok")

	p.close() // what follows has everything from disk
	for i, f := range engines {
		if len(f.prepared) != 3 || f.prepared[one.Hash()] != 1 || !f.closed {
			t.Errorf("engine %d: prepared %v, closed %t", i, f.prepared, f.closed)
		}
	}
	p, engines = openPair(t, nil, dirs[0], dirs[1])
	n = p.maker
	if got := p.answers(made, "count", ""); got != "2 at 6" {
		t.Errorf("after opening again it says %q", got)
	}
	kept, err := n.Code(one.Hash())
	if err != nil || string(kept.Module) != string(one.Code) || kept.Entry != (chain.CodeEntry{Height: 1, Bytes: 70_000, Load: 1_000, Ran: 1}) {
		t.Errorf("code: %+v, %v", kept.Entry, err)
	}
	p.replacing(made, two.Hash(), stone.Hash())
	p.wants(p.block(calling(n, 1, 6, 0, made, "drop", ""), calling(n, 1, 7, 0, made, "put", "d")), "1 call: ok", "1 call: ok", "made drop: ok", "made put: ok")
	if got := p.answers(made, "count", ""); !strings.HasPrefix(got, "1 at ") {
		t.Errorf("after drop: %q", got)
	}
	if lines := n.Logs(); len(lines) != 2 || lines[1].Account != made || lines[1].Text != `put "d" at 12` || lines[1].Height != 12 {
		t.Errorf("logs %+v", lines)
	} else if of := n.LogsOf(lines[1].Message); len(of) != 1 || of[0] != lines[1].Text {
		t.Errorf("logs of the message: %q", of)
	}
	if len(engines[0].prepared) != 0 {
		t.Error("what was published long ago was prepared at the start")
	}
	p.close()
	for _, dir := range dirs {
		auditCode(t, dir)
	}
}

// replacing gives accounts other code: by setcode, by their own handler; what is immutable stays.
func (p *pairOf) replacing(made chain.Address, two, stone chain.CodeHash) {
	p.t.Helper()
	n := p.maker
	set := func(from byte, nonce uint64, h chain.CodeHash) *chain.Message {
		return command(n, from, nonce, 0, chain.MethodSetCode, chain.SetCodeInput{Code: h}.Encode())
	}
	code := func(a chain.Address) chain.CodeHash {
		at, err := n.Account(a)
		if err != nil {
			p.t.Fatal(err)
		}
		return at.Account.Code
	}
	p.wants(p.block(calling(n, 2, 2, 0, made, "replace", string(two[:]))), "2 call: ok", "made replace: ok")
	if code(made) != two {
		p.t.Errorf("made has code %s", code(made))
	}
	unknown := calling(n, 2, 3, 0, made, "replace", string(make([]byte, 31))+"x")
	p.wants(p.block(unknown, set(3, 2, two)), "2 call: ok", "made replace: no code", "2 bounce: ok", "3 setcode: ok")
	// Account 3 has code now, and is still controlled by its key: a method that is no command is its code's.
	p.wants(p.block(command(n, 3, 3, 0, "put", []byte("own")), command(n, 3, 4, 0, "nothing", nil), calling(n, 3, 5, 9, made, "no", "")),
		"3 put: ok", "3 nothing: refused", "3 call: ok", "made no: refused", "3 bounce: ok")
	if a := n.Submit([][]byte{command(n, 2, 4, 0, "put", nil).Encode()})[0]; refusalCode(a.Refused) != ingress.CodeUnknownMethod {
		p.t.Errorf("a method at an account without code: %v", a.Refused)
	}
	p.wants(p.block(set(3, 6, stone)), "3 setcode: ok")
	p.wants(p.block(set(3, 7, two), command(n, 3, 8, 0, "replace", two[:])), "3 setcode: refused", "3 replace: refused")
	if at, err := n.Account(testAddress(3)); err != nil || at.Account.Code != stone || !at.Account.Immutable {
		p.t.Errorf("account 3 is %+v, %v", at.Account, err)
	}
	if got := p.answers(testAddress(3), "count", "own"); !strings.HasPrefix(got, "1 at ") {
		p.t.Errorf("account 3 says %q", got)
	}
	if got := p.answers(testAddress(2), "count", ""); !strings.HasPrefix(got, "no code: ") {
		p.t.Errorf("account 2, without code, says %q", got)
	}
	if got := p.answers(testAddress(15), "count", ""); !strings.HasPrefix(got, "no such account: ") {
		p.t.Errorf("account 15, which isn't there, says %q", got)
	}
}

// auditCode audits what a node left (I1 to I10).
func auditCode(t *testing.T, dir string) {
	t.Helper()
	_, f := withCode(Config{}, nil)
	r, err := audit.Run(context.Background(), audit.Options{Dir: dir, CacheBytes: 8 << 20,
		Engine: func(source func(chain.CodeHash) ([]byte, error)) (audit.Engine, error) { return f.open(source) }})
	if err != nil || !r.OK() {
		t.Errorf("%v", err)
		for _, c := range r.Checks {
			if c.Result != audit.OK {
				t.Errorf("%s: %+v", c.Name, c)
			}
		}
	}
	if !f.closed {
		t.Error("the audit left its engine open")
	}
}

// Code that is published twice is published once, in one block or in several: the entry says when that was.
func TestPublishedTwice(t *testing.T) {
	dirs := [2]string{t.TempDir(), t.TempDir()}
	p, engines := openPair(t, priced(1, 2, 3), dirs[0], dirs[1])
	n := p.maker
	in := module("tally", "twice", 500)
	for range 3 { // what waits is answered as before, and validated once
		if a := n.Submit([][]byte{publishing(n, 1, 0, in).Encode()})[0]; a.Refused != nil || engines[0].validated.Load() != 1 {
			t.Errorf("%v, validated %d times", a.Refused, engines[0].validated.Load())
		}
	}
	p.wants(p.block(publishing(n, 2, 0, in)), "1 publish: ok", "2 publish: ok")
	late := publishing(n, 3, 0, in)
	if a := n.Submit([][]byte{late.Encode()})[0]; refusalCode(a.Refused) != ingress.CodePublished {
		t.Errorf("published already: %v", a.Refused)
	}
	if err := n.host.Offer(n.nextContext(), []*chain.Message{late})[0]; err != nil { // past the door
		t.Fatal(err)
	}
	p.wants(p.block(), "3 publish: ok")
	for i, at := range []*Node{p.maker, p.taker} {
		if code, err := at.Code(in.Hash()); err != nil || code.Entry.Height != 1 || engines[i].prepared[in.Hash()] != 1 {
			t.Errorf("node %d: %+v, %v, prepared %v", i, code.Entry, err, engines[i].prepared)
		}
	}
	if _, err := n.Code(chain.CodeHash{1}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("code that nobody published: %v", err)
	}
	deploy, _ := deploying(n, 1, 1, in.Hash(), 0)
	p.wants(p.block(deploy), "1 deploy: ok", "made init: ok") // two blocks after the first
	p.close()
	auditCode(t, dirs[0])
	auditCode(t, dirs[1])
}

// A block full of the largest publications keeps to the chain's bytes, however few these are; what doesn't fit waits.
func TestLargestPublications(t *testing.T) {
	for bytes, publishers := range map[uint32]byte{chain.MinBlockBytes: 3, chain.MaxBlockBytes: 8} {
		g := priced(1, 2, 3, 4, 5, 6, 7, 8)
		g.Params.BlockBytes = bytes
		dirs := [2]string{t.TempDir(), t.TempDir()}
		p, _ := openPair(t, g, dirs[0], dirs[1])
		var messages []*chain.Message
		for from := byte(1); from <= publishers; from++ {
			in := module("tally", string('a'+rune(from)), chain.MaxCodeBytes)
			messages = append(messages, publishing(p.maker, from, 0, in))
		}
		perBlock := int(block.GasBudget(g.Params) / messages[0].GasLimit)
		left := len(messages)
		for got := p.block(messages...); left > 0; got = p.block() {
			h := p.maker.Head().Header
			raw, err := p.maker.RawBlock(h.Height)
			done := strings.Count(got, "publish: ok")
			if err != nil || len(raw) > int(bytes) || done != min(perBlock, left) || done != strings.Count(got, "publish") {
				t.Fatalf("block %d of %d bytes, at most %d: %s, %v", h.Height, len(raw), bytes, got, err)
			}
			left -= done
		}
		if w := p.maker.Waiting(); w != 0 {
			t.Errorf("%d wait", w)
		}
		p.close()
		auditCode(t, dirs[1])
	}
}

// The mempool takes no more publications than it has room for, and few of one account.
func TestMempoolOfPublications(t *testing.T) {
	var who []byte
	for n := range byte(20) {
		who = append(who, n+1)
	}
	p, _ := openPair(t, priced(who...), "", "")
	defer p.close()
	taken, full := 0, 0
	for _, from := range who {
		for nonce := range uint64(3) {
			in := module("tally", string(rune('a'+from))+string(rune('a'+byte(nonce))), chain.MaxCodeBytes)
			a := p.maker.Submit([][]byte{publishing(p.maker, from, nonce, in).Encode()})[0]
			switch code := refusalCode(a.Refused); {
			case a.Refused == nil && nonce < 2:
				taken++
			case a.Refused != nil && strings.Contains(a.Refused.Error(), "try again") && (code == "lane_full" && nonce == 2 || code == "busy"):
				full++
			default:
				t.Fatalf("account %d, nonce %d: %v", from, nonce, a.Refused)
			}
		}
	}
	if bytes := taken * chain.MaxCodeBytes; bytes > 64<<20 || bytes < 56<<20 {
		t.Errorf("%d publications of %d bytes are taken", taken, bytes)
	}
}

// Views have their own slots: they wait for none of the producer's and keep it waiting for nothing, and see the state that
// was final when they began, whatever is made final meanwhile.
func TestViewsBesideBlocks(t *testing.T) {
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	slow := func(env *exec.Env, entry string) error {
		if !env.View() {
			return tally(env, entry)
		}
		begun <- struct{}{}
		<-goOn
		return count(env)
	}
	c, _ := withCode(testConfig(t, priced(1), "", Pace{Manual: true}), map[string]func(*exec.Env, string) error{"slow": slow})
	c.Queries, c.QueryGas = 2, 1_000_000
	d, _ := withCode(testConfig(t, c.Genesis, "", Pace{Manual: true}), map[string]func(*exec.Env, string) error{"slow": slow})
	p := &pairOf{t, open(t, c), open(t, d)}
	defer closeNode(t, p.taker)
	n := p.maker
	in := module("slow", "", 0)
	p.block(publishing(n, 1, 0, in))
	p.block()
	deploy, made := deploying(n, 1, 1, in.Hash(), 0)
	p.block(deploy)
	answers := make(chan string, 100)
	ask := func(ctx context.Context) {
		a, _, err := n.Query(ctx, made, exec.Question{Method: "count"})
		if err != nil {
			answers <- err.Error()
		} else {
			answers <- string(a.Output)
		}
	}
	for range 2 {
		go ask(t.Context())
	}
	for range 2 {
		<-begun
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if ask(ctx); <-answers != context.Canceled.Error() {
		t.Error("a third one runs")
	}
	for nonce := range uint64(3) {
		p.block(calling(n, 1, 2+nonce, 0, made, "put", string(rune('a'+nonce))))
	}
	close(goOn)
	for range 2 {
		if got := <-answers; got != "0 at 3" {
			t.Errorf("begun at height 3, it says %q", got)
		}
	}
	if got := p.answers(made, "count", ""); got != "3 at 6" {
		t.Errorf("begun at height 6, it says %q", got)
	}
	p.questionable(made)
	closeNode(t, n)
	if ask(t.Context()); <-answers != ErrStopped.Error() {
		t.Error("a closed node answers")
	}
}

// questionable are questions that a node with 1,000,000 gas for each refuses.
func (p *pairOf) questionable(made chain.Address) {
	p.t.Helper()
	elsewhere := made
	elsewhere[3]++
	for _, x := range []struct {
		address chain.Address
		q       exec.Question
		want    error
	}{
		{elsewhere, exec.Question{Method: "count"}, store.ErrNotFound},
		{made, exec.Question{}, ErrQuestion},
		{made, exec.Question{Method: strings.Repeat("m", chain.MaxMethodBytes+1)}, ErrQuestion},
		{made, exec.Question{Method: "count", Input: make([]byte, chain.MaxInputBytes+1)}, ErrQuestion},
		{made, exec.Question{Method: "count", GasLimit: 1_000_001}, ErrQuestion},
	} {
		if _, _, err := p.maker.Query(p.t.Context(), x.address, x.q); !errors.Is(err, x.want) {
			p.t.Errorf("%q: %v, want %v", x.q.Method, err, x.want)
		}
	}
	a, _, err := p.maker.Query(p.t.Context(), made, exec.Question{Method: "count", GasLimit: 10_000})
	if err != nil || a.Status != chain.StatusOutOfGas || a.GasUsed != 10_000 {
		p.t.Errorf("with too little gas: %+v, %v", a, err)
	}
}

// More questions than a node lets wait are refused; they end when the node does.
func TestTooManyViews(t *testing.T) {
	begun, goOn := make(chan struct{}, 1), make(chan struct{})
	slow := func(env *exec.Env, _ string) error {
		if env.View() {
			begun <- struct{}{}
			<-goOn
		}
		return nil
	}
	c, _ := withCode(testConfig(t, priced(1), "", Pace{Manual: true}), map[string]func(*exec.Env, string) error{"slow": slow})
	c.Queries = 1
	n := open(t, c)
	in := module("slow", "", 0)
	for _, m := range []*chain.Message{publishing(n, 1, 0, in), nil, command(n, 1, 1, 0, chain.MethodSetCode, chain.SetCodeInput{Code: in.Hash()}.Encode())} {
		if m != nil && n.Submit([][]byte{m.Encode()})[0].Refused != nil {
			t.Fatal("refused")
		}
		if err := n.Mine(1); err != nil {
			t.Fatal(err)
		}
	}
	errs := make(chan error, 100)
	for range maxAsking + 5 {
		go func() {
			_, _, err := n.Query(t.Context(), testAddress(1), exec.Question{Method: "count"})
			errs <- err
		}()
	}
	<-begun
	for range 5 {
		var busy *host.Busy
		if err := <-errs; !errors.As(err, &busy) {
			t.Errorf("%v, want that the node is busy", err)
		}
	}
	closed := make(chan error)
	go func() { closed <- n.Close() }()
	for range maxAsking - 1 {
		if err := <-errs; !errors.Is(err, ErrStopped) {
			t.Errorf("%v, want that the node stops", err)
		}
	}
	close(goOn)
	if err := errors.Join(<-errs, <-closed); err != nil {
		t.Error(err)
	}
}

// Random traffic among contracts and keys: two nodes agree on every block, and the audit of both finds nothing: no money
// came or went, and the index of keys is that of the state (I1, I3).
func TestRandomCode(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./runtime/node -run '^%s$' -seed %d", t.Name(), seed)
	r := rand.New(rand.NewPCG(seed, 0))
	who := []byte{1, 2, 3, 4, 5}
	dirs := [2]string{t.TempDir(), t.TempDir()}
	g := priced(who...)
	p, _ := openPair(t, g, dirs[0], dirs[1])
	var codes []chain.CodeHash
	var targets []chain.Address
	for _, n := range who {
		targets = append(targets, testAddress(n))
	}
	events := 0
	for round := range 60 {
		if round == 30 {
			p.close()
			p, _ = openPair(t, nil, dirs[0], dirs[1])
		}
		for _, from := range slices.Concat(who, who, who) {
			m, made := randomCommand(p.maker, r, from, codes, targets)
			if m == nil {
				continue
			}
			if a := p.maker.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
				continue
			}
			if m.Method == chain.MethodPublish {
				in, _ := chain.DecodePublish(m.Input)
				codes = append(codes, in.Hash())
			}
			if !made.IsZero() {
				targets = append(targets, made)
			}
		}
		events += strings.Count(p.block(), "\n")
	}
	if events < 1000 {
		t.Errorf("only %d events", events)
	}
	p.close()
	auditCode(t, dirs[0])
	auditCode(t, dirs[1])
}

// randomCommand is a message of account from, and the account that it makes, if it does.
func randomCommand(n *Node, r *rand.Rand, from byte, codes []chain.CodeHash, targets []chain.Address) (*chain.Message, chain.Address) {
	at, err := n.Account(testAddress(from))
	if err != nil {
		return nil, chain.Address{}
	}
	key := string(rune('a' + r.IntN(4)))
	to := targets[r.IntN(len(targets))] // mostly one of the few contracts that are made first
	if len(targets) > 6 && r.IntN(3) > 0 {
		to = targets[5+r.IntN(min(3, len(targets)-5))]
	}
	code := chain.CodeHash{byte(r.IntN(2))} // none, or one that isn't published
	if len(codes) > 0 && r.IntN(8) > 0 {
		code = codes[r.IntN(len(codes))]
	}
	switch r.IntN(20) {
	case 0:
		in := module([]string{"tally", "stone"}[r.IntN(2)], key, r.IntN(3000))
		in.Immutable = r.IntN(4) == 0
		return publishing(n, from, at.Next, in), chain.Address{}
	case 1:
		return deploying(n, from, at.Next, code, byte(r.IntN(3)))
	case 3:
		return command(n, from, at.Next, 0, chain.MethodSetCode, chain.SetCodeInput{Code: code}.Encode()), chain.Address{}
	case 4:
		return command(n, from, at.Next, 3, []string{"put", "drop", "no"}[r.IntN(3)], []byte(key)), chain.Address{}
	case 5:
		return calling(n, from, at.Next, 11, to, "replace", string(code[:])), chain.Address{}
	case 6, 7:
		other := targets[r.IntN(len(targets))]
		return calling(n, from, at.Next, 1000, to, []string{"pay", "call"}[r.IntN(2)], string(other[:])), chain.Address{}
	}
	return calling(n, from, at.Next, 5, to, []string{"put", "put", "put", "put", "drop", "no"}[r.IntN(6)], strings.Repeat(key, 1+r.IntN(2))), chain.Address{}
}

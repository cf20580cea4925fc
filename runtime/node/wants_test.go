package node

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

func asItIs(_ chain.ID, _ int, n Net) Net { return n }

// outside is the process that has chain a.
func (r *apartRig) outside() *Process { return r.parts[len(r.parts)-1] }

func (r *apartRig) submit(p *Process, id chain.ID, x *chain.Message) {
	r.t.Helper()
	if a := p.Node(id).Submit([][]byte{x.Encode()})[0]; a.Refused != nil {
		r.t.Fatal(a.Refused)
	}
}

// sends lets account 1 of a pay one of b, and waits until that has it.
func (r *apartRig) sends(nonce uint64) {
	r.t.Helper()
	of := treeRig{t: r.t, genesis: r.genesis, process: r.parts[0]}
	x := of.transfer(apartA, 1, apartB, 1, 7, nonce)
	r.submit(r.outside(), apartA, x)
	of.arrives(apartB, of.relayOf(x))
}

// call is one by account 1 of a, of a method that account 1 of b doesn't have: it comes back.
func (r *apartRig) call(nonce uint64, size int, amount uint64) *chain.Message {
	in := chain.CallInput{To: chain.KeyAddress(apartB, keys.FromSeed([32]byte{1}).Public()), Method: "do", GasLimit: 10_000, Input: make([]byte, size)}
	from := chain.KeyAddress(apartA, keys.FromSeed([32]byte{1}).Public())
	m := &chain.Message{
		Network: r.genesis.Network(), Kind: chain.External, From: from, To: from, Payer: from, Nonce: nonce, ValidUntil: 1_000_000,
		Amount: chain.NewAmount(amount), Method: chain.MethodCall, Input: in.Encode(),
	}
	m.GasLimit = exec.ExternalGas(m) + exec.SendGas(&chain.Sent{Method: in.Method, Input: in.Input}) + in.GasLimit + gas.Bounce
	return m.Sign(keys.FromSeed([32]byte{1}))
}

// until waits until a process sees something in its last block of a chain.
func (r *apartRig) until(p *Process, id chain.ID, what string, is func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for n := p.Node(id); ; {
		height := n.Head().Header.Height
		if is() {
			return
		}
		if err := n.AwaitAbove(ctx, height); err != nil {
			r.t.Fatalf("%s: %v", what, err)
		}
	}
}

func (p *Process) has(t *testing.T, id chain.ID, n byte) chain.Amount {
	t.Helper()
	return (&treeRig{t: t, process: p}).balance(id, n)
}

// Between processes that share the main chain alone money goes there and back, and what can't be handled comes back, without anybody who
// carries it by hand (SPEC 8.4).
func TestRelaysAreFetched(t *testing.T) {
	r := newApartOf(t, asItIs, nil)
	for nonce := range uint64(3) {
		r.sends(nonce)
	}
	of := treeRig{t: t, genesis: r.genesis, process: r.outside()}
	x := of.transfer(apartB, 1, apartA, 1, 5, 0)
	r.submit(r.parts[1], apartB, x)
	of.arrives(apartA, of.relayOf(x))

	r.submit(r.outside(), apartA, r.call(3, 0, 1000))
	r.until(r.outside(), apartA, "the call leaves", func() bool { return r.outside().has(t, apartA, 1).Less(chain.NewAmount(999_500)) })
	r.until(r.outside(), apartA, "the bounce comes back", func() bool { return r.outside().has(t, apartA, 1) == chain.NewAmount(1_000_000-3*7+5) })
	if n := counted(t, r.outside().Node(chain.Main), "thinkey_relay_unwanted_total"); n > 0 {
		t.Errorf("%.0f answers came unasked", n)
	}
}

// A chain that has sent much to one beside it learns what that has taken in.
func TestTakenIsFetched(t *testing.T) {
	const asks = chain.MaxUnconsumed / 64 // so much is under way when it asks (package relay); what it learns may be no more than that
	r := newApartOf(t, asItIs, nil)
	of := treeRig{t: t, genesis: r.genesis, process: r.parts[0]}
	var last *chain.Message
	nonce := uint64(0)
	send := func(n int) {
		for range n {
			last = of.transfer(apartA, 1, apartB, 1, 7, nonce)
			r.submit(r.outside(), apartA, last)
			nonce++
		}
		of.arrives(apartB, of.relayOf(last))
	}
	for range 5 {
		send(60)
	}
	back := of.transfer(apartB, 1, apartA, 1, 5, 0) // so that b's digest is carried at once
	r.submit(r.parts[0], apartB, back)
	other := treeRig{t: t, genesis: r.genesis, process: r.outside()}
	other.arrives(apartA, other.relayOf(back))
	for range 100 {
		raw, err := r.outside().Node(apartA).Entry(chain.SystemAddress(apartA), chain.OutKey(apartB))
		if err != nil {
			t.Fatal(err)
		}
		out, err := chain.DecodeOutward(raw)
		if err != nil {
			t.Fatal(err)
		}
		if out.Consumed >= asks {
			return
		}
		send(1) // it comes with a block
	}
	t.Error("it doesn't learn what was taken in")
}

// liar is a node on the main chain's channel that says of itself that it has everything.
type liar struct {
	Net
	asked  atomic.Uint64
	answer func(l *liar, to keys.PublicKey, w *relay.Want, n uint64)
}

func (r *apartRig) liar(n byte, answer func(*liar, keys.PublicKey, *relay.Want, uint64)) *liar {
	l := &liar{Net: r.wires[chain.Main].Port(keys.PublicKey{n}), answer: answer}
	l.Hold(func(from keys.PublicKey, raw []byte, taken func()) {
		defer taken()
		if raw[0] != frameWant {
			return
		}
		if w, err := decodeWant(raw[1:]); err == nil {
			l.answer(l, from, &w, l.asked.Add(1))
		}
	})
	r.t.Cleanup(func() { l.Hold(nil) }) // before the processes stop
	return l
}

func (l *liar) gives(to keys.PublicKey, w *relay.Want, raws ...[]byte) {
	l.Send(to, (&given{Errand: w.Errand, from: w.From, raws: raws, more: true}).encode())
}

// Whoever is silent, or lies, costs time alone: forged relays, others than were asked for, more than there may be, what is none, and answers
// without end to who didn't ask. Nothing of it is taken in, and what is right comes from who has it.
func TestRelaysPastLiars(t *testing.T) {
	open := make(chan struct{})
	r := newApartOf(t, func(id chain.ID, member int, n Net) Net {
		if id == chain.Main && member == 4 { // nobody answers rightly before liars did
			return gated{n, open}
		}
		return n
	}, nil)
	of := treeRig{t: t, genesis: r.genesis}
	silent := r.liar(1, func(*liar, keys.PublicKey, *relay.Want, uint64) {})
	empty := r.liar(2, func(l *liar, to keys.PublicKey, w *relay.Want, _ uint64) { l.gives(to, w) })
	var lies atomic.Uint64
	lie := func(l *liar, to keys.PublicKey, w *relay.Want, _ uint64) {
		e, err := r.outside().chains.Envelope(r.genesis.Tree(), w.Of, w.To, w.From)
		if err != nil || w.What != relay.Relays {
			l.gives(to, w)
			return
		}
		forged := bytes.Clone(e.Encode())
		forged[len(forged)-1] ^= 1
		switch lies.Add(1) % 6 {
		case 0:
			l.gives(to, w, forged)
		case 1:
			e.Import.First++
			l.gives(to, w, e.Encode())
		case 2:
			l.gives(to, w, make([]byte, relay.MaxTold+1))
		case 3:
			l.gives(to, w, slices.Repeat([][]byte{e.Encode()}, relay.MaxGiven+1)...)
		case 4:
			l.Send(to, []byte{frameGiven, 1, 2, 3})
		case 5:
			for range 1000 {
				l.gives(to, w, forged)
			}
		}
	}
	for n := range byte(3) {
		r.liar(3+n, lie)
	}
	sent, polls := uint64(0), 0
	until(t, "all are asked", func() bool {
		if polls++; polls%20 == 1 && sent < 60 { // there is something new
			r.submit(r.outside(), apartA, of.transfer(apartA, 1, apartB, 1, 7, sent))
			sent++
		}
		return silent.asked.Load() > 0 && empty.asked.Load() > 0 && lies.Load() >= 6
	})
	close(open)
	of.process = r.parts[0]
	of.arrives(apartB, of.relayOf(of.transfer(apartA, 1, apartB, 1, 7, sent-1)))
	if got := r.parts[0].has(t, apartB, 1); got != chain.NewAmount(1_000_000+7*sent) {
		t.Errorf("b's account has %s after %d payments", got, sent)
	}
	unasked := 0.0
	for _, p := range r.parts {
		unasked += counted(t, p.Node(chain.Main), "thinkey_relay_unwanted_total")
	}
	if unasked < 100 {
		t.Errorf("%.0f answers that nobody asked for are counted", unasked)
	}
}

// gated is a Net on which nothing is given before a gate is open.
type gated struct {
	Net
	open chan struct{}
}

func (n gated) Peers() []keys.PublicKey { return n.Net.(peersNet).Peers() }

func (n gated) Send(to keys.PublicKey, raw []byte) {
	if raw[0] == frameGiven {
		select {
		case <-n.open:
		default:
			g, _ := decodeGiven(raw[1:])
			raw = (&given{Errand: g.Errand, from: g.from}).encode()
		}
	}
	n.Net.Send(to, raw)
}

// Relays of a chain that serves its blocks to readers alone are given to these, and to who agrees on the chain that they are for.
func TestRelaysOfAClosedChain(t *testing.T) {
	reader := keys.PublicKey{77}
	r := newApartOf(t, asItIs, func(g *chain.Genesis) { g.Chains[0].Params.Readers = []keys.PublicKey{reader} })
	r.sends(0)
	answers := make(chan given, 8)
	for _, k := range []keys.PublicKey{reader, {78}} {
		p := r.wires[chain.Main].Port(k)
		p.Hold(func(_ keys.PublicKey, raw []byte, taken func()) {
			defer taken()
			if raw[0] != frameGiven {
				return
			}
			g, err := decodeGiven(raw[1:])
			if err != nil {
				t.Error(err)
			}
			answers <- g
		})
		t.Cleanup(func() { p.Hold(nil) })
		outside, _ := memberKeys(4)
		p.Send(outside, encodeWant(&relay.Want{Errand: relay.Errand{To: apartB, Of: apartA, What: relay.Relays}}))
		if g := <-answers; (len(g.raws) > 0) != (k == reader) {
			t.Errorf("%x is given %d envelopes", k[:1], len(g.raws))
		}
	}
}

// FuzzWant reads any question, FuzzGiven any answer: what is read is what was written, and within its bounds.
func FuzzWant(f *testing.F) {
	f.Add(encodeWant(&relay.Want{Errand: relay.Errand{To: 2, Of: 3, What: relay.Relays}, From: 7})[1:])
	f.Add(encodeWant(&relay.Want{Errand: relay.Errand{To: 2, Of: 3, What: relay.Taken}, From: 1 << 63})[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, err := decodeWant(b); err == nil && !bytes.Equal(encodeWant(&w)[1:], b) {
			t.Errorf("%x is read as %+v", b, w)
		}
	})
}

func FuzzGiven(f *testing.F) {
	e := relay.Errand{To: 2, Of: 3, What: relay.Relays}
	f.Add((&given{Errand: e}).encode()[1:])
	f.Add((&given{Errand: e, from: 7, more: true, raws: [][]byte{{1}, {2, 3}}}).encode()[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := decodeGiven(b)
		if err != nil {
			return
		}
		size := 0
		for _, raw := range g.raws {
			size += len(raw)
		}
		if !bytes.Equal(g.encode()[1:], b) || len(g.raws) > relay.MaxGiven || len(g.raws) > 1 && size > relay.GivenBytes || size > relay.MaxTold {
			t.Errorf("%x is read as %+v", b, g)
		}
	})
}

// strange is a Net of which one other node is not registered.
type strange struct {
	Net
	node keys.PublicKey
}

func (n strange) Peers() []keys.PublicKey           { return n.Net.(peersNet).Peers() }
func (n strange) Stranger(node keys.PublicKey) bool { return node == n.node }
func (n strange) Registered() bool                  { return true }

// A stranger is given what it can take, and told that there is more; who is registered gets more of it at once.
func TestStrangerIsGivenLittle(t *testing.T) {
	unknown, known := keys.PublicKey{78}, keys.PublicKey{79}
	r := newApartOf(t, func(id chain.ID, member int, n Net) Net {
		if id == chain.Main && member == 4 {
			return strange{n, unknown}
		}
		return n
	}, nil)
	const calls = 10 // of which some few are longer than what a stranger gets, in however many blocks they are
	for nonce := range uint64(calls) {
		r.submit(r.outside(), apartA, r.call(nonce, 20<<10, 0))
	}
	r.until(r.outside(), chain.Main, "all are covered", func() bool {
		_, err := r.outside().chains.Envelope(r.genesis.Tree(), apartA, apartB, calls-1)
		return err == nil
	})
	size := map[keys.PublicKey]int{}
	for _, k := range []keys.PublicKey{unknown, known} {
		answers := make(chan []byte, 8)
		p := r.wires[chain.Main].Port(k)
		p.Hold(func(_ keys.PublicKey, raw []byte, taken func()) {
			defer taken()
			if raw[0] == frameGiven {
				answers <- raw
			}
		})
		t.Cleanup(func() { p.Hold(nil) })
		outside, _ := memberKeys(4)
		p.Send(outside, encodeWant(&relay.Want{Errand: relay.Errand{To: apartB, Of: apartA, What: relay.Relays}}))
		raw := <-answers
		g, err := decodeGiven(raw[1:])
		if err != nil || len(g.raws) == 0 || k == unknown && (!g.more || len(raw) > publicGift+1<<10) {
			t.Errorf("%x is given %d envelopes in %d bytes, more: %t (%v)", k[:1], len(g.raws), len(raw), g.more, err)
		}
		size[k] = len(raw)
	}
	if size[known] <= size[unknown] {
		t.Errorf("%d bytes for a stranger, and %d for who is none", size[unknown], size[known])
	}
}

// Who asked longer ago than it waits for an answer is not answered: who has more to do than there is time for would else answer all in vain.
func TestLateIsNotGiven(t *testing.T) {
	r := newApartOf(t, asItIs, nil)
	r.sends(0)
	asker := keys.PublicKey{77}
	answers := make(chan given, 8)
	p := r.wires[chain.Main].Port(asker)
	p.Hold(func(_ keys.PublicKey, raw []byte, taken func()) {
		defer taken()
		if raw[0] == frameGiven {
			if g, err := decodeGiven(raw[1:]); err == nil {
				answers <- g
			}
		}
	})
	t.Cleanup(func() { p.Hold(nil) })
	w := relay.Want{Errand: relay.Errand{To: apartB, Of: apartA, What: relay.Relays}}
	m := r.outside().Node(chain.Main).member
	m.wanted.put(asker, wanted{asker, time.Now().Add(-wantedTime), w}, 0, func() {})
	w.From = 1
	m.wanted.put(asker, wanted{asker, time.Now(), w}, 0, func() {})
	if g := <-answers; g.from != 1 {
		t.Errorf("the question from %d on is answered, which came long ago", g.from)
	}
}

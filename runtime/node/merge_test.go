package node

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/chain"
)

// Messages of a method that a module declares mergeable are handled as one, by real code, while others run: each has its own
// receipt, the sum is right, and a node that sees nothing but the block comes to the same (SPEC 9.2, 9.3).
func TestMergedCode(t *testing.T) {
	sampler, err := os.ReadFile("../../sdk/rust/sampler/sampler.wasm")
	if err != nil {
		t.Fatal(err)
	}
	engine := func(source func(chain.CodeHash) ([]byte, error)) (Engine, error) {
		return wasm.Open(wasm.Config{Source: source})
	}
	var who []byte
	for n := range byte(19) {
		who = append(who, n+1)
	}
	c, d := testConfig(t, priced(who...), "", Pace{Manual: true}), testConfig(t, priced(who...), "", Pace{Manual: true})
	c.Engine, d.Engine = engine, engine
	p := &pairOf{t, open(t, c), open(t, d)}
	defer p.close()
	in := chain.PublishInput{Code: sampler}
	publish := publishing(p.maker, 1, 0, in).Clone()
	publish.GasLimit = chain.MaxMessageGas
	p.wants(p.block(publish.Sign(testKey(1))), "1 publish: ok")
	p.block()
	p.wants(p.block(command(p.maker, 1, 1, 0, chain.MethodSetCode, chain.SetCodeInput{Code: in.Hash()}.Encode())), "1 setcode: ok")
	sum, joined := uint64(0), 0
	for round := uint64(0); joined < 3; round++ {
		if round == 500 {
			t.Fatalf("in %d blocks %d messages were joined to others", round, joined)
		}
		var calls []*chain.Message
		for _, from := range who[1:] {
			n := uint64(from) << (round % 8)
			sum += n
			calls = append(calls, calling(p.maker, from, round, 2, testAddress(1), "increase", string(binary.BigEndian.AppendUint64(nil, n))))
		}
		p.block(calls...)
		handled, more := p.increased()
		joined += more
		for range 50 { // a block ends when its time is up, on a busy machine before all were handled
			if handled == len(calls) {
				break
			}
			p.block()
			rest, more := p.increased()
			handled, joined = handled+rest, joined+more
		}
		if handled != len(calls) {
			t.Fatalf("%d of %d messages were handled", handled, len(calls))
		}
	}
	for _, n := range []*Node{p.maker, p.taker} {
		a, _, err := n.Query(t.Context(), testAddress(1), exec.Question{Method: "total"})
		if err != nil || a.Status != chain.StatusOK || binary.BigEndian.Uint64(a.Output) != sum {
			t.Errorf("total: %+v, want %d; %v", a, sum, err)
		}
	}
}

// increased is how many messages increase the last block handled, each with success, and how many of them as one with the one
// before.
func (p *pairOf) increased() (n, joined int) {
	p.t.Helper()
	h, _, err := p.maker.Block(p.maker.Head().Header.Height)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range h.Events {
		if e.Message.Method != "increase" {
			continue
		}
		if n++; e.Receipt.Status != chain.StatusOK || e.Receipt.GasUsed == 0 {
			p.t.Errorf("%+v", e.Receipt)
		}
		if e.Joined {
			joined++
		}
	}
	return n, joined
}

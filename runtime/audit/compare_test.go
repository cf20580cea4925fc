package audit

import (
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What block.Verify lets through, no planted block can show to be found: so the checks that repeat its promises in another
// way are given results that it would never make.

func account(n byte) chain.Address { return chain.Address{3: 1, 4: n} }

var system = chain.SystemAddress(chain.Main)

// relayed is a message from one account to another, told apart by its amount.
func relayed(from, to byte, amount uint64) *chain.Message {
	m := &chain.Message{
		Kind: chain.Relay, From: account(from), To: account(to), Payer: account(from), Method: chain.MethodAdd,
		Amount: chain.NewAmount(amount), GasLimit: 10, GasPrice: 2,
	}
	return m.Seal()
}

// sentAs is m as its sender's σ has it.
func sentAs(m *chain.Message) chain.Sent {
	return chain.Sent{To: m.To, Method: m.Method, Amount: m.Amount, GasLimit: m.GasLimit}
}

// event is one of σ: the number of what was received, and what was sent.
type event struct {
	received uint32
	sent     []*chain.Message
}

// made is a block's result: what it found waiting, how many inputs it had, σ by account 1, 2, …, and what it queued from
// number tail on.
func made(carried []*chain.Message, inputs int, sigma [][]event, taken, tail uint64, queued ...*chain.Message) *block.Result {
	res := &block.Result{Block: &chain.Block{}, Journal: block.Journal{Carried: carried}}
	for i := range inputs {
		m := (&chain.Message{Kind: chain.External, Nonce: uint64(i)}).Seal()
		res.Block.Inputs = append(res.Block.Inputs, chain.Input{Message: m})
	}
	for i, events := range sigma {
		q := chain.Sequence{Account: account(byte(i + 1))}
		for _, e := range events {
			n := chain.Event{Received: e.received}
			for _, m := range e.sent {
				n.Sent = append(n.Sent, sentAs(m))
			}
			q.Events = append(q.Events, n)
		}
		res.Block.Order = append(res.Block.Order, q)
	}
	for n := tail - uint64(len(carried)); taken > 0; taken-- {
		slot := exec.Slot{Account: system, Key: chain.QueuedKey(n)}
		res.Changes = append(res.Changes, exec.Change{Slot: slot, Before: []byte{1}})
		n++
	}
	for i, m := range queued {
		slot := exec.Slot{Account: system, Key: chain.QueuedKey(tail + uint64(i))}
		res.Changes = append(res.Changes, exec.Change{Slot: slot, After: m.Encode()})
	}
	return res
}

// TestPairs follows two blocks: the first sends a, b, c from account 1 to 2 and leaves what it queues.
func TestPairs(t *testing.T) {
	a, b, c := relayed(1, 2, 1), relayed(1, 2, 2), relayed(1, 2, 3)
	other := relayed(3, 2, 9)
	list := func(m ...*chain.Message) []*chain.Message { return m }
	sends := []event{{0, list(a, b, c)}} // numbers 1, 2, 3
	for _, row := range []struct {
		name   string
		blocks []*block.Result
		says   string // of the last block; "" for nothing
	}{
		{"in order", []*block.Result{made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}, {3, nil}}}, 0, 0)}, ""},
		{"the last waits", []*block.Result{
			made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}}}, 0, 0, c), made(list(c), 0, [][]event{nil, {{0, nil}}}, 1, 1),
		}, ""},
		{"all wait, in order", []*block.Result{
			made(nil, 1, [][]event{sends, nil}, 0, 0, a, b, c), made(list(a, b, c), 0, [][]event{nil, {{0, nil}}}, 1, 3),
			made(list(b, c), 0, [][]event{nil, {{0, nil}, {1, nil}}}, 2, 3),
		}, ""},
		{"the other way", []*block.Result{made(nil, 1, [][]event{sends, {{2, nil}, {1, nil}, {3, nil}}}, 0, 0)}, "the other way"},
		{"one left out", []*block.Result{made(nil, 1, [][]event{sends, {{1, nil}, {3, nil}}}, 0, 0, b)}, "was left"},
		{"new before waiting", []*block.Result{
			made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}}}, 0, 0, c),
			made(list(c), 1, [][]event{{{1, list(a)}}, {{2, nil}, {0, nil}}}, 1, 1),
		}, "the other way"},
		{"processed twice", []*block.Result{made(nil, 1, [][]event{sends, {{1, nil}, {1, nil}}}, 0, 0)}, "processed before"},
		{"out of nowhere", []*block.Result{made(nil, 1, [][]event{sends, {{9, nil}}}, 0, 0)}, "not there"},
		{"queued the other way", []*block.Result{made(nil, 1, [][]event{sends, {{1, nil}}}, 0, 0, c, b)}, "doesn't stand at its place"},
		{"not queued", []*block.Result{made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}}}, 0, 0)}, "doesn't stand at its place"},
		{"queued and processed", []*block.Result{made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}, {3, nil}}}, 0, 0, c)}, "nobody sent"},
		{"hole in the queue", []*block.Result{func() *block.Result {
			res := made(nil, 1, [][]event{sends, {{1, nil}}}, 0, 0, b, c)
			res.Changes[1].Key = chain.QueuedKey(7)
			return res
		}()}, "others behind it"},
		{"lost while it waited", []*block.Result{
			made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}}}, 0, 0, c), made(nil, 0, nil, 0, 1),
		}, "found 0 messages waiting"},
		{"changed while it waited", []*block.Result{
			made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}}}, 0, 0, c), made(list(other), 0, [][]event{nil, {{0, nil}}}, 1, 1),
		}, "waited there"},
		{"processed and still waiting", []*block.Result{
			made(nil, 1, [][]event{sends, {{1, nil}, {2, nil}}}, 0, 0, c), made(list(c), 0, [][]event{nil, {{0, nil}}}, 0, 1),
		}, "taken off the queue"},
		{"waiting at the start", []*block.Result{made(list(c), 0, [][]event{nil, {{0, nil}}}, 1, 1)}, "found 1 messages waiting"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var p pairs
			for i, res := range row.blocks {
				looked, err := p.block(res)
				want := ""
				if i == len(row.blocks)-1 {
					want = row.says
				}
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Fatalf("block %d: %v, expected %q", i, err, want)
				}
				if looked == 0 && len(res.Block.Order) > 0 {
					t.Errorf("block %d: looked at nothing", i)
				}
			}
		})
	}
}

// TestPairsForget: behind a block that was not seen nothing is known of the queue, and then again.
func TestPairsForget(t *testing.T) {
	c := relayed(1, 2, 3)
	var p pairs
	p.forget()
	if _, err := p.block(made([]*chain.Message{c}, 0, [][]event{nil, nil}, 0, 1)); err != nil {
		t.Error(err)
	}
	if _, err := p.block(made(nil, 0, nil, 0, 1)); err == nil {
		t.Error("a message that waits is gone, and nothing is said")
	}
}

// TestBlockConserves: what a block's changes found is what they leave, wherever it is.
func TestBlockConserves(t *testing.T) {
	record := func(balance, deposit uint64) []byte {
		return chain.Account{Balance: chain.NewAmount(balance), Deposit: chain.NewAmount(deposit)}.Encode()
	}
	change := func(n byte, before, after []byte) exec.Change {
		return exec.Change{Slot: exec.Slot{Account: account(n)}, Before: before, After: after}
	}
	own := func(key string, before, after []byte) exec.Change {
		return exec.Change{Slot: exec.Slot{Account: system, Key: key}, Before: before, After: after}
	}
	waits := relayed(1, 2, 30) // 30, and gas of 10 + gas.Bounce at 2
	gas := 2 * (10 + uint64(gas.Bounce))
	for _, row := range []struct {
		name    string
		changes []exec.Change
		ok      bool
	}{
		{"nothing", nil, true},
		{"payment", []exec.Change{change(1, record(10, 0), record(4, 0)), change(2, nil, record(6, 0))}, true},
		{"deposit", []exec.Change{change(1, record(10, 0), record(4, 6))}, true},
		{"fee", []exec.Change{change(1, record(10, 0), record(4, 0)), own(chain.KeyFees, nil, chain.EncodeAmount(chain.NewAmount(6)))}, true},
		{"into the queue", []exec.Change{change(1, record(gas+30, 0), record(0, 0)), own(chain.QueuedKey(0), nil, waits.Encode())}, true},
		{"out of the queue", []exec.Change{change(1, record(0, 0), record(gas+30, 0)), own(chain.QueuedKey(0), waits.Encode(), nil)}, true},
		{"contract's entries hold no money", []exec.Change{{Slot: exec.Slot{Account: account(1), Key: chain.KeyFees}, After: chain.EncodeAmount(chain.NewAmount(6))}}, true},
		{"minted", []exec.Change{change(1, record(10, 0), record(11, 0))}, false},
		{"burnt", []exec.Change{change(1, record(10, 0), nil)}, false},
		{"deposit out of nowhere", []exec.Change{change(1, record(10, 0), record(10, 1))}, false},
		{"fee out of nowhere", []exec.Change{own(chain.KeyFees, nil, chain.EncodeAmount(chain.NewAmount(6)))}, false},
		{"gas lost in the queue", []exec.Change{change(1, record(30, 0), record(0, 0)), own(chain.QueuedKey(0), nil, waits.Encode())}, false},
		{"reserve lost in the queue", []exec.Change{change(1, record(50, 0), record(0, 0)), own(chain.QueuedKey(0), nil, waits.Encode())}, false},
		{"more than there can be", []exec.Change{
			change(1, nil, chain.Account{Balance: chain.MaxAmount}.Encode()), change(2, nil, record(1, 0)),
		}, false},
	} {
		c := &compare{notes: newNotes(questions)}
		if err := c.money(nil, &block.Result{Block: &chain.Block{}, Changes: row.changes}); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// TestNonceCount: the external messages of an account count from 0, over all blocks.
func TestNonceCount(t *testing.T) {
	c := &compare{notes: newNotes(questions), nonces: map[chain.Address]uint64{}}
	inputs := func(nonces ...uint64) *block.Result {
		res := made(nil, 0, [][]event{{}}, 0, 0)
		for i, n := range nonces {
			m := (&chain.Message{Kind: chain.External, Nonce: n}).Seal()
			res.Block.Inputs = append(res.Block.Inputs, chain.Input{Message: m})
			res.Block.Order[0].Events = append(res.Block.Order[0].Events, chain.Event{Received: uint32(i)})
		}
		return res
	}
	for i, row := range []struct {
		nonces []uint64
		ok     bool
	}{{[]uint64{0, 1}, true}, {[]uint64{2}, true}, {[]uint64{2}, false}, {[]uint64{3, 5}, false}, {[]uint64{6}, true}, {[]uint64{8, 7}, false}} {
		if err := c.count(nil, inputs(row.nonces...)); (err == nil) != row.ok {
			t.Errorf("block %d: %v", i, err)
		}
	}
}

// TestGuard: a promise that breaks in another goroutine is met where it was asked for.
func TestGuard(t *testing.T) {
	each := careful(func(n int, f func(int)) {
		done := make(chan struct{})
		for i := range n {
			go func() {
				defer func() { done <- struct{}{} }()
				f(i)
			}()
		}
		for range n {
			<-done
		}
	})
	ran := make([]bool, 8)
	err := guard(func() error {
		each(len(ran), func(i int) {
			ran[i] = true
			if i == 3 {
				panic("three")
			}
		})
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "three") {
		t.Error(err)
	}
	for i := range ran {
		if !ran[i] {
			t.Errorf("%d did not run", i)
		}
	}
	if careful(nil) != nil {
		t.Error("no each became one")
	}
}

package node

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A message that waits behind a missing nonce is no reason for a block: none could hold it (SPEC 5.7).
func TestGapMakesNoBlock(t *testing.T) {
	n := open(t, testConfig(t, testGenesis(1_000_000, 1, 2), "", Pace{Manual: true}))
	defer closeNode(t, n)
	if a := n.Submit([][]byte{payment(n, 1, 2, 10, 1).Encode()})[0]; a.Refused != nil {
		t.Fatal(a.Refused)
	}
	if err := n.produceWaiting(); err != nil { // a manual node's producer is at rest
		t.Fatal(err)
	}
	if h := n.Head().Header.Height; h != 0 || n.Waiting() != 1 {
		t.Errorf("height %d, %d wait", h, n.Waiting())
	}
}

// While more waits in the pending queue than a block has gas for, no fresh message comes in, then a share of them, then the
// rest (SPEC 4.5). A node that took more would make a block that its own Build refuses.
func TestQueueGoesFirst(t *testing.T) {
	n := open(t, testConfig(t, testGenesis(1<<40, 1, 2, 3, 4, 5, 6, 7, 8), "", Pace{Manual: true}))
	defer closeNode(t, n)
	var calls []*chain.Message
	for from := byte(1); from <= 5; from++ {
		calls = append(calls, largeCall(n, from, 8))
	}
	takeUnhandled(t, n, calls)
	var fresh [][]byte
	for from := byte(6); from <= 8; from++ {
		m := payment(n, from, 1, 10, 0).Clone()
		m.GasLimit = largeGas
		fresh = append(fresh, m.Sign(testKey(from)).Encode())
	}
	for _, a := range n.Submit(fresh) {
		if a.Refused != nil {
			t.Fatal(a.Refused)
		}
	}
	for i, want := range []int{0, 2, 1} {
		if err := n.Mine(1); err != nil {
			t.Fatal(err)
		}
		h, _, err := n.Block(uint64(2 + i))
		if err != nil || len(h.Block.Inputs) != want {
			t.Fatalf("block %d has %d inputs, want %d (%v)", 2+i, len(h.Block.Inputs), want, err)
		}
	}
	if n.queued > 0 {
		t.Error("something still waits")
	}
}

// A message that a queued one makes its receiver send waits behind what the receiver sent there before, and is left of the queue
// (SPEC 2.5). Whoever runs the chain may have left a queue of more gas than a block has: it must not stop those who come after.
func TestQueueKeepsOrder(t *testing.T) {
	n := open(t, testConfig(t, testGenesis(1<<40, 1, 2, 3, 4, 5), "", Pace{Manual: true}))
	defer closeNode(t, n)
	accounts := []byte{1, 2, 3, 4, 5} // in the order of their addresses, which is that of what they send in the queue
	slices.SortFunc(accounts, func(a, b byte) int { return testAddress(a).Compare(testAddress(b)) })
	last := accounts[4]
	calls := []*chain.Message{largeCall(n, last, accounts[0])}
	for _, from := range accounts[:4] {
		calls = append(calls, largeCall(n, from, last)) // will bounce
	}
	takeUnhandled(t, n, calls)
	for _, want := range []uint64{2, 0} { // the call of the last with a bounce behind it
		if err := n.Mine(1); err != nil {
			t.Fatal(err)
		}
		if n.queued != want {
			t.Errorf("height %d: %d wait in the queue, want %d", n.Head().Header.Height, n.queued, want)
		}
	}
}

const largeGas = 240_000_000

// largeCall is a call of a method that nobody has, with nearly a quarter of a block's gas.
func largeCall(n *Node, from, to byte) *chain.Message {
	m := payment(n, from, from, 0, 0).Clone()
	m.Method, m.Input = chain.MethodCall, chain.CallInput{To: testAddress(to), Method: "nothing", GasLimit: largeGas}.Encode()
	m.GasLimit = chain.MaxMessageGas
	return m.Sign(testKey(from))
}

// takeUnhandled gives n a block in which the messages were handled and nothing that they sent was.
func takeUnhandled(t *testing.T, n *Node, messages []*chain.Message) {
	t.Helper()
	before := n.before()
	c, err := before.Context(n.rules, before.Header.TimeMillis+1)
	if err != nil {
		t.Fatal(err)
	}
	did := &block.Run{Context: c}
	for _, m := range messages {
		record, err := before.State.Account(m.From)
		if err != nil {
			t.Fatal(err)
		}
		o := exec.NewOverlay(m.From, record, before.State)
		h, refusal, err := o.Handle(c, &exec.Delivery{Message: m})
		if refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
		for i := range h.Outcome.Sent {
			h.Sent = append(h.Sent, &exec.Delivery{Message: h.Outcome.Sent[i].Relay(m.From, m, uint32(i))})
		}
		did.Accounts = append(did.Accounts, o)
	}
	result, err := block.Build(before, n.rules, did)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Take(result); err != nil {
		t.Fatal(err)
	}
}

package block

import (
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Build and Verify share the functions for the roots, so neither can tell that one covers too little: every part of a leaf,
// the order of the leaves and their number must change the root (SPEC 4.6).
func TestRootsCoverAll(t *testing.T) {
	a, b := chain.Address{3: 1, 4: 1}, chain.Address{3: 1, 4: 2}
	sent := chain.Sent{To: b, Method: "bid", Input: []byte("kitten"), Amount: chain.NewAmount(7), GasLimit: 9}
	orders := func(change func(*chain.Sequence)) chain.Hash {
		q := chain.Sequence{Account: a, Events: []chain.Event{{Received: 4, Sent: []chain.Sent{sent}}, {Received: 5}}}
		change(&q)
		return OrderRoot(chain.Order{q, {Account: b, Events: []chain.Event{{Received: 6}}}}, nil)
	}
	covers(t, "σ", orders, map[string]func(*chain.Sequence){
		"account":       func(q *chain.Sequence) { q.Account[23]++ },
		"received":      func(q *chain.Sequence) { q.Events[0].Received++ },
		"last received": func(q *chain.Sequence) { q.Events[1].Received++ },
		"events":        func(q *chain.Sequence) { q.Events = q.Events[:1] },
		"sent":          func(q *chain.Sequence) { q.Events[0].Sent = nil },
		"to":            func(q *chain.Sequence) { q.Events[0].Sent[0].To = a },
		"method":        func(q *chain.Sequence) { q.Events[0].Sent[0].Method = "buy" },
		"input":         func(q *chain.Sequence) { q.Events[0].Sent[0].Input = []byte("kittens") },
		"amount":        func(q *chain.Sequence) { q.Events[0].Sent[0].Amount = chain.NewAmount(8) },
		"gas":           func(q *chain.Sequence) { q.Events[0].Sent[0].GasLimit++ },
		"sender":        func(q *chain.Sequence) { q.Events[1].Sent, q.Events[0].Sent = q.Events[0].Sent, nil },
	})
	receipts := func(change func(*chain.Receipt)) chain.Hash {
		r := chain.Receipt{Message: chain.MessageID{1}, Status: chain.StatusRefused, GasUsed: 5, Reason: "no", Events: []chain.ContractEvent{{Topic: "t", Body: []byte("b")}}}
		change(&r)
		return ReceiptsRoot([]chain.Receipt{r, {Message: chain.MessageID{2}, Status: chain.StatusOK}}, nil)
	}
	covers(t, "receipts", receipts, map[string]func(*chain.Receipt){
		"message": func(r *chain.Receipt) { r.Message[31]++ },
		"status":  func(r *chain.Receipt) { r.Status = chain.StatusTrap },
		"gas":     func(r *chain.Receipt) { r.GasUsed++ },
		"reason":  func(r *chain.Receipt) { r.Reason = "No" },
		"events":  func(r *chain.Receipt) { r.Events = nil },
		"topic":   func(r *chain.Receipt) { r.Events[0].Topic = "T" },
		"body":    func(r *chain.Receipt) { r.Events[0].Body = []byte("B") },
	})
	inputs := func(change func(*chain.Input)) chain.Hash {
		in := chain.Input{Message: &chain.Message{Kind: chain.External, From: a, To: a, Payer: a, Method: "m", Proof: []byte("signed")}}
		change(&in)
		in.Message.Seal()
		return InputsRoot(&chain.Block{Inputs: []chain.Input{in}}, nil)
	}
	covers(t, "inputs", inputs, map[string]func(*chain.Input){
		"message":   func(in *chain.Input) { in.Message.Input = []byte("x") },
		"signature": func(in *chain.Input) { in.Message.Proof = []byte("Signed") },
	})
}

// covers checks that each change gives a root that no other gives.
func covers[T any](t *testing.T, name string, root func(func(*T)) chain.Hash, changes map[string]func(*T)) {
	t.Helper()
	seen := map[chain.Hash]string{root(func(*T) {}): "nothing"}
	for part, change := range changes {
		h := root(change)
		if before, ok := seen[h]; ok {
			t.Errorf("%s: the root is the same with %s changed as with %s", name, part, before)
		}
		seen[h] = part
	}
}

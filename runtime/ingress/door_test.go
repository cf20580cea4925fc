package ingress

import (
	"errors"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// lanes takes every message and remembers it. What admit says, if it is set, is what it says of publications.
type lanes struct {
	mu    sync.Mutex // guards taken
	taken map[chain.MessageID]int
	admit func(m *chain.Message) error
	// offer, if set, says why one is not taken.
	offer func(m *chain.Message) error
}

func (l *lanes) Waits(id chain.MessageID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken[id] > 0
}

func (l *lanes) Admit(_ *exec.Context, m *chain.Message) error {
	if l.admit == nil {
		return nil
	}
	return l.admit(m)
}

func (l *lanes) Offer(_ *exec.Context, messages []*chain.Message) []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	errs := make([]error, len(messages))
	for i, m := range messages {
		if l.offer != nil {
			errs[i] = l.offer(m)
		}
		if errs[i] == nil {
			l.taken[m.ID()]++
		}
	}
	return errs
}

func newDoor(t *testing.T) (*Door, *lanes) {
	t.Helper()
	l := &lanes{taken: map[chain.MessageID]int{}}
	d := New(Config{Network: chain.NetworkID{1}, Chain: chain.Main, Mempool: l, Context: func() *exec.Context { return &exec.Context{} }})
	t.Cleanup(d.Close)
	return d, l
}

var doorKey = keys.FromSeed([32]byte{7})

func doorMessage(nonce uint64) *chain.Message {
	from := chain.KeyAddress(chain.Main, doorKey.Public())
	m := &chain.Message{
		Network: chain.NetworkID{1}, Kind: chain.External, From: from, To: from, Payer: from, Nonce: nonce, ValidUntil: 9,
		GasLimit: 1_000_000, Method: chain.MethodTransfer, Input: chain.TransferInput{To: from}.Encode(),
	}
	return m.Sign(doorKey)
}

// forgedRaw is a message whose signature is another message's.
func forgedRaw(nonce uint64) []byte {
	m := doorMessage(nonce)
	m.Proof = doorMessage(nonce + 1_000_000).Proof
	return m.Encode()
}

func code(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// Small submissions of many callers are verified together: each gets the answers to its own messages, and a forged one among
// them spoils no other. A large submission goes by itself.
func TestBatches(t *testing.T) {
	d, l := newDoor(t)
	const callers, each = 40, 5
	var wait sync.WaitGroup
	for c := range callers {
		wait.Go(func() {
			n := each
			if c == 0 {
				n = alone + each
			}
			var raws [][]byte
			for i := range n {
				nonce := uint64(c*1000 + i)
				if i == c%each {
					raws = append(raws, forgedRaw(nonce))
				} else {
					raws = append(raws, doorMessage(nonce).Encode())
				}
			}
			for i, a := range d.Submit(raws) {
				want := ""
				if i == c%each {
					want = CodeBadSignature
				}
				if code(a.Refused) != want || a.Nonce != uint64(c*1000+i) {
					t.Errorf("caller %d, message %d: nonce %d, refused %v", c, i, a.Nonce, a.Refused)
				}
			}
		})
	}
	wait.Wait()
	if want := callers*(each-1) + alone; len(l.taken) != want {
		t.Errorf("%d messages reached the mempool, want %d", len(l.taken), want)
	}
	for id, n := range l.taken {
		if n != 1 {
			t.Errorf("message %s was offered %d times", id, n)
		}
	}
}

// What is refused before the signature, and with which code. None of it reaches the mempool.
func TestRefusals(t *testing.T) {
	d, l := newDoor(t)
	other := chain.KeyAddress(chain.Main, keys.FromSeed([32]byte{8}).Public())
	elsewhere := chain.KeyAddress(2, doorKey.Public())
	change := func(f func(m *chain.Message)) []byte {
		m := doorMessage(0).Clone()
		f(m)
		return m.Sign(doorKey).Encode()
	}
	good := doorMessage(0).Encode()
	for name, c := range map[string]struct {
		raw  []byte
		code string
	}{
		"nothing":        {nil, CodeUndecodable},
		"cut":            {good[:len(good)-1], CodeUndecodable},
		"longer":         {append(good[:len(good):len(good)], 0), CodeUndecodable},
		"huge":           {make([]byte, chain.MaxPublicationBytes+1), CodeTooLarge},
		"large":          {change(func(m *chain.Message) { m.Input = make([]byte, chain.MaxMessageBytes) }), CodeTooLarge},
		"large by proof": {oversigned(), CodeTooLarge},
		"large garbage":  {make([]byte, chain.MaxMessageBytes+1), CodeUndecodable},
		"network":        {change(func(m *chain.Message) { m.Network[0]++ }), CodeWrongNetwork},
		"chain":          {change(func(m *chain.Message) { m.From, m.To, m.Payer = elsewhere, elsewhere, elsewhere }), CodeWrongChain},
		"receiver":       {change(func(m *chain.Message) { m.To = other }), CodeWrongReceiver},
		"payer":          {change(func(m *chain.Message) { m.Payer = other }), CodeWrongPayer},
		"signer":         {change(func(m *chain.Message) { m.From, m.To, m.Payer = other, other, other }), CodeWrongKey},
		"no method":      {change(func(m *chain.Message) { m.Method = "" }), CodeUnknownMethod},
		"bad input":      {change(func(m *chain.Message) { m.Input = m.Input[1:] }), CodeBadInput},
		"deploy":         {change(func(m *chain.Message) { m.Method, m.Input = chain.MethodDeploy, chain.DeployInput{}.Encode() }), CodeBadInput},
		"publish":        {change(func(m *chain.Message) { m.Method, m.Input = chain.MethodPublish, []byte{2} }), CodeBadInput},
	} {
		if a := d.Submit([][]byte{c.raw})[0]; code(a.Refused) != c.code {
			t.Errorf("%s: %v, want %s", name, a.Refused, c.code)
		}
	}
	unsigned := doorMessage(0)
	unsigned.Proof = nil
	if a := d.Submit([][]byte{unsigned.Encode()})[0]; code(a.Refused) != CodeUnsigned {
		t.Errorf("unsigned: %v", a.Refused)
	}
	relay := (&chain.Sent{To: other, Method: chain.MethodAdd}).Relay(other, doorMessage(0), 0)
	if a := d.Submit([][]byte{relay.Encode()})[0]; code(a.Refused) != CodeNotExternal {
		t.Errorf("relay: %v", a.Refused)
	}
	if len(l.taken) != 0 {
		t.Errorf("%d refused messages reached the mempool", len(l.taken))
	}
}

// oversigned is too large with its verification data alone.
func oversigned() []byte {
	m := doorMessage(0).Clone()
	m.Input = make([]byte, chain.MaxInputBytes)
	m.Seal()
	m.Proof = make([]byte, chain.MaxProofBytes)
	return m.Encode()
}

// A closed door answers; it doesn't hang.
func TestClosedDoor(t *testing.T) {
	d, _ := newDoor(t)
	d.verifier.close()
	if a := d.Submit([][]byte{doorMessage(0).Encode()})[0]; code(a.Refused) != CodeStopped {
		t.Errorf("after the end: %v", a.Refused)
	}
}

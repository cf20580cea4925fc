package ingress

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// publishing is a signed publication of code.
func publishing(nonce uint64, code []byte, change func(*chain.Message)) *chain.Message {
	m := doorMessage(nonce).Clone()
	m.Method, m.Input = chain.MethodPublish, chain.PublishInput{Code: code}.Encode()
	m.GasLimit = chain.MaxMessageGas
	if change != nil {
		change(m)
	}
	return m.Sign(doorKey)
}

var errNoMoney = errors.New("no money")

// newCodeDoor is a door that accepts every module but "bad"; complexity is 1,000 for each byte.
func newCodeDoor(t *testing.T, validate func(code []byte)) (*Door, *lanes) {
	d, l := newDoor(t)
	old := chain.PublishInput{Code: []byte("old")}.Hash()
	context := &exec.Context{Code: func(h chain.CodeHash) (*chain.CodeEntry, error) {
		if h == old {
			return &chain.CodeEntry{Height: 7}, nil
		}
		return nil, nil
	}}
	d.Config.Context = func() *exec.Context { return context }
	d.Config.Validate = func(code []byte) (uint64, uint64, error) {
		if validate != nil {
			validate(code)
		}
		if string(code) == "bad" {
			return 0, 0, exec.Fail(chain.StatusBadCode, "function 3 is bad")
		}
		return uint64(len(code)) * 1000, 1, nil
	}
	l.admit = func(m *chain.Message) error {
		if m.Nonce == 99 {
			return errNoMoney
		}
		return nil
	}
	return d, l
}

// A publication is looked at before it takes a place: whether it can be paid, is new, is accepted, and has gas for all that.
// What is refused early isn't validated.
func TestPublications(t *testing.T) {
	validated := 0
	d, l := newCodeDoor(t, func([]byte) { validated++ })
	short := func(m *chain.Message) {
		m.GasLimit = exec.ExternalGas(m) + gas.PublishByte*4 + gas.PublishComplexity*4000 - 1
	}
	waits := publishing(50, []byte("fine"), nil)
	l.taken[waits.ID()] = 1
	for name, c := range map[string]struct {
		m         *chain.Message
		code      string
		validated int
	}{
		"fine":           {publishing(0, []byte("fine"), nil), "", 1},
		"largest":        {publishing(0, make([]byte, chain.MaxCodeBytes), func(m *chain.Message) { m.GasLimit = 1 << 40 }), "", 1},
		"too large":      {publishing(0, make([]byte, chain.MaxCodeBytes+1), nil), CodeTooLarge, 0},
		"bad":            {publishing(0, []byte("bad"), nil), CodeBadCode, 1},
		"old":            {publishing(0, []byte("old"), nil), CodePublished, 0},
		"waits":          {waits, "", 0},
		"gas":            {publishing(0, []byte("fine"), short), CodeGasLimitLow, 1},
		"gas for itself": {publishing(0, []byte("fine"), func(m *chain.Message) { m.GasLimit = exec.ExternalGas(m) }), CodeGasLimitLow, 0},
		"amount":         {publishing(0, []byte("fine"), func(m *chain.Message) { m.Amount = chain.NewAmount(1) }), CodeBadInput, 0},
	} {
		validated = 0
		if a := d.Submit([][]byte{c.m.Encode()})[0]; code(a.Refused) != c.code || (c.code == "") != (a.Refused == nil) {
			t.Errorf("%s: %v, want %q", name, a.Refused, c.code)
		}
		if taken := l.taken[c.m.ID()]; taken > 0 != (c.code == "") || validated != c.validated {
			t.Errorf("%s: %d times in the mempool, validated %d times", name, taken, validated)
		}
	}
	validated = 0
	forged := publishing(1, []byte("fine"), nil).Clone()
	forged.Proof[50]++
	answers := d.Submit([][]byte{publishing(99, []byte("fine"), nil).Encode(), forged.Seal().Encode()})
	if !errors.Is(answers[0].Refused, errNoMoney) || code(answers[1].Refused) != CodeBadSignature || validated != 0 {
		t.Errorf("%v, %d validated", answers, validated)
	}
}

// Modules are validated one at a time, and few wait for their turn: the next is told to try again.
func TestDesk(t *testing.T) {
	begun, goOn := make(chan struct{}, maxAtDesk), make(chan struct{})
	d, _ := newCodeDoor(t, func([]byte) {
		begun <- struct{}{}
		<-goOn
	})
	answers := make(chan Answer)
	submit := func(nonce uint64) { answers <- d.Submit([][]byte{publishing(nonce, []byte("fine"), nil).Encode()})[0] }
	for n := range uint64(maxAtDesk + 3) {
		go submit(n)
	}
	<-begun
	for range 3 {
		if a := <-answers; code(a.Refused) != CodeBusy {
			t.Errorf("%v", a.Refused)
		}
	}
	if len(begun) != 0 {
		t.Error("two are validated at once")
	}
	close(goOn)
	for range maxAtDesk {
		if a := <-answers; a.Refused != nil {
			t.Error(a.Refused)
		}
	}
}

// What is too large for its kind is refused before its bytes are hashed.
func TestLargeMessageIsNotHashed(t *testing.T) {
	d, _ := newCodeDoor(t, nil)
	call := doorMessage(0).Clone()
	call.Input = make([]byte, chain.MaxCodeBytes)
	raw := call.Sign(doorKey).Encode()
	if _, err := chain.DecodeMessage(raw); !errors.Is(err, wire.ErrLimit) {
		t.Fatal(err)
	}
	if a := d.Submit([][]byte{raw})[0]; code(a.Refused) != CodeTooLarge || a.ID != (chain.MessageID{}) {
		t.Errorf("%+v", a)
	}
}

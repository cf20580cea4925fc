package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// fake is an Engine whose modules are words: the first names a behaviour of the test's, the rest is ballast.
type fake struct {
	source     func(chain.CodeHash) ([]byte, error)
	behaviours map[string]func(env *exec.Env, entry string) error

	validated atomic.Int32

	mu       sync.Mutex // guards the rest
	prepared map[chain.CodeHash]int
	slow     map[chain.CodeHash]func(error) // code that is being compiled, and who is to be told
	closed   bool
}

// Ready says so but of what is being compiled.
func (f *fake) Ready(hash chain.CodeHash, then func(error)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, slow := f.slow[hash]
	if slow {
		f.slow[hash] = then
	}
	return !slow
}

// told is who is to be told of the code that is being compiled.
func (f *fake) told(hash chain.CodeHash) func(error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slow[hash]
}

// compile is how the code begins to be compiled; what it returns ends that.
func (f *fake) compile(hash chain.CodeHash) (end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = map[chain.CodeHash]func(error){hash: nil}
	return func() {
		f.mu.Lock()
		then := f.slow[hash]
		delete(f.slow, hash)
		f.mu.Unlock()
		if then != nil {
			then(nil)
		}
	}
}

// Validate takes what names a behaviour.
func (f *fake) Validate(code []byte) (uint64, uint64, error) {
	f.validated.Add(1)
	if f.behaviours[word(code)] == nil {
		return 0, 0, exec.Fail(chain.StatusBadCode, "%q is no behaviour", word(code))
	}
	return 1000, 1000, nil
}

// Run reads the module as a real engine would.
func (f *fake) Run(env *exec.Env, hash chain.CodeHash, entry string) error {
	if err := env.Charge(gas.Run); err != nil {
		return err
	}
	code, err := f.source(hash)
	if err != nil {
		return err
	}
	return f.behaviours[word(code)](env, entry)
}

// Merges is for another time.
func (f *fake) Merges(chain.CodeHash, string) (bool, error) { return false, nil }

// Prepare counts.
func (f *fake) Prepare(hash chain.CodeHash, code []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.prepared == nil {
		f.prepared = map[chain.CodeHash]int{}
	}
	f.prepared[hash]++
}

// Close is asked for once.
func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errors.New("closed twice")
	}
	f.closed = true
	return nil
}

func word(code []byte) string {
	name, _, _ := strings.Cut(string(code[:min(len(code), 100)]), " ")
	return name
}

// module is a module of a behaviour, of that many bytes; ballast tells those of one behaviour apart.
func module(name, ballast string, bytes int) chain.PublishInput {
	code := append([]byte(name+" "+ballast+" "), make([]byte, bytes)...)
	return chain.PublishInput{Code: code[:max(bytes, len(name)+len(ballast)+2)]}
}

func (f *fake) open(source func(chain.CodeHash) ([]byte, error)) (Engine, error) {
	f.source = source
	return f, nil
}

// withCode is a config whose engine knows the behaviours below, and those given.
func withCode(c Config, more map[string]func(*exec.Env, string) error) (Config, *fake) {
	f := &fake{behaviours: map[string]func(*exec.Env, string) error{"tally": tally, "stone": tally}}
	for name, b := range more {
		f.behaviours[name] = b
	}
	c.Engine = f.open
	return c, f
}

// tally is a contract that keeps numbers. Its methods: init, put (keeps the input, and tells), drop (forgets all that begins
// with the input), pay (sends the amount on to the address in the input), no (refuses), replace (its own code), grow and
// stop, which do what they say. It is asked for count, the number of entries that begin with the input.
func tally(env *exec.Env, entry string) error {
	switch entry {
	case abi.EntryQuery:
		return count(env)
	case abi.EntryBounce:
		return env.Write("bounced", []byte(env.Message.ID().String()))
	}
	in := string(env.Input)
	switch env.Message.Method {
	case chain.MethodInit:
		return env.Write("made by", env.Message.From[:])
	case "put":
		env.Log(fmt.Appendf(nil, "put %q at %d", in, env.Context.Height))
		if err := env.Emit("put", env.Input); err != nil {
			return err
		}
		return env.Write("n/"+in, binary.BigEndian.AppendUint64(nil, env.Context.Height))
	case "drop":
		return drop(env, in)
	case "pay":
		return env.Send(chain.Sent{To: chain.Address(env.Input), Method: chain.MethodAdd, Amount: env.Message.Amount, GasLimit: gas.Add})
	case "call":
		return env.Send(chain.Sent{To: chain.Address(env.Input), Method: "no", Amount: env.Message.Amount, GasLimit: 100_000})
	case "replace":
		return env.SetCode(chain.CodeHash(env.Input))
	}
	return exec.Fail(chain.StatusRefused, "a tally takes no %q", env.Message.Method)
}

func count(env *exec.Env) error {
	if env.Message.Method == "put" {
		return env.Write("x", []byte("x"))
	}
	n := 0
	for key := ""; ; n++ {
		next, err := env.Next("n/"+string(env.Input), key)
		if err != nil {
			return err
		}
		if key = next; key == "" {
			return env.Reply(fmt.Appendf(nil, "%d at %d", n, env.Context.Height))
		}
	}
}

func drop(env *exec.Env, prefix string) error {
	for {
		key, err := env.Next("n/"+prefix, "")
		if err != nil || key == "" {
			return err
		}
		if err := env.Write(key, nil); err != nil {
			return err
		}
	}
}

// command is a signed external message with gas for anything.
func command(n *Node, from byte, nonce, amount uint64, method string, input []byte) *chain.Message {
	m := payment(n, from, from, amount, nonce).Clone()
	m.Method, m.Input, m.GasLimit = method, input, 3_000_000
	if method == chain.MethodPublish {
		m.GasLimit = exec.ExternalGas(m) + gas.PublishByte*uint64(len(input)) + 1000*gas.PublishComplexity
	}
	return m.Sign(testKey(from))
}

func publishing(n *Node, from byte, nonce uint64, in chain.PublishInput) *chain.Message {
	return command(n, from, nonce, 0, chain.MethodPublish, in.Encode())
}

func calling(n *Node, from byte, nonce, amount uint64, to chain.Address, method, input string) *chain.Message {
	in := chain.CallInput{To: to, Method: method, GasLimit: 1_000_000, Input: []byte(input)}
	return command(n, from, nonce, amount, chain.MethodCall, in.Encode())
}

func deploying(n *Node, from byte, nonce uint64, code chain.CodeHash, salt byte) (*chain.Message, chain.Address) {
	in := chain.DeployInput{Code: code, Salt: [32]byte{salt}, GasLimit: 1_000_000}
	return command(n, from, nonce, 1_000_000, chain.MethodDeploy, in.Encode()), chain.MadeAddress(chain.Main, testAddress(from), in.Salt, code)
}

// pairOf is a node that makes blocks and one that follows it.
type pairOf struct {
	t            *testing.T
	maker, taker *Node
}

// block submits the messages, makes one block, which the other node takes, and returns what came of it: a line for each
// event, as account, method and status, in the order of the receipts.
func (p *pairOf) block(messages ...*chain.Message) string {
	p.t.Helper()
	for _, m := range messages {
		if a := p.maker.Submit([][]byte{m.Encode()})[0]; a.Refused != nil {
			p.t.Fatalf("%s: %v", m.Method, a.Refused)
		}
	}
	follow(p.t, p.maker, p.taker)
	return p.last()
}

// last is what came of the last block.
func (p *pairOf) last() string {
	p.t.Helper()
	h, _, err := p.maker.Block(p.maker.Head().Header.Height)
	if err != nil {
		p.t.Fatal(err)
	}
	var lines []string
	for _, e := range h.Events {
		lines = append(lines, fmt.Sprintf("%s %s: %s", p.name(e.Account), e.Message.Method, e.Receipt.Status))
	}
	return strings.Join(sorted(lines), "\n")
}

func (p *pairOf) name(a chain.Address) string {
	for n := range byte(20) {
		if testAddress(n) == a {
			return fmt.Sprint(n)
		}
	}
	return "made"
}

// answers is what both nodes say to a question.
func (p *pairOf) answers(address chain.Address, method, input string) string {
	p.t.Helper()
	a, at, err := p.maker.Query(p.t.Context(), address, exec.Question{Method: method, Input: []byte(input)})
	b, _, errB := p.taker.Query(p.t.Context(), address, exec.Question{Method: method, Input: []byte(input)})
	if err != nil || errB != nil || at.Hash != p.maker.Head().Hash {
		p.t.Fatal(err, errB)
	}
	text := string(a.Output)
	if a.Status != chain.StatusOK {
		text = a.Status.String() + ": " + a.Reason
	}
	if string(b.Output) != string(a.Output) || b.Status != a.Status || b.GasUsed != a.GasUsed {
		p.t.Errorf("one node answers %+v, the other %+v", a, b)
	}
	return text
}

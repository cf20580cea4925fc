package node

import (
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/consensus/block"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm"
	binary "github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// words is code by opcodes, small constants and pieces.
func words(parts ...any) (code []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case binary.Opcode:
			code = append(code, byte(p))
		case byte:
			code = append(code, p)
		case int:
			code = binary.AppendI32(append(code, byte(binary.OpI32Const)), int32(p))
		case []byte:
			code = append(code, p...)
		}
	}
	return code
}

// endless repeats code, which may count with local 0.
func endless(code ...any) []byte {
	return words(binary.OpLoop, byte(binary.BlockNone), words(code...), byte(binary.OpLocalGet), byte(0), 1, binary.OpI32Add, byte(binary.OpLocalSet), byte(0),
		binary.OpBr, byte(0), binary.OpEnd)
}

// invoke calls the first function that is imported; its only host function, if it is no call of itself.
func invoke(args ...any) []byte { return words(words(args...), binary.OpCall, byte(0)) }

// behaving is a contract that imports one host function, or none, and does that. At 0 stands a topic, a method or a key, at 64
// an amount of nothing, at 128 an address that its own account has not.
func behaving(host string, code []byte) *binary.Module {
	m := &binary.Module{
		Types: []binary.FuncType{{}}, Funcs: []uint32{0}, Memories: []binary.Limits{{Min: 1}},
		Exports: []binary.Export{{Name: abi.Memory, Kind: binary.ExternMemory}, {Name: abi.EntryHandle}},
		Bodies:  []binary.Body{{Locals: []binary.Locals{{Count: 1, Type: binary.I32}}, Code: append(code, byte(binary.OpEnd))}},
	}
	to := testAddress(1)
	m.Data = []binary.Data{{Offset: words(0, binary.OpEnd), Bytes: []byte("name")}, {Offset: words(128, binary.OpEnd), Bytes: to[:]}}
	for _, f := range abi.Functions {
		if f.Name != host {
			continue
		}
		t := binary.FuncType{}
		for _, p := range f.Params {
			t.Params = append(t.Params, binary.ValueType(p))
		}
		for _, r := range f.Results {
			t.Results = append(t.Results, binary.ValueType(r))
		}
		m.Types, m.Funcs = append(m.Types, t), []uint32{0}
		m.Imports = []binary.Import{{Module: abi.Module, Name: host, Kind: binary.ExternFunc, Type: 1}}
		m.Exports[1].Index = 1
	}
	return m
}

var trap = words(binary.OpUnreachable)

// badCode is code that is accepted, and what comes of a message to it.
var badCode = []struct {
	name, host string
	code       []byte
	status     chain.Status
	why        string // part of the reason
}{
	{"an infinite loop", "", endless(), chain.StatusOutOfGas, ""},
	{"recursion", "", invoke(), chain.StatusTrap, "stack limit"},
	{"growing without end", "", endless(1, binary.OpMemoryGrow, byte(0), binary.OpDrop), chain.StatusOutOfGas, ""},
	{"a store beyond the end", "", words(65536, 0, binary.OpI32Store, byte(0), byte(0)), chain.StatusTrap, "out of bounds memory access"},
	{"a pointer outside", abi.Event, invoke(0, 4, 65536, 1), chain.StatusTrap, "outside of the memory"},
	{"a pointer that overflows", abi.Event, invoke(0, 4, -1, 2), chain.StatusTrap, "outside of the memory"},
	{"a million sends", abi.Send, endless(invoke(128, 0, 4, 64, byte(binary.OpI64Const), byte(0x88), byte(0x27), 0, 0)), chain.StatusOutOfGas, ""},
	{"a million events", abi.Event, endless(invoke(0, 4, 0, 0)), chain.StatusLimit, "more than 256 events"},
	{"a million logs", abi.Log, endless(invoke(0, 4)), chain.StatusOutOfGas, ""},
	{"storage to the limits", abi.Write, endless(0, binary.OpLocalGet, byte(0), binary.OpI32Store, byte(2), byte(0), invoke(0, 4, 0, 60000)), chain.StatusOutOfGas, ""},
	{"a value beyond the memory", abi.Write, invoke(0, 4, 1, 65536), chain.StatusTrap, "outside of the memory"},
	{"a key that is too long", abi.Write, invoke(0, 257, 0, 1), chain.StatusLimit, "key"},
	{"a trap", "", trap, chain.StatusTrap, "unreachable"},
	{"a division by zero", "", words(1, 0, binary.OpI32DivS, binary.OpDrop), chain.StatusTrap, "integer divide by zero"},
}

// refusedCode is what is no code, and part of the reason.
func refusedCode() map[string][]byte {
	good := behaving(abi.Log, invoke(0, 4))
	change := func(f func(m *binary.Module)) []byte {
		m, err := binary.Decode(good.Encode())
		if err != nil {
			panic(err)
		}
		f(m)
		return m.Encode()
	}
	return map[string][]byte{
		"WebAssembly":           []byte("no module at all"),
		"the file has only":     good.Encode()[:len(good.Encode())/2],
		"no export \"handle\"":  change(func(m *binary.Module) { m.Exports = m.Exports[:1] }),
		"the export \"more\"":   change(func(m *binary.Module) { m.Exports = append(m.Exports, binary.Export{Name: "more", Index: 1}) }),
		"thinkey_1.shout":       change(func(m *binary.Module) { m.Imports[0].Name = "shout" }),
		"the import \"thinkey_": change(func(m *binary.Module) { m.Imports[0].Module = "thinkey_9" }),
	}
}

// badPair is two nodes with real engines: one compiles, the other, which sees nothing but blocks, interprets. Accounts 2,
// 3, … publish what is accepted, and have it for their code; account 1 has done nothing yet.
func badPair(t *testing.T) *pairOf {
	var who []byte
	for n := range byte(len(badCode) + 2) {
		who = append(who, n+1)
	}
	var configs [2]Config
	for i, mode := range []wasm.Mode{wasm.Compile, wasm.Interpret} {
		configs[i] = testConfig(t, priced(who...), "", Pace{Manual: true})
		configs[i].Engine = func(source func(chain.CodeHash) ([]byte, error)) (Engine, error) {
			return wasm.Open(wasm.Config{Source: source, Mode: mode})
		}
	}
	p := &pairOf{t, open(t, configs[0]), open(t, configs[1])}
	var published, set []*chain.Message
	for i, b := range badCode {
		in := chain.PublishInput{Code: behaving(b.host, b.code).Encode()}
		m := publishing(p.maker, byte(i+2), 0, in).Clone()
		m.GasLimit = 10_000_000
		published = append(published, m.Sign(testKey(byte(i+2))))
		set = append(set, command(p.maker, byte(i+2), 1, 0, chain.MethodSetCode, chain.SetCodeInput{Code: in.Hash()}.Encode()))
	}
	if got := p.block(published...); strings.Count(got, "publish: ok") != len(badCode) {
		t.Fatal(got)
	}
	p.block()
	if got := p.block(set...); strings.Count(got, "setcode: ok") != len(badCode) {
		t.Fatal(got)
	}
	return p
}

// Whatever code does, its message fails as it must, in the same way compiled and interpreted; it pays for it, what it carried
// comes back, and the nodes go on.
func TestBadCode(t *testing.T) {
	p := badPair(t)
	defer p.close()
	nonce := uint64(0)
	for i, b := range badCode {
		before, err := p.maker.Account(testAddress(1))
		if err != nil {
			t.Fatal(err)
		}
		p.block(calling(p.maker, 1, nonce, 77, testAddress(byte(i+2)), "do", ""))
		nonce++
		h, _, err := p.maker.Block(p.maker.Head().Header.Height)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(h.Events, func(e block.Event) bool { return e.Message.Method == "do" })
		back := slices.IndexFunc(h.Events, func(e block.Event) bool { return e.Message.Method == chain.MethodBounce })
		if at < 0 || back < 0 {
			t.Fatalf("%s: %s", b.name, p.last())
		}
		r := h.Events[at].Receipt
		if r.Status != b.status || !strings.Contains(r.Reason, b.why) || r.GasUsed < gas.Handling {
			t.Errorf("%s: %s (%s), gas %d", b.name, r.Status, r.Reason, r.GasUsed)
		}
		if sent := b.host == abi.Send; b.status == chain.StatusOutOfGas && !sent && r.GasUsed < 1_000_000 { // and what its bounce takes
			t.Errorf("%s: only %d gas are paid", b.name, r.GasUsed)
		}
		if m := h.Events[back].Message; m.Amount != chain.NewAmount(77) || m.To != testAddress(1) {
			t.Errorf("%s: %s comes back to %s", b.name, m.Amount, m.To)
		}
		fees := uint64(0)
		for _, e := range h.Events {
			fees += e.Receipt.GasUsed
		}
		after, err := p.maker.Account(testAddress(1))
		if want, e := before.Account.Balance.Sub(chain.NewAmount(fees)); err != nil || e != nil || after.Account.Balance != want {
			t.Errorf("%s: the balance is %s, want %s: what came of it costs %d", b.name, after.Account.Balance, want, fees)
		}
	}
	p.wants(p.block(payment(p.maker, 1, 2, 5, nonce)), "1 transfer: ok", "2 add: ok")
}

// A trap in init makes no account, and what came with it goes back.
func TestBadInit(t *testing.T) {
	p := badPair(t)
	defer p.close()
	in := chain.PublishInput{Code: behaving("", trap).Encode()}
	deploy, made := deploying(p.maker, 1, 0, in.Hash(), 1)
	p.wants(p.block(deploy), "1 deploy: ok", "made init: trap", "1 bounce: ok")
	if a, err := p.maker.Account(made); err != nil || a.Account.Exists() {
		t.Errorf("%+v, %v", a.Account, err)
	}
}

// What is no code is refused at the door, with the reason; past the door it is a failed message that pays.
func TestRefusedCode(t *testing.T) {
	p := badPair(t)
	defer p.close()
	nonce := uint64(0)
	for why, code := range refusedCode() {
		m := publishing(p.maker, 1, nonce, chain.PublishInput{Code: code}).Clone()
		m.GasLimit = 10_000_000
		m = m.Sign(testKey(1))
		if a := p.maker.Submit([][]byte{m.Encode()})[0]; a.Refused == nil || !strings.Contains(a.Refused.Error(), why) {
			t.Errorf("%q: %v", why, a.Refused)
		}
		if err := p.maker.host.Offer(p.maker.nextContext(), []*chain.Message{m})[0]; err != nil {
			t.Fatal(err)
		}
		follow(t, p.maker, p.taker)
		p.wants(p.last(), "1 publish: "+chain.StatusBadCode.String())
		nonce++
	}
}

// With exactly the gas that it needs a message succeeds, with a unit less it does not, with one more that comes back.
func TestGasBoundary(t *testing.T) {
	p := badPair(t)
	defer p.close()
	in := chain.PublishInput{Code: behaving(abi.Event, invoke(0, 4, 0, 4)).Encode()}
	m := publishing(p.maker, 1, 0, in).Clone()
	m.GasLimit = 10_000_000
	p.block(m.Sign(testKey(1)))
	p.block()
	last := byte(len(badCode) + 2)
	p.block(command(p.maker, last, 0, 0, chain.MethodSetCode, chain.SetCodeInput{Code: in.Hash()}.Encode()))
	nonce := uint64(1)
	call := func(limit uint64) (used uint64, status chain.Status) {
		t.Helper()
		in := chain.CallInput{To: testAddress(last), Method: "do", GasLimit: limit}
		p.block(command(p.maker, 1, nonce, 9, chain.MethodCall, in.Encode()))
		nonce++
		h, _, err := p.maker.Block(p.maker.Head().Header.Height)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range h.Events {
			if e.Message.Method == "do" {
				return e.Receipt.GasUsed, e.Receipt.Status
			}
		}
		t.Fatal(p.last())
		return 0, 0
	}
	need, status := call(1_000_000)
	if status != chain.StatusOK {
		t.Fatal(status)
	}
	for limit, want := range map[uint64]chain.Status{need - 1: chain.StatusOutOfGas, need: chain.StatusOK, need + 1: chain.StatusOK} {
		if used, status := call(limit); status != want || status == chain.StatusOK && used != need || used < min(limit, need) {
			t.Errorf("with %d of %d: %s, %d used", limit, need, status, used)
		}
	}
}

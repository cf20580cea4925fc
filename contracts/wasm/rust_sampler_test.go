package wasm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/blake2b"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

const rustSampler = "../../sdk/rust/sampler/sampler.wasm"

// sampler is one account with the code that uses all of the SDK for Rust.
type sampler struct {
	*village
	self chain.Address
}

func newSampler(t testing.TB) *sampler {
	t.Helper()
	v := newVillageOf(t, rustSampler)
	s := &sampler{v, chain.MadeAddress(chain.Main, bob, [32]byte{}, v.code)}
	worked(t, v.deploy(bob, [32]byte{}, nil)) // no init of its own: the state is the default
	return s
}

// do lets bob send a message.
func (s *sampler) do(method string, input ...[]byte) exec.Outcome {
	s.t.Helper()
	m := s.relay(bob, s.self, method, join(input...)).Clone()
	m.GasLimit = 10_000_000
	return s.apply(m.Seal())
}

// view asks, and fails the test unless the answer is as wanted.
func (s *sampler) view(method string, input, want []byte) {
	s.t.Helper()
	if a := s.question(method, input); a.Status != chain.StatusOK || !bytes.Equal(a.Output, want) {
		s.t.Errorf("%s: %v %q\n%x, want\n%x", method, a.Status, a.Reason, a.Output, want)
	}
}

func (s *sampler) question(method string, input []byte) exec.Answer {
	s.t.Helper()
	q := exec.Question{Method: method, Input: input, GasLimit: 5_000_000}
	a, err := exec.Query(&s.context, s.self, s.accounts[s.self], s.storage[s.self], q)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

var (
	nothing = []byte{0}
	truth   = []byte{1}
)

// every is a value of each type, in parts that can be replaced by wrong ones.
func every() [][]byte {
	item := func(name string, owner ...byte) []byte { return join(text(name), owner) }
	return [][]byte{
		{8}, u16(16), u32(32), u64(64), u64(1<<64 - 5), chain.MaxAmount.Append(nil), truth, bob[:], idOf(nil), // 0 to 8
		text("\x00\xff"), text("żółw"), // 9, 10
		join(u32(3), item("a", 0), item("", join(truth, carol[:])...), item("c", 0)), // 11
		join(truth, u32(2), u16(1), u16(2)),                                          // 12
	}
}

func TestRustValues(t *testing.T) {
	s := newSampler(t)
	good := join(every()...)
	s.view("echo", good, good)
	none := every()
	none[9], none[11], none[12] = u32(0), u32(0), nothing
	s.view("echo", join(none...), join(none...))

	for name, c := range map[string]struct {
		part int
		by   []byte
	}{
		"a bool of 2":             {6, []byte{2}},
		"bytes behind the end":    {9, join(u32(1<<31), []byte("x"))},
		"a string that isn't":     {10, text("\xc3\x28")},
		"items behind the end":    {11, u32(1 << 30)},
		"an option of 2":          {12, []byte{2, 0, 0, 0, 0}},
		"an option without value": {12, truth},
		"a list that ends early":  {12, join(truth, u32(2), u16(1))},
		"something behind":        {12, []byte{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			parts := every()
			parts[c.part] = c.by
			if a := s.question("echo", join(parts...)); a.Status != chain.StatusRefused || !strings.Contains(a.Reason, "not what this method takes") {
				t.Errorf("%v %q", a.Status, a.Reason)
			}
		})
	}
	for n := range good {
		if a := s.question("echo", good[:n]); a.Status != chain.StatusRefused {
			t.Fatalf("the first %d of %d bytes: %v", n, len(good), a.Status)
		}
	}
}

func TestRustStorage(t *testing.T) {
	s := newSampler(t)
	s.view("seen", nil, nothing)
	for _, w := range []string{"b", "aa", "b", "c"} {
		worked(t, s.do("put", text(w), u32(2)))
	}
	refused(t, s.do("put", text(""), u32(2)), "a word has letters")
	s.view("words", nil, join(u32(3), text("aa"), text("b"), text("c")))
	s.view("seen", nil, []byte{1, 1})
	if got := s.storage[s.self]["words\x00b"]; !bytes.Equal(got, u32(4)) {
		t.Errorf("the entry of b is %x", got)
	}
	worked(t, s.do("drop", text("b")))
	worked(t, s.do("drop", text("b")))
	s.view("words", nil, join(u32(2), text("aa"), text("c")))
	s.view("seen", nil, nothing)
	for _, n := range []uint64{300, 2, 1 << 40} {
		worked(t, s.do("number", u64(n), text("x"), nothing))
	}
	s.view("numbers", nothing, join(u32(3), u64(2), u64(300), u64(1<<40)))
	s.view("numbers", join(truth, u64(2)), join(u32(2), u64(300), u64(1<<40)))

	if o := s.do("idle"); o.Status != chain.StatusOK || len(o.Writes) > 1 {
		t.Errorf("%v, %d writes", o.Status, len(o.Writes))
	}
	if o := s.do("idle"); len(o.Writes) != 0 {
		t.Errorf("a state that didn't change is written: %v", o.Writes)
	}
	s.storage[s.self]["\x00"] = []byte("of other code")
	refused(t, s.do("idle"), "what this code did not write")
}

// TestRustMerges handles messages one by one and as a group: the state is the same.
func TestRustMerges(t *testing.T) {
	s := newSampler(t)
	base, stored := s.accounts[s.self], maps.Clone(s.storage[s.self])
	var group []*chain.Message
	for i := range uint64(3) {
		m := s.relay(bob, s.self, "increase", u64(i+1)).Clone()
		m.Amount, m.Index = chain.NewAmount(100), uint32(i)
		group = append(group, m.Seal())
		worked(t, s.apply(group[i]))
	}
	s.view("total", nil, join(u64(6), make([]byte, 32)))
	one, err := s.engine.Merges(s.code, "increase")
	if other, _ := s.engine.Merges(s.code, "put"); err != nil || !one || other {
		t.Error("increase is to be mergeable, and put not")
	}

	o := exec.NewOverlay(s.self, base, only(stored))
	var deliveries []*exec.Delivery
	for _, m := range group {
		deliveries = append(deliveries, &exec.Delivery{Message: m})
	}
	if ok, _, err := o.HandleGroup(&s.context, deliveries); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if got, _ := o.Entry("\x00"); !bytes.Equal(got, s.storage[s.self]["\x00"]) {
		t.Errorf("the state is %x, one by one %x", got, s.storage[s.self]["\x00"])
	}
	events := o.Events[2].Outcome.Events
	if want := join(u64(6), sum(300), o.Now.Balance.Append(nil)); len(events) != 1 || !bytes.Equal(events[0].Body, want) {
		t.Errorf("events %x, want %x", events, want)
	}
}

// only is the state of one account.
type only cellar

func (o only) Entry(_ chain.Address, key string) ([]byte, error) { return cellar(o).Entry(key) }

func (o only) Next(_ chain.Address, prefix, after string) (string, error) {
	return cellar(o).Next(prefix, after)
}

func TestRustMessages(t *testing.T) {
	s := newSampler(t)
	salt := [32]byte{5}
	m := s.relay(bob, s.self, "spawn", join(s.code[:], salt[:], u64(50_000))).Clone()
	m.Amount = chain.NewAmount(77)
	o := s.apply(m.Seal())
	worked(t, o)
	made := chain.MadeAddress(chain.Main, s.self, salt, s.code)
	init := chain.InitInput{Code: s.code, Salt: salt, Input: join(u16(7), text("for the new one"))}.Encode()
	if sent := o.Sent[0]; sent.To != made || sent.Method != abi.MethodInit || !bytes.Equal(sent.Input, init) || sent.GasLimit != 50_000 || sent.Amount != m.Amount {
		t.Errorf("sent %+v", sent)
	}
	if !bytes.Equal(o.Events[0].Body, made[:]) || string(o.Logs()[0]) != "spawned" {
		t.Errorf("events %x, logs %q", o.Events, o.Logs())
	}

	b := chain.BounceInput{Message: chain.MessageID{3}, Method: "given", Status: chain.StatusRefused, Reason: "so \xff", Input: []byte("four")}
	bounce := s.relay(made, s.self, chain.MethodBounce, b.Encode())
	o = s.apply(bounce)
	worked(t, o)
	if want := [][]byte{[]byte("given"), {}}; !slices.EqualFunc(o.Logs(), want, bytes.Equal) {
		t.Errorf("logs %q, want %q", o.Logs(), want)
	}
	s.view("total", nil, join(u64(uint64(chain.StatusRefused)+4), b.Message[:]))

	refused(t, s.do("check", u64(1<<63)), "no: -9223372036854775808, 0, 18446744073709551615, "+s.self.String()+", text")
	worked(t, s.do("upgrade", s.code[:]))
	if o := s.do("upgrade", make([]byte, 32)); o.Status != chain.StatusOK || (o.Account.Code != chain.CodeHash{}) {
		t.Errorf("%v, code %s", o.Status, o.Account.Code)
	}
}

func TestRustFacts(t *testing.T) {
	s := newSampler(t)
	s.view("facts", nil, join(s.self[:], make([]byte, 24), s.context.Network[:], s.code[:],
		u64(s.context.Height), u64(s.context.TimeMillis), u32(uint32(chain.Main)), u32(abi.KindQuery)))
	hash := blake2b.Sum256([]byte("thinkey"))
	s.view("sums", text("thinkey"), join(idOf([]byte("thinkey")), hash[:], nothing))

	key := keys.FromSeed([32]byte{1})
	public, signature := key.Public(), key.Sign([]byte("yes"))
	s.view("verify", join(public[:], signature[:], text("yes")), truth)
	s.view("verify", join(public[:], signature[:], text("no")), nothing)
	if a := s.question("increase", u64(1)); a.Status != chain.StatusRefused || !strings.Contains(a.Reason, "no such method") {
		t.Errorf("a method as a view: %v %q", a.Status, a.Reason)
	}
}

// A contract that needs more memory than it has says so; the next message finds the memory as it was.
func TestRustMemory(t *testing.T) {
	s := newSampler(t)
	worked(t, s.do("grow", u32(20_000)))
	refused(t, s.do("grow", u32(100_000)), "out of memory: build the contract with more pages")
	worked(t, s.do("grow", u32(20_000)))
	refused(t, s.do("put", text(strings.Repeat("w", 60_000)), u32(1)), "out of memory")
}

// newVillageOf is a village with the module of a file.
func newVillageOf(t testing.TB, file string) *village {
	t.Helper()
	module, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v := &village{t: t, code: sha256.Sum256(module), accounts: map[chain.Address]chain.Account{}, storage: map[chain.Address]cellar{}}
	v.engine, err = wasm.Open(wasm.Config{Source: func(chain.CodeHash) ([]byte, error) { return module, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	params := chain.DefaultParams()
	params.DepositPerAccount, params.DepositPerByte = 1000, 10
	v.context = exec.Context{
		Network: chain.NetworkID{7}, Chain: chain.Main, Height: 10, TimeMillis: 1_000, Params: params,
		Tree:     chain.Alone(chain.Main),
		Programs: native.Programs{Codes: v.engine},
		Code: func(chain.CodeHash) (*chain.CodeEntry, error) {
			return &chain.CodeEntry{Height: 1, Bytes: uint32(len(module))}, nil
		},
	}
	for _, who := range []chain.Address{issuer, bob, carol} {
		v.accounts[who] = chain.Account{Balance: chain.NewAmount(1e12), Deposit: chain.NewAmount(params.DepositPerAccount)}
	}
	return v
}

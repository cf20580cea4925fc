package wasm_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

const rustToken = "../../examples/token/rust/token.wasm"

// village is one chain with the Rust token published on it, and what follows from messages on it, in the order sent.
type village struct {
	t        testing.TB
	context  exec.Context
	engine   *wasm.Engine
	code     chain.CodeHash
	accounts map[chain.Address]chain.Account
	storage  map[chain.Address]cellar
	events   []chain.ContractEvent
}

// cellar is the storage of an account.
type cellar map[string][]byte

func (c cellar) Entry(key string) ([]byte, error) { return c[key], nil }

func (c cellar) Next(prefix, after string) (string, error) {
	for _, k := range slices.Sorted(maps.Keys(c)) {
		if strings.HasPrefix(k, prefix) && k > after {
			return k, nil
		}
	}
	return "", nil
}

// The people of the village have key accounts of 10^12 coins each.
var (
	issuer = chain.KeyAddress(chain.Main, [32]byte{1})
	bob    = chain.KeyAddress(chain.Main, [32]byte{2})
	carol  = chain.KeyAddress(chain.Main, [32]byte{3})
)

const symbol, decimals = "KIT", 2

func newVillage(t testing.TB) *village {
	t.Helper()
	return newVillageOf(t, rustToken)
}

// relay is a message of from's to an account, as a call makes it, with much gas.
func (v *village) relay(from, to chain.Address, method string, input []byte) *chain.Message {
	return (&chain.Message{
		Network: v.context.Network, Kind: chain.Relay, From: from, To: to, Payer: from, GasLimit: 500_000, GasPrice: 1,
		Method: method, Input: input, Parent: chain.MessageID{1}, Origin: chain.MessageID{2}, Depth: 1,
	}).Seal()
}

// handle handles m and whatever follows from it, and is what came of m itself.
func (v *village) handle(m *chain.Message) exec.Outcome {
	v.t.Helper()
	first := v.apply(m)
	for queue := relays(m, first); len(queue) > 0; queue = queue[1:] {
		queue = append(queue, relays(queue[0], v.apply(queue[0]))...)
	}
	return first
}

func relays(m *chain.Message, o exec.Outcome) (list []*chain.Message) {
	for i := range o.Sent {
		list = append(list, o.Sent[i].Relay(m.To, m, uint32(i)))
	}
	return list
}

func (v *village) apply(m *chain.Message) exec.Outcome {
	v.t.Helper()
	o, err := exec.Apply(&v.context, m.To, v.accounts[m.To], v.storage[m.To], m)
	if err != nil {
		v.t.Fatal(err)
	}
	v.accounts[m.To] = o.Account
	if v.storage[m.To] == nil {
		v.storage[m.To] = cellar{}
	}
	for _, w := range o.Writes {
		v.storage[m.To][w.Key] = w.Value
		if w.Value == nil {
			delete(v.storage[m.To], w.Key)
		}
	}
	v.events = append(v.events, o.Events...)
	return o
}

// tokenID is what the token's README says.
func tokenID() [32]byte {
	b := append(slices.Clone(issuer[:]), text(symbol)...)
	return sha256.Sum256(append(b, decimals))
}

// account is the address of who's token account.
func (v *village) account(who chain.Address) chain.Address {
	return chain.MadeAddress(chain.Main, who, tokenID(), v.code)
}

// open makes who's token account.
func (v *village) open(who chain.Address, supply uint64) exec.Outcome {
	v.t.Helper()
	return v.deploy(who, tokenID(), join(issuer[:], text(symbol), []byte{decimals}, sum(supply)))
}

func (v *village) deploy(who chain.Address, salt [32]byte, input []byte) exec.Outcome {
	v.t.Helper()
	to := chain.MadeAddress(chain.Main, who, salt, v.code)
	m := v.relay(who, to, chain.MethodInit, chain.InitInput{Code: v.code, Salt: salt, Input: input}.Encode()).Clone()
	m.Amount = chain.NewAmount(10_000)
	return v.handle(m.Seal())
}

// pay lets who pay tokens to another.
func (v *village) pay(who, to chain.Address, amount uint64) exec.Outcome {
	v.t.Helper()
	return v.handle(v.relay(who, v.account(who), "pay", join(to[:], sum(amount))))
}

func (v *village) ask(at chain.Address, method string) []byte {
	v.t.Helper()
	a, err := exec.Query(&v.context, at, v.accounts[at], v.storage[at], exec.Question{Method: method, GasLimit: 1_000_000})
	if err != nil || a.Status != chain.StatusOK {
		v.t.Fatalf("query %s: %v %s %v", method, a.Status, a.Reason, err)
	}
	return a.Output
}

// holds checks the tokens of one account.
func (v *village) holds(who chain.Address, want uint64) {
	v.t.Helper()
	if got := v.ask(v.account(who), "balance"); string(got) != string(sum(want)) {
		v.t.Fatalf("balance of %x, want %d", got, want)
	}
}

// saw checks the events since it was last asked.
func (v *village) saw(want ...chain.ContractEvent) {
	v.t.Helper()
	if got := v.events; !slices.EqualFunc(got, want, func(a, b chain.ContractEvent) bool {
		return a.Topic == b.Topic && string(a.Body) == string(b.Body)
	}) {
		v.t.Fatalf("events %q, want %q", got, want)
	}
	v.events = nil
}

// refused checks that o is the code's refusal for the reason.
func refused(t testing.TB, o exec.Outcome, reason string) {
	t.Helper()
	if o.Status != chain.StatusRefused || !strings.Contains(o.Reason, reason) {
		t.Errorf("%v %q, want a refusal: %q", o.Status, o.Reason, reason)
	}
}

// worked checks that o is a success.
func worked(t testing.TB, o exec.Outcome) {
	t.Helper()
	if o.Status != chain.StatusOK {
		t.Fatalf("%v %q", o.Status, o.Reason)
	}
}

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

func text(s string) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...) }

func sum(v uint64) []byte { return chain.NewAmount(v).Append(nil) }

func TestRustTokenPays(t *testing.T) {
	v := newVillage(t)
	worked(t, v.open(issuer, 1000))
	worked(t, v.open(bob, 0))
	v.saw(chain.ContractEvent{Topic: "minted", Body: sum(1000)})

	o := v.pay(issuer, bob, 300)
	worked(t, o)
	t.Logf("pay: %d gas, %d sent on; %d gas left", o.GasUsed, o.Sent[0].GasLimit, o.GasLeft)
	v.saw(chain.ContractEvent{Topic: "transferred", Body: join(issuer[:], bob[:], sum(300))})
	v.holds(issuer, 700)
	v.holds(bob, 300)
	worked(t, v.pay(bob, bob, 300)) // to oneself is as to anyone
	v.holds(bob, 300)

	id := tokenID()
	if got, want := v.ask(v.account(issuer), "token"), join(id[:], issuer[:], text(symbol), []byte{decimals}, sum(1000)); string(got) != string(want) {
		t.Errorf("token is %x, want %x", got, want)
	}
	if got := v.ask(v.account(bob), "owner"); string(got) != string(bob[:]) {
		t.Errorf("owner is %x, want %x", got, bob)
	}
	before, made := v.accounts[bob].Balance, v.accounts[v.account(bob)]
	worked(t, v.handle(v.relay(bob, v.account(bob), "withdraw", made.Balance.Append(nil))))
	if want, _ := before.Add(made.Balance); v.accounts[bob].Balance != want || !v.accounts[v.account(bob)].Balance.IsZero() {
		t.Errorf("withdrawing left %s, and bob has %s, want %s", v.accounts[v.account(bob)].Balance, v.accounts[bob].Balance, want)
	}
}

func TestRustTokenBounces(t *testing.T) {
	v := newVillage(t)
	worked(t, v.open(issuer, 1000))
	v.events = nil
	m := v.relay(issuer, v.account(issuer), "pay", join(carol[:], sum(300)))
	o := v.handle(m)
	worked(t, o)
	id := o.Sent[0].Relay(m.To, m, 0).ID() // carol has no account, so it came back
	v.saw(chain.ContractEvent{Topic: "returned", Body: join(id[:], sum(300))})
	v.holds(issuer, 1000)
	if v.accounts[v.account(carol)].Exists() {
		t.Error("a payment made an account")
	}

	// A balance that has no room takes nothing, and the sender loses nothing.
	worked(t, v.open(bob, 0))
	state := v.storage[v.account(bob)]["\x00"]
	copy(state[len(state)-abi.AmountBytes:], chain.MaxAmount.Append(nil))
	v.events = nil
	worked(t, v.pay(issuer, bob, 1))
	if len(v.events) != 1 || v.events[0].Topic != "returned" {
		t.Errorf("events %q, want one: returned", v.events)
	}
	v.holds(issuer, 1000)
	refused(t, v.apply(v.relay(v.account(issuer), v.account(bob), "receive", join(issuer[:], sum(1)))),
		"a balance of 340282366920938463463374607431768211455 has no room for 1")
}

// What could make tokens out of nothing, or take them, is refused.
func TestRustTokenRefusesForgery(t *testing.T) {
	v := newVillage(t)
	worked(t, v.open(issuer, 1000))
	worked(t, v.open(bob, 0))
	other := sha256.Sum256(join(issuer[:], text("FAKE"), []byte{decimals}))
	worked(t, v.deploy(issuer, other, join(issuer[:], text("FAKE"), []byte{decimals}, sum(9))))
	fake := chain.MadeAddress(chain.Main, issuer, other, v.code)
	changed := chain.MadeAddress(chain.Main, issuer, tokenID(), chain.CodeHash{9})

	for name, from := range map[string]chain.Address{
		"a key account": issuer, "an account of another token": fake, "an account of other code": changed,
		"another holder's account": v.account(bob),
	} {
		t.Run(name, func(t *testing.T) {
			// Not handled to the end: the bounce would be of a message that from never sent.
			refused(t, v.apply(v.relay(from, v.account(bob), "receive", join(issuer[:], sum(5)))), "not an account of this token")
		})
	}
	for name, m := range map[string]struct {
		message *chain.Message
		reason  string
	}{
		"payment by another":    {v.relay(bob, v.account(issuer), "pay", join(bob[:], sum(5))), "only the owner may do this: " + issuer.String()},
		"withdrawal by another": {v.relay(bob, v.account(issuer), "withdraw", sum(5)), "only the owner"},
		"too much":              {v.relay(issuer, v.account(issuer), "pay", join(bob[:], sum(1001))), "1001 to send and a balance of 1000"},
		"nothing":               {v.relay(issuer, v.account(issuer), "pay", join(bob[:], sum(0))), "nothing to send"},
		"trailing input":        {v.relay(issuer, v.account(issuer), "pay", join(bob[:], sum(5), []byte{0})), "not what this method takes"},
		"short input":           {v.relay(issuer, v.account(issuer), "pay", join(bob[:], sum(5)[1:])), "not what this method takes"},
		"no input":              {v.relay(issuer, v.account(issuer), "pay", nil), "not what this method takes"},
		"unknown method":        {v.relay(issuer, v.account(issuer), "transfer", nil), "no such method"},
		"a longer name":         {v.relay(issuer, v.account(issuer), "pay\x00", nil), "no such method"},
		"a query as a message":  {v.relay(issuer, v.account(issuer), "balance", nil), "no such method"},
		"coins":                 {withCoins(v.relay(issuer, v.account(issuer), "pay", join(bob[:], sum(5)))), "takes no coins"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, v.handle(m.message), m.reason) })
	}
	v.holds(issuer, 1000)
	v.holds(bob, 0)
}

func withCoins(m *chain.Message) *chain.Message {
	m = m.Clone()
	m.Amount = chain.NewAmount(1)
	return m.Seal()
}

func TestRustTokenRefusesInit(t *testing.T) {
	v := newVillage(t)
	good := join(issuer[:], text(symbol), []byte{decimals}, sum(1000))
	long := strings.Repeat("K", 17)
	for name, c := range map[string]struct {
		who    chain.Address
		salt   [32]byte
		input  []byte
		reason string
	}{
		"supply of another's token": {bob, tokenID(), good, "the issuer alone"},
		"another salt":              {issuer, [32]byte{1}, good, "the salt is not the token's id: " + hex.EncodeToString(idBytes())},
		"no symbol":                 {issuer, tokenID(), join(issuer[:], text(""), []byte{decimals}, sum(1)), "1 to 16 letters"},
		"a long symbol":             {issuer, tokenID(), join(issuer[:], text(long), []byte{decimals}, sum(1)), "1 to 16 letters"},
		"a space in the symbol":     {issuer, tokenID(), join(issuer[:], text("K T"), []byte{decimals}, sum(1)), "1 to 16 letters"},
		"a symbol of no text":       {issuer, tokenID(), join(issuer[:], text("\xff"), []byte{decimals}, sum(1)), "not what this method takes"},
		"many decimals":             {issuer, tokenID(), join(issuer[:], text(symbol), []byte{39}, sum(1)), "39 decimals: 38 are the most"},
		"trailing input":            {issuer, tokenID(), append(slices.Clone(good), 0), "not what this method takes"},
		"a length behind the end":   {issuer, tokenID(), join(issuer[:], []byte{0xff, 0xff, 0xff, 0xff}), "not what this method takes"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, v.deploy(c.who, c.salt, c.input), c.reason) })
	}

	// A key account that gives itself the code has no state, and can't get one.
	v.accounts[bob] = chain.Account{Balance: chain.NewAmount(1e9), Code: v.code}
	refused(t, v.handle(v.relay(bob, bob, "pay", join(carol[:], sum(5)))), "no state yet")
	a, err := exec.Query(&v.context, bob, v.accounts[bob], v.storage[bob], exec.Question{Method: "balance", GasLimit: 1_000_000})
	if err != nil || a.Status != chain.StatusRefused || !strings.Contains(a.Reason, "no state yet") {
		t.Errorf("query without state: %v %q %v", a.Status, a.Reason, err)
	}
}

func idBytes() []byte { id := tokenID(); return id[:] }

// TestRustModule holds what a contract's module is made of.
func TestRustModule(t *testing.T) {
	binary, err := os.ReadFile(rustToken)
	if err != nil {
		t.Fatal(err)
	}
	m, facts, err := module.Check(binary, module.Any())
	if err != nil {
		t.Fatal(err)
	}
	var imports, exports []string
	for _, i := range m.Imports {
		if i.Module != abi.Module || !slices.ContainsFunc(abi.Functions, func(f abi.Function) bool { return f.Name == i.Name }) {
			t.Errorf("it imports %s of %s", i.Name, i.Module)
		}
		imports = append(imports, i.Name)
	}
	for _, e := range m.Exports {
		exports = append(exports, e.Name)
	}
	slices.Sort(exports)
	if want := []string{abi.EntryBounce, abi.EntryHandle, abi.Memory, abi.EntryQuery}; !slices.Equal(exports, want) {
		t.Errorf("it exports %q, want %q", exports, want)
	}
	memory := m.AllMemories()[0]
	if memory != (module.Limits{Min: 1, Max: 1, HasMax: true}) || m.Start != nil {
		t.Errorf("memory %+v, start %v: want one page and no start", memory, m.Start)
	}
	t.Logf("%d bytes, complexity %d, memory of %d page, imports %q, exports %q", len(binary), facts.Complexity, memory.Min, imports, exports)

	named, err := os.ReadFile(rustToken + ".sha256")
	if want := hex.EncodeToString(idOf(binary)) + "  " + filepath.Base(rustToken) + "\n"; err != nil || string(named) != want {
		t.Errorf("%s.sha256 holds %q, want %q (%v)", rustToken, named, want, err)
	}
	if strings.Contains(string(binary), "/work") || strings.Contains(string(binary), "/tmp") || strings.Contains(string(binary), "/home") {
		t.Error("it names folders of the machine that built it")
	}
}

func idOf(b []byte) []byte { h := sha256.Sum256(b); return h[:] }

func TestRustSchema(t *testing.T) {
	binary, err := os.ReadFile(rustToken)
	if err != nil {
		t.Fatal(err)
	}
	m, err := module.Decode(binary)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(m.Customs, func(c module.Custom) bool { return c.Name == abi.SchemaSection })
	if at < 0 {
		t.Fatal("it has no schema")
	}
	decoder := json.NewDecoder(strings.NewReader(string(m.Customs[at].Bytes)))
	decoder.DisallowUnknownFields()
	var s abi.Schema
	if err := decoder.Decode(&s); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range s.Methods {
		got = append(got, m.Kind+" "+m.Name+fields(m.Input)+fields(m.Output))
	}
	for _, e := range s.Events {
		got = append(got, "event "+e.Topic+fields(e.Body))
	}
	want := []string{
		"handle init(issuer address, symbol string, decimals u8, supply u128)()",
		"handle pay(to address, amount u128)()",
		"handle receive(from address, amount u128)()",
		"handle withdraw(amount u128)()",
		"query balance()(amount u128)",
		"query owner()(owner address)",
		"query token()(id hash, issuer address, symbol string, decimals u8, supply u128)",
		"event minted(amount u128)",
		"event transferred(from address, to address, amount u128)",
		"event returned(message hash, amount u128)",
	}
	if s.ABI != 1 || s.Name != "token" || !slices.Equal(got, want) {
		t.Errorf("schema %d %q\n%s\nwant\n%s", s.ABI, s.Name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func fields(list []abi.Field) string {
	var words []string
	for _, f := range list {
		words = append(words, f.Name+" "+f.Type)
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// BenchmarkRustToken is what a payment costs each of the two accounts: restore, handle, effects.
func BenchmarkRustToken(b *testing.B) {
	v := newVillage(b)
	worked(b, v.open(issuer, 1<<60))
	worked(b, v.open(bob, 0))
	pay := v.relay(issuer, v.account(issuer), "pay", join(bob[:], sum(1)))
	receive := v.relay(v.account(issuer), v.account(bob), "receive", join(issuer[:], sum(1)))
	for name, m := range map[string]*chain.Message{"pay": pay, "receive": receive} {
		b.Run(name, func(b *testing.B) {
			account, storage := v.accounts[m.To], v.storage[m.To]
			b.ReportAllocs()
			for b.Loop() {
				if o, err := exec.Apply(&v.context, m.To, account, storage, m); err != nil || o.Status != chain.StatusOK {
					b.Fatal(o.Status, o.Reason, err)
				}
			}
		})
	}
}

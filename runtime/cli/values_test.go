package cli

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/schema"
)

// every is a contract with every type.
func every(t *testing.T) *schema.Contract {
	t.Helper()
	c, err := schema.Check(abi.Schema{
		ABI: 1, Name: "every",
		Methods: []abi.MethodSchema{
			{Name: "init", Kind: abi.MethodHandle},
			{Name: "set", Kind: abi.MethodHandle, Doc: "Sets \x1b[31mall.", Input: []abi.Field{
				{Name: "who", Type: "address"}, {Name: "n", Type: "u64"}, {Name: "sum", Type: "u128"}, {Name: "on", Type: "bool"},
				{Name: "id", Type: "hash"}, {Name: "raw", Type: "bytes"}, {Name: "word", Type: "string"}, {Name: "back", Type: "?address"},
				{Name: "all", Type: "[]address"}, {Name: "pair", Type: "Pair"}, {Name: "low", Type: "i64"},
			}},
			{Name: "pay", Kind: abi.MethodHandle, Merge: true, Input: []abi.Field{{Name: "to", Type: "address"}, {Name: "amount", Type: "u128"}}},
			{Name: "get", Kind: abi.MethodQuery, Input: []abi.Field{{Name: "of", Type: "address"}}, Output: []abi.Field{{Name: "value", Type: "u8"}}},
		},
		Events: []abi.EventSchema{{Topic: "paid", Body: []abi.Field{{Name: "by", Type: "address"}, {Name: "amount", Type: "u128"}}}},
		Types:  map[string][]abi.Field{"Pair": {{Name: "a", Type: "address"}, {Name: "b", Type: "?bytes"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// devBook knows the accounts of a development network.
func devBook() *book {
	b := &book{}
	for _, name := range client.DevNames() {
		b.parties = append(b.parties, party{name, fromDev, devAddress("test", name)})
	}
	return b
}

func (a *actor) must(t *testing.T, args ...string) []byte {
	t.Helper()
	input, err := a.encode(devBook(), toCall, "set", args)
	if err != nil {
		t.Fatal(err)
	}
	return input
}

// What is typed field by field, and what is written as one object, is the same input; what is shown of it can be typed again.
func TestFieldsAndObject(t *testing.T) {
	a := &actor{text: "every", contract: every(t)}
	bob := devAddress("test", "bob").String()
	id := strings.Repeat("ab", 32)
	typed := []string{"who=alice", "n=18446744073709551615", "sum=340282366920938463463374607431768211455", "on=true", "id=0x" + id, "raw=0xBEEF", "word=a=b c",
		`all=["bob","` + bob + `"]`, `pair={"b":"00","a":"carol"}`, "low=-9"}
	typed[8] = `pair={"b":"00","a":"charlie"}`
	want := a.must(t, typed...)
	object := `{"low": "-9", "who": "alice", "n": "18446744073709551615", "sum": 340282366920938463463374607431768211455, "on": true, "id": "` + id +
		`", "raw": "beef", "word": "a=b c", "back": null, "all": ["bob", "bob"], "pair": {"a": "charlie", "b": "0x00"}}`
	if got := a.must(t, object); !bytes.Equal(got, want) {
		t.Errorf("object %x\nfields %x", got, want)
	}
	back := a.must(t, append(typed, "back=dave")...)
	if bytes.Equal(back, want) || !bytes.Equal(a.must(t, append(typed, "back=null")...), want) {
		t.Error("an optional field")
	}
	l := lens{name: nameOf}
	shown := l.fields(a.contract, "set", back)
	if shown != `who=alice n=18446744073709551615 sum=340282366920938463463374607431768211455 on=true id=`+id+` raw=beef word="a=b c" back=dave all=["bob","bob"] pair={"a":"charlie","b":"00"} low=-9` {
		t.Error(shown)
	}
}

// A mistake in a field names it, with what is allowed.
func TestBadFields(t *testing.T) {
	a := &actor{text: "every", contract: every(t)}
	for _, x := range []struct {
		method string
		args   []string
		says   []string
	}{
		{"pay", []string{"to=bobb", "amount=1"}, []string{"field to", `"bobb"`, `"bob"`}},
		{"pay", []string{"to=tk1q", "amount=1"}, []string{"to:", "tk1q"}},
		{"pay", []string{"to=bob", "amount=1.5"}, []string{"amount is", "1.5", "whole number"}},
		{"pay", []string{"to=bob", "amount=01"}, []string{"amount", "whole number"}},
		{"pay", []string{"to=bob", "amount="}, []string{"amount", "whole number"}},
		{"pay", []string{"to=bob"}, []string{"lacks the field amount (u128)", "thinkey code show every"}},
		{"pay", []string{"to=bob", "amount=1", "x=1"}, []string{`no field "x"`, "to address, amount u128"}},
		{"pay", []string{"to=bob", "to=bob", "amount=1"}, []string{"field to twice"}},
		{"pay", []string{`{"to": "bob", "to": "bob", "amount": 1}`}, []string{"field to twice"}},
		{"pay", []string{"=1"}, []string{`field ("=1")`, "FIELD=VALUE"}},
		{"pay", []string{"bob", "1"}, []string{`field ("bob")`, "FIELD=VALUE"}},
		{"pay", []string{`{"to": "bob"`}, []string{"not JSON"}},
		{"pay", []string{`{"to": "bob", "amount": 1} 2`}, []string{"behind"}},
		{"pay", []string{`{"to": ["bob"], "amount": 1}`}, []string{"to", "an address"}},
		{"set", []string{"all=bob"}, []string{"all", "[]address", "list"}},
		{"set", []string{"on=yes"}, []string{"on is", "true or false"}},
		{"set", []string{"id=ab"}, []string{"id is", "64 hexadecimal digits"}},
		{"set", []string{"raw=0xabc"}, []string{"raw is", "hexadecimal"}},
		{"set", []string{`pair={"a":"nobody"}`}, []string{"field a", `"nobody"`}},
		{"pya", nil, []string{`no method "pya" to call`, `did you mean "pay"?`, "set, pay"}},
		{"get", nil, []string{"is a query", "thinkey query every get"}},
		{"init", nil, []string{"made with init"}},
	} {
		_, err := a.encode(devBook(), toCall, x.method, x.args)
		if err == nil || classify(err).exit != exitUsage {
			t.Errorf("%s %q: %v", x.method, x.args, err)
			continue
		}
		for _, part := range x.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s %q: %q does not say %q", x.method, x.args, err, part)
			}
		}
	}
	if _, err := a.encode(devBook(), toAsk, "pay", nil); err == nil || !strings.Contains(err.Error(), "thinkey call FROM every pay") {
		t.Error(err)
	}
	mute := &actor{text: "mute"}
	if _, err := mute.encode(devBook(), toCall, "pay", []string{"to=bob"}); err == nil || !strings.Contains(err.Error(), "--input HEX") {
		t.Error(err)
	}
	if input, err := mute.encode(devBook(), toCall, "pay", nil); err != nil || len(input) > 0 {
		t.Errorf("%x, %v", input, err)
	}
	mute.fault = "schema of ABI 9"
	if _, err := mute.encode(devBook(), toCall, "pay", []string{"to=bob"}); err == nil || !strings.Contains(err.Error(), "ABI 9") {
		t.Error(err)
	}
}

// Retyping leaves alone what it doesn't know: any JSON comes out with the same meaning, for any types.
func TestRetypeKeepsJSON(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("repeat with seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	types := every(t).Schema().Types
	kinds := []string{"", "u8", "address", "[]address", "?Pair", "Pair", "[][]Pair", "string"}
	same := func(_, _, text string) (string, error) { return text, nil }
	for range 2000 {
		object := map[string]any{}
		for _, name := range []string{"a", "b", "to", "<&>", "ü\u2028"} {
			if r.IntN(2) == 0 {
				object[name] = anyJSON(r, 0)
			}
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		fields := []abi.Field{{Name: "a", Type: kinds[r.IntN(len(kinds))]}, {Name: "to", Type: kinds[r.IntN(len(kinds))]}}
		out, err := retype(text, fields, types, same)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var again any
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("%s became %s", text, out)
		}
		if back, err := json.Marshal(again); err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%s became %s", text, out)
		}
	}
}

func anyJSON(r *rand.Rand, depth int) any {
	switch n := r.IntN(8); {
	case n == 0:
		return nil
	case n == 1:
		return r.IntN(2) == 0
	case n == 2:
		return r.IntN(1000)
	case n < 5 || depth > 3:
		return string([]rune{rune(r.IntN(0x300)), '"', '\\'}[:r.IntN(4)])
	case n < 7:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, anyJSON(r, depth+1))
		}
		return list
	}
	return map[string]any{"a": anyJSON(r, depth+1), "b": anyJSON(r, depth+1)}
}

// Nothing that a stranger wrote reaches the terminal as a command to it.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain → ünïcode": "plain → ünïcode", "\x1b[2J": `\x1b[2J`, "a\nb": `a\nb`, "\u009b1m": `\u009b1m`, "\xff": `\xff`, "\u202ereversed": `\u202ereversed`,
	} {
		if got := printable(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	long := strings.Repeat("ü", mostShown)
	if got := cut(long); len(got) > mostShown+len("…") || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

// withContract is a lens that knows what bob runs.
func withContract(t *testing.T) lens {
	t.Helper()
	hash := chain.CodeHash{1}
	return lens{nameOf, nil, &contracts{
		accounts: map[chain.Address]chain.CodeHash{devAddress("test", "bob"): hash},
		codes:    map[chain.CodeHash]*schema.Contract{hash: every(t)}, asked: mostAsked,
	}}
}

// Inputs, events, deployments and what came back stand in a trace in the words of the code.
func TestDrawContract(t *testing.T) {
	l := withContract(t)
	c := every(t)
	in := func(method, object string) []byte {
		b, err := c.Input(method, []byte(object))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	alice, bob := devAddress("test", "alice").String(), devAddress("test", "bob").String()
	pay := relayed(2, 1, "alice", "bob", "pay", client.Place{Height: 7})
	pay.Input = in("pay", `{"to":"`+alice+`","amount":5}`)
	pay.InputBytes = len(pay.Input)
	paid := in("pay", `{"to":"`+bob+`","amount":7}`) // the fields of the event are of the same types
	pay.Events = []client.ContractEvent{{Topic: "paid", Body: paid}, {Topic: "odd\x1b", Body: []byte{1, 2}}}
	pay.MoreEvents = 3
	strange := relayed(3, 1, "alice", "bob", "pay", client.Place{Height: 7, Index: 1})
	strange.Input, strange.InputBytes, strange.Joined = []byte{9}, 1, true
	refused := failedWith(relayed(4, 1, "alice", "bob", "set", client.Place{Height: 7, Index: 2}), chain.StatusRefused, "no \x1b[31mway")
	refused.Input, refused.InputBytes = make([]byte, 1024), 9000
	bounce := relayed(5, 4, "bob", "alice", chain.MethodBounce, client.Place{Height: 7})
	bounce.Input = chain.BounceInput{Method: "set", Status: chain.StatusRefused, Reason: "no"}.Encode()
	bounce.InputBytes = len(bounce.Input)
	first := relayed(6, 1, "alice", "erin", chain.MethodInit, client.Place{Height: 8})
	first.Input = chain.InitInput{Code: chain.CodeHash{1}}.Encode()
	first.InputBytes = len(first.Input)
	deploy := chain.DeployInput{Code: chain.CodeHash{1}, GasLimit: 1}.Encode()
	tree := &client.Trace{
		Origin: idOf(1), Asked: idOf(1), Chain: 1, Height: 8, Complete: true, Messages: 6,
		Root: &client.TraceNode{Message: external(1, "alice", chain.MethodDeploy, deploy, client.Place{Height: 7}), Children: []*client.TraceNode{
			{Message: pay}, {Message: strange}, {Message: refused, Children: []*client.TraceNode{{Message: bounce}}}, {Message: first},
		}},
	}
	publish := external(7, "alice", chain.MethodPublish, make([]byte, 1024), client.Place{Height: 1})
	publish.InputBytes = 18_655
	lines := []string{drawTrace(tree, l, 0)}
	for _, m := range []client.Message{
		publish, external(8, "alice", chain.MethodSetCode, make([]byte, 32), client.Place{Height: 2}),
		external(9, "bob", "pay", pay.Input, client.Place{Height: 3}),
	} {
		lines = append(lines, describeMessage(&m, l))
	}
	golden(t, "contract.golden", strings.Join(lines, "\n")+"\n")
	golden(t, "schema.golden", drawSchema(c.Schema()))
}

// The node is asked a bounded number of times, each thing once, and not at all where nobody is there to be asked.
func TestContractsAskOnce(t *testing.T) {
	k := newContracts(t.Context(), client.New("http://127.0.0.1:1", client.WithTries(1)))
	for range 3 {
		for i := range byte(200) {
			k.of(chain.Address{0, 0, 0, 1, i})
		}
	}
	if k.asked != mostAsked || len(k.accounts) != mostAsked {
		t.Errorf("asked %d times about %d accounts", k.asked, len(k.accounts))
	}
	if (lens{name: nameOf}).contract(chain.Address{}) != nil {
		t.Error("a lens without contracts knows one")
	}
}

// Without --from it is clear who signs, or an error.
func TestSigns(t *testing.T) {
	dev := devBook()
	dev.terms.Dev = &client.Dev{Seed: "test", Names: client.DevNames()}
	dev.parties = append(dev.parties, party{name: "alice", source: fromKeyFile})
	if p, err := dev.signs(""); err != nil || p.name != "alice" || p.source != fromDev {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := (&book{parties: []party{{name: "mine", source: fromKeyFile}}}).signs(""); err != nil || p.name != "mine" {
		t.Errorf("%+v, %v", p, err)
	}
	for _, b := range []*book{{}, {parties: dev.parties}} {
		if _, err := b.signs(""); err == nil || classify(err).exit != exitUsage || !strings.Contains(err.Error(), "--from is missing") {
			t.Error(err)
		}
	}
	if p, err := dev.signs("bob"); err != nil || p.name != "bob" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestSalt(t *testing.T) {
	a, err := parseSalt("")
	b, errB := parseSalt("")
	if err != nil || errB != nil || a == b {
		t.Error("two random salts are the same")
	}
	if s, err := parseSalt("0x0102"); err != nil || s != [32]byte{30: 1, 31: 2} {
		t.Errorf("%x, %v", s, err)
	}
	for _, text := range []string{"1", "zz", strings.Repeat("00", 33)} {
		if _, err := parseSalt(text); err == nil {
			t.Errorf("%q is a salt", text)
		}
	}
}

package kit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
	"github.com/thinkey/thinkey/sdk/kit"
)

type inner struct {
	Who  guest.Address
	Note string
}

type everything struct {
	A uint8
	B uint16
	C uint32
	D uint64
	E int64
	F bool
	G string
	H []byte
	I guest.Amount
	J guest.Hash
	K []inner
	L *uint32
	M *inner
}

// A value has the encoding that package guest gives it, and is read back from it.
func TestEncodeAsGuestDoes(t *testing.T) {
	n := uint32(9)
	for _, v := range []everything{
		{},
		{1, 2, 3, 4, -5, true, "käse", []byte{1}, guest.MaxAmount(), guest.Hash{7}, []inner{{guest.Account(3), "x"}, {}}, &n, &inner{Note: "y"}},
		{I: guest.NewAmount(1 << 63).Mul(6)},
	} {
		got, err := kit.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		if want := guest.Encode(v); !bytes.Equal(got, want) {
			t.Errorf("%x, guest says %x", got, want)
		}
		var back everything
		if err := kit.Decode(got, &back); err != nil || !bytes.Equal(guest.Encode(back), got) {
			t.Errorf("%+v came back as %+v (%v)", v, back, err)
		}
		if err := kit.Decode(append(got, 0), &back); err == nil {
			t.Error("a byte more is read")
		}
		if err := kit.Decode(got[:len(got)-1], &back); err == nil {
			t.Error("a byte less is read")
		}
	}
	got, err := kit.Encode(uint8(1), chain.NewAmount(2), "three")
	if want := append(append([]byte{1}, chain.NewAmount(2).Append(nil)...), guest.Encode("three")...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v", got, err)
	}
}

// By a schema, numbers of any type will do, and what doesn't fit is refused with the field.
func TestEncodeBySchema(t *testing.T) {
	k := kit.New(t)
	echo := kit.Native{Name: "echo", Handle: func(env *kit.Env) error { return nil }, Schema: &abi.Schema{
		Name: "echo",
		Methods: []abi.MethodSchema{
			{Name: "init"},
			{Name: "one", Input: []abi.Field{{Name: "n", Type: "u16"}}},
			{Name: "all", Input: []abi.Field{{Name: "to", Type: "address"}, {Name: "amount", Type: "u128"}, {Name: "notes", Type: "[]string"}, {Name: "limit", Type: "?i64"}, {Name: "pair", Type: "Pair"}}},
		},
		Types: map[string][]abi.Field{"Pair": {{Name: "left", Type: "bool"}, {Name: "right", Type: "bytes"}}},
	}}
	alice := k.Account("alice", kit.Balance(1))
	at := k.Deploy(alice, echo, "")
	type Pair struct {
		Left  bool
		Right []byte
	}
	limit := int64(-3)
	for _, x := range []struct {
		values []any
		text   string
	}{
		{[]any{alice, 5, []string{"a", "b"}, nil, Pair{true, []byte{0xff}}}, `all(to: alice, amount: 5, notes: ["a", "b"], limit: none, pair: {left: true, right: 0xff})`},
		{[]any{alice.Address(), chain.MaxAmount, []string{}, &limit, Pair{}}, `amount: 340282366920938463463374607431768211455, notes: [], limit: -3, pair: {left: false, right: }`},
		{[]any{struct {
			To     *kit.Account
			Amount guest.Amount
			Notes  []string
			Limit  *int64
			Pair   Pair
		}{Amount: guest.NewAmount(7), To: alice}}, `amount: 7, notes: [], limit: none`},
	} {
		if text := k.Call(alice, at, "all", kit.Input(x.values...)).String(); !strings.Contains(text, x.text) {
			t.Errorf("it doesn't say %s:\n%s", x.text, text)
		}
	}
	for _, x := range []struct {
		method string
		values []any
		words  string
	}{
		{"one", []any{-1}, "n: -1 is below zero"},
		{"one", []any{70_000}, "n: 70000 is too large for u16"},
		{"one", []any{"x"}, "n: a value of type u16 is asked for, and this is x of type string"},
		{"one", nil, "0 values given, it takes n u16"},
		{"two", nil, `the schema of echo has no method "two"`},
		{"all", []any{1, 2}, "2 values given, it takes to address, amount u128"},
		{"all", []any{alice, 5, nil, nil, nil}, "notes: a value of type []string is asked for, and this is nil"},
		{"all", []any{alice, 5, []string{"\xff"}, nil, Pair{}}, "notes: [0]: string"},
		{"all", []any{alice, 5, []string{}, nil, 3}, "pair: Pair is a struct of left bool, right bytes"},
	} {
		t.Run(x.method, func(t *testing.T) {
			mustFail(t, func(t testing.TB) {
				k := kit.New(t)
				alice := k.Account("alice", kit.Balance(1))
				k.Send(alice, k.Deploy(alice, echo, ""), x.method, kit.Input(x.values...))
			}, x.words)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, x := range map[string]struct {
		out   any
		words string
	}{
		"no pointer": {5, "must be a pointer"},
		"int":        {new(int), "has no encoding"},
		"hidden":     {new(struct{ a uint8 }), "its field a is not exported"},
	} {
		if err := kit.Decode([]byte{1}, x.out); err == nil || !strings.Contains(err.Error(), x.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := kit.Encode(struct{ a int }{}); err == nil {
		t.Error("a hidden field is encoded")
	}
	if _, err := kit.Encode(nil); err == nil {
		t.Error("nil is encoded")
	}
}

package chain_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

func TestAddressText(t *testing.T) {
	for n := range byte(50) {
		a := address(n)
		text := a.String()
		if len(text) != 48 || !strings.HasPrefix(text, "tk1") {
			t.Fatalf("address %q", text)
		}
		if back, err := chain.ParseAddress(text); err != nil || back != a {
			t.Fatalf("%s read as %s, error %v", text, back, err)
		}
	}
}

// A mistyped address is refused, not paid to (SPEC 1.2): any letter replaced, any two neighbours swapped, any letter lost
// or doubled.
func TestMistypedAddress(t *testing.T) {
	text := address(1).String()
	refused := func(s string) {
		t.Helper()
		if a, err := chain.ParseAddress(s); err == nil {
			t.Errorf("%s, mistyped as %s, is read as %s", text, s, a)
		}
	}
	for i := range text {
		for _, c := range letters + "1bioTK0 -" {
			if byte(c) != text[i] {
				refused(text[:i] + string(c) + text[i+1:])
			}
		}
		refused(text[:i] + text[i+1:])
		refused(text[:i] + text[i:i+1] + text[i:])
		if i > 0 && text[i] != text[i-1] {
			refused(text[:i-1] + text[i:i+1] + text[i-1:i] + text[i+1:])
		}
	}
}

func TestRefusedAddress(t *testing.T) {
	text := address(1).String()
	for _, x := range []struct{ name, in, want string }{
		{"nothing", "", "it has 0 letters and must have 48"},
		{"upper case", strings.ToUpper(text), "it must begin with tk1"},
		{"upper case behind the prefix", "tk1" + strings.ToUpper(text[3:]), "never stands in one"},
		{"prefix", "bc" + text[2:], "it must begin with tk1"},
		{"space", " " + text, "it has 49 letters"},
		{"letter", text[:9] + "b" + text[10:], `the letter 'b' at place 10 never stands in one`},
		{"typo", text[:47] + string(letters[(strings.IndexByte(letters, text[47])+1)%32]), "its checksum is wrong"},
		{"chain 0", chain.Address{23: 1}.String(), "it names no chain"},
		{"long", strings.Repeat("q", 1000), "it has 1000 letters"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if _, err := chain.ParseAddress(x.in); err == nil || !strings.Contains(err.Error(), x.want) || len(err.Error()) > 300 {
				t.Fatalf("error %v, want %q", err, x.want)
			}
		})
	}
}

func TestAddressJSON(t *testing.T) {
	a := address(1)
	text, err := json.Marshal(map[chain.Address]chain.Address{a: a})
	if want := `{"` + a.String() + `":"` + a.String() + `"}`; err != nil || string(text) != want {
		t.Fatalf("%s, error %v, want %s", text, err, want)
	}
	var back map[chain.Address]chain.Address
	if err := json.Unmarshal(text, &back); err != nil || back[a] != a {
		t.Fatalf("read as %v, error %v", back, err)
	}
}

func TestAddressKinds(t *testing.T) {
	pub := key(1).Public()
	made := chain.MadeAddress(chain.Main, address(1), [32]byte{1}, chain.CodeHash{1})
	seen := map[chain.Address]bool{}
	for _, a := range []chain.Address{
		chain.SystemAddress(chain.Main), chain.SystemAddress(2),
		chain.KeyAddress(chain.Main, pub), chain.KeyAddress(2, pub), chain.KeyAddress(chain.Main, key(2).Public()),
		made, chain.MadeAddress(2, address(1), [32]byte{1}, chain.CodeHash{1}), chain.MadeAddress(chain.Main, address(2), [32]byte{1}, chain.CodeHash{1}),
		chain.MadeAddress(chain.Main, address(1), [32]byte{2}, chain.CodeHash{1}), chain.MadeAddress(chain.Main, address(1), [32]byte{1}, chain.CodeHash{2}),
	} {
		if seen[a] {
			t.Errorf("%s stands for two accounts", a)
		}
		seen[a] = true
		if a.IsZero() || a.IsSystem() != (a == chain.SystemAddress(a.Chain())) {
			t.Errorf("%s: zero %v, system %v", a, a.IsZero(), a.IsSystem())
		}
	}
	if !(chain.Address{}).IsZero() || made.Chain() != chain.Main || made.Compare(chain.SystemAddress(2)) >= 0 || made.Compare(made) != 0 {
		t.Error("zero, chain or order is wrong")
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add(address(1).String())
	f.Add(chain.SystemAddress(chain.Main).String())
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := chain.ParseAddress(s); err == nil && a.String() != s {
			t.Fatalf("%q read as %s: one address has one text", s, a)
		}
	})
}

package chain_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thinkey/thinkey/sdk/chain"
)

// anyAmount draws amounts of all sizes, those at the edges of 64 and 128 bits often.
func anyAmount() *rapid.Generator[chain.Amount] {
	return rapid.Custom(func(t *rapid.T) chain.Amount {
		word := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 1 << 63, 1<<64 - 1}))
		high := chain.Mul(word.Draw(t, "high"), 1<<63)
		sum, err := high.Add(high) // high·2^64, by a way that does not need the fields
		if err != nil {
			t.Fatal(err)
		}
		if sum, err = sum.Add(chain.NewAmount(word.Draw(t, "low"))); err != nil {
			t.Fatal(err)
		}
		return sum
	})
}

func toBig(a chain.Amount) *big.Int { return new(big.Int).SetBytes(chain.EncodeAmount(a)) }

var most = toBig(chain.MaxAmount)

// Amounts count as whole numbers do, and say so when the result is none of theirs.
func TestAmountCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyAmount().Draw(t, "a"), anyAmount().Draw(t, "b")
		x, y := toBig(a), toBig(b)
		sum, err := a.Add(b)
		if want := new(big.Int).Add(x, y); want.Cmp(most) > 0 {
			if !errors.Is(err, chain.ErrOverflow) || !sum.IsZero() {
				t.Fatalf("sum %s, error %v", sum, err)
			}
		} else if err != nil || toBig(sum).Cmp(want) != 0 {
			t.Fatalf("sum %s, error %v, want %s", sum, err, want)
		}
		rest, err := a.Sub(b)
		if want := new(big.Int).Sub(x, y); want.Sign() < 0 {
			if !errors.Is(err, chain.ErrUnderflow) || !rest.IsZero() {
				t.Fatalf("difference %s, error %v", rest, err)
			}
		} else if err != nil || toBig(rest).Cmp(want) != 0 {
			t.Fatalf("difference %s, error %v, want %s", rest, err, want)
		}
		if a.Cmp(b) != x.Cmp(y) || a.Less(b) != (x.Cmp(y) < 0) || a.IsZero() != (x.Sign() == 0) {
			t.Fatalf("compared: %d, less %v", a.Cmp(b), a.Less(b))
		}
		m, n := rapid.Uint64().Draw(t, "m"), rapid.Uint64().Draw(t, "n")
		if want := new(big.Int).Mul(new(big.Int).SetUint64(m), new(big.Int).SetUint64(n)); toBig(chain.Mul(m, n)).Cmp(want) != 0 {
			t.Fatalf("product %s, want %s", chain.Mul(m, n), want)
		}
	})
}

func TestAmountText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAmount().Draw(t, "a")
		if a.String() != toBig(a).String() {
			t.Fatalf("printed %s, want %s", a, toBig(a))
		}
		if back, err := chain.ParseAmount(a.String()); err != nil || back != a {
			t.Fatalf("%s read as %s, error %v", a, back, err)
		}
		// Any number of up to 42 digits: accepted exactly when it is none too large.
		digits := rapid.StringMatching(`[1-9][0-9]{0,41}`).Draw(t, "digits")
		want, _ := new(big.Int).SetString(digits, 10)
		got, err := chain.ParseAmount(digits)
		if fits := want.Cmp(most) <= 0; fits != (err == nil) || fits && toBig(got).Cmp(want) != 0 {
			t.Fatalf("%s read as %s, error %v", digits, got, err)
		}
	})
}

func TestRefusedAmount(t *testing.T) {
	over := new(big.Int).Add(most, big.NewInt(1)).String()
	for _, s := range []string{"", "00", "01", "-1", "+1", "1.0", "1,0", "1e3", "0x1", " 1", "1 ", "١", over, most.String() + "0", strings.Repeat("9", 1000)} {
		if a, err := chain.ParseAmount(s); err == nil || len(err.Error()) > 300 {
			t.Errorf("%q read as %s, error %v", s, a, err)
		}
	}
	if _, err := chain.ParseAmount(over); !errors.Is(err, chain.ErrOverflow) {
		t.Errorf("2^128: %v", err)
	}
}

// In JSON an amount is a string: JavaScript's numbers end at 2^53.
func TestAmountJSON(t *testing.T) {
	text, err := json.Marshal([]chain.Amount{{}, chain.MaxAmount})
	if want := `["0","340282366920938463463374607431768211455"]`; err != nil || string(text) != want {
		t.Fatalf("%s, error %v, want %s", text, err, want)
	}
	var back []chain.Amount
	if err := json.Unmarshal(text, &back); err != nil || back[1] != chain.MaxAmount {
		t.Fatalf("read as %v, error %v", back, err)
	}
	if err := json.Unmarshal([]byte(`[10]`), &back); err == nil {
		t.Fatal("a JSON number is accepted")
	}
}

func FuzzParseAmount(f *testing.F) {
	f.Add("0")
	f.Add(chain.MaxAmount.String())
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := chain.ParseAmount(s); err == nil && a.String() != s {
			t.Fatalf("%q read as %s: one amount has one text", s, a)
		}
	})
}

package client

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/sdk/chain"
)

func cases(t *testing.T) []Case {
	t.Helper()
	list, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 {
		t.Fatalf("%d cases on one chain, want 3", len(list))
	}
	return list
}

// The figures of the paper keep what there is: nothing is made or lost in any case.
func TestCasesConserve(t *testing.T) {
	for _, c := range cases(t) {
		var before, after chain.Amount
		for _, name := range c.Accounts() {
			var err error
			if before, err = before.Add(c.Before[name]); err != nil {
				t.Fatal(err)
			}
			if after, err = after.Add(c.After[name]); err != nil {
				t.Fatal(err)
			}
		}
		if before != after || before.IsZero() {
			t.Errorf("%s: %s before, %s after", c.Name, before, after)
		}
	}
}

// With a block for each message, the turn of what an account handles first comes first.
func TestTurns(t *testing.T) {
	for i, want := range [][]string{{"m1", "m3"}, {"m3", "m1"}, {"m1"}} {
		c := cases(t)[i]
		if got := c.turns(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.Name, got, want)
		}
	}
}

// A run is judged by σ and by balances, and told from the other order of the same messages.
func TestJudge(t *testing.T) {
	list := cases(t)
	paid, pays := &list[0], &list[1]
	if err := paid.agrees(paid.Sigma, paid.After); err != nil {
		t.Error(err)
	}
	if paid.agrees(pays.Sigma, paid.After) == nil || paid.agrees(paid.Sigma, pays.After) == nil {
		t.Error("another σ, or other balances, pass")
	}
	if len(paid.other) != 1 || paid.other[0].Name != pays.Name || len(list[2].other) != 0 {
		t.Errorf("other orders: %v, %v", paid.other, list[2].other)
	}
	if got := paid.Sigma["bob"].String(); got != "(m2; ∅) (m3; m4)" {
		t.Error(got)
	}
}

func TestRelayLabel(t *testing.T) {
	c := cases(t)[1]
	p := &play{Case: &c}
	if a, b := p.relayLabel("m3", 0), p.relayLabel("m9", 1); a != "m4" || b != "m9.2" {
		t.Errorf("%s, %s", a, b)
	}
}

package cli

import (
	"testing"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// An account is on every chain, or on one; one that is named for a chain has that amount there.
func TestTreeAccounts(t *testing.T) {
	o := &devOptions{treeFlags: treeFlags{chains: 2}, validators: 1, accounts: []string{"alice=20", "alice@b=7", "bob@main=5"}}
	if err := o.plant(node.Pace{}, func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	d, err := o.network("test")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.accountFlags(); got != "alice=20 alice@b=7 alice@main=20 bob@main=5" {
		t.Error(got)
	}
	g := d.genesis()
	if err := g.Check(); err != nil || len(g.Chains) != 2 || len(g.Accounts) != 3 || len(g.Chains[0].Accounts) != 2 || len(g.Chains[1].Accounts) != 2 {
		t.Errorf("%v: %+v", err, g)
	}
	text, err := o.network("test")
	if err != nil || text.genesis().Network() == (chain.NetworkID{}) {
		t.Error(err)
	}
}

// What is asked for a chain alone makes it alone, unless several were asked for.
func TestPlant(t *testing.T) {
	for name, c := range map[string]struct {
		o     devOptions
		pace  node.Pace
		given string
		want  int // chains; 0 for one alone, -1 for a refusal
	}{
		"nothing":                {devOptions{treeFlags: treeFlags{chains: 2}}, node.Pace{}, "", 3},
		"three":                  {devOptions{treeFlags: treeFlags{chains: 3}}, node.Pace{}, "chains", 4},
		"none":                   {devOptions{treeFlags: treeFlags{chains: 0}}, node.Pace{}, "chains", 0},
		"main":                   {devOptions{treeFlags: treeFlags{2, "main"}}, node.Pace{}, "tree", 0},
		"a tree":                 {devOptions{treeFlags: treeFlags{2, "main(a)"}}, node.Pace{}, "tree", 2},
		"a committee":            {devOptions{treeFlags: treeFlags{chains: 2}, validators: 4}, node.Pace{}, "validators", 0},
		"a committee and chains": {devOptions{treeFlags: treeFlags{chains: 2}, validators: 4}, node.Pace{}, "chains", 3},
		"too many for a process": {devOptions{treeFlags: treeFlags{chains: 2}, validators: 22}, node.Pace{}, "chains", -1},
		"a committee, none":      {devOptions{treeFlags: treeFlags{chains: 0}, validators: 4}, node.Pace{}, "chains", 0},
		"by hand":                {devOptions{treeFlags: treeFlags{chains: 2}}, node.Pace{Manual: true}, "", 0},
		"a tree by hand":         {devOptions{treeFlags: treeFlags{2, "main(a)"}}, node.Pace{Manual: true}, "tree", -1},
		"only some":              {devOptions{treeFlags: treeFlags{chains: 2}, only: []string{"a"}}, node.Pace{}, "", 3},
		"only some of one":       {devOptions{treeFlags: treeFlags{chains: 0}, only: []string{"a"}}, node.Pace{}, "chains", -1},
	} {
		c.o.validators = max(c.o.validators, 1)
		err := c.o.plant(c.pace, func(flag string) bool { return flag == c.given })
		if (err != nil) != (c.want < 0) || err == nil && len(c.o.plan) != c.want {
			t.Errorf("%s: %v, %v", name, c.o.plan, err)
		}
	}
}

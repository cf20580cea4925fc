package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thinkey/thinkey/sdk/chain"
)

const (
	// maxChains is how many a network may begin with that a command makes: a process may have to hold a node of each.
	maxChains = 32
	// nameRule is what isName holds.
	nameRule = "1 to 32 letters a-z, digits and -, a letter first"
)

// namedChain is a chain of those that a network begins with.
type namedChain struct {
	Name  string   `json:"name"`
	Chain chain.ID `json:"chain"`
	Under chain.ID `json:"under,omitempty"` // none: the main chain
}

// treeFlags say which chains a network begins with: --chains, or --tree.
type treeFlags struct {
	chains int
	tree   string
}

// flags has usual chains under the main one where nobody says how many.
func (t *treeFlags) flags(cmd *cobra.Command, usual int) {
	cmd.Flags().IntVar(&t.chains, "chains", usual, "chains under the main one, called a, b, …; 0 for the main chain alone")
	cmd.Flags().StringVar(&t.tree, "tree", "", "the tree of chains, such as 'main(a(a1,a2),b)'")
}

// planned are the chains that the flags say, the main one first.
func (t *treeFlags) planned(given func(flag string) bool) ([]namedChain, error) {
	switch {
	case given("chains") && given("tree"):
		return nil, usage("--chains and --tree are both given").do("leave one out: --chains 2 is --tree 'main(a,b)'")
	case given("tree"):
		return parseTree(t.tree)
	case t.chains < 0 || t.chains >= maxChains:
		return nil, usage("--chains (%d)", t.chains).do("write a number from 0, the main chain alone, to %d", maxChains-1)
	}
	return star(t.chains), nil
}

// star is the main chain with n others under it, called a, b, ….
func star(n int) []namedChain {
	list := []namedChain{{chain.MainName, chain.Main, 0}}
	for i := range n {
		name := string(rune('a' + i%26))
		if i >= 26 {
			name += strconv.Itoa(i / 26)
		}
		list = append(list, namedChain{name, chain.Main + 1 + chain.ID(i), chain.Main})
	}
	return list
}

// treeReader reads a tree of chains: a name, and in brackets those under it. Chains get their numbers as they come.
type treeReader struct {
	text string
	at   int
	list []namedChain
}

// parseTree reads such as main(a(a1,a2),b).
func parseTree(text string) ([]namedChain, error) {
	r := &treeReader{text: text}
	err := r.chain(0, 0)
	if err == nil && r.at < len(text) {
		err = r.fault("something stands behind the tree")
	}
	return r.list, err
}

func (r *treeReader) fault(format string, args ...any) error {
	return usage("--tree (%q) at letter %d: %s", r.text, r.at+1, fmt.Sprintf(format, args...)).
		do("write the main chain with those under it in brackets, such as 'main(a(a1,a2),b)'")
}

// chain reads a chain with those under it.
func (r *treeReader) chain(under chain.ID, depth int) error {
	start := r.at
	for r.at < len(r.text) && !strings.ContainsRune("(), ", rune(r.text[r.at])) {
		r.at++
	}
	name := r.text[start:r.at]
	id := chain.ID(len(r.list) + 1)
	wrong := ""
	switch {
	case name == "":
		return r.fault("a name is missing")
	case id == chain.Main && name != chain.MainName:
		wrong = "the root of the tree is called " + chain.MainName
	case !isName(name):
		wrong = fmt.Sprintf("%q is no name: %s", name, nameRule)
	case slices.ContainsFunc(r.list, func(c namedChain) bool { return c.Name == name }):
		wrong = fmt.Sprintf("%s is there already", name)
	case len(r.list) == maxChains:
		wrong = fmt.Sprintf("more than %d chains", maxChains)
	case depth > chain.MaxViews:
		wrong = fmt.Sprintf("%s has more than %d chains above it", name, chain.MaxViews)
	}
	if wrong != "" {
		r.at = start
		return r.fault("%s", wrong)
	}
	r.list = append(r.list, namedChain{name, id, under})
	if !r.takes('(') {
		return nil
	}
	for {
		if err := r.chain(id, depth+1); err != nil {
			return err
		}
		if r.takes(')') {
			return nil
		}
		if !r.takes(',') {
			return r.fault(`"," or ")" is missing`)
		}
	}
}

// takes reads a letter if it comes next.
func (r *treeReader) takes(letter byte) bool {
	if r.at == len(r.text) || r.text[r.at] != letter {
		return false
	}
	r.at++
	return true
}

// treeText is what parseTree reads; the main chain alone if there are none.
func treeText(list []namedChain) string {
	if len(list) == 0 {
		return chain.MainName
	}
	var under func(c namedChain) string
	under = func(c namedChain) string {
		var below []string
		for _, x := range list {
			if x.Under == c.Chain {
				below = append(below, under(x))
			}
		}
		if len(below) == 0 {
			return c.Name
		}
		return c.Name + "(" + strings.Join(below, ",") + ")"
	}
	return under(list[0])
}

// tips are the chains that have none under them.
func tips(list []namedChain) (ids []chain.ID) {
	for _, c := range list {
		if !slices.ContainsFunc(list, func(x namedChain) bool { return x.Under == c.Chain }) {
			ids = append(ids, c.Chain)
		}
	}
	return ids
}

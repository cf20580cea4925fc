package placement

import (
	"slices"
	"testing"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Of those who say that they are at one address one has it: who is connected, of several who has shown its key there, else who had it. So nobody takes the
// place of a node that is there, also from one that has just begun; and what one that is away for good leaves is free.
func TestOneAtAnAddress(t *testing.T) {
	const at = "192.0.2.1:10"
	key := func(n byte) keys.PublicKey { return keys.PublicKey{n} }
	node := func(n byte, up bool) Node {
		return Node{Record: mesh.Record{Node: key(n), Transport: "192.0.2.1:7171", Actors: 10}, Up: up}
	}
	before := newDirectory([]Node{node(5, true)}, nil, nil)
	shown := map[string]keys.PublicKey{at: key(5)}
	for name, c := range map[string]struct {
		nodes  []Node
		before *directory
		shown  map[string]keys.PublicKey
		want   byte
	}{
		"alone":                             {[]Node{node(5, false)}, nil, nil, 5},
		"another says so, too":              {[]Node{node(1, true), node(5, true)}, before, nil, 5},
		"a later key":                       {[]Node{node(9, true), node(5, true)}, before, nil, 5},
		"nothing is known of before":        {[]Node{node(1, true), node(5, true)}, nil, shown, 5},
		"it took the place while it was so": {[]Node{node(1, true), node(5, true)}, newDirectory([]Node{node(1, true)}, nil, nil), shown, 5},
		"who had it is away for good":       {[]Node{node(9, true), node(5, false)}, before, shown, 9},
		"neither is there":                  {[]Node{node(1, false), node(5, false)}, before, nil, 5},
	} {
		for range 2 {
			slices.Reverse(c.nodes)
			d := newDirectory(c.nodes, c.before, c.shown)
			if len(d.list) != 1 || d.roads[at] != key(c.want) || d.address(key(c.want)) != at || len(d.claims) != len(c.nodes) {
				t.Errorf("%s: %v has it, not %d", name, d.roads[at], c.want)
			}
		}
	}
	p := proven{by: map[string]keys.PublicKey{}}
	if !p.put(at, key(5)) || p.put(at, key(5)) || p.now()[at] != key(5) {
		t.Error("what is shown is news once")
	}
	if p.tidy(before); len(p.now()) != 1 {
		t.Error("what is claimed is forgotten")
	}
	if p.tidy(newDirectory(nil, nil, nil)); len(p.now()) != 0 {
		t.Error("what nobody claims is kept")
	}
}

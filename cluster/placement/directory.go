package placement

import (
	"bytes"
	"hash/fnv"
	"net"
	"slices"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// Node is a registered node as the mesh knows it.
type Node struct {
	Record mesh.Record
	// Up says that it can be reached at present, as far as this node knows; it may be wrong.
	Up bool
}

// directory is who can be asked: a picture of Config.Nodes. It doesn't change; another one replaces it.
type directory struct {
	nodes map[keys.PublicKey]*entry
	list  []*entry                  // by key
	roads map[string]keys.PublicKey // who is at an address
	hosts map[string]bool
}

// entry is a node that answers for accounts.
type entry struct {
	Node
	key     keys.PublicKey
	address string // proto.actor's, and where it is dialed
}

// newDirectory leaves out nodes that answer for nothing, and those that say they are where another one was before. Else answers to such a node would go to
// that one, and count as its.
func newDirectory(nodes []Node, before *directory) *directory {
	d := &directory{make(map[keys.PublicKey]*entry, len(nodes)), nil, make(map[string]keys.PublicKey, len(nodes)), map[string]bool{}}
	var list []*entry
	for _, n := range nodes {
		if at := n.Record.ActorsAddress(); at != "" {
			list = append(list, &entry{n, n.Record.Node, at})
		}
	}
	slices.SortFunc(list, func(a, b *entry) int { return bytes.Compare(a.key[:], b.key[:]) })
	for _, e := range list {
		if before != nil && before.roads[e.address] == e.key {
			d.roads[e.address] = e.key
		}
	}
	for _, e := range list {
		if owner, ok := d.roads[e.address]; ok && owner != e.key {
			continue
		}
		d.nodes[e.key], d.roads[e.address] = e, e.key
		if host, _, err := net.SplitHostPort(e.address); err == nil {
			d.hosts[host] = true
		}
		d.list = append(d.list, e)
	}
	return d
}

// address of a node; empty if it isn't known.
func (d *directory) address(k keys.PublicKey) string {
	if e := d.nodes[k]; e != nil {
		return e.address
	}
	return ""
}

// isAt says whether a node has said that it is at an address.
func (d *directory) isAt(k keys.PublicKey, address string) bool {
	return address != "" && d.address(k) == address
}

// choose is a node that has the account's chain and isn't avoided; nil if there is none. Of those that are up, if any is, the
// highest by a hash: questions for one account go to one node, those for many are spread (SPEC 10.2).
func (d *directory) choose(account chain.Address, avoid func(keys.PublicKey) bool) (best *entry) {
	rank := uint64(0)
	for _, e := range d.list {
		if e.Record.Does(account.Chain()) == 0 || avoid(e.key) {
			continue
		}
		h := fnv.New64a()
		_, _ = h.Write(account[:])
		_, _ = h.Write(e.key[:])
		if r := h.Sum64(); best == nil || e.Up && !best.Up || e.Up == best.Up && r > rank {
			best, rank = e, r
		}
	}
	return best
}

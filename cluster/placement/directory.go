package placement

import (
	"bytes"
	"hash/maphash"
	"maps"
	"net"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/cluster/entrance"
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
	hosts map[string]bool           // entrance.Host of those addresses
	// claims is where each node says that it is, those included that are left out.
	claims map[keys.PublicKey]string
}

// entry is a node that answers for accounts.
type entry struct {
	Node
	key     keys.PublicKey
	address string // proto.actor's, and where it is dialed
}

// newDirectory leaves out nodes that answer for nothing, and of those that say they are at one address all but one: answers to another would go to that one,
// and count as its. It is who is connected, of several who has shown its key there, or was there before. Proven is who has shown a key at
// addresses.
func newDirectory(nodes []Node, before *directory, proven map[string]keys.PublicKey) *directory {
	d := &directory{make(map[keys.PublicKey]*entry, len(nodes)), nil, make(map[string]keys.PublicKey, len(nodes)), map[string]bool{}, make(map[keys.PublicKey]string, len(nodes))}
	rank := func(e *entry) (n int) {
		if e.Up {
			n += 2
			if proven[e.address] == e.key {
				n += 4
			}
		}
		if before != nil && before.roads[e.address] == e.key {
			n++
		}
		return n
	}
	owners := map[string]*entry{}
	for _, n := range nodes {
		if at := n.Record.ActorsAddress(); at != "" {
			e := &entry{n, n.Record.Node, at}
			d.claims[e.key] = at
			if o := owners[at]; o == nil || rank(e) > rank(o) || rank(e) == rank(o) && bytes.Compare(e.key[:], o.key[:]) < 0 {
				owners[at] = e
			}
		}
	}
	for _, e := range owners { // any order: the list is sorted below
		d.nodes[e.key], d.roads[e.address] = e, e.key
		if host, _, err := net.SplitHostPort(e.address); err == nil {
			d.hosts[entrance.Host(host)] = true
		}
		d.list = append(d.list, e)
	}
	slices.SortFunc(d.list, func(a, b *entry) int { return bytes.Compare(a.key[:], b.key[:]) })
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

// wanted is which node is looked for.
type wanted struct {
	account chain.Address
	kind    string
	seed    maphash.Seed // of rank
	but     []string     // addresses of nodes that it isn't
}

func (w *wanted) isNot(e *entry) bool { return slices.Contains(w.but, e.address) }

// rank orders nodes for an account. The order is the asker's own: where others knew it, somebody could make a key that is asked first for what is to be
// kept from all who ask (P7).
func (w *wanted) rank(e *entry) uint64 {
	var h maphash.Hash
	h.SetSeed(w.seed)
	_, _ = h.Write(w.account[:])
	_, _ = h.Write(e.key[:])
	return h.Sum64()
}

// choose is a node that has the account's chain and isn't avoided; nil if there is none. Of those that are up, if any is, the
// highest by a hash: with one seed questions for one account go to one node, those for many are spread (SPEC 10.2).
func (d *directory) choose(w wanted, avoid func(keys.PublicKey) bool) (best *entry) {
	rank := uint64(0)
	for _, e := range d.list {
		if e.Record.Does(w.account.Chain()) == 0 || w.isNot(e) || avoid(e.key) {
			continue
		}
		if r := w.rank(e); best == nil || e.Up && !best.Up || e.Up == best.Up && r > rank {
			best, rank = e, r
		}
	}
	return best
}

// proven is who has shown its key at an address where it says that it is.
type proven struct {
	mu sync.Mutex // guards by
	by map[string]keys.PublicKey
}

// put says whether that is news.
func (p *proven) put(address string, key keys.PublicKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	news := p.by[address] != key
	p.by[address] = key
	return news
}

func (p *proven) now() map[string]keys.PublicKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.by)
}

// tidy forgets what nobody claims any more, so there are no more than nodes.
func (p *proven) tidy(d *directory) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.by, func(address string, key keys.PublicKey) bool { return d.claims[key] != address })
}

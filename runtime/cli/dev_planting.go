package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
)

// openTree starts the nodes of the chains: a process of nodes for each validator, in this one.
func (a *app) openTree(o *devOptions, pace node.Pace, d *devNetwork) (*devNodes, error) {
	ids, err := o.here(d)
	if err != nil {
		return nil, err
	}
	nodes := &devNodes{}
	t := &planting{devOptions: o, network: d, nodes: nodes, founding: o.data == "" || isThere(o.founding()), planted: len(d.Chains), wires: map[chain.ID]*node.Switch{}}
	var all []*node.Node
	for v := range o.validators {
		c := node.ProcessConfig{
			Config: a.devConfig(o, pace, nil, v), Network: d.genesis(), Chains: ids,
			Engines: func(id chain.ID) node.Compile { return engineIn(o.compiledOf(id, v)) },
			Seat:    func(id chain.ID) *node.Member { return t.member(id, v) },
		}
		if v == 0 { // it is one account's, and messages of an account have an order
			carrier := client.DevKey(d.Seed, carrierName)
			c.Carrier = &carrier
		}
		p, err := node.OpenProcess(c)
		if err != nil {
			return nil, errors.Join(o.unstarted(err), nodes.close())
		}
		if v == 0 {
			nodes.process, nodes.list = p, p.Nodes()
		} else {
			nodes.others = append(nodes.others, p)
		}
		all = append(all, p.Nodes()...)
	}
	tuneMemory(all...)
	if o.data == "" {
		return nodes, nil
	}
	if err := removeIfThere(o.founding()); err != nil {
		return nil, errors.Join(err, nodes.close())
	}
	return nodes, nil
}

// planting starts the validators of a tree.
type planting struct {
	*devOptions
	network  *devNetwork
	nodes    *devNodes
	founding bool
	planted  int // chains that the network began with

	mu    sync.Mutex // guards wires, also those of the nodes
	wires map[chain.ID]*node.Switch
}

// member is the place of a validator on a chain.
func (t *planting) member(id chain.ID, validator int) *node.Member {
	at := slices.IndexFunc(t.network.Chains, func(c namedChain) bool { return c.Chain == id })
	public, secret := t.network.seatOf(&t.network.Chains[at], validator)
	// One that was made later has never been elsewhere than in this store.
	m := &node.Member{Node: public, Secret: secret, Founding: t.founding || at >= t.planted, Restored: slices.Contains(t.restored, validator)}
	if mode := t.mode(validator); mode != "" {
		m.Twist = byzantine.Twist(mode, byzantine.Self{Network: t.network.genesis().Network(), Secret: secret})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wires[id] == nil {
		t.wires[id] = node.NewSwitch()
		t.nodes.wires = append(t.nodes.wires, t.wires[id])
	}
	m.Net = t.wires[id].Port(public)
	return m
}

// compiledOf is where a validator's node of a chain keeps compiled code; empty for memory.
func (o *devOptions) compiledOf(id chain.ID, validator int) string {
	if o.data == "" {
		return ""
	}
	return filepath.Join(o.compiled(validator), fmt.Sprintf("chain-%d", id))
}

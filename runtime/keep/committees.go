package keep

import (
	"sync"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/light"
)

// Committees keeps committees whose keys were decoded: an ancestor's, a child's. The zero value holds none.
type Committees struct {
	// Memory, if set, remembers their certificates that held: several may share one.
	Memory *Memory

	mu   sync.Mutex // guards list
	list map[chain.Hash]*light.Committee
}

// mostCommittees bounds them; over it all are forgotten.
const mostCommittees = 256

// Committee implements native.Committees, and block.Rules' too.
func (c *Committees) Committee(network chain.NetworkID, of chain.Committee) (*light.Committee, error) {
	hash := of.Hash()
	c.mu.Lock()
	known := c.list[hash]
	c.mu.Unlock()
	if known != nil && known.Network() == network {
		return known, nil
	}
	made, err := c.decode(network, of)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) >= mostCommittees || c.list == nil {
		c.list = map[chain.Hash]*light.Committee{}
	}
	c.list[hash] = made
	return made, nil
}

func (c *Committees) decode(network chain.NetworkID, of chain.Committee) (*light.Committee, error) {
	if c.Memory == nil {
		return light.NewCommittee(network, of)
	}
	return c.Memory.committee(network, of)
}

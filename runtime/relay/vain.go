package relay

import "github.com/thinkey/thinkey/sdk/chain"

// pair is a chain and another one.
type pair struct{ of, other chain.ID }

// vain is what is known of relays that a chain didn't take in, though its ancestor covers them: their source's committee is rotten, or a
// valve keeps their value. Each try costs the chain a block. So they are tried again when so much has left their branch as the first of them needs, or
// the ancestor has made twice as many blocks as before.
type vain struct {
	number uint64       // of the first of them
	need   chain.Amount // what must have left their branch for the chain; zero if as much had
	wait   uint64       // blocks of the ancestor
	until  uint64       // a height of it
}

// inVain notes that relays of a source were refused, at a height of the ancestor, and what must have left their branch.
func (c *Chains) inVain(self, source chain.ID, number, height uint64, need chain.Amount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.vain[pair{self, source}]
	if v.number != number {
		v = vain{number: number}
	}
	v.wait = max(1, min(2*v.wait, mostWait))
	v.until, v.need = height+v.wait, need
	c.vain[pair{self, source}] = v
}

// mostWait bounds it.
const mostWait = 1 << 12

// isVain says whether relays from a number on are not tried at a height of the ancestor, when so much has left their branch.
func (c *Chains) isVain(self, source chain.ID, number, height uint64, left chain.Amount) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.vain[pair{self, source}]
	return ok && v.number == number && height < v.until && (v.need.IsZero() || left.Less(v.need))
}

// taken forgets what was refused: relays of the source were taken in.
func (c *Chains) taken(self, source chain.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.vain, pair{self, source})
}

package kit

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/thinkey/thinkey/consensus/order"
	"github.com/thinkey/thinkey/contracts/exec"
)

type (
	delivery = *exec.Delivery
	turn     = order.Turn[delivery]
)

// single is the course of one block: accounts process messages in any order.
type single struct {
	*scene
	at  *flight // of the last order
	end []turn
}

func (c *single) explore(most int, visit func() bool) order.End {
	f := c.flight()
	e := order.Explorer[delivery, *life]{Flight: f, Most: most, Visit: func() bool {
		c.ended(f)
		return visit()
	}}
	return e.Explore()
}

// ended notes that a flight has come to its end.
func (c *single) ended(f *flight) { c.at, c.end = f, f.Order() }

func (c *single) sample(random *rand.Rand) {
	f := c.flight()
	fly(f, random.IntN)
	c.ended(f)
}

func (c *single) follow(o Order) error {
	for _, step := range o {
		if c.chain.accounts[step[0]] == nil {
			return fmt.Errorf("no account is called %q; there are %s", step[0], strings.Join(c.chain.names(), ", "))
		}
	}
	f := c.flight()
	err := follow(f, o, func(t turn) string { return c.name(t.Account) }, func(t turn) string { return c.label(t.Message) })
	c.ended(f)
	return err
}

func (c *single) order() Order {
	list := make(Order, len(c.end))
	for i, t := range c.end {
		list[i] = Step{c.name(t.Account), c.label(t.Message)}
	}
	return list
}

func (c *single) length() int { return len(c.end) }

func (c *single) name(account uint32) string { return c.chain.nameOf(c.roots[account].account) }

// key tells orders apart by what they made of every account.
func (c *single) key() string {
	key := make([]byte, 0, 8*len(c.roots))
	for n := range c.roots {
		id := 0
		if l := c.at.State(uint32(n)); l != nil {
			id = l.id
		}
		key = binary.BigEndian.AppendUint32(key, uint32(id))
	}
	return string(key)
}

func (c *single) land(how care) error {
	k := c.chain
	r, err := k.advanceTo(c.scene, c.at, how)
	if err != nil {
		return err
	}
	k.tell(r)
	if how == verified {
		k.used.count(r)
	}
	return nil
}

func (c *single) broken() error { return c.err }

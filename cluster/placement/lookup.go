package placement

import (
	"errors"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// The kinds under which an account can be asked.
const (
	// Live is the account at its chain's leader: what it is told comes into a block soonest there.
	Live = "account"
	// Copy is the account at any node that has its chain: they have the same final state.
	Copy = "copy"
)

const (
	// avoidTime is how long a node that didn't answer is asked only if there is no other.
	avoidTime = 2 * time.Second
	// wordTime is how long it is believed who leads a chain: who says so of itself and doesn't, gets no more than it is asked by chance.
	wordTime = 2 * time.Second
)

// lookup says where an account is asked: proto.actor's IdentityLookup by chain. It keeps nothing of any account.
type lookup struct {
	p *Placement

	mu      sync.Mutex // guards the rest
	leaders map[chain.ID]word
	avoided map[keys.PublicKey]fault
}

// fault is that a node did not answer a question, or said that it can't now.
type fault struct {
	until  time.Time // it is avoided
	silent bool
}

// word is what a node said of who leads.
type word struct {
	leader keys.PublicKey
	until  time.Time
}

var _ cluster.IdentityLookup = (*lookup)(nil)

// Setup implements cluster.IdentityLookup.
func (l *lookup) Setup(*cluster.Cluster, []string, bool) {}

// Shutdown implements cluster.IdentityLookup.
func (l *lookup) Shutdown() {}

// Get implements cluster.IdentityLookup: nil if no node is known that has the account's chain, or the identity is no account's.
func (l *lookup) Get(is *cluster.ClusterIdentity) *actor.PID {
	account, err := chain.ParseAddress(is.Identity)
	if err != nil {
		return nil
	}
	return l.find(wanted{account: account, kind: is.Kind, seed: l.p.seed})
}

// find is who is asked; nil if nobody is left. Where some are left out, who isn't up isn't waited for.
func (l *lookup) find(w wanted) *actor.PID {
	d := l.p.known.Load()
	id := w.account.Chain()
	here := l.p.config.Has(id)
	if w.kind == Live {
		leader, ok := l.leader(id, here)
		if ok && leader == l.p.self && here {
			return actor.NewPID(l.p.Addr(), gateName)
		} else if e := d.nodes[leader]; ok && e != nil && e.Up && !l.avoids(leader) && !w.isNot(e) {
			return actor.NewPID(e.address, gateName)
		}
	}
	if here {
		return actor.NewPID(l.p.Addr(), gateName)
	}
	e := d.choose(w, l.avoids)
	if e == nil {
		e = d.choose(w, never)
	}
	if e == nil || len(w.but) > 0 && !e.Up {
		return nil
	}
	return actor.NewPID(e.address, gateName)
}

// RemovePid implements cluster.IdentityLookup: who is there did not answer.
func (l *lookup) RemovePid(_ *cluster.ClusterIdentity, pid *actor.PID) { l.avoid(pid, ErrSilent) }

// avoid has others asked before who is there.
func (l *lookup) avoid(pid *actor.PID, why error) {
	d := l.p.known.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range d.list {
		if e.address == pid.Address {
			l.avoided[e.key] = fault{time.Now().Add(avoidTime), errors.Is(why, ErrSilent)}
		}
	}
}

// never avoids nobody.
func never(keys.PublicKey) bool { return false }

func (l *lookup) avoids(k keys.PublicKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.avoided[k].until)
}

// loses says whether a node was silent lately: there may be no way to it.
func (l *lookup) loses(k keys.PublicKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.avoided[k]
	return f.silent && time.Now().Before(f.until)
}

// leader of a chain: what this node sees if the chain is here, else what it was told last.
func (l *lookup) leader(id chain.ID, here bool) (keys.PublicKey, bool) {
	if here {
		return l.p.leader(id)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.leaders[id]
	return w.leader, ok && time.Now().Before(w.until)
}

// leads remembers who leads a chain, by the word of a node; false if that node can't be asked.
func (l *lookup) leads(id chain.ID, k keys.PublicKey) bool {
	if e := l.p.known.Load().nodes[k]; k != l.p.self && (e == nil || !e.Up || l.avoids(k)) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.leaders[id]; !known && len(l.leaders) >= chain.MaxChains { // liars name chains that there are not
		for old := range l.leaders {
			delete(l.leaders, old)
			break
		}
	}
	l.leaders[id] = word{k, time.Now().Add(wordTime)}
	return true
}

// tidy forgets nodes that there are no more.
func (l *lookup) tidy(d *directory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.avoided {
		if d.nodes[k] == nil {
			delete(l.avoided, k)
		}
	}
}

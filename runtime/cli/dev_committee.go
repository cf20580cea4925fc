package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// maxValidators is how many a process may hold: each is a whole node.
const maxValidators = 64

// validatorKeys are those of a validator of a development network. Like the accounts' they follow from the public seed.
func validatorKeys(seed string, n int) (keys.PublicKey, keys.BLSSecret) {
	name := "validator-" + strconv.Itoa(n)
	return client.DevKey(seed, name).Public(), keys.BLSFromSeed(wire.Sum(wire.TagSeed, []byte(seed), []byte{1}, []byte(name)))
}

// seat gives each validator a seat of the genesis.
func (d *devNetwork) seat(g *chain.Genesis) {
	g.Committee = chain.Committee{Chain: g.Chain, Seed: chain.Hash(wire.Sum(wire.TagSeed, []byte(d.Seed), []byte{2}))}
	for i := range d.Validators {
		g.AddSeat(validatorKeys(d.Seed, i))
	}
}

func (o *devOptions) checkCommittee(pace node.Pace) error {
	switch {
	case o.validators < 1 || o.validators > maxValidators:
		return usage("--validators (%d)", o.validators).do("write a number from 1 to %d", maxValidators)
	case o.validators > 1 && pace.Manual:
		return usage("--block (%q) with %d validators", o.block, o.validators).do("write auto or an interval: their leader makes blocks when there is something to do")
	}
	_, err := o.modes()
	return err
}

// modes are what validators do wrong: the last one the first that is named, the one before it the next, and so on.
func (o *devOptions) modes() (list []string, err error) {
	for _, word := range o.byzantine {
		name, times, many := strings.Cut(word, "=")
		n := 1
		if many {
			n, err = strconv.Atoi(times)
		}
		if err != nil || n < 1 || n > maxValidators || !byzantine.Known(name) {
			return nil, usage("--byzantine (%q)", word).
				do("write one of %s, several with commas between, and equivocate=2 for two that do it", strings.Join(byzantine.Names(), ", "))
		}
		list = append(list, slices.Repeat([]string{name}, n)...)
	}
	return list, nil
}

// checkByzantine refuses more faulty validators than the committee can stand: nothing is promised then.
func (o *devOptions) checkByzantine() error {
	modes, err := o.modes()
	if err != nil || len(modes) == 0 {
		return err
	}
	f := chain.QuorumsOf(o.validators, 0).Faulty
	switch {
	case o.validators == 1:
		return usage("--byzantine (%s) with one validator", strings.Join(o.byzantine, ",")).do("give it others with --validators 4")
	case len(modes) > f:
		return usage("--byzantine (%s) makes %d of %d validators faulty, and a committee of that size stays safe with at most %d", strings.Join(o.byzantine, ","), len(modes), o.validators, f).
			do("name fewer, or give it others with --validators %d", 3*len(modes)+1)
	}
	return nil
}

// mode is what a validator does wrong; empty for nothing.
func (o *devOptions) mode(validator int) string {
	modes, err := o.modes()
	if at := o.validators - 1 - validator; err == nil && at < len(modes) {
		return modes[at]
	}
	return ""
}

// checkRestored refuses what would let nothing become final any more, and what means nothing.
func (o *devOptions) checkRestored() error {
	waiting := make(map[int]bool, len(o.restored))
	for _, v := range o.restored {
		if v < 0 || v >= o.validators {
			return usage("--restored (%d) of %s", v, count(o.validators, "validator")).do("write a number from 0 to %d", o.validators-1)
		}
		waiting[v] = true
	}
	f := chain.QuorumsOf(o.validators, 0).Faulty
	switch {
	case len(waiting) == 0:
		return nil
	case o.data == "":
		return usage("--restored without --data").do("a network in memory begins anew: there is no backup of it")
	case o.validators == 1:
		return usage("--restored with one validator").do("leave it out: it has nobody to contradict; blocks after the backup are lost")
	case len(waiting) > f:
		return usage("--restored (%d of %d validators): they would wait for others who make blocks, and those are too few", len(waiting), o.validators).
			do("name at most %d, and start the others from their own directories", f)
	}
	return nil
}

func (o *devOptions) committeeWords() string {
	q := chain.QuorumsOf(o.validators, 0)
	text := fmt.Sprintf("%d of %s may be faulty; %d make a block final", q.Faulty, count(o.validators, "validator"), q.Certificate)
	for v := range o.validators {
		if mode := o.mode(v); mode != "" {
			text += fmt.Sprintf("; validator %d is (%s)", v, mode)
		}
	}
	for _, v := range o.restored {
		text += fmt.Sprintf("; validator %d is restored, and votes when that is safe", v)
	}
	return text
}

func (o *devOptions) founding() string { return filepath.Join(o.data, foundingFile) }

// devNodes are the validators of a development network; the first serves the API.
type devNodes struct {
	list    []*node.Node    // of several chains, those of validator 0
	wires   []*node.Switch  // none for one that runs a chain alone
	process *node.Process   // validator 0's, of several chains; nil for one
	others  []*node.Process // the other validators'
}

// first is the node of the chain that is meant where none is named.
func (n *devNodes) first(d *devNetwork) *node.Node {
	for _, one := range n.list {
		if one.Chain() == d.usual() {
			return one
		}
	}
	return n.list[0]
}

func (n *devNodes) close() (err error) {
	if n.process != nil {
		err = n.process.Close()
		for _, p := range n.others {
			err = errors.Join(err, p.Close())
		}
	} else {
		for _, one := range n.list {
			err = errors.Join(err, one.Close())
		}
	}
	for _, w := range n.wires {
		w.Close()
	}
	return err
}

// openDev starts the validators.
func (a *app) openDev(o *devOptions, pace node.Pace, network *devNetwork) (*devNodes, error) {
	if len(network.Chains) > 0 {
		return a.openTree(o, pace, network)
	}
	nodes := &devNodes{}
	g := network.genesis()
	founding := o.data == "" || isThere(o.founding())
	if o.validators > 1 {
		nodes.wires = append(nodes.wires, node.NewSwitch())
	}
	for i := range o.validators {
		c := a.devConfig(o, pace, g, i)
		if nodes.wires != nil {
			c.Member = o.member(network, i, founding)
			c.Member.Net = nodes.wires[0].Port(c.Member.Node)
		}
		n, err := openTuned(c, o.compiled(i))
		if err != nil {
			return nil, errors.Join(o.unstarted(err), nodes.close())
		}
		nodes.list = append(nodes.list, n)
	}
	tuneMemory(nodes.list...)
	if o.data == "" {
		return nodes, nil
	}
	if err := removeIfThere(o.founding()); err != nil {
		return nil, errors.Join(err, nodes.close())
	}
	return nodes, nil
}

// unstarted says why a validator doesn't start.
func (o *devOptions) unstarted(err error) error {
	if errors.Is(err, store.ErrInUse) {
		return failed("in_use", "%s is in use by another process", o.data).do("stop the other process, or choose another --data")
	}
	return failed("no_start", "the network can't start: %v", err).do("%s", o.hint())
}

// member is the place of a validator.
func (o *devOptions) member(network *devNetwork, i int, founding bool) *node.Member {
	public, secret := validatorKeys(network.Seed, i)
	m := &node.Member{Node: public, Secret: secret, Founding: founding, Restored: slices.Contains(o.restored, i)}
	if mode := o.mode(i); mode != "" {
		m.Twist = byzantine.Twist(mode, byzantine.Self{Network: network.genesis().Network(), Secret: secret})
	}
	return m
}

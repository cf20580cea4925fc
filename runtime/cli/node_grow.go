package cli

import (
	"context"
	"errors"
	"sync"

	"github.com/thinkey/thinkey/runtime/node"
	"github.com/thinkey/thinkey/sdk/chain"
)

// wholeFile is in a ledger that has been there since the node's key was made: what the key ever signed stands in it, and on a chain that is not
// in it the key has signed nothing. It goes with the ledger, and is not restored.
const wholeFile = ledgerDir + "/whole"

// begins removes what a process left that was killed, as this one alone has the key now, makes this one known, and says whether nobody ever voted with that, and on
// which chains the node waits.
func (h nodeHome) begins(o *nodeStart) (founding bool, err error) {
	err = errors.Join(removeIfThere(h.file(nodeReadyFile)), removeIfThere(h.file(joiningFile)), h.isRunBy(thisProcess()))
	if o.restored {
		err = errors.Join(err, writeWhole(h.file(restoredFile), nil)) // it is still so after a crash
	}
	waits, bad := h.readWaiting()
	if o.marks.waits = waits; waits.all || len(waits.some) > 0 {
		o.restored = true
		bad = errors.Join(bad, removeIfThere(h.file(wholeFile)))
	}
	return isThere(h.file(foundingFile)), errors.Join(err, bad)
}

// began takes away what was for the start alone. Whole says that the ledger has begun with the key.
func (h nodeHome) began(whole bool, m *marks, p *node.Process) error {
	if whole {
		if err := writeWhole(h.file(wholeFile), nil); err != nil {
			return err
		}
	}
	return errors.Join(m.toldAll(h, p), removeIfThere(h.file(foundingFile)), removeIfThere(h.file(joiningFile)))
}

// grow runs chains that are made by messages: all that have a parent here, or, where node.toml names chains, those on which the node has a
// seat.
func (a *app) grow(ctx context.Context, r *running, o *opening) error {
	var endowed sync.WaitGroup
	defer endowed.Wait()
	c, g, own := o.config, o.genesis, o.key.Public()
	return r.process.Grow(ctx, func(id chain.ID, b chain.Branch) bool {
		return !g.Tree().Has(id) && len(b.Seats.Seats) > 0 && (len(c.Chains) == 0 || sits(b.Seats.Seats, own))
	}, func(n *node.Node) error {
		if err := o.marks.toldAll(o.home, r.process); err != nil {
			return err
		}
		r.server.Add(n)
		tuneMemory(r.process.Nodes()...)
		a.log.Info("a chain that was made runs here", "chain", n.Chain())
		if c, _, err := n.Committee(); err == nil && sits(c.Seats, own) {
			endowed.Go(func() { a.endow(ctx, r.process, n.Chain()) })
		}
		return nil
	})
}

package sim

import (
	"context"

	"github.com/thinkey/thinkey/runtime/audit"
)

// audit holds, at the end of a run and of one node, all that a store must hold: blocks, state, receipts, undo records and
// indexes, replayed from the genesis. It is the audit that operators have.
func (s *stage) audit() error {
	w := s.worlds[0]
	n := w.nodes[w.plan.Seed%uint64(len(w.nodes))]
	d, ok := n.disk.(*stored)
	if !ok || !n.up || n.rotten != "" || w.broken != nil {
		return nil
	}
	r, err := audit.Run(context.Background(), audit.Options{
		Store: d.store, Programs: w.origin.rules.Programs, Signatures: tags{},
	})
	if err != nil {
		return err
	}
	w.census.add("audit")
	if r.Height != n.ledger.head.Header.Height {
		w.violate("audit", n, "its store ends with block %d, and it is at %d", r.Height, n.ledger.head.Header.Height)
	}
	for _, c := range r.Checks {
		if c.Result != audit.OK {
			w.violate("audit", n, "%s: %s %+v", c.Name, c.Result, c.Findings)
		}
	}
	return nil
}

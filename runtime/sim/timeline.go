package sim

import (
	"fmt"
	"io"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
)

// listen has the timeline told.
func (s *stage) listen(say func(millis uint64, node int, line string)) {
	s.say = func(n *node, format string, args ...any) {
		number := -1
		if n != nil {
			number = n.process.number
			if len(s.worlds) > 1 {
				format = fmt.Sprintf("on chain %d ", n.w.id) + format
			}
		}
		say(s.now/millis, number, fmt.Sprintf(format, args...))
	}
}

// Timeline runs a seed and writes what happens, a line each: milliseconds, node, what.
func Timeline(to io.Writer, seed uint64, o Options) (*Outcome, error) {
	p := Draw(seed, o)
	_, err := fmt.Fprintf(to, "seed %d: seats of each node %v, silent %d, faults %v\n", seed, p.Nodes, p.Silent, p.On)
	for _, b := range p.Branches {
		_, _ = fmt.Fprintf(to, "chain %d under chain %d: seats %v, carriers %v, %v\n", b.ID, b.Parent, b.Seats, b.Carriers, b.Has)
	}
	if p.Rot.Chain > 0 {
		_, _ = fmt.Fprintf(to, "chain %d rots at %d ms\n", p.Rot.Chain, p.Rot.At)
	}
	if p.Late > 0 {
		_, _ = fmt.Fprintf(to, "nobody carries digests of chain %d for thousands of blocks, at the end\n", p.Late)
	}
	for _, r := range p.Roles {
		_, _ = fmt.Fprintf(to, "node %d is faulty: %s %s\n", r.Node, r.Class, r.Name)
	}
	for _, in := range p.Incident {
		_, _ = fmt.Fprintf(to, "incident %d: %s at %d ms for %d ms, node %d\n", in.Number, in.Class, in.At, in.For, in.Node)
	}
	for _, c := range p.Changes {
		_, _ = fmt.Fprintf(to, "chain %d: committee of seats %v is registered at %d ms\n", c.Chain, c.Seats, c.At)
	}
	for _, c := range p.Renewals {
		_, _ = fmt.Fprintf(to, "chain %d: %v is registered at %d ms\n", c.Chain, c.Attributes, c.At)
	}
	if err != nil {
		return nil, err
	}
	o.Say = func(millis uint64, node int, line string) {
		name := fmt.Sprintf("node %d", node)
		if node < 0 {
			name = "world"
		}
		if _, e := fmt.Fprintf(to, "%8d %s %s\n", millis, name, line); e != nil && err == nil {
			err = e
		}
	}
	out, failed := Run(seed, o)
	if failed != nil {
		return nil, failed
	}
	_, _ = fmt.Fprintf(to, "history %x after %d ms\n", out.History, out.Millis)
	return out, err
}

// describe is a message of the core in a few words; "" for one that tells nothing new.
func describe(m bft.Message) string {
	switch m := m.(type) {
	case *bft.Proposal:
		return fmt.Sprintf("proposes %s in round %d of height %d", short(m.Vote.Block), m.Vote.Round, m.Vote.Height)
	case *bft.Vote:
		step := "prepares"
		if m.Step == chain.Confirmation {
			step = "confirms"
		}
		return fmt.Sprintf("%s %s in round %d of height %d", step, short(m.Block), m.Round, m.Height)
	case *bft.Timeout:
		return fmt.Sprintf("times out of round %d of height %d; highest %d %s, last %d %s", m.Round, m.Height, m.Highest.Round, short(m.Highest.Block), m.Last.Round, short(m.Last.Block))
	case *bft.Justification:
		return fmt.Sprintf("shows why round %d begins", m.Said[0].Timeout.Round+1)
	case *bft.Fetch:
		return fmt.Sprintf("asks for block %s of height %d", short(m.Block), m.Height)
	}
	return ""
}

func short(b chain.BlockHash) string { return b.String()[:8] }

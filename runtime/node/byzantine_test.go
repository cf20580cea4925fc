package node

import (
	"testing"
	"time"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/runtime/byzantine"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Whatever rule one member of four breaks, the others agree and go on, as leader and as voter.
func TestCommitteeByzantine(t *testing.T) {
	for _, mode := range byzantine.Names() {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := newCommittee(t, 4)
			known, err := light.NewCommittee(r.genesis.Network(), r.genesis.Committee)
			if err != nil {
				t.Fatal(err)
			}
			for i := range r.nodes {
				c := r.config(i, true)
				if faulty[mode] {
					c.Member.Patience = time.Hour
				}
				if i == int(firstLeader(t, r)) {
					c.Member.Net = &unvoting{c.Member.Net, t, mode, r.genesis.Network(), known}
					c.Member.Twist = byzantine.Twist(mode, byzantine.Self{Network: r.genesis.Network(), Secret: c.Member.Secret})
				}
				r.nodes[i] = open(t, c)
			}
			evil := int(firstLeader(t, r))
			honest := (evil + 1) % 4
			for k := range uint64(5) {
				r.payHonest(honest, evil, payment(r.nodes[honest], 1, 2, 1, k))
			}
			r.noticed(mode, honest, evil)
		})
	}
}

// noticed holds that the mode did what it is named for. A block that doesn't verify is counted; who says nothing stands in
// no certificate. Two votes of one step may come to two members, and to none of them both.
func (r *committeeRig) noticed(mode string, honest, evil int) {
	r.t.Helper()
	n := r.nodes[honest]
	if faulty[mode] && counted(r.t, n, "thinkey_consensus_faults_total") == 0 {
		r.t.Error("no block was refused")
	}
	for height := uint64(1); height <= n.Head().Header.Height; height++ {
		cert, err := n.Certificate(height)
		if err != nil {
			r.t.Fatal(err)
		}
		if mode == "silent" && cert.Bitmap.Has(evil) { // one that says anything can spread a certificate that has its vote
			r.t.Errorf("seat %d stands in the certificate of block %d", evil, height)
		}
	}
}

// unvoting is the Net of a member that doesn't vote as the others do: of its votes none leaves that its mode withholds, or that is signed
// where it forges.
type unvoting struct {
	Net
	t       *testing.T
	mode    string
	network chain.NetworkID
	seats   *light.Committee
}

func (u *unvoting) Send(to keys.PublicKey, raw []byte) { u.look(raw); u.Net.Send(to, raw) }
func (u *unvoting) Spread(raw []byte)                  { u.look(raw); u.Net.Spread(raw) }

func (u *unvoting) look(raw []byte) {
	if raw[0] != frameConsensus {
		return
	}
	_, m, err := decodeConsensus(raw[1:])
	if err != nil {
		u.t.Error(err)
		return
	}
	v, ok := m.(*bft.Vote)
	switch {
	case u.mode == "silent":
		u.t.Errorf("who is silent says %T", m)
	case !ok:
	case u.mode == "half-round" && v.Step == chain.Confirmation:
		u.t.Errorf("it confirms block %s of height %d", v.Block, v.Height)
	case u.mode == "forge-signatures":
		said := chain.Vote{Step: v.Step, Network: u.network, Chain: chain.Main, Height: v.Height, Round: v.Round, Block: v.Block}
		if s, err := v.Point.Signature(); err == nil && u.seats.Voted(&said, s, v.Seats) == nil {
			u.t.Errorf("its vote for height %d is signed", v.Height)
		}
	}
}

// faulty are the modes whose proposals are never valid. That ends a round at once, and without a timer.
var faulty = map[string]bool{
	"bad-order": true, "bad-output": true, "bad-root": true, "bad-receipts": true, "bad-gas": true, "extra-event": true, "input-twice": true,
	"unsigned-input": true,
}

// counted is what a counter of a node stands at.
func counted(t *testing.T, n *Node, name string) float64 {
	t.Helper()
	families, err := n.Metrics().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

package bft

import (
	"github.com/thinkey/thinkey/consensus/committee"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/light"
)

// Config is what a replica is told of its chain, its epoch and itself. It doesn't change.
type Config struct {
	// Committee checks what its seats signed; Leaders is the order in which they lead.
	Committee *light.Committee
	Leaders   *committee.Leaders
	// Begins is the first height of the epoch. What is certified below it counts by Former, the committee of the epoch before; nil
	// in the first epoch.
	Begins uint64
	Former *light.Committee
	// Me is this node among the members, Outside for a follower.
	Me Peer
	// Sign signs with the seats of this node; never called for a follower.
	Sign func(d keys.BLSDomain, message []byte) committee.Part
	// PatienceMillis is how long the first round of a height may take. Each later one may take twice as long, up to 2^6 times.
	PatienceMillis uint64
	// ResendMillis is after how long without progress messages are sent again.
	ResendMillis uint64
}

// Replica is one node's part in the consensus of one chain in one epoch. It is not safe for concurrent use.
type Replica struct {
	config  Config
	quorums chain.Quorums
	members []chain.Seats // by peer
	head    Head
	safety  Safety // what is durable, with what Effects.Persist of this step will make so
	silent  bool   // after a lost disk: signs nothing yet (R9)

	failures []chain.Timeouts // of the rounds of the head's height (SPEC 5.9)
	doubles  []chain.Equivocation
	height   // of the block after head
	ahead    []Received
	others   others
	over     bool // the epoch: nothing more is done
	out      Effects
}

// Head is the last final block.
type Head struct {
	Header      chain.Header
	Hash        chain.BlockHash
	Certificate *chain.Certificate // nil at genesis
}

// New is a replica with the given head. Safety is what was durable when it ended: Lost() after a lost disk or a restored
// backup. Bodies are those that were durable with it.
func New(c Config, head Head, safety Safety, bodies []Body) *Replica {
	r := &Replica{
		config: c, quorums: c.Committee.Quorums(), members: Members(c.Committee), head: head,
		safety: safety, silent: safety.Lost, others: newOthers(),
	}
	assert.That(c.Me == Outside || int(c.Me) < len(r.members), "a member is one of the committee's nodes")
	assert.That(r.next() >= c.Begins && (c.Begins <= 1 || c.Former != nil), "the replica of an epoch from %d on begins at %d", c.Begins, r.next())
	r.height = r.newHeight()
	r.restore(bodies)
	return r
}

// Next is the replica of the epoch that follows, after Effects.Over. It has signed nothing.
func (r *Replica) Next(c Config) *Replica {
	assert.That(r.over && c.Committee.Hash() == r.head.Header.Next, "an epoch follows where one is over")
	next := New(c, r.head, r.safety, nil)
	next.failures, next.doubles = r.failures, r.doubles
	return next
}

// Members are the seats of each node of a committee, in the order of its lowest seat: the number of a Peer is its place.
func Members(c *light.Committee) (members []chain.Seats) {
	known := map[keys.PublicKey]bool{}
	for seat := range c.Quorums().Seats {
		if node := c.Seat(seat).Node; !known[node] {
			known[node] = true
			members = append(members, c.Held(node))
		}
	}
	return members
}

// Step applies one event and returns the work it causes. Equal state and event give equal Effects on every machine.
func (r *Replica) Step(ev Event) Effects {
	r.out = Effects{}
	if r.over {
		return r.out
	}
	switch ev := ev.(type) {
	case Start:
		r.start()
	case Due:
		r.due()
	case Received:
		r.receive(ev)
	case Supplied:
		r.supplied(ev)
	case Built:
		r.made(ev)
	case Verified:
		r.verified(ev)
	case Expired:
		r.expired(ev.Timer)
	}
	r.settle()
	return r.out
}

// settle does what has become possible, until nothing is left to do. Every rule that waits for something is asked here, so
// that no order of events can pass one by.
func (r *Replica) settle() {
	for r.out.Halt == nil && !r.over {
		switch {
		case r.confirm(): // before what is final is left behind: members still confirm (SPEC 5.3)
		case r.finish(): // the next height begins
		case r.enter(), r.propose(), r.prepare(), r.certify(), r.giveUp():
		default:
			return
		}
	}
}

// Head is the last final block.
func (r *Replica) Head() Head { return r.head }

// Known is the highest head that a certificate has shown here, this node's own or another's.
func (r *Replica) Known() uint64 { return max(r.others.known, r.head.Header.Height) }

// Round is the round of the height after the head.
func (r *Replica) Round() uint32 { return r.round }

// Silent says whether the replica signs nothing because its disk was lost.
func (r *Replica) Silent() bool { return r.silent }

// next is the height under way.
func (r *Replica) next() uint64 { return r.head.Header.Height + 1 }

func (r *Replica) send(to Peer, m Message) { r.out.Send = append(r.out.Send, Send{to, m}) }

func (r *Replica) reject(from Peer, reason string) {
	r.out.Reject = append(r.out.Reject, Reject{from, reason})
}

// seatsOf are the seats of a peer, none for a follower.
func (r *Replica) seatsOf(p Peer) chain.Seats {
	if int64(p) < int64(len(r.members)) {
		return r.members[p]
	}
	return nil
}

// ownerOf is the peer that holds a seat.
func (r *Replica) ownerOf(seat int) Peer {
	for p, seats := range r.members {
		if seats.Has(seat) {
			return Peer(p)
		}
	}
	return Outside
}

// epoch is that of the replica.
func (r *Replica) epoch() uint64 { return r.config.Committee.Epoch() }

// certifier is the committee whose certificates of a height count (S8): that of the epoch before only for what was final before this
// one began, this one's only for what came since.
func (r *Replica) certifier(height uint64) *light.Committee {
	if height < r.config.Begins && r.config.Former != nil {
		return r.config.Former
	}
	return r.config.Committee
}

// leader is the seat that leads a round of the height under way (SPEC 5.9): who led the round in which the block before
// became final goes on, until its term is over or its epoch, and each epoch begins with the first place of its own. Two members whose certificates of that block are of different rounds expect
// different leaders for a while; that costs time and no safety (S1), and a proposal brings its certificate along (V2).
func (r *Replica) leader(round uint32, parent *chain.Certificate) int {
	turn := committee.Turn{Height: r.next(), Round: round}
	if h := &r.head.Header; parent != nil && h.Height >= r.config.Begins {
		turn.Last, turn.Term = &h.Proposer, h.Term
		turn.Round += parent.Round - h.Round
	}
	return int(r.config.Leaders.Leader(turn))
}

// Leader is the seat that leads the round under way, as this replica sees it: others may see another for a while.
func (r *Replica) Leader() int { return r.leader(r.round, r.head.Certificate) }

// vote is the statement of a preparation or confirmation.
func (r *Replica) vote(step chain.Step, height uint64, round uint32, block chain.BlockHash) chain.Vote {
	c := r.config.Committee
	return chain.Vote{Step: step, Network: c.Network(), Chain: c.Chain(), Epoch: c.Epoch(), Height: height, Round: round, Block: block}
}

// signedBy says whether a part is of exactly the seats of the peer it came from; that it isn't is the peer's fault.
func (r *Replica) signedBy(from Peer, part *committee.Part) bool {
	seats := r.seatsOf(from)
	if len(seats) == 0 || string(seats) != string(part.Seats) {
		r.reject(from, "it votes with seats that are not its own")
		return false
	}
	return true
}

// valid says whether the seats of a part signed the statement.
func (r *Replica) valid(d keys.BLSDomain, message []byte, part *committee.Part) bool {
	_, ok := r.compress(d, message, part)
	return ok
}

// compress is the signature of a part as certificates and evidence hold it, if it is one of the statement.
func (r *Replica) compress(d keys.BLSDomain, message []byte, part *committee.Part) (keys.BLSSignature, bool) {
	s, bad := r.config.Committee.Signatures().Collect(d, []keys.BLSVote{{BLSSigned: light.Signed(message, part.Seats), Point: part.Point}})
	return s, len(bad) == 0
}

// validVote says whether a vote of a peer is signed.
func (r *Replica) validVote(from Peer, v *Vote) bool {
	s := r.vote(v.Step, v.Height, v.Round, v.Block)
	return r.hear(from, func() bool { return r.valid(s.Domain(), s.Append(nil), &v.Part) })
}

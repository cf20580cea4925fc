// Package bft agrees on the next block of a chain: the protocol of SPEC 5 as a pure state machine. One question: given what
// this node has signed and what it hears, what may it sign now, and which block is final?
//
//	            Start, Due, Received, Built, Verified, Expired
//	                                │
//	                                ▼
//	driver  ────────────────►  Replica.Step  ──────────────►  Effects
//	(consensus/driver;           no clock, disk,                Persist, then Send      what was signed is durable first
//	 runtime/sim)                network, goroutine             Commit, Verify, Build   the chain's work, done elsewhere
//	                                                            Timers, Serve           what the driver keeps for us
//	                                                            Evidence, Backed,
//	                                                            Reject, Halt, Over     what it must tell
//
// Read in this order: event.go and effects.go (what goes in and out), message.go (what members send each other), replica.go
// (Step), propose.go (a round that goes well), tally.go (votes become certificates), viewchange.go (one that doesn't),
// height.go (a block becomes final), receive.go (what is believed of a message), catchup.go (who was away, and what a peer can
// cost), safety.go (what must not be forgotten), accuse.go (who is guilty of what), roster.go (numbers of peers). codec.go has the
// bytes of messages.
//
// # A height
//
//	leader    ─Proposal{block, its Vote}──►  all
//	members   replay the block, then ─Vote{preparation}──►  all
//	          certificate of preparations: ─Vote{confirmation}──►  all
//	          certificate of confirmations, or of the preparations of (nearly) all seats: the block is final
//
// All send to all: no leader collects votes, so none can hold back a certificate. The leader's preparation is what signs its
// proposal. A member whose timer runs out sends a Timeout, and enough of them open the next round with the next leader, who
// shows them as the Justification of what it proposes.
//
// # Rules
//
// n, f, and the quorums are those of chain.Quorums: Certificate Q, Early E, Timeouts T, Adoption A, Join f + 1.
//
//	R1   A member's first vote of a step and round counts; another is evidence against it.
//	R2   The leader of a round proposes once in it: a new block that names the round and the leader, or the block that R8
//	     demands, as identical bytes.
//	R3   Q preparations of a block in one round make its preparation certificate. Of E of them, the block is final.
//	R4   A member prepares the first proposal of its round that is allowed (V1 to V3), after it has replayed the block, and no
//	     second one in a round. The block is durable first, and the vote. It waits until the block's time is near, unless R8
//	     demands the block.
//	R5   Who has signed a timeout of a round signs no vote of that round or of one before it. One timeout a round.
//	R6   A member confirms the block of its round's preparation certificate. The certificate is durable first, and the vote.
//	     Who sees a preparation certificate of a later round enters that round: its signers had the justification.
//	R7   Q confirmations of a block in one round make it final.
//	R8   Timeouts of T seats for round r-1 decide what may be proposed in round r. Let the highest certificate be that of the
//	     latest round among those they name. If A of the seats last prepared one block, each in a round later than the highest
//	     certificate's, it must be that block. Else it must be the block of the highest certificate. Else it may be any.
//	R9   Who lost its disk signs nothing until its chain is two heights above the highest head that a quorum of the others has
//	     shown, with its certificate.
//	R10  A timeout carries the marks of the highest certificate and of the last preparation, and is signed with them. f + 1
//	     seats that have timed out of the member's round or later ones make it time out too.
//	R11  Timeouts of T seats for one round make a member enter the next, and pass them on. Those of members whose keys cancel
//	     out count for none: together they can be shown to nobody.
//	R12  What a member has signed of the height, its certificate, and why it is in its round are repeated until it is final,
//	     across crashes: the justification is durable with what is signed in the round.
//
//	R13  A new block is to carry the timeouts of the rounds that failed at the height before it was decided (SPEC 5.9), and the
//	     equivocations of leaders in other rounds of it, as far as its proposer saw them; replay counts them against the seats that led.
//
//	R14  The last block of an epoch names the committee of the next one (SPEC 6.7). Who has committed it signs nothing more in the
//	     epoch; Next makes the replica that follows, which has signed nothing. All statements name their epoch.
//
//	V1   The block continues the head; its leader's seats signed the preparation that comes with it.
//	V2   The leader is that of the round, after the certificate of the head that the proposal brings.
//	V3   In a round above 0 the justification holds for the round before and allows the block (R8). A member follows one that
//	     holds even if its own certificate is higher.
//
// # Why it is safe
//
// At most f seats are faulty. "Honest" is who keeps the rules, crashes included: what it signed is durable before it is sent.
//
//	S1  One certificate a round. Two for different blocks would share Q + Q - n > f seats, so an honest one that prepared two
//	    blocks in a round (R4) or confirmed two (R6: it has one preparation certificate of the round). Who leads plays no part.
//	S2  Say B is final in round r by confirmations. Q - f of the confirming seats are honest at least and hold B's certificate
//	    of round r. Any T seats that time out of a round r' >= r include one of them: Q + T - n > f. It confirmed before
//	    it timed out of r or later (R5), so its timeout names a certificate of round r or later (R10).
//	S3  Then, by induction over rounds after r, every proposal that a justification allows is B, so every later certificate is
//	    B's. The highest certificate that the justification names is of round r or later, so of B: of r by S1, of later rounds
//	    by induction. If R8 instead names a block that A seats prepared in rounds later than that, A > f, so an honest one did,
//	    and those were proposals after r: B.
//	S4  Say B is final in round r by E preparations. No other block has a certificate in r: it would take Q preparations, and
//	    E + Q - n > f. E - f of the preparing seats are honest at least. Any T timeouts of a round r' >= r include
//	    E + T - n - f = A of these at least.
//	S5  Then the induction again. Every honest one of them last prepared B in round r or later, because all that was allowed
//	    since is B. If the highest certificate is of a round before r, A seats prepared B last, each later than that, and R8
//	    demands B; no other block has A of T seats, since 2A > T. If it is of r or later it is B's, by S4 and induction; should
//	    A seats have prepared a block later still, an honest one did, and it is B.
//	S6  Both kinds in one height agree: final blocks of the same round by S1 and S4 (E >= Q), of different rounds by S3 or S5.
//	S7  A crash changes nothing: marks, certificate and timeout are durable before the messages they stand for leave, and a
//	    member that has lost them is counted as faulty until no vote of its can be asked for twice (R9): it voted at most at the
//	    height after its head of then, which is at most one above the highest of a quorum's proven heads.
//
//	S8  Two epochs never decide one height. A member signs at the height after its head, in the epoch of which that head is not the
//	    last block: the header says so, and the epoch follows from it alone. By S6 all honest members of epoch e agree on its blocks
//	    one after the other, so on its last one, L: none of them ever signs above L in e, and a certificate there takes more than f
//	    of them. Those of epoch e + 1 sign above L only, as L is the first head that makes a replica of e + 1. Each is asked for
//	    what it is trusted with alone: certificates count by height, up to L those of e, above it those of e + 1 (certifier). So the
//	    old members may lose their keys, sell them, or turn against the chain once L is final: who knows L takes nothing from
//	    them. Who doesn't gets to know it from whoever has it, as any block.
//	S9  A crash during the change changes nothing: the epoch of a replica is read from the state after its head, which is durable with
//	    L, and a record of votes says which epoch and height it is about. Before L is durable the member is in e with what it
//	    signed there; after, in e + 1, and has signed nothing, since a signature of e + 1 is durable before it leaves.
//	S10 Who lost its disk and doesn't know whether it has signed in e + 1 can't begin to sign there for having been let to in e: it
//	    asks for heads anew, of members of e + 1. In e it can't come to sign by mistake, either: if it has signed above L, L was
//	    final by a quorum of e, so the highest head that a quorum of e shows is at least the one before L, and two heights above
//	    that are beyond the last of the epoch.
//
// The block that R8 demands can be had: of A > f seats that prepared it, or of the Q > f in its certificate, an honest one
// keeps it (R4).
//
// # Why it is live
//
// Once messages arrive in time: a member in a later round passes on why it is there (R11, R12), so all get there; f + 1 that
// have given up drag the others along (R10), so T timeouts come together; rounds grow longer, so one with an honest leader
// lasts for a proposal, a replay and two votes. A single seat can't make others lose patience: timers start by what a leader
// sends, by what waits here (Due), or by f + 1 timeouts.
//
// A change of epoch stops nobody whom the new committee's quorum doesn't stop. A member that lags behind L says where it is to all
// nodes, members or not, as long as it waits, and each that has L serves it; so no one is needed in the old committee any more once
// a single honest node has L. A node that is told of a later epoch asks for what it lacks. If too few of the new committee are
// there, the chain waits for them: nobody else can agree on its blocks.
//
// # What a peer can cost
//
// A pairing takes a thousand times as long as all else here, and what it shows to be false costs the sender nothing. So a peer that said
// what is false is not heard again before the next tick (hear), whatever it sends; of what is true and of no use, timeouts of later and
// later rounds and old heads, a few are looked at (look); a leader's contradiction is shown once a height, and then the leader is not
// heard (proposalOf). Blocks are large: a peer is answered with some a few times (gives), and one whose bytes were not those of the block
// that they name gives none before the next tick (spoilt), so that it can't keep out who has the block. A tick comes with the resend timer, or after some heights. What is lost by that is sent again (R12).
//
// # What it does not do
//
// It keeps no blocks but those of the height under way, does not judge blocks (consensus/block), does not know which messages
// wait. One epoch: the driver puts Next's replica in its place (SPEC 6.7).
package bft

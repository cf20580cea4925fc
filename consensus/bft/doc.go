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
//	                                                            Reject, Halt           what it must tell
//
// Read in this order: event.go and effects.go (what goes in and out), message.go (what members send each other), replica.go
// (Step), propose.go (a round that goes well), tally.go (votes become certificates), viewchange.go (one that doesn't),
// height.go (a block becomes final), receive.go (what is believed of a message), catchup.go (who was away), safety.go (what
// must not be forgotten).
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
//	R11  Timeouts of T seats for one round make a member enter the next, and pass them on.
//	R12  What a member has signed of the height, its certificate, and why it is in its round are repeated until it is final,
//	     across crashes: the justification is durable with what is signed in the round.
//
//	R13  A new block is to carry the timeouts of the rounds that failed at the height before it was decided (SPEC 5.9), as far
//	     as its proposer saw them; replay counts them against the seats that led.
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
// # What it does not do
//
// It keeps no blocks but those of the height under way, does not judge blocks (consensus/block), does not know which messages
// wait. One epoch: the driver makes the replica of the next one.
package bft

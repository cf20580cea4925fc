// Package overlay answers one question: to whom does a node send a block in full, and to whom its name alone (SPEC 10.2)?
//
//	Received, full ──► Judge ──good──► in full to Full links that are not known to have it, its name to the others
//	                     '──bad──► Reject, nothing is passed on
//	Announced, by name ──► wait a little: somebody may push it ──► ask one of those who announced it, then the next ──► Received
//	Asked ──► in full, if it is here
//
// A node has some links to others. What it publishes or takes in it passes on once. A message's name is the hash of all its bytes,
// signatures included: two that differ anywhere have different names, so nobody can be sure to have one and hold another.
//
// With one full copy for each node that passes it on, a node gets less than two on average however many nodes there are: one that it
// needs, and less than one that somebody chose to push although another had. Measure shows it.
//
// # Invariants
//
//	B1  Nothing is passed on that was not judged good here: a liar's bytes go no further than its links.
//	B2  A message is judged once, passed on once, and sent in full to a link at most once unless it asks, and then twice.
//	B3  A message is asked of one link at a time, and of another if that doesn't answer: who announces and is silent costs a wait.
//	B4  What is held is bounded: messages by their number and bytes, names that are wanted by a number for each link.
//
// # What it does not do
//
// It sends nothing and has no clock: Step takes an event and returns its effects. It doesn't make up for a link that loses a push and
// its name both; what must arrive is asked for by who misses it, as consensus does.
package overlay

// Package byzantine answers one question: what does a member do that breaks a rule? A deviation overrides one decision of a node that is
// honest otherwise, so that the simulator, a development network or a test has members to go on without (SPEC 5.2).
//
//	simulator   node ─► its decision, or the deviation's                         all deviations
//	network     replica ─► driver ─► Twist(name) ─► Net                           those that need no more than that
//	            another node's question ─► Answers ─► API                         lies to who asks, whatever else it does
//
// It signs with the member's own key and nobody else's.
package byzantine

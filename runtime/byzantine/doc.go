// Package byzantine answers one question: what does a member send that breaks a rule? It stands between an honest replica and
// its network and overrides one decision, so that a development network, or a test, has a member to go on without (SPEC 5.2).
//
//	replica ─► driver ─► Twist(mode) ─► Net          the replica itself stays honest, and knows nothing
//
// It signs with the member's own key and nobody else's.
package byzantine

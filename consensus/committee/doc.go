// Package committee answers the questions of a committee's members: who leads, what do the votes add up to, and how large
// must a committee be?
//
//	leaders.go   which seat leads a round: the committee's seed decides, terms and failed rounds move on (SPEC 5.9)
//	collect.go   votes and timeouts of seats become certificates, or name the bad ones
//	size.go      the smallest size that fails seldom enough (SPEC 6.5)
//
// How many seats decide what, chain.Quorums says; what a certificate proves, sdk/light. Nothing here is kept between calls.
package committee

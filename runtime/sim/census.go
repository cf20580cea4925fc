package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thinkey/thinkey/sdk/chain"
)

// Census counts what happened, by name.
type Census map[string]int

func (c Census) add(name string)         { c[name]++ }
func (c Census) addN(name string, n int) { c[name] += n }

// most keeps the highest of what was counted.
func (c Census) most(name string, n int) { c[greatest+name] = max(c[greatest+name], n) }

// greatest begins the names of what is no sum.
const greatest = "at most: "

// join adds another's counts.
func (c Census) join(o Census) {
	for name, n := range o { // any order: sums, and what is the highest
		if strings.HasPrefix(name, greatest) {
			c[name] = max(c[name], n)
			continue
		}
		c[name] += n
	}
}

// Names are those that occur, sorted.
func (c Census) Names() []string { return slices.Sorted(maps.Keys(c)) }

// faults are what counts as an injected fault.
var faults = []string{
	"drop", "cut off", "duplicate", "reorder", "truncate", "flip a bit", "long delay", "partition", "partial partition", "one-way partition",
	"crash", "torn write", "slow write", "write to a full disk", "lost disk", "clock jump", "pause", "block from the future", "starved work",
	"bit rot", "restored backup", "limited bandwidth", "queue overflow",
	"carriers stopped", "chain halted", "chain rots", "flood", "junk digest", "false fork", "envelope lost", "envelope twice", "envelope late",
	"envelope damaged", "old envelope", "forged envelope",
}

// Faults is how many faults were injected, Kinds how many kinds of them.
func (c Census) Faults() (n, kinds int) {
	for _, name := range c.Names() {
		if slices.Contains(faults, name) || strings.HasPrefix(name, "byzantine: ") {
			n += c[name]
			kinds++
		}
	}
	return n, kinds
}

// kindsOfFaults is how many kinds a hundred seeds must show together (Y5).
const kindsOfFaults = 20

// rare is what few seeds of a hundred make happen, so that a hundred can do without: it must in a thousand (Y5).
var rare = slices.Concat([]string{
	"evidence: an invalid block is shown", "equivocation recorded", "evidence: timeout against timeout", "evidence: timeout against vote", "evidence: preparation of an invalid block", "acknowledged",
	"invented relay taken in", "false fork", "byzantine: false-arrivals", "chain rots above others", "main chain halted for long",
	"attributes changed", "valve changed", "value waits at a valve", "release carried", "valves waited for", "forged: leaf as node", "forged: wrong side", "forged: index overflow",
	"forged: unfinal root", "forged: unfinal view", "parallel carriers", failedThere(chain.StatusNoAccount), failedThere(chain.StatusRefused), failedThere(chain.StatusOutOfGas),
}, everyLie())

// rarest is what a thousand seeds may do without by chance, as it comes about twice in them: it must in ten thousand (Y5).
var rarest = []string{"final block found after a crash", "digests thousands of blocks late", "ping-pong between chains"}

// MissingRarest names what has not happened, and must in ten thousand seeds together.
func (c Census) MissingRarest() []string {
	return slices.DeleteFunc(slices.Clone(rarest), func(name string) bool { return c[name] > 0 })
}

// MissingRare names what has not happened, and must in a thousand seeds together.
func (c Census) MissingRare() []string {
	return slices.DeleteFunc(slices.Clone(rare), func(name string) bool { return c[name] > 0 })
}

// Missing names what has not happened, and must in a hundred seeds together (Y5).
func (c Census) Missing() (missing []string) {
	must := slices.DeleteFunc(slices.Clone(faults), func(name string) bool { return slices.Contains(rare, name) })
	for _, b := range boundaryNames {
		must = append(must, "crash "+b)
	}
	must = append(must, "early certificate", "round above 3", "evidence: vote against vote", "contract", "twin", "handling that failed", "block cut short", "bit rot seen", "epoch change", "message offered again",
		"relay taken in", "relays carried out", "block recorded", "digest not recorded", "view raised", "envelope", "envelope to one alone", "envelope told of", "refused: imported relays", "asked for blocks by a node without a seat", failedThere(chain.StatusNoCode))
	for _, name := range must {
		if c[name] == 0 {
			missing = append(missing, name)
		}
	}
	if _, kinds := c.Faults(); kinds < kindsOfFaults {
		missing = append(missing, fmt.Sprintf("%d kinds of faults (%d happened)", kindsOfFaults, kinds))
	}
	return missing
}

package audit

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
)

// MaxFindings is how many findings a Report lists: enough to see a pattern, few enough to read.
const MaxFindings = 100

// Result is how a check ended.
type Result string

// A check that is Skipped wasn't made to its end, because something else was found before.
const (
	OK      Result = "ok"
	Failed  Result = "failed"
	Skipped Result = "skipped"
)

// Finding is something that is wrong, in words that name it with what was expected.
type Finding struct {
	Height uint64 `json:"height,omitempty"` // of the block it is about; 0 for genesis, or none
	Words  string `json:"words"`
}

// Check is a question and its answer.
type Check struct {
	Name      string    `json:"name"`
	Invariant string    `json:"invariant"` // of SPEC
	Asks      string    `json:"asks"`
	Result    Result    `json:"result"`
	Looked    uint64    `json:"looked"`            // at how many things
	Skipped   string    `json:"skipped,omitempty"` // why it wasn't made to its end
	Findings  []Finding `json:"findings,omitempty"`
	More      uint64    `json:"more,omitempty"` // findings that are not listed
}

// Report is what an audit found.
type Report struct {
	Network  chain.NetworkID `json:"network"`
	Chain    chain.ID        `json:"chain"`
	Head     chain.BlockHash `json:"head"` // the last block
	Height   uint64          `json:"height"`
	Blocks   uint64          `json:"blocks"`   // that were replayed
	Messages uint64          `json:"messages"` // that were replayed
	Accounts uint64          `json:"accounts"` // in the stored state
	Issued   chain.Amount    `json:"issued"`
	// Held are all balances, deposits, fees and what waits, in the stored state.
	Held chain.Amount `json:"held"`
	// Imported and Exported are the value that relays brought from other chains, and took to them.
	Imported chain.Amount `json:"imported,omitzero"`
	Exported chain.Amount `json:"exported,omitzero"`
	// Forked are its children of which it was shown two certified blocks of one height: their committees are rotten, and what it recorded
	// counts (SPEC 4.9). That is no fault of what is stored.
	Forked []chain.ID `json:"forked,omitempty"`
	// Base is the block with whose state the chain began here, without the blocks up to it; 0 for one that began with the genesis. From is the
	// one with whose state the audit began: Base, or a later one if the states before it are not kept any more.
	Base uint64 `json:"base,omitempty"`
	From uint64 `json:"from,omitempty"`
	// UndoFrom is the lowest height whose block can be taken back: below, the records were pruned.
	UndoFrom uint64 `json:"undo_from"`
	// Resumed are heights after which the state was taken from the directory, as replay could not give it.
	Resumed []uint64      `json:"resumed,omitempty"`
	Took    time.Duration `json:"took_nanos"`
	// MicrosPerMessage is what the audit took for each message replayed.
	MicrosPerMessage float64 `json:"micros_per_message"`
	Checks           []Check `json:"checks"`
}

// OK says that every check was made and found nothing (A1).
func (r *Report) OK() bool {
	return len(r.Checks) > 0 && !slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Result != OK })
}

// Check is the check with a name; nil if it was not to be made.
func (r *Report) Check(name string) *Check {
	if i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Name == name }); i >= 0 {
		return &r.Checks[i]
	}
	return nil
}

// ReplayReport is what repeating one block found.
type ReplayReport struct {
	Report
	// Block and Parent are the block that was repeated and the one before, as replay saw them.
	Block  store.Head `json:"block"`
	Parent store.Head `json:"parent"`
}

// notes collects findings. It is safe for concurrent use.
type notes struct {
	mu     sync.Mutex // guards checks
	checks []Check
}

func newNotes(list []question) *notes {
	n := &notes{}
	for _, q := range list {
		n.checks = append(n.checks, Check{Name: q.name, Invariant: q.invariant, Asks: q.asks})
	}
	return n
}

// find is the check with a name, nil for one that is not to be made. The caller holds mu.
func (n *notes) find(name string) *Check {
	for i := range n.checks {
		if n.checks[i].Name == name {
			return &n.checks[i]
		}
	}
	return nil
}

// add notes a finding. Findings of a check that is not to be made are dropped.
func (n *notes) add(check string, height uint64, format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.find(check)
	switch {
	case c == nil:
	case len(c.Findings) >= MaxFindings:
		c.More++
	default:
		c.Findings = append(c.Findings, Finding{height, fmt.Sprintf(format, args...)})
	}
}

// looked counts what a check has looked at.
func (n *notes) looked(check string, things int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c := n.find(check); c != nil {
		c.Looked += uint64(things)
	}
}

// skip notes why checks could not be made to their end; the first reason stays.
func (n *notes) skip(why string, checks ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range checks {
		if c := n.find(name); c != nil && c.Skipped == "" {
			c.Skipped = why
		}
	}
}

// full says that no more findings of a check will be listed.
func (n *notes) full(check string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.find(check)
	return c == nil || len(c.Findings) >= MaxFindings
}

// close sorts the findings, cuts them to MaxFindings, and says how each check ended.
func (n *notes) close() []Check {
	n.mu.Lock()
	defer n.mu.Unlock()
	left := MaxFindings
	for i := range n.checks {
		c := &n.checks[i]
		switch {
		case len(c.Findings) > 0:
			c.Result = Failed
		case c.Skipped != "":
			c.Result = Skipped
		default:
			c.Result = OK
		}
		slices.SortStableFunc(c.Findings, func(a, b Finding) int { return cmp.Compare(a.Height, b.Height) })
		keep := max(min(len(c.Findings), left), min(len(c.Findings), 1)) // one at least of each
		c.More += uint64(len(c.Findings) - keep)
		c.Findings = c.Findings[:keep]
		left -= min(keep, left)
	}
	return n.checks
}

package order

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// block is what Check is given. The oracle below answers the same question, written for nothing but to be plainly true:
// it searches lists and maps by walking them, executes the block, and shares no code with the package.
type block struct {
	checker  Checker
	messages []Message
	sigma    []Sequence
}

func (b block) String() string {
	return fmt.Sprintf("%+v\nmessages %+v\nsigma %+v", b.checker, b.messages, b.sigma)
}

// at is an event with where it stands.
type at struct {
	account  uint32
	sequence int
	index    int
	Event
}

func (b block) events() (events []at) {
	for s, seq := range b.sigma {
		for i, ev := range seq.Events {
			events = append(events, at{seq.Account, s, i, ev})
		}
	}
	return events
}

// precedence is written out once more: the verdicts in the order in which one is chosen.
var precedence = []string{
	"index out of range", "unknown class", "account with two sequences", "received twice", "sent twice", "received but never sent",
	"listed but never sent", "processed by the wrong account", "input not processed", "carried message not processed",
	"external relay processed here", "internal relay not processed", "cycle", "carried message skipped",
	"carried message not first", "out of order",
}

// oracle returns the verdict on b.
func oracle(t *testing.T, b block) string {
	faults := map[string]bool{}
	b.rangeFaults(faults)
	if len(faults) == 0 {
		b.messageFaults(faults)
	}
	if len(faults) == 0 {
		cyclic := shortestCycle(b) > 0
		if run := b.execute(faults); run == cyclic || b.lamport() == cyclic {
			t.Fatalf("oracles differ: cyclic %v, executes %v, has Lamport numbers %v\n%v", cyclic, run, b.lamport(), b)
		}
		faults["cycle"] = cyclic
	}
	for _, kind := range precedence {
		if faults[kind] {
			return kind
		}
	}
	return "ok"
}

func (b block) rangeFaults(faults map[string]bool) {
	for _, m := range b.messages {
		outside := m.Class == Imported || m.Class == Carried
		here := outside || m.Class == Internal
		if here && int(m.To) >= b.checker.Accounts || outside && int(m.From) >= b.checker.Accounts {
			faults["index out of range"] = true
		}
		if !slices.Contains([]Class{External, Imported, Carried, Internal, Leaving}, m.Class) {
			faults["unknown class"] = true
		}
	}
	accounts := map[uint32]int{}
	for _, s := range b.sigma {
		if accounts[s.Account]++; accounts[s.Account] > 1 {
			faults["account with two sequences"] = true
		}
		if int(s.Account) >= b.checker.Accounts {
			faults["index out of range"] = true
		}
	}
	for _, e := range b.events() {
		for _, m := range append([]uint32{e.Received}, e.Sent...) {
			if int(m) >= len(b.messages) {
				faults["index out of range"] = true
			}
		}
	}
}

// messageFaults counts, for each message, who processed and who sent it.
func (b block) messageFaults(faults map[string]bool) {
	for m, msg := range b.messages {
		var receivers, senders []uint32
		for _, e := range b.events() {
			if int(e.Received) == m {
				receivers = append(receivers, e.account)
			}
			for _, s := range e.Sent {
				if int(s) == m {
					senders = append(senders, e.account)
				}
			}
		}
		here := msg.Class == Internal || msg.Class == Leaving
		refused := b.checker.CarryOut == Refused
		left := len(receivers) == 0
		for kind, is := range map[string]bool{
			"received twice":                 len(receivers) > 1,
			"sent twice":                     len(senders) > 1 || len(senders) > 0 && !here,
			"received but never sent":        !left && here && len(senders) == 0,
			"listed but never sent":          left && here && len(senders) == 0,
			"processed by the wrong account": !left && msg.Class != External && msg.Class != Leaving && slices.ContainsFunc(receivers, func(a uint32) bool { return a != msg.To }),
			"input not processed":            left && (msg.Class == External || msg.Class == Imported && refused),
			"carried message not processed":  left && msg.Class == Carried && refused,
			"external relay processed here":  !left && msg.Class == Leaving,
			"internal relay not processed":   left && msg.Class == Internal && refused,
		} {
			if is {
				faults[kind] = true
			}
		}
	}
}

// execute runs the block: any account whose next message has been sent may take it. Taking one never hinders another, so
// a run that gets stuck shows that every run does. Messages travel in one channel per pair and stand in it in the order
// sent; one that is taken from behind another is out of order. It says whether the run came to its end.
func (b block) execute(faults map[string]bool) bool {
	channels, ready := b.channels()
	next := make([]int, len(b.sigma))
	queue := 0
	var taken []uint32
	for moved := true; moved; {
		moved = false
		for s, seq := range b.sigma {
			if next[s] == len(seq.Events) || !ready[seq.Events[next[s]].Received] {
				continue
			}
			ev := seq.Events[next[s]]
			next[s]++
			moved = true
			taken = append(taken, ev.Received)
			for pair, waiting := range channels {
				if i := slices.Index(waiting, ev.Received); i >= 0 {
					faults["out of order"] = faults["out of order"] || i > 0
					channels[pair] = slices.Delete(slices.Clone(waiting), i, i+1)
				}
			}
			for _, m := range ev.Sent {
				ready[m] = true
				if b.messages[m].Class == Internal {
					pair := [2]uint32{seq.Account, b.messages[m].To}
					channels[pair] = append(channels[pair], m)
				}
			}
		}
	}
	for s, seq := range b.sigma {
		if next[s] < len(seq.Events) {
			return false
		}
		queue += b.carriedFaults(seq, faults)
	}
	for m, msg := range b.messages { // the front of the queue, as long as the number taken from it, is what was taken
		if msg.Class == Carried {
			if queue--; queue >= 0 != slices.Contains(taken, uint32(m)) {
				faults["carried message skipped"] = true
			}
		}
	}
	return true
}

// channels holds what was sent before the block.
func (b block) channels() (channels map[[2]uint32][]uint32, ready map[uint32]bool) {
	channels, ready = map[[2]uint32][]uint32{}, map[uint32]bool{}
	for _, class := range []Class{External, Carried, Imported} {
		for m, msg := range b.messages {
			if msg.Class == class {
				ready[uint32(m)] = true
				if class != External {
					pair := [2]uint32{msg.From, msg.To}
					channels[pair] = append(channels[pair], uint32(m))
				}
			}
		}
	}
	return channels, ready
}

// carriedFaults sorts what an account did the way SPEC 4.5 has it and compares. It returns how many were carried.
func (b block) carriedFaults(seq Sequence, faults map[string]bool) (n int) {
	var carried, others, is []uint32
	for _, ev := range seq.Events {
		is = append(is, ev.Received)
		if b.messages[ev.Received].Class == Carried {
			carried = append(carried, ev.Received)
		} else {
			others = append(others, ev.Received)
		}
	}
	slices.Sort(carried)
	if !slices.Equal(append(carried, others...), is) {
		faults["carried message not first"] = true
	}
	return len(carried)
}

// edges returns the weights of the graph's edges, by events: 0 along an account, 1 for a send.
func (b block) edges() (n int, weight map[[2]int]int) {
	weight = map[[2]int]int{}
	events := b.events()
	for i, x := range events {
		for j, y := range events {
			if slices.Contains(x.Sent, y.Received) {
				weight[[2]int{i, j}] = 1
			}
			if x.sequence == y.sequence && x.index < y.index {
				weight[[2]int{i, j}] = 0
			}
		}
	}
	return len(events), weight
}

// shortestCycle returns the least number of sends in a cycle, 0 if there is none: Floyd and Warshall.
func shortestCycle(b block) int {
	n, weight := b.edges()
	const far = 1 << 20
	d := make([][]int, n)
	for i := range n {
		d[i] = make([]int, n)
		for j := range n {
			d[i][j] = far
			if w, ok := weight[[2]int{i, j}]; ok {
				d[i][j] = w
			}
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				d[i][j] = min(d[i][j], d[i][k]+d[k][j])
			}
		}
	}
	shortest := far
	for i := range n {
		shortest = min(shortest, d[i][i])
	}
	return shortest % far
}

// lamport says whether each event can have a number greater than those of its causes: it raises numbers until all are, or
// one is greater than the number of events.
func (b block) lamport() bool {
	n, weight := b.edges()
	number := make([]int, n)
	for changed := true; changed; {
		changed = false
		for edge := range weight {
			if number[edge[1]] <= number[edge[0]] {
				number[edge[1]] = number[edge[0]] + 1
				changed = true
			}
			if number[edge[1]] > n {
				return false
			}
		}
	}
	return true
}

// carriedOut lists what nobody processed, sorted by what the canonical order says of each.
func (b block) carriedOut() []uint32 {
	keys := map[uint32][]int{}
	for m, msg := range b.messages {
		if rank := map[Class]int{Carried: 1, Imported: 2}[msg.Class]; rank > 0 {
			keys[uint32(m)] = []int{rank, m}
		}
	}
	for _, e := range b.events() {
		for i, m := range e.Sent {
			if b.messages[m].Class == Internal {
				keys[m] = []int{3, e.sequence, e.index, i}
			}
		}
	}
	for _, e := range b.events() {
		delete(keys, e.Received)
	}
	return slices.SortedFunc(maps.Keys(keys), func(x, y uint32) int { return slices.Compare(keys[x], keys[y]) })
}

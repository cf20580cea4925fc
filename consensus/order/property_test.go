package order

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	seedFlag   = flag.Uint64("seed", 0, "seed of the first random block (default: a random one)")
	blocksFlag = flag.Int("blocks", 30_000, "number of random blocks")
)

// TestRandomBlocks: on small random blocks, honest ones and mutated ones, Check and the oracle agree, and what Check
// returns proves itself: an order that can be walked, what is carried out, or a witness (I4).
func TestRandomBlocks(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	seen := map[string]int{}
	for i := range uint64(*blocksFlag) {
		r := rand.New(rand.NewPCG(seed+i, 0))
		b := honest(r)
		if r.IntN(4) > 0 {
			for range 1 + r.IntN(3) {
				mutate(r, &b)
			}
		} else if verdict := checkOne(t, b); verdict != "ok" {
			t.Errorf("an honest block: %s", verdict)
		}
		seen[checkOne(t, b)]++
		if t.Failed() {
			t.Fatalf("%v\nrepeat: go test ./consensus/order -run TestRandomBlocks -seed %d -blocks 1", b, seed+i)
		}
	}
	t.Logf("seed %d: %v", seed, seen)
	if *blocksFlag < 10_000 {
		return
	}
	for _, kind := range append(precedence, "ok") {
		if seen[kind] == 0 {
			t.Errorf("seed %d: no block with the verdict %q: the test has lost its bite", seed, kind)
		}
	}
}

// checkOne compares the package with the oracle and returns the verdict.
func checkOne(t *testing.T, b block) string {
	t.Helper()
	want := oracle(t, b)
	result, fault := b.checker.Check(b.messages, b.sigma)
	got := "ok"
	if fault != nil {
		got = fault.Kind.String()
	}
	if got != want {
		t.Errorf("verdict %q, the oracle says %q", got, want)
		return want
	}
	if fault != nil {
		if err := b.proves(fault); err != nil {
			t.Errorf("witness of %q: %v\n%+v", got, err, fault)
		}
	} else if err := b.follows(result); err != nil {
		t.Errorf("result: %v\n%+v", err, result)
	}
	return want
}

// follows says whether the result is an order of all events in which each message is sent before it is received, and
// carries out what is left.
func (b block) follows(r Result) error {
	next := make([]uint32, len(b.sigma))
	sent := map[uint32]bool{}
	for m, msg := range b.messages {
		sent[uint32(m)] = msg.Class != Internal && msg.Class != Leaving
	}
	for _, p := range r.Order {
		if p.Event != next[p.Sequence] {
			return fmt.Errorf("event %v is not the next of its account", p)
		}
		next[p.Sequence]++
		ev := b.sigma[p.Sequence].Events[p.Event]
		if !sent[ev.Received] {
			return fmt.Errorf("event %v receives what is not sent yet", p)
		}
		for _, m := range ev.Sent {
			sent[m] = true
		}
	}
	if len(r.Order) != len(b.events()) {
		return fmt.Errorf("%d events of %d", len(r.Order), len(b.events()))
	}
	if want := b.carriedOut(); !slices.Equal(r.CarriedOut, want) {
		return fmt.Errorf("carried out %v, want %v", r.CarriedOut, want)
	}
	return nil
}

// proves checks the parts of a witness against the block alone.
func (b block) proves(f *Fault) error {
	f.Describe(
		func(m uint32) string { return fmt.Sprint("m", m, b.messages[m].Class) },
		func(a uint32) string {
			if int(a) >= b.checker.Accounts {
				panic("no such account")
			}
			return fmt.Sprint("a", a)
		})
	switch f.Kind {
	case Cycle:
		return b.provesCycle(f)
	case CarriedSkipped:
		if f.Messages[0] >= f.Messages[1] || b.receiver(f.Messages[0]) != nil || b.receiver(f.Messages[1]).account != f.Accounts[0] {
			return fmt.Errorf("not skipped")
		}
	case CarriedNotFirst:
		x, y := b.receiver(f.Messages[0]), b.receiver(f.Messages[1])
		if x.sequence != y.sequence || x.index <= y.index || x.account != f.Accounts[0] || b.messages[x.Received].Class != Carried {
			return fmt.Errorf("not behind")
		}
	case OutOfOrder:
		return b.provesOutOfOrder(f)
	case ReceivedTwice:
		if b.receiver(f.Messages[0]).account != f.Accounts[0] || len(f.Accounts) != 2 {
			return fmt.Errorf("not the receiver")
		}
	case WrongAccount:
		if f.Accounts[0] == f.Accounts[1] || b.messages[f.Messages[0]].To != f.Accounts[1] || b.receiver(f.Messages[0]).account != f.Accounts[0] {
			return fmt.Errorf("not wrong")
		}
	}
	return nil
}

func (b block) provesCycle(f *Fault) error {
	sends := 0
	events := b.events()
	lowest := slices.IndexFunc(events, func(e at) bool { return e.Received == f.Cycle[0].Message })
	for i, step := range f.Cycle {
		x, y := b.receiver(step.Message), b.receiver(f.Cycle[(i+1)%len(f.Cycle)].Message)
		switch {
		case x.account != step.Account:
			return fmt.Errorf("step %d is not of this account", i)
		case slices.IndexFunc(events, func(e at) bool { return e.Received == step.Message }) < lowest:
			return fmt.Errorf("step %d is lower than the first", i)
		case step.Edge == Sent:
			sends++
			if !slices.Contains(x.Sent, y.Received) {
				return fmt.Errorf("step %d sends no such thing", i)
			}
		case step.Edge != Before || x.sequence != y.sequence || x.index >= y.index:
			return fmt.Errorf("step %d is not before the next", i)
		case f.Cycle[(i+1)%len(f.Cycle)].Edge == Before:
			return fmt.Errorf("step %d and the next could be one", i)
		}
	}
	if want := shortestCycle(b); sends != want {
		return fmt.Errorf("%d sends, the shortest has %d", sends, want)
	}
	return nil
}

func (b block) provesOutOfOrder(f *Fault) error {
	channel, _ := b.channels()
	list := channel[[2]uint32{f.Accounts[0], f.Accounts[1]}]
	for _, e := range b.events() {
		for _, m := range e.Sent {
			if e.account == f.Accounts[0] && b.messages[m].To == f.Accounts[1] && b.messages[m].Class == Internal {
				list = append(list, m)
			}
		}
	}
	first, second := slices.Index(list, f.Messages[0]), slices.Index(list, f.Messages[1])
	x, y := b.receiver(f.Messages[0]), b.receiver(f.Messages[1])
	if first < 0 || second <= first || y == nil || x != nil && x.index < y.index {
		return fmt.Errorf("in order: %d, %d of %v", first, second, list)
	}
	return nil
}

func (b block) receiver(m uint32) *at {
	for _, e := range b.events() {
		if e.Received == m {
			return &e
		}
	}
	return nil
}

// run makes an honest block by doing what a chain does.
type run struct {
	*rand.Rand
	block
	channels [][]uint32 // what waits, in order: relays of one pair, or one external message
}

// honest returns a block that a chain could make: at first the carried messages, then anything, until all is done or,
// with carrying out, sometimes before.
func honest(r *rand.Rand) block {
	b := &run{Rand: r}
	b.checker = Checker{Accounts: 2 + r.IntN(4), CarryOut: CarryOut(r.IntN(2))}
	for a := range b.checker.Accounts {
		b.sigma = append(b.sigma, Sequence{Account: uint32(a)})
	}
	r.Shuffle(len(b.sigma), func(i, j int) { b.sigma[i], b.sigma[j] = b.sigma[j], b.sigma[i] })
	b.given()
	queue := b.class(Carried)
	if b.checker.CarryOut == Allowed {
		queue = queue[:r.IntN(len(queue)+1)]
	}
	for _, m := range queue { // one after the other; σ can't tell it from at once, as all of them come first
		b.take(slices.IndexFunc(b.channels, func(c []uint32) bool { return len(c) > 0 && c[0] == m }))
	}
	for b.step() {
	}
	return b.renumber()
}

// given adds what comes from before the block.
func (b *run) given() {
	n := uint32(b.checker.Accounts)
	classes := make([]Class, b.IntN(8))
	for i := range classes {
		classes[i] = External + Class(b.IntN(3))
	}
	for i, class := range classes {
		b.messages = append(b.messages, Message{class, b.Uint32N(n), b.Uint32N(n)})
		if class == External {
			b.channels = append(b.channels, []uint32{uint32(i)})
		}
	}
	for _, class := range []Class{Carried, Imported} {
		for _, m := range b.class(class) {
			b.enqueue(b.messages[m].From, m)
		}
	}
}

func (b *run) class(class Class) (messages []uint32) {
	for m := range b.messages {
		if b.messages[m].Class == class {
			messages = append(messages, uint32(m))
		}
	}
	return messages
}

// enqueue puts m into the channel of its pair. Its From is set, though Check doesn't read that of internal messages.
func (b *run) enqueue(from, m uint32) {
	b.messages[m].From = from
	for i, c := range b.channels {
		if len(c) > 0 && b.messages[c[0]].Class != External && b.messages[c[0]].From == from && b.messages[c[0]].To == b.messages[m].To {
			b.channels[i] = append(c, m)
			return
		}
	}
	b.channels = append(b.channels, []uint32{m})
}

// step takes a message, if there is one, and it need not be left. Only external ones must be taken where all else can wait.
func (b *run) step() bool {
	stop := b.checker.CarryOut == Allowed && b.IntN(6) == 0
	var open []int
	for i, c := range b.channels {
		if len(c) == 0 {
			continue
		}
		class := b.messages[c[0]].Class
		if class == External || class != Carried && !stop {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return false
	}
	b.take(open[b.IntN(len(open))])
	return true
}

// take handles the first message of a channel.
func (b *run) take(channel int) {
	m := b.channels[channel][0]
	b.channels[channel] = b.channels[channel][1:]
	to := b.messages[m].To
	ev := Event{Received: m}
	for range b.IntN(3) {
		if len(b.messages) >= 14 {
			break
		}
		s := uint32(len(b.messages))
		msg := Message{Class: Internal, To: b.Uint32N(uint32(b.checker.Accounts))}
		if b.IntN(6) == 0 {
			msg.Class = Leaving
		}
		b.messages = append(b.messages, msg)
		if msg.Class == Internal {
			b.enqueue(to, s)
		}
		ev.Sent = append(ev.Sent, s)
	}
	s := slices.IndexFunc(b.sigma, func(s Sequence) bool { return s.Account == to })
	b.sigma[s].Events = append(b.sigma[s].Events, ev)
}

// renumber gives the messages other indexes, but leaves carried and imported ones among themselves as they are.
func (b *run) renumber() block {
	number := b.Perm(len(b.messages))
	for _, class := range []Class{Carried, Imported} {
		var kept []int
		for _, m := range b.class(class) {
			kept = append(kept, number[m])
		}
		slices.Sort(kept)
		for i, m := range b.class(class) {
			number[m] = kept[i]
		}
	}
	messages := make([]Message, len(b.messages))
	for m, msg := range b.messages {
		messages[number[m]] = msg
	}
	for _, s := range b.sigma {
		for i := range s.Events {
			s.Events[i].Received = uint32(number[s.Events[i].Received])
			for j, m := range s.Events[i].Sent {
				s.Events[i].Sent[j] = uint32(number[m])
			}
		}
	}
	b.messages = messages
	return b.block
}

// mutate changes one thing, mostly the order.
func mutate(r *rand.Rand, b *block) {
	s := &b.sigma[r.IntN(len(b.sigma))]
	n := len(s.Events)
	if len(b.messages) == 0 || n == 0 {
		b.messages = append(b.messages, Message{Class(1 + r.IntN(5)), 0, 0})
		return
	}
	ev, msg := &s.Events[r.IntN(n)], &b.messages[r.IntN(len(b.messages))]
	other := &b.sigma[r.IntN(len(b.sigma))]
	account, message := r.Uint32N(uint32(b.checker.Accounts)+1), r.Uint32N(uint32(len(b.messages))+1)
	switch r.IntN(25) {
	case 0:
		s.Events = slices.Delete(s.Events, n-1, n)
	case 1:
		i := r.IntN(n)
		s.Events = slices.Delete(slices.Clone(s.Events), i, i+1)
	case 2:
		other.Events = append(other.Events, *ev)
	case 3:
		ev.Received = message
	case 4:
		ev.Sent = append(slices.Clone(ev.Sent), message)
	case 5:
		if len(ev.Sent) > 0 {
			ev.Sent = ev.Sent[1:]
		}
	case 6:
		slices.Reverse(ev.Sent)
	case 7:
		msg.Class = Class(r.IntN(7))
	case 8:
		msg.From = account
	case 9:
		msg.To = account
	case 10:
		s.Account = account
	case 11:
		last := s.Events[n-1]
		s.Events = s.Events[:n-1]
		other.Events = append(other.Events, last)
	case 12:
		i := r.IntN(len(b.messages))
		*msg, b.messages[i] = b.messages[i], *msg
	case 13:
		b.checker.CarryOut = Refused
	case 14:
		o := &other.Events
		if len(*o) > 0 {
			e := &(*o)[r.IntN(len(*o))]
			e.Sent, ev.Sent = ev.Sent, e.Sent
		}
	case 15:
		s.Events = s.Events[1:]
	default:
		i, j := r.IntN(n), r.IntN(n)
		s.Events[i], s.Events[j] = s.Events[j], s.Events[i]
	}
}

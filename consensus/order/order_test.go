package order

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func number(n uint32) string { return fmt.Sprint(n) }

// Numbers that name nothing are faults wherever they stand; the fault says where.
func TestOutOfRange(t *testing.T) {
	x := Message{Class: External}
	one := []Sequence{{0, []Event{{Received: 0}}}}
	for _, c := range []struct {
		messages []Message
		sigma    []Sequence
		want     string
	}{
		{[]Message{x}, []Sequence{{0, []Event{{Received: 1}}}}, "index out of range: 0 names message 1"},
		{[]Message{x}, []Sequence{{1, []Event{{0, []uint32{never}}}}}, "index out of range: 1 names message 4294967295"},
		{[]Message{x}, []Sequence{{2, nil}}, "index out of range: a sequence names account 2"},
		{[]Message{x, {Internal, 9, 2}}, one, "index out of range: 1 names account 2"},
		{[]Message{x, {Imported, 2, 0}}, one, "index out of range: 1 names account 2"},
		{[]Message{x, {Carried, never, 0}}, one, "index out of range: 1 names account 4294967295"},
		{[]Message{{External, 9, 9}, {Leaving, 9, 9}}, one, "listed but never sent: 1"},
		{[]Message{{}}, one, "unknown class: 0 has class 0"},
		{[]Message{{Class: Leaving + 1}}, one, "unknown class: 0 has class 6"},
		{[]Message{x}, append(one, one...), "account with two sequences: 0"},
		{nil, one, "index out of range: 0 names message 0"},
	} {
		_, fault := Checker{Accounts: 2}.Check(c.messages, c.sigma)
		if fault == nil {
			t.Errorf("no fault, want %q", c.want)
		} else if got := fault.Describe(number, number); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if _, fault := (Checker{}).Check([]Message{x}, one); fault == nil || fault.Kind != OutOfRange {
		t.Errorf("no accounts at all: %v", fault)
	}
}

func TestKindNames(t *testing.T) {
	for kind := OutOfRange; kind <= OutOfOrder; kind++ {
		if kind.String() != precedence[kind-1] {
			t.Errorf("%d: %q, want %q", kind, kind, precedence[kind-1])
		}
	}
	if FaultKind(0).String() != "fault kind 0" || (OutOfOrder+1).String() != "fault kind 17" {
		t.Error(FaultKind(0), OutOfOrder+1)
	}
}

// ring returns n accounts of which each processes what the one before sends, then sends: a cycle of n sends.
func ring(n int) ([]Message, []Sequence) {
	messages, sigma := make([]Message, 2*n), make([]Sequence, n)
	for a := range uint32(n) {
		messages[2*a] = Message{Class: External}
		messages[2*a+1] = Message{Class: Internal, To: a}
		sigma[a] = Sequence{a, []Event{
			{Received: 2*a + 1},
			{Received: 2 * a, Sent: []uint32{2*((a+1)%uint32(n)) + 1}},
		}}
	}
	return messages, sigma
}

// crossing returns n pairs of accounts, each pair a cycle, and one account that sends to itself before: a lot of cycles,
// the shortest of which comes last.
func crossing(n int) ([]Message, []Sequence) {
	var messages []Message
	var sigma []Sequence
	for i := range uint32(n) {
		m, s := ring(2)
		for j := range m {
			m[j].To += 2 * i
		}
		for j := range s {
			s[j].Account += 2 * i
			for k := range s[j].Events {
				s[j].Events[k].Received += 4 * i
				for l := range s[j].Events[k].Sent {
					s[j].Events[k].Sent[l] += 4 * i
				}
			}
		}
		messages, sigma = append(messages, m...), append(sigma, s...)
	}
	a, m := uint32(len(sigma)), uint32(len(messages))
	messages = append(messages, Message{Class: External}, Message{Class: Internal, To: a})
	sigma = append(sigma, Sequence{a, []Event{{Received: m + 1}, {Received: m, Sent: []uint32{m + 1}}}})
	return messages, sigma
}

// ladder returns two accounts that wait for each other n times: each processes all it is sent, last sent first, before it
// sends. Every event is on many cycles.
func ladder(n int) ([]Message, []Sequence) {
	messages, sigma := make([]Message, 4*n), []Sequence{{Account: 0}, {Account: 1}}
	external := func(a, i int) uint32 { return uint32(4*i + 2*a) }
	for a := range 2 {
		for i := range n {
			messages[external(a, i)] = Message{Class: External}
			messages[external(a, i)+1] = Message{Class: Internal, To: uint32(1 - a)}
			sigma[a].Events = append(sigma[a].Events, Event{Received: external(1-a, n-1-i) + 1})
		}
		for i := range n {
			sigma[a].Events = append(sigma[a].Events, Event{external(a, i), []uint32{external(a, i) + 1}})
		}
	}
	return messages, sigma
}

// A cycle through every account of a block is found and can be printed.
func TestLongCycle(t *testing.T) {
	const n = 50_000
	messages, sigma := ring(n)
	_, fault := Checker{Accounts: n}.Check(messages, sigma)
	if fault == nil || fault.Kind != Cycle || len(fault.Cycle) != 2*n {
		t.Fatal(fault)
	}
	text := fault.Describe(number, number)
	if !strings.HasPrefix(text, "cycle: 1 -0-> 0 -sent-> 3 -1-> 2 -sent-> ") || !strings.HasSuffix(text, "-sent-> 1") ||
		!strings.Contains(text, fmt.Sprintf("(%d more) -> ", 2*n-cycleHead-cycleTail)) {
		t.Error(text)
	}
}

// While the budget lasts the shortest of all cycles is named, wherever it is.
func TestShortestOfMany(t *testing.T) {
	const n = 5000
	messages, sigma := crossing(n)
	_, fault := Checker{Accounts: 2*n + 1}.Check(messages, sigma)
	want := fmt.Sprintf("cycle: %d -%d-> %d -sent-> %d", 4*n+1, 2*n, 4*n, 4*n+1)
	if fault == nil || fault.Describe(number, number) != want {
		t.Errorf("%v, want %s", fault, want)
	}
}

// The search for a witness stays within a constant times the size of the block: a block that is wrong everywhere
// must not cost more to refuse than to check.
func TestCycleBudget(t *testing.T) {
	for name, make := range map[string]func(int) ([]Message, []Sequence){"ring": ring, "crossing": crossing, "ladder": ladder} {
		const n = 20_000
		messages, sigma := make(n)
		g := &graph{Checker: Checker{Accounts: 2*n + 1}, messages: messages, sigma: sigma}
		for _, rule := range []func(*graph) *Fault{(*graph).receive, (*graph).send} {
			if fault := rule(g); fault != nil {
				t.Fatal(name, fault)
			}
		}
		if fault := g.acyclic(); fault == nil || fault.Kind != Cycle {
			t.Fatal(name, fault)
		}
		s := g.search()
		s.run()
		if size := len(g.places) + len(messages); s.spent > 6*size+1<<16 {
			t.Errorf("%s: looked at %d, the block has %d", name, s.spent, size)
		}
	}
}

// payments returns a block of n payments: each external message makes its account send one relay to a random account.
func payments(n, accounts int) ([]Message, []Sequence) {
	r := rand.New(rand.NewPCG(1, 2))
	messages := make([]Message, 2*n)
	events := make(map[uint32][]Event)
	var order []uint32
	record := func(a uint32, ev Event) {
		if events[a] == nil {
			order = append(order, a)
		}
		events[a] = append(events[a], ev)
	}
	for i := range uint32(n) {
		from, to := r.Uint32N(uint32(accounts)), r.Uint32N(uint32(accounts))
		messages[i] = Message{Class: External}
		messages[uint32(n)+i] = Message{Class: Internal, To: to}
		record(from, Event{i, []uint32{uint32(n) + i}})
		record(to, Event{Received: uint32(n) + i})
	}
	sigma := make([]Sequence, len(order))
	for i, a := range order {
		sigma[i] = Sequence{a, events[a]}
	}
	return messages, sigma
}

func BenchmarkCheck(b *testing.B) {
	const accounts = 100_000
	bench := func(name string, make func(int) ([]Message, []Sequence), n int, want FaultKind) {
		b.Run(name, func(b *testing.B) {
			messages, sigma := make(n)
			b.ReportAllocs()
			for b.Loop() {
				_, fault := Checker{Accounts: accounts}.Check(messages, sigma)
				if fault == nil != (want == 0) || fault != nil && fault.Kind != want {
					b.Fatal(fault)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(messages)), "ns/message")
		})
	}
	bench("payments", func(n int) ([]Message, []Sequence) { return payments(n, accounts) }, 10_000, 0)
	bench("payments_hot", func(n int) ([]Message, []Sequence) { return payments(n, 10) }, 10_000, 0)
	bench("ring", ring, 10_000, Cycle)
	bench("crossing", crossing, 5_000, Cycle)
	bench("ladder", ladder, 5_000, Cycle)
}

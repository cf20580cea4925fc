package order

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// history is what an account of these tests comes to: all that it processed. So every difference between two orders shows.
type history string

// play is a program: what account sends when it has processed history and now handles m.
type play func(account uint32, h history, m string) []Parcel[string]

func (p play) actor(account uint32, h history, m string) (history, []Parcel[string]) {
	return h + history(" "+m), p(account, h, m)
}

// from is a message made outside.
func from(to uint32, m string) Parcel[string] { return Parcel[string]{Outside, to, m} }

func send(to uint32, m string) Parcel[string] { return Parcel[string]{To: to, Message: m} }

// sigma is the order of a flight that has come to its end.
func sigma(f *Flight[string, history]) string {
	var b strings.Builder
	for i, h := range f.states {
		if h != "" {
			fmt.Fprintf(&b, "%d:%s; ", i, h)
		}
	}
	return b.String()
}

// tooMany is how many places a brute force visits before it gives up.
const tooMany = 3_000

// bruteForce runs all interleavings and returns their orders, sorted; nil if they are too many. It walks the places that can
// be reached, each once: what happened at every account is all there is to a place.
func bruteForce(p play, underWay []Parcel[string]) []string {
	f := NewFlight(p.actor, nil, underWay)
	found, seen := map[string]bool{}, map[string]bool{}
	var walk func()
	walk = func() {
		key := sigma(f)
		if seen[key] || len(seen) == tooMany {
			return
		}
		seen[key] = true
		ready := f.Ready()
		if len(ready) == 0 {
			found[key] = true
		}
		for _, t := range ready {
			f.Take(t)
			walk()
			f.Back()
		}
	}
	walk()
	if len(seen) == tooMany {
		return nil
	}
	return sorted(found)
}

func sorted(set map[string]bool) (list []string) {
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

// explored are the orders that Explore visits, sorted; they must be possible, and none comes twice (X1, X3).
func explored(t *testing.T, p play, underWay []Parcel[string]) []string {
	t.Helper()
	f := NewFlight(p.actor, nil, underWay)
	found := map[string]bool{}
	x := Explorer[string, history]{Flight: f, Visit: func() bool {
		s := sigma(f)
		if found[s] {
			t.Errorf("visited twice: %s", s)
		}
		found[s] = true
		checkPossible(t, f)
		return true
	}}
	if end := x.Explore(); end != Complete {
		t.Errorf("it ended with %d", end)
	}
	if x.abandoned > 0 {
		t.Errorf("%d runs were abandoned", x.abandoned)
	}
	if len(f.Order()) != 0 || f.Flying() != len(underWay) {
		t.Errorf("the flight was left elsewhere: %v", f.Order())
	}
	return sorted(found)
}

// checkPossible asks the checker of this package about the order that a flight came to.
func checkPossible(t *testing.T, f *Flight[string, history]) {
	t.Helper()
	c := Checker{Accounts: len(f.states)}
	var messages []Message
	sigma := make([]Sequence, len(f.states))
	sent := make([][]uint32, len(f.events)) // numbers of what an event sent
	count := 0
	for i := range f.lanes {
		count += len(f.lanes[i].queue)
	}
	for a := range sigma {
		sigma[a].Account = uint32(a)
	}
	received := make([]uint32, len(f.events))
	for i, e := range f.events {
		class := External
		if e.by >= 0 {
			class = Internal
			// in the order sent: lanes keep it, and a message's age is its number among all
			sent[e.by] = append(sent[e.by], uint32(len(messages)))
		}
		received[i] = uint32(len(messages))
		messages = append(messages, Message{Class: class, From: e.Account, To: e.Account})
	}
	for i, e := range f.events {
		slices.SortFunc(sent[i], func(a, b uint32) int { return f.age(a) - f.age(b) })
		sigma[e.Account].Events = append(sigma[e.Account].Events, Event{received[i], sent[i]})
	}
	if count != len(messages) {
		t.Errorf("%d messages, %d were processed", count, len(messages))
	}
	if _, fault := c.Check(messages, sigma); fault != nil {
		t.Errorf("impossible order %v: %v", f.Order(), fault)
	}
}

// age is that of the message which event e processed.
func (f *Flight[M, S]) age(e uint32) int {
	at, before := f.events[e].lane, 0
	for i := range e {
		if f.events[i].lane == at {
			before++
		}
	}
	return f.lanes[at].queue[before].age
}

func compareOrders(t *testing.T, p play, underWay []Parcel[string]) int {
	t.Helper()
	want := bruteForce(p, underWay)
	if want == nil {
		return 0
	}
	got := explored(t, p, underWay)
	if !slices.Equal(got, want) {
		t.Errorf("explored %d orders, there are %d", len(got), len(want))
		for _, s := range want {
			if !slices.Contains(got, s) {
				t.Errorf("missed: %s", s)
				break
			}
		}
	}
	return len(want)
}

// Small programs with the number of their orders, counted by hand.
func TestExplorePrograms(t *testing.T) {
	quiet := func(uint32, history, string) []Parcel[string] { return nil }
	to := func(receiver uint32) play {
		return func(a uint32, _ history, m string) []Parcel[string] {
			if a == receiver {
				return nil
			}
			return []Parcel[string]{send(receiver, m+"'")}
		}
	}
	for _, x := range []struct {
		name     string
		underWay []Parcel[string]
		play     play
		orders   int
	}{
		{"nothing", nil, quiet, 1},
		{"one", []Parcel[string]{from(0, "a")}, quiet, 1},
		{"apart", []Parcel[string]{from(0, "a"), from(1, "b"), from(2, "c"), from(3, "d"), from(4, "e"), from(5, "f"), from(6, "g"), from(7, "h")}, quiet, 1},
		{"one signer", []Parcel[string]{from(0, "a"), from(0, "b"), from(0, "c")}, quiet, 1},
		{"three bids", []Parcel[string]{from(0, "a"), from(1, "b"), from(2, "c")}, to(3), 6},
		{"five bids", []Parcel[string]{from(0, "a"), from(1, "b"), from(2, "c"), from(3, "d"), from(4, "e")}, to(5), 120},
		{"two and two of two signers", []Parcel[string]{from(0, "a"), from(0, "b"), from(1, "c"), from(1, "d")}, to(2), 6},
		{"the payments of the paper", []Parcel[string]{from(0, "a→b"), from(1, "b→c"), from(2, "c→a")},
			func(a uint32, _ history, m string) []Parcel[string] {
				if strings.HasSuffix(m, "!") {
					return nil
				}
				return []Parcel[string]{send((a+1)%3, m+"!")}
			}, 7}, // 2^3, but for the one with a cycle
		{"sent to itself", []Parcel[string]{from(0, "a"), from(1, "b")}, func(a uint32, _ history, m string) []Parcel[string] {
			switch m {
			case "a":
				return []Parcel[string]{send(0, "self")}
			case "b":
				return []Parcel[string]{send(0, "x")}
			}
			return nil
		}, 3},
		{"only one order wakes a second message", []Parcel[string]{from(0, "a"), from(1, "b")},
			func(a uint32, h history, m string) []Parcel[string] {
				switch {
				case a < 2 && len(m) == 1 && h == "":
					return []Parcel[string]{send(2, m)}
				case m == "a" && strings.Contains(string(h), "b"):
					return []Parcel[string]{send(0, "x"), send(1, "y"), send(0, "z")}
				case m == "b" && h == "":
					return []Parcel[string]{send(0, "early")}
				}
				return nil
			}, 3}, // a first at 2; or b first, with "early" at 0 before a or behind it
	} {
		t.Run(x.name, func(t *testing.T) {
			if n := compareOrders(t, x.play, x.underWay); n != x.orders {
				t.Errorf("%d orders, want %d", n, x.orders)
			}
		})
	}
}

// Random programs, whose accounts send by what they processed before: X1 to X3.
func TestExploreRandomPrograms(t *testing.T) {
	seed, count := *seedFlag, 300
	if seed == 0 {
		seed = rand.Uint64()
	} else {
		count = 1
	}
	orders := 0
	for i := range uint64(count) {
		r := rand.New(rand.NewPCG(seed+i, 1))
		p, underWay := randomPlay(r)
		orders += compareOrders(t, p, underWay)
		if t.Failed() {
			t.Fatalf("%v\nrepeat: go test ./consensus/order -run TestExploreRandomPrograms -seed %d", underWay, seed+i)
		}
	}
	t.Logf("seed %d: %d orders", seed, orders)
	if count > 1 && orders < 10*count {
		t.Errorf("%d orders of %d programs: the test has lost its bite", orders, count)
	}
}

func randomPlay(r *rand.Rand) (play, []Parcel[string]) {
	accounts, salt := uint32(2+r.IntN(4)), r.Uint64()
	var underWay []Parcel[string]
	for i := range 2 + r.IntN(3) {
		underWay = append(underWay, from(r.Uint32N(accounts), string(rune('a'+i))))
	}
	deep := 2 + r.IntN(3)
	return func(a uint32, h history, m string) (sent []Parcel[string]) {
		hash := fnv.New64a()
		fmt.Fprint(hash, salt, a, h, m)
		dice := rand.New(rand.NewPCG(hash.Sum64(), 0))
		if len(m) >= deep || len(h) > 12 {
			return nil
		}
		for i := range dice.IntN(3) {
			sent = append(sent, send(dice.Uint32N(accounts), fmt.Sprintf("%s%d", m, i)))
		}
		return sent
	}, underWay
}

// A run that Visit ends, and one in which more messages are under way than were allowed.
func TestExploreEnds(t *testing.T) {
	fan := play(func(a uint32, _ history, m string) []Parcel[string] {
		if a == 0 {
			return []Parcel[string]{send(1, m), send(2, m), send(3, m)}
		}
		return nil
	})
	n := 0
	f := NewFlight(fan.actor, nil, []Parcel[string]{from(0, "a"), from(1, "b"), from(2, "c")})
	x := Explorer[string, history]{Flight: f, Visit: func() bool { n++; return n < 3 }}
	if end := x.Explore(); end != Stopped || n != 3 || f.Flying() != 3 {
		t.Errorf("end %d after %d orders with %d messages under way", end, n, f.Flying())
	}
	x.Visit = func() bool { return true }
	x.Most = 4
	if end := x.Explore(); end != Crowded {
		t.Errorf("end %d, 5 messages are under way at once", end)
	}
	if x.Most = 5; x.Explore() != Complete {
		t.Error("five were allowed")
	}
}

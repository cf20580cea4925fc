package overlay

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func usual(nodes, full int) Network {
	return Network{
		Nodes: nodes, Links: 10, Full: full, Messages: 20, Seed: 1, LeastMillis: 10, MostMillis: 100, FullMillis: 50,
		PatienceMillis: NodePatienceMillis, AnswerMillis: NodeAnswerMillis,
	}
}

// SPEC 10.5: with one full copy a node gets less than two on average, however many nodes there are.
func TestRedundancy(t *testing.T) {
	var first float64
	for _, n := range []int{100, 200, 500, 1000} {
		r := Measure(usual(n, 1))
		if first == 0 {
			first = r.Copies
		}
		if r.Missed > 0 || r.Copies < 1 || r.Copies >= 2 || math.Abs(r.Copies-first) > 0.1 {
			t.Errorf("%d nodes: %+v", n, r)
		}
	}
	for _, full := range []uint64{2, 50, 200} { // on slow lines, too, whose delays are longer than a name waits
		c := usual(500, 1)
		c.LeastMillis, c.MostMillis, c.FullMillis = 50, 200, full
		if r := Measure(c); r.Missed > 0 || r.Copies < 1 || r.Copies >= 2 {
			t.Errorf("copies of %d ms: %+v", full, r)
		}
	}
	if one, eight := Measure(usual(300, 1)), Measure(usual(300, 8)); eight.Copies < 3*one.Copies || eight.Names > one.Names {
		t.Errorf("one copy: %+v; eight: %+v", one, eight)
	}
}

// B3: nodes that announce and give nothing cost time; everyone who can be reached is.
func TestSilentNodes(t *testing.T) {
	c := usual(300, 1)
	c.Silent = 30
	with, without := Measure(c), Measure(usual(300, 1))
	if with.Missed > 0 || with.LastMillis <= without.LastMillis {
		t.Errorf("%+v; without silent nodes %+v", with, without)
	}
}

// Equal arguments give equal results.
func TestMeasureRepeats(t *testing.T) {
	if a, b := Measure(usual(100, 2)), Measure(usual(100, 2)); a != b {
		t.Errorf("%+v, %+v", a, b)
	}
}

func config() Config {
	return Config{Links: 4, Full: 1, PatienceMillis: 10, AnswerMillis: 20, Bytes: 64}
}

// joined is a node with all neighbours that there may be.
func joined(c Config) *Node {
	n := New(c)
	for l := range c.Links {
		n.Step(Joined{Link: Link(l)})
	}
	return n
}

// A name is one of all bytes: whatever of a message is changed, cut off or added, it is another message.
func TestIDCoversAllBytes(t *testing.T) {
	raw := bytes.Repeat([]byte{1, 2, 3}, 1000)
	id := IDOf(raw)
	for i := range raw {
		raw[i] ^= 1
		if IDOf(raw) == id || IDOf(raw[:i]) == id {
			t.Fatalf("byte %d is not in the name", i)
		}
		raw[i] ^= 1
	}
	if IDOf(append(raw, 0)) == id || IDOf(raw) != id {
		t.Error("a byte more is not in the name")
	}
}

// What is passed on goes to who is there, and isn't told otherwise; what a neighbour was told, the next one with its number wasn't.
func TestNeighbours(t *testing.T) {
	n := New(config())
	sent := func(e Effects) (to []Link) {
		for _, s := range slices.Concat(e.Full, e.Announce) {
			to = append(to, s.To)
		}
		slices.Sort(to)
		return to
	}
	if to := sent(n.Step(Published{Raw: []byte("a")})); len(to) > 0 {
		t.Errorf("sent to %v: nobody is there", to)
	}
	n.Step(Joined{Link: 1})
	n.Step(Joined{Link: 3})
	n.Step(Joined{Link: 2, Informed: true})
	if to := sent(n.Step(Published{Raw: []byte("b")})); !slices.Equal(to, []Link{1, 3}) {
		t.Errorf("sent to %v", to)
	}
	n.Step(Joined{Link: 2})
	if e := n.Step(Published{Raw: []byte("c"), NameOnly: true}); len(e.Full) > 0 || !slices.Equal(sent(e), []Link{1, 2, 3}) {
		t.Errorf("sent to %v", sent(e))
	}
	id, other := IDOf([]byte("x")), IDOf([]byte("y"))
	n.Step(Announced{3, id})
	n.Step(Announced{1, id})
	n.Step(Announced{3, other})
	n.Step(Left{3})
	if e := n.Step(Expired{id}); len(e.Ask) != 1 || e.Ask[0].To != 1 {
		t.Errorf("who announced it, and is there, is asked: %+v", e)
	}
	if len(n.wanted) != 1 || n.links[3].open != 0 || n.links[1].open != 1 {
		t.Errorf("%d wanted, %d and %d counted", len(n.wanted), n.links[3].open, n.links[1].open)
	}
	e := n.Step(Received{1, []byte("x")})
	if to := sent(n.Step(Judged{e.Judge.ID, Good})); !slices.Equal(to, []Link{2}) {
		t.Errorf("sent to %v", to)
	}
	n.Step(Joined{Link: 3})
	if e := n.Step(Asked{3, IDOf([]byte("b"))}); len(e.Full) != 1 {
		t.Error("who is new is not answered")
	}
	e = n.Step(Received{1, []byte("z")})
	if e = n.Step(Judged{e.Judge.ID, Void}); len(e.Full)+len(e.Announce)+len(e.Reject) > 0 {
		t.Errorf("what says nothing: %+v", e)
	}
}

// However much comes that is not good, what is good is remembered, and given to who asks; and what is remembered is bounded.
func TestVoidsPushOutNothing(t *testing.T) {
	n := joined(config())
	e := n.Step(Received{2, []byte("good")})
	n.Step(Judged{e.Judge.ID, Good})
	good, last := e.Judge.ID, ID{}
	for i := range 2 * maxHad {
		e := n.Step(Received{2, binary.BigEndian.AppendUint32([]byte("void"), uint32(i))})
		last = e.Judge.ID
		n.Step(Judged{last, []Verdict{Void, Bad}[i%2]})
	}
	if e := n.Step(Asked{3, good}); len(e.Full) != 1 {
		t.Error("a good message was pushed out by those that aren't")
	}
	if e := n.Step(Announced{1, last}); len(e.Ask)+len(e.Timers) > 0 {
		t.Error("what is not good is wanted again at once")
	}
	if len(n.had) != maxHad || len(n.order) != 1 {
		t.Errorf("%d are remembered, %d of them as good", len(n.had), len(n.order))
	}
	for i := range 2 * maxHad { // what is good pushes out most of what isn't
		e := n.Step(Received{2, binary.BigEndian.AppendUint32([]byte("good"), uint32(i))})
		n.Step(Judged{e.Judge.ID, Good})
	}
	if len(n.had) != maxHad || len(n.dull) != maxDull {
		t.Errorf("%d are remembered, %d of them as not good", len(n.had), len(n.dull))
	}
}

// B1, B2: what is not good goes nowhere; what is good goes on once, to those who don't have it.
func TestJudged(t *testing.T) {
	n := joined(config())
	raw := []byte("good")
	id := IDOf(raw)
	e := n.Step(Received{2, raw})
	if e.Judge == nil || e.Judge.ID != id || len(e.Full)+len(e.Announce) > 0 {
		t.Fatalf("%+v", e)
	}
	if e := n.Step(Asked{3, id}); len(e.Full) > 0 {
		t.Error("given before it was judged")
	}
	if e := n.Step(Announced{1, id}); len(e.Timers)+len(e.Ask) > 0 {
		t.Error("wanted although it is here")
	}
	e = n.Step(Judged{id, Good})
	if len(e.Full) != 1 || len(e.Announce) != 1 || e.Full[0].To == e.Announce[0].To {
		t.Fatalf("%+v", e)
	}
	for _, to := range []Link{e.Full[0].To, e.Announce[0].To} {
		if to == 1 || to == 2 {
			t.Errorf("sent to link %d, which has it", to)
		}
	}
	if e := n.Step(Judged{id, Good}); len(e.Full)+len(e.Announce) > 0 {
		t.Error("passed on twice")
	}
	if e := n.Step(Received{3, raw}); e.Judge != nil {
		t.Error("judged twice")
	}
	bad := n.Step(Received{1, []byte("bad")})
	e = n.Step(Judged{bad.Judge.ID, Bad})
	if len(e.Full)+len(e.Announce) > 0 || len(e.Reject) != 1 || e.Reject[0].From != 1 {
		t.Errorf("%+v", e)
	}
	if e := n.Step(Asked{3, bad.Judge.ID}); len(e.Full) > 0 {
		t.Error("what is bad is given away")
	}
}

// B3: one is asked at a time, in turn, and then nobody.
func TestAsks(t *testing.T) {
	n := joined(config())
	id := IDOf([]byte("x"))
	if e := n.Step(Announced{2, id}); len(e.Ask) > 0 || len(e.Timers) != 1 || e.Timers[0].Millis != 10 {
		t.Fatalf("%+v", e)
	}
	n.Step(Announced{0, id})
	for _, want := range []Link{2, 0} {
		if e := n.Step(Expired{id}); len(e.Ask) != 1 || e.Ask[0].To != want || e.Timers[0].Millis != 20 {
			t.Fatalf("%+v", e)
		}
	}
	if e := n.Step(Expired{id}); len(e.Ask)+len(e.Timers) > 0 || len(n.wanted) > 0 || n.links[2].open != 0 {
		t.Errorf("%+v", e)
	}
	n.Step(Announced{2, id})
	n.Step(Received{1, []byte("x")})
	if e := n.Step(Expired{id}); len(e.Ask) > 0 || n.links[2].open != 0 {
		t.Errorf("asked for what came: %+v", e)
	}
}

// B4: whatever comes, what is held is bounded, and nobody is sent a message twice without asking.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := joined(config())
		type sent struct {
			to Link
			id ID
		}
		times := map[sent]int{}
		check := func(e Effects) {
			for _, s := range e.Full {
				times[sent{s.To, s.ID}]++
			}
		}
		for range rapid.IntRange(1, 300).Draw(t, "events") {
			raw := make([]byte, rapid.IntRange(1, 40).Draw(t, "size"))
			raw[0] = rapid.Byte().Draw(t, "message")
			link, id := Link(rapid.IntRange(0, 3).Draw(t, "link")), IDOf(raw)
			switch rapid.IntRange(0, 7).Draw(t, "event") {
			case 0:
				e := n.Step(Received{link, raw})
				if e.Judge != nil {
					check(n.Step(Judged{id, 1 + Verdict(raw[0]%3)}))
				}
			case 1:
				check(n.Step(Announced{link, id}))
			case 2:
				if e := n.Step(Asked{link, id}); len(e.Full) > 1 {
					t.Fatal("one question, several answers")
				}
			case 3:
				check(n.Step(Expired{id}))
			case 4:
				check(n.Step(Published{raw, rapid.Bool().Draw(t, "name only")}))
			case 7:
				n.Step(Forget{id})
			case 5:
				n.Step(Joined{link, rapid.Bool().Draw(t, "informed")})
			case 6:
				n.Step(Left{link})
				maps.DeleteFunc(times, func(s sent, _ int) bool { return s.to == link }) // another may come
			}
			for _, k := range times {
				if k > 1 {
					t.Fatal("a message was pushed to a link twice")
				}
			}
			held, open := 0, 0
			for _, h := range n.had {
				held += len(h.raw)
			}
			for _, l := range n.links {
				open += l.open
			}
			if held != n.bytes || n.bytes > n.config.Bytes+40 || open != len(n.wanted) || len(n.had) != len(n.order)+len(n.dull) {
				t.Fatalf("%d bytes held, %d counted; %d wanted, %d counted", held, n.bytes, len(n.wanted), open)
			}
		}
	})
}

// Who asks for one message again and again is given it twice: once more than it needs if none is lost.
func TestAskedAgain(t *testing.T) {
	n := joined(config())
	raw := []byte("x")
	n.Step(Published{Raw: raw})
	given := func(l Link) (times int) {
		for range 10 {
			times += len(n.Step(Asked{l, IDOf(raw)}).Full)
		}
		return times
	}
	if one, other := given(1), given(2); one != maxGiven || other != maxGiven {
		t.Errorf("given %d and %d times", one, other)
	}
	n.Step(Left{1})
	n.Step(Joined{Link: 1})
	if again := given(1); again != maxGiven {
		t.Errorf("who is new is given it %d times", again)
	}
}

// A flood of names, or of messages, stays within its bounds. Names are nobody's fault, however many come at once: an honest node's wait while this one
// is away from its work.
func TestFloodOfPeers(t *testing.T) {
	c := config()
	c.Bytes = 1 << 20
	n := joined(c)
	rejected := 0
	for i := range 2000 {
		rejected += len(n.Step(Announced{1, ID{1, byte(i), byte(i >> 8)}}).Reject)
		e := n.Step(Received{2, []byte{byte(i), byte(i >> 8)}})
		n.Step(Judged{e.Judge.ID, 1 + Verdict(i%2)})
	}
	if len(n.wanted) != maxWanted || rejected != 0 || len(n.had) != maxHad {
		t.Errorf("%d wanted, %d rejected, %d had", len(n.wanted), rejected, len(n.had))
	}
}

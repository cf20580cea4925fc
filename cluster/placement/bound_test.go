package placement

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/remote"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// P3: one node's questions take a part of the places alone, and who comes too late is told; others are answered beside them.
func TestFloodOfQuestions(t *testing.T) {
	r := newRig(t, []chain.ID{1, 2}, nil, nil)
	hold := make(chan struct{})
	r.set(func() {
		r.nodes[0].answer = func(ctx context.Context, a Asked) ([]byte, error) {
			if a.Account.Chain() == 1 {
				select {
				case <-hold:
				case <-ctx.Done():
				}
			}
			return a.Body, nil
		}
	})
	results := make(chan error, 2*callsAtOnce)
	var work sync.WaitGroup
	for range cap(results) {
		work.Go(func() {
			_, err := r.ask(1, rigAccount(1, 1), Copy, "?")
			results <- err
		})
	}
	victim := r.nodes[0]
	awaits(t, "all places taken", func() bool {
		victim.gate.mu.Lock()
		defer victim.gate.mu.Unlock()
		return victim.gate.all == answersEach
	})
	if got, err := r.ask(2, rigAccount(2, 1), Copy, "?"); err != nil || got != "?" {
		t.Errorf("another node is answered %q, %v", got, err)
	}
	awaits(t, "the others are told to come later", func() bool { return len(results) >= callsAtOnce })
	close(hold)
	work.Wait()
	close(results)
	count := map[bool]int{}
	for err := range results {
		if err != nil && !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
		count[err == nil]++
	}
	if count[true] < answersEach || count[false] < callsAtOnce {
		t.Errorf("%d answered, %d told to come later", count[true], count[false])
	}
	victim.gate.mu.Lock()
	defer victim.gate.mu.Unlock()
	if victim.gate.all != 0 || victim.gate.bytes != 0 || len(victim.gate.each) != 0 {
		t.Errorf("%d places, %d bytes are taken", victim.gate.all, victim.gate.bytes)
	}
	if len(r.nodes[1].open.to) != 0 {
		t.Errorf("%d questions are open", len(r.nodes[1].open.to))
	}
}

// P3: nodes that take all they get leave places for others.
func TestGreedyAskers(t *testing.T) {
	g := newPlaces(answers, answersEach, answerBytes)
	took := map[string]int{}
	for _, from := range []string{"a", "b", "c", "a", "b", "d"} {
		for g.take(from, 1) {
			took[from]++
		}
	}
	if took["a"] != answersEach || took["b"] != answersEach/2 || took["c"] != answersEach/4 || took["d"] != answersEach/8 {
		t.Errorf("%v", took)
	}
	if !g.take("e", 1) {
		t.Error("there is no place for one more")
	}
	g.give("e", 1)
	for from, n := range took {
		for range n {
			g.give(from, 1)
		}
	}
	if g.all != 0 || g.bytes != 0 || len(g.each) != 0 {
		t.Errorf("%d places, %d bytes are taken", g.all, g.bytes)
	}
}

// P3: answers for a node that takes none fill its road, and no more; others are answered beside it.
func TestMuteAsker(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts by the system alone, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	port := r.nodes[1].record.Actors
	r.set(func() { r.nodes[1].record.Actors = uint16(mute.Addr().(*net.TCPAddr).Port) })
	defer r.set(func() { r.nodes[1].record.Actors = port })
	r.tell()
	victim := r.nodes[0]
	a := newAttacker(t, rigKey(1), mute.Addr().String(), victim.Addr())
	frames := []any{a.connect()}
	for range 3 * roadLetters {
		frames = append(frames, a.letter(func(*remote.MessageBatch) {}))
	}
	before := victim.Counts()[CountFull]
	sent := make(chan error)
	go func() { sent <- a.send(3*time.Second, frames...) }()
	road := victim.roadTo(mute.Addr().String())
	awaits(t, "a full road, and letters that are not sent", func() bool {
		road.mu.Lock()
		defer road.mu.Unlock()
		if road.letters > roadLetters {
			t.Fatalf("%d letters wait", road.letters)
		}
		return road.letters == roadLetters && victim.Counts()[CountFull] > before
	})
	r.expect(2, rigAccount(1, 1), Live, 0)
	if err := <-sent; err != nil {
		t.Error(err)
	}
	awaits(t, "a free road, once the connection is given up", road.idle)
}

// A road holds letters, and bytes, up to its bounds; what left makes room, what was cut off too.
func TestRoadBounds(t *testing.T) {
	r := &road{}
	for range roadLetters {
		if !r.take(1) {
			t.Fatal("full too early")
		}
	}
	if r.take(1) {
		t.Error("more letters than there is room for")
	}
	r.left(1)
	if !r.take(1) {
		t.Error("no room, though one left")
	}
	r.cut()
	n := 0
	for r.take(MaxBody) {
		n++
	}
	if n != roadBytes/(MaxBody+letterCost) || n < 2 {
		t.Errorf("%d of the longest", n)
	}
	for range 3 * n {
		r.left(MaxBody)
	}
	if !r.idle() || r.bytes != 0 {
		t.Error("not idle")
	}
}

// P3: a node has two connections at most; the oldest goes.
func TestDoors(t *testing.T) {
	d := doors{of: map[keys.PublicKey][]*doorway{}}
	var key keys.PublicKey
	var ends, ways []net.Conn
	for range 4 {
		near, far := net.Pipe()
		ways, ends = append(ways, d.open(near, key)), append(ends, far)
	}
	for i, far := range ends {
		_ = far.SetReadDeadline(time.Now())
		_, err := far.Read(make([]byte, 1))
		if closed := err != nil && !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err); closed != (i < 2) {
			t.Errorf("connection %d: %v", i, err)
		}
	}
	for _, w := range ways {
		w.Close()
		w.Close()
	}
	if len(d.of) != 0 {
		t.Error(d.of)
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// The leaders that a node remembers are as many as there can be chains, whatever liars name.
func TestLeadersBound(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	l := r.nodes[1].lookup
	for id := range chain.ID(2 * chain.MaxChains) {
		if !l.leads(id, rigKey(0).Public()) {
			t.Fatal("it can be asked")
		}
	}
	if len(l.leaders) > chain.MaxChains {
		t.Errorf("%d leaders", len(l.leaders))
	}
	if k, ok := l.leader(2*chain.MaxChains-1, false); !ok || k != rigKey(0).Public() {
		t.Error("what it was told last isn't believed")
	}
	w := l.leaders[2*chain.MaxChains-1]
	w.until = w.until.Add(-wordTime)
	l.leaders[2*chain.MaxChains-1] = w
	if _, ok := l.leader(2*chain.MaxChains-1, false); ok {
		t.Error("what it was told is believed for good")
	}
	if l.leads(1, rigKey(99).Public()) {
		t.Error("a leader that is nowhere")
	}
}

package placement

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/thinkey/thinkey/cluster/entrance"
	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/transport"
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
		road.all.mu.Lock()
		defer road.all.mu.Unlock()
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
	r := &road{all: &waiting{}}
	for range roadLetters {
		if r.take(1) != "" {
			t.Fatal("full too early")
		}
	}
	if r.take(1) != CountFull {
		t.Error("more letters than there is room for")
	}
	r.left(1)
	if r.take(1) != "" {
		t.Error("no room, though one left")
	}
	r.cut()
	n := 0
	for r.take(MaxBody) == "" {
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

// P3: what waits for all nodes has a bound, of which those that take all they get leave some for others; what left makes room, what was cut off too.
func TestRoadsTogether(t *testing.T) {
	all := &waiting{}
	const n = 1<<20 - letterCost
	var greedy []*road
	for _, want := range []int{24, 24, 24, 12, 6, 3, 2, 1} { // of MiB that are whole
		r := &road{all: all}
		for r.take(n) == "" {
		}
		if r.letters != want {
			t.Errorf("%d letters, not %d, of one node beside %d others", r.letters, want, len(greedy))
		}
		greedy = append(greedy, r)
	}
	honest := &road{all: all}
	if why := honest.take(n); why != CountFullAll || all.bytes > roadsBytes {
		t.Errorf("%q, %d bytes wait", why, all.bytes)
	}
	if why := honest.take(roadLeast - letterCost); why != "" {
		t.Errorf("%q, though it has nothing", why)
	}
	honest.left(roadLeast - letterCost)
	greedy[0].left(n)
	if why := honest.take(n); why != "" {
		t.Errorf("%q, though one left", why)
	}
	for _, r := range greedy {
		r.cut()
	}
	honest.left(n)
	if all.bytes != 0 {
		t.Errorf("%d bytes wait", all.bytes)
	}
}

// crowd lets so many bytes wait for a node, and so many for all together.
func (r *rig) crowd(i, to, bytes, all int) {
	road := r.nodes[i].roadTo(r.nodes[to].Addr())
	road.all.mu.Lock()
	defer road.all.mu.Unlock()
	road.bytes, road.all.bytes = bytes, all
}

// Where too much waits for all nodes a question goes to one for which less waits, and if there is none its asker is told to come later; an answer is lost.
// All is counted.
func TestTooMuchWaits(t *testing.T) {
	r := newRig(t, []chain.ID{1}, []chain.ID{1}, nil)
	t.Cleanup(func() {
		for i := range 3 {
			r.crowd(i, (i+1)%3, 0, 0)
			r.crowd(i, (i+2)%3, 0, 0)
		}
	})
	r.set(func() { r.leaders[1] = 0 })
	account := rigAccount(1, 1)
	r.expect(2, account, Live, 0)
	full := func(i int) uint64 { return r.nodes[i].Counts()[CountFullAll] }
	before := full(2)
	r.crowd(2, 0, roadsBytes/8, roadsBytes*7/8)
	r.expect(2, account, Copy, 1)
	r.crowd(2, 1, roadsBytes/8, roadsBytes*7/8)
	if got, err := r.ask(2, account, Copy, "?"); !errors.Is(err, ErrBusy) || full(2) == before {
		t.Errorf("%q, %v", got, err)
	}
	r.crowd(2, 0, 0, 0)
	r.crowd(2, 1, 0, 0)
	for i := range 2 {
		r.crowd(i, 2, roadLeast, roadsBytes)
	}
	before = full(0) + full(1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	ended := make(chan error)
	go func() {
		_, err := r.nodes[2].Request(ctx, account, Copy, []byte("?"))
		ended <- err
	}()
	awaits(t, "an answer that is lost", func() bool { return full(0)+full(1) > before })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// goodbye is a node that says it is there, and ends each stream as if all were well.
type goodbye struct {
	remote.UnimplementedRemotingServer
}

func (goodbye) Receive(s remote.Remoting_ReceiveServer) error {
	if _, err := s.Recv(); err != nil {
		return err
	}
	return s.Send(&remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectResponse{ConnectResponse: &remote.ConnectResponse{}}})
}

// What waited for a node that ends its streams without an error doesn't count for good.
func TestPoliteEnd(t *testing.T) {
	r := newRig(t, nil, []chain.ID{1}, nil)
	secured, err := transport.Secured(rigKey(1))
	if err != nil {
		t.Fatal(err)
	}
	secured.NextProtos = []string{"h2"}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(secured)))
	remote.RegisterRemotingServer(server, goodbye{})
	var work, serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	defer serving.Wait()
	defer server.Stop()
	port := r.nodes[1].record.Actors
	r.set(func() { r.nodes[1].record.Actors = uint16(l.Addr().(*net.TCPAddr).Port) })
	defer r.tell()
	defer r.set(func() { r.nodes[1].record.Actors = port })
	r.tell()
	road := r.nodes[2].roadTo(l.Addr().String())
	for range 100 {
		work.Go(func() {
			for range 10 {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				if _, err := r.nodes[2].Request(ctx, rigAccount(1, 1), Copy, []byte("?")); err == nil {
					t.Error("answered")
				}
				cancel()
			}
		})
	}
	work.Wait()
	awaits(t, "a free road", road.idle)
}

// far is a connection from an address.
type far struct {
	net.Conn
	at string
}

func (f far) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", f.at)
	return a
}

// P2: handshakes are counted by entrance.Host, by which it is also known where nodes are.
func TestHandshakesOfOneHost(t *testing.T) {
	record := mesh.Record{Node: keys.PublicKey{1}, Transport: "[2001:db8:1:2::1]:7171", Actors: 10}
	d := newDirectory([]Node{{Record: record, Up: true}}, nil, nil)
	expected := map[bool]int{}
	p := &Placement{counts: counts{of: map[string]uint64{}}, entrance: entrance.New(1, 1, func(host string) bool {
		expected[d.hosts[host]]++
		return d.hosts[host]
	})}
	for _, at := range []string{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:3::4]:1", "[2001:db8:1:3::1]:1"} {
		near, other := net.Pipe()
		other.Close()
		if _, _, err := (&secure{p, &tls.Config{}}).ServerHandshake(far{near, at}); err == nil {
			t.Error(at, "is let in")
		}
	}
	if expected[true] != 2 || expected[false] != 1 {
		t.Errorf("%d come from where a node is, %d from elsewhere", expected[true], expected[false])
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

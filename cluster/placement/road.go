package placement

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	// roadLetters and roadBytes bound what may wait to be sent to one node: as many questions and answers as it may have open, or some
	// of the longest.
	roadLetters = 512
	roadBytes   = 24 << 20
	// roadsBytes bounds them for all nodes together: four that read nothing. One node gets no more than is left, so that some that take all they get
	// leave some for another.
	roadsBytes = 96 << 20
	// roadLeast is what each may have whatever waits for others: a question, or a short answer.
	roadLeast = 128 << 10
	// letterCost is added to the bytes of every letter.
	letterCost = 1 << 10
)

// road leads to another node: it is proto.actor's process of all that is there, in front of proto.actor's own, whose queue has no
// bound (P3).
type road struct {
	p       *Placement
	address string

	all     *waiting
	letters int // that wait; all.mu guards them, and
	bytes   int // theirs
}

// waiting is what waits on all roads together.
type waiting struct {
	mu    sync.Mutex // guards bytes, and what each road has of them
	bytes int
}

// SendUserMessage implements actor.Process: letters alone go this way. Who waits for the answer to one that can't be sent is told.
func (r *road) SendUserMessage(pid *actor.PID, message any) {
	_, body, sender := actor.UnwrapEnvelope(message)
	letter, ok := body.(*wrapperspb.BytesValue)
	full := CountNoLetter
	if ok {
		full = r.take(len(letter.Value))
	}
	if full != "" {
		r.lose(pid, sender, full)
		return
	}
	if sender != nil {
		r.p.open.put(sender.Id, r.address)
	}
	r.p.cluster.Remote.SendMessage(pid, nil, letter, sender, 0)
}

// lose tells who waits for the answer to a letter that isn't sent. That too much waits for all is no fault of the node there.
func (r *road) lose(pid, sender *actor.PID, full string) {
	r.p.counts.add(full)
	switch {
	case sender == nil: // an answer
	case full == CountFullAll:
		r.p.reply(sender, &answer{outcome: occupied})
	default:
		r.p.system.Root.Send(sender, &actor.DeadLetterResponse{Target: pid})
	}
}

// SendSystemMessage implements actor.Process: nobody is watched or stopped across nodes.
func (r *road) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (r *road) Stop(*actor.PID) {}

// take notes a letter of n bytes; else it says what is full, as it is counted.
func (r *road) take(n int) (full string) {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	after := r.bytes + n + letterCost
	switch {
	case r.letters >= roadLetters || after > roadBytes:
		return CountFull
	case after > max(roadLeast, roadsBytes-r.all.bytes):
		return CountFullAll
	}
	r.put(r.letters+1, after)
	return ""
}

// left says that a letter of n bytes, as proto.actor frames it, is on its way.
func (r *road) left(n int) {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	r.put(max(0, r.letters-1), max(0, r.bytes-n-letterCost))
}

// cut says that what waited is lost: proto.actor drops it with the connection.
func (r *road) cut() {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	r.put(0, 0)
}

// put says what waits now; all.mu is held.
func (r *road) put(letters, bytes int) {
	r.all.bytes += bytes - r.bytes
	r.letters, r.bytes = letters, bytes
}

func (r *road) idle() bool {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	return r.letters == 0 && r.bytes == 0
}

// roads are those to the nodes of the directory (P4).
type roads struct {
	mu    sync.Mutex // guards the rest
	to    map[string]*road
	conns map[*grpc.ClientConn]bool // that are open
	ended bool

	waiting waiting
}

// resolve finds what is behind a PID of another address: a road, or nothing.
func (p *Placement) resolve(pid *actor.PID) (actor.Process, bool) {
	if first := p.first.Load(); first != nil && pid.Address == *first {
		process, _ := p.system.ProcessRegistry.GetLocal(pid.Id) // dead letters, if there is none
		return process, true
	}
	if r := p.roadTo(pid.Address); r != nil {
		return r, true
	}
	return p.system.DeadLetter, true
}

// roadTo is the road to an address; nil if nobody is known to be there.
func (p *Placement) roadTo(address string) *road {
	_, known := p.known.Load().roads[address]
	p.roads.mu.Lock()
	defer p.roads.mu.Unlock()
	r := p.roads.to[address]
	if r == nil && known && !p.roads.ended {
		r = &road{p: p, address: address, all: &p.roads.waiting}
		p.roads.to[address] = r
	}
	return r
}

// tidyRoads forgets roads to where nobody is any more.
func (p *Placement) tidyRoads(d *directory) {
	p.roads.mu.Lock()
	defer p.roads.mu.Unlock()
	for address, r := range p.roads.to {
		if _, known := d.roads[address]; !known && r.idle() {
			delete(p.roads.to, address)
		}
	}
}

// broke is told by proto.actor that a connection ended, or was not made.
func (p *Placement) broke(event any) {
	if e, ok := event.(*remote.EndpointTerminatedEvent); ok {
		if r := p.roadTo(e.Address); r != nil {
			r.cut()
		}
	}
}

// keepConn notes a connection, to be closed with the Placement; false if that is closed.
func (p *Placement) keepConn(cc *grpc.ClientConn) bool {
	p.roads.mu.Lock()
	defer p.roads.mu.Unlock()
	if p.roads.ended {
		return false
	}
	p.roads.conns[cc] = true
	return true
}

func (p *Placement) dropConn(cc *grpc.ClientConn) {
	p.roads.mu.Lock()
	defer p.roads.mu.Unlock()
	delete(p.roads.conns, cc)
}

// endRoads closes all connections.
func (p *Placement) endRoads() {
	p.roads.mu.Lock()
	p.roads.ended = true
	conns := p.roads.conns
	p.roads.conns = map[*grpc.ClientConn]bool{}
	p.roads.mu.Unlock()
	for cc := range conns {
		_ = cc.Close()
	}
}

// open are the questions of this node that wait for an answer, by the names of their futures: to which address they went.
type open struct {
	mu sync.Mutex // guards to
	to map[string]string
}

func (o *open) put(future, address string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to[future] = address
}

// at is where a question went; empty if it isn't open.
func (o *open) at(future string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to[future]
}

func (o *open) done(future string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.to, future)
}

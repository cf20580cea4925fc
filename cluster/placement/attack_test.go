package placement

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/thinkey/thinkey/cluster/transport"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// attacker speaks to the port of a node as it likes, with a key.
type attacker struct {
	t  *testing.T
	cc *grpc.ClientConn
	at string // its own address, as the mesh has it
	to string
}

// anyServer is TLS with a key, to whoever answers.
type anyServer struct{ *tls.Config }

func (a anyServer) ClientHandshake(ctx context.Context, _ string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c := tls.Client(raw, a.Config)
	return c, shownKey{}, c.HandshakeContext(ctx)
}
func (a anyServer) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.ErrUnsupported
}
func (a anyServer) Info() credentials.ProtocolInfo          { return credentials.ProtocolInfo{} }
func (a anyServer) Clone() credentials.TransportCredentials { return a }
func (a anyServer) OverrideServerName(string) error         { return nil }

// bytesAsTheyAre sends []byte as the frame.
type bytesAsTheyAre struct{}

func (bytesAsTheyAre) Name() string { return "proto" }
func (bytesAsTheyAre) Marshal(v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return b, nil
	}
	return proto.Marshal(v.(proto.Message))
}
func (bytesAsTheyAre) Unmarshal(b []byte, v any) error { return proto.Unmarshal(b, v.(proto.Message)) }

func newAttacker(t *testing.T, key keys.PrivateKey, at, to string) *attacker {
	secured, err := transport.Secured(key)
	if err != nil {
		t.Fatal(err)
	}
	secured.NextProtos = []string{"h2"}
	cc, err := grpc.NewClient("passthrough:///"+to, grpc.WithTransportCredentials(anyServer{secured}),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesAsTheyAre{}), grpc.MaxCallSendMsgSize(1<<30)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return &attacker{t, cc, at, to}
}

func (a *attacker) connect() *remote.RemoteMessage {
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
		ConnectionType: &remote.ConnectRequest_ServerConnection{ServerConnection: &remote.ServerConnection{SystemId: "evil", Address: a.at}},
	}}}
}

// send sends frames, and returns how the stream ends; nil if it doesn't within a while.
func (a *attacker) send(patience time.Duration, frames ...any) error {
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	s, err := a.cc.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, receive)
	if err != nil {
		return err
	}
	for _, f := range frames {
		if err := s.SendMsg(f); err != nil {
			break // RecvMsg says why
		}
	}
	for {
		if err := s.RecvMsg(&remote.RemoteMessage{}); err != nil {
			if ctx.Err() != nil || status.Code(err) == codes.DeadlineExceeded {
				return nil
			}
			return err
		}
	}
}

// letter is a frame that may pass, but for what change does to it.
func (a *attacker) letter(change func(*remote.MessageBatch)) *remote.RemoteMessage {
	q := question{who: askAny, account: rigAccount(1, 1), patience: time.Second, body: []byte("evil")}
	data, err := proto.Marshal(wrapperspb.Bytes(q.encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	b := &remote.MessageBatch{
		TypeNames: []string{bytesType}, Targets: []*actor.PID{{Address: a.to, Id: gateName}}, Senders: []*actor.PID{{Address: a.at, Id: futureName + "1"}},
		Envelopes: []*remote.MessageEnvelope{{MessageData: data, Sender: 1}},
	}
	change(b)
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: b}}
}

// put replaces the letter by a message of another type, to another process.
func (a *attacker) put(to string, m proto.Message) *remote.RemoteMessage {
	return a.letter(func(b *remote.MessageBatch) {
		data, err := proto.Marshal(m)
		if err != nil {
			a.t.Fatal(err)
		}
		b.TypeNames[0], b.Targets[0].Id, b.Envelopes[0].MessageData = string(proto.MessageName(m)), to, data
	})
}

// attacks are frames that kill, stop or mislead a node that hands them to proto.actor, and some that would only cost it memory.
func (a *attacker) attacks() map[string][]any {
	hello := a.connect()
	one := func(f any) []any { return []any{hello, f} }
	envelope := func(change func(*remote.MessageEnvelope)) []any {
		return one(a.letter(func(b *remote.MessageBatch) { change(b.Envelopes[0]) }))
	}
	me := &actor.PID{Address: a.at, Id: futureName + "1"}
	many := a.letter(func(b *remote.MessageBatch) {
		for range 999 {
			b.Envelopes = append(b.Envelopes, b.Envelopes[0])
		}
	})
	crumbs := bytes.Repeat([]byte{3<<3 | 2, 0}, 1<<20) // a million empty envelopes
	bomb := append(protoHead(1, len(crumbs)), crumbs...)
	return map[string][]any{
		"unknown type":              one(a.letter(func(b *remote.MessageBatch) { b.TypeNames[0] = "no.such.Type" })),
		"type out of range":         envelope(func(e *remote.MessageEnvelope) { e.TypeId = 7 }),
		"type below the range":      envelope(func(e *remote.MessageEnvelope) { e.TypeId = -1 }),
		"target out of range":       envelope(func(e *remote.MessageEnvelope) { e.Target = 7 }),
		"sender out of range":       envelope(func(e *remote.MessageEnvelope) { e.Sender = 7 }),
		"serializer out of range":   envelope(func(e *remote.MessageEnvelope) { e.SerializerId = 7 }),
		"JSON instead":              envelope(func(e *remote.MessageEnvelope) { e.SerializerId = 1 }),
		"a header":                  envelope(func(e *remote.MessageEnvelope) { e.MessageHeader = &remote.MessageHeader{} }),
		"a request number":          envelope(func(e *remote.MessageEnvelope) { e.TargetRequestId = 1 }),
		"to a guardian":             one(a.put("guardian$1", wrapperspb.Bytes(nil))),
		"to proto.actor's":          one(a.put("activator", &remote.ActorPidRequest{Kind: "x"})),
		"to no name":                one(a.put("", wrapperspb.Bytes(nil))),
		"stop by name":              one(a.put(gateName, &actor.Stop{})),
		"stop proto.actor's":        one(a.put("EndpointSupervisor", &actor.Stop{})),
		"poison":                    one(a.put(gateName, &actor.PoisonPill{})),
		"watch":                     one(a.put(gateName, &actor.Watch{Watcher: me})),
		"terminated":                one(a.put(gateName, &actor.Terminated{Who: me})),
		"forged topology":           one(a.put("eventstream", &cluster.ClusterTopology{Members: []*cluster.Member{{Id: "evil", Host: "127.0.0.1", Port: 1}}})),
		"forged gossip":             one(a.put("gossip", &cluster.GossipRequest{FromMemberId: "evil"})),
		"a question without sender": one(a.letter(func(b *remote.MessageBatch) { b.Senders, b.Envelopes[0].Sender = nil, 0 })),
		"a question from a process": one(a.letter(func(b *remote.MessageBatch) { b.Senders[0].Id = gateName })),
		"many letters":              one(many),
		"a million crumbs":          one(bomb),
		"too long":                  one(a.put(gateName, wrapperspb.Bytes(make([]byte, maxFrame)))),
		"no letter at all":          one(a.letter(func(b *remote.MessageBatch) { b.Envelopes = nil })),
		"no target":                 one(a.letter(func(b *remote.MessageBatch) { b.Targets = nil })),
		"junk":                      one([]byte("\xff\xff\xff\xff\xff junk")),
		"nothing":                   one([]byte{}),
		"letters first":             {a.letter(func(*remote.MessageBatch) {})},
		"connects twice":            {hello, hello},
		"as a client": {&remote.RemoteMessage{MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{
			ConnectionType: &remote.ConnectRequest_ClientConnection{ClientConnection: &remote.ClientConnection{SystemId: "evil"}}}}}},
		"disconnect": one(&remote.RemoteMessage{MessageType: &remote.RemoteMessage_DisconnectRequest{DisconnectRequest: &remote.DisconnectRequest{}}}),
	}
}

// protoHead is the tag and length of a field of bytes.
func protoHead(number, n int) []byte {
	b := []byte{byte(number<<3 | 2)}
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// P1, with a registered key: what no node sends ends the stream, is counted and shuts out who sent it; the node goes on for others.
func TestAttacksWithKey(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	victim := r.nodes[0]
	a := newAttacker(t, rigKey(1), r.nodes[1].Addr(), victim.Addr())
	// What may pass does: else the rest would show nothing.
	before := victim.Counts()[CountAnswered]
	if err := a.send(300*time.Millisecond, a.connect(), a.letter(func(*remote.MessageBatch) {})); err != nil {
		t.Fatal("a letter is refused:", err)
	}
	if victim.Counts()[CountAnswered] != before+1 {
		t.Fatal("a letter is not answered")
	}
	for name, frames := range a.attacks() {
		t.Run(name, func(t *testing.T) {
			before := victim.Counts()
			if err := a.send(5*time.Second, frames...); err == nil {
				t.Error("the stream goes on")
			}
			now := victim.Counts()
			if now[CountBreach] != before[CountBreach]+1 || now[CountAnswered] != before[CountAnswered] {
				t.Errorf("counts %v", now)
			}
			if err := a.send(5*time.Second, a.connect(), a.letter(func(*remote.MessageBatch) {})); err == nil {
				t.Error("it isn't shut out")
			}
			victim.forgive()
			r.t = t
			r.expect(2, rigAccount(1, 1), Live, 0)
		})
	}
	if victim.cluster.MemberList.ContainsMemberID("evil") {
		t.Error("a forged member")
	}
}

// The calls of proto.actor's service that are no streams panic in it.
func TestAttackByCall(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	a := newAttacker(t, rigKey(1), r.nodes[1].Addr(), r.nodes[0].Addr())
	for _, method := range []string{"/remote.Remoting/ListProcesses", "/remote.Remoting/GetProcessDiagnostics"} {
		before := r.nodes[0].Counts()[CountBreach]
		if err := a.cc.Invoke(t.Context(), method, &remote.ListProcessesRequest{}, &remote.ListProcessesResponse{}); err == nil {
			t.Error(method)
		}
		if r.nodes[0].Counts()[CountBreach] != before+1 {
			t.Error(method, "is not counted")
		}
		r.nodes[0].forgive()
	}
}

// P2, without a registered key nothing of a frame is looked at.
func TestAttacksWithoutKey(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	victim := r.nodes[0]
	before := victim.Counts()
	for name, frames := range newAttacker(t, rigKey(200), "127.0.0.1:1", victim.Addr()).attacks() {
		a := newAttacker(t, rigKey(200), "127.0.0.1:1", victim.Addr())
		if err := a.send(2*time.Second, frames...); err == nil {
			t.Error(name, "is taken")
		}
	}
	now := victim.Counts()
	if now[CountStranger] == before[CountStranger] || now[CountBreach] != before[CountBreach] || now[CountAnswered] != before[CountAnswered] {
		t.Error(now)
	}
	r.expect(2, rigAccount(1, 1), Live, 0)
}

// Connections that show no key at all are few, and short; nodes come through meanwhile.
func TestConnectionsWithoutKey(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil)
	victim := r.nodes[0]
	before := victim.Counts()
	var work sync.WaitGroup
	for i := range 300 {
		work.Go(func() {
			c, err := net.Dial("tcp", victim.Addr())
			if err != nil {
				return // the system's queue is full
			}
			defer c.Close()
			if i%3 == 0 {
				_, _ = c.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("junk", 100)))
			}
			_ = c.SetReadDeadline(time.Now().Add(2 * time.Minute))
			if _, err := io.Copy(io.Discard, c); errors.Is(err, context.DeadlineExceeded) {
				t.Error("a connection is kept")
			}
		})
	}
	awaits(t, "an answer beside them", func() bool {
		got, err := r.ask(1, rigAccount(1, 1), Copy, "?")
		return err == nil && strings.HasPrefix(got, "node 0")
	})
	work.Wait()
	now := victim.Counts()
	if now[CountBusy] == before[CountBusy] || now[CountHandshake] == before[CountHandshake] {
		t.Error(now)
	}
	awaits(t, "no handshake that is counted", func() bool { return victim.entrance.Open() == 0 })
}

// A node's answers go to itself; a question that wants them elsewhere makes this node dial nobody.
func TestAnswersGoHome(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	a := newAttacker(t, rigKey(1), r.nodes[1].Addr(), r.nodes[0].Addr())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dialed := make(chan struct{}, 1)
	go func() {
		if _, err := l.Accept(); err == nil {
			dialed <- struct{}{}
		}
	}()
	before := r.nodes[0].Counts()
	for _, elsewhere := range []string{l.Addr().String(), r.nodes[2].Addr()} {
		if err := a.send(200*time.Millisecond, a.connect(), a.letter(func(b *remote.MessageBatch) { b.Senders[0].Address = elsewhere })); err != nil {
			t.Error(err)
		}
	}
	l.Close()
	if now := r.nodes[0].Counts(); now[CountStale] != before[CountStale]+2 || now[CountAnswered] != before[CountAnswered] {
		t.Error(now)
	}
	if len(dialed) > 0 {
		t.Error("the node dials where it is told")
	}
}

// Nobody answers for another: of answers only those of the node that was asked count.
func TestForgedAnswer(t *testing.T) {
	r := newRig(t, []chain.ID{1}, nil, nil)
	asked, hold := make(chan struct{}), make(chan struct{})
	r.set(func() {
		r.nodes[0].answer = func(context.Context, Asked) ([]byte, error) {
			close(asked)
			<-hold
			return []byte("true"), nil
		}
	})
	got := make(chan string)
	go func() {
		s, err := r.ask(2, rigAccount(1, 1), Copy, "?")
		got <- fmt.Sprint(s, err)
	}()
	<-asked
	r.nodes[2].open.mu.Lock()
	forged := []any{}
	a := newAttacker(t, rigKey(1), r.nodes[1].Addr(), r.nodes[2].Addr())
	forged = append(forged, a.connect())
	for future := range r.nodes[2].open.to {
		data, err := proto.Marshal(wrapperspb.Bytes((&answer{outcome: answered, body: []byte("false")}).encode()))
		if err != nil {
			t.Fatal(err)
		}
		forged = append(forged, a.letter(func(b *remote.MessageBatch) {
			b.Targets[0].Id, b.Senders, b.Envelopes[0].Sender, b.Envelopes[0].MessageData = future, nil, 0, data
		}))
	}
	r.nodes[2].open.mu.Unlock()
	before := r.nodes[2].Counts()[CountUnasked]
	if err := a.send(300*time.Millisecond, forged...); err != nil || len(forged) != 2 {
		t.Error(len(forged), err)
	}
	if n := r.nodes[2].Counts()[CountUnasked]; n != before+1 {
		t.Errorf("%d unasked", n)
	}
	close(hold)
	if s := <-got; s != "true<nil>" {
		t.Error(s)
	}
}

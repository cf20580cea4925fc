package placement

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/thinkey/thinkey/sdk/keys"
)

const (
	// gateName is the one process here that others may ask, and futureName begins those that wait for answers.
	gateName   = "account"
	futureName = "future$"
	// receive is the one call that is served: the others of proto.actor's panic.
	receive = "/remote.Remoting/Receive"
	// maxIDBytes bounds the names that nodes give their systems and futures.
	maxIDBytes = 64
)

// bytesType is the one type of message that letters have.
var bytesType = string((&wrapperspb.BytesValue{}).ProtoReflect().Descriptor().FullName())

// incoming is a stream from another node, behind the guard (P1).
type incoming struct {
	grpc.ServerStream
	p         *Placement
	from      keys.PublicKey
	connected bool
}

// guardStream is in front of proto.actor's only stream. What proto.actor panics about, in spite of the guard, ends the stream alone.
func (p *Placement) guardStream(service any, s grpc.ServerStream, call *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	from, ok := nodeIn(s.Context())
	if !ok || call.FullMethod != receive {
		return p.breach(from, fmt.Errorf("%w: call of %q", ErrFrame, call.FullMethod))
	}
	defer func() {
		if v := recover(); v != nil {
			p.config.Log.Error("proto.actor panicked", "node", from, "panic", v, "stack", string(debug.Stack()))
			err = p.breach(from, fmt.Errorf("%w: proto.actor panics", ErrFrame))
		}
	}()
	return next(service, &incoming{s, p, from, false})
}

// guardCall refuses calls that are no streams: proto.actor has some, which panic.
func (p *Placement) guardCall(ctx context.Context, _ any, call *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	from, _ := nodeIn(ctx)
	return nil, p.breach(from, fmt.Errorf("%w: call of %q", ErrFrame, call.FullMethod))
}

// nodeIn is the node whose connection a call came by.
func nodeIn(ctx context.Context) (keys.PublicKey, bool) {
	at, ok := peer.FromContext(ctx)
	if !ok {
		return keys.PublicKey{}, false
	}
	shown, ok := at.AuthInfo.(shownKey)
	return shown.key, ok
}

// breach counts what no node following the protocol does, and shuts the node out for a while.
func (p *Placement) breach(from keys.PublicKey, err error) error {
	p.counts.add(CountBreach)
	p.bans.add(from)
	p.config.Log.Warn("a node is shut out from asking for a while", "node", from, "because", err)
	return status.Error(codes.InvalidArgument, err.Error())
}

// RecvMsg hands on what may pass.
func (s *incoming) RecvMsg(m any) error {
	for {
		if err := s.ServerStream.RecvMsg(m); err != nil {
			if code := status.Code(err); code == codes.ResourceExhausted || code == codes.Unimplemented { // too large, or compressed
				return s.p.breach(s.from, err)
			}
			return err
		}
		frame, ok := m.(*remote.RemoteMessage)
		if !ok {
			return s.p.breach(s.from, fmt.Errorf("%w: %T", ErrFrame, m))
		}
		at := s.p.known.Load().address(s.from)
		if at == "" || s.p.bans.has(s.from) {
			s.p.counts.add(CountUnknown)
			return status.Error(codes.Unavailable, "this node is not in the mesh yet, or shut out: try again later")
		}
		pass, err := s.admit(frame, at)
		if err != nil {
			return s.p.breach(s.from, err)
		}
		if pass {
			return nil
		}
	}
}

// admit says whether a frame of the node at an address may pass.
func (s *incoming) admit(f *remote.RemoteMessage, at string) (pass bool, err error) {
	switch m := f.MessageType.(type) {
	case *remote.RemoteMessage_ConnectRequest:
		c := m.ConnectRequest.GetServerConnection()
		if s.connected || c == nil || len(c.SystemId) > maxIDBytes {
			return false, fmt.Errorf("%w: connects twice, or as what it can't be", ErrFrame)
		}
		s.connected = true
		return true, nil
	case *remote.RemoteMessage_MessageBatch:
		if !s.connected {
			return false, fmt.Errorf("%w: letters before it is connected", ErrFrame)
		}
		return s.p.letterIn(m.MessageBatch, s.from, at)
	}
	return false, fmt.Errorf("%w: %T", ErrFrame, f.MessageType)
}

// letterIn holds a batch to the one form that it has between nodes (P1). An answer that nobody waits for any more doesn't pass, and is
// nobody's fault.
func (p *Placement) letterIn(b *remote.MessageBatch, from keys.PublicKey, at string) (pass bool, err error) {
	if len(b.Envelopes) != 1 || len(b.TypeNames) != 1 || len(b.Targets) != 1 || len(b.Senders) > 1 {
		return false, fmt.Errorf("%w: %d envelopes of %d types to %d from %d: a letter is one", ErrFrame, len(b.Envelopes), len(b.TypeNames), len(b.Targets), len(b.Senders))
	}
	e, to := b.Envelopes[0], b.Targets[0]
	switch {
	case b.TypeNames[0] != bytesType:
		return false, fmt.Errorf("%w: type %.64q", ErrFrame, b.TypeNames[0])
	case e.TypeId != 0 || e.Target != 0 || int(e.Sender) != len(b.Senders) || e.SerializerId != 0:
		return false, fmt.Errorf("%w: type %d, target %d, sender %d, serializer %d", ErrFrame, e.TypeId, e.Target, e.Sender, e.SerializerId)
	case e.MessageHeader != nil || e.TargetRequestId != 0 || e.SenderRequestId != 0 || to.RequestId != 0:
		return false, fmt.Errorf("%w: a header, or numbers that letters don't have", ErrFrame)
	case to.Address != p.Addr():
		p.counts.add(CountStale)
		return false, nil // this node was elsewhere when it was written
	case to.Id == gateName:
		return p.questionFrom(b, at)
	case !strings.HasPrefix(to.Id, futureName) || len(to.Id) > maxIDBytes || len(b.Senders) != 0:
		return false, fmt.Errorf("%w: to %.64q", ErrFrame, to.Id)
	case !p.known.Load().isAt(from, p.open.at(to.Id)):
		p.counts.add(CountUnasked)
		return false, nil
	}
	return true, nil
}

// questionFrom lets a question pass whose answer goes back to the node itself, and to nothing there but who waits for it.
func (p *Placement) questionFrom(b *remote.MessageBatch, at string) (pass bool, err error) {
	if len(b.Senders) != 1 {
		return false, fmt.Errorf("%w: a question without a sender", ErrFrame)
	}
	s := b.Senders[0]
	if !strings.HasPrefix(s.Id, futureName) || len(s.Id) > maxIDBytes || s.RequestId != 0 {
		return false, fmt.Errorf("%w: a question from %.64q", ErrFrame, s.Id)
	}
	if s.Address != at { // of another, or its own from before it moved: the answer would go there
		p.counts.add(CountStale)
		return false, nil
	}
	return true, nil
}

// outgoing is a stream to another node: what was written is off the road, and the other end may say one thing, that it is there.
type outgoing struct {
	grpc.ClientStream
	p         *Placement
	cc        *grpc.ClientConn
	road      *road
	connected bool
	arrived   func() // the first frame is there
}

// dialed is in front of the streams that proto.actor opens.
func (p *Placement) dialed(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, arrived := p.patiently(ctx)
	s, err := open(ctx, desc, cc, method, options...)
	if err != nil {
		arrived()
		return nil, err
	}
	if !p.keepConn(cc) {
		arrived()
		_ = cc.Close() // proto.actor closes it again, which does nothing
		return nil, ErrClosed
	}
	return &outgoing{s, p, cc, p.roadTo(cc.Target()), false, arrived}, nil
}

// patiently gives what is opened with ctx up, unless it arrives in time.
func (p *Placement) patiently(ctx context.Context) (_ context.Context, arrived func()) {
	ctx, giveUp := context.WithCancel(ctx)
	timer := time.AfterFunc(p.config.Patience, giveUp)
	return ctx, func() { timer.Stop() }
}

// SendMsg notes what left.
func (s *outgoing) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if frame, ok := m.(*remote.RemoteMessage); ok && s.road != nil {
		for _, e := range frame.GetMessageBatch().GetEnvelopes() {
			s.road.left(len(e.MessageData))
		}
	}
	return err
}

// RecvMsg takes the other end's first word; whatever comes after it ends the stream. A stream that the other end ended as if all were well has ended, too:
// proto.actor would go on to send there for good.
func (s *outgoing) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	s.arrived()
	frame, _ := m.(*remote.RemoteMessage)
	switch {
	case errors.Is(err, io.EOF):
		s.p.dropConn(s.cc)
		return status.Error(codes.Unavailable, "the other end has ended the stream")
	case err != nil:
		s.p.dropConn(s.cc)
		return err
	case !s.connected && frame.GetConnectResponse() != nil && !frame.GetConnectResponse().Blocked:
		s.connected = true
		return nil
	}
	s.p.dropConn(s.cc)
	return status.Error(codes.Unavailable, "the other end goes away, or says what it can't")
}

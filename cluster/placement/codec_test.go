package placement

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/proto"

	"github.com/thinkey/thinkey/sdk/keys"
)

func FuzzQuestion(f *testing.F) {
	for _, who := range []ask{askLeader, askAny, askAnyAfter, askThrough} {
		q := question{who, rigAccount(3, 1), 1500 * time.Millisecond, []byte("body")}
		f.Add(q.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := decodeQuestion(b); err == nil && !bytes.Equal(q.encode(), b) {
			t.Errorf("%x is read as %+v", b, q)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	for _, a := range []answer{
		{outcome: answered, body: []byte("body")}, {outcome: elsewhere, node: rigKey(1).Public()}, {outcome: absent}, {outcome: occupied},
		{outcome: failed, words: "no"},
	} {
		f.Add(a.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := decodeAnswer(b); err == nil && !bytes.Equal(a.encode(), b) {
			t.Errorf("%x is read as %+v", b, a)
		}
	})
}

// Whatever a frame holds, the guard doesn't panic, and what passes has the one form that proto.actor can be shown.
func FuzzFrame(f *testing.F) {
	const here, there = "127.0.0.1:1", "127.0.0.1:2"
	p := &Placement{open: open{to: map[string]string{futureName + "9": there}}, counts: counts{of: map[string]uint64{}}}
	p.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	p.system.ProcessRegistry.Address = here
	var from keys.PublicKey
	d := &directory{nodes: map[keys.PublicKey]*entry{from: {address: there}}}
	p.known.Store(d)
	add := func(b *remote.MessageBatch) {
		raw, err := proto.Marshal(&remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: b}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	letter := func() *remote.MessageBatch {
		return &remote.MessageBatch{
			TypeNames: []string{bytesType}, Targets: []*actor.PID{{Address: here, Id: gateName}}, Senders: []*actor.PID{{Address: there, Id: futureName + "1"}},
			Envelopes: []*remote.MessageEnvelope{{MessageData: []byte{10, 1, 1}, Sender: 1}},
		}
	}
	add(letter())
	reply := letter()
	reply.Targets[0].Id, reply.Senders, reply.Envelopes[0].Sender = futureName+"9", nil, 0
	add(reply)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := &remote.RemoteMessage{}
		if err := (limited{}).Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
		s := &incoming{p: p, from: from, connected: true}
		pass, err := s.admit(m, there)
		if pass && err != nil {
			t.Fatal("it passes, and is refused:", err)
		}
		if !pass {
			return
		}
		b := m.GetMessageBatch()
		if b == nil || len(b.Envelopes) != 1 || b.TypeNames[b.Envelopes[0].TypeId] != bytesType || b.Targets[b.Envelopes[0].Target].Address != here {
			t.Errorf("%v passes", m)
		}
		if id := b.Targets[0].Id; id != gateName && id != futureName+"9" {
			t.Errorf("to %q", id)
		}
		if n := b.Envelopes[0].Sender; n > 0 && b.Senders[n-1].Address != there {
			t.Errorf("from %v", b.Senders)
		}
	})
}

package byzantine

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"

	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/client"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Answers is who lies to nodes that ask where messages stand: what waits is said to be final, what is final to have failed, with no proof, one of
// another message, or one that was changed. Answer is how an honest node answers a request that another one passes on (runtime/api AnswerRoute).
func Answers(answer func(context.Context, chain.ID, []byte) ([]byte, error)) func(context.Context, chain.ID, []byte) ([]byte, error) {
	var mu sync.Mutex
	var proof client.Hex // of the last message that had one
	return func(ctx context.Context, id chain.ID, request []byte) ([]byte, error) {
		raw, err := answer(ctx, id, request)
		if err != nil || !bytes.Contains(request, []byte("/messages/")) {
			return raw, err
		}
		r := wire.NewReader(raw)
		status, kind, body := r.U32("status"), r.Short("media type", len(raw)), r.Bytes("body", len(raw))
		var m client.Message
		if r.Done() != nil || json.Unmarshal(body, &m) != nil || m.ID == (chain.MessageID{}) {
			return raw, nil
		}
		mu.Lock()
		if len(m.Proof) > 0 {
			proof, m.Proof = m.Proof, proof
		}
		mu.Unlock()
		belie(&m)
		if body, err = json.Marshal(m); err != nil {
			return raw, nil
		}
		return wire.AppendBytes(wire.AppendShort(wire.AppendU32(nil, status), string(kind)), body), nil
	}
}

// belie changes what is said of a message.
func belie(m *client.Message) {
	if m.State != client.StateFinal {
		m.State, m.Status = client.StateFinal, chain.StatusOK
		m.Place = &client.Place{Chain: m.To.Chain(), Height: 1 + rand.Uint64N(1000)}
		return
	}
	m.Status = chain.StatusRefused
	switch rand.IntN(3) {
	case 0:
		m.Proof = nil
	case 1:
		if len(m.Proof) > 0 {
			m.Proof = bytes.Clone(m.Proof)
			m.Proof[rand.IntN(len(m.Proof))] ^= 1
		}
	}
}

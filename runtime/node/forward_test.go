package node

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/thinkey/thinkey/actors/host"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// What others tell a member of whose mempool is full comes into the blocks that make room: nobody tells it again here, and without it whoever
// leads would have to wait for that.
func TestFullMempoolHolds(t *testing.T) {
	const nodes, each = 3, 40
	r := newCommittee(t, nodes)
	for i := range nodes {
		c := r.config(i, true)
		c.Member.Resend, c.Member.Patience, c.Lane.Total = time.Hour, time.Hour, 4
		r.nodes[i] = open(t, c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var work sync.WaitGroup
	for i, n := range r.nodes {
		work.Go(func() {
			var last *chain.Message
			for nonce := range uint64(each) {
				last = payment(n, byte(i+1), byte((i+1)%nodes+1), 1, nonce)
				if err := submitWhileFull(ctx, n, last); err != nil {
					t.Errorf("payment %d at node %d: %v", nonce, i, err)
					return
				}
			}
			if _, err := n.Await(ctx, last.ID()); err != nil {
				t.Errorf("the last payment at node %d: %v", i, err)
			}
		})
	}
	work.Wait()
	r.agree()
}

// submitWhileFull submits a message whenever a block has made room, until it is taken in.
func submitWhileFull(ctx context.Context, n *Node, m *chain.Message) error {
	for {
		height := n.Head().Header.Height
		if n.Submit([][]byte{m.Encode()})[0].Refused == nil {
			return nil
		}
		if err := n.AwaitAbove(ctx, height); err != nil {
			return err
		}
	}
}

// What others send keeps nothing but itself where it waits: a frame, most of which is refused, would else be kept for a message in it, and count no more
// than that.
func TestMessagesKeepNoFrame(t *testing.T) {
	frame := encodeMessages([][]byte{{1, 2, 3}, make([]byte, forwardBytes/2)})[1:]
	raws, err := decodeMessages(frame)
	if err != nil {
		t.Fatal(err)
	}
	clear(frame)
	if len(raws) != 2 || !bytes.Equal(raws[0], []byte{1, 2, 3}) || cap(raws[0]) > 64 {
		t.Errorf("%v is in the memory of its frame", raws[0])
	}
	m := &member{held: newRoom()}
	if !m.hold([]arrival{{keys.PublicKey{1}, raws}}, []ingress.Answer{{Refused: &host.Busy{}}, {Refused: errors.New("for another chain")}}) {
		t.Fatal("it is not full")
	}
	if a, ok := m.held.next(); !ok || len(a.raws) != 1 || a.raws[0][0] != 1 {
		t.Errorf("%v is held", a.raws)
	}
}

// However many members fill a node's mempool, what waits for room is bounded in all; where there is less left than a share, each takes half of that.
func TestHeldInAll(t *testing.T) {
	room, size := newRoom(), 64<<10
	for i := range 200 {
		n := 0
		for room.put(keys.PublicKey{byte(i), 1}, arrival{}, size, func() {}) {
			n += size
		}
		want := map[bool]int{true: roomBytes, false: 0}[i < roomInAll/roomBytes-1]
		if i == roomInAll/roomBytes-1 || i == roomInAll/roomBytes {
			want = roomBytes / 2 >> (i - roomInAll/roomBytes + 1)
		}
		if n < want {
			t.Errorf("member %d has room for %d bytes, of at least %d", i, n, want)
		}
	}
	if room.all > roomInAll || room.all <= roomInAll-size {
		t.Errorf("%d bytes wait", room.all)
	}
	for _, ok := room.next(); ok; _, ok = room.next() {
	}
	if room.all != 0 || !room.put(keys.PublicKey{1, 3}, arrival{}, roomBytes, func() {}) {
		t.Errorf("%d bytes are counted where nothing waits", room.all)
	}
}

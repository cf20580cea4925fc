package bft_test

import (
	"bytes"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// samples are messages of every kind, with and without what may be left out.
func samples() []bft.Message {
	cert := chain.Certificate{Step: chain.Preparation, Chain: 1, Height: 7, Round: 2, Block: chain.BlockHash{3}, Bitmap: chain.Seats{7}}
	timeout := bft.Timeout{Timeout: chain.Timeout{Chain: 1, Height: 7, Round: 2, Highest: chain.Mark{Round: 2, Block: cert.Block}}, Certificate: &cert}
	timeout.Part = tags{}.part(keys.BLSTimeout, timeout.Timeout.Append(nil), chain.Seats{1})
	bare := timeout
	bare.Certificate, bare.Last = nil, chain.Mark{Round: 1, Block: chain.BlockHash{4}}
	why := bft.Justification{Certificate: &cert}
	why.Said = append(why.Said, timeoutSaid(timeout), timeoutSaid(bare))
	vote := bft.Vote{Step: chain.Confirmation, Height: 7, Round: 2, Block: cert.Block, Part: timeout.Part}
	return []bft.Message{
		&bft.Proposal{Raw: []byte("block"), Vote: vote}, &bft.Proposal{Raw: []byte("block"), Parent: &cert, Why: &why, Vote: vote},
		&vote, &timeout, &bare, &why, &bft.Certified{Certificate: cert}, &bft.Status{Head: 4}, &bft.Status{Head: 4, Certificate: &cert, Asks: true},
		&bft.Fetch{Height: 3, Block: cert.Block}, &bft.Fetched{Raw: []byte("block")}, &bft.Want{From: 3},
		&bft.Finals{}, &bft.Finals{Blocks: []bft.Final{{Raw: []byte("block"), Certificate: cert}, {Raw: []byte("b"), Certificate: cert}}},
	}
}

// W1, W3: every message is read as it was written; a part of one is none.
func TestCodec(t *testing.T) {
	for _, m := range samples() {
		b := bft.Encode(m)
		again, err := bft.Decode(b)
		if err != nil || !bytes.Equal(bft.Encode(again), b) {
			t.Errorf("%T: %+v, %v", m, again, err)
		}
		for i := range b {
			if _, err := bft.Decode(b[:i]); err == nil {
				t.Errorf("%T: %d of %d bytes are a message", m, i, len(b))
			}
		}
		if _, err := bft.Decode(append(b, 0)); err == nil {
			t.Errorf("%T: a byte too many", m)
		}
	}
}

// W1: what is accepted is the encoding of what is read, and nothing that is accepted can make a replica panic.
func FuzzMessage(f *testing.F) {
	for _, m := range samples() {
		f.Add(bft.Encode(m))
	}
	n := newNet(f, 1, 0, 1, 1, 1, 1)
	n.run(500, n.atLeast(6))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := bft.Decode(b)
		if err != nil {
			return
		}
		if !bytes.Equal(bft.Encode(m), b) {
			t.Fatalf("%x is encoded as %x", b, bft.Encode(m))
		}
		n.nodes[0].replica.Step(bft.Received{From: 2, Message: m})
	})
}

// What is durable is read as it was written.
func FuzzSafety(f *testing.F) {
	for _, m := range samples() {
		if t, ok := m.(*bft.Timeout); ok {
			s := bft.Safety{Lost: true, ResumeAt: 3, Height: 7, Prepared: chain.Mark{Round: 1, Block: chain.BlockHash{4}}, Certificate: t.Certificate, Timeout: t}
			f.Add(s.Encode())
			s.Why = samples()[5].(*bft.Justification)
			f.Add(s.Encode())
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := bft.DecodeSafety(b); err == nil && !bytes.Equal(s.Encode(), b) {
			t.Fatalf("%x is encoded as %x", b, s.Encode())
		}
	})
}

func timeoutSaid(t bft.Timeout) chain.Said { return chain.Said{Timeout: t.Timeout, Seats: t.Seats} }

package node

import (
	"sync/atomic"
	"testing"

	"github.com/thinkey/thinkey/consensus/bft"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/wire"
)

// Who is registered to have a seat next is served where readers are listed, as it must have the state when its epoch begins; and a process knows
// who that is.
func TestReaderElected(t *testing.T) {
	reader, elected, other := keys.FromSeed([32]byte{81}).Public(), keys.FromSeed([32]byte{82}).Public(), keys.FromSeed([32]byte{83}).Public()
	r := newCommittee(t, 4)
	r.genesis.Params.Readers = []keys.PublicKey{reader}
	c := r.config(0, true)
	c.Elected = func() chain.Committee { return chain.Committee{Seats: []chain.Seat{{Node: elected}}} }
	r.nodes[0] = open(t, c)
	if n := r.nodes[0]; !n.mayRead(elected) || !n.mayRead(reader) || n.mayRead(other) {
		t.Error("who will have a seat may not read, or others may")
	}
	tree := newTree(t, map[chain.ID]chain.ID{2: 1})
	for id := chain.ID(1); id <= 2; id++ {
		registered, err := tree.process.Node(chain.Main).Branch(id)
		got := tree.process.Node(id).config.Elected()
		if err != nil || len(got.Seats) == 0 || got.Hash() != registered.Seats.Hash() {
			t.Errorf("chain %d: %+v, %v", id, got, err)
		}
	}
}

// Where readers are listed, blocks and states go to those, and to who has a seat, however they are asked for; others' questions are counted as lost
// (SPEC 7.3).
func TestReaders(t *testing.T) {
	reader, other := keys.FromSeed([32]byte{81}).Public(), keys.FromSeed([32]byte{82}).Public()
	r := newCommittee(t, 4)
	r.genesis.Params.Readers = []keys.PublicKey{reader}
	r.openAll()
	r.pay(0, payment(r.nodes[0], 1, 2, 1, 0))
	member, _ := memberKeys(0)
	for key, served := range map[keys.PublicKey]bool{reader: true, other: false} {
		var answers atomic.Int32
		port := r.wires.Port(key)
		port.Hold(func(_ keys.PublicKey, raw []byte, _ func()) {
			switch raw[0] {
			case frameFinals, frameStateIs:
				answers.Add(1)
			case frameConsensus:
				if _, message, err := decodeConsensus(raw[1:]); err == nil {
					if _, ok := message.(*bft.Finals); ok {
						answers.Add(1)
					}
				}
			}
		})
		for _, question := range [][]byte{
			wire.AppendU64([]byte{frameQuestion}, 0),
			append(wire.AppendU64([]byte{frameConsensus}, 0), bft.Encode(&bft.Want{From: 1})...),
			(&stateAsk{kind: stateOffer}).encode(), (&stateAsk{kind: statePiece, height: testStep}).encode(), (&stateAsk{kind: stateCode}).encode(),
		} {
			had, lost := answers.Load(), counted(t, r.nodes[0], "thinkey_consensus_questions_lost_total")
			port.Send(member, question)
			until(t, "the question is answered, or lost", func() bool {
				return answers.Load() > had || counted(t, r.nodes[0], "thinkey_consensus_questions_lost_total") > lost
			})
			if got := answers.Load() > had; got != served {
				t.Errorf("a reader %v: answered %v", served, got)
			}
		}
	}
	if !r.nodes[1].Restricted() || !r.nodes[1].mayRead(member) {
		t.Error("a member may not read")
	}
}

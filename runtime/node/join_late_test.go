package node

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
	"github.com/thinkey/thinkey/sdk/merkle"
)

// askedNet notes who is asked.
type askedNet struct {
	Net
	peers []keys.PublicKey
	asked []keys.PublicKey
}

func (n *askedNet) Peers() []keys.PublicKey          { return n.peers }
func (n *askedNet) Send(to keys.PublicKey, _ []byte) { n.asked = append(n.asked, to) }

// A piece that comes late is a piece: who is slow isn't asked for it again and again in vain, and who was asked instead isn't held to be silent.
func TestJoinTakesLatePieces(t *testing.T) {
	var list []joinedPiece
	for n := byte(1); n <= 3; n++ {
		leaves := []exec.Write{{Slot: exec.Slot{Account: chain.KeyAddress(1, keys.FromSeed([32]byte{n}).Public())}, Value: chain.Account{Balance: chain.NewAmount(uint64(n))}.Encode()}}
		joined, _, err := foldLeaves(leaves)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, joinedPiece{merkle.Piece{Path: joined.First, Hash: joined.Hash}, leaves})
	}
	sortPieces(list)
	net := &askedNet{peers: []keys.PublicKey{{1}, {2}}}
	s := opened(t, t.TempDir())
	defer closed(t, s)
	j := &joining{
		node: &Node{store: s, config: Config{Log: slog.New(slog.DiscardHandler)}}, genesis: &chain.Genesis{Chain: 1}, member: &Member{Net: net}, from: map[keys.PublicKey]*offering{},
		header: &chain.Header{}, state: make([]pieceState, len(list)), left: len(list), alone: -1,
	}
	for _, p := range list {
		j.pieces = append(j.pieces, p.piece)
	}
	answers := func(from keys.PublicKey, i int) bool {
		t.Helper()
		got, err := j.take(&joinAnswer{from: from, is: stateIs{kind: statePiece, from: list[i].piece.Path, leaves: list[i].leaves}})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	now := time.Unix(1000, 0)
	j.ask(now)
	first := j.state[0].peer
	other := keys.PublicKey{3 - first[0]}
	if len(net.asked) != 3 || j.state[0].until != now.Add(2*rangePatience) {
		t.Fatalf("%v %+v", net.asked, j.state)
	}
	if answers(keys.PublicKey{byte(3 - j.state[1].peer[0])}, 1) {
		t.Error("a piece is taken of who wasn't asked for it")
	}
	now = now.Add(2 * rangePatience)
	for _, o := range j.from { // both may be asked at once
		o.idle = time.Time{}
	}
	j.expire(now)
	j.from[first].idle, j.from[other].idle = now.Add(time.Hour), time.Time{}
	j.ask(now)
	if j.state[0].peer != other || j.from[first].asked != 0 || j.state[0].until != now.Add(2*patienceOf(j.from[other].strikes)) {
		t.Fatalf("%+v %+v", j.state, j.from)
	}
	if !answers(first, 0) || j.left != 2 || answers(other, 0) {
		t.Errorf("%d are left", j.left)
	}
	for now = now.Add(time.Hour); j.left > 0; now = now.Add(time.Hour) {
		j.ask(now)
		for i := range list {
			answers(j.state[i].peer, i)
		}
	}
	for k, o := range j.from {
		if o.asked != 0 || len(o.owes) > 1 {
			t.Errorf("of %x %d answers are awaited, %v", k[:1], o.asked, o.owes)
		}
	}
}

type joinedPiece struct {
	piece  merkle.Piece
	leaves []exec.Write
}

func sortPieces(list []joinedPiece) {
	slices.SortFunc(list, func(a, b joinedPiece) int { return slices.Compare(a.piece.Path[:], b.piece.Path[:]) })
}

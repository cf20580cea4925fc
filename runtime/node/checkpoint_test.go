package node

import (
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/runtime/store"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// blockHash is that of a block that the first node has.
func (r *committeeRig) blockHash(height uint64) chain.BlockHash {
	r.t.Helper()
	h, err := r.nodes[0].store.Header(1, height)
	if err != nil {
		r.t.Fatal(err)
	}
	return h.Hash()
}

// A node with a checkpoint begins with a state whose chain has that block, whoever lies about it, and with none of another chain (SPEC 6.10), of which
// it fetches no more than shows that.
func TestJoinCheckpoint(t *testing.T) {
	for _, c := range []struct {
		name        string
		height      uint64
		right, lies bool
	}{
		{"before the state", 5, true, false}, {"another one before the state", 5, false, false}, {"the first block", 1, true, true},
		{"the state's block", testStep, true, false}, {"another one than the state's", testStep, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pieces atomic.Int32
			r := stated(t, func(i int, a *stateIs) bool {
				if a.kind == statePiece {
					pieces.Add(1)
				}
				if c.lies && i < 2 && a.anchor != nil {
					a.anchor.Hash[0] ^= 1
				}
				return true
			})
			config := r.joinConfig(nil)
			config.Checkpoint = &Checkpoint{1, c.height, r.blockHash(c.height)}
			if c.right {
				r.joined(config)
				return
			}
			config.Checkpoint.Hash[0] ^= 1
			n, err := Open(config)
			if !errors.Is(err, ErrCheckpoint) {
				t.Errorf("%v, %v", n, err)
			}
			if got := pieces.Load(); got > 1 || c.height == testStep && got > 0 {
				t.Errorf("%d pieces are fetched of a state that is not taken", got)
			}
			s, err := store.Open(store.Options{Dir: r.dirs[3]})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Head(1); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("there is a chain: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Where the checkpoint is later than what is offered, blocks are fetched, and none is made final at its height but its own; and what is here is held
// to it at the next start.
func TestCheckpointAhead(t *testing.T) {
	const height = testStep + 4
	for _, right := range []bool{true, false} {
		r := stated(t, nil)
		config := r.joinConfig(nil)
		hash := r.blockHash(height)
		config.Checkpoint = &Checkpoint{1, height, hash}
		failed := make(chan error, 1)
		config.Fatal = func(err error) { failed <- err }
		if !right {
			config.Checkpoint.Hash[0] ^= 1
		}
		n := open(t, config)
		r.nodes[3] = n
		if base, _, err := n.store.Base(1); base != 0 || err != nil {
			t.Errorf("it begins with the state of block %d, %v", base, err)
		}
		if right {
			r.await(r.nodes[0].Head().Header.Height)
			until(t, "it is held to the checkpoint", func() bool { return !n.CatchUp().Active })
		} else {
			select {
			case err := <-failed:
				if !errors.Is(err, ErrCheckpoint) {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Fatal("it takes another block")
			}
			until(t, "the block before it is durable", func() bool { return n.Head().Header.Height >= height-1 })
			if p := n.CatchUp(); n.Head().Header.Height != height-1 || !p.Active || p.Target < height {
				t.Errorf("height %d, %+v", n.Head().Header.Height, p)
			}
		}
		r.nodes[3] = nil
		if err := n.Close(); err != nil && right {
			t.Fatal(err)
		}
		for at, hash := range map[uint64]chain.BlockHash{3: hash, 4: r.blockHash(4)} {
			again := r.config(3, false)
			again.Checkpoint = &Checkpoint{1, at, hash}
			n, err := Open(again)
			if (err == nil) != (at == 4) || err != nil && !errors.Is(err, ErrCheckpoint) {
				t.Errorf("block %d at a start: %v", at, err)
			}
			if err == nil {
				closeNode(t, n)
			}
		}
	}
}

func TestParseCheckpoint(t *testing.T) {
	want := Checkpoint{2, 1200, chain.BlockHash{1, 2}}
	if got, err := ParseCheckpoint(want.String()); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "2:1200", "0:1:" + want.Hash.String(), "2:0:" + want.Hash.String(), "2:-1:" + want.Hash.String(), "x:1:" + want.Hash.String(), "2:1:abc", want.String() + ":"} {
		if got, err := ParseCheckpoint(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

// junked is a Net on which it is noted what is held against whom.
type junked struct {
	Net
	of chan keys.PublicKey
}

func (n junked) Peers() []keys.PublicKey            { return n.Net.(peersNet).Peers() }
func (n junked) Junk(from keys.PublicKey, _ string) { n.of <- from }

// Whose list of blocks doesn't fit to the state that is taken up, and who offered none, may have another one: that is not held against it.
func TestJoinCheckpointOther(t *testing.T) {
	for _, offers := range []bool{true, false} {
		var lies atomic.Int64
		r := stated(t, func(i int, a *stateIs) bool {
			switch {
			case a.kind == stateOffer && i < 2 && !offers:
				a.digests, a.pieces, a.height = nil, nil, 0
			case a.kind == stateHistory && i < 2 && a.anchor != nil:
				a.anchor.Hash[0] ^= 1
				lies.Add(1)
			case a.kind == stateHistory:
				return lies.Load() >= 2 // else it would not be seen what comes of them
			}
			return true
		})
		config := r.joinConfig(nil)
		config.Checkpoint = &Checkpoint{1, 5, r.blockHash(5)}
		net := junked{config.Member.Net, make(chan keys.PublicKey, 100)}
		config.Member.Net = net
		r.joined(config)
		if n := len(net.of); (n > 0) != offers {
			t.Errorf("they offered the state: %t, and %d lies are held against them", offers, n)
		}
	}
}

// somePeers is a Net that knows some others.
type somePeers struct {
	Net
	list []keys.PublicKey
}

func (n somePeers) Peers() []keys.PublicKey { return slices.Clone(n.list) }

// A state of another chain than the checkpoint's ends nothing as long as there are others that may offer the right one: those are asked, and who
// offered it is not any more.
func TestJoinAnotherChain(t *testing.T) {
	mean, honest := keys.PublicKey{1}, keys.PublicKey{2}
	j := &joining{
		node: &Node{config: Config{Log: slog.New(slog.DiscardHandler)}}, member: &Member{Net: somePeers{list: []keys.PublicKey{mean, honest}}},
		offer: chain.Hash{7}, from: map[keys.PublicKey]*offering{mean: {offer: chain.Hash{7}}, honest: {offer: chain.Hash{8}}},
	}
	if again, err := j.held(nil); again || err != nil {
		t.Errorf("of the right chain: %t, %v", again, err)
	}
	if again, err := j.held(ErrCheckpoint); !again || err != nil {
		t.Errorf("of another chain: %t, %v", again, err)
	}
	if list := j.peers(); len(list) != 1 || list[0] != honest {
		t.Errorf("%x are asked", list)
	}
	j.offer = chain.Hash{8}
	if again, err := j.held(ErrCheckpoint); again || !errors.Is(err, ErrCheckpoint) {
		t.Errorf("nobody is left: %t, %v", again, err)
	}
}

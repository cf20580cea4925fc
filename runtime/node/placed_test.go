//go:build !race

// Several nodes in one process, each with proto.actor: see cluster/placement for what the race detector says of that.

package node

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/cluster/mesh"
	"github.com/thinkey/thinkey/cluster/placement"
	"github.com/thinkey/thinkey/runtime/ingress"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/keys"
)

// place gives node i of the rig a Placed, which answers if the node runs the chain.
func (r *linked) place(i int) *Placed {
	r.t.Helper()
	d, err := OpenPlaced(PlacedConfig{Key: keys.FromSeed([32]byte{200, byte(i)}), Links: r.links[i], Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(d.Close)
	r.wires.set(d.Address(), i)
	if p := r.processes[i]; p != nil {
		d.Serve(p, nil)
	}
	return d
}

// newPlaced is four members of a chain and a fifth node that doesn't run it, whose Placed is the last.
func newPlaced(t *testing.T) (*linked, []*Placed) {
	r := newLinked(t, 4, 5)
	var list []*Placed
	for i := range 4 {
		r.start(i, true)
		list = append(list, r.place(i))
	}
	r.link(4)
	return r, append(list, r.place(4))
}

// asks asks for an account until it is answered: nodes have to find each other first.
func (r *linked) asks(d *Placed, of chain.Address) AccountAt {
	r.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		a, err := d.Account(r.t.Context(), of)
		if err == nil {
			return a
		}
		if !errors.Is(err, placement.ErrNowhere) && !errors.Is(err, placement.ErrSilent) || time.Now().After(end) {
			r.t.Fatal(err)
		}
	}
}

// A node without the chain asks for an account, and is answered by the live one, at the chain's leader, and by another when that is gone.
func TestAccountElsewhere(t *testing.T) {
	r, places := newPlaced(t)
	outside := places[4]
	r.pay(0, 0)
	n := r.processes[0].Node(chain.Main)
	want, err := n.Account(testAddress(1))
	if err != nil {
		t.Fatal(err)
	}
	got := r.asks(outside, testAddress(1))
	if got.Account != want.Account || got.Next != 1 || got.Head.Hash != want.Head.Hash || got.Head.Header.Height != want.Head.Header.Height {
		t.Errorf("%+v, want %+v", got, want)
	}
	watcher := 1 // at which the leader is looked up
	leads := func() int {
		for {
			k, ok := r.processes[watcher].Node(chain.Main).Leader()
			for i := range 4 {
				if public, _ := memberKeys(i); ok && k == public && r.processes[i] != nil {
					return i
				}
			}
			r.pay(watcher, r.asks(outside, testAddress(1)).Next) // a round that fails makes another lead
		}
	}
	// leaderAnswers asks until the one who leads is the one who answers: the first questions may come before all are connected.
	leaderAnswers := func() int {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(patience); ; <-tick.C {
			i := leads()
			before := places[i].Counts()[placement.CountAnswered]
			if got := r.asks(outside, testAddress(1)); got.Account.Nonce == 0 {
				t.Errorf("%+v", got)
			}
			if places[i].Counts()[placement.CountAnswered] == before+1 {
				return i
			}
			if time.Now().After(end) {
				t.Fatalf("node %d leads, and is never asked", i)
			}
		}
	}
	leader := leaderAnswers()
	watcher = (leader + 1) % 4
	places[leader].Close()
	r.stop(leader)
	if next := leaderAnswers(); next == leader {
		t.Errorf("node %d, which is gone, answers", next)
	}
}

// A message that is handed in many times, at every node at once, each of which has the account live, is in one block, once (DESIGN D1).
func TestManyActivations(t *testing.T) {
	r, places := newPlaced(t)
	outside := places[4]
	n := r.processes[0].Node(chain.Main)
	r.asks(outside, testAddress(1))
	m := payment(n, 1, 2, 5, 0)
	question := append([]byte{askSubmit}, encodeMessages([][]byte{m.Encode()})[1:]...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var work sync.WaitGroup
	for _, d := range places {
		for range 3 {
			for _, kind := range []string{placement.Live, placement.Copy} { // the leader's, and the node's own
				work.Go(func() {
					body, err := d.placement.Request(ctx, testAddress(1), kind, question)
					if err != nil {
						t.Error(err)
						return
					}
					answers, err := decodeAnswers(body, [][]byte{m.Encode()})
					if err != nil || answers[0].Refused != nil || answers[0].ID != m.ID() {
						t.Errorf("%+v, %v", answers, err)
					}
				})
			}
		}
	}
	work.Wait()
	live := 0
	for i := range 4 {
		if r.processes[i].Node(chain.Main).host.Stats().Activated > 0 {
			live++
		}
	}
	if live < 2 {
		t.Fatalf("the account is live at %d nodes: nothing is shown", live)
	}
	where, err := n.Await(ctx, m.ID())
	if err != nil || where.Final == nil {
		t.Fatalf("%+v, %v", where, err)
	}
	r.pay(1, 1) // one more block: a second handling would be in it at the latest
	if a := r.asks(outside, testAddress(1)); a.Account.Nonce != 2 {
		t.Errorf("nonce %d", a.Account.Nonce)
	}
	for i := range 4 {
		a, err := r.processes[i].Node(chain.Main).Account(testAddress(2))
		if err != nil || a.Account.Balance != chain.NewAmount(1_000_000_000+2*5) {
			t.Errorf("node %d: %s, %v", i, a.Account.Balance, err)
		}
	}
	// Once it is final it is not refused either: whoever asks again learns that it is taken.
	answers, err := outside.Submit(ctx, chain.Main, [][]byte{m.Encode(), []byte("no message")})
	if err != nil || answers[0].Refused != nil || answers[1].Refused == nil {
		t.Errorf("%+v, %v", answers, err)
	}
	var why *ingress.Refusal
	if !errors.As(answers[1].Refused, &why) || why.Code != ingress.CodeUndecodable || why.Hint == "" && why.Words == "" {
		t.Errorf("%+v", answers[1].Refused)
	}
}

// failing puts in the place of node i's Placed one that says to have every chain, and fails whatever it is asked. It counts that.
func (r *linked) failing(i int, d *Placed) (asked *atomic.Uint64) {
	r.t.Helper()
	d.Close()
	asked = new(atomic.Uint64)
	p, err := placement.Open(placement.Config{
		Key: d.config.Key, Listen: "127.0.0.1:0", Nodes: r.links[i].placed, Member: r.links[i].isMember, Log: d.config.Log,
		Has: func(chain.ID) bool { return true }, Leader: func(chain.ID) (keys.PublicKey, bool) { return keys.PublicKey{}, false },
		Answer: func(context.Context, placement.Asked) ([]byte, error) {
			asked.Add(1)
			return nil, errors.New("no")
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(p.Close)
	r.wires.set(p.Addr(), i)
	if err := r.links[i].mesh.Update(func(r *mesh.Record) { r.Actors = p.Port() }); err != nil {
		r.t.Fatal(err)
	}
	return asked
}

// A node of the chain that fails whatever it is asked keeps neither accounts nor messages from who doesn't run the chain, though all say that it leads.
func TestPlacedPastFailingNode(t *testing.T) {
	r, places := newPlaced(t)
	outside := places[4]
	a := r.asks(outside, testAddress(1))
	asked := r.failing(3, places[3])
	m := payment(r.processes[0].Node(chain.Main), 1, 2, 5, a.Next)
	past := func(what string, question func() error) {
		r.until(what+" past the node that fails", func() bool {
			leader, _ := memberKeys(3)
			for i := range 3 {
				r.processes[i].Node(chain.Main).member.leads.Store(&leader)
			}
			before := asked.Load()
			if err := question(); err != nil {
				t.Fatal(what, err)
			}
			return asked.Load() > before
		})
	}
	past("an account", func() error {
		_, err := outside.Account(t.Context(), testAddress(1))
		return err
	})
	past("a message", func() error {
		answers, err := outside.Submit(t.Context(), chain.Main, [][]byte{m.Encode()})
		if err != nil {
			return err
		}
		return answers[0].Refused
	})
	r.final(0, m)
}

// A chain that no node has is nowhere.
func TestNowhere(t *testing.T) {
	r, places := newPlaced(t)
	r.asks(places[4], testAddress(1))
	if _, err := places[4].Account(t.Context(), chain.KeyAddress(77, keys.FromSeed([32]byte{1}).Public())); !errors.Is(err, placement.ErrNowhere) {
		t.Error(err)
	}
}

package relay_test

import (
	"math/rand/v2"
	"testing"

	"github.com/thinkey/thinkey/runtime/relay"
	"github.com/thinkey/thinkey/sdk/chain"
)

// errandRig is chains that want relays of others, and nodes that have these.
type errandRig struct {
	*testing.T
	*relay.Errands
	now  uint64
	want map[relay.Errand]*relay.Want
	open map[relay.Errand]openAsk
}

type openAsk struct {
	peer  relay.Teller
	until uint64
}

func newErrandRig(t *testing.T) *errandRig {
	return &errandRig{
		T: t, Errands: relay.NewErrands(0), now: 1_000_000, want: map[relay.Errand]*relay.Want{}, open: map[relay.Errand]openAsk{},
	}
}

// wants says what is wanted now.
func (r *errandRig) wants() {
	var list []relay.Want
	for _, w := range r.want { // any order: a set
		list = append(list, *w)
	}
	r.Want(list, r.now)
}

// asks holds what is asked to its bounds (E1).
func (r *errandRig) asks(nodes ...relay.Teller) (list []relay.Ask) {
	r.Helper()
	list = r.Asks(r.now, func(*relay.Want) []relay.Teller { return nodes })
	for _, a := range list {
		if old, twice := r.open[a.Want.Errand]; twice && r.now < old.until {
			r.Fatalf("%v is asked for twice at once", a.Want.Errand)
		}
		r.open[a.Want.Errand] = openAsk{a.Peer, r.now + relay.AnswerMillis}
	}
	at, total := map[relay.Teller]int{}, 0
	for _, a := range r.open { // any order: they are counted
		if r.now < a.until {
			total++
			if at[a.peer]++; at[a.peer] > relay.MaxPeerErrands {
				r.Fatalf("%d questions at %x", at[a.peer], a.peer[:1])
			}
		}
	}
	if total > relay.MaxErrands {
		r.Fatalf("%d questions are open", total)
	}
	return list
}

// answered is an answer of who was asked.
func (r *errandRig) answered(a relay.Ask, what relay.Outcome) bool {
	r.Helper()
	if _, ok := r.Came(a.Peer, a.Want.Errand, a.Want.From); !ok {
		return false // it is late
	}
	if _, ok := r.Came(a.Peer, a.Want.Errand, a.Want.From); ok {
		r.Fatal("a second answer is taken")
	}
	r.Judged(a.Want.Errand, what, r.now)
	delete(r.open, a.Want.Errand)
	return true
}

// Whatever other nodes do, as long as one of those that have a chain answers, everything that is seen comes; bounds hold all the while.
func TestErrandsRandom(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	honest, silent, liar, empty := relay.Teller{1}, relay.Teller{2}, relay.Teller{3}, relay.Teller{4}
	for round := range 100 {
		r := newErrandRig(t)
		target := map[relay.Errand]uint64{}
		for range 1 + random.IntN(20) {
			k := relay.Errand{To: chain.ID(2 + random.IntN(3)), Of: chain.ID(10 + random.IntN(10)), What: relay.Goods(1 + random.IntN(2))}
			r.want[k] = &relay.Want{Errand: k, At: 1, Seen: true, Wait: uint64(random.IntN(1500))}
			target[k] = 1 + random.Uint64N(30)
		}
		began := r.now
		for len(target) > 0 {
			if r.now += 50; r.now > began+600_000 {
				t.Fatalf("seed %d, round %d: %d are wanted still", seed, round, len(target))
			}
			r.wants()
			for _, a := range r.asks(honest, silent, liar, empty) {
				k := a.Want.Errand
				switch a.Peer {
				case silent:
				case liar:
					r.answered(a, relay.False)
				case empty:
					r.answered(a, relay.Nothing)
				case honest:
					r.answered(a, relay.More)
					if r.want[k].From = a.Want.From + 1 + random.Uint64N(5); r.want[k].From >= target[k] {
						delete(r.want, k)
						delete(target, k)
					}
				}
			}
		}
	}
}

// A node is asked again after a pause that grows while there is nothing, and at once when something new is recorded. What isn't seen is asked
// for once for each of these times.
func TestErrandsPause(t *testing.T) {
	seen, blind := relay.Errand{To: 2, Of: 3, What: relay.Relays}, relay.Errand{To: 2, Of: 4, What: relay.Relays}
	for _, k := range []relay.Errand{seen, blind} {
		r := newErrandRig(t)
		r.want[k] = &relay.Want{Errand: k, At: 1, Seen: k == seen}
		count := func(millis uint64) (n int) {
			for end := r.now + millis; r.now < end; r.now += 10 {
				r.wants()
				for _, a := range r.asks(relay.Teller{1}) {
					r.answered(a, relay.Nothing)
					n++
				}
			}
			return n
		}
		first, later := count(60_000), count(600_000)
		r.want[k].At++
		again := count(10_000)
		if k == seen && (first < 15 || first > 45 || later > 250 || again < 10) {
			t.Errorf("asked %d times in a minute, %d in the next ten, and %d after a change", first, later, again)
		}
		if k == blind && (first != 1 || later != 0 || again != 1) {
			t.Errorf("not seen: asked %d times in a minute, %d in the next ten, and %d after a change", first, later, again)
		}
	}
}

// What isn't seen of many chains is asked for one by one.
func TestErrandsSweep(t *testing.T) {
	r := newErrandRig(t)
	for id := chain.ID(10); id < 20; id++ {
		k := relay.Errand{To: 2, Of: id, What: relay.Relays}
		r.want[k] = &relay.Want{Errand: k, At: 1}
	}
	asked := map[chain.ID]uint64{}
	for began := r.now; r.now < began+10*relay.SweepPause; r.now += 100 {
		r.wants()
		for _, a := range r.asks(relay.Teller{1}) {
			asked[a.Want.Of] = r.now
			r.answered(a, relay.Nothing)
		}
		if n := uint64(len(asked)); n > (r.now-began)/relay.SweepPause+1 {
			t.Fatalf("%d chains were asked for in %d ms", n, r.now-began)
		}
	}
	if len(asked) != 10 {
		t.Errorf("%d chains of 10 were asked for", len(asked))
	}
}

// A node that is silent is asked last, as long as another answers, whatever is asked for: it holds up one errand, and not each. One that is alone
// is asked again.
func TestErrandsSilent(t *testing.T) {
	r := newErrandRig(t)
	silent, good := relay.Teller{1}, relay.Teller{2}
	want := func(of chain.ID) {
		k := relay.Errand{To: 2, Of: of, What: relay.Taken}
		r.want[k] = &relay.Want{Errand: k, At: 1, Seen: true}
	}
	want(3)
	asked := map[relay.Teller]int{}
	run := func(millis uint64, nodes ...relay.Teller) {
		for end := r.now + millis; r.now < end; r.now += 50 {
			r.wants()
			for _, a := range r.asks(nodes...) {
				if asked[a.Peer]++; a.Peer == good {
					r.answered(a, relay.Good)
					delete(r.want, a.Want.Errand)
					want(a.Want.Of + 1)
				}
			}
		}
	}
	run(600_000, silent, good)
	if n := asked[silent]; n > 60 || asked[good] < 1_000 {
		t.Errorf("the silent one was asked %d times, the other %d times", n, asked[good])
	}
	before := asked[silent]
	run(60_000, silent)
	if asked[silent] == before {
		t.Error("one that is alone is never asked again")
	}
}

// Nobody's answer is taken who wasn't asked, nor one that comes when another was asked meanwhile (E2).
func TestErrandsUnasked(t *testing.T) {
	r := newErrandRig(t)
	k := relay.Errand{To: 2, Of: 3, What: relay.Relays}
	if _, ok := r.Came(relay.Teller{1}, k, 0); ok {
		t.Error("nothing is wanted, and an answer is taken")
	}
	r.want[k] = &relay.Want{Errand: k, At: 1, Seen: true}
	r.wants()
	late := r.asks(relay.Teller{1}, relay.Teller{2})[0]
	other := relay.Teller{3 - late.Peer[0]}
	if _, ok := r.Came(other, k, 0); ok {
		t.Error("an answer is taken of who wasn't asked")
	}
	if _, ok := r.Came(late.Peer, k, 1); ok {
		t.Error("an answer is taken to another question")
	}
	r.now += relay.AnswerMillis
	if again := r.asks(relay.Teller{1}, relay.Teller{2}); len(again) != 1 || again[0].Peer != other {
		t.Errorf("after silence: %v", again)
	}
	if r.answered(late, relay.Good) {
		t.Error("an answer is taken that came too late")
	}
}

// An answer that comes when the same node was asked again, from a later number on, is late, and no answer to that.
func TestErrandsLateAnswer(t *testing.T) {
	r := newErrandRig(t)
	k := relay.Errand{To: 2, Of: 3, What: relay.Relays}
	r.want[k] = &relay.Want{Errand: k, From: 5, At: 1, Seen: true}
	r.wants()
	late := r.asks(relay.Teller{1})[0]
	r.now += relay.AnswerMillis
	r.want[k].From = 9
	r.wants()
	again := r.asks(relay.Teller{1})
	if len(again) != 1 || again[0].Want.From != 9 {
		t.Fatalf("after silence: %v", again)
	}
	if r.answered(late, relay.False) {
		t.Error("an answer is taken for one to a later question")
	}
	if !r.answered(again[0], relay.Good) {
		t.Error("the answer to the last question is not taken")
	}
}

// A node that gives one relay at a time, or is slow with each answer, delays what is to come by some answers, and not for as long as there are relays.
func TestErrandsTrickle(t *testing.T) {
	const all = 200
	mean, honest := relay.Teller{1}, relay.Teller{2}
	for name, c := range map[string]struct {
		what relay.Outcome
		wait uint64
	}{"little": {relay.Good, 0}, "slow": {relay.More, relay.AnswerMillis - 100}, "both": {relay.Good, relay.AnswerMillis - 100}} {
		r := newErrandRig(t)
		k := relay.Errand{To: 2, Of: 3, What: relay.Relays}
		r.want[k] = &relay.Want{Errand: k, At: 1, Seen: true}
		began := r.now
		var waits *relay.Ask
		var from uint64
		for r.want[k].From < all && r.now < began+600_000 {
			r.now += 50
			r.wants()
			for _, a := range r.asks(mean, honest) {
				if a.Peer == honest {
					r.want[k].From = all
					r.answered(a, relay.Good)
					continue
				}
				waits, from = &a, r.now+c.wait
			}
			if waits != nil && r.now >= from {
				r.want[k].From++
				r.answered(*waits, c.what)
				waits = nil
			}
		}
		if took := r.now - began; took > 5_000 {
			t.Errorf("%s: it takes %d ms", name, took)
		}
	}
}

package host

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/sdk/chain"
)

// A relay that reaches an account before that had its carried turn finds what was laid before it, and waits for it (H2).
func TestRelayFindsCarried(t *testing.T) {
	w := newWorld(t, 3, nil)
	carried := relay(0, 2, chain.MethodAdd, 0)
	p := &production{number: 1, Job: Job{Context: w.context(), Tag: tag(0), Carried: []*exec.Delivery{carried}}, countdown: newCountdown()}
	p.gas.Store(1 << 60)
	w.production = p
	if n, _, err := w.placeCarried(p); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	p.countdown = newCountdown()
	p.countdown.left.Add(1)
	w.post(nil, at(2), &node{delivery: *relay(1, 2, chain.MethodAdd, 0)})
	if err := p.countdown.wait(w.Host); err != nil {
		t.Fatal(err)
	}
	overlays := w.collect(tag(0))
	if len(overlays) != 1 || len(overlays[0].Events) != 2 || overlays[0].Events[0].Received != carried {
		t.Errorf("%d accounts, the first with %+v", len(overlays), overlays[0].Events)
	}
}

// The gas that was reserved for a message that is refused at its place is there for the next account.
func TestRefusedGivesItsGasBack(t *testing.T) {
	w := newWorld(t, 3, func(c *Config) { c.Workers = 1 })
	priced := func(m *chain.Message, amount uint64) *chain.Message {
		m.GasPrice, m.Amount = 1, chain.NewAmount(amount)
		return m.Seal()
	}
	need := transfer(0, 0, 2, 1).GasLimit
	spends := priced(transfer(0, 0, 2, 1), wealth-need-1) // leaves too little for the gas of the next
	refused := priced(transfer(0, 1, 2, 1), 1)
	other := transfer(1, 0, 2, 1)
	other.GasLimit = need + 1 // more than is left beside the first
	w.offer(spends, refused, other.Seal())
	run := w.produce(0, func(j *Job) { j.Gas = 2 * need })
	if n := countEvents(run); n != 4 || w.dropped[refused.ID()] == nil {
		t.Errorf("%d events, want 4; the refused message was dropped: %v", n, w.dropped[refused.ID()])
	}
}

package host

import (
	"errors"
	"testing"

	"github.com/thinkey/thinkey/actors/account"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/native"
	"github.com/thinkey/thinkey/sdk/chain"
)

// What is in the block under way can't be replaced: its sender would hear that it was dropped, and it would be final (A6).
func TestNothingReplacesWhatIsInABlock(t *testing.T) {
	w := newWorld(t, 1, nil)
	first, other := transfer(0, 0, 1, 5), transfer(0, 0, 1, 7).Clone()
	other.GasPrice = 9
	other.Seal()
	w.offer(first)
	run := w.produce(0, nil)
	if err := w.Offer(w.context(), []*chain.Message{other})[0]; kindOf(err) != account.NonceTaken {
		t.Errorf("another with its nonce: %v", err)
	}
	w.offer(first) // the same is answered as before
	if len(w.dropped) != 0 || w.Waiting() != 1 {
		t.Errorf("%d wait, dropped %v", w.Waiting(), w.dropped)
	}
	if err := w.Discard(tag(0)); err != nil {
		t.Fatal(err)
	}
	w.offer(other) // the block lost, so there is nothing to be wrong about
	w.commit(1, w.produce(1, nil))
	if got, _ := w.Account(at(1)); got.Balance != chain.NewAmount(7) || w.Waiting() != 0 || kindOf(w.dropped[first.ID()]) != account.Replaced {
		t.Errorf("paid %+v, %d wait, dropped %v; %d events", got, w.Waiting(), w.dropped, countEvents(run))
	}
}

// An account can't hold places with money that it has spent: the gas of what waits is covered, or it is dropped (A3).
func TestSpentMoneyHoldsNoPlaces(t *testing.T) {
	w := newWorld(t, 2, nil)
	priced := func(nonce, amount uint64) *chain.Message {
		m := transfer(0, nonce, 1, amount).Clone()
		m.GasPrice = 1
		return m.Seal()
	}
	first := priced(0, 0)
	first.Amount = chain.NewAmount(wealth - first.GasLimit)
	first.Seal()
	w.offer(first, priced(2, 1), priced(3, 1), transfer(0, 4, 1, 0)) // nonce 1 never comes
	w.commit(0, w.produce(0, nil))
	if w.Waiting() != 1 || len(w.dropped) != 2 || w.counted() != 1 {
		t.Errorf("%d wait, %d of them apart, dropped %v: want the free one alone", w.Waiting(), w.counted(), w.dropped)
	}
	for id, why := range w.dropped {
		if kindOf(why) != account.GasOverBalance {
			t.Errorf("%s: %v", id, why)
		}
	}
}

// What waits behind a missing nonce costs nothing, so it can't take the places of what can run; neither can what was made
// to wait there by a message that is refused at its place.
func TestGapsLeavePlaces(t *testing.T) {
	const total = 20
	w := newWorld(t, 30, func(c *Config) { c.Lane = account.Limits{Ahead: 64, Messages: 64, Total: total} })
	var busy *Busy
	for i := range total {
		if err := w.Offer(w.context(), []*chain.Message{transfer(i, 1, 0, 1)})[0]; (i < total/2) != (err == nil) || err != nil && !errors.As(err, &busy) {
			t.Fatalf("message %d behind a gap: %v", i, err)
		}
	}
	if errs := w.Offer(w.context(), []*chain.Message{transfer(0, 1, 0, 1)}); errs[0] != nil {
		t.Errorf("what waits already: %v", errs[0])
	}
	unpaid := transfer(25, 1, 1, 1).Clone()
	unpaid.GasPrice = 1
	w.offer(transfer(25, 0, 1, wealth), unpaid.Seal(), transfer(25, 2, 1, 1), transfer(25, 3, 1, 1))
	w.offer(transfer(26, 0, 1, 1), transfer(26, 1, 1, 1), transfer(26, 2, 1, 1))
	w.commit(0, w.produce(0, nil))
	if w.Waiting() != total/2 || w.counted() != total/2 || len(w.dropped) != 3 {
		t.Errorf("%d wait, %d of them apart, dropped %v", w.Waiting(), w.counted(), w.dropped)
	}
	for i := range total / 2 { // gaps are filled, and all is done
		w.offer(transfer(i, 0, 1, 1))
	}
	if w.counted() != 0 {
		t.Errorf("%d apart, and no gap", w.counted())
	}
	w.commit(1, w.produce(1, nil))
	if w.Waiting() != 0 || w.counted() != 0 {
		t.Errorf("%d wait, %d apart", w.Waiting(), w.counted())
	}
}

// counted is how many messages the host thinks wait behind a missing nonce.
func (w *world) counted() int { return w.apart.now().Messages }

// large makes m take about as many bytes.
func large(m *chain.Message, bytes int) *chain.Message {
	m = m.Clone()
	m.Input = append(m.Input, make([]byte, bytes)...)
	m.GasLimit = exec.TransferGas(m)
	return m.Seal()
}

// What waits is bounded in bytes too, whatever came before: replaced, used, unpaid or refused, each gives its bytes back.
func TestBytesOfWaiting(t *testing.T) {
	const room = 120_000
	w := newWorld(t, 30, func(c *Config) { c.Lane = account.Limits{Ahead: 64, Messages: 64, Total: 100, Bytes: room} })
	refused := func(m *chain.Message, what string) {
		t.Helper()
		var busy *Busy
		if err := w.Offer(w.context(), []*chain.Message{m})[0]; !errors.As(err, &busy) || busy.What != what {
			t.Errorf("%v, want that %s wait already", err, what)
		}
	}
	w.offer(large(transfer(0, 0, 1, 1), 40_000), large(transfer(1, 1, 1, 1), 30_000))
	refused(large(transfer(2, 1, 1, 1), 30_000), "bytes of messages behind a missing nonce")
	refused(large(transfer(2, 0, 1, 1), 50_000), "bytes of messages")
	for range 20 {
		w.offer(large(transfer(0, 0, 1, 1), 40_000)) // waits already
		if err := w.Offer(w.context(), []*chain.Message{large(transfer(2, 99, 1, 1), 10_000)})[0]; kindOf(err) != account.NonceAhead {
			t.Fatal(err)
		}
	}
	dearer := large(transfer(0, 0, 1, 1), 15_000).Clone()
	dearer.GasPrice = 1
	w.offer(dearer.Seal(), large(transfer(2, 0, 1, 1), 20_000))
	w.commit(0, w.produce(0, nil))
	w.offer(large(transfer(3, 0, 1, 1), 60_000), transfer(1, 0, 1, 1))
	w.commit(1, w.produce(1, nil))
	if left := w.waiting.now(); left != (account.Load{}) || w.apart.now() != (account.Load{}) {
		t.Errorf("%+v wait, %+v apart", left, w.apart.now())
	}
}

// A method that is no command is for an account's code: refused if the account has none, and known by its final record.
func TestMethodsOfCode(t *testing.T) {
	w := newWorld(t, 2, nil)
	w.state.records[at(1)] = chain.Account{Balance: chain.NewAmount(wealth), Code: chain.CodeHash{1}}
	w.programs = native.Programs{Codes: silent{}}
	for i, want := range []account.Kind{account.UnknownMethod, ""} {
		if err := w.Offer(w.context(), []*chain.Message{external(i, 0, "dance", nil, 0)})[0]; kindOf(err) != want {
			t.Errorf("account %d: %v, want %q", i, err, want)
		}
	}
	if run := w.produce(0, nil); countEvents(run) != 1 || w.Waiting() != 1 {
		t.Errorf("%d events, %d wait", countEvents(run), w.Waiting())
	}
}

// silent is code that does nothing.
type silent struct{}

func (silent) Validate([]byte) (uint64, uint64, error)                 { return 0, 0, nil }
func (silent) Run(*exec.Env, chain.CodeHash, string) error             { return nil }
func (silent) Merges(code chain.CodeHash, method string) (bool, error) { return false, nil }

package host

import (
	"testing"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/chain"
)

// givenIn is what a block's hooks loaded for nothing.
func givenIn(run *Run) (sum uint64) {
	for _, o := range run.Accounts {
		sum += o.Loads.Given
	}
	return sum
}

// What hooks load for nothing is bounded in each block: those that would take more wait in the queue, and all relays behind them, whether
// the bounce was carried in or came in the block itself.
func TestGivenInBlock(t *testing.T) {
	const load = chain.MaxBlockGiven/3 + 1 // two fit
	w := newWorld(t, 8, nil)
	for i := range 5 {
		a := w.state.records[at(i)]
		a.Code = chain.CodeHash{byte(i + 1)}
		w.state.records[at(i)] = a
	}
	loads := func(env *exec.Env) error { return env.Load(env.Account().Code) }
	w.programs = programs{
		chain.MethodBounce: loads,
		"start": func(env *exec.Env) error {
			for range 2 {
				if err := env.Send(chain.Sent{To: at(6), Method: "refuse", GasLimit: gas.Handling}); err != nil {
					return err
				}
			}
			return nil
		},
		"refuse": func(*exec.Env) error { return exec.Fail(chain.StatusRefused, "told to") },
	}
	gives := func(j *Job) {
		j.Context.Loading = func(chain.CodeHash) (exec.Loading, error) { return exec.Loading{Gas: load, Given: true}, nil }
	}
	var queue []*exec.Delivery
	for i := range 4 {
		for n := range 2 {
			queue = append(queue, relay(7, i, chain.MethodBounce, uint32(2*i+n)))
		}
	}
	for block := range 2 {
		run := w.produce(block, func(j *Job) { gives(j); j.Carried = queue })
		if run.Carried != 4 || givenIn(run) != 2*load {
			t.Fatalf("block %d: %d carried in, loads of %d given", block, run.Carried, givenIn(run))
		}
		w.commit(block, run)
		queue = queue[run.Carried:]
	}
	for i := range 4 {
		m := external(i, 0, "start", nil, 0)
		m.GasLimit = 1_000_000
		w.offer(m.Seal())
	}
	w.unready = map[chain.Address]bool{at(0): true, at(1): true, at(2): true, at(3): true} // any two of them
	run := w.produce(2, gives)
	w.unready = nil
	left := unhandled(run)
	if givenIn(run) != 2*load || len(left) != 4 {
		t.Fatalf("loads of %d given, %d relays left", givenIn(run), len(left))
	}
	w.commit(2, run)
	run = w.produce(3, func(j *Job) { gives(j); j.Carried = left })
	if run.Carried != 4 || givenIn(run) != 2*load {
		t.Errorf("then: %d carried in, loads of %d given", run.Carried, givenIn(run))
	}
}

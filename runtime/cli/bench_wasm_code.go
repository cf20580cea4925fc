package cli

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/wire"
)

// works are the kinds of work that the modules know, by their numbers.
var works = []string{"hash", "sort", "text", "json"}

// workRatio begins the key of one kind's ratio.
const workRatio = "metering_work_"

// variants are what is compared.
var variants = []wasm.Variant{wasm.Bare, wasm.Counted, wasm.Marked}

// worker is a module that knows the works, in one variant.
type worker struct {
	engine  *wasm.Engine
	context *exec.Context
	account chain.Account
}

func newWorker(code []byte, v wasm.Variant) (*worker, error) {
	engine, err := wasm.OpenVariant(wasm.Config{Source: func(chain.CodeHash) ([]byte, error) { return code, nil }}, v)
	if err != nil {
		return nil, err
	}
	return &worker{engine: engine, context: solo(engine), account: chain.Account{Nonce: 1, Code: chain.PublishInput{Code: code}.Hash()}}, nil
}

// do is the CPU time of some rounds of a work.
func (w *worker) do(kind, rounds int) (time.Duration, error) {
	q := exec.Question{Method: "work", GasLimit: chain.MaxMessageGas, Input: wire.AppendU32(wire.AppendU32(nil, uint32(kind)), uint32(rounds))}
	begin := cpu()
	a, err := exec.Query(w.context, benchAddress(0), w.account, shelf{}, q)
	used := cpu() - begin
	if err == nil && a.Status != chain.StatusOK {
		err = fmt.Errorf("%s, %d rounds: %s %s", works[kind], rounds, a.Status, a.Reason)
	}
	return used, err
}

// fit is how many rounds take at least the time.
func (w *worker) fit(kind int, least time.Duration) (int, error) {
	if _, err := w.do(kind, 0); err != nil { // compiles
		return 0, err
	}
	for rounds := 1; ; rounds *= 2 {
		used, err := w.do(kind, rounds)
		if err != nil || used >= least {
			return rounds, err
		}
	}
}

// benchMetering compares the variants, in both languages.
func benchMetering(o wasmOptions) (map[string]float64, error) {
	debug.SetGCPercent(heapPercent)
	result := map[string]float64{}
	for language, name := range map[string]string{"rust": rustWork, "go": goWork} {
		code, err := o.module(name)
		if err != nil {
			return nil, err
		}
		if code == nil {
			continue
		}
		if err := o.compare(code, language, result); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// compare measures all works of a module in turn, in all variants in turn, and again, so that whatever else the machine does
// meets all of them.
func (o wasmOptions) compare(code []byte, language string, result map[string]float64) error {
	var workers []*worker
	for _, v := range variants {
		w, err := newWorker(code, v)
		if err != nil {
			return err
		}
		workers = append(workers, w)
	}
	metering, marking := 0.0, 0.0 // sums of logarithms
	for kind := range works {
		times, err := o.times(workers, kind)
		if err != nil {
			return err
		}
		result[workRatio+language+"_"+works[kind]] = times[1] / times[0]
		metering += math.Log(times[1] / times[0])
		marking += math.Log(times[2] / times[1])
	}
	result["metering_ratio_"+language] = math.Exp(metering / float64(len(works)))
	result["marking_ratio_"+language] = math.Exp(marking / float64(len(works)))
	for _, w := range workers {
		if err := w.engine.Close(); err != nil {
			return err
		}
	}
	return nil
}

// times is what a work takes each of the workers, without what a call takes that does none.
func (o wasmOptions) times(workers []*worker, kind int) ([]float64, error) {
	rounds, err := workers[0].fit(kind, time.Duration(o.WorkMillis)*time.Millisecond)
	if err != nil {
		return nil, err
	}
	full, empty := make([][]float64, len(workers)), make([][]float64, len(workers))
	for range o.Rounds + 1 {
		for i, w := range workers {
			long, err := w.do(kind, rounds)
			if err != nil {
				return nil, err
			}
			short, err := w.do(kind, 0)
			if err != nil {
				return nil, err
			}
			full[i], empty[i] = append(full[i], float64(long)), append(empty[i], float64(short))
		}
	}
	var all []float64
	for i := range workers {
		all = append(all, max(1, median(full[i][1:])-median(empty[i][1:]))) // the first compiles
	}
	return all, nil
}

// publishedBytes is about how large the module is whose publication is measured.
const publishedBytes = 100 << 10

// benchPublish measures what becomes of a module before it runs.
func benchPublish(o wasmOptions) (map[string]float64, error) {
	debug.SetGCPercent(heapPercent)
	result := map[string]float64{}
	large, err := o.module(goWork)
	if err != nil {
		return nil, err
	}
	var each, publish, load []float64
	for range o.Rounds {
		if large == nil {
			break
		}
		begin := cpu()
		if _, err := wasm.Instrument(large); err != nil {
			return nil, err
		}
		each = append(each, float64(cpu()-begin)/float64(len(large)))
	}
	if large != nil {
		result["instrument_ns_per_byte"] = median(each)
	}
	code, err := o.repeated()
	if err != nil {
		return nil, err
	}
	for range o.Rounds {
		p, l, err := o.publish(code)
		if err != nil {
			return nil, err
		}
		publish, load = append(publish, p), append(load, l)
	}
	result["publish_ms_100kb"], result["cached_load_ms"] = median(publish), median(load)
	return result, nil
}

// repeated is a module of about publishedBytes: one in Rust with its functions several times.
func (o wasmOptions) repeated() ([]byte, error) {
	code, err := o.module(rustWork)
	if err != nil {
		return nil, err
	}
	m, err := module.Decode(code)
	if err != nil {
		return nil, err
	}
	for i, size := 0, len(code); size < publishedBytes; i++ {
		m.Funcs, m.Bodies = append(m.Funcs, m.Funcs[i]), append(m.Bodies, m.Bodies[i])
		size += len(m.Bodies[i].Code) + 6 // and its type, its length, its locals
	}
	return m.Encode(), nil
}

// publish is the CPU time, in ms, of publishing code in a new engine, and of loading it in another one from what the first kept.
func (o wasmOptions) publish(code []byte) (publish, load float64, err error) {
	dir, err := os.MkdirTemp(o.Dir, "cache")
	if err != nil {
		return 0, 0, err
	}
	hash := chain.PublishInput{Code: code}.Hash()
	publish, err = timed(dir, code, func(e *wasm.Engine) error {
		if _, _, err := e.Validate(code); err != nil {
			return err
		}
		e.Prepare(hash, code)
		_, err := e.Merges(hash, "") // waits for it
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	load, err = timed(dir, code, func(e *wasm.Engine) error {
		if _, err := e.Merges(hash, ""); err != nil {
			return err
		}
		if s := e.Stats(); s.Restored != 1 {
			return fmt.Errorf("%d modules come from the disk", s.Restored)
		}
		return nil
	})
	return publish, load, errors.Join(err, os.RemoveAll(dir))
}

// timed is the CPU time, in ms, of f with a new engine.
func timed(dir string, code []byte, f func(*wasm.Engine) error) (float64, error) {
	e, err := wasm.Open(wasm.Config{Dir: dir, Source: func(chain.CodeHash) ([]byte, error) { return code, nil }})
	if err != nil {
		return 0, err
	}
	begin := cpu()
	err = f(e)
	used := cpu() - begin
	return float64(used.Microseconds()) / 1e3, errors.Join(err, e.Close())
}

package wasm

import (
	"container/list"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/chain"
)

// ErrClosed is returned by Run once the engine is closed, also by one that had begun: the message was not handled.
var ErrClosed = errors.New("wasm: the engine is closed")

// Mode is how code is run.
type Mode uint8

const (
	// Compile compiles code to the machine's own. What it can't compile is interpreted.
	Compile Mode = iota
	// Interpret is slow: it is there to be compared with.
	Interpret
)

// Config is what an Engine is opened with. A bound of 0 stands for its default.
type Config struct {
	// Dir is where compiled code is kept; "" for nowhere. Nobody else may write there: it is run.
	Dir string
	// Source reads the module that is published under a hash.
	Source func(chain.CodeHash) ([]byte, error)
	Mode   Mode

	MaxIdle     int64 // bytes of instances that wait for a message
	MaxCompiled int64 // bytes of compiled code in memory, but for what runs
	MaxDisk     int64 // bytes of compiled code in Dir
}

// The defaults of Config's bounds. What the chain holds for warm (chain.MaxWarm) must fit into defaultCompiled: it is read back from
// disk for nothing. Code that is not on disk any more is compiled again for the price of reading it back: defaultDisk is compiled
// code of some 2 GB of modules, whose publication takes a hundred blocks of nothing else.
const (
	defaultIdle     = 256 << 20 // 100 instances of contracts in Go
	defaultCompiled = 512 << 20 // 50 such contracts
	defaultDisk     = 16 << 30
)

// Engine validates, compiles and runs code. It is safe for concurrent use.
type Engine struct {
	config   Config
	variant  Variant // OnChain, but for who measures
	compiler wazero.RuntimeConfig
	disk     *artifacts // nil without Config.Dir
	verdicts verdicts
	spares   spares
	busy     sync.WaitGroup // what Close waits for: runs and loads
	stopping atomic.Bool    // tells what runs to stop (instance.refill)

	mu       sync.Mutex // guards what follows, and the fields of codes and instances that say so
	closed   bool
	queue    queue
	codes    map[chain.CodeHash]*code
	recent   list.List // *code, those in front that messages ran last, those at the back that none did
	told     *code     // was made ready last for who asked by Ready, and stays until it is used
	compiled int64     // bytes, of codes that are loaded
	idle     list.List // *instance, those that ran last in front
	idleSize int64
	stats    Stats
}

// Stats counts what an engine did and holds.
type Stats struct {
	Runs, Failures     uint64 // calls of code, and those of them that failed
	Made, Discarded    uint64 // instances
	Compiled, Restored uint64 // modules made ready, from their code and from Config.Dir
	Interpreted        uint64 // modules that the compiler refused
	Codes, Idle        int    // modules in memory, instances that wait
	CodeBytes          int64
	IdleBytes          int64
}

// Open makes an engine.
func Open(c Config) (*Engine, error) {
	c.MaxIdle = orDefault(c.MaxIdle, defaultIdle)
	c.MaxCompiled = orDefault(c.MaxCompiled, defaultCompiled)
	c.MaxDisk = orDefault(c.MaxDisk, defaultDisk)
	e := &Engine{config: c, compiler: wazero.NewRuntimeConfig(), codes: map[chain.CodeHash]*code{}}
	if c.Mode == Interpret {
		e.compiler = wazero.NewRuntimeConfigInterpreter()
	}
	if c.Dir != "" && c.Mode == Compile {
		disk, err := openArtifacts(c.Dir, c.MaxDisk)
		if err != nil {
			return nil, fmt.Errorf("compiled code: %w", err)
		}
		e.disk = disk
	}
	return e, nil
}

func orDefault(v, otherwise int64) int64 {
	if v == 0 {
		return otherwise
	}
	return v
}

// Close stops what runs, within the time of a slice of gas, waits for what is being compiled, and frees everything.
func (e *Engine) Close() error {
	e.stopping.Store(true)
	e.mu.Lock()
	e.closed = true
	e.empty()
	e.mu.Unlock()
	e.busy.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, c := range e.codes {
		errs = append(errs, e.drop(c))
	}
	return errors.Join(errs...)
}

// Stats is what the engine did and holds.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Codes, s.Idle, s.CodeBytes, s.IdleBytes = e.recent.Len(), e.idle.Len(), e.compiled, e.idleSize
	return s
}

// Run lets the code handle env's message through the entry. The error is a *exec.Failure if it is the code's or the
// message's doing, and the same on every machine then (W1).
func (e *Engine) Run(env *exec.Env, hash chain.CodeHash, entry string) error {
	if err := env.Charge(gas.Run); err != nil {
		return err
	}
	c, err := e.acquire(hash, env.View())
	if err != nil {
		return err
	}
	defer e.release(c)
	at, ok := c.entry(entry)
	switch {
	case !ok && entry == abi.EntryBounce:
		return nil
	case !ok:
		return exec.Fail(chain.StatusUnknownMethod, "code %s has no %s", hash, entry)
	}
	// The same whether an instance waits or must be made, and whatever the message will touch (W3).
	if err := env.Charge(c.price); err != nil {
		return err
	}
	in, err := e.take(c)
	if err != nil {
		return fmt.Errorf("code %s: %w", hash, err)
	}
	err = in.run(env, at)
	e.give(in, err)
	return err
}

// Prepare begins to make code ready that is not callable yet. Run waits for it.
func (e *Engine) Prepare(hash chain.CodeHash, binary []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.codes[hash]; ok || e.closed {
		return
	}
	e.load(hash, binary)
	e.start()
}

// Ready says whether Run would begin within milliseconds: the code is in memory, or compiled on disk. If not, it is made ready,
// and then is called when it is, or with what keeps it from that, which is the world's. Of several it is the last one's then that
// is called; none is after Close.
func (e *Engine) Ready(hash chain.CodeHash, then func(error)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.codes[hash]
	switch {
	case e.closed, ok && c.isReady(), e.disk.has(hash):
		return true
	case !ok:
		c = e.load(hash, nil)
		e.recent.MoveToBack(c.place) // no message has paid for it
	}
	c.then = then
	e.start()
	return false
}

// Merges says that the code can handle several messages of method as one, through its entry merge (SPEC 9.3).
func (e *Engine) Merges(hash chain.CodeHash, method string) (bool, error) {
	c, err := e.acquire(hash, false)
	if err != nil {
		return false, err
	}
	defer e.release(c)
	return slices.Contains(c.merges, method), nil
}

// acquire is the code of that hash, loaded, which stays until it is released; for a view, or for a message.
func (e *Engine) acquire(hash chain.CodeHash, view bool) (*code, error) {
	c, err := e.hold(hash, view)
	if err != nil {
		return nil, err
	}
	<-c.ready
	if c.err != nil {
		e.release(c)
		return nil, c.err
	}
	return c, nil
}

// hold is acquire without waiting. Views cost nothing: what only they use goes first, so that no number of them makes messages
// wait for code that was in memory.
func (e *Engine) hold(hash chain.CodeHash, view bool) (*code, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	c, ok := e.codes[hash]
	if !ok {
		c = e.load(hash, nil)
	}
	switch {
	case !view:
		e.recent.MoveToFront(c.place)
	case !ok:
		e.recent.MoveToBack(c.place)
	}
	if c == e.told {
		e.told = nil
	}
	c.users++
	e.busy.Add(1)
	if !c.isReady() { // else nothing has changed for those that wait, and there may be many
		e.start()
	}
	return c, nil
}

func (e *Engine) release(c *code) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c.users--
	e.busy.Done()
	e.trimCodes()
}

// load puts the code among what is to be made ready; binary is its module, nil to ask the source for. e.mu is held.
func (e *Engine) load(hash chain.CodeHash, binary []byte) *code {
	c := &code{hash: hash, binary: binary, length: len(binary), ready: make(chan struct{}), engine: e}
	c.place = e.recent.PushFront(c)
	e.codes[hash] = c
	e.busy.Add(1)
	e.queue.add(c)
	return c
}

// loaded lets those go on who wait for c. What can't be loaded is forgotten, so that it is tried again: a disk may have
// failed. e.mu is held.
func (e *Engine) loaded(c *code, err error) {
	c.err = err
	close(c.ready)
	if err != nil {
		delete(e.codes, c.hash)
		e.recent.Remove(c.place)
		return
	}
	if c.then != nil {
		e.told = c
	}
	e.compiled += c.size
	e.stats.count(c.origin)
	e.trimCodes()
}

func (s *Stats) count(from origin) {
	switch from {
	case fromDisk:
		s.Restored++
	case fromInterpreter:
		s.Interpreted++
	default:
		s.Compiled++
	}
}

// trimCodes drops code that ran longest ago until what is compiled is within its bound. e.mu is held.
func (e *Engine) trimCodes() {
	for place := e.recent.Back(); place != nil && e.compiled > e.config.MaxCompiled; {
		c := place.Value.(*code)
		place = place.Prev()
		if c.users == 0 && c.isReady() && c != e.told {
			_ = e.drop(c) // closing what runs nowhere has nothing to report
		}
	}
}

// drop frees code that nobody uses. e.mu is held.
func (e *Engine) drop(c *code) error {
	for len(c.free) > 0 {
		e.unlist(c.free[0])
	}
	delete(e.codes, c.hash)
	e.recent.Remove(c.place)
	e.compiled -= c.size
	return c.close()
}

package wasm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm/module"
	"github.com/thinkey/thinkey/sdk/abi"
	"github.com/thinkey/thinkey/sdk/assert"
	"github.com/thinkey/thinkey/sdk/chain"
)

func TestWazeroVersion(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(mod, []byte("github.com/tetratelabs/wazero "+wazeroVersion)) {
		t.Errorf("wazeroVersion is %s, go.mod says otherwise: compiled code of another version would be run", wazeroVersion)
	}
}

// number is a module that says its number.
func number(n int) guest {
	return guest{data: topic, handle: text(0, n, access(module.OpI32Store, 0), say(0, 4))}
}

// Many goroutines run many codes while the bounds are too small for all of them: each message finds its own.
func TestConcurrent(t *testing.T) {
	const codes, workers, rounds = 8, 6, 60
	base := newRig(t, Config{Dir: t.TempDir(), MaxIdle: 500 << 10, MaxCompiled: 500 << 10})
	hashes, wants := make([]chain.CodeHash, codes), make([]exec.Outcome, codes)
	for i := range codes {
		hashes[i] = base.publish(t, number(i).build())
		wants[i] = base.do(t, "")
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				at := (w + i*i) % codes
				r := *base
				r.account.Code = hashes[at]
				o, err := r.apply(relay("do", "", 10_000_000))
				if err != nil || !reflect.DeepEqual(o, wants[at]) {
					t.Errorf("code %d: %+v, error %v", at, o, err)
				}
			}
		})
	}
	wg.Wait()
	s := base.Stats()
	if s.Runs != codes+workers*rounds || s.CodeBytes > 500<<10 || s.IdleBytes > 500<<10 || s.Restored == 0 {
		t.Errorf("%+v", s)
	}
}

// Close ends what runs with ErrClosed, also code that never comes back to the host by itself; nothing starts after it.
func TestClose(t *testing.T) {
	r := newRig(t, Config{})
	h := r.publish(t, guest{handle: repeat(0, 1<<30, 0, 1, access(module.OpI32Store, 0))}.build())
	r.Prepare(h, r.codes[h])
	ended := make(chan error)
	for range 3 {
		go func() {
			_, err := r.apply(relay("do", "", chain.MaxMessageGas))
			ended <- err
		}()
	}
	for r.Stats().Runs < 3 {
		runtime.Gosched()
	}
	start := time.Now()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("closed after %v", time.Since(start))
	for range 3 {
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := r.apply(relay("do", "", 1_000_000)); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	r.Prepare(h, r.codes[h])
	if s := r.Stats(); s.Codes != 0 || s.Idle != 0 || s.CodeBytes != 0 || s.IdleBytes != 0 {
		t.Errorf("%+v", s)
	}
}

// What was prepared is not read from the source. What can't be read is tried again.
func TestPrepare(t *testing.T) {
	r := newRig(t, Config{})
	binary := number(1).build()
	h := chain.PublishInput{Code: binary}.Hash()
	r.account.Code = h
	if _, err := r.apply(relay("do", "", 1_000_000)); !errors.Is(err, errDisk) {
		t.Fatalf("error %v", err)
	}
	r.Prepare(h, binary)
	want(t, r.do(t, ""), chain.StatusOK, "")
	r.Prepare(h, binary)
	if s := r.Stats(); s.Compiled != 1 || s.Codes != 1 {
		t.Errorf("%+v", s)
	}
}

// What somebody calls doesn't wait for what is only published, and Close for nothing that has not begun.
func TestQueue(t *testing.T) {
	small := number(1).build()
	h := chain.PublishInput{Code: small}.Hash()
	var read atomic.Int64
	release := make(chan struct{})
	r := newRig(t, Config{})
	r.config.Source = func(hash chain.CodeHash) ([]byte, error) {
		if hash == h {
			return small, nil
		}
		read.Add(1)
		<-release
		return nil, errDisk
	}
	for i := range 3 * compilers() {
		r.Prepare(chain.CodeHash{byte(i), 1}, nil) // slow ones
	}
	r.Prepare(h, small)
	r.account.Code = h
	want(t, r.do(t, ""), chain.StatusOK, "")
	closed := make(chan error)
	go func() { closed <- r.Close() }()
	eventually(func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.closed })
	close(release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if n := read.Load(); n > int64(compilers()) {
		t.Errorf("%d codes were read after Close", n)
	}
}

// Ready waits for nothing: it says that code isn't there, and tells when it is. Code on disk is as good as there.
func TestReady(t *testing.T) {
	small, dir := number(1).build(), t.TempDir()
	h := chain.PublishInput{Code: small}.Hash()
	r := newRig(t, Config{Dir: dir})
	told := make(chan error, 2)
	then := func(err error) { told <- err }
	if r.Ready(h, then) {
		t.Fatal("code that nobody has published is ready")
	}
	if err := <-told; !errors.Is(err, errDisk) {
		t.Errorf("what can't be read: %v", err)
	}
	if r.codes[h] = small; r.Ready(h, then) {
		t.Error("code that is being compiled is ready")
	}
	if err := <-told; err != nil || !r.Ready(h, then) {
		t.Errorf("told %v, and it is not ready", err)
	}
	if err := r.Close(); err != nil || !r.Ready(h, then) {
		t.Error(err, "a closed engine keeps somebody waiting")
	}
	other := newRig(t, Config{Dir: dir})
	if !other.Ready(h, then) || other.Stats().Codes != 0 {
		t.Error("code on disk is not ready, or was read to find out")
	}
	if len(told) > 0 {
		t.Error("told", <-told)
	}
}

// Of code that messages will need, the smallest goes first, after what somebody waits for, and before all that is only published.
func TestQueueOrder(t *testing.T) {
	q := queue{}
	for i, c := range []*code{{length: 1}, {length: 9, then: func(error) {}}, {length: 5, then: func(error) {}}, {length: 7, users: 1}, {length: 0}, {length: 8, users: 1}} {
		c.hash[0] = byte(i)
		q.add(c)
	}
	var order []byte
	for range 6 {
		order = append(order, q.take(ahead).hash[0])
		q.running[ahead] = 0
	}
	if !bytes.Equal(order, []byte{3, 5, 2, 1, 0, 4}) {
		t.Errorf("order %v", order)
	}
	q.add(&code{then: func(error) {}})
	if q.take(needed) != nil {
		t.Error("code that only messages in lanes need took a place of what somebody waits for")
	}
}

// Views of many codes drop one another's from memory, and none that messages run.
func TestViewsDropNothing(t *testing.T) {
	r := newRig(t, Config{MaxCompiled: 500 << 10}) // two of them
	g := number(0)
	g.query = text(host(abi.Reply, 0, 1))
	run := r.publish(t, g.build())
	r.do(t, "")
	for i := range 9 {
		g = number(1 + i)
		g.query = text(host(abi.Reply, 0, 1))
		r.publish(t, g.build())
		r.question(t)()
	}
	r.account.Code = run
	r.do(t, "")
	if s := r.Stats(); s.Compiled != 10 || s.Codes != 2 {
		t.Errorf("%+v", s)
	}
}

// What was made ready last for who asked stays until it is used, however large it is: else it might never be.
func TestToldCodeStays(t *testing.T) {
	r := newRig(t, Config{MaxCompiled: 1})
	told := make(chan error, 1)
	for i := range 3 {
		h := r.publish(t, number(i).build())
		for !r.Ready(h, func(err error) { told <- err }) {
			if err := <-told; err != nil {
				t.Fatal(err)
			}
		}
		if n := r.Stats().Codes; n != 1 {
			t.Errorf("%d codes are kept", n)
		}
	}
	r.do(t, "")
	if n := r.Stats().Codes; n != 0 {
		t.Errorf("%d codes are kept once it ran", n)
	}
}

func eventually(holds func() bool) {
	for !holds() {
		runtime.Gosched()
	}
}

// What waits in memory is bounded: modules behind that are read again.
func TestQueueIsBounded(t *testing.T) {
	q := queue{running: [2]int{compilers(), compilers()}}
	for range 40 {
		q.add(&code{binary: make([]byte, module.MaxBytes)})
	}
	held := 0
	for _, c := range q.waiting {
		held += len(c.binary)
	}
	if held > maxQueued || len(q.waiting) != 40 || held != q.bytes {
		t.Errorf("%d codes wait with %d bytes (%d)", len(q.waiting), held, q.bytes)
	}
	q.running = [2]int{}
	for range compilers() {
		if q.take(needed) != nil || q.take(ahead) == nil {
			t.Error("code that nobody calls was taken as needed, or not at all")
		}
	}
}

// artifactFiles are all files of compiled code.
func artifactFiles(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, name)
		}
		return err
	})
	if err != nil || len(all) < 2 {
		t.Fatal(all, err)
	}
	return all
}

// Compiled code that is damaged in any way is compiled again, and so is what other versions left.
func TestDamagedArtifacts(t *testing.T) {
	dir := t.TempDir()
	run := func(restored uint64) {
		t.Helper()
		r := newRig(t, Config{Dir: dir})
		r.publish(t, counter().build())
		want(t, r.do(t, ""), chain.StatusOK, "")
		if s := r.Stats(); s.Restored != restored || s.Compiled != 1-restored {
			t.Errorf("%+v", s)
		}
	}
	run(0)
	run(1)
	change := map[string]func(b []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"truncated": func(b []byte) []byte { return b[:len(b)/2] },
		"longer":    func(b []byte) []byte { return append(b, 0) },
		"first":     func(b []byte) []byte { b[0] ^= 1; return b },
		"last":      func(b []byte) []byte { b[len(b)-1] ^= 0x80; return b },
		"functions": func(b []byte) []byte { b[min(len(b)-1, 0x12)] ^= 0xff; return b }, // in wazero's header
	}
	for name, f := range change {
		for i := range artifactFiles(t, dir) {
			file := artifactFiles(t, dir)[i]
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(fmt.Sprint(name, " ", filepath.Base(file)), func(t *testing.T) {
				if err := os.WriteFile(file, f(b), 0o600); err != nil {
					t.Fatal(err)
				}
				run(0)
				run(1)
			})
		}
	}
	for _, file := range artifactFiles(t, dir) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		run(0)
		run(1)
	}
	old := filepath.Join(dir, "code-v1.0.0-m1-g1")
	if err := os.Mkdir(old, 0o700); err != nil {
		t.Fatal(err)
	}
	run(1)
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what another version compiled is still there")
	}
}

// What is kept of a module is the module that runs: all else is found out again, and is what it was (W3).
func TestRecall(t *testing.T) {
	for name, g := range map[string]guest{
		"small":  number(1),
		"marked": {data: map[uint32]string{3: "three", 5 * pageBytes / 2: "half"}, pages: 5, handle: text(1, 1, access(module.OpI32Store, 0))},
		"merges": {handle: text(module.OpNop), merge: text(module.OpNop), merges: []string{"do", "more"}, globals: []module.Global{global(module.I64, i64(1))}},
		"once":   {handle: text(module.OpDataDrop, byte(0)), passive: []string{"p"}, table: make([]uint32, 10), more: []function{{}}},
	} {
		binary := g.build()
		first, again := &code{engine: &Engine{}}, &code{engine: &Engine{}}
		if _, err := first.meter(binary); err != nil {
			t.Fatal(name, err)
		}
		if err := again.recall(binary); err != nil {
			t.Fatal(name, err)
		}
		if !reflect.DeepEqual(first, again) {
			t.Errorf("%s: %+v, the first time %+v", name, again, first)
		}
		if first.once != (name == "once") || first.marks != (name == "marked") {
			t.Errorf("%s: %+v", name, first.shape)
		}
	}
}

// A disk that fails is no reason not to run; one that can't be used at all is, when the engine is opened.
func TestNoDisk(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, Config{Dir: dir})
	h := r.publish(t, counter().build())
	if err := os.WriteFile(r.disk.path(h), nil, 0o600); err != nil { // where the directory should be
		t.Fatal(err)
	}
	want(t, r.do(t, ""), chain.StatusOK, "")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.publish(t, number(1).build())
	want(t, r.do(t, ""), chain.StatusOK, "")
	if _, err := Open(Config{Dir: dir}); err == nil {
		t.Error("a file was taken as a directory")
	}
}

// What is on disk stays within its bound; what was used last stays.
func TestDiskBound(t *testing.T) {
	const most = 256 << 10
	dir := t.TempDir()
	r := newRig(t, Config{Dir: dir, MaxDisk: most})
	var last chain.CodeHash
	for i := range 20 {
		last = r.publish(t, number(i).build())
		want(t, r.do(t, ""), chain.StatusOK, "")
		if n := footprint(r.disk.dir); n > most || i == 19 && n < most/2 {
			t.Errorf("%d bytes on disk", n)
		}
	}
	if !isSound(r.disk.path(last)) {
		t.Error("the last one is gone")
	}
}

// Compiling one more module doesn't look at all that were compiled before, but for the first time, and what was there before counts.
func TestDiskIsMeasuredOnce(t *testing.T) {
	dir := t.TempDir()
	publish := func(r *rig, i int) chain.CodeHash {
		h := r.publish(t, number(i).build())
		want(t, r.do(t, ""), chain.StatusOK, "")
		return h
	}
	before := newRig(t, Config{Dir: dir})
	one := footprint(before.disk.path(publish(before, 0)))
	r := newRig(t, Config{Dir: dir, MaxDisk: one * 9})
	publish(r, 1)
	if got := r.disk.bytes; got < 2*one {
		t.Errorf("%d bytes are known of, and a module of %d was there before one more", got, one)
	}
	unseen := filepath.Join(r.disk.dir, "unseen")
	if err := os.WriteFile(unseen, make([]byte, one*9), 0o600); err != nil {
		t.Fatal(err)
	}
	publish(r, 2)
	if _, err := os.Stat(unseen); err != nil {
		t.Error("all that is on the disk was looked at for one module more")
	}
	for i := range 12 {
		publish(r, 3+i)
	}
	if _, err := os.Stat(unseen); err == nil {
		t.Error("there is too much on the disk, and nothing was removed")
	}
}

// A bug of ours inside of a host function is no outcome: it goes through wazero, and stops the node.
func TestOurFaultPropagates(t *testing.T) {
	both(t, Config{}, func(t *testing.T, r *rig) any {
		r.publish(t, guest{data: topic, handle: host(abi.Write, pageBytes-1, 1, 0, 1)}.build())
		r.storage["t"] = "an entry that StorageBytes knows nothing of"
		defer func() {
			p := recover()
			if f, ok := p.(assert.Failure); !ok || !strings.Contains(f.What, "StorageBytes") {
				t.Errorf("panicked with %v", p)
			}
		}()
		o, err := r.apply(relay("do", "", 1_000_000))
		t.Errorf("%+v, error %v", o, err)
		return nil
	})
	r := newRig(t, Config{})
	r.publish(t, guest{handle: host(abi.Context, 0)}.build())
	defer func() {
		if p, ok := recover().(error); !ok || !strings.Contains(p.Error(), "nil pointer") {
			t.Errorf("panicked with %v", p)
		}
	}()
	r.storage = nil
	c := r.context()
	c.Programs = programs(func(env *exec.Env) error {
		env.Context = nil
		return r.Run(env, r.account.Code, abi.EntryHandle)
	})
	o, err := exec.Apply(c, self, r.account, r.storage, relay("do", "", 1_000_000).Seal())
	t.Errorf("%+v, error %v", o, err)
}

// programs is a Programs of one program.
type programs func(env *exec.Env) error

func (p programs) Handle(env *exec.Env) error { return p(env) }
func (p programs) Program(chain.Address, chain.Account, *chain.Message) (exec.Program, error) {
	return p, nil
}
func (p programs) View(chain.Address, chain.Account) (exec.Program, error)          { return p, nil }
func (p programs) Group(chain.Address, chain.Account, string) (exec.Program, error) { return nil, nil }

// What the compiler refuses or breaks at is interpreted.
func TestFallback(t *testing.T) {
	r := newRig(t, Config{Dir: t.TempDir()})
	r.publish(t, number(3).build())
	first := r.do(t, "")
	r = newRig(t, Config{Dir: t.TempDir()})
	r.compiler = nil // which is a panic as soon as it is used
	r.publish(t, number(3).build())
	if o := r.do(t, ""); !reflect.DeepEqual(o, first) {
		t.Errorf("%+v, compiled %+v", o, first)
	}
	if s := r.Stats(); s.Interpreted != 1 {
		t.Errorf("%+v", s)
	}
}

// The largest publication that is accepted can be paid for by one message (SPEC 2.6, 3.2).
func TestPublicationFits(t *testing.T) {
	m := &chain.Message{Kind: chain.External, Method: chain.MethodPublish, Input: chain.PublishInput{Code: make([]byte, chain.MaxCodeBytes)}.Encode()}
	most := exec.ExternalGas(m) + gas.PublishByte*chain.MaxCodeBytes + gas.PublishComplexity*(module.MaxComplexity+gas.Publish)
	load := exec.ExternalGas(&chain.Message{Kind: chain.External}) + maxLoading + gas.PublishComplexity // see Complexity
	if most > chain.MaxMessageGas || load > chain.MaxMessageGas {
		t.Errorf("it costs %d, or %d, and a message has at most %d", most, load, chain.MaxMessageGas)
	}
}

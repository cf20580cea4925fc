package wasm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/thinkey/thinkey/contracts/build"
	"github.com/thinkey/thinkey/contracts/exec"
	"github.com/thinkey/thinkey/contracts/gas"
	"github.com/thinkey/thinkey/contracts/wasm"
	"github.com/thinkey/thinkey/sdk/chain"
	"github.com/thinkey/thinkey/sdk/guest"
)

// built are the contracts that tests have built, by directory.
var built = struct {
	sync.Mutex
	code map[string][]byte
}{code: map[string][]byte{}}

func buildGo(t testing.TB, dir string) []byte {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.code[dir] == nil {
		code, report, err := build.Go(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if !report.Trimmed {
			t.Fatal("the builder doesn't know the tables of this version of Go: compare runtime.moduledata and runtime._func with gotables.go")
		}
		t.Logf("%s: %d bytes (%d code, %d data), %d pages, %d functions", dir, report.Bytes, report.Code, report.Data, report.Pages, report.Functions)
		built.code[dir] = code
	}
	return built.code[dir]
}

// goVillage is a village with a contract in Go, and an account of carol's that has it.
func goVillage(t testing.TB, dir string) (v *village, at chain.Address) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "contract.wasm")
	if err := os.WriteFile(file, buildGo(t, dir), 0o644); err != nil {
		t.Fatal(err)
	}
	v = newVillageOf(t, file)
	at = chain.MadeAddress(chain.Main, carol, [32]byte{1}, v.code)
	v.accounts[at] = chain.Account{Balance: chain.NewAmount(1e12), Code: v.code}
	return v, at
}

// told is what came of a message of carol's with all gas that there is, but without what it sets off.
func (v *village) told(to chain.Address, method string, input []byte) exec.Outcome {
	v.t.Helper()
	m := v.relay(carol, to, method, input).Clone()
	m.GasLimit = chain.MaxMessageGas
	return v.apply(m.Seal())
}

// number8 is the input of a method that takes a u64.
func number8(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// TestGoStress runs every method of the stress contract, each on a fresh image: what the builder took out of the runtime is
// never needed. What goes wrong ends in a reason, or in a trap.
func TestGoStress(t *testing.T) {
	v, at := goVillage(t, "testdata/stress")
	v.context.TimeMillis = 1_700_000_000_123
	made := v.accounts[at]
	for _, c := range []struct {
		method string
		n      uint64
		fails  string // why; "trap" where nothing but the log says it
		result string
		log    string
	}{
		{"maps", 1000, "", "500 [1 3 5] 3 2", ""},
		{"format", 255, "", "255 ff \"text\" {i [] 0} *main.Stress  1.50", ""},
		{"big", 30, "", "265252859812191058636308480000000", ""},
		{"channels", 20, "", "2470", ""},
		{"select", 10, "", "30", ""},
		{"mutex", 10, "", "110", ""},
		{"collect", 500, "", "2047 255500 101", ""},
		{"deep", 1000, "", "1001", ""},
		{"defers", 20, "", "outer 20[inner 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0]", ""},
		{"errors", 5, "", "true true 5", ""},
		{"storage", 4, "", "key00=0 key02=2 key03=3 4 true true false", ""},
		{"slices", 100, "", "99ABC4050765991979987505", ""},
		{"assert", 7, "", "49own error1", ""},
		{"state", 3, "", "2", ""},
		{"index", 9, "panic: runtime error: index out of range [9] with length 0", "", ""},
		{"nil", 0, "panic: runtime error: invalid memory address or nil pointer dereference", "", ""},
		{"divide", 0, "panic: runtime error: integer divide by zero", "", ""},
		{"type", 1, "panic: interface conversion: interface {} is uint64, not string", "", ""},
		{"panic", 0, "panic: own panic", "", ""},
		{"panicerror", 0, "panic: own error", "", ""},
		{"refuse", 5, "not 5", "", ""},
		{"overflow", 0, "amount 340282366920938463463374607431768211455 + 1 exceeds 2^128-1", "", ""},
		{"nilmap", 0, "panic: assignment to entry in nil map", "", ""},
		{"closed", 0, "panic: close of closed channel", "", ""},
		{"makeslice", 1, "panic: runtime error: makeslice: len out of range", "", ""},
		{"memory", 5, "", "5", ""},
		{"memory", 40, "trap", "", "out of memory"},
		{"endless", 0, "trap", "", ""},
		{"deadlock", 0, "trap", "", "all goroutines are asleep"},
		{"gopanic", 0, "trap", "", "panic: elsewhere"},
		{"now", 0, "", "1700000000123", ""},
		{"sleep", 1e9, "trap", "", ""},
		{"fatal", 0, "trap", "", "unlock of unlocked mutex"},
	} {
		t.Run(c.method, func(t *testing.T) {
			v.accounts[at], v.storage[at] = made, nil
			o := v.told(at, c.method, number8(c.n))
			fails := o.Reason
			if o.Status == chain.StatusTrap && c.fails == "trap" {
				fails = "trap"
			}
			log := string(bytes.Join(o.Logs(), nil))
			if fails != c.fails || (o.Status == chain.StatusOK) != (c.fails == "") {
				t.Errorf("%s: %q, want %q; log %q", o.Status, fails, c.fails, log)
			}
			result := ""
			if state := v.storage[at]["\x00"]; len(state) > 4 {
				result = string(state[4 : 4+binary.BigEndian.Uint32(state)])
			}
			if result != c.result {
				t.Errorf("result %q, want %q", result, c.result)
			}
			if !strings.Contains(log, c.log) {
				t.Errorf("log %q, want %q in it", log, c.log)
			}
		})
	}
}

// TestGoCounter takes the sample through what contracts do, on the chain's side of the ABI.
func TestGoCounter(t *testing.T) {
	v, at := goVillage(t, "testdata/counter")
	state := func() uint64 { return binary.BigEndian.Uint64(v.storage[at]["\x00"][chain.AddressSize:]) }
	delete(v.accounts, at)
	worked(t, v.deploy(carol, [32]byte{1}, number8(5)))
	for _, c := range []struct {
		method string
		input  []byte
		fails  string
		value  uint64
	}{
		{"increase", number8(7), "", 12},
		{"increase", number8(101), "increase by 101: at most 100", 12},
		{"increase", []byte{1}, "by ends too early (at byte 0)", 12},
		{"increase", make([]byte, 9), "input has bytes behind its end (at byte 8)", 12},
		{"get", nil, "no method get; there are increase forward fail", 12},
		{"fail", nil, "panic: runtime error: index out of range [12] with length 0", 12},
		{chain.MethodBounce, chain.BounceInput{Method: "m", Status: chain.StatusTrap, Reason: "why"}.Encode(), "", 11},
		{chain.MethodBounce, nil, "message ends too early (at byte 0)", 11},
	} {
		if o := v.told(at, c.method, c.input); o.Reason != c.fails || state() != c.value {
			t.Errorf("%s: %q, value %d; want %q, %d", c.method, o.Reason, state(), c.fails, c.value)
		}
	}
	if got := v.ask(at, "get"); !bytes.Equal(got, number8(11)) {
		t.Errorf("value %x", got)
	}
	v.events = nil
	o := v.told(at, "increase", number8(1))
	v.saw(chain.ContractEvent{Topic: "changed", Body: join(carol[:], number8(12))})
	t.Logf("an increase takes %d gas", o.GasUsed)
	to := chain.MadeAddress(chain.Main, issuer, [32]byte{1}, v.code)
	o = v.told(at, "forward", join(to[:], number8(3)))
	if want := []chain.Sent{{To: to, Method: "increase", GasLimit: 150_000, Input: number8(3)}}; fmt.Sprint(o.Sent) != fmt.Sprint(want) {
		t.Errorf("sent %+v, want %+v", o.Sent, want)
	}
}

// TestGoTouched measures which parts of its memory one handling of a small contract writes to: what an engine restores.
func TestGoTouched(t *testing.T) {
	for method, input := range map[string]string{"increase": string(number8(1)), "fail": ""} {
		pages, used := wasm.Touched(t, buildGo(t, "testdata/counter"), string(number8(5)), method, input)
		t.Logf("%s: %d gas; pages %v of 64 KiB are touched", method, used, pages)
		if len(pages) == 0 || len(pages) > 8 || used > 70_000 {
			t.Errorf("%s touches %d pages of 64 KiB and takes %d gas; 6 and 47,000 were enough once", method, len(pages), used)
		}
	}
}

// TestGoBounce: a message to a counter that isn't there bounces, and the hook counts down.
func TestGoBounce(t *testing.T) {
	v, at := goVillage(t, "testdata/counter")
	lost := chain.MadeAddress(chain.Main, issuer, [32]byte{1}, v.code)
	worked(t, v.told(at, "increase", number8(5)))
	m := v.relay(carol, at, "forward", join(lost[:], number8(3)))
	sent := v.apply(m)
	worked(t, sent)
	failed := relays(m, sent)[0]
	back := relays(failed, v.apply(failed))[0]
	hook := v.apply(back)
	worked(t, hook)
	t.Logf("a hook for bounces takes %d gas of %d", hook.GasUsed, back.GasLimit)
	if got := v.ask(at, "get"); !bytes.Equal(got, number8(4)) {
		t.Errorf("value %x after a bounce", got)
	}
}

// AddGas is the chain's price of an add, which pays for itself anywhere.
func TestAddGas(t *testing.T) {
	if guest.AddGas != gas.Add {
		t.Errorf("the SDK sends %d with an add, which takes %d", guest.AddGas, gas.Add)
	}
}

package conform

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// play runs one script on one engine in one form.
type play struct {
	script  *script
	form    form
	host    *host
	binary  func(c command) ([]byte, error) // in this form; an error says why the module is skipped
	modules map[string]api.Module
	last    api.Module
	absent  map[string]bool // modules that are skipped, by name
	lost    bool            // the last one is
	tally   tally
	fail    func(c command, format string, args ...any)
}

// tally counts what was done.
type tally struct {
	modules, skippedModules int
	asserts, skippedAsserts int
	calls, traps, exhausted int
}

func (t *tally) add(u tally) {
	t.modules += u.modules
	t.skippedModules += u.skippedModules
	t.asserts += u.asserts
	t.skippedAsserts += u.skippedAsserts
	t.calls += u.calls
	t.traps += u.traps
	t.exhausted += u.exhausted
}

// suiteGas is the budget of each call: no call of the suite that ends needs more.
const suiteGas = 20_000_000_000

// perform does every command of the script.
func (p *play) perform(t testing.TB) {
	p.modules, p.absent = map[string]api.Module{}, map[string]bool{}
	p.prepare(t)
	for i, c := range p.script.Commands {
		p.host.left, p.host.slice = suiteGas, 1_000_000
		switch c.Type {
		case "module":
			as := ""
			if i+1 < len(p.script.Commands) && p.script.Commands[i+1].Type == "register" {
				as = p.script.Commands[i+1].As
			}
			p.load(c, as)
		case "register": // done with the module before it
		case "action", "assert_return", "assert_trap", "assert_exhaustion":
			p.act(c)
		case "assert_unlinkable", "assert_uninstantiable":
			p.refuse(c)
		case "assert_invalid", "assert_malformed": // the same in every form: TestRefusals
		default:
			p.fail(c, "a command that the runner doesn't know")
		}
	}
}

// prepare instantiates the module "spectest" that scripts import.
func (p *play) prepare(t testing.TB) {
	code, err := os.ReadFile(filepath.Join(p.script.dir, "..", "..", "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.instantiate(code, "spectest"); err != nil {
		t.Fatal(err)
	}
}

// instantiate runs a module up to its first call. A panic of wazero is an error that no script wants.
func (p *play) instantiate(code []byte, as string) (m api.Module, err error) {
	defer func() {
		if e := recover(); e != nil {
			m, err = nil, fmt.Errorf("panic: %v", e)
		}
	}()
	config := wazero.NewModuleConfig().WithName(as).WithStartFunctions()
	return p.host.runtime.InstantiateWithConfig(context.Background(), code, config)
}

// load instantiates a module that must be accepted.
func (p *play) load(c command, as string) {
	code, err := p.binary(c)
	var m api.Module
	if err == nil {
		m, err = p.instantiate(code, as)
		if err != nil && !p.importsAbsent(err) {
			p.fail(c, "a module that must run is not instantiated: %v", err)
		}
	}
	if err != nil {
		p.lost = true
		p.absent[c.Name], p.absent["module["+as+"]"] = true, true
		p.tally.skippedModules++
		return
	}
	p.tally.modules++
	p.lost, p.last = false, m
	if c.Name != "" {
		p.modules[c.Name] = m
	}
}

// importsAbsent says whether a module is not instantiated because it imports one that is skipped.
func (p *play) importsAbsent(err error) bool {
	name, ok := strings.CutSuffix(err.Error(), " not instantiated")
	return ok && p.absent[name]
}

// refuse instantiates a valid module whose instantiation must fail.
func (p *play) refuse(c command) {
	code, err := p.binary(c)
	if err != nil {
		if beforehand(c, err) {
			p.tally.asserts++
		} else {
			p.tally.skippedAsserts++
		}
		return
	}
	p.tally.asserts++
	m, err := p.instantiate(code, "")
	switch {
	// wazero instantiates a module whose active element segment doesn't fit and leaves the elements out, because an
	// earlier segment may have put functions of it into a table that others see. The instrumented one must do the same.
	case c.Type == "assert_uninstantiable" && c.Text == "out of bounds table access":
		if err != nil {
			p.fail(c, "instantiated as published, but not now: %v", err)
		}
	case err == nil:
		_ = m.Close(context.Background())
		p.fail(c, "is instantiated; want %q", c.Text)
	}
}

// beforehand says whether Check found already why a module can't be instantiated: that a segment reaches beyond the table
// that the module itself defines.
func beforehand(c command, err error) bool {
	return (c.Text == "elements segment does not fit" || c.Text == "out of bounds table access") &&
		strings.Contains(err.Error(), "element segment") && strings.Contains(err.Error(), "reaches element")
}

// act calls a function or reads a global, and compares.
func (p *play) act(c command) {
	m, gone := p.last, p.lost
	if c.Action.Module != "" {
		m, gone = p.modules[c.Action.Module], p.absent[c.Action.Module]
	}
	if gone {
		p.tally.skippedAsserts++
		return
	}
	p.tally.asserts++
	if m == nil {
		p.fail(c, "there is no module %q", c.Action.Module)
		return
	}
	switch c.Action.Type {
	case "invoke":
		p.invoke(c, m)
	case "get":
		p.compare(c, []uint64{m.ExportedGlobal(c.Action.Field).Get()})
	default:
		p.fail(c, "an action %q that the runner doesn't know", c.Action.Type)
	}
}

func (p *play) invoke(c command, m api.Module) {
	args := make([]uint64, len(c.Action.Args))
	for i, a := range c.Action.Args {
		var ok bool
		if args[i], ok = a.bits(); !ok {
			p.fail(c, "argument %v is not a number", a)
			return
		}
	}
	f := m.ExportedFunction(c.Action.Field)
	if f == nil {
		p.fail(c, "function %q is not exported", c.Action.Field)
		return
	}
	p.host.ready(m)
	results, err := f.Call(context.Background(), args...)
	p.tally.calls++
	got := p.host.trapOf(m, err)
	switch c.Type {
	case "assert_trap":
		p.tally.traps++
		if want := suiteTrap(c.Text); got != want {
			p.fail(c, "traps with %q; want %q (%s)", got, want, c.Text)
		}
	case "assert_exhaustion":
		p.tally.exhausted++
		if got != trapStack {
			p.fail(c, "ends with %q; want %q", got, trapStack)
		}
	default:
		if got != "" {
			p.fail(c, "traps with %q", got)
			return
		}
		p.compare(c, results)
	}
}

// suiteTrap is the trap for a text of the suite.
func suiteTrap(text string) trap {
	switch text {
	case "undefined element", "undefined", "out of bounds table access":
		return trapTable
	case "indirect call":
		return trapType
	}
	if strings.HasPrefix(text, "uninitialized") {
		return trapTable
	}
	return trap(text)
}

// compare holds results against those of the script, bit by bit.
func (p *play) compare(c command, results []uint64) {
	if c.Type == "action" {
		return
	}
	if len(results) != len(c.Expected) {
		p.fail(c, "%d results; want %d", len(results), len(c.Expected))
		return
	}
	for i, want := range c.Expected {
		if !p.same(want, results[i]) {
			p.fail(c, "result %d of %s%v is %#x; want %v", i, c.Action.Field, c.Action.Args, results[i], want)
		}
	}
}

// same says whether a result is as the script wants it. Where the suite leaves a choice of NaN we have none: arithmetic of
// the instrumented module makes the positive canonical one.
func (p *play) same(want scalar, got uint64) bool {
	if v, ok := want.bits(); ok {
		if want.Type == "i32" || want.Type == "f32" {
			return uint32(v) == uint32(got)
		}
		return v == got
	}
	pattern := fmt.Sprint(want.Type, " ", want.Value)
	if p.form.metered {
		switch pattern {
		case "f32 nan:canonical", "f32 nan:arithmetic":
			return uint32(got) == canonical32
		case "f64 nan:canonical", "f64 nan:arithmetic":
			return got == canonical64
		}
		return false
	}
	switch pattern {
	case "f32 nan:canonical":
		return uint32(got)&math.MaxInt32 == canonical32
	case "f32 nan:arithmetic":
		return uint32(got)&canonical32 == canonical32
	case "f64 nan:canonical":
		return got&math.MaxInt64 == canonical64
	case "f64 nan:arithmetic":
		return got&canonical64 == canonical64
	}
	return false
}

// The NaNs that arithmetic may make.
const (
	canonical32 = 0x7fc0_0000
	canonical64 = 0x7ff8_0000_0000_0000
)

//go:build linux

package wasm

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/thinkey/thinkey/contracts/wasm/meter"
	"github.com/thinkey/thinkey/contracts/wasm/module"
)

// made is meter.Version, and a sum over what is made of modules with every instruction, and over all prices.
const made = "4 18a1559505bcc120563e2fd5f6425a9265bbd549e202ec78022e95d626a9c0da"

// An instrumented module on disk is run as long as meter's version is the one that it was made with. So that changes with
// whatever changes what is made of a module.
func TestMeterVersion(t *testing.T) {
	all := sha256.New()
	for o := module.Opcode(0); o < 0xfd00; o++ {
		if tenths, ok := meter.PriceOf(o); ok {
			fmt.Fprintln(all, uint32(o), tenths)
		}
	}
	for _, p := range probes() {
		var body asm
		for range 20 { // more floats than are made canonical by branches
			body = append(body, p.piece...)
		}
		for _, pages := range []uint32{1, 5} { // of the larger one the stores are marked
			g := p.guest
			g.pages, g.handle = pages, text(prelude, p.setup, body)
			instrumented, err := Instrument(g.build())
			if err != nil {
				t.Fatal(p.name, err)
			}
			all.Write(instrumented)
		}
	}
	if got := fmt.Sprintf("%d %x", meter.Version, all.Sum(nil)); got != made {
		t.Errorf("what is made of modules was %s, and is %s: it needs a version of its own, unless what differs is the modules", made, got)
	}
}
